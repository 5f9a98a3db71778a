"""Comparing: one comparison in; a function that judges it, out.

What is known for certain is compared as it is; everything else by the leaf that durable-rules would decide,
whose measure may be a range. Knows nothing of groups and entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any, Final

from service.engine.measures import leaf_of, splits
from service.engine.network import MET, OPPOSITE, UNKNOWN, UNMET, place
from service.engine.scope import Amount, Frame, Scope, Truth, both
from service.facts.calendar import Duration, add
from service.facts.types import NOTHING, Choice, Date, Number, Text, YesNo
from service.policy.condition import Comparison, Constant, Expression, FieldRef, type_of

Test = Callable[[Scope, Frame], Truth]
Amounts = Callable[[Expression], Amount]
YES: Final[Truth] = (MET, ())
NO: Final[Truth] = (UNMET, ())
_SETTLED: Final[Mapping[str, Truth]] = {MET: YES, UNMET: NO}

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "at_least": ge, "on_or_after": ge, "more_than": gt, "after": gt,
    "at_most": le, "on_or_before": le, "less_than": lt, "before": lt,
}  # fmt: skip
ONE_DAY: Final = timedelta(days=1)
MOST_DAYS: Final = 128  #: of which one length of time is remembered
_SAME: Final = frozenset({"is", "one_of", "is_not", "none_of"})
_SCALAR: Final = (Number, YesNo, Date, Text, Choice)


def comparing(comparison: Comparison, amounts: Amounts) -> Test:
    """What judges a comparison; `amounts` gives what works out an amount."""
    exact = _by_leaf(comparison, amounts)
    return _of_field(comparison, exact) or _of_two(comparison, amounts, exact) or exact


def _by_leaf(comparison: Comparison, amounts: Amounts) -> Test:
    """Judged by measure and interval, however little is known."""
    if splits(comparison):
        low, high = comparison.right
        least = _by_leaf(replace(comparison, op="at_least", right=(low,)), amounts)
        most = _by_leaf(replace(comparison, op="at_most", right=(high,)), amounts)
        letters: Test = lambda scope, frame: both(least(scope, frame), most(scope, frame))  # noqa: E731 - as below
    else:
        leaf = leaf_of(comparison, amounts)
        within, measure, negated = leaf.within, leaf.measure, leaf.negated

        def letters(scope: Scope, frame: Frame) -> Truth:
            letter = place(within, measure(scope, frame))
            return (OPPOSITE[letter] if negated else letter), ()

    sides = [amounts(comparison.left), *map(amounts, comparison.right)]

    def test(scope: Scope, frame: Frame) -> Truth:
        letter = letters(scope, frame)[0]
        if letter != UNKNOWN:
            return _SETTLED[letter]
        return UNKNOWN, tuple(pointer for side in sides for pointer in side(scope, frame).missing)

    return test


def _of_field(comparison: Comparison, exact: Test) -> Test | None:
    """A field of an entry against what the policy writes; None where it asks for more."""
    left = comparison.left
    if not isinstance(left, FieldRef) or not isinstance(left.type, _SCALAR):
        return None
    written = [each.value for each in comparison.right if isinstance(each, Constant)]
    if len(written) != len(comparison.right) or NOTHING in written:
        return None
    holds = _holding(comparison, left, written)
    if holds is None:
        return None
    slot, name, nothing = left.slot, left.name, _NOTHING_IS[comparison.op in ("is_not", "none_of")]

    def test(scope: Scope, frame: Frame) -> Truth:
        entry = frame[slot][1]
        value = entry[name] if name else entry
        if value is None:
            return exact(scope, frame)
        if value is NOTHING:
            return nothing
        return YES if holds(value, scope.as_of) else NO

    return test


_NOTHING_IS: Final = {True: YES, False: NO}  #: no comparison with nothing holds, but that it is not the same


def _holding(
    comparison: Comparison, left: FieldRef, written: Sequence[Any]
) -> Callable[[Any, date], bool] | None:
    """What compares a value that is told with what is written."""
    op, first = comparison.op, written[0] if written else None
    several = frozenset(written)
    if op in ("is", "one_of"):
        return (lambda value, _: value == first) if len(written) == 1 else (lambda value, _: value in several)
    if op in ("is_not", "none_of"):
        return (
            (lambda value, _: value != first)
            if len(written) == 1
            else (lambda value, _: value not in several)
        )
    if op == "within_last" and isinstance(first, Duration):
        earliest = _earliest_within(first)
        return lambda day, as_of: earliest(as_of) <= day <= as_of
    if op == "for_at_least" and isinstance(first, Duration):
        too_late = _earliest_within(first)  # what is not over before tomorrow is not complete today
        return lambda day, as_of: day < too_late(as_of + ONE_DAY)
    order = _ORDER.get(op)
    if order is None or isinstance(left.type, Text | YesNo):
        return None
    if isinstance(left.type, Choice):
        rank = {choice: n for n, choice in enumerate(left.type.choices)}
        bound = rank[str(first)]
        return lambda choice, _: order(rank[choice], bound)
    return lambda value, _: order(value, first)


def _earliest_within(length: Duration) -> Callable[[date], date]:
    """What gives the first day from which a length of time is not over before another day."""

    @lru_cache(maxsize=MOST_DAYS)
    def earliest(until: date) -> date:
        day = add(until, length, -1) - 4 * ONE_DAY  # months end on different days; look from just before
        while add(day, length) < until:
            day += ONE_DAY
        return day

    return earliest


def _of_two(comparison: Comparison, amounts: Amounts, exact: Test) -> Test | None:
    """Two amounts with an order of their own, or that are the same; None where it asks for more."""
    kind, op = type_of(comparison.left), comparison.op
    if len(comparison.right) != 1 or not isinstance(kind, _SCALAR):
        return None
    order = _ORDER.get(op)
    if op not in _SAME and (order is None or not isinstance(kind, Number | Date)):
        return None
    holds = order or eq
    left, right = amounts(comparison.left), amounts(comparison.right[0])
    same, other = (NO, YES) if op in ("is_not", "none_of") else (YES, NO)

    def in_order(scope: Scope, frame: Frame) -> Truth:
        one, two = left(scope, frame), right(scope, frame)
        if one.missing or two.missing:
            return exact(scope, frame)
        if one.low is NOTHING or two.low is NOTHING:
            return NO
        return YES if holds(one.low, two.low) else NO

    def alike(scope: Scope, frame: Frame) -> Truth:
        one, two = left(scope, frame), right(scope, frame)
        if one.missing or two.missing:
            return exact(scope, frame)
        return same if one.low == two.low and one.low is not NOTHING else other

    return in_order if order is not None else alike
