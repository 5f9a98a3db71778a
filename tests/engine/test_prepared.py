"""What is prepared when a policy is loaded gives the very answers of the plain evaluators."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import cast

import pytest

from service.engine.compile import compile_level
from service.engine.evaluate import evaluate, judge
from service.engine.prepared import Prepared
from service.engine.reference import truth
from service.engine.scope import Amount, Scope
from service.engine.values import amount
from service.facts.calendar import Duration
from service.facts.types import Date
from service.policy.condition import Comparison, Constant, Expression, FactRef, FieldRef, Group
from service.policy.mentions import conditions_of
from service.policy.trees import walk
from tests.engine.test_differential import Settler, pairs

FIRST = date(2024, 1, 1)
CHUNKS, POLICIES, CANDIDATES = 2, 100, 10


def plain(scope: Scope) -> Scope:
    return Scope(scope.facts, scope.as_of, truth, scope.waivers)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_amount_and_every_condition_is_told_alike(chunk: int) -> None:
    """Low, high and what would settle it: advice, questions and sentences rest on all of them."""
    compared: Counter[str] = Counter()
    first = 10_000 + chunk * POLICIES
    for level, _, told in pairs(range(first, first + POLICIES), CANDIDATES):
        prepared = compile_level(level).prepared
        slowly, fast = plain(told), prepared.scope(told)
        for condition in (each for asked in level.requires for each in conditions_of(asked)):
            assert prepared.truth(condition, fast) == truth(condition, slowly), condition
            for part in walk(condition):
                if isinstance(part, FactRef) or id(part) in slowly.memo:
                    compared[type(part).__name__] += 1
                    expression = cast(Expression, part)
                    assert prepared.amount(expression)(fast, ()) == amount(expression, slowly), part
                elif isinstance(part, Comparison | Group) and id(part) in slowly.truths:
                    compared["condition"] += 1
                    assert prepared.truth(part, fast) == truth(part, slowly), part
    assert min(compared.values()) >= 10
    assert len(compared) >= 12


def test_what_is_prepared_has_no_part_in_confirming(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in what is prepared must be noticed, so the reference may not ask it anything."""
    levels = [(compile_level(level), told) for level, _, told in pairs(range(20), 3)]
    confirmed = [judge(plan.level, plain(told)).results for plan, told in levels]

    def broken(*_: object) -> None:
        raise AssertionError("the reference asked what is prepared")

    for plan, _ in levels:
        for key in plan.prepared.amounts:
            plan.prepared.amounts[key] = cast(Amount, broken)
    monkeypatch.setattr(Prepared, "truth", broken)
    assert [evaluate(plan, Settler(plan.network), told).results for plan, told in levels] == confirmed


def test_days_are_counted_once_for_all_entries() -> None:
    """From which day a length of time still reaches a day is looked up; it must be the same day as by
    counting, at the ends of months above all."""
    day = FieldRef(0, "", Date(), "day")
    for length in (Duration(months=1), Duration(months=6), Duration(months=12, spills=True), Duration(3, 1)):
        for op in ("within_last", "for_at_least"):
            asked = Comparison(day, op, (Constant(length, Date()),))
            test = Prepared().test(asked)
            for month_end in (29, 30, 31, 59, 60, 61, 364, 365, 366):
                as_of = FIRST + timedelta(days=month_end)
                scope = Scope({}, as_of, truth)
                for back in range(-3, 430):
                    frame = (("", as_of - timedelta(days=back)),)
                    assert test(scope, frame) == truth(asked, scope, frame), (length, as_of, back)
