"""How each kind of amount is worked out by what is prepared: an amount in; a function out.

The kinds, their order and their names are those of `engine.values`, which says what each of them means. Knows
nothing of who remembers what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from service.engine.comparing import YES, Test
from service.engine.lookups import looked_up
from service.engine.network import MET, UNKNOWN, UNMET
from service.engine.scope import Amount, Counted, Frame, Happened, Scope, both, pointer_of
from service.engine.values import (
    any_time,
    base_of,
    combined,
    quarter_of,
    untold,
    whole_of,
    year_of,
)
from service.facts import totals
from service.facts.averages import average
from service.facts.calendar import Duration
from service.facts.known import Known, between, exactly, unknown
from service.facts.periods import first_day_known
from service.facts.totals import Item, Stretch
from service.facts.types import NOTHING, Choice, Records
from service.policy.condition import (
    Arithmetic,
    Average,
    Choose,
    Condition,
    Constant,
    Count,
    Derived,
    DerivedField,
    Entries,
    Expression,
    Extreme,
    FactRef,
    FieldRef,
    FiscalQuarter,
    Lookup,
    PeriodStart,
    Sum,
    TimeIn,
    Whole,
    YearOf,
    type_of,
)

Looked = Callable[[Scope, Frame], Sequence[Counted]]
_ONE: Final = exactly(1)


class Ready(Protocol):
    """What makes the parts of an amount ready: `engine.prepared.Prepared`."""

    def amount(self, expression: Expression) -> Amount: ...
    def test(self, condition: Condition) -> Test: ...
    def looked_at(self, entries: Entries) -> Looked: ...


def amount_of(ready: Ready, expression: Expression) -> Amount:
    """What works out an amount, beside some entries or beside none."""
    return _AMOUNT[type(expression)](ready, expression)


# ── amounts ─────────────────────────────────────────────────────────────────────────────────────────────────


def _constant(_: Ready, expression: Constant) -> Amount:
    known = exactly(expression.value)
    return lambda scope, frame: known  # noqa: ARG005 - the same for everybody


def _fact(_: Ready, expression: FactRef) -> Amount:
    name, unsaid = expression.name, untold(expression, pointer_of(expression.name))

    def amount(scope: Scope, frame: Frame) -> Known:  # noqa: ARG001 - the same beside every entry
        value = scope.facts.get(name)
        return unsaid if value is None else exactly(value)

    return amount


def _field(_: Ready, expression: FieldRef) -> Amount:
    slot, name = expression.slot, expression.name

    def amount(scope: Scope, frame: Frame) -> Known:  # noqa: ARG001 - it stands in the entry
        pointer, entry = frame[slot]
        value = entry[name] if name else entry
        return untold(expression, f"{pointer}/{name}") if value is None else exactly(value)

    return amount


def _derived(ready: Ready, expression: Derived) -> Amount:
    of = ready.amount(expression.of)
    return lambda scope, frame: of(scope, ())  # noqa: ARG005 - the same beside every entry


def _derived_field(ready: Ready, expression: DerivedField) -> Amount:
    of, slot = ready.amount(expression.of), expression.slot
    return lambda scope, frame: of(scope, (frame[slot],))


def _arithmetic(ready: Ready, expression: Arithmetic) -> Amount:
    op, left, right = expression.op, ready.amount(expression.left), ready.amount(expression.right)
    return lambda scope, frame: combined(op, left(scope, frame), right(scope, frame))


def _lookup(ready: Ready, expression: Lookup) -> Amount:
    at = ready.amount(expression.at)
    return lambda scope, frame: looked_up(expression, at(scope, frame))


def _choose(ready: Ready, expression: Choose) -> Amount:
    branches = [(ready.test(condition), ready.amount(branch)) for condition, branch in expression.branches]
    otherwise = ready.amount(expression.otherwise)

    def amount(scope: Scope, frame: Frame) -> Known:
        possible: list[Known] = []
        missing: tuple[str, ...] = ()
        for test, branch in branches:
            letter, wanted = test(scope, frame)
            if letter == UNMET:
                continue
            possible.append(branch(scope, frame))
            if letter == MET:
                break
            missing += wanted
        else:
            possible.append(otherwise(scope, frame))
        return possible[0] if len(possible) == 1 else totals.hull(possible, missing)

    return amount


def _fiscal_quarter(ready: Ready, expression: FiscalQuarter) -> Amount:
    of = ready.amount(expression.of)
    return lambda scope, frame: quarter_of(expression, of(scope, frame))


def _year_of(ready: Ready, expression: YearOf) -> Amount:
    of = ready.amount(expression.of)
    return lambda scope, frame: year_of(of(scope, frame))


def _whole(ready: Ready, expression: Whole) -> Amount:
    of = ready.amount(expression.of)
    return lambda scope, frame: whole_of(expression, of(scope, frame), scope.as_of)


def _period_start(ready: Ready, expression: PeriodStart) -> Amount:
    of, begin = ready.amount(expression.of), ready.amount(expression.counted_from)
    length, following = expression.length, expression.following
    return lambda scope, frame: first_day_known(
        of(scope, frame), begin(scope, frame), length, following=following
    )


# ── over entries ────────────────────────────────────────────────────────────────────────────────────────────


def _count(ready: Ready, expression: Count) -> Amount:
    if expression.once_per is not None or expression.ceiling is not None:
        return _total(ready, expression, None, expression.has)
    held, looked_at = ready.amount(expression.entries.of), ready.looked_at(expression.entries)
    has = None if expression.has is None else ready.test(expression.has)

    def amount(scope: Scope, frame: Frame) -> Known:
        wanted = held(scope, frame).missing
        if wanted:
            return Known(0, None, wanted)
        certain = possible = 0
        missing: tuple[str, ...] = ()
        for inner, letter, wanted in looked_at(scope, frame):
            if has is not None:
                letter, wanted = both((letter, wanted), has(scope, inner))
            if letter == MET:
                certain += 1
            elif letter == UNKNOWN:
                possible += 1
            missing += wanted
        return between(certain, certain + possible, missing) if possible else Known(certain, certain)

    return amount


def _sum(ready: Ready, expression: Sum) -> Amount:
    return _total(ready, expression, expression.amount, None)


def _total(ready: Ready, expression: Count | Sum, what: Expression | None, has: Condition | None) -> Amount:
    held, items = ready.amount(expression.entries.of), _items(ready, expression, what, has)
    zero = Duration() if what is not None and type_of(what).word == "length of time" else 0
    at_most = None if expression.ceiling is None else expression.ceiling.at_most

    def amount(scope: Scope, frame: Frame) -> Known:
        missing = held(scope, frame).missing
        if missing:
            return Known(0, None, missing) if what is None else unknown(missing)
        return totals.total(items(scope, frame), zero, at_most)

    return amount


def _items(
    ready: Ready, expression: Count | Sum, what: Expression | None, has: Condition | None
) -> Callable[[Scope, Frame], Iterator[Item]]:
    looked_at, ceiling = ready.looked_at(expression.entries), expression.ceiling
    test = None if has is None else ready.test(has)
    value = None if what is None else ready.amount(what)
    once = None if expression.once_per is None else ready.amount(expression.once_per)
    each = None if ceiling is None else ready.amount(ceiling.each)

    def items(scope: Scope, frame: Frame) -> Iterator[Item]:
        for inner, letter, missing in looked_at(scope, frame):
            if test is not None:
                letter, missing = both((letter, missing), test(scope, inner))
                if letter == UNMET:
                    continue
            yield Item(
                _ONE if value is None else value(scope, inner),
                letter == MET,
                missing,
                None if once is None else once(scope, inner),
                None if each is None else each(scope, inner),
            )

    return items


def _time_in(ready: Ready, expression: TimeIn) -> Amount:
    held, looked_at = ready.amount(expression.entries.of), ready.looked_at(expression.entries)
    start, end = ready.amount(expression.start), ready.amount(expression.end)
    limits = [
        None if limit is None else ready.amount(limit)
        for limit in (expression.since, expression.until, expression.breaks)
    ]

    def amount(scope: Scope, frame: Frame) -> Known:
        told = [None if limit is None else limit(scope, frame) for limit in limits]
        missing = held(scope, frame).missing + tuple(p for known in told if known for p in known.missing)
        if missing:
            return any_time(scope.as_of, missing)
        stretches = [
            Stretch(start(scope, inner), end(scope, inner), letter == MET, wanted)
            for inner, letter, wanted in looked_at(scope, frame)
        ]
        return totals.time_covered(
            stretches, scope.as_of, *(known.value if known else None for known in told)
        )

    return amount


def _extreme(ready: Ready, expression: Extreme) -> Amount:
    held, looked_at = ready.amount(expression.entries.of), ready.looked_at(expression.entries)
    value, greatest, kind = ready.amount(expression.amount), expression.greatest, type_of(expression.amount)
    order = kind.choices.index if isinstance(kind, Choice) else None

    def amount(scope: Scope, frame: Frame) -> Known:
        missing = held(scope, frame).missing
        if missing:
            return unknown(missing)
        items = [
            Item(value(scope, inner), letter == MET, wanted)
            for inner, letter, wanted in looked_at(scope, frame)
        ]
        return totals.extreme(items, greatest=greatest, order=order)

    return amount


def _average(ready: Ready, expression: Average) -> Amount:
    held, looked_at = ready.amount(expression.entries.of), ready.looked_at(expression.entries)
    value, places = ready.amount(expression.amount), expression.places

    def amount(scope: Scope, frame: Frame) -> Known:
        missing = held(scope, frame).missing
        if missing:
            return unknown(missing)
        entries = looked_at(scope, frame)
        return average(
            (Item(value(scope, inner), letter == MET, wanted) for inner, letter, wanted in entries), places
        )

    return amount


_AMOUNT: Final[Mapping[type, Callable[[Any, Any], Amount]]] = {
    Constant: _constant, FactRef: _fact, FieldRef: _field, Derived: _derived, DerivedField: _derived_field,
    Arithmetic: _arithmetic, Lookup: _lookup, Choose: _choose, FiscalQuarter: _fiscal_quarter, YearOf:
    _year_of, Whole: _whole, Count: _count, Sum: _sum, TimeIn: _time_in, Extreme: _extreme,
    Average: _average, PeriodStart: _period_start,
}  # fmt: skip

# ── which entries there are ─────────────────────────────────────────────────────────────────────────────────


def candidates_in(of: Expression, held: Amount) -> Callable[[Scope, Frame], Sequence[Happened]]:
    """What gives the entries that are not dated after `as_of`, each with whether its day is told."""
    kind = type_of(of)
    dated_by = kind.dated_by if isinstance(kind, Records) else None

    def listed(scope: Scope, frame: Frame) -> Sequence[Happened]:
        return _happened(held(scope, frame).value, base_of(of, frame), dated_by, scope, frame)

    if not isinstance(of, FactRef):
        return listed
    name = of.name

    def looked_up_once(scope: Scope, frame: Frame) -> Sequence[Happened]:
        if frame:
            return [((*frame, *inner), dated) for inner, dated in looked_up_once(scope, ())]
        happened = scope.happened.get(name)
        if happened is None:
            happened = scope.happened[name] = listed(scope, ())
        return happened

    return looked_up_once


def _happened(held: Any, base: str, dated_by: str | None, scope: Scope, frame: Frame) -> Sequence[Happened]:
    if held is NOTHING:
        return ()
    as_of = scope.as_of
    happened: list[Happened] = []
    for index, entry in enumerate(held):
        pointer, dated = f"{base}/{index}", YES
        if dated_by is not None:
            day = entry[dated_by]
            if day is None:
                dated = UNKNOWN, (f"{pointer}/{dated_by}",)
            elif day is not NOTHING and day > as_of:
                continue
        happened.append(((*frame, (pointer, entry)), dated))
    return happened
