"""From when a level is open if only time passes: the first day, and really that day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.engine.evaluate import PASSED, judge, scope_for
from service.policy.model import Level
from service.verdict.case import Case
from service.verdict.days import eligible_from, met_from
from tests.verdict.small_worlds import HORIZON, LEAVES, PERIODIC, TIMED, case_of, levels, told

LEVELS = levels(st.one_of(TIMED, TIMED, TIMED, PERIODIC, LEAVES))


def _on(case: Case, day: date) -> Any:
    scope = scope_for(case.request, case.selection.level, case.selection.standing, as_of=day)
    return judge(case.selection.level, scope)


def _days(case: Case) -> list[date]:
    return [case.request.as_of + timedelta(days=n) for n in range(1, HORIZON + 1)]


def _met(case: Case) -> dict[str, date]:
    days = {requirement.id: met_from(case, requirement) for requirement in case.failing()}
    return {name: day for name, day in days.items() if day is not None}


@given(LEVELS, told())
def test_eligible_from_is_the_first_day_that_is_eligible(level: Level, facts: dict[str, Any]) -> None:
    """Every day ahead is judged: what is completed and what expires both count."""
    case = case_of(level, facts)
    if case.judgement.outcome == "eligible":
        return
    found = eligible_from(case, _met(case))
    first = next((day for day in _days(case) if _on(case, day).outcome == "eligible"), None)
    if first is not None:
        assert found == first
    else:
        assert found is None or found > _days(case)[-1]
        assert found is None or _on(case, found).outcome == "eligible"


@given(LEVELS, told())
def test_met_from_is_the_first_day_that_passes_the_requirement(level: Level, facts: dict[str, Any]) -> None:
    """The same, for one requirement."""
    case = case_of(level, facts)
    met = _met(case)
    for requirement in case.failing():
        passing = (day for day in _days(case) if dict(_named(_on(case, day)))[requirement.id] in PASSED)
        first = next(passing, None)
        if first is not None:
            assert met[requirement.id] == first
        else:
            assert requirement.id not in met or met[requirement.id] > _days(case)[-1]


def _named(judgement: Any) -> list[tuple[str, str]]:
    return [(requirement.id, result) for requirement, result in judgement.results]
