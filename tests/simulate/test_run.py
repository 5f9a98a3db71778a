"""Running a case: what passes, and what is said where expected and found differ."""

from __future__ import annotations

from datetime import date

import pytest

from service.simulate.model import Difference
from tests.simulate.small import only, policies, ran

LATER, UNWILLING = "with: {since: 2026-01-02}", "with: {wish: no}"
OPEN, NO = "expect: needs_information", "expect: not_eligible"
CASE = "cases:\n  - case: a\n    given: {given}\n    to: {to}\n"


def differing(given: str, to: str, *lines: str) -> tuple[Difference, ...]:
    """The differences of a case with these lines."""
    text = CASE.format(given=given, to=to) + "".join(f"    {line}\n" for line in lines)
    return only(text).differences


@pytest.mark.parametrize(
    ("given", "to", "lines"),
    [
        ("mara", "lead/lead", ["expect: eligible", "unmet: none", "unknown: none", "waived: none"]),
        ("mara", "lead/lead", ["with: {wish: no}", "expect: not_eligible", "unmet: own-wish"]),
        ("mara", "lead/lead", ["without: wish", "expect: needs_information", "missing: wish"]),
        ("otto", "lead/lead", ["expect: not_eligible", "unmet: trained", "unknown: own-wish"]),
        ("otto", "craft/maker", ["expect: eligible", "findings: {hours: unmet, licensed: met}"]),
        ("otto", "craft/maker", ["with: {licences: none, on_leave: yes}", "expect: eligible"]),
        ("otto", "craft/maker", [LATER, "expect: not_eligible", "eligible_from: 2027-01-02"]),
        ("otto", "craft/maker", ["with: {rating: below}", "expect: not_eligible", "eligible_from: never"]),
        ("mara", "lead/lead", ["with: {wish: no}", "expect: not_eligible", "open_to_you: craft/master"]),
        ("otto", "lead/lead", ["with: {rating: below}", "expect: not_eligible", "open_to_you: none"]),
        ("mara", "lead/lead", ["expect: eligible", "afterwards: [mentor, talk]"]),
        ("otto", "craft/maker", ["expect: eligible", "afterwards: none"]),
        ("mara", "lead/lead", ["without: [wish, trainings]", OPEN, "missing: [trainings, wish]"]),
        (
            "mara",
            "lead/lead",
            ["with: {trainings: [{course: lead}]}", OPEN, "missing: trainings.completed_on"],
        ),
        ("mara", "lead/lead", ["without: from", "expect: needs_information", "missing: from"]),
    ],
)  # fmt: skip
def test_a_case_passes_when_all_it_says_comes_out(given: str, to: str, lines: list[str]) -> None:
    """Each of these is what the service would answer."""
    assert differing(given, to, *lines) == ()


def test_a_waiver_counts_as_it_would_in_the_service() -> None:
    """The case says who granted it, for what, from when and until when."""
    waiver = "{requirement: trained, by: director, granted_on: 2026-12-01, until: 2027-02-15, reason: full}"
    lines = ("with: {trainings: none}", f"waivers: [{waiver}]", "expect: eligible")
    assert differing("mara", "lead/lead", *lines, "waived: trained") == ()
    (difference,) = differing("mara", "lead/lead", *lines, "waived: none")
    assert (difference.what, difference.expected, difference.found) == ("trained", "met", "waived")


def test_a_waiver_that_does_not_count_says_why() -> None:
    """The requirement is unmet because of what is wrong with the waiver, which stands in the test."""
    waiver = "{requirement: trained, by: friend, granted_on: 2026-12-01, until: 2027-02-15, reason: full}"
    lines = ("with: {trainings: none}", f"waivers: [{waiver}]", "expect: eligible", "waived: trained")
    _, difference = differing("mara", "lead/lead", *lines)
    assert difference.what == "trained"
    assert difference.because[-1].startswith("the waiver by friend does not count: ")


def test_a_failing_case_says_for_each_requirement_what_was_expected_and_found() -> None:
    """With the line of the test and the line of the policy, so that nobody has to search."""
    outcome, requirement = differing("mara", "lead/lead", "with: {wish: no}", "expect: eligible")
    assert (outcome.what, outcome.expected, outcome.found) == ("outcome", "eligible", "not_eligible")
    assert (requirement.what, requirement.expected, requirement.found) == ("own-wish", "met", "unmet")
    assert requirement.text == "Has asked for it"
    assert str(requirement.test) == "tests/small.yaml:21"
    assert str(requirement.policy) == "tracks/lead/2026-01-01.yaml:11"
    assert requirement.because == ("“own wish” is yes: unmet, found no",)


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        # listed, but found otherwise
        ([UNWILLING, NO, "unmet: [own-wish, trained]"], [("trained", "unmet", "met")]),
        # found, but not listed
        (
            ["expect: not_eligible", "unmet: own-wish", "with: {wish: no, trainings: none}"],
            [("trained", "not unmet", "unmet")],
        ),
        # nothing says which one: any of them would have had to be
        (
            ["expect: not_eligible"],
            [
                ("outcome", "not_eligible", "eligible"),
                ("route", "one of these unmet", "met"),
                ("own-wish", "one of these unmet", "met"),
                ("trained", "one of these unmet", "met"),
            ],
        ),
        (
            ["expect: needs_information", "with: {wish: no}"],
            [("outcome", "needs_information", "not_eligible"), ("own-wish", "not unmet", "unmet")],
        ),
        ([UNWILLING, NO, "findings: {trained: unmet}"], [("trained", "unmet", "met")]),
        (
            ["expect: needs_information", "without: wish", "missing: [trainings]"],
            [("missing", "trainings", "wish")],
        ),
        (["expect: needs_information", "without: wish", "missing: none"], [("missing", "none", "wish")]),
        (
            ["expect: not_eligible", "with: {wish: no}", "eligible_from: 2027-02-01"],
            [("eligible_from", "2027-02-01", "never")],
        ),
        (
            ["expect: not_eligible", "with: {wish: no}", "open_to_you: none"],
            [("open_to_you", "none", "craft/master")],
        ),
        (["expect: eligible", "afterwards: talk"], [("afterwards", "talk", "mentor, talk")]),
        (["expect: eligible", "afterwards: none"], [("afterwards", "none", "mentor, talk")]),
    ],
)  # fmt: skip
def test_what_came_out_otherwise_is_said_and_nothing_else(
    lines: list[str], wanted: list[tuple[str, str, str]]
) -> None:
    """A difference that is not told is a test that does not test; one too many hides the others."""
    found = differing("mara", "lead/lead", *lines)
    assert [(each.what, each.expected, each.found) for each in found] == wanted


def test_every_difference_points_at_the_line_that_expects_it() -> None:
    """The others may stand far below `expect`."""
    lines = (NO, "unmet: trained", "eligible_from: never", "open_to_you: none", "findings: {route: unmet}")
    places = {each.what: each.test.line for each in differing("mara", "lead/lead", *lines)}
    assert places == {"outcome": 20, "trained": 21, "eligible_from": 22, "open_to_you": 23, "route": 24}


def test_an_advisory_requirement_is_checked_only_where_it_is_named() -> None:
    """It never decides, so it says nothing about the outcome."""
    assert differing("otto", "craft/maker", "expect: eligible") == ()
    (difference,) = differing("otto", "craft/maker", "expect: eligible", "findings: {hours: met}")
    assert (difference.what, difference.found) == ("hours", "unmet")


# ── skips ───────────────────────────────────────────────────────────────────────────────────────────────────

SKIPPED = (
    "cases:\n  - case: a\n    given: mara\n    to: lead/lead\n    expect: not_eligible\n"
    "    skip: {reason: the rule is under review, until: 2027-01-31}\n"
)


def test_a_skip_holds_through_its_last_day_and_is_overdue_after_it() -> None:
    """What is put off without an end is forgotten."""
    assert only(SKIPPED, date(2027, 1, 31)).state == "skipped"
    overdue = only(SKIPPED, date(2027, 2, 1))
    assert overdue.state == "overdue"
    assert overdue.test.skip is not None
    assert "this skip ended on 31 January 2027" in str(overdue.test.skip.overdue)
    assert str(overdue.test.skip.overdue.where) == "tests/small.yaml:21:12"


def test_a_skipped_case_covers_nothing() -> None:
    """It was not run, so it has shown nothing."""
    assert ran(SKIPPED, date(2027, 1, 1)).coverage.seen == set()


def test_a_day_from_which_is_found_by_the_same_search_as_in_a_verdict() -> None:
    """The case below would be told the same day by the service."""
    level = policies().tracks["craft"][0].levels[1]
    assert level.name == "craft/maker"
    lines = ("with: {since: 2026-02-28}", "expect: not_eligible", "eligible_from: 2027-02-28")
    assert differing("otto", "craft/maker", *lines) == ()
