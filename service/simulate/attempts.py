"""Attempts: a condition and what is told of somebody in; the facts with which it stands at a boundary, out.

An attempt is only told, never promised: `simulate.suggest` judges each one. What cannot be built (an amount
that depends on several facts at once) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from service.engine.scope import Scope
from service.engine.values import amount, looked_at
from service.facts.calendar import Duration, add
from service.facts.totals import minus
from service.facts.types import MOST_ENTRIES, NOTHING, Number, Records
from service.facts.vocabulary import Vocabulary
from service.policy.condition import (
    Arithmetic,
    Comparison,
    Count,
    Derived,
    Expression,
    Extreme,
    FactRef,
    FieldRef,
    Sum,
    TimeIn,
)
from service.policy.mentions import Mentions
from service.simulate.boundaries import ONE_DAY, Boundary, around, latest_start
from service.simulate.fitting import Counted, asked_of, copies, fitted, leaves

NOT_TOLD = "not told"
STANDING = "from"
_COUNT = Number(decimals=0, minimum=0, maximum=MOST_ENTRIES)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What to tell so that a condition stands at one of its boundaries."""

    thing: str  #: what is at its boundary, in words
    position: str
    told: Mapping[str, Any]
    held: Callable[[Scope], bool]  #: whether what is told elsewhere stands there already
    untold: tuple[str, ...] = ()
    as_of: date | None = None


def attempts(
    leaf: Comparison, scope: Scope, vocabulary: Vocabulary, *, beside: bool = False
) -> Iterator[Attempt]:
    """Ways to bring a condition to its boundaries, one after the other.

    Args:
        leaf: The condition.
        scope: What is told of somebody.
        vocabulary: The facts.
        beside: Keep the entries that do not count here, because other branches may count them.
    """
    right = [amount(expression, scope) for expression in leaf.right]
    standing = [name for name in Mentions().of(leaf) if name.startswith("from.")]
    if standing and leaf.op != "is_known":
        yield Attempt(
            "present level", NOT_TOLD, {}, lambda told: told.facts[standing[0]] is None, (STANDING,)
        )
    if right and all(known.certain for known in right):
        for attempt in _reach(leaf.left, leaf.op, [known.value for known in right], scope, vocabulary):
            yield _with_others(attempt, leaf.left, scope) if beside else attempt


def _with_others(attempt: Attempt, left: Expression, scope: Scope) -> Attempt:
    """The same with the entries that do not count for it."""
    if not isinstance(left, Count | Sum | Extreme | TimeIn) or not amount(left.entries.of, scope).certain:
        return attempt
    counting = [frame[-1][1] for frame, _, _ in looked_at(left.entries, scope, ())]
    told = dict(attempt.told)
    for name, entries in told.items():
        held = scope.facts.get(name)
        if isinstance(held, tuple):
            told[name] = (*(e for e in held if not any(e is other for other in counting)), *entries)
    return replace(attempt, told=told)


def _reach(
    expression: Expression, op: str, targets: list[Any], scope: Scope, vocabulary: Vocabulary
) -> Iterator[Attempt]:
    match expression:
        case Derived(of=of):
            yield from _reach(of, op, targets, scope, vocabulary)
        case FactRef(name=name) if name in vocabulary.facts:
            for boundary in around(expression.type, op, targets, scope.as_of):
                held = _value_held(name, "", boundary)
                yield Attempt(
                    expression.label, boundary.position, {name: boundary.value}, held, as_of=boundary.as_of
                )
            yield from _untold(name, vocabulary)
        case Arithmetic(op="plus", left=left, right=right):
            for side, other in ((left, amount(right, scope)), (right, amount(left, scope))):
                if other.certain and other.value is not NOTHING and isinstance(other.value, int):
                    yield from _reach(side, op, [minus(t, other.value) for t in targets], scope, vocabulary)
        case Count() | Sum() | Extreme() | TimeIn():
            of = expression.entries.of
            if isinstance(of, FactRef) and isinstance(of.type, Records) and of.name in vocabulary.facts:
                yield from _over_entries(expression, of, op, targets, scope, vocabulary)


def _untold(name: str, vocabulary: Vocabulary) -> Iterator[Attempt]:
    fact = vocabulary[name]
    if fact.absent_means is None:
        yield Attempt(fact.label, NOT_TOLD, {}, lambda scope: scope.facts.get(name) is None, (name,))


def _over_entries(
    counted: Counted, of: FactRef, op: str, targets: list[Any], scope: Scope, vocabulary: Vocabulary
) -> Iterator[Attempt]:
    yield from _untold(of.name, vocabulary)
    entry = fitted(counted, scope)
    if entry is None:
        return
    enough: tuple[Any, ...] = ()
    for position, entries, label in _amounts(counted, entry, op, targets, scope):
        enough = entries if position in ("exactly", "to the day", "on the day") or not enough else enough
        told = {of.name: entries}
        wanted = amount(counted, Scope({**scope.facts, **told}, scope.as_of, scope.truth))
        yield Attempt(label, position, told, _amount_held(counted, wanted.low))
    yield from _inner(counted, of, entry, enough or copies(counted, entry, 1), scope)


def _amounts(
    counted: Counted, entry: Any, op: str, targets: list[Any], scope: Scope
) -> Iterator[tuple[str, tuple[Any, ...], str]]:
    """Entries that make the amount itself stand just below, at and just above what is asked."""
    match counted:
        case Count():
            for boundary in around(_COUNT, op, targets, scope.as_of):
                yield boundary.position, copies(counted, entry, int(boundary.value)), "number that counts"
        case Sum(amount=FieldRef() as what) if isinstance(what.type, Number):
            for boundary in around(replace(what.type, minimum=None, maximum=None), op, targets, scope.as_of):
                yield boundary.position, _shares(counted, entry, what, boundary.value), f"sum of {what.label}"
        case Extreme(amount=FieldRef() as what):
            for boundary in around(what.type, op, targets, scope.as_of):
                if boundary.as_of is None:
                    yield boundary.position, ({**entry, what.name: boundary.value},), what.label
        case TimeIn(start=FieldRef() as start, end=FieldRef() as end):
            if isinstance(targets[0], Duration):
                first = latest_start(targets[0], scope.as_of)
                until = {} if entry[end.name] is not None else {end.name: scope.as_of - ONE_DAY}
                for position, days in (("one day short", 1), ("to the day", 0), ("one day more", -1)):
                    told = {**entry, start.name: first + days * ONE_DAY, **until}
                    yield position, (told,), "time that counts"


def _shares(counted: Sum, entry: Any, what: FieldRef, total: Any) -> tuple[Any, ...]:
    """Entries whose amounts add up to a total, none above what one entry may hold or may count for."""
    bounds = [what.type.maximum] if isinstance(what.type, Number) and what.type.maximum else []
    if counted.ceiling is not None:
        bounds.append(counted.ceiling.at_most)
    most = min(bounds, default=total)
    if total <= 0 or most <= 0:
        return ()
    times = int(-(-total // most))
    if times > MOST_ENTRIES:
        return ()
    like = copies(counted, entry, times)
    last = minus(total, most * (times - 1))
    return tuple(
        {**each, what.name: most if number < times - 1 else last} for number, each in enumerate(like)
    )


def _inner(
    counted: Counted, of: FactRef, entry: Any, enough: tuple[Any, ...], scope: Scope
) -> Iterator[Attempt]:
    """Entries of which one field stands at the boundary of what is asked of it."""
    fields = of.type.fields if isinstance(of.type, Records) else {}
    frame = (("", entry),)
    for leaf in (each for condition in asked_of(counted) for each in leaves(condition)):
        left = leaf.left
        if not isinstance(left, FieldRef) or left.slot != counted.entries.slot or left.name not in fields:
            continue
        right = [amount(expression, scope, frame) for expression in leaf.right]
        if not all(known.certain for known in right):
            continue
        for boundary in around(left.type, leaf.op, [known.value for known in right], scope.as_of):
            told = tuple({**each, left.name: boundary.value} for each in enough)
            held = _value_held(of.name, left.name, boundary)
            yield Attempt(left.label, boundary.position, {of.name: told}, held, as_of=boundary.as_of)
        if fields[left.name].absent_means is None:
            told = tuple({**each, left.name: None} for each in enough)
            yield Attempt(left.label, NOT_TOLD, {of.name: told}, _value_held(of.name, left.name, None))


def _value_held(name: str, field: str, boundary: Boundary | None) -> Callable[[Scope], bool]:
    """Whether a fact, or a field of one of its entries, stands at a boundary."""

    def held(scope: Scope) -> bool:
        value = scope.facts.get(name)
        values = [entry[field] for entry in value or ()] if field and isinstance(value, tuple) else [value]
        if boundary is None:
            return None in values
        if boundary.length is None or boundary.as_of is None:
            return boundary.value in values
        beside = boundary.as_of - add(boundary.value, boundary.length)
        return any(
            isinstance(day, date)
            and day.day == boundary.value.day
            and scope.as_of - add(day, boundary.length) == beside
            for day in values
        )

    return held


def _amount_held(counted: Counted, wanted: Any) -> Callable[[Scope], bool]:
    def held(scope: Scope) -> bool:
        known = amount(counted, scope)
        return known.certain and known.low == wanted

    return held
