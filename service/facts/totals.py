"""Exact arithmetic over values that may be only partly known: sums, ceilings, extremes, days covered.

Goes in: entries that are already picked, each certain or possible. Comes out: `Known`, whose bounds hold
every result that the missing facts could still bring about. Knows nothing of policies or conditions. Nothing
here divides, and nothing passes through a binary float.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from typing import Any, NamedTuple

from service.facts.calendar import FIRST_DAY, STILL_RUNNING, Duration, add
from service.facts.known import Known, between, exactly, unknown
from service.facts.types import NOTHING

#: Sums and products of the numbers that requests and policies may hold fit exactly; if one ever did not, this
#: raises.
EXACT = Context(prec=2_000, traps=[Inexact, InvalidOperation, Overflow])


def decimal_places(number: int | Decimal) -> int:
    """How many decimal places a number needs; 1.50 needs one."""
    return 0 if isinstance(number, int) else max(0, -int(number.normalize(EXACT).as_tuple().exponent))


class Item(NamedTuple):
    """An entry that counts (`certain`) or may count, with its amount and the groups it belongs to."""

    amount: Known
    certain: bool
    missing: tuple[str, ...]
    once: Known | None = None  #: entries equal in this count once
    each: Known | None = None  #: a ceiling holds for each value of this


class Stretch(NamedTuple):
    """A stretch of time from `start` through `end` that counts (`certain`) or may count."""

    start: Known
    end: Known
    certain: bool
    missing: tuple[str, ...]


# ── one amount with another; None is an open end ────────────────────────────────────────────────────────────


def plus(a: Any, b: Any) -> Any:
    """Numbers, lengths of time, or a date and a length (in either order)."""
    if a is None or b is None:
        return None
    if isinstance(a, Duration):
        return a.plus(b) if isinstance(b, Duration) else add(b, a)
    if isinstance(a, date):
        return add(a, b)
    return a + b if isinstance(a, int) and isinstance(b, int) else EXACT.add(Decimal(a), Decimal(b))


def minus(a: Any, b: Any) -> Any:
    """Numbers, lengths of time, a date less a length, or the days from one date to another."""
    if a is None or b is None:
        return None
    if isinstance(a, Duration):
        return a.plus(b, -1)
    if isinstance(a, date):
        apart = isinstance(b, date)
        return Duration(days=(a - b).days, anchors=(b,)) if apart else add(a, b, -1)
    return a - b if isinstance(a, int) and isinstance(b, int) else EXACT.subtract(Decimal(a), Decimal(b))


def times(a: Any, b: Any) -> Any:
    """Numbers, or a length of time and a number; of a length of time whole months and whole days remain."""
    if isinstance(b, Duration):
        a, b = b, a
    if isinstance(a, Duration):
        months, days = _whole_times(a.months, b), _whole_times(a.days, b)
        return Duration(months, days, anchors=a.anchors, spills=a.spills)
    return a * b if isinstance(a, int) and isinstance(b, int) else EXACT.multiply(Decimal(a), Decimal(b))


def _whole_times(n: int, by: int | Decimal) -> int:
    return n * by if isinstance(by, int) else int(EXACT.multiply(n, by).to_integral_value(ROUND_FLOOR))


def least(values: Sequence[Any]) -> Any:
    """The least of some values; None where months and days cannot be put in an order."""
    if isinstance(values[0], Duration):
        found = (one for one in values if all(_not_longer(one, other) for other in values))
        return _counted_from_any(next(found, None), values)
    return min(values)


def greatest(values: Sequence[Any]) -> Any:
    """The greatest of some values; None where months and days cannot be put in an order."""
    if isinstance(values[0], Duration):
        found = (one for one in values if all(_not_longer(other, one) for other in values))
        return _counted_from_any(next(found, None), values)
    return max(values)


def _counted_from_any(length: Duration | None, values: Sequence[Duration]) -> Duration | None:
    """A length of time that may be counted from the days of any of several."""
    anchors = tuple({anchor for value in values for anchor in value.anchors})
    return length if length is None or not anchors else replace(length, anchors=anchors)


def _not_longer(one: Duration, other: Duration) -> bool:
    return one.months <= other.months and one.days <= other.days


def hull(possible: Sequence[Known], missing: Iterable[str]) -> Known:
    """The range of a value that is one of several; wholly unknown where these differ and have no order."""
    lows, highs = [known.low for known in possible], [known.high for known in possible]
    missing = (*missing, *(pointer for known in possible for pointer in known.missing))
    if NOTHING in lows or any(isinstance(low, str | bool | tuple) for low in lows):
        same = all(known.certain and known.low == lows[0] for known in possible)
        return exactly(lows[0]) if same else unknown(missing)
    low = None if None in lows else least(lows)
    return between(low, None if None in highs else greatest(highs), missing)


# ── over entries ────────────────────────────────────────────────────────────────────────────────────────────


def total(items: Iterable[Item], zero: Any, ceiling: Any) -> Known:
    """The sum of the amounts; of equal `once` the greatest, and no more than `ceiling` for each `each`."""
    held = [item for item in items if item.amount.low is not NOTHING]
    missing = [pointer for item in held for pointer in (*item.missing, *item.amount.missing)]
    missing += [p for item in held for key in (item.once, item.each) if key is not None for p in key.missing]
    if not missing and ceiling is None and type(zero) is int and all(item.certain for item in held):
        return exactly(_certain(held))
    parts = _once(held, zero)
    if ceiling is not None:
        negative = any(_floor(item.amount.low, zero) != zero for item in held)
        parts = _under(ceiling, parts, zero, negative=negative)
    low, high = _sum(parts, zero)
    return between(low, high, missing)


def _certain(held: list[Item]) -> int | Decimal:
    """The sum of numbers when nothing is left open."""
    total: int | Decimal = 0
    once: dict[Any, int | Decimal] = {}
    for item in held:
        if item.once is None:
            total = plus(total, item.amount.low)
        elif item.once.low not in once or item.amount.low > once[item.once.low]:
            once[item.once.low] = item.amount.low
    for most in once.values():
        total = plus(total, most)
    return total


class _Part(NamedTuple):
    """What some entries add: from `low` to `high`, in a group under the ceiling."""

    low: Any
    high: Any
    each: Known | None  #: None: in one group or another


def _once(held: list[Item], zero: Any) -> list[_Part]:
    """What the entries add when those with equal `once` count once."""
    parts: list[_Part] = []
    seen: dict[Any, list[Item]] = {}
    unsettled = False
    for item in held:
        if item.once is not None and item.once.certain:
            seen.setdefault(item.once.value, []).append(item)
        elif item.once is None and item.certain:
            parts.append(_Part(item.amount.low, item.amount.high, item.each))
        else:  # it may not count, or be the same thing as another entry: it adds nothing for certain
            unsettled |= item.once is not None
            parts.append(_Part(_floor(item.amount.low, zero), _ceil(item.amount.high, zero), item.each))
    for same in seen.values():
        low, high = _greatest_once(same, zero)
        if unsettled:  # another entry may turn out to be the same thing, and count in place of these
            parts.append(_Part(low, _ceil(high, zero), None))
        else:
            parts.append(_Part(low, high, _each_of(same)))
    return parts


def _greatest_once(same: list[Item], zero: Any) -> tuple[Any, Any]:
    """What several entries of the same thing add: the greatest of their amounts."""
    highs = [item.amount.high for item in same]
    lows = [item.amount.low for item in same if item.certain and item.amount.low is not None]
    if lows:
        low = greatest(lows)
    elif any(item.certain for item in same):
        low = None
    else:
        floors = [_floor(item.amount.low, zero) for item in same]
        low, highs = None if None in floors else least(floors), [*highs, zero]
    return low, None if None in highs else greatest(highs)


def _each_of(same: list[Item]) -> Known | None:
    """The group of several entries of the same thing: that of the greatest, the first of equals."""
    if all(item.certain and item.amount.certain for item in same):
        most = greatest([item.amount.low for item in same])
        return next((item.each for item in same if item.amount.low == most), None)
    first = same[0].each
    alike = first is not None and first.certain and all(item.each == first for item in same)
    return first if alike else None


def _under(ceiling: Any, parts: list[_Part], zero: Any, *, negative: bool) -> list[_Part]:
    """What the groups add when each of them adds no more than `ceiling`."""
    groups: dict[Any, list[_Part]] = {}
    capped: list[_Part] = []
    for part in parts:
        if part.each is not None and part.each.certain:
            groups.setdefault(part.each.value, []).append(part)
        else:  # in some group, whose ceiling may leave nothing of it; a group below zero has room for more
            high = part.high if negative else _capped(part.high, ceiling)
            capped.append(_Part(_floor(part.low, zero), _ceil(high, zero), None))
    for group in groups.values():
        low, high = _sum(group, zero)
        capped.append(_Part(None if low is None else least([low, ceiling]), _capped(high, ceiling), None))
    return capped


def _sum(parts: Iterable[_Part], zero: Any) -> tuple[Any, Any]:
    low = high = zero
    for part in parts:
        low, high = plus(low, part.low), plus(high, part.high)
    return low, high


def _floor(low: Any, zero: Any) -> Any:
    return None if low is None else least([zero, low])


def _ceil(high: Any, zero: Any) -> Any:
    return None if high is None else greatest([zero, high])


def _capped(high: Any, ceiling: Any) -> Any:
    return ceiling if high is None else least([high, ceiling])


def extreme(items: Iterable[Item], *, greatest: bool, order: Callable[[Any], int] | None = None) -> Known:
    """The greatest or least amount; NOTHING where there is no entry. `order` ranks values that have no
    order."""
    held = [item for item in items if item.amount.low is not NOTHING]
    if not held:
        return exactly(NOTHING)
    missing = tuple(dict.fromkeys(p for item in held for p in (*item.missing, *item.amount.missing)))
    pick = max if greatest else min
    if not missing:
        return exactly(pick((item.amount.low for item in held), key=order))
    certain = [item.amount for item in held if item.certain]
    if not certain or order is not None:
        return unknown(missing)
    if greatest:
        lows = [known.low for known in certain if known.low is not None]
        highs = [item.amount.high for item in held]
        return between(max(lows) if lows else None, None if None in highs else max(highs), missing)
    lows = [item.amount.low for item in held]
    highs = [known.high for known in certain if known.high is not None]
    return between(None if None in lows else min(lows), min(highs) if highs else None, missing)


# ── days ────────────────────────────────────────────────────────────────────────────────────────────────────


def time_covered(
    stretches: Iterable[Stretch], as_of: date, since: Any = None, until: Any = None, breaks: Any = None
) -> Known:
    """Days that the stretches cover, no day twice, through the day before `as_of`.

    From the day `since` and through the day `until`, where these are days; with `breaks`, a length of time,
    only in the last time up to then in which no break is longer.
    """
    first = since if isinstance(since, date) else FIRST_DAY
    last = as_of - timedelta(days=1)
    if isinstance(until, date):
        last = min(last, until)
    certain: list[tuple[date, date]] = []
    possible: list[tuple[date, date]] = []
    starts: list[tuple[date, date]] = []  # the first and the last day on which each may begin
    missing: list[str] = []
    for stretch in stretches:
        start, end = stretch.start, stretch.end
        if start.low is NOTHING:
            continue
        if end.low is NOTHING:
            end = exactly(STILL_RUNNING)
        begins, ends = max(start.low or first, first), min(end.high or last, last)
        if begins > ends:
            continue
        missing += (*stretch.missing, *start.missing, *end.missing)
        possible.append((begins, ends))
        starts.append((begins, min(max(start.high or last, first), last)))
        if stretch.certain and start.high is not None and end.low is not None:
            begins, ends = max(start.high, first), min(end.low, last)
            if begins <= ends:
                certain.append((begins, ends))
    if isinstance(breaks, Duration):
        certain, possible = _unbroken(certain, last, breaks), _unbroken(possible, last, breaks)
    low, high = _days_in(certain), _days_in(possible)
    if not missing:
        return exactly(Duration(days=low, anchors=(min(certain)[0],) if certain else ()))
    anchors = {day for span in starts for day in days_to_count_from(*span)}
    if not certain:
        anchors.add(as_of)  # what covers no day is counted from here
    return between(
        Duration(days=low, anchors=tuple(anchors)), Duration(days=high, anchors=tuple(anchors)), missing
    )


#: Where months begin in all kinds of years: every four alike, but for centuries without a leap day.
ANY_DAY = tuple(
    date(first + year, month, 1)
    for first in (1900, 2000, 2096, 2195)
    for year in range(5)
    for month in range(1, 13)
)
FEW_MONTHS = timedelta(days=700)
FEW_DAYS = 30  #: more days than this to count from stand for any day


def days_to_count_from(low: date, high: date) -> tuple[date, ...]:
    """Days from `low` to `high` that show how short and how long months are, counted from any day between.

    How many days some months have turns only where a month begins.
    """
    if low == high:
        return (low,)
    if high - low > FEW_MONTHS:
        return ANY_DAY
    months = (divmod(n, 12) for n in range(low.year * 12 + low.month, high.year * 12 + high.month))
    return (low, *(date(year, month + 1, 1) for year, month in months), high)


def days_between(longer: Duration, shorter: Duration, anchors: Collection[date]) -> tuple[int, int]:
    """By how many days one length of time exceeds another, at least and at most, counted from these days."""
    months, days = longer.months - shorter.months, longer.days - shorter.days
    if not months:
        return days, days
    if len(anchors) > FEW_DAYS:
        least, most = _days_of(months, longer.spills or shorter.spills)
        return days + least, days + most
    over = [(add(anchor, longer) - add(anchor, shorter)).days for anchor in anchors]
    return min(over), max(over)


@lru_cache(maxsize=2_400)
def _days_of(months: int, spills: bool) -> tuple[int, int]:
    """The fewest and the most days that so many months have, from whatever day they are counted."""
    length = Duration(months=months, spills=spills)
    days = [(add(day, length) - day).days for day in ANY_DAY]
    return min(days), max(days)


def _unbroken(stretches: list[tuple[date, date]], last: date, breaks: Duration) -> list[tuple[date, date]]:
    """The closed stretches from which one gets to `last` over breaks that are no longer than allowed."""
    reached, kept = last + timedelta(days=1), []
    for begins, ends in sorted(stretches, key=lambda stretch: stretch[1], reverse=True):
        if add(ends + timedelta(days=1), breaks) < reached:
            break
        kept.append((begins, ends))
        reached = min(reached, begins)
    return kept


def _days_in(stretches: list[tuple[date, date]]) -> int:
    """The number of days in a union of closed stretches."""
    days, through = 0, date.min
    for begins, ends in sorted(stretches):
        if ends > through:
            days += (ends - begins).days + 1 if begins > through else (ends - through).days
            through = ends
    return days
