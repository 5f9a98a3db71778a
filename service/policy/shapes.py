"""What a condition can come down to: an answer, a test of one amount, or other conditions to ask instead.

Made by `policy.natures`, searched by `policy.logic`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from service.facts.types import FactType
from service.policy.condition import Comparison, Condition, Constant, Expression
from service.policy.possible import Nature, Test


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry at hand of which nothing is known but which records it belongs to."""

    records: str
    type: FactType


Frame = tuple[Constant | Entry | None, ...]  #: the entries at hand, by slot


class Atom(NamedTuple):
    """A test of one amount; `key` tells amounts apart."""

    key: Any
    nature: Nature
    test: Test
    amount: Expression
    frame: Frame


class Tally(NamedTuple):
    """So many of some conditions are met; `denied` turns the answer round."""

    needed: int
    parts: tuple[tuple[Condition, Frame], ...]
    denied: bool = False


class Chosen(NamedTuple):
    """A comparison for each branch of a `choose`, with the condition that leads to it; the last one has
    none."""

    branches: tuple[tuple[Condition | None, Comparison], ...]
    frame: Frame


class Unclear(NamedTuple):
    """A comparison of two amounts that are not settled: it may give any answer, always the same one."""

    key: Any


Shape = str | Atom | Tally | Chosen | Unclear


def at_hand(frame: Frame, slot: int, entry: Constant | Entry) -> Frame:
    """The frame with one more entry."""
    padded = (*frame[:slot], *[None] * (slot - len(frame)))
    return (*padded, entry)
