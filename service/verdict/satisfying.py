"""Values of a type that stand in a given relation to others: the nearest ones, for advice.

A type, an operator and its right-hand side in; the values that would satisfy it out, the gentlest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from service.facts.calendar import FIRST_DAY, LAST_DAY, Duration, add
from service.facts.json_text import is_of_use
from service.facts.totals import minus, plus
from service.facts.types import NOTHING, Choice, Date, FactType, ListOf, Number, Text, YesNo

#: What must hold for an operator not to: one of these.
CONTRARY: Mapping[str, tuple[str, ...]] = {
    "is": ("is_not",), "is_not": ("is",), "one_of": ("none_of",), "none_of": ("one_of",),
    "at_least": ("less_than",), "less_than": ("at_least",),
    "at_most": ("more_than",), "more_than": ("at_most",),
    "before": ("on_or_after",), "on_or_after": ("before",),
    "after": ("on_or_before",), "on_or_before": ("after",),
    "between": ("less_than", "more_than"),
}  # fmt: skip

#: The same relation seen from the other side.
MIRRORED: Mapping[str, str] = {
    "is": "is", "is_not": "is_not", "at_least": "at_most", "at_most": "at_least", "more_than": "less_than",
    "less_than": "more_than", "before": "after", "after": "before", "on_or_before": "on_or_after",
    "on_or_after": "on_or_before",
}  # fmt: skip

_AT, _ABOVE, _BELOW = (
    {"is", "at_least", "at_most", "on_or_after", "on_or_before"},
    {"more_than", "after"},
    {"less_than", "before"},
)
#: Beyond this many alternatives advice looks at the first ones only.
MOST = 6


def satisfying(kind: FactType, op: str, targets: list[Any], now: Any, as_of: date) -> list[Any]:
    """Values of a type that stand in `op` to the targets; lists are added to the present value, `now`."""
    if any(target is NOTHING or target is None for target in targets):
        return []
    match kind:
        case YesNo():
            return [answer for answer in (True, False) if _same(op, answer, targets)]
        case Choice(choices=choices):
            rank = choices.index
            ordered = [
                choice for choice in choices if _fits(op, rank(choice), [rank(target) for target in targets])
            ]
            return ordered[:MOST] if op not in ("at_most", "less_than") else ordered[::-1][:MOST]
        case Number():
            return [value for value in _numbers(kind, op, targets) if _allowed(kind, value)]
        case Date():
            return [day for day in _days(op, targets, as_of) if FIRST_DAY <= day <= LAST_DAY]
        case Text():
            if op == "is_known":
                return ["told"]
            return targets[:MOST] if op in ("is", "one_of") else []
        case ListOf():
            return _lists(op, targets, now)
        case _:
            return []


def _same(op: str, value: Any, targets: list[Any]) -> bool:
    if op == "is_known":
        return True
    return (value in targets) == (op in ("is", "one_of")) and op in ("is", "one_of", "is_not", "none_of")


def _fits(op: str, rank: int, ranks: list[int]) -> bool:
    match op:
        case "at_least":
            return rank >= ranks[0]
        case "more_than":
            return rank > ranks[0]
        case "at_most":
            return rank <= ranks[0]
        case "less_than":
            return rank < ranks[0]
        case "between":
            return ranks[0] <= rank <= ranks[1]
        case _:
            return _same(op, rank, ranks)


def _numbers(kind: Number, op: str, targets: list[Any]) -> list[Any]:
    step: int | Decimal = Decimal(1).scaleb(-kind.decimals) if kind.decimals else 1
    if op == "is_known":
        return [kind.minimum if kind.minimum is not None else 0]
    if op in ("one_of", "between"):
        return targets[:MOST]
    if op in ("is_not", "none_of"):
        return [plus(max(targets), step), minus(min(targets), step)]
    target = targets[0]
    return [target if op in _AT else plus(target, step) if op in _ABOVE else minus(target, step)]


def _allowed(kind: Number, value: Any) -> bool:
    if not is_of_use(value):
        return False  # nobody could send it
    if (
        kind.decimals is not None
        and isinstance(value, Decimal)
        and -int(value.as_tuple().exponent) > kind.decimals
    ):
        return False
    return (kind.minimum is None or value >= kind.minimum) and (kind.maximum is None or value <= kind.maximum)


def _days(op: str, targets: list[Any], as_of: date) -> list[date]:
    day = timedelta(days=1)
    match op:
        case "is_known" | "within_last":
            return [as_of]
        case "for_at_least":
            return [_latest_start(targets[0], as_of)]
        case "one_of" | "between":
            return targets[:MOST]
        case "is_not" | "none_of":
            return [max(targets) + day, min(targets) - day]
        case _ if op in _AT:
            return [targets[0]]
        case _ if op in _ABOVE:
            return [targets[0] + day]
        case _ if op in _BELOW:
            return [targets[0] - day]
        case _:
            return []


def _latest_start(length: Duration, as_of: date) -> date:
    """The latest day from which a length of time is complete by `as_of`."""
    start = add(as_of, length, -1) + timedelta(
        days=4
    )  # months end on different days; look back from just after
    while add(start, length) > as_of:
        start -= timedelta(days=1)
    return start


def _lists(op: str, targets: list[Any], now: Any) -> list[Any]:
    held = now if isinstance(now, tuple) else ()
    lacking = [target for target in targets if target not in held]
    match op:
        case "includes" | "includes_all":
            return [(*held, *lacking)]
        case "includes_any":
            return [(*held, target) for target in lacking[:MOST]]
        case "is_known":
            return [held]
        case _:
            return []
