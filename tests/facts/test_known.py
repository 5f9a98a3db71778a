"""What is known of a value: the law that it is certain exactly when nothing is missing."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from service.facts.calendar import Duration
from service.facts.known import Known, between, exactly, unknown

ends = st.none() | st.integers(-5, 5)
pointers = st.lists(st.sampled_from(["/facts/a", "/facts/b"]), min_size=1)


def test_a_certain_value_lacks_nothing() -> None:
    """Also nothing, no and zero are values."""
    assert [exactly(value).certain for value in (0, False, "", ())] == [True] * 4
    assert exactly(False).value is False


def test_the_same_fact_is_missing_once() -> None:
    """A fact is asked for once, however often it is used; the first use comes first."""
    assert between(1, 2, ["/facts/b", "/facts/a", "/facts/b"]).missing == ("/facts/b", "/facts/a")
    assert unknown(["/facts/a"]) == Known(None, None, ("/facts/a",))


@given(ends, ends, pointers)
def test_a_value_is_certain_only_when_both_ends_are_the_same(
    low: int | None, high: int | None, missing: list[str]
) -> None:
    """Two open ends are the same word, not the same value: nothing is known then."""
    assert between(low, high, missing).certain == (low is not None and low == high)


def test_as_many_days_from_other_days_are_not_the_same_time() -> None:
    """364 days may be twelve months from one day and not from another, so what settles the day stays
    missing."""
    low, high = (Duration(days=364, anchors=(date(2025, 1, 1), date(2025, 2, 1))) for _ in range(2))
    assert not between(low, high, ["/facts/positions/0/from"]).certain
    assert between(low, high, []).certain
