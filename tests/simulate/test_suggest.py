"""Suggestions: what is printed can be pasted, passes, and stands where the policy turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.calendar import Duration, add
from service.facts.types import Choice, Date, FactType, ListOf, Number, YesNo
from service.policy.load import load_files
from service.simulate.boundaries import around
from service.simulate.files import read_tests
from service.simulate.model import PolicyTest
from service.simulate.suggest import suggested
from service.simulate.suite import Suite, run_all
from service.simulate.writing import text
from service.verdict.judge import Judge
from tests.simulate.small import PEOPLE, TODAY, judge, policies, read, read_cases

AS_OF = date(2027, 1, 1)
CASES = (
    "cases:\n  - {case: a, given: mara, to: lead/lead, expect: eligible}\n"
    "  - {case: b, given: otto, to: craft/maker, expect: eligible}\n"
    "  - {case: c, given: mara, to: craft/master, expect: eligible}\n"
)


@cache
def written(*levels: str) -> str:
    """What is suggested beside the cases above."""
    return "".join(f"{line}\n" for line in suggested(read_cases(CASES), judge(), levels))


def run(tests: Iterable[PolicyTest]) -> Suite:
    return run_all(tests, judge(), today=TODAY)


def test_what_is_suggested_can_be_pasted_and_passes() -> None:
    """It says what the policy gives today, in the form in which it is read."""
    suite = run(read(written()))
    assert suite.failing == []
    assert len(suite.checked) > 40


def test_suggestions_from_nothing_reach_most_of_a_policy() -> None:
    """Somebody who has no test yet gets a place to start from."""
    text_of_all = "".join(f"{line}\n" for line in suggested((), judge()))
    suite = run(read(text_of_all))
    assert suite.failing == []
    assert suite.percent >= 75


def test_what_is_tested_already_is_not_suggested_again() -> None:
    """After pasting there is nothing left to say."""
    tests = (*read_cases(CASES), *read(written()))
    assert list(suggested(tests, judge())) == ["# Every boundary that can be built is tested already."]


def test_only_the_levels_asked_for_are_looked_at() -> None:
    """A whole policy folder gives hundreds of cases; one reads them level by level."""
    assert {test.selection.level.name for test in read(written("lead/lead"))} == {"lead/lead"}


#: At each boundary of the small policy: a part of the name, and what the requirement is there.
TURNS = {
    "Maker, time: start in the level, one day short": "unmet",
    "Maker, time: start in the level, from 29 February, to the day": "met",
    "Maker, time: start in the level, from 29 February, a day beside it": "unmet",
    "Maker, time: start in the level, not told": "unknown",
    "Maker, rated: latest rating, just below": "unmet",
    "Maker, rated: latest rating, just above": "met",
    "Maker, hours: sum of hours, just below": "unmet",
    "Maker, hours: sum of hours, exactly": "met",
    "Lead, route: present level, not told": "unknown",
    "Lead, trained: number that counts, just below": "unmet",
    "Lead, trained: completed on, one day too long ago": "unmet",
    "Lead, trained: completed on, on the first day of it": "met",
    "Lead, trained: completed on, from end of month, to the day": "met",
    "Lead, trained: completed on, from end of month, a day beside it": "unmet",
    "Lead, trained: completed on, not told": "unknown",
    "Lead, trained: trainings, not told": "unknown",
    "Master, proven (1): points, just below": "unmet",
    "Master, proven (1): points, just above": "met",
    "Master, all-tools: tools, all but one": "unmet",
}


@pytest.mark.parametrize("name", TURNS)
def test_a_requirement_turns_at_its_boundary(name: str) -> None:
    """Just below it is unmet, at it and above it is met; a day more or less tells the end of a month."""
    findings = {test.name: test.expected.findings for test in read(written())}
    assert name in findings
    assert list(findings[name].values()) == [TURNS[name]]


def test_both_sides_of_every_threshold_are_there() -> None:
    """A threshold that is looked at from one side may stand anywhere."""
    results = defaultdict(set)
    for test in (*read_cases(CASES), *read(written())):
        for name, result in test.expected.findings.items():
            results[test.selection.level.name, name].add(result)
    for requirement in ("time", "rated"):
        assert {"met", "unmet", "unknown"} <= results["craft/maker", requirement]


LENGTHS = st.sampled_from(
    [Duration(months=n) for n in (1, 6, 12, 18, 24, 48)] + [Duration(days=n) for n in (7, 90, 364)]
)
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@given(LENGTHS, DAYS, st.sampled_from(["for_at_least", "within_last"]))
def test_a_length_of_time_turns_between_its_boundaries(length: Duration, as_of: date, op: str) -> None:
    """By the one rule of the calendar: the day on which a length of time from a day is complete."""
    for boundary in around(Date(), op, [length], as_of):
        on = boundary.as_of or as_of
        complete = add(boundary.value, length)
        held = complete <= on if op == "for_at_least" else complete >= on
        outside = ("one day short", "one day too long ago")
        assert held == (boundary.position not in outside and "beside" not in boundary.position)
        assert abs((complete - on).days) <= 3 or boundary.length is None
        if boundary.position.startswith("from 29 February"):
            assert (boundary.value.month, boundary.value.day) == (2, 29)
            assert on >= as_of
        if boundary.position.startswith("from end of month"):
            assert boundary.value.day == 31
            assert complete.day < 31


@pytest.mark.parametrize(
    ("kind", "op", "targets", "wanted"),
    [
        (Number(), "at_least", [3], [2, 3, 4]),
        (Number(decimals=1), "at_least", [Decimal("7.5")], [Decimal("7.4"), Decimal("7.5"), Decimal("7.6")]),
        (Number(minimum=0), "at_most", [0], [0, 1]),
        (Number(maximum=5), "more_than", [5], [4, 5]),
        (Number(), "between", [1, 9], [0, 1, 2, 8, 9, 10]),
        (Choice(("low", "mid", "high"), ordered=True), "at_least", ["mid"], ["low", "mid", "high"]),
        (Choice(("a", "b", "c")), "one_of", ["a", "b"], ["a", "b", "c"]),
        (YesNo(), "is", [True], [True, False]),
        (Date(), "before", [date(2026, 3, 1)], [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)]),
        (ListOf(YesNo()), "includes", [True], [(True,), ()]),
    ],
)
def test_the_neighbours_of_a_value(kind: FactType, op: str, targets: list[Any], wanted: list[Any]) -> None:
    """The nearest values that the type of the fact allows."""
    assert [boundary.value for boundary in around(kind, op, targets, AS_OF)] == wanted


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=40))
def test_a_text_that_is_written_reads_back_the_same(value: str) -> None:
    """Also when it looks like a number, a date, a yes, or a line of YAML."""
    line = (
        f"cases: [{{case: a, given: mara, to: lead/lead, expect: eligible, with: {{home: {text(value)}}}}}]\n"
    )
    (test,) = read(PEOPLE + line)
    assert test.request.facts["home"] == value


@pytest.mark.parametrize(
    "value", ["left out", "as given", "yes", "none", "010", "a: b", "a #b", '"', "a\\b", "~"]
)
def test_a_text_that_could_be_mistaken_is_quoted(value: str) -> None:
    """`left out` is a word of tables, `yes` an answer, `010` nothing at all."""
    line = (
        f"cases: [{{case: a, given: mara, to: lead/lead, expect: eligible, with: {{home: {text(value)}}}}}]\n"
    )
    (test,) = read(PEOPLE + line)
    assert test.request.facts["home"] == value


def test_a_threshold_counted_per_thing_gets_different_things() -> None:
    """The same reviewer three times is one reviewer."""
    files = {
        "facts.yaml": b"facts:\n  reviews: {type: records, label: reviews, fields: {by: {type: text}}}\n",
        "tracks/a/2026-01-01.yaml": (
            b"track: a\ntitle: A\nkind: craft\nin_force: {from: 2026-01-01}\nlevels:\n"
            b"  - {level: one, title: One, grade: 1, enter_from: anyone, requires: [{id: peers, text: Peers,"
            b" count: reviews, once_per: by, at_least: 3}]}\n"
        ),
    }
    other = load_files(files)
    ready = Judge(other)
    text_of_all = "".join(f"{line}\n" for line in suggested((), ready))
    tests = read_tests({"tests/a.yaml": text_of_all.encode()}, other)
    found = {test.name.rpartition(", ")[2]: test.expected.findings["peers"] for test in tests}
    assert found == {"not told": "unknown", "just below": "unmet", "exactly": "met", "just above": "met"}
    assert run_all(tests, ready, today=TODAY).failing == []
    ready.close()


def test_the_small_policy_is_the_one_that_is_meant() -> None:
    """The names above come from there."""
    assert policies().tracks["craft"][0].levels[1].title == "Maker"
