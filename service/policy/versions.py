"""Versions: those of one track, the day of a request and the day it takes effect in; the ones that judge it,
with the reason, out.

The version in force on the day of the request judges it, whenever it takes effect. A later version may say
otherwise with `grandfathering`, for requests that take effect under it:

* submitted before `submitted_before`, and taking effect until `honour_until`: judged by the older version
  (`use: old`), by that one and the later one, of which the more favourable counts (`more_favourable`), or by
  the later one (`new`);
* submitted later, or taking effect later: judged by the later one.

Where several versions follow each other, this is applied to one after the other. A version that was withdrawn
is not among them. Knows nothing of levels, requests and outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from service.facts.calendar import spoken
from service.policy.model import TrackVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """By which versions a request is judged; of several, the more favourable counts."""

    by: tuple[TrackVersion, ...]  #: oldest first
    why: str  #: without capital and full stop; where several judge, without saying which one counts
    compared: tuple[TrackVersion, ...] = ()  #: judged as well, and shown beside; oldest first
    usable: tuple[TrackVersion, ...] = ()  #: those that a request may name; oldest first
    settled_by: TrackVersion | None = None  #: whose grandfathering says so

    def version(self, name: str) -> TrackVersion | None:
        """The version of this name, where a request may name it."""
        return next((version for version in self.usable if version.name == name), None)


def judging(versions: Sequence[TrackVersion], submitted_on: date, as_of: date) -> Judging | None:
    """The versions that judge a request; None when none is in force on the day of the request.

    Args:
        versions: Of one track, earliest first.
        submitted_on: The day of the request.
        as_of: The day on which it would take effect.
    """
    at = next((index for index, version in enumerate(versions) if version.holds_on(submitted_on)), None)
    if at is None:
        return None
    asked = versions[at]
    found = _plainly(versions[_begin(versions, at, submitted_on, as_of)], submitted_on)
    for version in versions[1:]:
        if version.start <= found.by[-1].start or version.start > max(submitted_on, as_of):
            continue
        if version.grandfathering is not None and version.start <= as_of:
            found = _grandfathered(found, version, submitted_on, as_of)
        elif version.start <= submitted_on:
            found = _plainly(version, submitted_on)
    usable = found.by
    if asked not in usable and asked.start > usable[-1].start:
        usable = (*usable, asked)  # who is spared a version may still ask for it
    return replace(found, usable=usable)


def judged_by(versions: Sequence[TrackVersion], submitted_on: date, as_of: date) -> tuple[TrackVersion, ...]:
    """As `judging`, without the reason; for those who ask of many tracks."""
    if any(version.grandfathering is not None for version in versions):
        found = judging(versions, submitted_on, as_of)
        return () if found is None else found.by
    return tuple(version for version in versions if version.holds_on(submitted_on))


def _begin(versions: Sequence[TrackVersion], at: int, submitted_on: date, as_of: date) -> int:
    """The oldest version that could be honoured: for some time, one may ask for it under the next one."""
    while at > 0:
        terms = versions[at].grandfathering
        if terms is None or submitted_on >= terms.submitted_before or as_of < versions[at].start:
            break
        at -= 1
    return at


def _plainly(version: TrackVersion, submitted_on: date) -> Judging:
    through = "" if version.end is None else f" and until {spoken(version.end)}"
    in_force = f"this version is in force from {spoken(version.start)}{through}"
    why = f"the request was submitted on {spoken(submitted_on)}; {in_force}"
    return Judging(by=(version,), why=why, usable=(version,))


def _grandfathered(found: Judging, version: TrackVersion, submitted_on: date, as_of: date) -> Judging:
    terms = version.grandfathering
    assert terms is not None  # noqa: S101 - asked only where there are terms
    submitted = f"the request was submitted on {spoken(submitted_on)}"
    before, effect = spoken(terms.submitted_before), f"takes effect on {spoken(as_of)}"
    old = found.by[-1].name
    if submitted_on >= terms.submitted_before:
        if version.start <= submitted_on:
            return _plainly(version, submitted_on)
        why = (
            f"{submitted} and {effect}; `{version.name}` honours the older version only for requests "
            f"submitted before {before}"
        )
        return _by(version, found, why)
    whom = f"{submitted}, before {before}, and {effect}"
    if terms.honour_until is None:
        return _by(version, found, f"{whom}; `{version.name}` says that it judges such requests, too")
    until = spoken(terms.honour_until)
    if as_of > terms.honour_until:
        why = f"{submitted} and {effect}; `{version.name}` honours the older version until {until}"
        return _by(version, found, why)
    if terms.use == "old":
        why = f"{whom}; for such requests `{version.name}` honours `{old}` until {until}"
        return replace(found, why=why, compared=(*found.compared, version), settled_by=version)
    why = f"{whom}; for such requests `{version.name}` grants the more favourable version until {until}"
    by = (*found.by, version)
    return replace(found, by=by, usable=by, why=why, settled_by=version)


def _by(version: TrackVersion, found: Judging, why: str) -> Judging:
    """One later version judges; those that judged until then are shown beside."""
    return Judging(by=(version,), why=why, compared=found.by, usable=(version,), settled_by=version)


def turning_days(versions: Sequence[TrackVersion], after: date) -> list[date]:
    """The days on which other versions may judge a request that takes effect later, soonest first."""
    days = set()
    for version in versions:
        if version.grandfathering is not None:
            days.add(version.start)
            if version.grandfathering.honour_until is not None:
                days.add(version.grandfathering.honour_until + timedelta(days=1))
    return sorted(day for day in days if day > after)
