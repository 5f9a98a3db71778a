"""Periods: every day lies in exactly one, and each begins where the calendar says."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.calendar import STILL_RUNNING, Duration, add
from service.facts.known import Known, exactly
from service.facts.periods import begins_after, first_day, first_day_known
from service.facts.types import NOTHING

DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
LENGTHS = st.builds(Duration, months=st.integers(1, 30)) | st.builds(Duration, days=st.integers(1, 800))
TWO_WEEKS, HALF_YEAR, MONTH = Duration(days=14), Duration(months=6), Duration(months=1)
ONE_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "counted_from", "length", "begins", "next_begins"),
    [
        ("2026-11-20", "2026-04-01", HALF_YEAR, "2026-10-01", "2027-04-01"),
        ("2026-10-01", "2026-04-01", HALF_YEAR, "2026-10-01", "2026-10-01"),
        ("2026-09-30", "2027-04-01", HALF_YEAR, "2026-04-01", "2026-10-01"),  # before the day counted from
        ("2026-01-12", "2025-01-12", TWO_WEEKS, "2026-01-11", "2026-01-25"),
        ("2026-02-28", "2025-12-31", MONTH, "2026-02-28", "2026-02-28"),  # the last day of a short month
        ("2026-03-30", "2025-12-31", MONTH, "2026-02-28", "2026-03-31"),  # and the 31st again after it
        ("2025-02-28", "2024-02-29", Duration(months=12), "2025-02-28", "2025-02-28"),
    ],
)
def test_a_period_begins_where_the_calendar_says(
    day: str, counted_from: str, length: Duration, begins: str, next_begins: str
) -> None:
    """Months are counted from the first day, so that the 31st is not lost for good after a February."""
    told = date.fromisoformat(day), date.fromisoformat(counted_from)
    assert first_day(*told, length) == date.fromisoformat(begins)
    assert first_day(*told, length, following=True) == date.fromisoformat(next_begins)


def test_the_author_chooses_where_a_month_begins_that_is_too_short() -> None:
    """As everywhere: on its last day, or on the first of the next."""
    spills = Duration(months=1, spills=True)
    assert first_day(date(2026, 3, 1), date(2025, 12, 31), spills) == date(2026, 3, 1)
    assert first_day(date(2026, 2, 28), date(2025, 12, 31), spills) == date(2026, 1, 31)


@given(DAYS, DAYS, LENGTHS)
def test_every_day_lies_in_one_period(day: date, counted_from: date, length: Duration) -> None:
    """It begins no later than the day, and the next begins after it; all are counted from the same day."""
    begins, follows = first_day(day, counted_from, length), begins_after(day, counted_from, length)
    assert begins <= day < follows
    assert first_day(follows - ONE_DAY, counted_from, length) == begins
    assert first_day(begins, counted_from, length) == begins
    if length.months >= 6:
        assert begins in {add(counted_from, Duration(months=length.months * n)) for n in range(-150, 150)}


@given(DAYS, DAYS, DAYS, LENGTHS, st.booleans())
def test_a_later_day_never_lies_in_an_earlier_period(
    one: date, other: date, counted_from: date, length: Duration, following: bool
) -> None:
    """So that what lies between two days lies between the beginnings of their periods."""
    low, high = sorted((one, other))
    known = first_day_known(
        Known(low, high, () if low == high else ("/a",)), exactly(counted_from), length, following=following
    )
    assert known.low == first_day(low, counted_from, length, following=following)
    assert known.high == first_day(high, counted_from, length, following=following)
    assert known.low <= known.high


def test_what_is_not_known_stays_so() -> None:
    """Without the day from which they are counted, no period is known; of nothing there is none."""
    day, untold = exactly(date(2026, 1, 1)), Known(None, None, ("/facts/hired_on",))
    assert first_day_known(day, untold, MONTH, following=False) == untold
    assert first_day_known(exactly(NOTHING), untold, MONTH, following=True) == exactly(NOTHING)
    assert first_day(STILL_RUNNING, date(2026, 1, 1), MONTH) == STILL_RUNNING
