"""Shortfall: how much is missing, counted in the unit in which one would make it up."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.engine.network import MET, UNMET
from service.engine.reference import truth
from service.engine.scope import Scope
from service.engine.values import amount
from service.facts.calendar import STILL_RUNNING, Duration, parse_length
from service.facts.types import NOTHING, Choice, Date, FactType, Number, Records, Text, Time
from service.policy.condition import Arithmetic, Comparison, Constant, Count, Entries, FactRef
from service.verdict.shortfall import shortfall_of

AS_OF = date(2027, 1, 1)
POINTS, WHOLE, DAY = Number(unit="points"), Number(), Date()


def _told(type_: FactType, op: Any, value: Any, *right: Any) -> dict[str, Any] | None:
    """The shortfall of one fact."""
    kind = Time() if right and isinstance(right[0], Duration) else type_
    constants = tuple(Constant(each, kind) for each in right)
    return _of(Comparison(FactRef("fact", type_, "fact"), op, constants), {"fact": value})


def _of(comparison: Comparison, facts: dict[str, Any]) -> dict[str, Any] | None:
    scope = Scope(facts=facts, as_of=AS_OF, truth=truth)
    assert truth(comparison, scope)[0] == UNMET
    shortfall = shortfall_of(comparison)
    return None if shortfall is None else shortfall(amount(comparison.left, scope), scope)


@pytest.mark.parametrize(
    ("type_", "op", "value", "right", "short", "unit"),
    [
        (POINTS, "at_least", 60, (70,), 10, "points"),
        (POINTS, "at_least", Decimal("69.5"), (70,), "0.5", "points"),
        (WHOLE, "at_most", 12, (10,), 2, None),
        (POINTS, "more_than", 70, (70,), 0, "points"),
        (POINTS, "between", 60, (70, 80), 10, "points"),
        (POINTS, "between", 85, (70, 80), 5, "points"),
        (DAY, "on_or_after", date(2026, 12, 30), (AS_OF,), 2, "days"),
        (DAY, "after", AS_OF, (AS_OF,), 1, "days"),
        (DAY, "on_or_before", date(2027, 2, 1), (AS_OF,), 31, "days"),
        (DAY, "before", AS_OF, (AS_OF,), 1, "days"),
        (DAY, "for_at_least", date(2026, 2, 1), (parse_length("12 months"),), 31, "days"),
        (DAY, "within_last", date(2024, 12, 31), (parse_length("24 months"),), 1, "days"),
        (DAY, "within_last", date(2027, 1, 4), (parse_length("24 months"),), 3, "days"),
    ],
)
def test_the_shortfall_is_what_has_to_be_made_up(
    type_: FactType, op: Any, value: Any, right: tuple[Any, ...], short: int | str, unit: str | None
) -> None:
    """Up to the limit where the limit counts, one whole step beyond it where it does not."""
    assert _told(type_, op, value, *right) == {"value": short, "unit": unit}


@pytest.mark.parametrize(
    ("type_", "op", "value", "right"),
    [
        (Text(), "is", "a", ("b",)),
        (POINTS, "is", 3, (4,)),
        (Choice(("low", "high"), ordered=True), "at_least", "low", ("high",)),
        (DAY, "on_or_before", STILL_RUNNING, (AS_OF,)),
        (DAY, "for_at_least", NOTHING, (parse_length("12 months"),)),
        (POINTS, "at_least", NOTHING, (4,)),
    ],
)
def test_where_nothing_can_be_counted_there_is_no_shortfall(
    type_: FactType, op: Any, value: Any, right: tuple[Any, ...]
) -> None:
    """`3000 years too late` or `one rating short` would be nonsense."""
    assert _told(type_, op, value, *right) is None


def test_entries_are_counted_as_entries() -> None:
    """One entry short, not `1` of nobody knows what; with `once_per` it is not entries that are counted."""
    records = FactRef("fact", Records({}), "trainings")
    count = Count(Entries(records, 0))
    two = (Constant(2, Number()),)
    assert _of(Comparison(count, "at_least", two), {"fact": ({},)}) == {"value": 1, "unit": "entries"}
    assert _of(Comparison(count, "more_than", two), {"fact": ({},)}) == {"value": 2, "unit": "entries"}
    once = Count(Entries(records, 0), once_per=Constant("same", Text()))
    assert _of(Comparison(once, "at_least", two), {"fact": ({}, {})}) == {"value": 1, "unit": None}


def test_a_length_of_time_is_short_by_days() -> None:
    """Months have no fixed length, days have."""
    apart = Arithmetic("minus", FactRef("as_of", DAY, "as of"), FactRef("fact", DAY, "start"))
    comparison = Comparison(apart, "at_least", (Constant(parse_length("90 days") or Duration(), Time()),))
    facts = {"fact": date(2026, 11, 1), "as_of": AS_OF}
    assert _of(comparison, facts) == {"value": 29, "unit": "days"}


def test_of_what_is_partly_known_the_shortfall_at_best_is_told() -> None:
    """One entry may or may not count: at least two are missing, perhaps three."""
    records = FactRef("fact", Records({}), "trainings")
    perhaps = Comparison(FactRef("unknown", Text(), "site"), "is", (Constant("here", Text()),))
    comparison = Comparison(Count(Entries(records, 0, perhaps)), "at_least", (Constant(3, Number()),))
    assert _of(comparison, {"fact": ({},)}) == {"value": None, "at_least": 2, "unit": "entries"}


@given(
    st.sampled_from(["at_least", "more_than", "at_most", "less_than"]),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_making_up_the_shortfall_of_a_count_is_enough_and_less_is_not(
    op: Any, value: int, limit: int
) -> None:
    """The number is a promise: so many more (or fewer), and it is met."""
    entries = Entries(FactRef("fact", Records({}), "trainings"), 0)
    comparison = Comparison(Count(entries), op, (Constant(limit, Number()),))

    def met(n: int) -> bool:
        scope = Scope(facts={"fact": ({},) * n}, as_of=AS_OF, truth=truth)
        return truth(comparison, scope)[0] == MET

    assume(not met(value))
    told = _of(comparison, {"fact": ({},) * value})
    assert told is not None
    step = 1 if op in ("at_least", "more_than") else -1
    assume(value + step * told["value"] >= 0)
    assert met(value + step * told["value"])
    assert not met(value + step * (told["value"] - 1))


@given(
    st.sampled_from(["for_at_least", "within_last"]),
    st.integers(-900, 400),
    st.sampled_from(["12 months", "52 weeks", "1 month", "90 days"]),
)
def test_waiting_out_the_shortfall_is_enough(op: Any, days: int, length: str) -> None:
    """Result and shortfall come from one calendar, so that the day they promise is the day it turns."""
    start = AS_OF + timedelta(days=days)
    right = (Constant(parse_length(length) or Duration(), Time()),)
    comparison = Comparison(FactRef("fact", DAY, "start"), op, right)

    def met(day: date) -> bool:
        return truth(comparison, Scope(facts={"fact": start}, as_of=day, truth=truth))[0] == MET

    assume(not met(AS_OF))
    told = _of(comparison, {"fact": start})
    assert told is not None
    lapsed = op == "within_last" and days < 0
    turning = AS_OF + timedelta(days=-told["value"] if lapsed else told["value"])
    assert met(turning)
    assert not met(turning + timedelta(days=1 if lapsed else -1))
