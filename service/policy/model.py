"""What HR has written, once read and checked: tracks, levels, requirements, and the policy set that holds
them.

Conditions are in `policy.condition`. Everything is frozen; `policy.load` builds it and `policy.meaning` names
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from service.errors import Problem
from service.facts.calendar import Duration
from service.facts.vocabulary import Vocabulary
from service.policy.condition import Condition, Derived, Place

TrackKind = Literal["craft", "people"]
RequirementKind = Literal["required", "advisory"]
Used = Literal["old", "new", "more_favourable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Who may lift a requirement for one person, and for how long at most."""

    by: tuple[str, ...]
    at_most: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing that a level asks."""

    id: str
    text: str
    condition: Condition
    place: Place
    kind: RequirementKind = "required"
    about: tuple[str, ...] = ()
    why: str = ""
    source: str = ""
    to_meet: str = ""
    applies_when: Condition | None = None  #: outside it the finding is `not_applicable`
    unless: Condition | None = None  #: an exception that lifts the requirement
    waiver: Waiver | None = None
    review_by: date | None = None  #: the day by which HR wants to have looked at it again


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Something owed after the promotion (`afterwards`); shown and recorded, never deciding."""

    id: str
    text: str
    within: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """A pay band: amounts in whole units of a currency (ISO 4217), a year."""

    low: Any
    high: Any
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """How one returns from a people level: to which level, and for how many months it stays open."""

    to: str
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A rung of a track. `enter_from` holds `track/level` places, the level below included; None: anyone may
    come."""

    track: str
    level: str
    title: str
    grade: int
    place: Place
    enter_from: tuple[str, ...] | None
    requires: tuple[Requirement, ...]  #: `route` first, then as the file has them
    pay: Pay | None = None
    way_back: WayBack | None = None
    mastery: bool = False  #: an end in itself
    afterwards: tuple[Duty, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.track}/{self.level}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A version was published and taken back before its first day; it never judges anything."""

    on: date
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grandfathering:
    """Which version judges a request that was submitted before `submitted_before`, under an older version,
    and takes effect under this one."""

    submitted_before: date
    honour_until: date | None  #: the last day on which it may take effect; None with `use: new`
    use: Used


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackVersion:
    """One version of one track, in force from `start` up to, not including, `end`."""

    track: str
    title: str
    kind: TrackKind
    start: date
    end: date | None
    levels: tuple[Level, ...]  #: lowest first
    place: Place
    source: str = ""
    grandfathering: Grandfathering | None = None
    withdrawn: Withdrawal | None = None

    @property
    def name(self) -> str:
        return f"{self.track}/{self.start.isoformat()}"

    def holds_on(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)

    def level(self, name: str) -> Level | None:
        return next((level for level in self.levels if level.level == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresPeriod:
    """What a table or figure says in one period, and where that comes from."""

    start: date | None  #: None: at all times
    end: date | None  #: the first day on which it no longer holds
    source: str
    review_by: date | None
    place: Place
    bands: bool
    said: tuple[tuple[str, str], ...]  #: key and value in words; of a figure, one pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A table or a figure of the vocabulary as people know it; conditions hold the values themselves."""

    name: str
    kind: str  #: `table` or `figure`
    label: str
    place: Place
    periods: tuple[FiguresPeriod, ...]  #: earliest first


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """Everything in the policy folder, checked together."""

    vocabulary: Vocabulary
    derived: Mapping[str, Derived]
    tracks: Mapping[str, tuple[TrackVersion, ...]]  #: versions of a track, earliest first; craft tracks first
    digest: str  #: `sha256:…` of the meaning
    files_digest: str  #: `sha256:…` of the files' text, comments and titles included
    warnings: tuple[Problem, ...] = field(default=())
    figures: Mapping[str, Figures] = field(default_factory=dict)  #: tables and figures by name
    withdrawn: tuple[TrackVersion, ...] = ()  #: versions that were taken back before they began

    def version(self, track: str, day: date) -> TrackVersion | None:
        """The version of a track that is in force on a day."""
        return next((version for version in self.tracks.get(track, ()) if version.holds_on(day)), None)
