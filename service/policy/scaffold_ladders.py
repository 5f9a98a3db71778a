"""Scaffolds of levels and tracks: what somebody wants to add in; the policy files with it out.

What is promised in the charter is kept from the first line: pay as at the same grade, a mastery level on top
of craft, a way back from leading people, and every way up that was there stays open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from service.errors import NotFound, did_you_mean
from service.facts.vocabulary import Vocabulary
from service.policy.insertion import inserted, lines_at
from service.policy.load import FACTS, load_files
from service.policy.model import Level, Pay, PolicySet, TrackKind, TrackVersion
from service.policy.scaffold import (
    IDS,
    SHARED,
    Files,
    Scaffold,
    as_written,
    check_name,
    checked,
    exists,
    titled,
    version_of,
)

_NONE_YET = PolicySet(vocabulary=Vocabulary({}), derived={}, tracks={}, digest="", files_digest="")
_FIRST_FACT = b"""\
facts:
  level_since:
    type: date
    label: start in the present level
    question: When did you start in your present level?
    can_change: no
"""


def new_level(
    files: Files, place: str, *, title: str = "", grade: int | None = None, above: str = "", version: str = ""
) -> Scaffold:
    """A level of a track (`track/level`): above the one named, else on top, but below the mastery level.

    On a people track it begins as a copy of what its neighbour asks for, so that the promises of the charter
    are kept from the first line.
    """
    policies = load_files(files)
    track, _, name = place.partition("/")
    check_name(name, "the name of a level", *IDS)
    found = version_of(policies, track, version)
    existing = found.level(name)
    if existing is not None:
        raise exists(f"the level `{place}` exists already", existing.place, files)
    names = [level.level for level in found.levels]
    if above and above not in names:
        raise NotFound(f"`{track}` has no level `{above}`{did_you_mean(above, names)}")
    at = names.index(above) + 1 if above else len(names) - (found.levels[-1].mastery and len(names) > 1)
    below = found.levels[at - 1] if at else found.levels[0]
    between = found.levels[at] if 0 < at < len(names) else None
    if grade is None:
        grade = below.grade + (between is None or between.grade > below.grade + 1)
    lines = _level_lines(name, title or titled(name), grade, _pay_at(grade, found.kind, policies))
    people = found.kind == "people"
    lines += _copied(files, found.place.file, names.index(below.level)) if people else ["requires: []"]
    changed = dict(files)
    if between is not None and grade <= below.grade:  # whoever could rise past the new level still can
        changed |= _let_in(changed, found, between, below.name)
    content = inserted(found.place.file, changed[found.place.file], ("levels",), _dashed(lines), at)
    if content is not None:
        changed[found.place.file] = content
    if people:
        changed |= _way_back(changed, grade, place, policies)
    whole = content is not None
    return checked(files, found.place.file, changed if whole else None, f"the level `{place}`", policies)


def new_track(
    files: Files, name: str, *, start: date, kind: TrackKind = "craft", title: str = ""
) -> Scaffold:
    """A track with its first level, and on a craft track the mastery level on top.

    In a folder without any it is the first, and brings a first fact.
    """
    begins = not any(each.startswith("tracks/") for each in files)
    policies = _NONE_YET if begins else load_files(files)
    check_name(name, "the name of a track", *IDS)
    if name in policies.tracks:
        raise exists(f"the track `{name}` exists already", policies.tracks[name][0].place, files)
    if name == SHARED:
        raise NotFound(f"`{SHARED}` is the folder of shared requirements; choose another name")
    lines = [
        f"track: {name}",
        f"title: {as_written(title or titled(name))}",
        f"kind: {kind}",
        f"in_force: {{from: {start.isoformat()}}}",
        "levels:",
        "",
    ]
    levels = [version.levels for versions in policies.tracks.values() for version in versions]
    grades = {level.grade for each in levels for level in each}
    model = next((versions[-1] for versions in policies.tracks.values() if versions[-1].kind == kind), None)
    low, high = (min(grades), max(grades)) if grades else (1, 2)
    if kind == "craft":
        high = max(high, low + 1)
        first = _level_lines("first-level", "First level", low, _pay_at(low, kind, policies))
        top = _level_lines("master", "Master", high, _pay_at(high, kind, policies))
        both = [[*first, "requires: []"], [*top, "mastery: yes", "requires: []"]]
    else:
        grade = model.levels[0].grade if model else low
        first = _level_lines("first-lead", "First lead", grade, _pay_at(grade, kind, policies))
        copied = _copied(files, model.place.file, 0, "enter_from") if model else ["requires: []"]
        both = [[*first, *copied]]
    for level in both:
        lines += [*(f"  {line}" if line else "" for line in _dashed(level)), ""]
    file = f"tracks/{name}/{start.isoformat()}.yaml"
    changed = {
        **({FACTS: _FIRST_FACT} if begins else {}),
        **files,
        file: "\n".join([*lines[:-1], ""]).encode(),
    }
    if kind == "people" and model:
        changed |= _way_back(changed, model.levels[0].grade, f"{name}/first-lead", policies)
    return checked(files, file, changed, f"the track `{name}`", policies)


# ── pieces ──────────────────────────────────────────────────────────────────────────────────────────────────


def _level_lines(name: str, title: str, grade: int, pay: Pay | None) -> list[str]:
    lines = [f"level: {name}", f"title: {as_written(title)}", f"grade: {grade}"]
    if pay is not None:
        lines.append(f"pay: {{from: {pay.low}, to: {pay.high}, currency: {pay.currency}}}")
    return lines


def _copied(files: Files, file: str, at: int, *more: str) -> list[str]:
    """What a level asks for and brings with it, as its file has it."""
    lines: list[str] = []
    for key in (*more, "way_back", "requires", "afterwards"):
        found = lines_at(file, files[file], ("levels", at, key))
        lines += [f"{key}:", *(f"  {line}" if line else "" for line in found)] if found else []
    return lines or ["requires: []"]


def _dashed(lines: Sequence[str]) -> list[str]:
    return [f"- {lines[0]}", *(f"  {line}" if line else "" for line in lines[1:])]


def _pay_at(grade: int, kind: TrackKind, policies: PolicySet) -> Pay | None:
    """The pay at a grade: on a craft track as good as any other, on a people track no better than craft."""
    bands = [
        (version.kind, level.pay)
        for versions in policies.tracks.values()
        for version in versions
        for level in version.levels
        if level.grade == grade and level.pay is not None
    ]
    craft = [pay for each, pay in bands if each == "craft"]
    choose, alike = (min, craft) if kind == "people" and craft else (max, [pay for _, pay in bands])
    alike = [pay for pay in alike if pay.currency == alike[0].currency]
    if not alike:
        return None
    low, high = choose(pay.low for pay in alike), choose(pay.high for pay in alike)
    return Pay(low=low, high=high, currency=alike[0].currency)


def _way_back(files: Files, grade: int, place: str, policies: PolicySet) -> dict[str, bytes]:
    """The craft files in which somebody from a people level may enter a level of the same grade."""
    changed = dict(files)
    for version in (versions[-1] for versions in policies.tracks.values()):
        level = next((level for level in version.levels if level.grade == grade), None)
        if version.kind == "craft" and level is not None:
            changed |= _let_in(changed, version, level, place)
    return changed


def _let_in(files: Files, version: TrackVersion, level: Level, place: str) -> dict[str, bytes]:
    """The file in which a level may also be entered from a place."""
    file = version.place.file
    below = [one.name for one, above in pairwise(version.levels) if above is level]
    if level.enter_from is None or (place in level.enter_from and place not in below):
        return {}
    at = [each.level for each in version.levels].index(level.level)
    content = inserted(file, files[file], ("levels", at, "enter_from"), [f"- {place}"])
    return {} if content is None else {file: content}
