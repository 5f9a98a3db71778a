"""Prepared: amounts and conditions in; functions out that work them out in a fraction of the time.

Made once, when a policy is loaded; what decides, explains and advises works with them. `engine.values` and
`engine.reference` say what they mean, entry by entry and in plain words, and a verdict is confirmed by those
two alone: nothing that is prepared here has a part in confirming.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.engine import reference
from service.engine.comparing import NO, YES, Test, comparing
from service.engine.network import MET, UNKNOWN, UNMET
from service.engine.prepared_amounts import Looked, amount_of, candidates_in
from service.engine.scope import Amount, Counted, Frame, Scope, Truth, both
from service.engine.values import newest_of
from service.facts.known import Known
from service.policy.condition import (
    Average,
    Comparison,
    Condition,
    Constant,
    Count,
    Derived,
    DerivedField,
    Entries,
    Expression,
    Extreme,
    FieldRef,
    Group,
    Sum,
    TimeIn,
)
from service.policy.trees import Node, parts_of


class Prepared:
    """The amounts and conditions of some levels, each made ready once."""

    def __init__(self) -> None:
        self.amounts: dict[int, Amount] = {}  #: by identity
        self._tests: dict[int, Test] = {}
        self._slots: dict[int, frozenset[int]] = {}
        self._kept: list[object] = []  # so that their identities stay their own

    def scope(self, plain: Scope) -> Scope:
        """The same candidate on the same day, judged by what is prepared here."""
        return Scope(plain.facts, plain.as_of, self.truth, plain.waivers, self.amounts)

    def truth(self, condition: Condition, scope: Scope, frame: Frame = ()) -> Truth:
        """Whether a condition holds, as `engine.reference.truth` says; by that, where it is not prepared."""
        test = self._tests.get(id(condition))
        return reference.truth(condition, scope, frame) if test is None else test(scope, frame)

    def amount(self, expression: Expression) -> Amount:
        """What works out an amount, as `engine.values.amount` does."""
        made = self.amounts.get(id(expression))
        if made is None:
            made = amount_of(self, expression)
            if not isinstance(expression, Constant) and not self._needs(expression):
                made = _told_once(made, id(expression))
            self.amounts[id(expression)] = made
            self._kept.append(expression)
        return made

    def test(self, condition: Condition) -> Test:
        """What judges a condition, as `engine.reference.truth` does."""
        made = self._tests.get(id(condition))
        if made is None:
            if isinstance(condition, Comparison):
                made = comparing(condition, self.amount)
            else:
                made = _group(condition, [self.test(part) for part in condition.of])
            if not self._needs(condition):
                made = _judged_once(made, id(condition))
            self._tests[id(condition)] = made
            self._kept.append(condition)
        return made

    def looked_at(self, entries: Entries) -> Looked:
        """What picks the entries that may count, as `engine.values.looked_at` does."""
        candidates = candidates_in(entries.of, self.amount(entries.of))
        where = None if entries.where is None else self.test(entries.where)
        newest, by = entries.newest, None if entries.newest_by is None else self.amount(entries.newest_by)

        def pick(scope: Scope, frame: Frame) -> Sequence[Counted]:
            counted: list[Counted] = []
            for inner, dated in candidates(scope, frame):
                letter, missing = dated
                if where is not None:
                    told = where(scope, inner)
                    letter, missing = told if dated is YES else both(dated, told)
                if letter != UNMET:
                    counted.append((inner, letter, missing))
            if newest is None or by is None:
                return counted
            return tuple(newest_of(entries, newest, counted, [by(scope, inner) for inner, _, _ in counted]))

        if self._needs(entries.of) or (entries.where and self._needs(entries.where) - {entries.slot}):
            return pick
        key = id(entries)
        self._kept.append(entries)

        def remembered(scope: Scope, frame: Frame) -> Sequence[Counted]:
            if frame:
                return pick(scope, frame)
            counted = scope.counted.get(key)
            if counted is None:
                counted = scope.counted[key] = pick(scope, ())
            return counted

        return remembered

    def _needs(self, node: Node) -> frozenset[int]:
        """The slots of the entries that must be at hand for an amount or a condition to be worked out."""
        slots = self._slots.get(id(node))
        if slots is None:
            match node:
                case FieldRef(slot=slot) | DerivedField(slot=slot):
                    slots = frozenset({slot})
                case Derived():
                    slots = frozenset()
                case _:
                    slots = frozenset().union(*map(self._needs, parts_of(node)))
                    if isinstance(node, Count | Sum | TimeIn | Extreme | Average):
                        slots -= {node.entries.slot}
            self._slots[id(node)] = slots
            self._kept.append(node)
        return slots


# ── remembering ─────────────────────────────────────────────────────────────────────────────────────────────


def _told_once(work: Amount, key: int) -> Amount:
    """The same, remembered: it is the same beside every entry."""

    def amount(scope: Scope, frame: Frame) -> Known:
        known = scope.memo.get(key)
        if known is None:
            known = scope.memo[key] = work(scope, frame)
        return known

    return amount


def _judged_once(work: Test, key: int) -> Test:
    def test(scope: Scope, frame: Frame) -> Truth:
        told = scope.truths.get(key)
        if told is None:
            told = scope.truths[key] = work(scope, frame)
        return told

    return test


# ── groups ──────────────────────────────────────────────────────────────────────────────────────────────────


def _group(group: Group, tests: Sequence[Test]) -> Test:
    at_first, left_over = group.needed, len(tests) - group.needed
    met, unmet = (NO, YES) if group.kind == "none_of" else (YES, NO)

    def test(scope: Scope, frame: Frame) -> Truth:
        needed, spare = at_first, left_over
        missing: tuple[str, ...] = ()
        for each in tests:
            letter, wanted = each(scope, frame)
            if letter == MET:
                needed -= 1
                if not needed:
                    return met
            elif letter == UNMET:
                spare -= 1
                if spare < 0:
                    return unmet
            else:
                missing += wanted
        return UNKNOWN, missing

    return test
