"""Scaffolds: what is added loads at once, stands in the right place, and takes nothing away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from service.errors import LaddersError
from service.policy.load import load_files
from service.policy.model import PolicySet
from service.policy.scaffold import TYPES, Scaffold, new_fact, new_requirement
from service.policy.scaffold_ladders import new_level, new_track
from tests.policy.folders import BASE, CRAFT, FACTS, LEAD

HOUSE = Path(__file__).parents[2]
SMALL = {name: text.encode() for name, text in BASE.items()}
BUNDLED = {
    path.relative_to(HOUSE / "policies").as_posix(): path.read_bytes()
    for folder in ("facts.yaml", "charter.yaml", "shared/*.yaml", "tracks/*/*.yaml")
    for path in sorted((HOUSE / "policies").glob(folder))
}
Files = Mapping[str, bytes]
Act = Callable[[Files], Scaffold]


def after(files: Files, scaffold: Scaffold) -> tuple[dict[str, bytes], PolicySet]:
    """The folder with a scaffold in it, loaded."""
    whole = {**files, **scaffold.files}
    return whole, load_files(whole)


def notes(files: Files) -> list[str]:
    lines = [line.strip() for content in files.values() for line in content.decode().splitlines()]
    return sorted(line for line in lines if line.startswith("#"))


def act(function: Callable[..., Scaffold], *words: str, **more: Any) -> Act:
    """What somebody asks for, waiting for the folder."""
    return lambda files: function(files, *words, **more)


FACT_ADDED: Mapping[str, Act] = {
    f"a fact of type {type_}": act(
        new_fact,
        "brand_new",
        type_,
        choices=("no", "a, b") if type_ == "choice" else (),
        fields=(("a", "date"),),
    )
    for type_ in TYPES
}
ADDED: Mapping[str, Act] = {
    "a level of a craft track": lambda files: new_level(files, f"{first(files, 'craft')}/brand-new"),
    "a level of a people track": lambda files: new_level(files, f"{first(files, 'people')}/brand-new"),
    "a craft track": act(new_track, "brand-new", start=date(2027, 1, 1)),
    "a people track": act(new_track, "brand-new", start=date(2027, 1, 1), kind="people"),
    "a shared requirement": lambda files: new_requirement(files, "shared/own", "own", fact=fact(files)),
    "a requirement": lambda files: new_requirement(files, level(files), "own", fact=fact(files)),
    "a use": lambda files: new_requirement(files, level(files), "own", use="good-standing"),
}


def loaded(files: Files) -> PolicySet:
    """The small or the bundled folder, as it was before."""
    return _bundled() if files is BUNDLED else load_files(files)


@cache
def _bundled() -> PolicySet:
    return load_files(BUNDLED)


def first(files: Files, kind: str) -> str:
    return next(name for name, versions in loaded(files).tracks.items() if versions[0].kind == kind)


def level(files: Files) -> str:
    return loaded(files).tracks[first(files, "people")][0].levels[0].name


def fact(files: Files) -> str:
    return next(iter(loaded(files).vocabulary.facts))


CASES = [
    *((f"{what}, small", SMALL, one) for what, one in {**FACT_ADDED, **ADDED}.items()),
    *((f"{what}, bundled", BUNDLED, one) for what, one in ADDED.items()),
]


@pytest.mark.parametrize(("files", "add"), [each[1:] for each in CASES], ids=[each[0] for each in CASES])
def test_what_is_added_loads_at_once_and_leaves_the_rest_as_it_was(files: Files, add: Act) -> None:
    """One begins with something that is right; notes and everything else stay, and the charter is kept."""
    before = loaded(files)
    scaffold = add(files)
    whole, found = after(files, scaffold)
    assert found.warnings == before.warnings
    assert set(notes(files)) <= set(notes(whole))
    for name, versions in before.tracks.items():
        for old, new in zip(versions, found.tracks[name], strict=True):
            for each in old.levels:
                kept = new.level(each.level)
                assert kept is not None
                mine = {one.id: one.condition for one in each.requires if one.id != "route"}
                assert mine.items() <= {one.id: one.condition for one in kept.requires}.items()
                assert set(each.enter_from or ()) <= set(kept.enter_from or each.enter_from or ())
    assert before.vocabulary.facts.items() <= found.vocabulary.facts.items()


SMALL_SET = load_files(SMALL)


@pytest.mark.parametrize(
    "name", [*(name for name in SMALL_SET.vocabulary.facts if name != "age"), *SMALL_SET.derived]
)
def test_a_requirement_can_be_begun_from_any_fact(name: str) -> None:
    """The condition suits the type, so that only the words are left to write."""
    scaffold = new_requirement(SMALL, "lead/team-lead", "brand-new", fact=name)
    _, found = after(SMALL, scaffold)
    last = found.tracks["lead"][0].levels[-1].requires[-1]
    assert last.id == "brand-new"
    assert last.text.startswith("Brand new")


def test_a_requirement_is_the_last_one_of_its_level() -> None:
    """People look for it at the end, and notes of the level after it stay there."""
    files = {**SMALL, LEAD: SMALL[LEAD].replace(b"    afterwards:", b"      # the last\n    afterwards:")}
    scaffold = new_requirement(
        files, "lead/team-lead", "in-town", fact="city", text="Lives: in town", why="W"
    )
    text = scaffold.files[LEAD].decode()
    assert (
        "        waiver: {by: [people-director], at_most: 90 days}\n"
        "      - id: in-town\n        text: 'Lives: in town'\n        why: W\n" in text
    )
    assert "\n      # the last\n    afterwards:\n" in text


def test_a_level_stands_below_mastery_or_right_above_the_one_named() -> None:
    """Mastery stays the end of a craft ladder; elsewhere the author says where."""
    _, found = after(SMALL, new_level(SMALL, "craft/staff"))
    assert [each.level for each in found.tracks["craft"][0].levels] == ["engineer", "staff", "senior"]
    _, found = after(SMALL, new_level(SMALL, "craft/summit", above="senior", grade=9, title="The summit"))
    top = found.tracks["craft"][0].levels[-1]
    assert (top.level, top.title, top.grade) == ("summit", "The summit", 9)


def test_a_level_in_between_leaves_the_ways_up_open() -> None:
    """Whoever could rise from the level below to the one above still can."""
    _, found = after(SMALL, new_level(SMALL, "craft/staff"))
    senior = found.tracks["craft"][0].level("senior")
    assert senior is not None
    assert senior.enter_from == ("craft/staff", "craft/engineer")


def test_a_people_level_asks_for_what_its_neighbour_asks() -> None:
    """Training, own wish and skills are asked for from the first line, and there is a way back."""
    _, found = after(BUNDLED, new_level(BUNDLED, "people-lead/brand-new", above="team-lead"))
    levels = found.tracks["people-lead"][0].levels
    assert [one.id for one in levels[1].requires] == [one.id for one in levels[0].requires]
    assert levels[1].way_back == levels[0].way_back


def test_files_in_the_common_layout_only_gain_lines() -> None:
    """The difference that a colleague reads is what was added, and nothing else."""
    scaffold = new_requirement(BUNDLED, "people-lead/manager", "brand-new", fact="wants_people_role")
    ((file, content),) = scaffold.files.items()
    before, now = BUNDLED[file].decode().splitlines(), content.decode().splitlines()
    left = list(now)
    for line in before:
        assert line in left
        left = left[left.index(line) + 1 :]
    assert len(now) - len(before) in (7, 8)


def test_lines_in_braces_are_opened_when_something_goes_into_them() -> None:
    """Whoever wrote a level on one line can add to it like anybody else."""
    flat = b"track: craft\ntitle: Craft\nkind: craft\nin_force: {from: 2026-01-01}\nlevels:\n"
    files = {**SMALL, CRAFT: flat + b"  - {level: senior, title: Senior, grade: 6}  # the only one\n"}
    text = new_requirement(files, "craft/senior", "wish", fact="wish").files[CRAFT].decode()
    assert "# the only one" in text
    assert "    requires:\n      - id: wish\n" in text


def test_the_meaning_of_the_rest_does_not_change() -> None:
    """A fact that nobody uses yet decides nothing."""
    before = load_files(SMALL)
    _, found = after(SMALL, new_fact(SMALL, "brand_new", "yes_no"))
    facts = {name: each for name, each in found.vocabulary.facts.items() if name != "brand_new"}
    assert facts == dict(before.vocabulary.facts)
    assert found.tracks == before.tracks


LEVEL = "lead/team-lead"
REFUSED: list[tuple[str, Act, str]] = [
    ("a fact that exists", act(new_fact, "rating", "date"), "facts.yaml:2:3: `rating` is already a fact"),
    ("a derived fact", act(new_fact, "service", "date"), "`service` is already a derived fact"),
    ("a fact that is always there", act(new_fact, "as_of", "date"), "`as_of` is always there"),
    ("a name with capitals", act(new_fact, "Rating", "date"), "`Rating` cannot be the name of a fact"),
    ("a choice without choices", act(new_fact, "shift", "choice"), "--choice"),
    ("records without fields", act(new_fact, "climbs", "records"), "--field"),
    ("a level that exists", act(new_level, "craft/senior"), "`craft/senior` exists already"),
    ("a level of no track", act(new_level, "kraft/staff"), "did you mean `craft`?"),
    ("a level above none", act(new_level, "craft/staff", above="senor"), "did you mean `senior`?"),
    ("a level of no version", act(new_level, "craft/staff", version="2030-01-01"), "no version from"),
    ("a track that exists", act(new_track, "craft", start=date(2027, 1, 1)), "`craft` exists already"),
    ("a track called shared", act(new_track, "shared", start=date(2027, 1, 1)), "choose another name"),
    ("a requirement that exists", act(new_requirement, LEVEL, "own-wish", fact="wish"), "already in Team"),
    ("a shared one that exists", act(new_requirement, "shared/more", "good-standing", fact="wish"),
     "shared/standing.yaml:2:9: `good-standing` is already a shared requirement"),
    ("a requirement of nothing", act(new_requirement, "lead", "wish", fact="wish"), "write `track/level`"),
    ("a requirement of no level", act(new_requirement, "lead/boss", "w", fact="wish"), "no level `boss`"),
    ("an unknown fact", act(new_requirement, LEVEL, "w", fact="wihs"), "did you mean `wish`?"),
    ("a fact to declare", act(new_requirement, LEVEL, "w", fact="zzz"), "ladders new fact zzz"),
    ("a protected fact", act(new_requirement, LEVEL, "w", fact="age"), "`age` is protected"),
    ("an unknown use", act(new_requirement, LEVEL, "w", use="good"), "`good` is not a shared requirement"),
    ("the route", act(new_requirement, LEVEL, "route", fact="wish"), "`route` stands already in Team lead"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("refused", "said"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_what_cannot_be_added_is_refused_with_the_remedy(refused: Act, said: str) -> None:
    """What exists is shown with its place, what is missing with its nearest name."""
    with pytest.raises(LaddersError) as raised:
        refused(SMALL)
    assert said in str(raised.value)


def test_nothing_is_added_to_a_folder_with_problems() -> None:
    """Nobody could tell whether the scaffold is right."""
    files = {**SMALL, FACTS: SMALL[FACTS].replace(b"type: text", b"type: txet", 1)}
    with pytest.raises(LaddersError, match="txet"):
        new_fact(files, "brand_new", "date")
