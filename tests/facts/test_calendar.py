"""Days and lengths of time, held against dateutil, against counting by hand, and against the days people
argue about."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from service.facts.calendar import (
    FIRST_DAY,
    LAST_DAY,
    STILL_RUNNING,
    Duration,
    add,
    parse_day,
    parse_length,
    spoken,
)

days = st.dates(FIRST_DAY, LAST_DAY)
month_counts = st.integers(-1200, 1200)


@pytest.mark.parametrize(
    ("day", "length", "end"),
    [
        (date(2025, 8, 31), Duration(months=6), date(2026, 2, 28)),
        (date(2023, 8, 31), Duration(months=6), date(2024, 2, 29)),
        (date(2024, 2, 29), Duration(months=24), date(2026, 2, 28)),
        (date(2024, 2, 29), Duration(months=48), date(2028, 2, 29)),
        (date(2096, 2, 29), Duration(months=48), date(2100, 2, 28)),
        (date(2025, 1, 30), Duration(months=1), date(2025, 2, 28)),
        (date(2025, 12, 31), Duration(months=2), date(2026, 2, 28)),
        (date(2025, 1, 13), Duration(days=364), date(2026, 1, 12)),
        (date(2025, 1, 31), Duration(months=1, days=1), date(2025, 3, 1)),
        (date(2025, 6, 15), Duration(), date(2025, 6, 15)),
        (date(2025, 8, 31), Duration(months=6, spills=True), date(2026, 3, 1)),
        (date(2024, 2, 29), Duration(months=12, spills=True), date(2025, 3, 1)),
        (date(2025, 1, 31), Duration(months=1, days=1, spills=True), date(2025, 3, 2)),
    ],
)
def test_a_length_of_time_is_complete_on_this_day(day: date, length: Duration, end: date) -> None:
    """Months keep the day of the month, or end with a month that is too short; then days are counted on."""
    assert add(day, length) == end


@given(days, month_counts)
def test_months_are_those_of_dateutil(day: date, months: int) -> None:
    """A second opinion that many programs rely on."""
    assert add(day, Duration(months=months)) == day + relativedelta(months=months)


@given(days, month_counts)
def test_months_that_spill_differ_only_in_months_that_are_too_short(day: date, months: int) -> None:
    """There they are complete a day after the last one, on the first of the next month."""
    end, spilt = add(day, Duration(months=months)), add(day, Duration(months=months, spills=True))
    assert spilt == (end if end.day == day.day else end + timedelta(days=1))
    assert spilt.day in (day.day, 1)


@given(days, st.integers(0, 200))
def test_months_are_those_of_somebody_turning_pages(day: date, months: int) -> None:
    """Turn the pages of a calendar one by one; where the day is missing on the last page, take its last
    day."""
    page = day.replace(day=1)
    for _ in range(months):
        page = (page + timedelta(days=31)).replace(day=1)
    end = next(page.replace(day=dom) for dom in range(day.day, 0, -1) if _exists(page, dom))
    assert add(day, Duration(months=months)) == end


def _exists(page: date, dom: int) -> bool:
    return (page + timedelta(days=dom - 1)).month == page.month


@given(days, days, month_counts, st.integers(-40_000, 40_000), st.booleans())
def test_who_starts_earlier_is_never_done_later(
    one: date, other: date, months: int, n: int, spills: bool
) -> None:
    """Ranges of days rest on this: a bound on the start bounds the end."""
    length = Duration(months=months, days=n, spills=spills)
    assert add(min(one, other), length) <= add(max(one, other), length)


@given(days, month_counts, st.integers(-1000, 1000), st.booleans())
def test_back_is_the_opposite_of_on(day: date, months: int, n: int, spills: bool) -> None:
    """`minus` in a policy is `plus` of the negative length."""
    back = Duration(-months, -n, spills=spills)
    assert add(day, Duration(months, n, spills=spills), -1) == add(day, back)


def test_what_still_runs_never_ends() -> None:
    """No length of time makes an open end a real day."""
    assert add(STILL_RUNNING, Duration(days=1), -1) == STILL_RUNNING


@pytest.mark.parametrize("months", [10**6, 10**30])
@pytest.mark.parametrize("sign", [1, -1])
def test_beyond_the_years_that_have_dates_is_as_far_as_days_go(months: int, sign: int) -> None:
    """A sum of many long times is far away, not an error in the middle of a verdict."""
    far = date.max if sign > 0 else date.min
    assert add(date(2026, 1, 1), Duration(months=months), sign) == far
    assert add(date(2026, 1, 1), Duration(days=months * 31), sign) == far


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30", "2025-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "20260101", "2026-W01-1",
        "01.02.2026", "2026-01-01T00:00:00", " 2026-01-01", "2026-01-01\n",
        "\u0662\u0660\u0662\u0666-01-01", "1899-12-31", "2200-01-01", "9999-12-31", "",
    ],
)  # fmt: skip
def test_a_text_that_names_no_day(text: str) -> None:
    """Only YYYY-MM-DD of a day that exists and lies in range; everything else is refused, never guessed."""
    assert parse_day(text) is None


@given(days)
def test_every_day_in_range_is_read_back(day: date) -> None:
    """ISO days are the one form; what is written is what is read."""
    assert parse_day(day.isoformat()) == day


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("12 months", Duration(months=12)),
        ("1 month", Duration(months=1)),
        ("52 weeks", Duration(days=364)),
        ("2 years", Duration(months=24)),
        ("90 days", Duration(days=90)),
        ("0 days", Duration()),
        ("100 years", Duration(months=1200)),
        ("101 years", None),
        ("1201 months", None),
        ("36601 days", None),
        ("99999 weeks", None),
        ("12  months", None),
        ("12 Months", None),
        ("1.5 years", None),
        ("-1 days", None),
        ("12", None),
        ("months", None),
        ("\u0661\u0662 months", None),
    ],
)
def test_a_length_of_time_is_read(text: str, length: Duration | None) -> None:
    """A whole number and a unit, up to a hundred years; its own words are kept for sentences."""
    found = parse_length(text)
    assert found == length
    assert found is None or str(found) == text


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (Duration(months=1), "1 month"),
        (Duration(months=13, days=1), "13 months and 1 day"),
        (Duration(days=364), "364 days"),
        (Duration(), "0 days"),
    ],
)
def test_a_calculated_length_says_itself(length: Duration, words: str) -> None:
    """Nobody wrote it, so it has no words of its own; it must still be readable."""
    assert str(length) == words


def test_how_a_length_was_written_and_from_when_it_counts_do_not_make_it_another() -> None:
    """`12 months` and `1 year` are the same requirement."""
    assert parse_length("12 months") == parse_length("1 year") == Duration(12, anchors=(FIRST_DAY,))


def test_lengths_are_added_part_by_part() -> None:
    """A month has no fixed number of days, so months and days stay apart; both first days are remembered."""
    one, other = Duration(1, 2, anchors=(date(2025, 1, 1),)), Duration(3, 40, anchors=(date(2024, 1, 1),))
    total = one.plus(other)
    assert (total, total.anchors) == (Duration(4, 42), (date(2025, 1, 1), date(2024, 1, 1)))
    assert one.plus(other, -1) == Duration(-2, -38)


def test_a_day_is_said_as_people_say_it() -> None:
    """Verdicts are read by candidates."""
    assert spoken(date(2027, 3, 1)) == "1 March 2027"
    assert spoken(STILL_RUNNING) == "still running"
