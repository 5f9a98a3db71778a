"""One difference between two policy sets, and how what stood there before and after is set side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from service.policy.condition import Place

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that means something else, or is only in one of the sets."""

    kind: str  #: `added`, `removed` or `changed`
    part: str  #: `track`, `version`, `level`, `requirement`, `fact`, `derived`, `table`, …
    of: str  #: `people-lead/2026-01-01 team-lead`, or the name of a fact or a table
    sentence: str  #: without capital and full stop
    place: Place | None = None  #: in the new set; of what is gone, in the old one
    name: str = ""  #: of the requirement
    also: tuple[str, ...] = ()  #: further levels in which the same changed

    def told(self) -> dict[str, Any]:
        """As JSON; where it stands is for those to say who know the folders."""
        return {
            "kind": self.kind,
            "part": self.part,
            "of": [self.of, *self.also],
            "name": self.name or None,
            "sentence": self.sentence,
        }


def moved(what: str, old: str, new: str) -> str:
    """`grade: 6, was 5`; where one side is empty, that it is new or gone."""
    if not old:
        return f"{what}: {new} (new)"
    if not new:
        return f"{what}: none, was {old}"
    return f"{what}: {new}, was {old}"
