"""The ladders of one day: versions of all tracks in; those in force together, and who can come into a
level, out.

Knows nothing of promises and advice, which are about these ladders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from service.facts.types import NOTHING
from service.policy.goals import deciding
from service.policy.mentions import Mentions, conditions_of
from service.policy.model import Level, Requirement, TrackKind, TrackVersion
from service.policy.natures import UNTOLD
from service.policy.reader import opening
from service.policy.source import ListNode, MapNode, Node, Span
from service.policy.tracks import LevelDraft, TrackDraft

FROM = ("from.track", "from.level", "from.place", "from.on_ladder", "from.grade")


@dataclass(frozen=True)
class Ladders:
    """The versions that are in force on a day."""

    day: date
    versions: tuple[TrackVersion, ...]

    def levels(self, kind: TrackKind) -> Iterator[Level]:
        """The levels of all tracks of a kind."""
        return (level for version in self.versions if version.kind == kind for level in version.levels)

    def level(self, name: str) -> Level | None:
        """The level of a place, `track/level`."""
        return self._levels.get(name)

    def version_of(self, level: Level) -> TrackVersion:
        return self._versions[level.track]

    @cached_property
    def _levels(self) -> Mapping[str, Level]:
        return {each.name: each for version in self.versions for each in version.levels}

    @cached_property
    def _versions(self) -> Mapping[str, TrackVersion]:
        return {version.track: version for version in self.versions}

    def come_from(self, level: Level) -> Iterator[Level | None]:
        """Where people can stand who come into a level; None: on no ladder."""
        if level.enter_from is None:
            yield from (each for version in self.versions for each in version.levels if each is not level)
        if not level.enter_from:
            yield None
        for name in level.enter_from or ():
            standing = self.level(name)
            if standing is not None:
                yield standing

    def beginnings(self, level: Level, mentions: Mentions) -> list[dict[str, Any]]:
        """What is always there for those who come into a level, each only once as far as it can matter."""
        conditions = (each for requirement in deciding(level) for each in conditions_of(requirement))
        matter = frozenset().union(*map(mentions.of, conditions)) & frozenset(FROM)
        found = [always(level, standing) for standing in self.come_from(level)]
        if level.enter_from is None:
            found.append({**_target(level), **dict.fromkeys(FROM, UNTOLD)})
        return list({tuple(map(str, map(each.get, sorted(matter)))): each for each in found}.values())


def always(level: Level, standing: Level | None) -> dict[str, Any]:
    """What is always there for somebody who comes from one level into another."""
    if standing is None:
        return {**_target(level), **dict.fromkeys(FROM, NOTHING), "from.on_ladder": False}
    told = (standing.track, standing.level, standing.name, True, standing.grade)
    return {**_target(level), **dict(zip(FROM, told, strict=True))}


def _target(level: Level) -> dict[str, Any]:
    return {"to.track": level.track, "to.level": level.level, "to.place": level.name, "to.grade": level.grade}


def days_of_change(tracks: Mapping[str, Iterable[TrackVersion]]) -> list[Ladders]:
    """The ladders of each day on which a version begins or ends, earliest first."""
    versions = [version for each in tracks.values() for version in each]
    days = {version.start for version in versions} | {version.end for version in versions if version.end}
    return [
        Ladders(day, tuple(version for version in versions if version.holds_on(day))) for day in sorted(days)
    ]


class Places:
    """Where levels and requirements are written, to point at them."""

    def __init__(self, drafts: Mapping[str, Iterable[TrackDraft]]) -> None:
        self._drafts = {(draft.track, draft.start): draft for each in drafts.values() for draft in each}

    def of_version(self, version: TrackVersion, name: str) -> Node:
        """The value of one of the lines of a version."""
        node = self._drafts[version.track, version.start].lines.node
        return node.entries[name].value if name in node.entries else node

    def of_level(self, version: TrackVersion, level: Level, name: str = "level") -> Node:
        """The value of one of the lines of a level; its name where it has no such line."""
        entries = self._draft(version, level).lines.node.entries
        return entries[name if name in entries else "level"].value

    def of_requirement(self, version: TrackVersion, requirement: Requirement) -> Node | Span:
        """The id, or the shared requirement, by which a requirement is written."""
        place = requirement.place
        for item in self._written(version):
            at = opening(item)
            if (at.line, at.column) == (place.line, place.column) and isinstance(item, MapNode):
                return next(item.entries[name].value for name in ("id", "use") if name in item.entries)
        return Span(place.file, place.line, place.column)

    def _written(self, version: TrackVersion) -> Iterator[Node]:
        """Every requirement that a version writes, at every level or at one."""
        draft = self._drafts[version.track, version.start]
        for lines, name in (
            (draft.lines, "at_every_level"),
            *((each.lines, "requires") for each in draft.levels),
        ):
            node = lines.node.entries[name].value if name in lines.node.entries else None
            yield from node.items if isinstance(node, ListNode) else ()

    def _draft(self, version: TrackVersion, level: Level) -> LevelDraft:
        drafts = self._drafts[version.track, version.start].levels
        return next(draft for draft in drafts if draft.level == level.level)
