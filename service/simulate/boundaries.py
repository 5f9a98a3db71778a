"""Boundaries: what is asked of a value in; the values just below, at and just above it, out.

A length of time has two more: counted from 29 February, and from the end of a month that is longer than the
one it ends in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from service.facts.calendar import FIRST_DAY, LAST_DAY, Duration, add
from service.facts.totals import minus, plus
from service.facts.types import NOTHING, Choice, Date, FactType, ListOf, Number, Text, YesNo

ONE_DAY = timedelta(days=1)
_LONGEST_MONTH = 31
_EQUAL = frozenset({"is", "is_not", "one_of", "none_of"})


@dataclass(frozen=True, slots=True)
class Boundary:
    """One value that shows where a rule turns."""

    position: str  #: in words: `just below`, `one day short`
    value: Any
    as_of: date | None = None  #: another day on which it has to be judged
    length: Duration | None = None  #: the length of time that is counted from `value` at the end of a month


def around(kind: FactType, op: str, targets: Sequence[Any], as_of: date) -> Iterator[Boundary]:
    """The values at which a comparison turns, with their neighbours."""
    if not targets or any(target is NOTHING or target is None for target in targets):
        return
    match kind:
        case Number():
            yield from _numbers(kind, op, targets)
        case YesNo():
            yield Boundary("yes", True)
            yield Boundary("no", False)
        case Choice(choices=choices):
            yield from _choices(choices, kind.ordered and op not in _EQUAL, targets)
        case Date():
            yield from _days(op, targets, as_of)
        case Text() if op in _EQUAL:
            yield Boundary("as asked", targets[0])
            yield Boundary("something else", "something else")
        case ListOf():
            yield Boundary("all that is asked", tuple(targets))
            if len(targets) > 1:
                yield Boundary("all but one", tuple(targets[1:]))
            yield Boundary("none", ())


def _numbers(kind: Number, op: str, targets: Sequence[Any]) -> Iterator[Boundary]:
    step: int | Decimal = Decimal(1).scaleb(-kind.decimals) if kind.decimals else 1
    for number, target in enumerate(targets):
        end = "" if len(targets) == 1 else f" {target}"
        for word, value in (
            ("just below", minus(target, step)),
            ("exactly", target),
            ("just above", plus(target, step)),
        ):
            below = kind.minimum is not None and value < kind.minimum
            if not below and not (kind.maximum is not None and value > kind.maximum):
                yield Boundary(f"{word}{end}", value)
        if op in _EQUAL or number:
            return


def _choices(choices: Sequence[str], ordered: bool, targets: Sequence[str]) -> Iterator[Boundary]:
    if ordered:
        rank = choices.index(targets[0])
        for word, place in (("just below", rank - 1), ("exactly", rank), ("just above", rank + 1)):
            if 0 <= place < len(choices):
                yield Boundary(word, choices[place])
        return
    for target in targets:
        yield Boundary(str(target), target)
    other = next((choice for choice in choices if choice not in targets), None)
    if other is not None:
        yield Boundary("something else", other)


def _days(op: str, targets: Sequence[Any], as_of: date) -> Iterator[Boundary]:
    if op in ("for_at_least", "within_last"):
        yield from _since(op, targets[0], as_of)
    elif op != "is_known":
        for word, days in (("one day before", -1), ("on the day", 0), ("one day after", 1)):
            value = targets[0] + days * ONE_DAY if FIRST_DAY < targets[0] < LAST_DAY else targets[0]
            yield Boundary(word, value)


def _since(op: str, length: Duration, as_of: date) -> Iterator[Boundary]:
    if op == "for_at_least":
        start = latest_start(length, as_of)
        yield Boundary("one day short", start + ONE_DAY)
        yield Boundary("to the day", start)
        yield Boundary("one day more", start - ONE_DAY)
    else:
        start = _earliest_within(length, as_of)
        yield Boundary("one day too long ago", start - ONE_DAY)
        yield Boundary("on the first day of it", start)
        yield Boundary("one day less long ago", start + ONE_DAY)
    miss = -ONE_DAY if op == "for_at_least" else ONE_DAY
    for name, begins in (
        ("29 February", _leap_day(length, as_of)),
        ("end of month", _month_end(length, as_of)),
    ):
        if begins is not None:
            ends = add(begins, length)
            yield Boundary(f"from {name}, to the day", begins, ends, length)
            yield Boundary(f"from {name}, a day beside it", begins, ends + miss, length)


def latest_start(length: Duration, as_of: date) -> date:
    """The latest day from which a length of time is complete on `as_of`."""
    start = add(as_of, length, -1) + 4 * ONE_DAY  # months end on different days: look back from just after
    while add(start, length) > as_of:
        start -= ONE_DAY
    return start


def _earliest_within(length: Duration, as_of: date) -> date:
    """The earliest day that lies within the last such length of time."""
    start = add(as_of, length, -1) - 4 * ONE_DAY
    while add(start, length) < as_of:
        start += ONE_DAY
    return start


def _leap_day(length: Duration, as_of: date) -> date | None:
    """The first 29 February from which a number of months is complete no sooner than `as_of`."""
    if not length.months:
        return None
    for year in range(as_of.year - length.months // 12 - 5, as_of.year + 9):
        if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
            day = date(year, 2, 29)
            if as_of <= add(day, length):
                return day
    return None


def _month_end(length: Duration, as_of: date) -> date | None:
    """A 31st from which a number of months ends in a shorter month, no sooner than `as_of`."""
    if length.months % 12 == 0:
        return None
    for number in range(24):
        month = as_of.month - 1 + number - length.months
        year, month = as_of.year + month // 12, month % 12 + 1
        if month in (1, 3, 5, 7, 8, 10, 12):
            day = date(year, month, _LONGEST_MONTH)
            if add(day, length) >= as_of and add(day, length).day < _LONGEST_MONTH:
                return day
    return None
