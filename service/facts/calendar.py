"""Days and lengths of time: the one place that knows what "12 months" means.

Dates are ISO days without time or zone. N weeks from D end on D + 7N days. N months from D end on the same
day number N months later, or on that month's last day when it is too short (31 August + 6 months = 28
February); a policy may choose the next day instead (1 March). Nothing here reads a clock.
"""

from __future__ import annotations

import re
from calendar import isleap
from dataclasses import dataclass, field
from datetime import date, timedelta

#: What callers and policies may name, so that adding any allowed length of time stays a real day.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
#: The end of something still running: later than every day that can be named.
STILL_RUNNING = date.max
LONGEST_YEARS = 100

_LENGTH = re.compile(r"(\d{1,5}) (day|week|month|year)s?", re.ASCII)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  #: of the months of a year that is no leap year
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_UNITS = {"day": (0, 1), "week": (0, 7), "month": (1, 0), "year": (12, 0)}


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: whole months and, separately, whole days, because a month has no fixed number of
    days."""

    months: int = 0
    days: int = 0
    words: str = field(default="", compare=False)  #: as the author wrote it: `52 weeks`
    anchors: tuple[date, ...] = field(
        default=(), compare=False, repr=False
    )  #: days it may be counted from, if any
    spills: bool = False  #: in a month too short, it is complete on the first day of the next one

    def __str__(self) -> str:
        if self.words:
            return self.words
        parts = [_counted(n, unit) for n, unit in ((self.months, "month"), (self.days, "day")) if n]
        return " and ".join(parts) or "0 days"

    def plus(self, other: Duration, sign: int = 1) -> Duration:
        months, days = self.months + sign * other.months, self.days + sign * other.days
        spills = self.spills or other.spills
        return Duration(months, days, anchors=self.anchors + other.anchors, spills=spills)


def _counted(n: int, unit: str) -> str:
    return f"{n} {unit}" if n == 1 else f"{n} {unit}s"


def add(day: date, length: Duration, sign: int = 1) -> date:
    """The day on which `length` from `day` is complete (`sign` -1: the day it counts back to).

    >>> add(date(2025, 8, 31), Duration(months=6))
    datetime.date(2026, 2, 28)
    >>> add(date(2025, 1, 13), Duration(days=364))
    datetime.date(2026, 1, 12)
    >>> add(date(2025, 8, 31), Duration(months=6, spills=True))
    datetime.date(2026, 3, 1)
    """
    if day == STILL_RUNNING:
        return day
    months, days = sign * length.months, sign * length.days
    if months:
        year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
        if not date.min.year <= year <= date.max.year:
            return _as_far_as_days_go(months)
        last = 29 if month == 1 and isleap(year) else _DAYS[month]
        spilt = length.spills and day.day > last
        day = date(year, month + 1, min(day.day, last))
        days += spilt
    if days:
        try:
            return day + timedelta(days=days)
        except OverflowError:
            return _as_far_as_days_go(days)
    return day


def _as_far_as_days_go(direction: int) -> date:
    """Beyond the years that have dates."""
    return date.max if direction > 0 else date.min


def parse_day(text: str) -> date | None:
    """The day an ISO text names, or None when it names none (2026-02-30) or one that is out of range."""
    if not (len(text) == 10 and text[4] == text[7] == "-" and text.isascii()):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def parse_length(text: str) -> Duration | None:
    """The length of time a text names (`12 months`, `52 weeks`, `1 year`, `90 days`), or None.

    >>> parse_length("2 years").months, parse_length("52 weeks").days
    (24, 364)
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        return None
    n, (months, days) = int(match[1]), _UNITS[match[2]]
    if n * months > LONGEST_YEARS * 12 or n * days > LONGEST_YEARS * 366:
        return None
    return Duration(n * months, n * days, text)


def spoken(day: date) -> str:
    """A day as one says it: `1 March 2027`."""
    return "still running" if day == STILL_RUNNING else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
