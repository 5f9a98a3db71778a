"""Coverage: what counts as seen, and what can never be seen and is not asked for."""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.network import MET, OPPOSITE, UNKNOWN, UNMET
from service.facts.types import Number
from service.policy.condition import Comparison, Condition, Constant, Group, GroupKind
from service.policy.load import load_files
from service.policy.model import Level, PolicySet
from service.simulate.coverage import Coverage, Point, groups_of
from service.simulate.possible import can_decide, deciding, is_asked, possible_letters, possible_results
from tests.simulate.small import policies, ran
from tests.verdict.bundled import NOW, requests
from tests.verdict.bundled import judge as bundled

PART = Comparison(Constant(1, Number()), "is", (Constant(1, Number()),))
LETTERS = (MET, UNKNOWN, UNMET)


def group(kind: GroupKind, needed: int, of: int) -> Group:
    return Group(kind, needed, cast("tuple[Condition, ...]", (PART,) * of))


@pytest.mark.parametrize(
    ("kind", "needed", "letters", "wanted"),
    [
        ("all_of", 3, "MMM", []),  # nothing failed it
        ("all_of", 3, "MNM", [1]),
        ("all_of", 3, "NNM", []),  # either of the two would have been enough
        ("all_of", 3, "NUM", [0]),  # without it the group would be open
        ("any_of", 1, "NMN", [1]),
        ("any_of", 1, "MMN", []),
        ("any_of", 1, "MUN", [0]),
        ("none_of", 1, "NM", [1]),
        ("at_least", 2, "MMN", [0, 1]),
        ("at_least", 2, "MMM", []),
    ],
)
def test_a_branch_decides_where_its_group_would_turn_without_it(
    kind: GroupKind, needed: int, letters: str, wanted: list[int]
) -> None:
    """A case in which two branches do the same shows nothing of either."""
    assert list(deciding(group(kind, needed, len(letters)), letters)) == wanted


@pytest.mark.parametrize("kind", ["all_of", "any_of", "none_of", "at_least"])
def test_deciding_is_what_turning_the_branch_shows(kind: GroupKind) -> None:
    """By brute force over every group of up to four branches, settled by the meaning of groups."""
    for of in range(1, 5):
        for needed in {"all_of": [of], "any_of": [1], "none_of": [1]}.get(kind, range(1, of + 1)):
            one = group(kind, needed, of)
            for letters in product(LETTERS, repeat=of):
                whole = settled(one, letters)
                turning = [
                    number
                    for number, letter in enumerate(letters)
                    if letter == (UNMET if kind == "all_of" else MET)
                    and whole != UNKNOWN
                    and settled(one, (*letters[:number], OPPOSITE[letter], *letters[number + 1 :])) != whole
                ]
                assert list(deciding(one, letters)) == turning


def settled(one: Group, letters: tuple[str, ...]) -> str:
    """A group by its meaning: whatever the unknown ones turn out to be."""
    outcomes = set()
    for filled in product(*([MET, UNMET] if letter == UNKNOWN else [letter] for letter in letters)):
        enough = filled.count(MET) >= one.needed
        outcomes.add(MET if enough != (one.kind == "none_of") else UNMET)
    return outcomes.pop() if len(outcomes) == 1 else UNKNOWN


def level(name: str) -> Level:
    track, _, own = name.partition("/")
    found = policies().tracks[track][0].level(own)
    assert found is not None
    return found


def test_each_requirement_is_counted_met_unmet_and_unknown() -> None:
    """And nothing that can never come out: nobody is told about `learner` but where somebody stands."""
    points = [
        (point.of, point.result) for point in Coverage(policies()).points if point.level == "craft/maker"
    ]
    wanted = [
        (name, result)
        for name in ("route", "time", "rated", "hours")
        for result in ("met", "unmet", "unknown")
    ]
    assert set(wanted) <= set(points)
    assert ("licensed", "met") in points


def test_what_can_never_be_unknown_is_not_asked_for() -> None:
    """Silence about licences means that there are none, and their end is known even when nobody tells it."""
    possible = {
        requirement.id: possible_results(requirement, level("craft/maker"), policies().vocabulary)
        for requirement in level("craft/maker").requires
    }
    assert possible["licensed"] == {"met", "unmet"}
    assert possible["rated"] == {"met", "unmet", "unknown"}
    assert possible["hours"] == {"met", "unmet", "unknown"}


def test_groups_that_are_judged_for_the_person_are_counted_branch_by_branch() -> None:
    """Those about single entries are not: they are seen through what is counted."""
    points = [point for point in Coverage(policies()).points if point.branch is not None]
    assert [(point.level, point.of, point.number) for point in points] == [
        ("craft/master", "proven", 1),
        ("craft/master", "proven", 2),
    ]
    assert (
        points[0].text == "`proven` decided by branch 1: the points is at least 7.5"
        or "points" in points[0].text
    )


def seen(text: str) -> set[tuple[str, str, int]]:
    coverage = ran(text).coverage
    points: list[Point] = [coverage.points[number] for number in coverage.seen]
    return {(point.of, point.result, point.number) for point in points}


def test_what_a_case_shows_is_seen() -> None:
    """The way in, and the branch that alone met the group."""
    shown = seen("cases: [{case: a, given: mara, to: craft/master, expect: eligible}]\n")
    assert shown == {("route", "met", 0), ("all-tools", "met", 0), ("proven", "met", 0), ("proven", "", 1)}


def test_a_failing_case_has_still_shown_what_came_out() -> None:
    """Coverage says what was looked at, not whether it was right."""
    shown = seen("cases: [{case: a, given: mara, to: craft/master, expect: not_eligible}]\n")
    assert ("all-tools", "met", 0) in shown


def test_what_is_missing_can_be_read() -> None:
    """Somebody has to write the case."""
    coverage = ran("cases: [{case: a, given: mara, to: craft/master, expect: eligible}]\n").coverage
    texts = [point.text for point in coverage.missing("craft/master")]
    assert "`proven` unmet" in texts
    assert "`proven` decided by branch 2: the latest rating is exceeds" in texts
    assert coverage.by_level()["craft/master"] == (4, 11)
    assert sum(of for _, of in coverage.by_level().values()) == coverage.total[1]


@given(requests())
def test_nothing_comes_out_that_was_called_impossible(raw: dict[str, object]) -> None:
    """What is not counted can truly not be seen: no random candidate of the bundled policies shows it."""
    judge = bundled()
    request, selection = judge.read(raw, NOW)
    judgement = judge.case(request, selection).judgement
    vocabulary = judge.policies.vocabulary
    for requirement, result in judgement.results:
        if result in ("met", "unmet", "unknown"):
            assert result in possible_results(requirement, selection.level, vocabulary)
        if not is_asked(requirement, selection.level, vocabulary):
            assert result == "not_applicable"
        for _, one in groups_of(requirement.condition, requirement.id):
            for part in one.of:
                assert judgement.letter(part) in possible_letters(part, selection.level, vocabulary)
            for number in deciding(one, [judgement.letter(part) for part in one.of]):
                assert can_decide(one, number, selection.level, vocabulary)


@given(st.sampled_from(["lead/lead", "craft/maker", "craft/master", "craft/learner"]))
def test_every_level_has_something_to_show(name: str) -> None:
    """At least the way in."""
    assert any(point.level == name for point in Coverage(policies()).points)


FACTS = """facts:
  told: {type: number, label: told}
  silent: {type: yes_no, label: silent, absent_means: no}
  silent_0: {type: yes_no, label: silent, absent_means: no}
  silent_1: {type: yes_no, label: silent, absent_means: no}
  silent_2: {type: yes_no, label: silent, absent_means: no}
  rank: {type: choice, choices: [low, mid, high], ordered: lowest first, label: rank, absent_means: none}
  empty:
    type: records
    label: empty
    absent_means: none
    fields: {kind: {type: text}, sure: {type: yes_no, absent_means: no}}
  dated: {type: records, label: dated, absent_means: none, dated_by: on, fields: {on: {type: date}}}
  names: {type: list, of: text, label: names, absent_means: none}
"""


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("fact: told\n        at_least: 1", "MNU"),
        ("fact: told\n        is_known: yes", "MN"),
        ("fact: silent\n        is: yes", "MN"),
        ("count: empty\n        at_least: 1", "MN"),
        ("some: empty\n        where: [{fact: kind, is: a}]", "MNU"),
        ("some: empty\n        where: [{fact: sure, is: yes}]", "MN"),
        ("no: empty\n        where: [{fact: sure, is: yes}, {fact: kind, is: a}]", "MNU"),
        ("count: dated\n        at_least: 1", "MNU"),
        ("fact: names\n        includes: a", "MN"),
        ("for_each: names\n        as: n\n        has: [{some: empty, where: [{fact: kind, is: a}]}]", "MNU"),
        ("fact: to.grade\n        at_least: 2", "N"),
        ("fact: to.grade\n        is: 1", "M"),
        ("fact: from.grade\n        at_least: 1", "MNU"),
        ("any_of: [{fact: silent, is: yes}, {fact: to.grade, is: 1}]", "M"),
        ("all_of: [{fact: silent, is: yes}, {fact: to.grade, is: 1}]", "MN"),
        ("none_of: [{fact: silent, is: yes}, {fact: told, at_least: 1}]", "MNU"),
        ("at_least: 2\n        of: [{fact: silent, is: yes}, {fact: to.grade, is: 2}]", "N"),
    ],
)  # fmt: skip
def test_what_a_condition_can_be_follows_from_the_vocabulary_and_the_level(
    condition: str, wanted: str
) -> None:
    """Unknown only where something that was not told can keep it open."""
    track = (
        "track: a\ntitle: A\nkind: craft\nin_force: {from: 2026-01-01}\nlevels:\n"
        "  - level: one\n    title: One\n    grade: 1\n    requires:\n"
        f"      - id: asked\n        text: Asked\n        {condition}\n"
    )
    other = load_files({"facts.yaml": FACTS.encode(), "tracks/a/2026-01-01.yaml": track.encode()})
    own = other.tracks["a"][0].levels[0]
    assert possible_letters(own.requires[1].condition, own, other.vocabulary) == set(wanted)


PARTS = {
    "M": "{fact: to.grade, is: 1}",
    "N": "{fact: to.grade, is: 2}",
    "MN": "{fact: silent_%s, is: yes}",
    "MNU": "{fact: told, at_least: 1}",
}


def asked(lines: str, applies_when: str = "") -> tuple[PolicySet, Level]:
    """A level that asks for this and nothing else, with its folder."""
    when = f"        applies_when: {applies_when}\n" if applies_when else ""
    track = (
        "track: a\ntitle: A\nkind: craft\nin_force: {from: 2026-01-01}\nlevels:\n"
        "  - level: one\n    title: One\n    grade: 1\n    requires:\n"
        f"      - id: asked\n        text: Asked\n        {lines}\n{when}"
    )
    folder = load_files({"facts.yaml": FACTS.encode(), "tracks/a/2026-01-01.yaml": track.encode()})
    return folder, folder.tracks["a"][0].levels[0]


@pytest.mark.parametrize(
    "kind", ["all_of", "any_of", "none_of", "at_least: 1\n        of", "at_least: 2\n        of"]
)
@pytest.mark.parametrize("parts", list(combinations_with_replacement(PARTS, 3)), ids="-".join)
def test_what_a_group_can_be_and_which_branch_can_decide_it_is_what_enumeration_finds(
    kind: str, parts: tuple[str, ...]
) -> None:
    """A branch that is settled by the grade leaves its group less to show; nothing else is left out."""
    branches = (PARTS[part].replace("%s", str(number)) for number, part in enumerate(parts))
    folder, own = asked(f"{kind}: [{', '.join(branches)}]")
    one = own.requires[1].condition
    assert isinstance(one, Group)
    worlds = list(product(*parts))
    can = {number for letters in worlds for number in deciding(one, letters)}
    assert possible_letters(one, own, folder.vocabulary) == {settled(one, letters) for letters in worlds}
    assert {number for number in range(3) if can_decide(one, number, own, folder.vocabulary)} == can


@pytest.mark.parametrize(
    ("applies_when", "points"),
    [
        ("", 5),
        ("{fact: to.grade, at_most: 5}", 5),
        ("{fact: to.grade, at_least: 5}", 0),
        ("[{fact: told, at_least: 1}, {fact: to.grade, at_least: 5}]", 0),
        ("[{fact: told, at_least: 1}, {fact: to.grade, at_most: 5}]", 6),
    ],
)
def test_what_is_asked_for_other_grades_has_nothing_to_show_at_this_one(
    applies_when: str, points: int
) -> None:
    """A rule for grade 5 and above stands at every level of a ladder, and is out of the way below."""
    folder, _ = asked("any_of: [{fact: silent, is: yes}, {fact: told, at_least: 2}]", applies_when)
    assert len([point for point in Coverage(folder).points if point.of == "asked"]) == points


@pytest.mark.parametrize(
    ("lines", "letters", "branches"),
    [
        ("any_of: [{fact: rank, is_known: no}, {fact: rank, at_least: mid}]", "MN", {0, 1}),
        ("any_of: [{fact: rank, is_known: no}, {fact: rank, at_least: low}]", "M", {0, 1}),
        ("all_of: [{fact: rank, at_least: low}, {fact: rank, at_least: mid}]", "MN", {1}),
        ("all_of: [{fact: rank, is: low}, {fact: rank, is: mid}]", "N", {0, 1}),
        ("none_of: [{fact: rank, less_than: low}, {fact: silent, is: yes}]", "MN", {1}),
        ("any_of: [{fact: silent, is: yes}, {fact: silent, is: no}]", "M", {0, 1}),
    ],
)
def test_answers_and_choices_are_tried_in_all_ways_they_can_be_told(
    lines: str, letters: str, branches: set[int]
) -> None:
    """Two conditions on one fact may leave nothing to show that each of them alone could."""
    folder, own = asked(lines)
    one = own.requires[1].condition
    assert isinstance(one, Group)
    assert possible_letters(one, own, folder.vocabulary) == set(letters)
    can = {number for number in range(len(one.of)) if can_decide(one, number, own, folder.vocabulary)}
    assert can == branches
