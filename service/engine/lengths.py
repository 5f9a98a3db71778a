"""Lengths of time that may be only partly known: how they compare, and how many whole units they hold.

Months have no fixed number of days, so they are counted from a day: the first of the time they are compared
with, or `as_of` where there is none.
"""

from __future__ import annotations

from datetime import date

from service.facts import totals
from service.facts.calendar import Duration, add
from service.facts.known import Known, between, unknown


def days_over(left: Known, right: Known, as_of: date) -> tuple[int | None, int | None]:
    """By how many days one length of time exceeds another: the least and the most; None is an open end.

    Months are counted from the first day of the time they are compared with, or from `as_of` where there is
    none.
    """
    anchors = {
        anchor for known in (left, right) for end in known[:2] if end is not None for anchor in end.anchors
    }
    if left.certain and right.certain and anchors:
        anchors = {min(anchors)}
    low = high = None
    if left.low is not None and right.high is not None:
        low = totals.days_between(left.low, right.high, anchors or {as_of})[0]
    if left.high is not None and right.low is not None:
        high = totals.days_between(left.high, right.low, anchors or {as_of})[1]
    return low, high


def whole_units(length: Known, unit: Duration, as_of: date) -> Known:
    """How many whole units a length of time holds; none of one that runs backwards.

    A length of which nothing is known may turn out to be nothing at all, and then no number is known either.
    """
    if length.low is None:
        return unknown(length.missing)
    anchors = {anchor for end in length[:2] if end is not None for anchor in end.anchors}
    if length.certain and anchors:
        anchors = {min(anchors)}
    days = anchors or {as_of}
    low = min(_units(day, add(day, length.low), unit) for day in days)
    high = None if length.high is None else max(_units(day, add(day, length.high), unit) for day in days)
    return between(low, high, length.missing)


def _units(start: date, end: date, unit: Duration) -> int:
    """The greatest number of units after `start` that are complete on `end`."""
    least = 28 * unit.months + unit.days  # no unit is shorter
    n = max(0, (end - start).days // least)
    while n > 0 and add(start, totals.times(unit, n)) > end:
        n -= 1
    return n
