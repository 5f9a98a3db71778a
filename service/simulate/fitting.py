"""Entries that fit: what a policy asks of the entries of a list in; entries of which it holds, out.

Nothing is invented but what the conditions ask for; an entry that cannot be made to fit is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from service.engine.network import MET
from service.engine.reference import truth
from service.engine.scope import Frame, Scope
from service.engine.values import amount
from service.facts.types import Choice, FactType, Records, Text
from service.policy.condition import (
    Comparison,
    Condition,
    Count,
    Entries,
    Expression,
    Extreme,
    FieldRef,
    Group,
    Sum,
    TimeIn,
    YearOf,
    type_of,
)
from service.verdict.satisfying import CONTRARY, satisfying

Counted = Count | Sum | Extreme | TimeIn


def asked_of(counted: Counted) -> list[Condition]:
    """The conditions that an entry has to meet in order to count."""
    has = counted.has if isinstance(counted, Count) else None
    return [condition for condition in (counted.entries.where, has) if condition is not None]


def fitted(counted: Counted, scope: Scope) -> Any:
    """An entry that counts, or None when none is found."""
    entries = counted.entries
    entry = _blank(entries, scope.as_of)
    conditions = asked_of(counted)
    for condition in conditions:
        entry = _fit(condition, True, entries.slot, entry, scope)
    if entry is None:
        return None
    frame: Frame = (("", entry),)
    return entry if all(truth(each, scope, frame)[0] == MET for each in conditions) else None


def leaves(condition: Condition) -> Iterator[Comparison]:
    """The comparisons inside groups."""
    if isinstance(condition, Group):
        for part in condition.of:
            yield from leaves(part)
    else:
        yield condition


def copies(counted: Counted, entry: Any, times: int) -> tuple[Any, ...]:
    """Like entries, told apart where the same thing would count once or fall under one ceiling."""
    fields = [field for field in map(_own_field, _once(counted)) if field is not None]
    return tuple(
        {**entry, **{field.name: _another(field.type, entry[field.name], number) for field in fields}}
        for number in range(times)
    )


def _another(kind: FactType, value: Any, number: int) -> Any:
    """The value of the entry with this number, so that it counts beside the others."""
    if isinstance(kind, Text):
        return f"{value or 'another'} {number + 1}" if number else value or "one"
    if isinstance(kind, Choice) and value is None:
        return kind.choices[number % len(kind.choices)]
    return value


def _once(counted: Counted) -> Iterator[Expression]:
    if isinstance(counted, Count | Sum):
        if counted.once_per is not None:
            yield counted.once_per
        if counted.ceiling is not None:
            yield counted.ceiling.each


def _own_field(expression: Expression) -> FieldRef | None:
    if isinstance(expression, YearOf):
        return _own_field(expression.of)
    return expression if isinstance(expression, FieldRef) and expression.name else None


def _blank(entries: Entries, as_of: date) -> Any:
    """An entry of which nothing is told but its day."""
    kind = type_of(entries.of)
    if not isinstance(kind, Records):
        return None
    entry = {name: fact.absent_means for name, fact in kind.fields.items()}
    days = [kind.dated_by] if kind.dated_by is not None else []
    if isinstance(entries.newest_by, FieldRef):
        days.append(entries.newest_by.name)
    for name in days:
        if name in entry and entry[name] is None:
            entry[name] = as_of
    return entry


def _fit(condition: Condition, wanted: bool, slot: int, entry: Any, scope: Scope) -> Any:
    """The entry with the fields set of which a condition speaks."""
    if isinstance(condition, Group):
        inner = wanted != (condition.kind == "none_of")
        enough = condition.needed if inner else len(condition.of)
        for part in condition.of[:enough]:
            entry = _fit(part, inner, slot, entry, scope)
        return entry
    left = condition.left
    if not isinstance(left, FieldRef) or left.slot != slot or entry is None:
        return entry
    frame: Frame = (("", entry),)
    for op in (condition.op,) if wanted else CONTRARY.get(condition.op, ()):
        right = [amount(expression, scope, frame) for expression in condition.right]
        if all(known.certain for known in right):
            now = entry[left.name] if left.name else entry
            for value in satisfying(left.type, op, [known.value for known in right], now, scope.as_of):
                return {**entry, left.name: value} if left.name else value
    return entry
