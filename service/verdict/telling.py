"""Telling: one judgement while it is explained; what was worked out for one requirement serves the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from service.engine.scope import Scope, pointer_of
from service.facts.types import NOTHING

Json = dict[str, Any]


@dataclass(slots=True)
class Telling:
    """What is told about the candidate, and what was said of it already."""

    scope: Scope
    told: dict[int, Json] = field(default_factory=dict)  #: nodes of `because`, by the number of their ground
    _happened: dict[str, list[str]] = field(default_factory=dict)

    def happened(self, records: str, dated_by: str | None) -> list[str]:
        """Pointers of the entries of a fact that are not dated after `as_of`; none where it is not known."""
        pointers = self._happened.get(records)
        if pointers is None:
            base, as_of = pointer_of(records), self.scope.as_of
            pointers = self._happened[records] = [
                f"{base}/{index}"
                for index, entry in enumerate(self.entries(records))
                if dated_by is None or not _lies_ahead(entry[dated_by], as_of)
            ]
        return pointers

    def entries(self, records: str) -> Sequence[Any]:
        """The entries of a fact; none where it is not known."""
        held = self.scope.facts.get(records)
        return held if isinstance(held, tuple) else ()


def _lies_ahead(day: Any, as_of: date) -> bool:
    """Whether something with such a date has not happened yet; without a date nobody can say."""
    return day is not None and day is not NOTHING and bool(day > as_of)
