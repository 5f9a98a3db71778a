"""The meaning of conditions, in plain Python: what every verdict of durable-rules is held against.

A condition and what is told about a candidate in; `MET`, `UNMET` or `UNKNOWN` out, with the facts that would
settle an unknown. Strong Kleene logic. Knows nothing of measures, networks or durable-rules, so that it can
disagree with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any

from service.engine.lengths import days_over
from service.engine.network import MET, OPPOSITE, UNKNOWN, UNMET
from service.engine.scope import Frame, Scope, Truth
from service.engine.values import amount
from service.facts.calendar import add
from service.facts.known import Known
from service.facts.types import NOTHING, Choice, Time
from service.policy.condition import Comparison, Condition, type_of


def truth(condition: Condition, scope: Scope, frame: Frame = ()) -> Truth:
    """Whether a condition holds; the scope remembers the answer for conditions outside entries."""
    if frame:
        return _judge(condition, scope, frame)
    known = scope.truths.get(id(condition))
    if known is None:
        known = scope.truths[id(condition)] = _judge(condition, scope, frame)
        scope.kept.append(condition)
    return known


_SETTLED: Mapping[str, Truth] = {MET: (MET, ()), UNMET: (UNMET, ())}


def _judge(condition: Condition, scope: Scope, frame: Frame) -> Truth:
    if isinstance(condition, Comparison):
        left, right = amount(condition.left, scope, frame), []
        for expression in condition.right:
            right.append(amount(expression, scope, frame))
        letter = _LETTER[condition.op](condition, left, right, scope)
        if letter != UNKNOWN:
            return _SETTLED[letter]
        return UNKNOWN, left.missing + tuple(pointer for known in right for pointer in known.missing)
    needed, spare = condition.needed, len(condition.of) - condition.needed
    missing: tuple[str, ...] = ()
    for part in condition.of:
        letter, wanted = _judge(part, scope, frame) if frame else truth(part, scope)
        if letter == MET:
            needed -= 1
        elif letter == UNMET:
            spare -= 1
        else:
            missing += wanted
        if needed == 0 or spare < 0:  # settled, whatever the other parts say
            letter = MET if needed == 0 else UNMET
            return (OPPOSITE[letter] if condition.kind == "none_of" else letter), ()
    return UNKNOWN, missing


def _is_known(_condition: Comparison, left: Known, _right: list[Known], _scope: Scope) -> str:
    return MET if left.certain and left.low is not NOTHING else UNMET


def _is(_condition: Comparison, left: Known, right: list[Known], _scope: Scope) -> str:
    return _equal_to_any(left, right)


def _is_not(_condition: Comparison, left: Known, right: list[Known], _scope: Scope) -> str:
    return OPPOSITE[_equal_to_any(left, right)]


def _order(condition: Comparison, left: Known, right: list[Known], scope: Scope) -> str:
    if _nothing(left, right):
        return UNMET
    return _compare(condition.op, left, right[0], type_of(condition.left), scope)


def _between(condition: Comparison, left: Known, right: list[Known], scope: Scope) -> str:
    if _nothing(left, right):
        return UNMET
    kind = type_of(condition.left)
    low, high = right
    return _worse(_compare("at_least", left, low, kind, scope), _compare("at_most", left, high, kind, scope))


def _for_at_least(_condition: Comparison, left: Known, right: list[Known], scope: Scope) -> str:
    if _nothing(left, right):
        return UNMET
    return _ordered("at_most", *_completed(left, right[0]), scope.as_of, scope.as_of)


def _within_last(_condition: Comparison, left: Known, right: list[Known], scope: Scope) -> str:
    if _nothing(left, right):
        return UNMET
    begun = _ordered("at_most", left.low, left.high, scope.as_of, scope.as_of)
    lasts = _ordered("at_least", *_completed(left, right[0]), scope.as_of, scope.as_of)
    return _worse(begun, lasts)


def _nothing(left: Known, right: list[Known]) -> bool:
    """Whether one side is known to be nothing: no comparison with it holds."""
    if left.low is NOTHING:
        return True
    for known in right:  # noqa: SIM110 - `any` takes twice as long for one or two
        if known.low is NOTHING:
            return True
    return False


def _completed(days: Known, length: Known) -> tuple[Any, Any]:
    """The first and the last day on which a length of time from a day may be complete."""
    low = None if days.low is None or length.low is None else add(days.low, length.low)
    if days.certain and length.certain:
        return low, low
    high = None if days.high is None or length.high is None else add(days.high, length.high)
    return low, high


def _ends(known: Known, change: Callable[[Any], Any]) -> tuple[Any, Any]:
    return (None if known.low is None else change(known.low)), (
        None if known.high is None else change(known.high)
    )


def _compare(op: str, left: Known, right: Known, kind: Any, scope: Scope) -> str:
    if isinstance(kind, Time):
        low, high = days_over(left, right, scope.as_of)
        return _ordered(op, low, high, 0, 0)
    if isinstance(kind, Choice):
        rank = kind.choices.index
        return _ordered(op, *_ends(left, rank), *_ends(right, rank))
    return _ordered(op, left.low, left.high, right.low, right.high)


def _ordered(op: str, low: Any, high: Any, right_low: Any, right_high: Any) -> str:
    """`low`…`high` against `right_low`…`right_high`; None is an open end."""
    proves, disproves, mirrored = _ORDERINGS[op]
    if mirrored:
        low, high, right_low, right_high = right_low, right_high, low, high
    if low is not None and right_high is not None and proves(low, right_high):
        return MET
    if high is not None and right_low is not None and disproves(high, right_low):
        return UNMET
    return UNKNOWN


#: What proves an ordering, what disproves it, and whether the sides change places first.
_ORDERINGS: Mapping[str, tuple[Callable[[Any, Any], bool], Callable[[Any, Any], bool], bool]] = {
    "at_least": (ge, lt, False),
    "on_or_after": (ge, lt, False),
    "more_than": (gt, le, False),
    "after": (gt, le, False),
    "at_most": (ge, lt, True),
    "on_or_before": (ge, lt, True),
    "less_than": (gt, le, True),
    "before": (gt, le, True),
}


def _equal_to_any(left: Known, right: list[Known]) -> str:
    unsettled = False
    for known in right:
        if not left.missing and not known.missing:
            if left.low == known.low and left.low is not NOTHING:
                return MET
        elif not _apart(left, known):
            unsettled = True
    return UNKNOWN if unsettled else UNMET


def _apart(one: Known, other: Known) -> bool:
    """Whether two values, not both certain, can no longer be equal."""
    if NOTHING in (one.low, other.low):
        return True
    if (one.low is None and one.high is None) or (other.low is None and other.high is None):
        return False
    return MET in (
        _ordered("more_than", one.low, one.high, other.low, other.high),
        _ordered("less_than", one.low, one.high, other.low, other.high),
    )


def _includes(condition: Comparison, left: Known, right: list[Known], _scope: Scope) -> str:
    found = [_held(left, known) for known in right]
    if condition.op == "includes_any":
        return MET if True in found else UNKNOWN if None in found else UNMET
    return UNMET if False in found else UNKNOWN if None in found else MET


def _held(left: Known, wanted: Known) -> bool | None:
    """Whether a list holds a value; None where that is not known."""
    if NOTHING in (left.low, wanted.low):
        return False
    return wanted.value in left.value if left.certain and wanted.certain else None


def _worse(one: str, other: str) -> str:
    """Strong Kleene `and` of two letters."""
    return UNMET if UNMET in (one, other) else UNKNOWN if UNKNOWN in (one, other) else MET


_LETTER: Mapping[str, Callable[[Comparison, Known, list[Known], Scope], str]] = {
    "is": _is,
    "one_of": _is,
    "is_not": _is_not,
    "none_of": _is_not,
    **dict.fromkeys(_ORDERINGS, _order),
    "between": _between,
    "includes": _includes,
    "includes_all": _includes,
    "includes_any": _includes,
    "for_at_least": _for_at_least,
    "within_last": _within_last,
    "is_known": _is_known,
}
