"""Coverage: policies and judged cases in; what the tests have not yet seen, out.

To be seen: every requirement met, unmet and unknown, and every branch of a group deciding its group (alone
failing an `all_of`, alone meeting an `any_of`, …). What can never come out is not counted: a fact that is
never unknown leaves nothing to test there, and what is asked for other grades nothing at this one. Groups
inside `where` and `has` are about entries, not about the person, and are not counted either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from service.engine.evaluate import Judgement
from service.engine.reference import truth
from service.policy.condition import (
    Average,
    Condition,
    Count,
    Derived,
    DerivedField,
    Extreme,
    Group,
    Place,
    Sum,
    TimeIn,
)
from service.policy.mentions import conditions_of
from service.policy.model import Level, PolicySet, TrackVersion
from service.policy.trees import Node, parts_of
from service.simulate.possible import can_decide, deciding, is_asked, possible_results
from service.verdict.text import condition_text

CALCULATED = "calculated facts"
RESULTS = ("met", "unmet", "unknown")


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a test should have seen."""

    level: (
        str  #: `people-lead/team-lead`, with its version where the track has several; or `calculated facts`
    )
    of: str  #: the id of a requirement, or the name of a calculated fact
    result: str  #: `met`, `unmet`, `unknown`; empty for a branch
    branch: Condition | None
    number: int  #: of the branch in its group, from 1
    place: Place | None

    @property
    def text(self) -> str:
        """What has to be seen, in words."""
        if self.branch is None:
            return f"`{self.of}` {self.result}"
        return f"`{self.of}` decided by branch {self.number}: {condition_text(self.branch)}"


@dataclass(slots=True)
class _Watch:
    """What is looked at when a level was judged."""

    results: list[dict[str, int]] = field(default_factory=list)  #: by requirement: result → point
    groups: list[tuple[Group, tuple[int | None, ...]]] = field(default_factory=list)  #: point by branch


class Coverage:
    """What a policy set leaves to be seen; `look` tells it of one judged case after the other."""

    def __init__(self, policies: PolicySet) -> None:
        self.points: list[Point] = []
        self._asked: dict[int, tuple[str, str, str]] = {}  # what the point of a result is about
        self.seen: set[int] = set()
        self._watches: dict[int, _Watch] = {}
        self._calculated: dict[int, tuple[int | None, ...]] = {}
        for versions in policies.tracks.values():
            for version in versions:
                for level in version.levels:
                    title = _title(level, version, versions)
                    self._watches[id(level)] = self._watch(title, version, level, policies)

    def look(self, judgement: Judgement) -> None:
        """Remember what one judged case has shown."""
        watch = self._watches[id(judgement.level)]
        for points, (_, result) in zip(watch.results, judgement.results, strict=True):
            if result in points:
                self.seen.add(points[result])
        for group, branches in watch.groups:
            letters = [truth(part, judgement.scope)[0] for part in group.of]
            for number in deciding(group, letters):
                point = branches[number]
                if point is not None:
                    self.seen.add(point)

    def missing(self, level: str | None = None) -> list[Point]:
        """What was not seen, in policy order."""
        return [
            point
            for number, point in enumerate(self.points)
            if number not in self.seen and level in (None, point.level)
        ]

    def unseen(self) -> dict[tuple[str, str, str], tuple[str, ...]]:
        """Which of `met` and `unmet` was not seen, by the name of a version, the level in it and the
        requirement."""
        found: dict[tuple[str, str, str], tuple[str, ...]] = {}
        for number, asked in self._asked.items():
            result = self.points[number].result
            if number not in self.seen and result != "unknown":
                found[asked] = (*found.get(asked, ()), result)
        return found

    def by_level(self) -> dict[str, tuple[int, int]]:
        """How much was seen, and of how much, for each level; calculated facts come last."""
        counts: dict[str, tuple[int, int]] = {}
        for number, point in enumerate(self.points):
            seen, of = counts.get(point.level, (0, 0))
            counts[point.level] = seen + (number in self.seen), of + 1
        if CALCULATED in counts:
            counts[CALCULATED] = counts.pop(CALCULATED)
        return counts

    @property
    def total(self) -> tuple[int, int]:
        return len(self.seen), len(self.points)

    def _watch(self, title: str, version: TrackVersion, level: Level, policies: PolicySet) -> _Watch:
        watch = _Watch()
        for requirement in level.requires:
            possible = possible_results(requirement, level, policies.vocabulary)
            places = {}
            for result in RESULTS:
                if result in possible:
                    number = self._add(Point(title, requirement.id, result, None, 0, requirement.place))
                    places[result] = number
                    self._asked[number] = version.name, level.level, requirement.id
            watch.results.append(places)
            if not is_asked(requirement, level, policies.vocabulary):
                continue
            for condition in conditions_of(requirement):
                for owner, group in groups_of(condition, requirement.id):
                    if not any(group is known for known, _ in watch.groups):
                        points = self._points_of(group, owner, title, requirement.id, level, policies)
                        watch.groups.append((group, points))
        return watch

    def _points_of(
        self, group: Group, owner: str, title: str, requirement: str, level: Level, policies: PolicySet
    ) -> tuple[int | None, ...]:
        """The points of the branches of a group; those of a calculated fact are the same for every level."""
        if owner == requirement:
            return tuple(self._branches(title, owner, group, level, policies))
        points = self._calculated.get(id(group))
        if points is None:
            points = tuple(self._branches(CALCULATED, owner, group, level, policies))
            self._calculated[id(group)] = points
        return points

    def _branches(
        self, title: str, of: str, group: Group, level: Level, policies: PolicySet
    ) -> Iterator[int | None]:
        for number, part in enumerate(group.of):
            can = can_decide(group, number, level, policies.vocabulary)
            yield self._add(Point(title, of, "", part, number + 1, group.place)) if can else None

    def _add(self, point: Point) -> int:
        self.points.append(point)
        return len(self.points) - 1


def _title(level: Level, version: TrackVersion, versions: Sequence[TrackVersion]) -> str:
    return level.name if len(versions) == 1 else f"{level.name} ({version.start})"


def groups_of(node: Node, owner: str) -> Iterator[tuple[str, Group]]:
    """The groups that are judged once for a person, each with what it belongs to: `owner`, or the name of the
    calculated fact it stands in."""
    match node:
        case Group(of=of):
            yield owner, node
            for branch in of:
                yield from groups_of(branch, owner)
        case Derived(name=name, of=inner):
            yield from groups_of(inner, name)
        case Count() | Sum() | TimeIn() | Extreme() | Average():
            yield from groups_of(node.entries.of, owner)
        case DerivedField():
            return
        case _:
            for part in parts_of(node):
                yield from groups_of(part, owner)
