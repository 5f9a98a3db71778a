"""Whom a change affects: judged by both policy sets, with what decides."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from service.simulate.impact import deciding_counts, impact
from service.simulate.population import Asked
from service.verdict.judge import Judge
from tests.policy.folders import BASE, LEAD, SHARED, changed, loaded

TODAY = date(2026, 11, 20)
DONE = {"course": "manager-foundations", "completed_on": "2026-05-04"}


def asked(candidate: str, to: str = "lead/team-lead", **facts: Any) -> Asked:
    """A request of somebody who has all that the base folder asks for, unless told otherwise."""
    track, _, level = to.partition("/")
    known = {"rating": "meets", "wish": True, "trainings": [DONE], **facts}
    raw = {
        "candidate": {"id": candidate},
        "from": {"track": "craft", "level": "senior"},
        "to": {"track": track, "level": level},
        "submitted_on": "2026-11-20",
        "as_of": "2027-01-01",
        "facts": {name: value for name, value in known.items() if value is not None},
    }
    return Asked(f"request of {candidate}", raw, TODAY)


@cache
def judges() -> tuple[Judge, Judge]:
    """The base folder, and one that asks for a better rating and no longer for the wish."""
    files = changed(
        (SHARED, "at_least: meets", "at_least: exceeds"),
        (LEAD, "        is: yes\n", "        is_known: yes\n"),
    )
    return Judge(loaded(BASE)), Judge(loaded(files))


PEOPLE = [
    asked("both", rating="exceeds"),
    asked("lowered"),
    asked("raised", rating="exceeds", wish=False),
    asked("neither", rating="below"),
    asked("untold", rating=None),
    asked("other-reasons", rating="meets", wish=False),
    asked("untold-and-unwilling", rating=None, wish=False),
    asked("nowhere", to="lead/chief"),
]


def test_everybody_is_judged_by_both_and_those_who_differ_are_named() -> None:
    """HR wants to know who, before it is in force."""
    found = impact(PEOPLE, *judges(), on=None, done=lambda: None)
    assert found.judged == len(PEOPLE)
    assert [
        (each.candidate, each.old.outcome, each.new.outcome, each.deciding) for each in found.affected
    ] == [
        ("lowered", "eligible", "not_eligible", ("good-standing",)),
        ("raised", "not_eligible", "eligible", ("own-wish",)),
        ("untold-and-unwilling", "not_eligible", "needs_information", ("good-standing",)),
    ]
    assert found.other_reasons == 1
    assert dict(found.outcomes) == {
        ("eligible", "eligible"): 1,
        ("eligible", "not_eligible"): 1,
        ("not_eligible", "eligible"): 1,
        ("not_eligible", "needs_information"): 1,
        ("not_eligible", "not_eligible"): 2,
        ("needs_information", "needs_information"): 1,
        ("refused", "refused"): 1,
    }
    assert deciding_counts(found.affected) == [("good-standing", 2), ("own-wish", 1)]


def test_a_request_that_one_set_refuses_is_told_with_the_reason() -> None:
    """A level that is gone leaves people without an answer, and that is a difference."""
    files = changed((LEAD, "level: team-lead", "level: lead-of-team"))
    found = impact([asked("E-1")], Judge(loaded(BASE)), Judge(loaded(files)), on=None, done=lambda: None)
    (affected,) = found.affected
    assert (affected.old.outcome, affected.new.outcome) == ("eligible", "refused")
    assert affected.new.why.startswith("/to/level: `lead` has no level `team-lead`")


def test_everybody_can_be_judged_as_if_they_asked_on_another_day() -> None:
    """A version that begins later judges nobody who has asked already."""
    files = changed((LEAD, "{from: 2026-01-01}", "{from: 2026-01-01, to: 2027-01-01}"))
    later = BASE[LEAD].replace("{from: 2026-01-01}", "{from: 2027-01-01}")
    files["tracks/lead/2027-01-01.yaml"] = later.replace("is: manager-foundations", "is: manager-basics")
    both = Judge(loaded(BASE)), Judge(loaded(files))
    now = impact([asked("E-1")], *both, on=None, done=lambda: None)
    then = impact([asked("E-1")], *both, on=date(2027, 1, 1), done=lambda: None)
    assert now.affected == ()
    assert now.versions == {"lead/2026-01-01"}
    assert [each.deciding for each in then.affected] == [("manager-training",)]
    assert then.versions == {"lead/2027-01-01"}


def test_every_request_moves_the_bar() -> None:
    """A long population shows that it goes on."""
    seen: list[int] = []
    impact(PEOPLE, *judges(), on=None, done=lambda: seen.append(1))
    assert len(seen) == len(PEOPLE)
