"""Cases: what a test file tells of people, and the request that comes of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from service.facts.calendar import STILL_RUNNING
from service.facts.request import GrantedWaiver, Standing
from tests.simulate.small import PEOPLE, policies, read, read_cases


def facts(lines: str) -> dict[str, Any]:
    """What the one case with these lines tells, without what nobody told."""
    indented = "".join(f"    {line}\n" for line in lines.strip().splitlines())
    case = "cases:\n  - case: a\n    to: lead/lead\n    expect: eligible\n"
    (test,) = read_cases(f"{case}{indented}")
    untold = {name: fact.absent_means for name, fact in policies().vocabulary.facts.items()}
    return {name: value for name, value in test.request.facts.items() if value != untold[name]}


def test_a_person_is_told_as_a_request_would_tell() -> None:
    """The test shall judge what the service would judge: exact numbers, days, and what silence means."""
    told = facts("given: mara")
    assert told["points"] == Decimal("7.5")
    assert told["since"] == date(2025, 6, 1)
    assert told["tools"] == ("hammer", "saw", "plane")
    assert told["trainings"] == ({"course": "lead", "completed_on": date(2026, 5, 4), "hours": 8},)
    assert told["wish"] is True


def test_a_list_known_to_be_empty_differs_from_one_that_nobody_told() -> None:
    """`none` is an answer, silence is not."""
    assert facts("given: otto")["trainings"] == ()
    assert "trainings" not in facts("given: otto\nwithout: [trainings]")


def test_with_tells_anew_also_adds_without_leaves_out() -> None:
    """In that order, so that a case can be read from top to bottom."""
    told = facts(
        "given: mara\nwith: {rating: below}\nwithout: [points]\n"
        "also: {tools: [saw], trainings: [{course: x}]}"
    )
    assert told["rating"] == "below"
    assert told["tools"] == ("hammer", "saw", "plane", "saw")
    assert [entry["course"] for entry in told["trainings"]] == ["lead", "x"]
    assert "points" not in told


def test_also_begins_a_list_that_was_not_told() -> None:
    """Adding to nothing is telling."""
    assert facts("given: otto\nalso: {tools: [saw]}")["tools"] == ("saw",)


def test_a_case_leaves_the_person_as_they_are() -> None:
    """Otherwise the order of cases would decide."""
    first, second = read_cases(
        "cases:\n  - {case: a, given: mara, with: {rating: below}, to: lead/lead, expect: eligible}\n"
        "  - {case: b, given: mara, to: lead/lead, expect: eligible}\n"
    )
    assert (first.request.facts["rating"], second.request.facts["rating"]) == ("below", "meets")


def test_an_entry_is_repeated_instead_of_copied() -> None:
    """A hundred inspections are one line."""
    told = facts("given: otto\nwith:\n  trainings: [{repeat: 3, entry: {course: a, hours: 1}}, {course: b}]")
    assert [entry["course"] for entry in told["trainings"]] == ["a", "a", "a", "b"]


def test_what_silence_stands_for_may_be_written_out() -> None:
    """`until: still running` reads better than a line that is not there."""
    told = facts("given: otto\nwith: {licences: [{name: saw, until: still running}], on_leave: yes}")
    assert told["licences"] == ({"name": "saw", "until": STILL_RUNNING},)
    assert told["on_leave"] is True


def test_somebody_may_be_like_somebody_else() -> None:
    """One person grows from another, so that a file tells each thing once."""
    text = PEOPLE + (
        "  nina: {like: mara, from: craft/learner, facts: {rating: exceeds}, also: {tools: [saw]},"
        " without: [wish]}\n"
        "cases: [{case: a, given: nina, to: lead/lead, expect: eligible}]\n"
    )
    (test,) = read(text)
    assert test.request.candidate == "nina"
    assert test.request.standing == Standing(track="craft", level="learner")
    assert test.request.facts["rating"] == "exceeds"
    assert test.request.facts["tools"][-1] == "saw"
    assert test.request.facts["wish"] is None
    assert test.request.facts["since"] == date(2025, 6, 1)


@pytest.mark.parametrize(
    ("line", "standing"),
    [
        ("from: craft/learner", Standing(track="craft", level="learner")),
        ("from: no ladder", Standing(track=None, level=None)),
        ("without: [from]", None),
        ("without: from", None),
    ],
)
def test_where_somebody_stands_can_be_told_otherwise(line: str, standing: Standing | None) -> None:
    """On a ladder, known to be on none, or not told: three different things."""
    (test,) = read_cases(f"cases:\n  - {{case: a, given: mara, to: lead/lead, expect: eligible, {line}}}\n")
    assert test.request.standing == standing


@pytest.mark.parametrize(
    ("file", "case", "wanted"),
    [
        ("", "", ("2027-01-01", "2027-01-01")),
        ("submitted_on: 2026-11-20\n", "", ("2027-01-01", "2026-11-20")),
        ("submitted_on: 2026-11-20\n", "as_of: 2028-02-29", ("2028-02-29", "2026-11-20")),
        ("", "as_of: 2028-02-29", ("2028-02-29", "2028-02-29")),
        ("submitted_on: 2026-11-20\n", "submitted_on: 2026-12-01", ("2027-01-01", "2026-12-01")),
    ],
)
def test_days_are_fixed_by_the_file_or_the_case(file: str, case: str, wanted: tuple[str, str]) -> None:
    """No test depends on the day on which it is run."""
    more = f", {case}" if case else ""
    (test,) = read(
        f"{file}{PEOPLE}cases: [{{case: a, given: mara, to: lead/lead, expect: eligible{more}}}]\n"
    )
    assert (test.request.as_of.isoformat(), test.request.submitted_on.isoformat()) == wanted


def test_a_file_may_say_given_and_to_for_all_cases() -> None:
    """A file about one level says so once; a case may still say otherwise."""
    one, other = read(
        f"given: mara\nto: lead/lead\n{PEOPLE}cases:\n  - {{case: a, expect: eligible}}\n"
        "  - {case: b, expect: eligible, given: otto, to: craft/maker}\n"
    )
    assert (one.person, one.selection.level.name) == ("mara", "lead/lead")
    assert (other.person, other.selection.level.name) == ("otto", "craft/maker")


def test_a_row_is_the_case_it_stands_for() -> None:
    """Columns are lines of a case or facts; both forms mean the same."""
    rows = read_cases(
        "tables:\n  - table: Ratings\n    given: mara\n    to: craft/master\n    with: {points: 1}\n"
        "    columns: [case, rating, tools, expect, unmet]\n    rows:\n"
        "      - [best, exceeds, as given, eligible, none]\n"
        "      - [none given, left out, [saw], not_eligible, all-tools]\n"
    )
    cases = read_cases(
        "cases:\n"
        "  - {case: 'Ratings: best', given: mara, to: craft/master, with: {points: 1, rating: exceeds},"
        " expect: eligible, unmet: none}\n"
        "  - {case: 'Ratings: none given', given: mara, to: craft/master, with: {points: 1, tools: [saw]},"
        " without: [rating], expect: not_eligible, unmet: [all-tools]}\n"
    )
    for row, case in zip(rows, cases, strict=True):
        assert (row.name, row.request, row.expected.named) == (case.name, case.request, case.expected.named)


def test_a_row_without_a_name_is_numbered() -> None:
    """It can still be found in a report."""
    rows = read_cases(
        "tables:\n  - {table: T, given: mara, to: lead/lead, columns: [rating, expect],"
        " rows: [[below, eligible], [meets, eligible]]}\n"
    )
    assert [row.name for row in rows] == ["T, row 1", "T, row 2"]


def test_a_word_in_quotes_is_a_text_and_not_a_word_of_the_table() -> None:
    """Somebody may work in a place called `left out`."""
    (row,) = read_cases(
        "tables:\n  - {table: T, given: mara, to: lead/lead, columns: [home, expect],"
        ' rows: [["left out", eligible]]}\n'
    )
    assert row.request.facts["home"] == "left out"


def test_a_waiver_is_granted_as_in_a_request() -> None:
    """With who, when, until and why."""
    (test,) = read_cases(
        "cases:\n  - {case: a, given: mara, to: lead/lead, expect: eligible, waivers: [{requirement: trained,"
        " by: director, granted_on: 2026-12-01, until: 2027-02-15, reason: the course is full}]}\n"
    )
    assert test.request.waivers == (
        GrantedWaiver(
            requirement="trained", by="director", granted_on=date(2026, 12, 1), until=date(2027, 2, 15),
            reason="the course is full",
        ),
    )  # fmt: skip


def test_tests_keep_the_order_of_the_file() -> None:
    """Reports can be read beside it."""
    tests = read_cases(
        "tables:\n  - {table: T, given: mara, to: lead/lead, columns: [expect], rows: [[eligible]]}\n"
        "cases:\n  - {case: a, given: mara, to: lead/lead, expect: eligible}\n"
    )
    assert [test.name for test in tests] == ["T, row 1", "a"]


def test_a_case_about_several_levels_is_a_case_of_each() -> None:
    """What is asked at every level of a track is shown at every level, without writing it ten times."""
    first, second = read_cases(
        "cases: [{case: a, given: mara, to: [craft/maker, craft/master], expect: eligible, unmet: none}]\n"
    )
    assert [test.selection.level.name for test in (first, second)] == ["craft/maker", "craft/master"]
    assert (first.name, second.name) == ("a (craft/maker)", "a (craft/master)")
    assert first.request.facts == second.request.facts
    assert first.place == second.place


def test_a_file_and_a_row_may_be_about_several_levels_too() -> None:
    """`to` is the same line wherever it stands."""
    tests = read_cases(
        "to: [craft/maker, craft/master]\ngiven: mara\ncases: [{case: a, expect: eligible}]\n"
        "tables:\n  - table: t\n    columns: [case, to, expect]\n"
        "    rows: [[b, [lead/lead, craft/maker], eligible]]\n"
    )
    assert [test.name for test in tests] == [
        "a (craft/maker)", "a (craft/master)", "t: b (lead/lead)", "t: b (craft/maker)",
    ]  # fmt: skip
