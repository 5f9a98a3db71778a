"""Remedies: single changes to what is told that may bring a condition nearer to being met, or to being unmet.

A condition and what is told in; remedies out, the gentlest first. A remedy sets one fact, adds like entries
to one records or list fact, puts one field right in the entries that stand in the way, or waits. It never
touches a fact with `can_change: no`, never takes an entry away, and invents no past: whether it helps is for
`verdict.changes` to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.engine.network import MET, UNMET
from service.engine.reference import truth
from service.engine.scope import Frame, Scope
from service.engine.values import amount, looked_at
from service.facts.known import Known
from service.facts.totals import minus, plus
from service.facts.types import NOTHING, FactType
from service.facts.vocabulary import ALWAYS_THERE, Vocabulary
from service.policy.condition import (
    Arithmetic,
    Average,
    Choose,
    Comparison,
    Condition,
    Constant,
    Count,
    Derived,
    Expression,
    Extreme,
    FactRef,
    Group,
    Lookup,
    Sum,
    type_of,
)
from service.policy.mentions import Mentions
from service.verdict.entry_remedies import EntryRemedies
from service.verdict.remedy import Asked, Remedy
from service.verdict.satisfying import CONTRARY, MIRRORED, satisfying


def remedies(
    condition: Condition,
    wanted: bool,
    scope: Scope,
    vocabulary: Vocabulary,
    mentions: Mentions,
    frame: Frame = (),
) -> Iterator[Remedy]:
    """Changes that may make a condition met (`wanted`) or unmet; `frame` holds the entries around it."""
    letter = scope.holds(condition, frame)[0]
    if letter == (MET if wanted else UNMET):
        return
    if isinstance(condition, Group):
        inner = wanted != (condition.kind == "none_of")
        for part in condition.of:
            yield from remedies(part, inner, scope, vocabulary, mentions, frame)
        return
    if wanted and condition.form == "for_each" and isinstance(condition.left, Count):
        # it counts what lacks what is asked: each of these has to stop lacking it
        entries, lacks = condition.left.entries, condition.left.has
        for each, _, _ in (
            looked_at(entries, scope, frame) if amount(entries.of, scope, frame).certain else ()
        ):
            if lacks is not None:
                yield from remedies(lacks, False, scope, vocabulary, mentions, each)
    finder = _Finder(scope, vocabulary, mentions, frame)
    for op in (condition.op,) if wanted else CONTRARY.get(condition.op, ()):
        right = [amount(expression, scope, frame) for expression in condition.right]
        if op in ("less_than", "more_than") and condition.op == "between":
            right = [right[0] if op == "less_than" else right[1]]
        if all(known.certain for known in right):
            yield from finder.reach(condition.left, op, [known.value for known in right])
        left = amount(condition.left, scope, frame)
        if len(condition.right) == 1 and op in MIRRORED and left.certain and left.value is not NOTHING:
            yield from finder.reach(condition.right[0], MIRRORED[op], [left.value])


@dataclass(frozen=True, slots=True)
class _Finder:
    scope: Scope
    vocabulary: Vocabulary
    mentions: Mentions
    frame: Frame

    def reach(self, expression: Expression, op: str, targets: list[Any]) -> Iterator[Remedy]:
        """Remedies that may bring an amount to stand in `op` to the targets."""
        match expression:
            case FactRef(name=name):
                yield from self._set(name, op, targets)
            case Derived(of=of):
                yield from self.reach(of, op, targets)
            case Arithmetic():
                yield from self._arithmetic(expression, op, targets)
            case Lookup(at=at, rows=rows):
                for key, value in rows:
                    if _holds(type_of(expression), op, value, targets):
                        yield from self.reach(at, "at_least" if expression.bands else "is", [key])
            case Choose(branches=branches):
                for condition, branch in branches:
                    known = amount(branch, self.scope, self.frame)
                    if known.certain and _holds(type_of(branch), op, known.value, targets):
                        yield from remedies(
                            condition, True, self.scope, self.vocabulary, self.mentions, self.frame
                        )
                    yield from self.reach(branch, op, targets)
                yield from self.reach(expression.otherwise, op, targets)
            case Count() | Sum() | Extreme() | Average():
                yield from EntryRemedies(self.scope, self.vocabulary, self.mentions, self.frame).all(
                    expression, op, targets
                )

    def _set(self, name: str, op: str, targets: list[Any]) -> Iterator[Remedy]:
        if name in ALWAYS_THERE or not self.vocabulary[name].can_change:
            return
        fact = self.vocabulary[name]
        now = self.scope.facts.get(name)
        for value in satisfying(fact.type, op, targets, now, self.scope.as_of):
            if value != now:
                asked = Asked(name, fact.label, fact.type, op, tuple(targets))
                yield Remedy(fact=name, how="set", value=value, key=(name,), label=fact.label, asked=(asked,))

    def _arithmetic(self, expression: Arithmetic, op: str, targets: list[Any]) -> Iterator[Remedy]:
        left, right = (amount(side, self.scope, self.frame) for side in (expression.left, expression.right))
        if op not in MIRRORED or not targets or targets[0] is NOTHING:
            return
        target = targets[0]
        if expression.op == "plus":
            yield from self._side(expression.left, op, target, right, minus)
            yield from self._side(expression.right, op, target, left, minus)
        elif expression.op == "minus":
            yield from self._side(expression.left, op, target, right, plus)
            if left.certain and left.value is not NOTHING and type(left.value) is type(target):
                yield from self.reach(expression.right, MIRRORED[op], [minus(left.value, target)])
        elif expression.op in ("highest", "lowest"):
            for side in (expression.left, expression.right):
                yield from self.reach(side, op, targets)
        else:
            for side, other in ((expression.left, right), (expression.right, left)):
                if (
                    other.certain
                    and isinstance(other.value, int)
                    and other.value > 0
                    and isinstance(target, int)
                ):
                    up = op in ("at_least", "more_than", "is")
                    yield from self.reach(
                        side, op, [-(-target // other.value) if up else target // other.value]
                    )

    def _side(self, side: Expression, op: str, target: Any, other: Known, undo: Any) -> Iterator[Remedy]:
        if other.certain and other.value is not NOTHING:
            yield from self.reach(side, op, [undo(target, other.value)])


def _holds(kind: FactType, op: str, value: Any, targets: list[Any]) -> bool:
    """Whether a written value stands in `op` to the targets."""
    comparison = Comparison(Constant(value, kind), op, tuple(Constant(t, kind) for t in targets))  # type: ignore[arg-type]  # an operator
    scope = Scope(facts={}, as_of=date.min, truth=truth)
    return scope.holds(comparison)[0] == MET
