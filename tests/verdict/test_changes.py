"""Advice on what would change a verdict: true, and as small as it can be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from service.policy.model import Level
from service.verdict.changes import what_would_change
from service.verdict.remedy import Remedy
from tests.verdict.small_worlds import (
    AS_OF,
    HORIZON,
    LEAVES,
    TIMED,
    case_of,
    eligible,
    every_change,
    levels,
    told,
)


def _changes(chosen: tuple[tuple[str, Remedy], ...]) -> dict[str, Any]:
    return {remedy.fact: remedy.value for _, remedy in chosen}


@given(levels(), told())
def test_making_the_changes_makes_the_candidate_eligible(level: Level, facts: dict[str, Any]) -> None:
    """Advice that does not help is worse than none."""
    case = case_of(level, facts)
    chosen = what_would_change(case)
    if chosen:
        assert case.judgement.outcome != "eligible"
        assert eligible(case, _changes(chosen))


@given(levels(), told())
def test_there_is_advice_whenever_something_helps_and_no_smaller_change_does(
    level: Level, facts: dict[str, Any]
) -> None:
    """Every way to tell the facts is tried; the advice is as small as the smallest that helps."""
    case = case_of(level, facts)
    if case.judgement.outcome == "eligible":
        assert what_would_change(case) == ()
        return
    helping = [count for count, as_told in every_change(facts) if eligible(case, as_told)]
    chosen = what_would_change(case)
    assert len(chosen) == min(helping, default=0)


@given(levels(), told())
def test_advice_never_touches_what_cannot_change(level: Level, facts: dict[str, Any]) -> None:
    """Nobody can change where they were born or when they started."""
    changed = set(_changes(what_would_change(case_of(level, facts))))
    assert changed.isdisjoint({"born_to_it", "since", "renewed"})


@settings(max_examples=15)  # each tries a hundred candidates on seventy days
@given(levels(st.one_of(TIMED, LEAVES)), told())
def test_waiting_is_a_change_like_any_other(level: Level, facts: dict[str, Any]) -> None:
    """Where waiting and changing together help, the advice says so, and is no larger than it must be."""
    case = case_of(level, facts)
    if case.judgement.outcome == "eligible":
        return
    days = [AS_OF + timedelta(days=n) for n in range(1, HORIZON)]
    helping = [count for count, as_told in every_change(facts) if eligible(case, as_told)]
    waiting = [
        count + 1
        for count, as_told in every_change(facts)
        if any(eligible(case, {**as_told, "as_of": day}) for day in days)
    ]
    chosen = what_would_change(case)
    assert len(chosen) == min(helping + waiting, default=0)
    if chosen:
        assert eligible(case, _changes(chosen))
