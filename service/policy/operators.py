"""Operators: which of them fits which type, and what to say of one that does not.

Knows nothing of files or positions.
"""

from __future__ import annotations

from typing import cast, get_args

from service.facts.types import Choice, Date, FactType, ListOf, Number, Records, Text, Time, YesNo
from service.policy.condition import Operator
from service.policy.reader import listed, quoted

OPERATORS: tuple[str, ...] = get_args(Operator)
LISTED = frozenset({"one_of", "none_of", "includes_all", "includes_any"})  #: take a list
EQUALITY = frozenset({"is", "is_not", "one_of", "none_of"})

_ORDER = ("at_least", "more_than", "at_most", "less_than", "between")
_SAME = ("is", "is_not", "one_of", "none_of")
_DATE_TWIN = {
    "at_least": "on_or_after",
    "more_than": "after",
    "at_most": "on_or_before",
    "less_than": "before",
}
_ORDER_TWIN = {twin: operator for operator, twin in _DATE_TWIN.items()}


def fitting(type_: FactType) -> tuple[str, ...]:
    """The operators that can be used on a value of a type."""
    match type_:
        case Number():
            return (*_SAME, *_ORDER, "is_known")
        case Time():
            return (*_ORDER, "is_known")
        case Date():
            return (*_SAME, "between", *_ORDER_TWIN, "for_at_least", "within_last", "is_known")
        case YesNo():
            return ("is", "is_not", "is_known")
        case Text():
            return (*_SAME, "is_known")
        case Choice(ordered=ordered):
            return (*_SAME, *(_ORDER if ordered else ()), "is_known")
        case ListOf():
            return ("includes", "includes_all", "includes_any", "is_known")
        case Records():
            return ("is_known",)


def said(type_: FactType) -> str:
    """A type as a sentence says it: `a number`."""
    match type_:
        case YesNo():
            return "yes or no"
        case Records():
            return "records"
        case ListOf(of=of):
            return f"a list ({of.word})"
        case Choice(ordered=False):
            return "a choice without an order"
        case _:
            return f"a {type_.word}"


def misfit(operator: str, type_: FactType) -> str:
    """Why an operator cannot be used on a type, and which can.

    >>> misfit("at_least", Date())
    '`at_least` does not fit a date; write `on_or_after`'
    """
    start = f"{quoted(operator)} does not fit {said(type_)}"
    if isinstance(type_, Date) and operator in _DATE_TWIN:
        return f"{start}; write `{_DATE_TWIN[operator]}`"
    if isinstance(type_, Choice) and operator in _ORDER:
        return f"{start}; declare it `ordered: lowest first`, or use {listed(_SAME, 'or')}"
    twin = _ORDER_TWIN.get(operator, "")
    if twin in fitting(type_):
        return f"{start}; write `{twin}`"
    if isinstance(type_, Records):
        return f"{start}; use `some:`, `no:`, `every:` or `count:` with `where:`"
    if isinstance(type_, Time) and operator in EQUALITY:
        return f"{start}; use {listed(_ORDER, 'or')}"
    return f"{start}; use {listed(fitting(type_), 'or')}"


def as_operator(name: str) -> Operator:
    """The operator of that name, which must be one."""
    return cast(Operator, name)


def same_kind(wanted: FactType, found: FactType, *, equality: bool = False) -> bool:
    """Whether values of two types can be compared; `equality`: only for being the same."""
    if isinstance(wanted, Choice) and isinstance(found, Choice):
        return wanted.choices == found.choices or (
            equality and not set(wanted.choices).isdisjoint(found.choices)
        )
    if equality and isinstance(wanted, Text | Choice) and isinstance(found, Text | Choice):
        return True
    if isinstance(wanted, ListOf) and isinstance(found, ListOf):
        return same_kind(wanted.of, found.of, equality=equality)
    return type(wanted) is type(found)
