"""What one amount can be: its nature and the tests it must pass or fail in; the values that remain out.

A test of an amount splits its values at a few points, so it is enough to try one value at, just below and
just above each of them. Partly known amounts are tried as ranges, as the engine sees them. Nothing here
knows of facts or files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor
from typing import Any, Final, NamedTuple

from service.facts.calendar import FIRST_DAY, LAST_DAY, Duration, add
from service.facts.types import NOTHING, Choice, Date, FactType, Number, Text, Time, YesNo

MET: Final = "met"
UNMET: Final = "unmet"
UNKNOWN: Final = "unknown"

Want = frozenset[str]  #: the answers that a condition may give
YES: Final[Want] = frozenset({MET})
NO: Final[Want] = frozenset({UNMET})
NOT_YES: Final[Want] = frozenset({UNMET, UNKNOWN})
NOT_NO: Final[Want] = frozenset({MET, UNKNOWN})
OPEN: Final[Want] = frozenset({UNKNOWN})

OPPOSITE: Final = {MET: UNMET, UNMET: MET, UNKNOWN: UNKNOWN}
LENGTHS: Final = ("for_at_least", "within_last")  #: operators that compare a date with `as_of`
#: Operators that compare in an order: whether the value lies below the bound, and may not be the same.
_ORDER: Final = {
    "at_least": (False, False), "on_or_after": (False, False), "more_than": (False, True),
    "after": (False, True), "at_most": (True, False), "on_or_before": (True, False),
    "less_than": (True, True), "before": (True, True),
}  # fmt: skip
_OTHER_TEXT: Final = "\0"  #: a text that no policy names
_MOST_REMEMBERED: Final = 4_096
_BEYOND: Final = Fraction(10**60)  #: more than any policy names, and the same for all that is calculated


class Case(NamedTuple):
    """One way an amount can be: exactly `low`, or not told and somewhere from `low` to `high`."""

    low: Any
    high: Any
    certain: bool = True


class Test(NamedTuple):
    """An operator with the values it compares with, on the scale of the amount."""

    op: str
    right: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Nature:
    """What an amount is, before anything is asked of it."""

    kind: FactType
    plain: bool = True  #: told or not told; otherwise calculated, and perhaps known within bounds only
    silent: bool = True  #: may be not told at all
    nothing: bool = False  #: may be known to be absent
    whole: bool = False  #: a whole number
    lowest: Any = None  #: no value lies below
    most_certain: Any = None  #: what is known for certain is never more
    most: Any = None  #: the value is never more
    values: tuple[Any, ...] | None = None  #: all there are, where these can be counted


@lru_cache(maxsize=_MOST_REMEMBERED)  # the same is asked of many levels
def remaining(nature: Nature, asked: tuple[tuple[Test, Want], ...], day: date) -> tuple[Case, ...]:
    """The ways an amount can be in which every test gives an answer that is wanted; `day` stands for
    `as_of`."""
    tests = [test for test, _ in asked]
    return tuple(
        case
        for case in _cases(nature, tests, day)
        if all(answer(test, case, nature.kind, day) in want for test, want in asked)
    )


def answer(test: Test, case: Case, kind: FactType, day: date) -> str:
    """What a test says of one case."""
    op, right = test
    if op == "is_known":
        return MET if case.certain and case.low is not NOTHING else UNMET
    if op in ("is_not", "none_of"):
        return OPPOSITE[_equal(case, right, kind)]
    if op in ("is", "one_of"):
        return _equal(case, right, kind)
    if case.low is NOTHING:
        return UNMET
    if op in LENGTHS:
        low, high = (None if end is None else add(end, right[0]) for end in case[:2])
        done = _ordered(op == "for_at_least", False, Case(low, high, case.certain), day)
        begun = _ordered(True, False, case, day)
        return done if op == "for_at_least" else _worse(done, begun)
    if op == "between":
        return _worse(
            _ordered(False, False, _ranked(case, kind), _rank(right[0], kind)),
            _ordered(True, False, _ranked(case, kind), _rank(right[1], kind)),
        )
    below, strictly = _ORDER[op]
    return _ordered(below, strictly, _ranked(case, kind), _rank(right[0], kind))


def scaled(value: Any, kind: FactType, day: date) -> Any:
    """A value as it is compared: exact fractions, and lengths of time in days counted from `day`."""
    if isinstance(value, Duration):
        return (add(day, value) - day).days
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and isinstance(kind, Number):
        return Fraction(value)
    return value


def _equal(case: Case, right: tuple[Any, ...], kind: FactType) -> str:
    if case.certain:
        return MET if case.low is not NOTHING and case.low in right else UNMET
    if case.low is None or isinstance(kind, Choice | Text | YesNo):
        return UNKNOWN
    return UNKNOWN if any(case.low <= value <= case.high for value in right) else UNMET


def _ordered(below: bool, strictly: bool, case: Case, bound: Any) -> str:
    low, high = case.low, case.high
    if low is None or high is None:
        return UNKNOWN
    if below:
        met, unmet = (high < bound, low >= bound) if strictly else (high <= bound, low > bound)
    else:
        met, unmet = (low > bound, high <= bound) if strictly else (low >= bound, high < bound)
    return MET if met else UNMET if unmet else UNKNOWN


def _worse(one: str, other: str) -> str:
    return UNMET if UNMET in (one, other) else UNKNOWN if UNKNOWN in (one, other) else MET


def _rank(value: Any, kind: FactType) -> Any:
    return kind.choices.index(value) if isinstance(kind, Choice) and value in kind.choices else value


def _ranked(case: Case, kind: FactType) -> Case:
    if not isinstance(kind, Choice) or case.low is None:
        return case
    return Case(_rank(case.low, kind), _rank(case.high, kind), case.certain)


# ── which cases to try ──────────────────────────────────────────────────────────────────────────────────────


def _cases(nature: Nature, tests: list[Test], day: date) -> Iterator[Case]:
    if nature.nothing:
        yield Case(NOTHING, NOTHING)
    points = _points(nature, tests, day)
    ordered = isinstance(nature.kind, Number | Date | Time)
    capped = [point for point in points if not _above(point, nature.most_certain)]
    yield from (Case(point, point) for point in capped)
    if nature.plain and nature.silent:
        yield Case(points[0], points[-1], False) if ordered else Case(None, None, False)
    elif not nature.plain:
        if nature.silent:
            yield Case(None, None, False)
        pairs = isinstance(nature.kind, Number | Date | Time) or (
            isinstance(nature.kind, Choice) and nature.kind.ordered
        )
        for index, low in enumerate(capped if pairs else ()):
            yield from (Case(low, high, False) for high in points[index:])


def _above(point: Any, most: Any) -> bool:
    return most is not None and bool(point > most)


def _points(nature: Nature, tests: list[Test], day: date) -> list[Any]:
    """One value at, just below and just above each value that a test names, lowest first."""
    kind = nature.kind
    if nature.values is not None:
        values = [scaled(value, kind, day) for value in nature.values]
        return sorted(values, key=lambda value: _rank(value, kind)) if _sortable(kind) else values
    named = [value for test in tests for value in test.right]
    match kind:
        case YesNo():
            return [False, True]
        case Choice(choices=choices):
            return list(choices)
        case Text():
            return [*dict.fromkeys(named), _OTHER_TEXT]
        case Date():
            return _days(tests, day)
        case Time():
            return _numbers(nature, [Fraction(value) for value in named], 0, None, whole=True)
        case Number(minimum=low, maximum=high, decimals=decimals):
            return _numbers(
                nature, [Fraction(value) for value in named], low, high, whole=nature.plain and decimals == 0
            )
        case _:
            return [_OTHER_TEXT]


def _sortable(kind: FactType) -> bool:
    return isinstance(kind, Number | Date | Time | Choice)


def _numbers(nature: Nature, named: list[Fraction], low: Any, high: Any, *, whole: bool) -> list[Fraction]:
    if not nature.plain:
        low = high = None  # the bounds of a fact's type are not those of what is calculated from it
    lows = [Fraction(end) for end in (low, nature.lowest) if end is not None]
    highs = [Fraction(end) for end in (high, nature.most) if end is not None]
    ends = [*lows, *highs, *([Fraction(nature.most_certain)] if nature.most_certain is not None else [])]
    points = set(named) | set(ends) | {Fraction(0)} | (set() if nature.plain else {_BEYOND})
    if whole or nature.whole:
        points = {Fraction(each) for p in points for each in (floor(p) - 1, floor(p), ceil(p), ceil(p) + 1)}
    else:
        line = sorted(points)
        points |= {(one + other) / 2 for one, other in pairwise(line)}
        points |= {line[0] - 1, line[-1] + 1}
    least, most = max(lows, default=None), min(highs, default=None)
    inside = [p for p in points if (least is None or p >= least) and (most is None or p <= most)]
    return sorted(inside) or [least if least is not None else Fraction(0)]


def _days(tests: list[Test], day: date) -> list[Any]:
    named: set[date] = {day}
    for op, right in tests:
        for value in right:
            named.add(add(day, value, -1) if op in LENGTHS else value)
    near = {
        each + timedelta(n) for each in named if date(2, 1, 1) < each < date(9998, 1, 1) for n in range(-3, 4)
    }
    return sorted(near | named | {FIRST_DAY, LAST_DAY, date.max})
