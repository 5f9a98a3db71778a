"""A remedy: one change to what is told, and what a policy asks of the thing that changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from service.facts.types import Fact, FactType

How = Literal["set", "add", "edit", "wait"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a policy asks of one fact or field: an operator with its values."""

    name: str
    label: str
    type: FactType
    op: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One change. `value` is the whole new value of the fact; the rest says what is new in it."""

    fact: str
    how: How
    value: Any
    key: tuple[str, ...]  #: two remedies with the same key change the same thing
    label: str
    entry: Any = None  #: `add`: the entry; `edit`: the new value of the field
    times: int = 1  #: `add`: how many; `edit`: in how many entries
    repeated: bool = False  #: `add`: asked for once more, on top of what was added before
    apart: tuple[
        tuple[str, str], ...
    ] = ()  #: `add`: name and label of the fields in which each entry differs
    changed: Fact | None = None  #: `edit`: the field
    asked: tuple[Asked, ...] = ()  #: what the policy asks of the fact, of the field, or of each entry added
