"""Periods that follow each other without a gap: pay periods, cycles of promotion, years of service.

A day, the day from which the periods are counted, and their length in; the first day of a period out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from service.facts.calendar import STILL_RUNNING, Duration, add
from service.facts.known import Known, between, exactly, unknown
from service.facts.types import NOTHING


def first_day(day: date, counted_from: date, length: Duration, *, following: bool = False) -> date:
    """The first day of the period in which a day lies; `following`: of the first that begins no sooner.

    Months are counted from `counted_from`, so that periods from the 31st begin on the last day of a month.

    >>> half_years = date(2020, 4, 1), Duration(months=6)
    >>> first_day(date(2026, 11, 20), *half_years)
    datetime.date(2026, 10, 1)
    >>> first_day(date(2026, 11, 20), *half_years, following=True)
    datetime.date(2027, 4, 1)
    """
    if day == STILL_RUNNING or counted_from == STILL_RUNNING:
        return STILL_RUNNING
    if length.months:
        number = (12 * (day.year - counted_from.year) + day.month - counted_from.month) // length.months
    else:
        number = (day - counted_from).days // length.days
    while _begin(number, counted_from, length) > day:
        number -= 1
    while _begin(number + 1, counted_from, length) <= day:
        number += 1
    begins = _begin(number, counted_from, length)
    return _begin(number + 1, counted_from, length) if following and begins < day else begins


def _begin(number: int, counted_from: date, length: Duration) -> date:
    return add(counted_from, replace(length, months=number * length.months, days=number * length.days))


def first_day_known(day: Known, counted_from: Known, length: Duration, *, following: bool) -> Known:
    """The same for days that may be known in part; a later day never lies in an earlier period."""
    if NOTHING in (day.low, counted_from.low):
        return exactly(NOTHING)
    missing = (*day.missing, *counted_from.missing)
    if not counted_from.certain:
        return unknown(missing)
    low, high = (
        None if each is None else first_day(each, counted_from.value, length, following=following)
        for each in day[:2]
    )
    return between(low, high, missing)


def begins_after(day: date, counted_from: date, length: Duration) -> date:
    """The first day of the next period."""
    return first_day(day + timedelta(days=1), counted_from, length, following=True)
