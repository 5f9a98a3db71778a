"""Amounts: an expression and what is told about a candidate in; what is known of its value out.

An unknown inside a sum, a count or a time makes a range (`Known.low` to `Known.high`), never a guess.
Conditions inside `where`, `has` and `choose` are judged by the scope's `truth`, which is
`engine.reference.truth`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from service.engine.lengths import whole_units
from service.engine.lookups import looked_up, may_be_nothing
from service.engine.network import MET, UNKNOWN, UNMET
from service.engine.scope import Counted, Frame, Scope, Truth, both, pointer_of
from service.facts import totals
from service.facts.averages import average
from service.facts.calendar import FIRST_DAY, Duration
from service.facts.known import Known, between, exactly, unknown
from service.facts.periods import first_day_known
from service.facts.totals import Item, Stretch
from service.facts.types import NOTHING, Choice, Number, Records
from service.policy.condition import (
    Arithmetic,
    ArithmeticOp,
    Average,
    Ceiling,
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

_CERTAINLY: Truth = MET, ()


def amount(expression: Expression, scope: Scope, frame: Frame = ()) -> Known:
    """What is known of an amount; `frame` holds the entries at hand."""
    work = _AMOUNT[type(expression)]
    known = None if frame else scope.memo.get(id(expression))
    if known is not None:
        return known
    if frame or work is _fact or work is _constant:
        return work(expression, scope, frame)
    prepared = scope.prepared.get(id(expression))
    if prepared is not None:
        return prepared(scope, frame)
    known = scope.memo[id(expression)] = work(expression, scope, frame)
    scope.kept.append(expression)
    return known


def _constant(expression: Constant, scope: Scope, frame: Frame) -> Known:
    return exactly(expression.value)


def _fact(expression: FactRef, scope: Scope, frame: Frame) -> Known:
    value = scope.facts.get(expression.name)
    return untold(expression, pointer_of(expression.name)) if value is None else exactly(value)


def untold(expression: FactRef | FieldRef, pointer: str) -> Known:
    """What is known without being told: that a number lies within its bounds."""
    kind = expression.type
    if isinstance(kind, Number):
        return Known(kind.minimum, kind.maximum, (pointer,))
    return Known(None, None, (pointer,))


def _field(expression: FieldRef, scope: Scope, frame: Frame) -> Known:
    pointer, entry = frame[expression.slot]
    value = entry[expression.name] if expression.name else entry
    return untold(expression, f"{pointer}/{expression.name}") if value is None else exactly(value)


def _derived(expression: Derived, scope: Scope, frame: Frame) -> Known:
    return amount(expression.of, scope)


def _derived_field(expression: DerivedField, scope: Scope, frame: Frame) -> Known:
    return amount(expression.of, scope, (frame[expression.slot],))


def _arithmetic(expression: Arithmetic, scope: Scope, frame: Frame) -> Known:
    return combined(
        expression.op, amount(expression.left, scope, frame), amount(expression.right, scope, frame)
    )


def combined(op: ArithmeticOp, left: Known, right: Known) -> Known:
    """One amount with another."""
    if op in ("highest", "lowest"):
        items = [Item(known, True, ()) for known in (left, right)]
        return totals.extreme(items, greatest=op == "highest")
    if left.low is NOTHING or right.low is NOTHING:
        return exactly(NOTHING)
    missing = left.missing + right.missing
    if op == "times":
        if not missing:
            return exactly(totals.times(left.low, right.low))
        if None in (left.low, left.high, right.low, right.high):
            return unknown(missing)
        ends = [totals.times(a, b) for a in left[:2] for b in right[:2]]
        return between(totals.least(ends), totals.greatest(ends), missing)
    if op == "plus":
        return between(totals.plus(left.low, right.low), totals.plus(left.high, right.high), missing)
    return between(totals.minus(left.low, right.high), totals.minus(left.high, right.low), missing)


def _lookup(expression: Lookup, scope: Scope, frame: Frame) -> Known:
    return looked_up(expression, amount(expression.at, scope, frame))


def _choose(expression: Choose, scope: Scope, frame: Frame) -> Known:
    possible: list[Known] = []
    missing: tuple[str, ...] = ()
    for condition, branch in expression.branches:
        letter, wanted = scope.truth(condition, scope, frame)
        if letter == UNMET:
            continue
        possible.append(amount(branch, scope, frame))
        if letter == MET:
            break
        missing += wanted
    else:
        possible.append(amount(expression.otherwise, scope, frame))
    return possible[0] if len(possible) == 1 else totals.hull(possible, missing)


def _fiscal_quarter(expression: FiscalQuarter, scope: Scope, frame: Frame) -> Known:
    return quarter_of(expression, amount(expression.of, scope, frame))


def quarter_of(expression: FiscalQuarter, days: Known) -> Known:
    """The fiscal quarter of a day."""
    starts = expression.year_starts
    return _of_days(lambda day: (day.year * 12 + day.month - starts) // 3, days)


def _year_of(expression: YearOf, scope: Scope, frame: Frame) -> Known:
    return year_of(amount(expression.of, scope, frame))


def year_of(days: Known) -> Known:
    """The year of a day."""
    return _of_days(lambda day: day.year, days)


def _whole(expression: Whole, scope: Scope, frame: Frame) -> Known:
    return whole_of(expression, amount(expression.of, scope, frame), scope.as_of)


def whole_of(expression: Whole, length: Known, as_of: date) -> Known:
    """How many whole units a length of time holds."""
    return length if length.low is NOTHING else whole_units(length, expression.unit, as_of)


def _period_start(expression: PeriodStart, scope: Scope, frame: Frame) -> Known:
    day, begin = (amount(each, scope, frame) for each in (expression.of, expression.counted_from))
    return first_day_known(day, begin, expression.length, following=expression.following)


def _of_days(number: Callable[[date], int], days: Known) -> Known:
    """A number that grows with the day, for a day that is known from low to high."""
    if days.low is NOTHING:
        return days
    low, high = (None if day is None else number(day) for day in days[:2])
    return between(low, high, days.missing)


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────


def looked_at(entries: Entries, scope: Scope, frame: Frame) -> Sequence[Counted]:
    """Each entry that may count: its frame, whether it does (never UNMET), and what would settle that.

    Entries dated after `as_of` have not happened and are left out. The list itself must be known.
    """
    if frame:
        return _looked_at(entries, scope, frame)
    known = scope.counted.get(id(entries))
    if known is None:
        known = scope.counted[id(entries)] = _looked_at(entries, scope, frame)
        scope.kept.append(entries)
    return known


def _looked_at(entries: Entries, scope: Scope, frame: Frame) -> Sequence[Counted]:
    held = amount(entries.of, scope, frame).value
    if held is NOTHING:
        return ()
    base, where = base_of(entries.of, frame), entries.where
    kind = type_of(entries.of)
    dated_by = kind.dated_by if isinstance(kind, Records) else None
    counted: list[Counted] = []
    for index, entry in enumerate(held):
        pointer = f"{base}/{index}"
        inner = (*frame, (pointer, entry))
        told: Truth = _CERTAINLY
        if dated_by is not None:
            day = entry[dated_by]
            if day is None:
                told = UNKNOWN, (f"{pointer}/{dated_by}",)
            elif day is not NOTHING and day > scope.as_of:
                continue
        if where is not None:
            held_so = scope.truth(where, scope, inner)
            told = held_so if told is _CERTAINLY else both(told, held_so)
        if told[0] != UNMET:
            counted.append((inner, *told))
    if entries.newest is None or entries.newest_by is None:
        return counted
    by = entries.newest_by
    return tuple(
        newest_of(entries, entries.newest, counted, [amount(by, scope, inner) for inner, _, _ in counted])
    )


def newest_of(
    entries: Entries, newest: int, counted: Sequence[Counted], days: Sequence[Known]
) -> Iterator[Counted]:
    """The newest n (or the oldest); of two entries on the same day the one given later is the newer."""
    dated = []
    for position, ((inner, letter, missing), day) in enumerate(zip(counted, days, strict=True)):
        if day.low is not NOTHING:
            dated.append((inner, letter, missing, day, (day.low, position)))
    settled = sorted(key for _, _, _, day, key in dated if day.certain)
    counting = sorted(key for _, letter, _, day, key in dated if day.certain and letter == MET)
    undated = len(dated) - len(settled)
    for inner, letter, missing, day, key in dated:
        if day.certain and entries.oldest:
            certainly, possibly = bisect_left(counting, key), undated + bisect_left(settled, key)
        elif day.certain:
            certainly = len(counting) - bisect_right(counting, key)
            possibly = len(dated) - bisect_right(settled, key)
        elif entries.newest_by is not None and may_be_nothing(entries.newest_by):
            certainly, possibly = 0, len(dated) + newest
        else:
            certainly, possibly = 0, len(dated) - 1
        if certainly >= newest:
            continue
        if possibly < newest:
            yield inner, letter, missing
        else:
            unsettled = (pointer for _, _, wanted, other, _ in dated for pointer in (*wanted, *other.missing))
            yield inner, UNKNOWN, tuple(dict.fromkeys(unsettled))


def base_of(of: Expression, frame: Frame) -> str:
    """Where the entries of an amount stand in the request."""
    match of:
        case FactRef(name=name):
            return pointer_of(name)
        case FieldRef(slot=slot, name=name):
            return f"{frame[slot][0]}/{name}" if name else frame[slot][0]
        case Derived() | DerivedField():
            return base_of(of.of, frame)
        case _:
            return ""


def _items(
    entries: Entries, what: Expression | None, once: Expression | None, ceiling: Ceiling | None,
    has: Condition | None, scope: Scope, frame: Frame,
) -> Iterator[Item]:  # fmt: skip
    for inner, letter, missing in looked_at(entries, scope, frame):
        if has is not None:
            letter, missing = both((letter, missing), scope.truth(has, scope, inner))
            if letter == UNMET:
                continue
        yield Item(
            amount=_ONE if what is None else amount(what, scope, inner),
            certain=letter == MET,
            missing=missing,
            once=None if once is None else amount(once, scope, inner),
            each=None if ceiling is None else amount(ceiling.each, scope, inner),
        )


_ONE = exactly(1)


def _total(
    expression: Count | Sum, what: Expression | None, has: Condition | None, scope: Scope, frame: Frame
) -> Known:
    held = amount(expression.entries.of, scope, frame)
    if not held.certain:
        return Known(0, None, held.missing) if what is None else unknown(held.missing)
    ceiling = expression.ceiling
    items = _items(expression.entries, what, expression.once_per, ceiling, has, scope, frame)
    zero = Duration() if what is not None and type_of(what).word == "length of time" else 0
    return totals.total(items, zero, None if ceiling is None else ceiling.at_most)


def _count(expression: Count, scope: Scope, frame: Frame) -> Known:
    if expression.once_per is not None or expression.ceiling is not None:
        return _total(expression, None, expression.has, scope, frame)
    held = amount(expression.entries.of, scope, frame)
    if held.missing:
        return Known(0, None, held.missing)
    certain = possible = 0
    missing: tuple[str, ...] = ()
    for inner, letter, wanted in looked_at(expression.entries, scope, frame):
        if expression.has is not None:
            letter, wanted = both((letter, wanted), scope.truth(expression.has, scope, inner))
        certain += letter == MET
        possible += letter != UNMET
        missing += wanted
    return Known(certain, certain) if certain == possible else between(certain, possible, missing)


def _sum(expression: Sum, scope: Scope, frame: Frame) -> Known:
    return _total(expression, expression.amount, None, scope, frame)


def _time_in(expression: TimeIn, scope: Scope, frame: Frame) -> Known:
    held = amount(expression.entries.of, scope, frame)
    since, until, breaks = (
        None if e is None else amount(e, scope, frame)
        for e in (expression.since, expression.until, expression.breaks)
    )
    missing = held.missing + tuple(p for known in (since, until, breaks) if known for p in known.missing)
    if missing:
        return any_time(scope.as_of, missing)
    stretches = (
        Stretch(
            amount(expression.start, scope, inner),
            amount(expression.end, scope, inner),
            letter == MET,
            wanted,
        )
        for inner, letter, wanted in looked_at(expression.entries, scope, frame)
    )
    return totals.time_covered(
        stretches, scope.as_of, *(known.value if known else None for known in (since, until, breaks))
    )


def any_time(as_of: date, missing: tuple[str, ...]) -> Known:
    """A time that is not known: it may be none, and may be counted from any day."""
    anchors = (*totals.days_to_count_from(FIRST_DAY, as_of), as_of)
    return Known(Duration(anchors=anchors), None, missing)


def _extreme(expression: Extreme, scope: Scope, frame: Frame) -> Known:
    held = amount(expression.entries.of, scope, frame)
    if not held.certain:
        return unknown(held.missing)
    kind = type_of(expression.amount)
    order = kind.choices.index if isinstance(kind, Choice) else None
    items = _items(expression.entries, expression.amount, None, None, None, scope, frame)
    return totals.extreme(items, greatest=expression.greatest, order=order)


def _average(expression: Average, scope: Scope, frame: Frame) -> Known:
    held = amount(expression.entries.of, scope, frame)
    if not held.certain:
        return unknown(held.missing)
    items = _items(expression.entries, expression.amount, None, None, None, scope, frame)
    return average(items, expression.places)


_AMOUNT: dict[type, Callable[[Any, Scope, Frame], Known]] = {
    Constant: _constant, FactRef: _fact, FieldRef: _field, Derived: _derived, DerivedField: _derived_field,
    Arithmetic: _arithmetic, Lookup: _lookup, Choose: _choose, FiscalQuarter: _fiscal_quarter, YearOf:
    _year_of, Whole: _whole, Count: _count, Sum: _sum, TimeIn: _time_in, Extreme: _extreme,
    Average: _average, PeriodStart: _period_start,
}  # fmt: skip
