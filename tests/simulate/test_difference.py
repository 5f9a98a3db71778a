"""What changed between two policy folders, in sentences: everything that decides, and nothing else."""

from __future__ import annotations

import pytest

from service.simulate.difference import difference
from tests.policy.folders import BASE, CRAFT, FACTS, LEAD, SHARED, changed, loaded, with_tables
from tests.policy.test_meaning import MEANINGS, WORDS

Edit = tuple[str, str, str]
NEXT = "tracks/lead/2027-01-01.yaml"


def said(*edits: Edit, after: dict[str, str] | None = None) -> list[str]:
    """What is said of some edits: what it is about, and the sentence."""
    found = difference(loaded(BASE), loaded(after or changed(*edits)))
    return [
        f"{change.kind} {', '.join((change.of, *change.also))}: {change.sentence}" for change in found.changes
    ]


@pytest.mark.parametrize("edit", WORDS)
def test_words_for_people_make_no_difference(edit: Edit) -> None:
    """HR mends a sentence and wants to see that nobody is affected."""
    found = difference(loaded(BASE), loaded(changed(edit)))
    assert found.changes == ()
    assert (found.same_meaning, found.same_files) == (True, False)


@pytest.mark.parametrize("edit", MEANINGS)
def test_whatever_means_something_else_is_said(edit: Edit) -> None:
    """A change that nobody reads is one that nobody decided on."""
    found = difference(loaded(BASE), loaded(changed(edit)))
    assert not found.same_meaning
    assert found.changes


def test_the_same_folder_differs_in_nothing() -> None:
    """The tool must be quiet where nothing happened."""
    found = difference(loaded(BASE), loaded(BASE))
    assert (found.changes, found.same_meaning, found.same_files) == ((), True, True)


@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        (
            (LEAD, "is: manager-foundations", "is: manager-basics"),
            "changed lead/2026-01-01 team-lead: `manager-training` asks “at least one entry of trainings "
            "where course "
            "is manager-basics”; before: “at least one entry of trainings where course is "
            "manager-foundations”",
        ),
        ((LEAD, "grade: 6", "grade: 7"), "changed lead/2026-01-01 team-lead: grade: 7, was 6"),
        (
            (LEAD, "[craft/senior]", "[craft/senior, craft/engineer]"),
            "changed lead/2026-01-01 team-lead: entered from: craft/senior, craft/engineer, was craft/senior",
        ),
        (
            (LEAD, "        is: yes\n", "        is: yes\n        unless: {fact: points, at_least: 3}\n"),
            "changed lead/2026-01-01 team-lead: `own-wish` is lifted when “the points is at least 3 points”; "
            "before: never",
        ),
        (
            (LEAD, "at_most: 90 days", "at_most: 91 days"),
            "changed lead/2026-01-01 team-lead: `manager-training`: waiver: by people-director for at most "
            "91 days, "
            "was by people-director for at most 90 days",
        ),
        (
            (FACTS, "wish: {type: yes_no,", "wish: {type: yes_no, absent_means: no,"),
            "changed wish: `wish`: left out, it means: no, was unknown",
        ),
        (
            (FACTS, "senior: 24 months}", "senior: 18 months}"),
            "changed waiting: table `waiting` for senior: 18 months, was 24 months",
        ),
        (
            (FACTS, "senior: 24 months}", "senior: 24 months, lead: 9 months}"),
            "changed waiting: table `waiting` for lead: 9 months (new)",
        ),
    ],
)  # fmt: skip
def test_a_change_is_said_in_the_words_of_the_policy(edit: Edit, wanted: str) -> None:
    """Before and after stand side by side; both were read by somebody who agreed with the sentence."""
    assert said(edit) == [wanted]


def test_what_changed_alike_in_several_levels_is_said_once() -> None:
    """One edit of a shared requirement is one change."""
    assert said((SHARED, "at_least: meets", "at_least: exceeds")) == [
        "changed craft/2026-01-01 senior, lead/2026-01-01 team-lead: `good-standing` asks “the latest rating "
        "is at "
        "least exceeds”; before: “the latest rating is at least meets”"
    ]


def test_requirements_and_levels_come_and_go() -> None:
    """With the sentence that people know them by."""
    assert said((LEAD, "id: own-wish", "id: wish")) == [
        "added lead/2026-01-01 team-lead: `wish` is asked for as well: The person has asked for the role",
        "removed lead/2026-01-01 team-lead: `own-wish` is no longer asked for: The person has asked for the "
        "role",
    ]
    lines = "levels:\n  - level: junior\n    title: Junior\n    grade: 3\n"
    assert said((CRAFT, "levels:\n", lines)) == [
        "added craft/2026-01-01 junior: the level Junior (grade 3) is new",
        "changed craft/2026-01-01 engineer: entered from: craft/junior, was no ladder yet",
    ]


def test_of_a_group_only_the_parts_that_differ_are_said() -> None:
    """A list of five skills twice in one sentence is a sentence that nobody reads."""
    parts = "[{fact: points, at_least: 3}, {fact: rating, is: meets}, {fact: city, is: Bonn}]"
    old = changed(
        (LEAD, "        fact: wish\n        is: yes\n", f"        at_least: 2\n        of: {parts}\n")
    )
    new = {**old, LEAD: old[LEAD].replace("at_least: 2\n", "at_least: 3\n").replace("is: Bonn", "is: Ulm")}
    (change,) = difference(loaded(old), loaded(new)).changes
    assert change.sentence == (
        "`own-wish` asks: at least 3 of 3, before at least 2 of 3; new among them: “the city is Ulm”; no "
        "longer "
        "among them: “the city is Bonn”"
    )


def test_a_new_version_is_compared_with_the_one_before_it() -> None:
    """That is how HR changes a policy that has judged already."""
    after = changed((LEAD, "{from: 2026-01-01}", "{from: 2026-01-01, to: 2027-01-01}"))
    terms = "grandfathering: {submitted_before: 2027-01-01, honour_until: 2027-06-30, use: old}"
    after[NEXT] = (
        BASE[LEAD]
        .replace("{from: 2026-01-01}", f"{{from: 2027-01-01}}\n{terms}")
        .replace("grade: 6", "grade: 7")
    )
    assert said(after=after) == [
        "changed lead/2026-01-01: it is in force until 1 January 2027; it had no end",
        "added lead/2027-01-01: a new version is in force from 1 January 2027, compared here with "
        "`lead/2026-01-01`",
        "added lead/2027-01-01: requests submitted before 1 January 2027 are judged by the older version if "
        "they "
        "take effect until 30 June 2027",
        "changed lead/2027-01-01 team-lead: grade: 7, was 6",
    ]


def test_a_later_period_of_a_table_is_said_with_its_days() -> None:
    """A figure changes on a day, and not before."""
    old = changed(with_tables("pause: {values: [{from: 2026-01-01, rows: {senior: 6 months}}]}"))
    rows = (
        "{from: 2026-01-01, to: 2027-01-01, rows: {senior: 6 months}}, "
        "{from: 2027-01-01, rows: {senior: 9 months}}"
    )
    new = changed(with_tables(f"pause: {{values: [{rows}]}}"))
    assert [change.sentence for change in difference(loaded(old), loaded(new)).changes] == [
        "the table `pause` holds from 1 January 2026 until 1 January 2027; before: from 1 January 2026",
        "the table `pause` has a new period from 1 January 2027: 9 months for senior",
    ]
