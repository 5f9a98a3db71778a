"""Remedies for what is counted: like entries to add, or a field to put right in the entries that count.

An amount over entries and where it should stand in; remedies out. Entries are never taken away, and nothing
is invented but what the policy asks of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count as count_from
from typing import Any

from service.engine.network import MET
from service.engine.scope import Frame, Scope
from service.engine.values import amount, looked_at
from service.facts.totals import minus
from service.facts.types import NOTHING, Choice, Fact, FactType, ListOf, Number, Records, Text
from service.facts.vocabulary import Vocabulary
from service.policy.condition import (
    Average,
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
from service.verdict.satisfying import CONTRARY, MOST, satisfying

#: How many like entries advice may ask for; beyond this the advice is not to be followed.
MOST_ADDED = 50


Gathered = Count | Sum | Extreme | Average


@dataclass(frozen=True, slots=True)
class EntryRemedies:
    """Finds remedies for counts, sums, extremes and averages over the entries of one fact."""

    scope: Scope
    vocabulary: Vocabulary
    mentions: Mentions
    frame: Frame  #: the entries around these, each for its slot

    def all(self, expression: Gathered, op: str, targets: list[Any]) -> Iterator[Remedy]:
        of = expression.entries.of
        if not isinstance(of, FactRef) or not targets or not self.vocabulary[of.name].can_change:
            return
        if isinstance(expression, Count) and op in ("at_most", "less_than", "is"):
            yield from self._edited(expression, of)
        if op not in ("at_least", "more_than", "is", "between", "on_or_after", "after", "one_of"):
            return
        entry, asked = _blank(of.type, self.scope.as_of), dict[str, Asked]()
        if isinstance(expression, Average):
            yield from self._raised(expression, of, entry, op, targets)
        elif isinstance(expression, Count):
            wanted = int(targets[0]) + (op == "more_than")
            if expression.entries.newest is None:
                yield from self._added(expression, of, entry, wanted - int(self._low(expression) or 0), asked)
                return
            for times in range(1, wanted + 1):  # those that were the newest till now may count beside these
                for remedy in self._added(expression, of, entry, times, asked):
                    if self._low(expression, remedy) >= wanted:
                        yield remedy
                        return
        elif self._give_amount(expression, entry, op, targets, asked):
            times = self._times(expression, targets)
            if isinstance(expression, Sum) and expression.ceiling is not None:
                yield from self._below_the_ceiling(expression, of, entry, times, asked)
            else:
                yield from self._added(expression, of, entry, times, asked)

    def _below_the_ceiling(
        self, expression: Sum, of: FactRef, entry: Any, times: int, asked: dict[str, Asked]
    ) -> Iterator[Remedy]:
        """Only so many entries as add something."""
        now = self._low(expression)

        def added(n: int) -> list[Remedy]:
            return list(self._added(expression, of, entry, n, asked))

        def as_good(n: int) -> bool:
            return bool(self._low(expression, added(n)[number]) == self._low(expression, most))

        for number, most in enumerate(added(times)):
            if self._low(expression, most) != now:
                yield added(_first(1, times, as_good) or times)[number]

    def _low(self, expression: Gathered, changed: Remedy | None = None) -> Any:
        """The least that an amount may be, as it is told or with a change."""
        scope = self.scope
        if changed is not None:
            scope = scope.told({**scope.facts, changed.fact: changed.value}, scope.as_of, scope.waivers)
        return amount(expression, scope, self.frame).low

    def _times(self, expression: Sum | Extreme, targets: list[Any]) -> int:
        """How many entries it takes, where one may hold only so much."""
        kind = type_of(expression.amount)
        if not isinstance(expression, Sum) or not isinstance(kind, Number) or not kind.maximum:
            return 1
        short = minus(targets[0], self._low(expression) or 0)
        return max(1, int(-(-short // kind.maximum)))

    def _give_amount(
        self, expression: Sum | Extreme, entry: Any, op: str, targets: list[Any], asked: dict[str, Asked]
    ) -> bool:
        what = expression.amount
        if not isinstance(what, FieldRef) or not isinstance(entry, dict):
            return False
        wanted = targets
        if isinstance(expression, Sum):
            low = self._low(expression)
            wanted = [minus(targets[0], low if low is not None else 0)]
            if isinstance(what.type, Number) and what.type.maximum is not None:
                wanted = [min(wanted[0], what.type.maximum)]
        values = satisfying(what.type, op, wanted, None, self.scope.as_of)
        if values:
            entry[what.name] = values[0]
            asked[what.name] = Asked(what.name, what.label, what.type, op, tuple(wanted))
        return bool(values)

    def _raised(
        self, expression: Average, of: FactRef, entry: Any, op: str, targets: list[Any]
    ) -> Iterator[Remedy]:
        """As few entries as lift an average, and no more in each than that takes."""
        what, target = expression.amount, targets[0]
        if op not in ("at_least", "more_than") or not isinstance(what, FieldRef) or target is NOTHING:
            return
        kind = what.type
        if not isinstance(kind, Number) or not isinstance(entry, dict):
            return
        step = Decimal(1).scaleb(-(kind.decimals or 0))
        held = self.scope.facts.get(of.name)
        # without a maximum one entry makes up for all the others
        most = kind.maximum if kind.maximum is not None else target * (len(held or ()) + 1) + step

        def lifted(times: int, steps: int) -> Remedy | None:
            value = steps * step
            given = {**entry, what.name: int(value) if value == int(value) else value}
            asked = {what.name: Asked(what.name, what.label, kind, "at_least", (given[what.name],))}
            for remedy in self._added(expression, of, given, times, asked):
                low = self._low(expression, remedy)
                if low not in (None, NOTHING) and (low >= target if op == "at_least" else low > target):
                    return remedy
            return None

        best, least = int(most // step), int(-(-target // step))
        times = _first(1, MOST_ADDED, lambda n: lifted(n, best) is not None)
        steps = None if times is None else _first(least, best, lambda n: lifted(times or 1, n) is not None)
        if times is not None and steps is not None:
            remedy = lifted(times, steps)
            yield from () if remedy is None else (remedy,)

    def _added(
        self, expression: Gathered, of: FactRef, blank: Any, times: int, given: dict[str, Asked]
    ) -> Iterator[Remedy]:
        if not 0 < times <= MOST_ADDED:
            return
        entries, has = expression.entries, expression.has if isinstance(expression, Count) else None
        if isinstance(blank, dict) and isinstance(entries.newest_by, FieldRef):
            blank = {**blank, entries.newest_by.name: self.scope.as_of}
        conditions = [condition for condition in (entries.where, has) if condition is not None]
        held = self.scope.facts.get(of.name)
        before = held if isinstance(held, tuple) else ()
        written = self.mentions.written
        counted = "count" if isinstance(expression, Count) else written(expression.amount)
        apart = _told_apart(expression)
        for start, also in _under_each_ceiling(expression, blank):
            asked = {**given, **also}
            entry = self._fitted(conditions, entries, start, asked)
            copies = None if entry is None else self._copies(apart, entry, times, expression, before)
            if copies is None:
                continue
            yield Remedy(
                fact=of.name,
                how="add",
                value=(*before, *copies),
                key=(
                    of.name,
                    counted,
                    *map(written, conditions),
                    *(str(value) for each in also.values() for value in each.values),
                    *(str(around) for _, around in self.frame),
                ),
                label=of.label,
                entry=entry,
                times=times,
                asked=tuple(asked.values()),
                apart=tuple((field.name, field.label) for field in apart),
            )

    def _copies(
        self, apart: list[FieldRef], entry: Any, times: int, expression: Gathered, held: tuple[Any, ...]
    ) -> list[Any] | None:
        """Like entries, told apart in these fields; None where there are not so many names for them."""
        names: dict[str, list[Any]] = {}
        for field in apart:
            others = self._others(field, entry, expression, held)
            names[field.name] = [value for value, _ in zip(others, range(times), strict=False)]
            if len(names[field.name]) < times:
                return None
        if not names:
            return [entry] * times
        return [
            {**entry, **{name: values[number] for name, values in names.items()}} for number in range(times)
        ]

    def _others(
        self, field: FieldRef, entry: Any, expression: Gathered, held: tuple[Any, ...]
    ) -> Iterator[Any]:
        """Names that no entry has yet; of a text, the first is what the policy itself asks for."""
        now = entry[field.name]
        if isinstance(field.type, Text):
            if now is not None:
                yield now
            known = {each[field.name] for each in held}
            names = (f"{now or 'another'} {count}" for count in count_from(1 if now is None else 2))
            yield from (name for name in names if name not in known)
        elif isinstance(field.type, Choice) and amount(expression.entries.of, self.scope).certain:
            has = expression.has if isinstance(expression, Count) else None
            counting = {
                inner[-1][1][field.name]
                for inner, letter, _ in looked_at(expression.entries, self.scope, self.frame)
                if letter == MET and (has is None or self.scope.holds(has, inner)[0] == MET)
            }
            for choice in field.type.choices:
                other = {**entry, field.name: choice}
                if choice not in counting and self._fits(expression, has, other):
                    yield choice

    def _fits(self, expression: Gathered, has: Condition | None, entry: Any) -> bool:
        frame: Frame = (*self.frame, ("", entry))
        asked = (each for each in (expression.entries.where, has) if each is not None)
        return all(self.scope.holds(each, frame)[0] == MET for each in asked)

    def _fitted(
        self, conditions: list[Condition], entries: Entries, entry: Any, asked: dict[str, Asked]
    ) -> Any:
        """An entry of which every condition holds, or None; `asked` is told what they ask of it."""
        for condition in conditions:
            entry = self._fit(condition, True, entries.slot, entry, asked)
        frame: Frame = (*self.frame, ("", entry))
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
        frame: Frame = (*self.frame, ("", entry))
        if wanted and left.name in asked and self.scope.holds(condition, frame)[0] == MET:
            return entry  # what is asked already is more than this
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
        standing_in_the_way = [
            frame[-1][1] for frame, _, _ in looked_at(count.entries, self.scope, self.frame)
        ]
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


def _told_apart(expression: Gathered) -> list[FieldRef]:
    """The fields in which entries must differ, since the same thing counts once or up to a ceiling."""
    if isinstance(expression, Extreme | Average):
        return []
    found: list[FieldRef] = []
    if isinstance(expression.once_per, FieldRef) and isinstance(expression.once_per.type, Text | Choice):
        found.append(expression.once_per)
    each = None if expression.ceiling is None else expression.ceiling.each
    if isinstance(each, FieldRef) and isinstance(each.type, Text):
        found.append(each)
    return found


def _under_each_ceiling(expression: Gathered, entry: Any) -> Iterator[tuple[Any, dict[str, Asked]]]:
    """The entry for each of the few choices that a ceiling holds for; as it is, where there is none."""
    ceiling = None if isinstance(expression, Extreme | Average) else expression.ceiling
    each = None if ceiling is None else ceiling.each
    if isinstance(each, FieldRef) and isinstance(each.type, Choice):
        for choice in each.type.choices[:MOST]:
            asked = Asked(each.name, each.label, each.type, "is", (choice,))
            yield {**entry, each.name: choice}, {each.name: asked}
    else:
        yield entry, {}


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int | None:
    """The first number from `low` to `high` for which something holds that goes on holding after it."""
    if low > high or not holds(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
