"""Shortfall: by how much a comparison is missed; the one place that counts it.

A comparison in; a function out that gives `value` and `unit` for one candidate. Where the amount is only
partly known, `value` is null and `at_least` says how much is missing at best. Sameness has no shortfall.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from service.engine.lengths import days_over
from service.engine.scope import Scope
from service.engine.values import amount
from service.facts.calendar import add
from service.facts.known import Known
from service.facts.totals import minus
from service.facts.types import NOTHING, Date, FactType, Number, Records, Time
from service.policy.condition import Comparison, Count, Operator, type_of
from service.verdict.plain import plain
from service.verdict.wording import WORDS

Json = dict[str, Any]
Shortfall = Callable[[Known, Scope], Json | None]
Ends = tuple[Any, Any]  #: at best and at worst; None where it cannot be said

_TOO_LITTLE: frozenset[Operator] = frozenset({"at_least", "more_than", "on_or_after", "after"})
_STRICT: frozenset[Operator] = frozenset({"more_than", "less_than", "after", "before"})
_ORDER: frozenset[Operator] = _TOO_LITTLE | {"at_most", "less_than", "on_or_before", "before", "between"}


def shortfall_of(comparison: Comparison) -> Shortfall | None:
    """What counts the shortfall of a comparison that is not met; None where there is none to count."""
    kind, op = type_of(comparison.left), comparison.op
    lacking = _LACKING.get(op) or (_apart(op, kind) if op in _ORDER else None)
    if lacking is None or not isinstance(kind, Number | Time | Date):
        return None
    unit = _unit(comparison, kind)
    # in whole steps, being the same as the limit is one step short of being beyond it
    whole = isinstance(kind, Time | Date) or isinstance(comparison.left, Count)
    step = 1 if whole and op in _STRICT else 0

    def shortfall(left: Known, scope: Scope) -> Json | None:
        right = [amount(expression, scope) for expression in comparison.right]
        if any(end is NOTHING for known in (left, *right) for end in known[:2]):
            return None
        best, worst = lacking(left, right, scope)
        if best is None:
            return None
        if best == worst:
            return {"value": plain(best + step if step else best), "unit": unit}
        return {"value": None, "at_least": plain(best + step if step else best), "unit": unit}

    return shortfall


def _unit(comparison: Comparison, kind: FactType) -> str | None:
    left = comparison.left
    if isinstance(left, Count):
        counts_entries = left.once_per is None and isinstance(type_of(left.entries.of), Records)
        return WORDS["entries"] if counts_entries else None
    return (kind.unit or None) if isinstance(kind, Number) else WORDS["days"]


Lacking = Callable[[Known, list[Known], Scope], Ends]


def _apart(op: Operator, kind: FactType) -> Lacking:
    over = _days_over if isinstance(kind, Time) else _difference

    def lacking(left: Known, right: list[Known], scope: Scope) -> Ends:
        if op != "between":
            return over(right[0], left, scope) if op in _TOO_LITTLE else over(left, right[0], scope)
        below = over(right[0], left, scope)
        return below if below[0] is not None and below[0] > 0 else over(left, right[1], scope)

    return lacking


def _difference(more: Known, less: Known, _: Scope) -> Ends:
    """By how much one amount exceeds another, at least and at most."""
    return _less(more.low, less.high), _less(more.high, less.low)


def _less(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return None
    if not isinstance(one, date):
        return minus(one, other)
    endless = date.min in (one, other) or date.max in (one, other)
    return None if endless else (one - other).days


def _days_over(more: Known, less: Known, scope: Scope) -> Ends:
    return days_over(more, less, scope.as_of)


def _until_complete(left: Known, right: list[Known], scope: Scope) -> Ends:
    """Days until a length of time since a date is complete."""
    soonest, latest = _plus(left.low, right[0].low), _plus(left.high, right[0].high)
    return _less(soonest, scope.as_of), _less(latest, scope.as_of)


def _since_lapsed(left: Known, right: list[Known], scope: Scope) -> Ends:
    """Days since a window has closed, or until it opens."""
    if left.low is not None and left.low > scope.as_of:
        return _less(left.low, scope.as_of), _less(left.high, scope.as_of)
    soonest, latest = _plus(left.low, right[0].low), _plus(left.high, right[0].high)
    return _less(scope.as_of, latest), _less(scope.as_of, soonest)


def _plus(day: date | None, length: Any) -> date | None:
    return None if day is None or length is None else add(day, length)


_LACKING: Mapping[Operator, Lacking] = {"for_at_least": _until_complete, "within_last": _since_lapsed}
