"""Days: from when a requirement, or the whole level, would be met if only time passed.

A case in; days out. Every day on which a time condition may turn is judged again, so that what expires counts
as much as what is completed. Between two such days nothing changes but lengths of time that grow day by day;
the day on which one of these turns is found by halving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from service.engine.evaluate import PASSED, result_of
from service.engine.scope import Scope
from service.engine.values import amount
from service.facts.calendar import LAST_DAY, STILL_RUNNING, Duration, add
from service.facts.periods import begins_after
from service.facts.types import NOTHING
from service.policy.condition import (
    Arithmetic,
    Comparison,
    Condition,
    Constant,
    FactRef,
    FiscalQuarter,
    Group,
    Lookup,
    PeriodStart,
    TimeIn,
    Whole,
    YearOf,
)
from service.policy.mentions import conditions_of
from service.policy.model import Requirement
from service.policy.trees import Part, parts_of, walk
from service.verdict.case import Case

#: No further ahead than this: a career.
AHEAD = Duration(months=60 * 12)
ONE_DAY = timedelta(days=1)
#: So many periods are looked at one by one.
PERIODS = 30
#: Counting months back and forth can miss the day at the end of a month by as much.
NEARBY = tuple(timedelta(days=n) for n in range(-3, 4))


def met_from(case: Case, requirement: Requirement, scope: Scope | None = None) -> date | None:
    """The first day after `as_of` on which the same facts would pass a requirement that they do not pass
    now."""
    if scope is not None and scope is not case.scope:
        return _met_from(case, requirement, scope)
    if requirement.id not in case.met_from:
        case.met_from[requirement.id] = _met_from(case, requirement, case.scope)
    return case.met_from[requirement.id]


def _met_from(case: Case, requirement: Requirement, told: Scope) -> date | None:
    for day in turning_days(case, requirement, told):
        if result_of(requirement, case.on(day, told)) in PASSED:
            return day
    return None


def eligible_from(case: Case, met: dict[str, date]) -> date | None:
    """The first day on which the same facts would be eligible; `met` holds `met_from` of each failing
    requirement."""
    failing = case.failing()
    if not failing or any(requirement.id not in met for requirement in failing):
        return None
    soonest = max(met[requirement.id] for requirement in failing)
    if case.eligible(case.on(soonest)):
        return soonest
    days = {day for asked in case.selection.level.requires for day in turning_days(case, asked, case.scope)}
    for turning in (each for asked in case.selection.level.requires for each in _turnings_of(case, asked)):
        for begins in _beginnings(
            turning, case.scope
        ):  # the first that begins when something else has turned
            days.update([begins(day - ONE_DAY) for day in days])
    return next((day for day in sorted(days) if day > soonest and case.eligible(case.on(day))), None)


def turning_days(case: Case, requirement: Requirement, scope: Scope) -> list[date]:
    """Every day after `as_of` on which a requirement may turn, soonest first."""
    after, last = scope.as_of, min(LAST_DAY, add(scope.as_of, AHEAD))
    days: set[date] = set()
    for turning in _turnings_of(case, requirement):
        days.update(_days_of(case, turning, scope, last))
    for waiver in case.request.waivers:
        if waiver.requirement == requirement.id:
            days.update((waiver.granted_on, waiver.until + ONE_DAY))
    return sorted(day for day in days if after < day <= last)


@dataclass(frozen=True, slots=True)
class _Turning:
    """A comparison that depends on the day, and what of it is the same for everybody."""

    leaf: Comparison
    alone: bool  #: it asks for nothing but a length of time since a date
    names: tuple[str, ...]  #: the facts that it depends on, beside the day itself
    written: frozenset[date]  #: days that the policy writes
    lengths: frozenset[Duration]
    around: tuple[timedelta, ...]  #: so near to where a length of time ends it may turn
    both_ways: bool  #: lengths are counted back as well
    grows: bool
    periods: tuple[PeriodStart, ...]  #: those that pass with time


def _turnings_of(case: Case, requirement: Requirement) -> tuple[_Turning, ...]:
    known = case.turnings.get(id(requirement))
    if known is None:
        leaves = (leaf for each in conditions_of(requirement) for leaf in _timed(case, each))
        known = requirement, tuple(_turning(case, leaf) for leaf in leaves)
        case.turnings[id(requirement)] = known
    turnings: tuple[_Turning, ...] = known[1]
    return turnings


def _timed(case: Case, condition: Condition) -> Iterator[Comparison]:
    """The comparisons of a condition that depend on the day."""
    if "as_of" not in case.mentions.of(condition):
        return
    if isinstance(condition, Group):
        for part in condition.of:
            yield from _timed(case, part)
    else:
        yield condition


def _turning(case: Case, leaf: Comparison) -> _Turning:
    inner = frozenset().union(*(case.mentions.of(part) for part in parts_of(leaf)))
    written = [value for node in walk(leaf) for value in _written(node)]
    both_ways = _counts_from_as_of(leaf) or _has_breaks(leaf)
    return _Turning(
        leaf=leaf,
        alone=leaf.op in ("for_at_least", "within_last") and "as_of" not in inner,
        names=tuple(case.mentions.of(leaf) - {"as_of"}),
        written=frozenset(day for value in written for day in _dates_in(value)),
        lengths=frozenset(value for value in written if isinstance(value, Duration)),
        around=NEARBY if both_ways else (timedelta(), ONE_DAY),
        both_ways=both_ways,
        grows=_grows(case, leaf),
        periods=tuple(
            node
            for node in walk(leaf)
            if isinstance(node, PeriodStart) and "as_of" in case.mentions.of(node.of)
        ),
    )


def _days_of(case: Case, turning: _Turning, scope: Scope, last: date) -> Iterable[date]:
    if turning.alone:
        return _days_of_one(scope, turning.leaf)
    breaks = sorted(day for day in _breaks(turning, scope) if scope.as_of < day <= last)
    if not turning.grows:
        return breaks
    return [*breaks, *_crossings(case, turning.leaf, scope, [scope.as_of, *breaks, last])]


def _beginnings(turning: _Turning, scope: Scope) -> Iterator[Callable[[date], date]]:
    """What tells the first day of the next period, for each kind of period that passes with time."""
    for node in turning.periods:
        begin = amount(node.counted_from, scope)
        if begin.certain and begin.low not in (NOTHING, STILL_RUNNING):
            yield partial(begins_after, counted_from=begin.value, length=node.length)


def _one_after_the_other(next_of: Callable[[date], date], day: date) -> Iterator[date]:
    """The first days of the next periods."""
    for _ in range(PERIODS):
        day = next_of(day)
        yield day


def _days_of_one(scope: Scope, leaf: Comparison) -> Iterator[date]:
    """The days on which a length of time since a date turns."""
    starts, lengths = amount(leaf.left, scope), amount(leaf.right[0], scope)
    for start in {starts.low, starts.high}:
        for length in {lengths.low, lengths.high}:
            if isinstance(start, date) and isinstance(length, Duration) and start != STILL_RUNNING:
                yield start
                yield add(start, length) + (ONE_DAY if leaf.op == "within_last" else timedelta())


def _breaks(turning: _Turning, scope: Scope) -> set[date]:
    """Days around which something that is told begins, ends or lapses."""
    told = {day for name in turning.names for day in _dates_in(scope.facts.get(name))} | turning.written
    for next_of in _beginnings(turning, scope):
        told.update(_one_after_the_other(next_of, scope.as_of))
    days = {day for start in told for day in (start, start + ONE_DAY)}
    for length in turning.lengths:
        for start in told:
            ends = add(start, length)
            days.update(ends + near for near in turning.around)
            if turning.both_ways:
                begins = add(start, length, -1)
                days.update(begins + near for near in turning.around)
    return days


def _counts_from_as_of(leaf: Comparison) -> bool:
    """Whether the leaf counts back or forth from `as_of` itself, not only from what is told."""
    return any(
        isinstance(node, Arithmetic)
        and any(isinstance(part, FactRef) and part.name == "as_of" for part in parts_of(node))
        for node in walk(leaf)
    )


def _has_breaks(leaf: Comparison) -> bool:
    """Whether a time that is covered may be broken: some days after a stretch ends, not on the next."""
    return any(isinstance(node, TimeIn) and node.breaks is not None for node in walk(leaf))


def _written(node: Part) -> Iterator[Any]:
    """The values written in the policy at a node."""
    match node:
        case Constant(value=value):
            yield value
        case Lookup(rows=rows, otherwise=otherwise):
            yield from (value for _, value in rows)
            yield otherwise


def _dates_in(value: Any) -> Iterator[date]:
    match value:
        case date() if value != STILL_RUNNING:
            yield value
        case tuple():
            for inner in value:
                yield from _dates_in(inner)
        case dict():
            for inner in value.values():
                yield from _dates_in(inner)


def _grows(case: Case, leaf: Comparison) -> bool:
    """Whether the leaf holds something that changes from day to day, and not only when something begins or
    ends."""
    return any(
        isinstance(node, TimeIn)
        or (
            isinstance(node, FiscalQuarter | YearOf | Whole | Arithmetic | PeriodStart)
            and "as_of" in case.mentions.of(node)
        )
        for node in walk(leaf)
    )


def _crossings(case: Case, leaf: Comparison, scope: Scope, days: list[date]) -> Iterator[date]:
    """The days inside each stretch on which a leaf that grows turns."""

    def at(day: date) -> str:
        return case.on(day, scope).holds(leaf)[0]

    for begins, ends in pairwise(days):
        low, high = begins, ends - ONE_DAY
        first = at(low)
        if low >= high or at(high) == first:
            continue
        while high - low > ONE_DAY:
            middle = low + (high - low) // 2
            low, high = (middle, high) if at(middle) == first else (low, middle)
        yield high
