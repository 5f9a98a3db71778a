"""Decisions as they are read: everything that is wrong at once, and a reason where one departs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from service.engine.evaluate import Outcome
from service.errors import RequestError
from service.verdict.decisions import departs, read_answer, read_decision, read_objection

A_DAY = "a day as YYYY-MM-DD that exists, from 1900-01-01 to 2199-12-31"
TODAY = date(2026, 11, 24)
BY = {"id": "M-77", "role": "people-director"}


def faults(read: Any, *args: Any, **more: Any) -> dict[str, str]:
    with pytest.raises(RequestError) as refused:
        read(*args, **more)
    return {fault.pointer: fault.message for fault in refused.value.faults}


@pytest.mark.parametrize(
    ("ruling", "outcome", "reason", "wrong"),
    [
        ("approved", "eligible", None, None),
        ("declined", "not_eligible", None, None),
        ("declined", "needs_information", None, None),
        ("declined", "eligible", "No place is open.", None),
        ("declined", "eligible", None, "/reason"),
        ("overridden", "not_eligible", "She led the team for a year.", None),
        ("overridden", "not_eligible", None, "/reason"),
        ("overridden", "needs_information", None, "/reason"),
        ("approved", "not_eligible", "Anyway.", "/decision"),
        ("approved", "needs_information", None, "/decision"),
        ("overridden", "eligible", "Anyway.", "/decision"),
    ],
)
def test_a_decision_that_departs_from_the_verdict_says_why(
    ruling: str, outcome: Outcome, reason: str | None, wrong: str | None
) -> None:
    """Whoever departs from what was advised owes the candidate and the auditor a reason."""
    raw = {"decision": ruling, "by": BY, "reason": reason}
    if wrong is None:
        decision = read_decision(raw, outcome, today=TODAY)
        assert (decision.ruling, decision.reason, decision.decided_on) == (ruling, reason, TODAY)
    else:
        assert list(faults(read_decision, raw, outcome, today=TODAY)) == [wrong]


@pytest.mark.parametrize(
    ("ruling", "outcome", "departing"),
    [
        ("approved", "eligible", False),
        ("declined", "eligible", True),
        ("declined", "not_eligible", False),
        ("overridden", "not_eligible", True),
        ("declined", "needs_information", False),
        ("overridden", "needs_information", True),
    ],
)
def test_what_departs(ruling: Any, outcome: Outcome, departing: bool) -> None:
    """Promoted where the verdict is not eligible, or not promoted where it is."""
    assert departs(ruling, outcome) is departing


def test_everything_wrong_with_a_decision_is_told_at_once() -> None:
    """It is mended in one go."""
    raw = {"decision": "aproved", "by": {"id": 7}, "decided_on": "24.11.2026", "why": "x", "reason": " "}
    assert faults(read_decision, raw, "eligible", today=TODAY) == {
        "/decision": "expected one of `approved`, `declined`, `overridden`, but another text came",
        "/by/id": "expected a text, but a number came",
        "/by/role": "`role` is missing; send it",
        "/decided_on": f"expected {A_DAY}, but another text came",
        "/reason": "expected a text of 1 to 4000 characters, but another text came",
        "/why": "this name is not part of a decision",
    }


def test_nobody_decides_on_a_day_that_has_begun_nowhere() -> None:
    """A decision is recorded after it was made."""
    raw = {"decision": "approved", "by": BY, "decided_on": "2026-11-26"}
    assert list(faults(read_decision, raw, "eligible", today=TODAY)) == ["/decided_on"]


@pytest.mark.parametrize("raw", [None, [], "approved", 7])
def test_a_decision_is_an_object(raw: Any) -> None:
    """Anything else is told so, not guessed at."""
    assert faults(read_decision, raw, "eligible", today=TODAY)[""].startswith("expected an object")


def test_objections_and_answers_are_read_as_strictly() -> None:
    """They are kept as long as the verdict."""
    assert read_objection({"by": BY, "text": "I was trained.\nSee the file."}).text.endswith("file.")
    assert set(faults(read_objection, {"text": "\x00"})) == {"/by", "/text"}
    answer = read_answer({"by": BY, "reply": "upheld", "text": "You were."})
    assert (answer.reply, answer.verdict) == ("upheld", None)
    assert set(faults(read_answer, {"by": BY, "reply": "yes", "text": 3, "verdict": 4})) == {
        "/reply",
        "/text",
        "/verdict",
    }


def test_it_may_be_the_next_day_already_where_somebody_decides() -> None:
    """Monday morning in Sydney is Sunday in UTC, and that Monday is the day of the decision."""
    raw = {"decision": "approved", "by": BY, "decided_on": (TODAY + timedelta(days=1)).isoformat()}
    assert read_decision(raw, "eligible", today=TODAY).decided_on == TODAY + timedelta(days=1)
