"""Promises about how the ladders stand beside each other: the ladders of a day in; what breaks a promise,
and where, out.

Height, pay, the way back, mastery, and that nobody has to lead in order to rise. What the conditions of a
level ask is left to `policy.charter_proofs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from service.facts.calendar import spoken
from service.policy.charter import AS_HIGH, EQUAL_PAY, MASTERY, WAY_BACK
from service.policy.in_force import Ladders, Places
from service.policy.model import Level, Pay, TrackVersion
from service.policy.reader import listed, quoted
from service.policy.source import Node, Span


class Breach(NamedTuple):
    """What breaks a promise, and what to do."""

    sentence: str
    where: Node | Span
    what: str
    remedy: str


Next = Callable[[TrackVersion], TrackVersion | None]  #: the version that follows without a day between


def breaches(ladders: Ladders, places: Places, following: Next) -> Iterator[Breach]:
    """Every breach of a promise about the ladders of one day."""
    yield from _height(ladders, places)
    yield from _pay(ladders, places)
    yield from _way_back(ladders, places)
    yield from _mastery(ladders, places, following)


def _height(ladders: Ladders, places: Places) -> Iterator[Breach]:
    highest = max(ladders.levels("people"), key=lambda level: level.grade, default=None)
    for version in ladders.versions if highest is not None else ():
        top = max(version.levels, key=lambda level: level.grade)
        if highest is not None and version.kind == "craft" and top.grade < highest.grade:
            what = (
                f"{quoted(version.track)} ends at grade {top.grade}, but {quoted(highest.track)} "
                f"reaches grade {highest.grade}"
            )
            remedy = f"add a level of grade {highest.grade} or above to {quoted(version.track)}"
            yield Breach(AS_HIGH, places.of_level(version, top, "grade"), what, remedy)


def _pay(ladders: Ladders, places: Places) -> Iterator[Breach]:
    for craft in ladders.levels("craft"):
        beside = [level for level in ladders.levels("people") if level.grade == craft.grade]
        for people in beside:
            found = _worse_paid(craft, people)
            if found is not None:
                level, what, remedy = found
                where = places.of_level(ladders.version_of(level), level, "pay")
                yield Breach(EQUAL_PAY, where, what, remedy)


def _worse_paid(craft: Level, people: Level) -> tuple[Level, str, str] | None:
    """Which level to change, what is wrong, and what to do."""
    for level, other in ((craft, people), (people, craft)):
        if level.pay is None:
            beside = f"beside {quoted(other.name)}, of the same grade {level.grade}"
            what = f"{quoted(level.name)} has no pay band {beside}"
            return level, what, "add `pay: {from: …, to: …, currency: …}`"
    mine, its = craft.pay, people.pay
    if mine is None or its is None:
        return None
    if mine.currency != its.currency:
        what = (
            f"{quoted(craft.name)} is paid in {mine.currency}, and {quoted(people.name)}, of the same "
            f"grade {craft.grade}, in {its.currency}"
        )
        return craft, what, "give both in one currency, so that they can be compared"
    if mine.low < its.low or mine.high < its.high:
        what = (
            f"{quoted(craft.name)} is paid {_band(mine)}, but {quoted(people.name)}, of the same grade "
            f"{craft.grade}, {_band(its)}"
        )
        return craft, what, f"pay at least {max(mine.low, its.low)} to {max(mine.high, its.high)}"
    return None


def _band(pay: Pay) -> str:
    return f"{pay.low} to {pay.high} {pay.currency}"


def _way_back(ladders: Ladders, places: Places) -> Iterator[Breach]:
    for people in ladders.levels("people"):
        version = ladders.version_of(people)
        if people.way_back is None:
            what = f"{quoted(people.title)} has no way back"
            remedy = "add `way_back: {months: 12, to: the craft level of the same grade}`"
            yield Breach(WAY_BACK, places.of_level(version, people), what, remedy)
            continue
        same = [level for level in ladders.levels("craft") if level.grade == people.grade]
        if not any(level.enter_from is None or people.name in level.enter_from for level in same):
            what = f"no craft level of grade {people.grade} can be entered from {quoted(people.name)}"
            remedy = f"add {quoted(people.name)} to `enter_from` of a craft level of grade {people.grade}"
            if same:
                remedy += f", such as {quoted(same[0].name)}"
            yield Breach(WAY_BACK, places.of_level(version, people, "way_back"), what, remedy)


def _mastery(ladders: Ladders, places: Places, following: Next) -> Iterator[Breach]:
    for version in ladders.versions:
        if version.kind != "craft":
            continue
        top = version.levels[-1]
        if not top.mastery:
            elsewhere = [level.level for level in version.levels if level.mastery]
            what = f"{quoted(top.title)} is the top of {quoted(version.track)}, but is no mastery level"
            if elsewhere:
                what += f" ({listed(elsewhere)} {'is' if len(elsewhere) == 1 else 'are'})"
            yield Breach(MASTERY, places.of_level(version, top), what, "add `mastery: yes` to it")
            continue
        if version.end is None:
            continue
        after = following(version)
        if after is None:
            ends = f"from {spoken(version.end)} on, when {quoted(version.track)} ends"
            what = f"{quoted(top.title)} is gone {ends}"
            remedy = "take the `to:` of `in_force` out, or add a version that follows on that day"
            yield Breach(MASTERY, places.of_version(version, "in_force"), what, remedy)
        elif after.level(top.level) is None:
            what = (
                f"{quoted(top.title)} is gone from {spoken(version.end)} on: the version of "
                f"{quoted(version.track)} from that day has no level {quoted(top.level)}"
            )
            remedy = f"keep the level {quoted(top.level)} in `{after.place.file}`"
            yield Breach(MASTERY, places.of_version(version, "in_force"), what, remedy)


def follows(tracks: dict[str, tuple[TrackVersion, ...]]) -> Next:
    """Finds the version that begins on the day another ends."""

    def following(version: TrackVersion) -> TrackVersion | None:
        after = tracks.get(version.track, ())
        return next((each for each in after if version.end is not None and each.holds_on(version.end)), None)

    return following
