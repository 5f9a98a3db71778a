"""Remedies for what is counted: like entries to add, or a field to put right in the entries that count.

An amount over entries and where it should stand in; remedies out. Entries are never taken away, and nothing
is invented but what the policy asks of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count as count_from
from typing import Any

from service.engine.network import MET
from service.engine.scope import Frame, Scope
from service.engine.values import amount, looked_at
from service.facts.totals import minus
from service.facts.types import Fact, FactType, ListOf, Number, Records, Text
from service.facts.vocabulary import Vocabulary
from service.policy.condition import (
    Comparison,
    Condition,
    Constant,
    Count,
    Entries,
    Extreme,
    FactRef,
    FieldRef,
    Group,
    Sum,
    type_of,
)
from service.policy.mentions import Mentions
from service.verdict.remedy import Asked, Remedy
from service.verdict.satisfying import CONTRARY, satisfying

#: How many like entries advice may ask for; beyond this the advice is not to be followed.
MOST_ADDED = 50


@dataclass(frozen=True, slots=True)
class EntryRemedies:
    """Finds remedies for counts, sums and extremes over the entries of one fact."""

    scope: Scope
    vocabulary: Vocabulary
    mentions: Mentions

    def all(self, expression: Count | Sum | Extreme, op: str, targets: list[Any]) -> Iterator[Remedy]:
        of = expression.entries.of
        if not isinstance(of, FactRef) or not targets or not self.vocabulary[of.name].can_change:
            return
        if isinstance(expression, Count) and op in ("at_most", "less_than", "is"):
            yield from self._edited(expression, of)
        if op not in ("at_least", "more_than", "is", "between", "on_or_after", "after", "one_of"):
            return
        entry, times = _blank(of.type, self.scope.as_of), 1
        if isinstance(expression, Count):
            now = amount(expression, self.scope)
            times = int(targets[0]) - int(now.low or 0) + (op == "more_than")
            if expression.entries.newest is not None:
                times = int(targets[0])
        elif not self._give_amount(expression, entry, op, targets):
            return
        if (
            isinstance(expression, Sum)
            and isinstance(kind := type_of(expression.amount), Number)
            and kind.maximum
        ):
            short = minus(targets[0], amount(expression, self.scope).low or 0)
            times = max(1, int(-(-short // kind.maximum)))
        has = expression.has if isinstance(expression, Count) else None
        yield from self._added(expression, of, entry, times, has)

    def _give_amount(self, expression: Sum | Extreme, entry: Any, op: str, targets: list[Any]) -> bool:
        what = expression.amount
        if not isinstance(what, FieldRef) or not isinstance(entry, dict):
            return False
        wanted = targets
        if isinstance(expression, Sum):
            low = amount(expression, self.scope).low
            wanted = [minus(targets[0], low if low is not None else 0)]
            if isinstance(what.type, Number) and what.type.maximum is not None:
                wanted = [min(wanted[0], what.type.maximum)]
        values = satisfying(what.type, op, wanted, None, self.scope.as_of)
        if values:
            entry[what.name] = values[0]
        return bool(values)

    def _added(
        self, expression: Count | Sum | Extreme, of: FactRef, entry: Any, times: int, has: Condition | None
    ) -> Iterator[Remedy]:
        entries = expression.entries
        if not 0 < times <= MOST_ADDED:
            return
        if isinstance(entry, dict) and isinstance(entries.newest_by, FieldRef):
            entry[entries.newest_by.name] = self.scope.as_of
        conditions = [condition for condition in (entries.where, has) if condition is not None]
        asked: dict[str, Asked] = {}
        entry = self._fitted(conditions, entries, entry, asked)
        if entry is None:
            return
        held = self.scope.facts.get(of.name)
        before = held if isinstance(held, tuple) else ()
        written = self.mentions.written
        counted = "count" if isinstance(expression, Count) else written(expression.amount)
        apart = _told_apart(expression)
        yield Remedy(
            fact=of.name,
            how="add",
            value=(*before, *_copies(apart, entry, times, before)),
            key=(of.name, counted, *map(written, conditions)),
            label=of.label,
            entry=entry,
            times=times,
            asked=tuple(asked.values()),
            apart=tuple((field.name, field.label) for field in apart),
        )

    def _fitted(
        self, conditions: list[Condition], entries: Entries, entry: Any, asked: dict[str, Asked]
    ) -> Any:
        """An entry of which every condition holds, or None; `asked` is told what they ask of it."""
        for condition in conditions:
            entry = self._fit(condition, True, entries.slot, entry, asked)
        frame: Frame = (("", entry),)
        fits = entry is not None and all(self.scope.holds(each, frame)[0] == MET for each in conditions)
        return entry if fits else None

    def _fit(self, condition: Condition, wanted: bool, slot: int, entry: Any, asked: dict[str, Asked]) -> Any:
        """The entry with the fields set that a condition speaks of."""
        if isinstance(condition, Group):
            inner = wanted != (condition.kind == "none_of")
            # to meet a group is to meet as many parts as it needs; to miss it, all of them are missed
            enough = condition.needed if inner else len(condition.of)
            for part in condition.of[:enough]:
                entry = self._fit(part, inner, slot, entry, asked)
            return entry
        left = condition.left
        if not isinstance(left, FieldRef) or left.slot != slot:
            return entry
        frame: Frame = (("", entry),)
        for op in (condition.op,) if wanted else CONTRARY.get(condition.op, ()):
            right = [amount(expression, self.scope, frame) for expression in condition.right]
            if not all(known.certain for known in right):
                continue
            targets = [known.value for known in right]
            now = entry[left.name] if left.name else entry
            for value in satisfying(left.type, op, targets, now, self.scope.as_of):
                asked[left.name] = Asked(left.name, left.label, left.type, op, tuple(targets))
                return {**entry, left.name: value} if left.name else value
        return entry

    def _edited(self, count: Count, of: FactRef) -> Iterator[Remedy]:
        """Put one field right in every entry that counts against a condition."""
        held = self.scope.facts.get(of.name)
        if not isinstance(held, tuple) or not isinstance(of.type, Records):
            return
        asked = [condition for condition in (count.entries.where, count.has) if condition is not None]
        standing_in_the_way = [frame[-1][1] for frame, _, _ in looked_at(count.entries, self.scope, ())]
        for condition in asked:
            for leaf, wanted in _leaves(condition, False):
                left = leaf.left
                if not isinstance(left, FieldRef) or left.slot != count.entries.slot or not left.name:
                    continue
                told = of.type.fields.get(left.name)
                if told is None or not told.can_change:
                    continue
                yield from self._put_right(of, told, leaf, wanted, held, standing_in_the_way)

    def _put_right(
        self,
        of: FactRef,
        told: Fact,
        leaf: Comparison,
        wanted: bool,
        held: tuple[Any, ...],
        in_the_way: list[Any],
    ) -> Iterator[Remedy]:
        for op in (leaf.op,) if wanted else CONTRARY.get(leaf.op, ()):
            targets = [expression.value for expression in leaf.right if isinstance(expression, Constant)]
            if len(targets) != len(leaf.right):
                continue
            for value in satisfying(told.type, op, targets, None, self.scope.as_of)[:2]:
                changed = [entry for entry in held if any(entry is other for other in in_the_way)]
                whole = tuple(
                    {**entry, told.name: value} if any(entry is other for other in in_the_way) else entry
                    for entry in held
                )
                yield Remedy(
                    fact=of.name,
                    how="edit",
                    value=whole,
                    key=(of.name, "edit", told.name),
                    label=of.label,
                    entry=value,
                    times=len(changed),
                    changed=told,
                    asked=(Asked(told.name, told.label, told.type, op, tuple(targets)),),
                )


def _leaves(condition: Condition, wanted: bool) -> Iterator[tuple[Comparison, bool]]:
    if isinstance(condition, Group):
        inner = wanted != (condition.kind == "none_of")
        for part in condition.of:
            yield from _leaves(part, inner)
    else:
        yield condition, wanted


def _blank(kind: FactType, as_of: date) -> Any:
    """An entry of which nothing is told but its day."""
    if isinstance(kind, ListOf):
        return None
    assert isinstance(kind, Records)  # noqa: S101 - entries are of records or lists
    entry = {name: fact.absent_means for name, fact in kind.fields.items()}
    if kind.dated_by is not None and entry[kind.dated_by] is None:
        entry[kind.dated_by] = as_of
    return entry


def _told_apart(expression: Count | Sum | Extreme) -> list[FieldRef]:
    """The fields in which entries must differ, since the same thing counts once or up to a ceiling."""
    apart = [] if isinstance(expression, Extreme) else [expression.once_per]
    if not isinstance(expression, Extreme) and expression.ceiling is not None:
        apart.append(expression.ceiling.each)
    return [each for each in apart if isinstance(each, FieldRef) and isinstance(each.type, Text)]


def _copies(apart: list[FieldRef], entry: Any, times: int, held: tuple[Any, ...]) -> Iterator[Any]:
    """Like entries, told apart in these fields."""
    for number in range(times):
        copy = entry
        for field in apart:
            copy = {**copy, field.name: _another(entry[field.name], number, held, field.name)}
        yield copy


def _another(value: str | None, number: int, held: tuple[Any, ...], name: str) -> str:
    """A name that no entry has yet; what the policy itself asks for stays as it is for the first."""
    if value is not None and number == 0:
        return value
    known = {entry[name] for entry in held}
    names = (f"{value or 'another'} {count}" for count in count_from(number + 1))
    return next(each for each in names if each not in known)
