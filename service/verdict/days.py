"""Days: from when a requirement, or the whole level, would be met if only time passed.

A case in; days out. Every day on which a time condition may turn is judged again, so that what expires counts
as much as what is completed. Between two such days nothing changes but lengths of time that grow day by day;
the day on which one of these turns is found by halving.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from service.engine.evaluate import PASSED, result_of
from service.engine.reference import truth
from service.engine.scope import Scope
from service.engine.values import amount
from service.facts.calendar import LAST_DAY, STILL_RUNNING, Duration, add
from service.policy.condition import (
    Arithmetic,
    Comparison,
    Condition,
    Constant,
    FactRef,
    FiscalQuarter,
    Group,
    Lookup,
    TimeIn,
    Whole,
    YearOf,
)
from service.policy.mentions import conditions_of, parts_of
from service.policy.model import Requirement
from service.policy.trees import Part, walk
from service.verdict.case import Case

#: No further ahead than this: a career.
AHEAD = Duration(months=60 * 12)
ONE_DAY = timedelta(days=1)
#: Counting months back and forth can miss the day at the end of a month by as much.
NEARBY = tuple(timedelta(days=n) for n in range(-3, 4))


def met_from(case: Case, requirement: Requirement, scope: Scope | None = None) -> date | None:
    """The first day after `as_of` on which the same facts would pass a requirement that they do not pass
    now."""
    told = case.scope if scope is None else scope
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
    return next((day for day in sorted(days) if day > soonest and case.eligible(case.on(day))), None)


def turning_days(case: Case, requirement: Requirement, scope: Scope) -> list[date]:
    """Every day after `as_of` on which a requirement may turn, soonest first."""
    after, last = scope.as_of, min(LAST_DAY, add(scope.as_of, AHEAD))
    days: set[date] = set()
    for condition in conditions_of(requirement):
        for leaf in _timed(case, condition):
            days.update(_days_of(case, leaf, scope, last))
    for waiver in case.request.waivers:
        if waiver.requirement == requirement.id:
            days.update((waiver.granted_on, waiver.until + ONE_DAY))
    return sorted(day for day in days if after < day <= last)


def _timed(case: Case, condition: Condition) -> Iterator[Comparison]:
    """The comparisons of a condition that depend on the day."""
    if "as_of" not in case.mentions.of(condition):
        return
    if isinstance(condition, Group):
        for part in condition.of:
            yield from _timed(case, part)
    else:
        yield condition


def _days_of(case: Case, leaf: Comparison, scope: Scope, last: date) -> Iterable[date]:
    inner = frozenset().union(*(case.mentions.of(part) for part in parts_of(leaf)))
    if leaf.op in ("for_at_least", "within_last") and "as_of" not in inner:
        return _days_of_one(scope, leaf)
    breaks = sorted(day for day in _breaks(case, leaf, scope) if scope.as_of < day <= last)
    if not _grows(case, leaf):
        return breaks
    return [*breaks, *_crossings(case, leaf, scope, [scope.as_of, *breaks, last])]


def _days_of_one(scope: Scope, leaf: Comparison) -> Iterator[date]:
    """The days on which a length of time since a date turns."""
    starts, lengths = amount(leaf.left, scope), amount(leaf.right[0], scope)
    for start in {starts.low, starts.high}:
        for length in {lengths.low, lengths.high}:
            if isinstance(start, date) and isinstance(length, Duration) and start != STILL_RUNNING:
                yield start
                yield add(start, length) + (ONE_DAY if leaf.op == "within_last" else timedelta())


def _breaks(case: Case, leaf: Comparison, scope: Scope) -> set[date]:
    """Days around which something that is told begins, ends or lapses."""
    told = {day for name in case.mentions.of(leaf) - {"as_of"} for day in _dates_in(scope.facts.get(name))}
    lengths: set[Duration] = set()
    for node in walk(leaf):
        for value in _written(node):
            told.update(_dates_in(value))
            if isinstance(value, Duration):
                lengths.add(value)
    days = {day for start in told for day in (start, start + ONE_DAY)}
    around = NEARBY if _counts_from_as_of(leaf) or _has_breaks(leaf) else (timedelta(), ONE_DAY)
    for length in lengths:
        for start in told:
            days.update(add(start, length) + near for near in around)
            if around is NEARBY:
                days.update(add(start, length, -1) + near for near in around)
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
            isinstance(node, FiscalQuarter | YearOf | Whole | Arithmetic)
            and "as_of" in case.mentions.of(node)
        )
        for node in walk(leaf)
    )


def _crossings(case: Case, leaf: Comparison, scope: Scope, days: list[date]) -> Iterator[date]:
    """The days inside each stretch on which a leaf that grows turns."""

    def at(day: date) -> str:
        return truth(leaf, case.on(day, scope))[0]

    for begins, ends in pairwise(days):
        low, high = begins, ends - ONE_DAY
        first = at(low)
        if low >= high or at(high) == first:
            continue
        while high - low > ONE_DAY:
            middle = low + (high - low) // 2
            low, high = (middle, high) if at(middle) == first else (low, middle)
        yield high
