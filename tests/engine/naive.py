"""The policy language once more, slowly: what a condition means for a candidate about whom everything is
known.

A tree and one world in; true or false, or a value, out. A world is one way in which everything could be that
is not told. Written from the description of the language, not from the engine: numbers are fractions, months
are walked one by one, days covered are counted one by one. Knows nothing of ranges and unknowns, but that
`is_known` asks what is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from service.facts.calendar import STILL_RUNNING, Duration
from service.facts.types import NOTHING, Choice, Records, Time
from service.policy.condition import (
    Arithmetic,
    Average,
    Choose,
    Comparison,
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
    Group,
    Lookup,
    PeriodStart,
    Sum,
    TimeIn,
    Whole,
    YearOf,
    type_of,
)


@dataclass(frozen=True, slots=True)
class World:
    """Everything about a candidate, and what of it is told."""

    facts: Mapping[str, Any]
    told: Mapping[str, Any]  #: the same, with None for what is not
    as_of: date


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time, and the first days of the times it was counted from."""

    months: int
    days: int
    first_days: frozenset[date] = frozenset()
    spills: bool = False  #: a month too short is complete on the first day of the next one


Frame = tuple[tuple[Any, Any], ...]  #: the entries at hand: in full, and what of them is told


def holds(condition: Condition, world: World, frame: Frame = ()) -> bool:
    """Whether a condition holds in a world."""
    if isinstance(condition, Group):
        holding = sum(holds(part, world, frame) for part in condition.of)
        match condition.kind:
            case "all_of":
                return holding == len(condition.of)
            case "any_of":
                return holding > 0
            case "none_of":
                return holding == 0
            case "at_least":
                return holding >= condition.needed
    return _compared(condition, world, frame)


def _compared(condition: Comparison, world: World, frame: Frame) -> bool:
    op = condition.op
    if op == "is_known":
        return _told(condition.left, world, frame) and value(condition.left, world, frame) is not NOTHING
    left = value(condition.left, world, frame)
    right = [value(expression, world, frame) for expression in condition.right]
    if op in ("is", "one_of"):
        return left is not NOTHING and left in right
    if op in ("is_not", "none_of"):
        return left is NOTHING or left not in right
    if op == "includes_any" and left is not NOTHING:
        return any(wanted in left for wanted in right)
    if left is NOTHING or NOTHING in right:
        return False
    match op:
        case "includes" | "includes_all":
            return all(wanted in left for wanted in right)
        case "for_at_least":
            return later(left, right[0]) <= world.as_of
        case "within_last":
            return bool(left <= world.as_of <= later(left, right[0]))
        case "between":
            return (
                _order(condition, left, right[0], world) >= 0
                and _order(condition, left, right[1], world) <= 0
            )
        case "at_least" | "on_or_after":
            return _order(condition, left, right[0], world) >= 0
        case "more_than" | "after":
            return _order(condition, left, right[0], world) > 0
        case "at_most" | "on_or_before":
            return _order(condition, left, right[0], world) <= 0
        case "less_than" | "before":
            return _order(condition, left, right[0], world) < 0
    raise AssertionError(op)


def _told(expression: Expression, world: World, frame: Frame) -> bool:
    """Whether a fact is told; what is calculated counts as told, which is right where everything is."""
    if isinstance(expression, FactRef):
        return world.told.get(expression.name) is not None
    if isinstance(expression, FieldRef) and expression.name:
        return frame[expression.slot][1][expression.name] is not None
    return True


def _order(condition: Comparison, left: Any, right: Any, world: World) -> int:
    """Below 0, 0 or above 0: how an amount stands to another."""
    kind = type_of(condition.left)
    if isinstance(kind, Choice):
        left, right = kind.choices.index(left), kind.choices.index(right)
    if isinstance(kind, Time):
        first_day = min(left.first_days | right.first_days, default=world.as_of)
        left, right = later(first_day, left), later(first_day, right)
    return int(left > right) - int(left < right)


def later(day: date, length: Length) -> date:
    """The day on which a length of time from a day is complete."""
    if day == STILL_RUNNING:
        return day
    year, month = day.year, day.month
    for _ in range(abs(length.months)):
        month += 1 if length.months > 0 else -1
        if month in (0, 13):
            year, month = (year + 1, 1) if month == 13 else (year - 1, 12)
    for dom in (day.day, 30, 29, 28):
        if dom <= day.day:
            late = timedelta(days=length.spills and dom < day.day)
            try:
                return date(year, month, dom) + late + timedelta(days=length.days)
            except ValueError:
                continue
    raise AssertionError(day, length)


# ── amounts ─────────────────────────────────────────────────────────────────────────────────────────────────


def value(expression: Expression, world: World, frame: Frame = ()) -> Any:
    """The value of an amount in a world."""
    match expression:
        case Constant(value=written):
            return plain(written)
        case FactRef(name=name):
            return plain(world.facts[name])
        case FieldRef(slot=slot, name=name):
            return plain(frame[slot][0][name] if name else frame[slot][0])
        case Derived(of=of):
            return value(of, world)
        case DerivedField(slot=slot, of=of):
            return value(of, world, (frame[slot],))
        case Arithmetic(op=op, left=left, right=right):
            return _calculated(op, value(left, world, frame), value(right, world, frame))
        case Lookup():
            return _looked_up(expression, value(expression.at, world, frame))
        case Choose(branches=branches, otherwise=otherwise):
            for when, then in branches:
                if holds(when, world, frame):
                    return value(then, world, frame)
            return value(otherwise, world, frame)
        case Whole(unit=unit, of=of):
            length = value(of, world, frame)
            return length if length is NOTHING else _full(plain(unit), length, world)
        case PeriodStart(of=of, length=length, counted_from=begin):
            day, first = value(of, world, frame), value(begin, world, frame)
            return (
                NOTHING
                if NOTHING in (day, first)
                else _period(day, first, plain(length), expression.following)
            )
        case YearOf(of=of):
            day = value(of, world, frame)
            return day if day is NOTHING else Fraction(day.year)
        case FiscalQuarter(of=of):
            day = value(of, world, frame)
            return day if day is NOTHING else _quarter(day, expression.year_starts)
        case _:
            return _over_entries(expression, world, frame)


def plain(told: Any) -> Any:
    """A value in the terms of this model."""
    if isinstance(told, bool):
        return told
    if isinstance(told, int | Decimal):
        return Fraction(told)
    if isinstance(told, Duration):
        return Length(told.months, told.days, spills=told.spills)
    if isinstance(told, tuple) and not any(isinstance(each, Mapping) for each in told):
        return tuple(map(plain, told))
    return told


def _calculated(op: str, left: Any, right: Any) -> Any:
    if op in ("highest", "lowest"):
        there = sorted(one for one in (left, right) if one is not NOTHING)
        return there[-1 if op == "highest" else 0] if there else NOTHING
    if left is NOTHING or right is NOTHING:
        return NOTHING
    if op == "times":
        if isinstance(left, Fraction) and isinstance(right, Fraction):
            return left * right
        length, factor = (left, right) if isinstance(left, Length) else (right, left)
        months, days = length.months * factor // 1, length.days * factor // 1
        return Length(months, days, length.first_days, length.spills)
    sign = 1 if op == "plus" else -1
    if isinstance(left, Fraction):
        return left + sign * right
    if isinstance(left, date) and isinstance(right, date):
        return Length(0, (left - right).days, frozenset({right}))
    if isinstance(left, date):
        return later(left, Length(sign * right.months, sign * right.days, spills=right.spills))
    if isinstance(right, date):
        return later(right, left)
    together = left.first_days | right.first_days
    months, days = left.months + sign * right.months, left.days + sign * right.days
    return Length(months, days, together, left.spills or right.spills)


def _full(unit: Length, length: Length, world: World) -> Fraction:
    """Units are begun one after the other while they are complete within the length."""
    first_day = min(length.first_days, default=world.as_of)
    end, full = later(first_day, length), 0
    if first_day == STILL_RUNNING:
        return Fraction(0)
    while later(first_day, _calculated("times", unit, Fraction(full + 1))) <= end:
        full += 1
    return Fraction(full)


def _period(day: date, first: date, length: Length, following: bool) -> date:
    """Walks from period to period, counting each from `first`."""
    if STILL_RUNNING in (day, first):
        return STILL_RUNNING

    def begin(number: int) -> date:
        return later(first, _calculated("times", length, Fraction(number)))

    number = 0
    while begin(number) > day:
        number -= 1
    while begin(number + 1) <= day:
        number += 1
    return begin(number + 1) if following and begin(number) < day else begin(number)


def _averaged(amounts: Sequence[Any], places: int | None) -> Any:
    if not amounts:
        return NOTHING
    scale = 10 ** (15 if places is None else places)
    scaled = sum(amounts, Fraction(0)) / len(amounts) * scale
    return Fraction((scaled if places is None else scaled + Fraction(1, 2)) // 1) / scale


def _looked_up(table: Lookup, key: Any) -> Any:
    found = None
    for row, written in table.rows:
        if key is NOTHING:
            continue
        if (plain(row) <= key) if table.bands else (plain(row) == key):
            found = written
    found = table.otherwise if found is None else found
    return NOTHING if found is None else plain(found)


def _quarter(day: date, starts: int) -> Fraction:
    """How many quarters have begun since the year 0, whose first began in month `starts`."""
    begun = 4 * (day.year - 1)
    year, month = day.year - 1, starts
    while (year, month) <= (day.year, day.month):
        begun += 1
        month += 3
        if month > 12:
            year, month = year + 1, month - 12
    return Fraction(begun - 1)


# ── over entries ────────────────────────────────────────────────────────────────────────────────────────────


def _entries(entries: Entries, world: World, frame: Frame) -> list[Frame]:
    """The entries that count, as the frames in which they are at hand."""
    held = value(entries.of, world, frame)
    if held is NOTHING:
        return []
    told = _as_told(entries.of, world, frame)
    frames = [(*frame, pair) for pair in zip(held, held if told is None else told, strict=True)]
    kind = type_of(entries.of)
    if isinstance(kind, Records) and kind.dated_by:
        days = [inner[-1][0][kind.dated_by] for inner in frames]
        frames = [
            inner
            for inner, day in zip(frames, days, strict=True)
            if day is NOTHING or day <= world.as_of
        ]  # fmt: skip
    if entries.where is not None:
        frames = [inner for inner in frames if holds(entries.where, world, inner)]
    if entries.newest is not None and entries.newest_by is not None:
        dated = [(value(entries.newest_by, world, inner), inner) for inner in frames]
        given = [(day, place, inner) for place, (day, inner) in enumerate(dated) if day is not NOTHING]
        in_order = [inner for _, _, inner in sorted(given, key=lambda one: one[:2])]
        frames = in_order[: entries.newest] if entries.oldest else in_order[-entries.newest :]
    return frames


def _as_told(of: Expression, world: World, frame: Frame) -> Any:
    if isinstance(of, FactRef):
        return world.told.get(of.name)
    if isinstance(of, FieldRef) and isinstance(of.type, Records):
        return frame[of.slot][1][of.name]
    if isinstance(of, Derived):
        return _as_told(of.of, world, ())
    return None


def _over_entries(expression: Expression, world: World, frame: Frame) -> Any:
    match expression:
        case Count(entries=entries, has=has):
            frames = [i for i in _entries(entries, world, frame) if has is None or holds(has, world, i)]
            return _total([Fraction(1) for _ in frames], frames, expression, world)
        case Sum(entries=entries, amount=each):
            pairs = [(value(each, world, inner), inner) for inner in _entries(entries, world, frame)]
            pairs = [pair for pair in pairs if pair[0] is not NOTHING]
            return _total([pair[0] for pair in pairs], [pair[1] for pair in pairs], expression, world)
        case Extreme(entries=entries, amount=each, greatest=greatest):
            values = [value(each, world, inner) for inner in _entries(entries, world, frame)]
            values = [one for one in values if one is not NOTHING]
            kind = type_of(each)
            rank = kind.choices.index if isinstance(kind, Choice) else None
            if not values:
                return NOTHING
            return max(values, key=rank) if greatest else min(values, key=rank)
        case Average(entries=entries, amount=each, places=places):
            values = [value(each, world, inner) for inner in _entries(entries, world, frame)]
            return _averaged([one for one in values if one is not NOTHING], places)
        case TimeIn():
            return _time_in(expression, world, frame)
    raise AssertionError(expression)


def _total(amounts: Sequence[Any], frames: Sequence[Frame], expression: Count | Sum, world: World) -> Any:
    counted = list(zip(amounts, frames, strict=True))
    if expression.once_per is not None:
        greatest: dict[Any, tuple[Any, Frame]] = {}
        for one, inner in counted:
            key = value(expression.once_per, world, inner)
            if key not in greatest or one > greatest[key][0]:
                greatest[key] = one, inner
        counted = list(greatest.values())
    if expression.ceiling is not None:
        groups: dict[Any, Fraction] = {}
        for one, inner in counted:
            key = value(expression.ceiling.each, world, inner)
            groups[key] = groups.get(key, Fraction(0)) + one
        return sum((min(group, plain(expression.ceiling.at_most)) for group in groups.values()), Fraction(0))
    if isinstance(expression, Sum) and isinstance(type_of(expression.amount), Time):
        return _added([one for one, _ in counted])
    return sum((one for one, _ in counted), Fraction(0))


def _added(lengths: Iterable[Length]) -> Length:
    total = Length(0, 0)
    for length in lengths:
        total = _calculated("plus", total, length)
    return total


def _time_in(expression: TimeIn, world: World, frame: Frame) -> Length:
    """Every day that is covered, once, through the day before `as_of`."""
    since = None if expression.since is None else value(expression.since, world, frame)
    until = None if expression.until is None else value(expression.until, world, frame)
    days: set[int] = set()
    for inner in _entries(expression.entries, world, frame):
        start, end = value(expression.start, world, inner), value(expression.end, world, inner)
        if start is NOTHING:
            continue
        first = max(start, since) if isinstance(since, date) else start
        last = min(world.as_of - timedelta(days=1), STILL_RUNNING if end is NOTHING else end)
        last = min(last, until) if isinstance(until, date) else last
        days |= set(range(first.toordinal(), last.toordinal() + 1))
    if expression.breaks is not None and days:
        allowed, through = value(expression.breaks, world, frame), _last_day(world, until)
        days = _since_the_last_break(days, through, allowed)
    first_days = frozenset({date.fromordinal(min(days))} if days else ())
    return Length(0, len(days), first_days)


def _last_day(world: World, until: Any) -> date:
    last = world.as_of - timedelta(days=1)
    return min(last, until) if isinstance(until, date) else last


def _since_the_last_break(days: set[int], through: date, allowed: Length) -> set[int]:
    """Back from the last day, day by day; over days off only while the break is not longer than allowed."""
    kept: set[int] = set()
    reached = through.toordinal() + 1
    for day in sorted(days, reverse=True):
        if later(date.fromordinal(day + 1), allowed).toordinal() < reached:
            break
        kept.add(day)
        reached = day
    return kept
