"""Measures: one comparison in; the exact whole numbers that durable-rules compares, out.

A leaf asks whether a measure lies inside an interval. Numbers enter in half steps of the last decimal place
that the policy names (2n on a step, 2n + 1 between two), so that every decimal keeps its order against every
bound. Dates enter as day numbers, choices as their rank, texts as their place among the literals of the
comparison. Where the bound is itself an amount, the difference is compared with 0. What is only partly known
enters as its lowest and highest value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from service.engine.lengths import days_over
from service.engine.network import Measure, Within
from service.engine.scope import Amount, Frame, Scope
from service.facts.calendar import add
from service.facts.known import Known
from service.facts.totals import EXACT, decimal_places, minus
from service.facts.types import NOTHING, Choice, Date, Number, Time, YesNo
from service.policy.condition import (
    Arithmetic,
    Comparison,
    Constant,
    Derived,
    Expression,
    FactRef,
    FiscalQuarter,
    YearOf,
    type_of,
)

#: Beyond this a measure is as good as infinite; every bound lies strictly inside.
FAR = 2**53


@dataclass(frozen=True, slots=True)
class Leaf:
    """One test for durable-rules. `negated`: the comparison holds exactly when the test does not."""

    within: Within
    measure: Callable[[Scope, Frame], Measure]
    negated: bool = False


def leaf_of(comparison: Comparison, amounts: Callable[[Expression], Amount]) -> Leaf:
    """The leaf that decides a comparison (any but a `between` whose bounds must be split, see `splits`).

    Args:
        comparison: What is asked.
        amounts: What works out an amount.
    """
    left, op, right = comparison.left, comparison.op, comparison.right
    one, others = amounts(left), [amounts(expression) for expression in right]
    if op == "is_known":
        return Leaf(Within(1, None), lambda scope, frame: _known(one(scope, frame)))
    if op in ("is", "is_not", "one_of", "none_of"):
        return _equality(left, right, one, others, negated=op in ("is_not", "none_of"))
    if op in ("includes", "includes_all", "includes_any"):
        wanted = 1 if op == "includes_any" else len(right)
        ranged = not all(isinstance(expression, Constant) for expression in right)
        return Leaf(
            Within(wanted, None, ranged),
            lambda scope, frame: _found(one(scope, frame), [other(scope, frame) for other in others]),
        )
    if op in ("for_at_least", "within_last"):
        days, other = _days_since_complete if op == "for_at_least" else _days_left, others[0]
        return Leaf(
            Within(0, None, _partial(left, *right)),
            lambda scope, frame: days(one(scope, frame), other(scope, frame), scope.as_of),
        )
    return _ordering(left, op, right, one, others)


def splits(comparison: Comparison) -> bool:
    """Whether a `between` must be decided as two comparisons, because its bounds are not fixed numbers."""
    if comparison.op != "between":
        return False
    scaled = _scaled(comparison.left, comparison.right)[0]
    return any(bound is None or abs(bound) >= FAR - 1 for bound in scaled)


# ── order ───────────────────────────────────────────────────────────────────────────────────────────────────


def _ordering(
    left: Expression, op: str, right: tuple[Expression, ...], one: Amount, others: list[Amount]
) -> Leaf:
    kind = type_of(left)
    ranged = _partial(left, *right)
    scaled, places = _scaled(left, right)
    if any(bound is None or abs(bound) >= FAR - 1 for bound in scaled):
        if len(right) != 1:
            raise ValueError(f"a `{op}` with bounds that are not fixed must be split first")
        low, high = _interval(op, [0])
        other, outside = others[0], _outside(low, high)
        if isinstance(kind, Time):
            return Leaf(
                Within(low, high, ranged),
                lambda scope, frame: _time_difference(
                    one(scope, frame), other(scope, frame), outside, scope.as_of
                ),
            )
        rank = kind.choices.index if isinstance(kind, Choice) else None
        return Leaf(
            Within(low, high, ranged),
            lambda scope, frame: _difference(one(scope, frame), other(scope, frame), rank, outside),
        )
    low, high = _interval(op, [bound for bound in scaled if bound is not None])
    outside = _outside(low, high)
    number = _numbering(kind, places)

    def measure(scope: Scope, frame: Frame) -> Measure:
        return _numbered(one(scope, frame), number, outside)

    return Leaf(Within(low, high, ranged), measure)


def _interval(op: str, bounds: list[int]) -> tuple[int | None, int | None]:
    bound = bounds[0]
    match op:
        case "at_least" | "on_or_after":
            return bound, None
        case "more_than" | "after":
            return bound + 1, None
        case "at_most" | "on_or_before":
            return None, bound
        case "less_than" | "before":
            return None, bound - 1
        case "between":
            return bounds[0], bounds[1]
        case _:
            raise ValueError(op)


def _outside(low: int | None, high: int | None) -> int:
    """A measure that is surely not inside: what NOTHING measures."""
    return low - 1 if low is not None else (high or 0) + 1


def _scaled(left: Expression, right: tuple[Expression, ...]) -> tuple[list[int | None], int]:
    """Fixed bounds in half steps, None for those that are not fixed; and the decimal places of a step."""
    bounds = [_bound(left, expression) for expression in right]
    places = max((bound[1] for bound in bounds if bound), default=0)
    return [None if bound is None else _position(bound[0], places) for bound in bounds], places


def _bound(left: Expression, right: Expression) -> tuple[Any, int] | None:
    """A fixed bound as a number, with its decimal places; None where it is not fixed."""
    if not isinstance(right, Constant) or right.value is NOTHING:
        return None
    kind, value = type_of(left), right.value
    if isinstance(kind, Date) and isinstance(value, date):
        return value.toordinal(), 0
    if isinstance(kind, Choice) and value in kind.choices:
        return kind.choices.index(str(value)), 0
    if isinstance(kind, Number) and isinstance(value, int | Decimal):
        return value, decimal_places(value)
    return None


def _position(value: int | Decimal, places: int) -> int:
    """Half steps of the last decimal place: exact on a step, odd between two; no further than FAR."""
    if isinstance(value, int):
        steps = 2 * value * int(10**places)
    else:
        scaled = EXACT.scaleb(value, places)
        whole = int(scaled.to_integral_value(ROUND_FLOOR))
        steps = 2 * whole + (scaled != whole)
    return max(-FAR, min(FAR, steps))


def _numbering(kind: Any, places: int) -> Callable[[Any], int]:
    if isinstance(kind, Date):
        return lambda day: 2 * int(day.toordinal())
    if isinstance(kind, Choice):
        ranks = {choice: 2 * rank for rank, choice in enumerate(kind.choices)}
        return ranks.__getitem__
    if isinstance(kind, YesNo):
        return lambda answer: 2 * int(answer)
    return lambda value: _position(value, places)


def _numbered(known: Known, number: Callable[[Any], int], outside: int) -> Measure:
    low, high = known.low, known.high
    if low is NOTHING:
        return outside, outside
    if low is None and high is None:
        return None
    if low is high:
        at = number(low)
        return at, at
    return (-FAR if low is None else number(low)), (FAR if high is None else number(high))


def _difference(one: Known, other: Known, rank: Callable[[Any], int] | None, outside: int) -> Measure:
    if one.low is NOTHING or other.low is NOTHING:
        return outside, outside
    low, high = _less(one.low, other.high, rank), _less(one.high, other.low, rank)
    return _open(low, high)


def _less(a: Any, b: Any, rank: Callable[[Any], int] | None) -> int | None:
    if a is None or b is None:
        return None
    if rank is not None:
        return 2 * (rank(a) - rank(b))
    if isinstance(a, date):
        return 2 * int(a.toordinal() - b.toordinal())
    return _position(minus(a, b), 0)


def _open(low: int | None, high: int | None) -> Measure:
    if low is None and high is None:
        return None
    return (-FAR if low is None else max(-FAR, low)), (FAR if high is None else min(FAR, high))


def _time_difference(one: Known, other: Known, outside: int, as_of: date) -> Measure:
    if one.low is NOTHING or other.low is NOTHING:
        return outside, outside
    low, high = days_over(one, other, as_of)
    return _open(None if low is None else 2 * low, None if high is None else 2 * high)


# ── days ────────────────────────────────────────────────────────────────────────────────────────────────────


def _days_since_complete(start: Known, length: Known, as_of: date) -> Measure:
    """Days from the day on which the length of time was complete to `as_of`."""
    if start.low is NOTHING or length.low is NOTHING:
        return -1, -1
    today = as_of.toordinal()
    soonest = None if start.low is None or length.low is None else add(start.low, length.low).toordinal()
    last = None if start.high is None or length.high is None else add(start.high, length.high).toordinal()
    return _open(None if last is None else today - last, None if soonest is None else today - soonest)


def _days_left(opened: Known, length: Known, as_of: date) -> Measure:
    """Days from `as_of` to the last day of a window that opens on a day; -1 while that day lies ahead."""
    if opened.low is NOTHING or length.low is NOTHING:
        return -1, -1
    today = as_of.toordinal()
    ahead = opened.low is not None and opened.low > as_of
    if ahead:
        return -1, -1
    maybe_ahead = opened.high is None or opened.high > as_of
    soonest = (
        None if opened.low is None or length.low is None else add(opened.low, length.low).toordinal() - today
    )
    longest = (
        None
        if opened.high is None or length.high is None
        else add(opened.high, length.high).toordinal() - today
    )
    if opened.low is None and opened.high is None:
        return None
    return _open(
        min(-1, soonest) if maybe_ahead and soonest is not None else None if maybe_ahead else soonest, longest
    )


# ── sameness ────────────────────────────────────────────────────────────────────────────────────────────────


def _equality(
    left: Expression, right: tuple[Expression, ...], one: Amount, others: list[Amount], *, negated: bool
) -> Leaf:
    kind = type_of(left)
    ranged = _partial(left, *right)
    if (
        isinstance(kind, YesNo | Choice | Number | Date)
        and len(right) == 1
        and isinstance(right[0], Constant)
    ):
        value = int(right[0].value) if isinstance(kind, YesNo) else None  # type: ignore[arg-type]  # typed by the loader
        bound = (value, 0) if value is not None else _bound(left, right[0])
        at = None if bound is None else _position(bound[0], bound[1])
        if bound is not None and at is not None and abs(at) < FAR - 1:
            number = _numbering(kind, bound[1])
            within = Within(at, at, ranged)
            return Leaf(within, lambda scope, frame: _numbered(one(scope, frame), number, at - 1), negated)
    return Leaf(
        Within(1, None),
        lambda scope, frame: _place(one(scope, frame), [other(scope, frame) for other in others]),
        negated,
    )


def _place(one: Known, others: list[Known]) -> Measure:
    """The place, from 1, of an amount among others; 0 where it is none of them."""
    if one.low is NOTHING:
        return 0, 0
    unsettled = False
    for place, other in enumerate(others, 1):
        if one.certain and other.certain:
            if one.low == other.low:
                return place, place
        elif other.low is not NOTHING and not _apart(one, other):
            unsettled = True
    return None if unsettled else (0, 0)


def _apart(one: Known, other: Known) -> bool:
    return any(
        low is not None and high is not None and low > high
        for low, high in ((one.low, other.high), (other.low, one.high))
    )


def _found(held: Known, told: list[Known]) -> Measure:
    """How many of the wanted things a list holds."""
    if held.low is NOTHING:
        return -1, -1
    wanted = [known for known in told if known.low is not NOTHING]
    if not held.certain:
        return None if len(wanted) == len(told) else (0, len(wanted))
    found = sum(known.certain and known.value in held.value for known in wanted)
    return found, found + sum(not known.certain for known in wanted)


def _known(known: Known) -> Measure:
    told = int(known.certain and known.low is not NOTHING)
    return told, told


def _partial(*expressions: Expression) -> bool:
    """Whether an amount can be known in part, so that its measure may have two ends."""
    for expression in expressions:
        match expression:
            case FactRef(type=Number(minimum=low, maximum=high)):
                if low is not None or high is not None:
                    return True
            case Constant() | FactRef():
                continue
            case Derived(of=of) | FiscalQuarter(of=of) | YearOf(of=of):
                if _partial(of):
                    return True
            case Arithmetic(op=op, left=left, right=right):
                if op in ("highest", "lowest") or _partial(left, right):
                    return True
            case _:
                return True
    return False
