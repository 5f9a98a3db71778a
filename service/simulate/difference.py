"""Differences: two policy sets in; what changed in their meaning, in sentences, out.

Texts, titles and sources may change without a word here: they decide nothing. A new version of a track is
compared with the one before it. What changed alike in several levels is said once. Tracks and levels are told
by `simulate.difference_levels`, the vocabulary by `simulate.difference_facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from service.facts.calendar import spoken
from service.policy.model import PolicySet, TrackVersion
from service.policy.versions_terms import spoken_terms
from service.simulate.difference_facts import facts_changed
from service.simulate.difference_levels import levels_changed
from service.simulate.difference_said import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What lies between two policy sets."""

    changes: tuple[Change, ...]
    same_meaning: bool  #: every request is judged alike
    same_files: bool  #: not even a text or a comment differs
    starts: tuple[TrackVersion, ...]  #: versions that are only in the new set


def difference(old: PolicySet, new: PolicySet) -> Difference:
    """What changed from one policy set to another: the vocabulary first, then track by track."""
    changes = tuple(_grouped(chain(facts_changed(old, new), _tracks(old, new))))
    if not changes and old.digest != new.digest:
        said = (
            "something means something else that no sentence tells, such as the calendar; compare the files"
        )
        changes = (Change("changed", "policies", "facts.yaml", said),)
    return Difference(
        changes=changes,
        same_meaning=old.digest == new.digest,
        same_files=old.files_digest == new.files_digest,
        starts=tuple(
            version for version in _all(new) if version.name not in {each.name for each in _all(old)}
        ),
    )


def _all(policies: PolicySet) -> Iterator[TrackVersion]:
    for versions in policies.tracks.values():
        yield from versions


def _tracks(old: PolicySet, new: PolicySet) -> Iterator[Change]:
    for track in dict.fromkeys((*new.tracks, *old.tracks)):
        before = {version.start: version for version in old.tracks.get(track, ())}
        after = {version.start: version for version in new.tracks.get(track, ())}
        if not before or not after:
            kind = "added" if after else "removed"
            version = next(iter((after or before).values()))
            levels = len(version.levels)
            said = (
                f"the track `{track}` ({version.title}) is {'new' if after else 'gone'}, with "
                f"{levels} level{'' if levels == 1 else 's'}"
            )
            yield Change(kind, "track", track, said, place=version.place)
            continue
        taken_back = {version.start for version in new.withdrawn if version.track == track}
        for start in sorted({*before, *after}):
            if start not in after:
                yield _gone(before[start], withdrawn=start in taken_back)
            elif start not in before:
                yield from _begun(after[start], [after[day] for day in sorted(after) if day < start])
            else:
                yield from _version(before[start], after[start])


def _gone(version: TrackVersion, *, withdrawn: bool) -> Change:
    how = "was withdrawn" if withdrawn else "is gone"
    said = f"the version from {spoken(version.start)} {how}"
    return Change("removed", "version", version.name, said, place=version.place)


def _begun(version: TrackVersion, earlier: list[TrackVersion]) -> Iterator[Change]:
    """A new version, compared with the one before it."""
    beside = f", compared here with `{earlier[-1].name}`" if earlier else ""
    said = f"a new version is in force from {spoken(version.start)}{beside}"
    yield Change("added", "version", version.name, said, place=version.place)
    if version.grandfathering is not None:
        terms = spoken_terms(version.grandfathering)
        yield Change("added", "grandfathering", version.name, terms, place=version.place)
    if earlier:
        yield from levels_changed(earlier[-1], version)


def _version(old: TrackVersion, new: TrackVersion) -> Iterator[Change]:
    """The same version in both sets."""
    if old.end != new.end:
        until = "without an end" if new.end is None else f"until {spoken(new.end)}"
        before = "it had no end" if old.end is None else f"it was until {spoken(old.end)}"
        said = f"it is in force {until}; {before}"
        yield Change("changed", "version", new.name, said, place=new.place)
    if old.kind != new.kind:
        said = f"it is a {new.kind} track; it was a {old.kind} track"
        yield Change("changed", "version", new.name, said, place=new.place)
    if old.grandfathering != new.grandfathering:
        before, after = (
            "nothing was said of earlier requests" if terms is None else spoken_terms(terms)
            for terms in (old.grandfathering, new.grandfathering)
        )
        after = "nothing is said of earlier requests" if new.grandfathering is None else after
        yield Change("changed", "grandfathering", new.name, f"{after}; before: {before}", place=new.place)
    yield from levels_changed(old, new)


def _grouped(changes: Iterable[Change]) -> Iterator[Change]:
    """Changes that are alike in several levels, said once, where the first of them stands."""
    alike: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        key = change.kind, change.part, change.sentence
        alike.setdefault(key if change.part == "requirement" else (*key[:2], f"{key}{change.of}"), []).append(
            change
        )
    for found in alike.values():
        yield replace(found[0], also=tuple(each.of for each in found[1:]))
