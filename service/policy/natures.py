"""What a comparison comes down to: a comparison and what is taken for granted in; its answer, a test of one
amount, or conditions to ask instead, out.

Amounts that are known for certain are calculated, and those of which something is known get bounds: a count
of entries that cannot exist is 0. Everything else may be anything its type allows. Knows nothing of goals:
`policy.logic` searches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any, Final

from service.facts import totals
from service.facts.calendar import Duration
from service.facts.types import (
    NOTHING,
    Choice,
    Date,
    Fact,
    FactType,
    ListOf,
    Number,
    Records,
    Text,
    YesNo,
)
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
    Entries,
    Expression,
    Extreme,
    FactRef,
    FieldRef,
    Lookup,
    Sum,
    TimeIn,
    all_of,
    type_of,
)
from service.policy.possible import LENGTHS, UNMET, Case, Nature, Test, answer, scaled
from service.policy.shapes import Atom, Chosen, Entry, Frame, Shape, Tally, Unclear, at_hand

UNTOLD: Final = object()  #: of an always-there fact: the request does not tell it
_NOT_SETTLED: Final = object()
_LISTED: Final = ("includes_all", "includes_any")
_BOUNDS: Final = ("at_least", "at_most")


EntryCan = Callable[[Entries, Condition | None, Frame, bool], bool]
"""Whether an entry can be among some and meet a condition, for certain or (False) perhaps."""


class Natures:
    """What comparisons come down to in one world, on one day."""

    def __init__(
        self, vocabulary: Vocabulary, always: Mapping[str, Any], day: date, entry_can: EntryCan
    ) -> None:
        self._vocabulary, self._always, self._day, self._entry_can = vocabulary, always, day, entry_can

    def shape(self, condition: Comparison, frame: Frame) -> Shape:
        """What a comparison comes down to."""
        if condition.op in _LISTED:
            needed = len(condition.right) if condition.op == "includes_all" else 1
            each = tuple((replace(condition, op="includes", right=(one,)), frame) for one in condition.right)
            return Tally(needed, each)
        kind = type_of(condition.left)
        left, left_frame = _plainly(condition.left, frame)
        right = self._right(condition, kind, frame)
        if isinstance(left, Choose):
            return self._chosen(condition, kind, left, left_frame, frame)
        if isinstance(left, Count) and isinstance(left.entries.of, Constant):
            return self._items(condition, left, left_frame, right)
        if right is None:
            return Unclear((condition, frame))
        scale, values = right
        if any(value is NOTHING for value in values):
            if condition.op not in ("is", "is_not", "one_of", "none_of"):
                return UNMET
            values = tuple(value for value in values if value is not NOTHING)
        test = Test(condition.op, values)
        known = self._settled(left, left_frame)
        if known is UNTOLD:
            return (
                answer(test, Case(None, None, False), kind, self._day)
                if values or test.op == "is_known"
                else UNMET
            )
        if scale == "from as_of" and left == FactRef("as_of", Date(), ""):
            known = self._day
        if known is not _NOT_SETTLED and not (
            isinstance(known, date) and scale == "from as_of" and known != self._day
        ):
            exact = Case(*[scaled(known, kind, self._day)] * 2)
            return answer(test, exact, kind, self._day)
        if condition.op == "includes":
            return Unclear((left, left_frame, "includes", values))
        nature = self.nature(left, left_frame, kind)
        if scale == "from as_of" and nature.values:
            nature = replace(nature, values=None)  # days of the calendar, and `as_of` may be any of them
        return Atom((left, left_frame, scale, kind), nature, test, left, left_frame)

    # ── values that are settled ─────────────────────────────────────────────────────────────────────────────

    def _right(
        self, condition: Comparison, kind: FactType, frame: Frame
    ) -> tuple[str, tuple[Any, ...]] | None:
        """The values on the right and the scale they lie on: for dates, the calendar or days before
        `as_of`."""
        values: list[Any] = []
        scales = set()
        for expression in condition.right:
            value = self._settled(expression, frame)
            scale = "calendar"
            if value is _NOT_SETTLED and isinstance(kind, Date):
                value, scale = self._from_as_of(expression, frame), "from as_of"
            if value is _NOT_SETTLED or value is UNTOLD:
                return None
            scales.add("from as_of" if condition.op in LENGTHS else scale)
            values.append(value if condition.op in LENGTHS else scaled(value, kind, self._day))
        return (scales.pop() if scales else "calendar", tuple(values)) if len(scales) < 2 else None

    def _from_as_of(self, expression: Expression, frame: Frame) -> Any:
        """A day that is told as so long before or after `as_of`."""
        if isinstance(expression, FactRef) and expression.name == "as_of":
            return self._day
        if isinstance(expression, Arithmetic) and expression.op in ("plus", "minus"):
            start, length = self._from_as_of(expression.left, frame), self._settled(expression.right, frame)
            if isinstance(start, date) and isinstance(length, Duration):
                return totals.plus(start, length) if expression.op == "plus" else totals.minus(start, length)
        return _NOT_SETTLED

    def _settled(self, expression: Expression, frame: Frame) -> Any:
        """The value of an amount that is the same for everybody in this world."""
        expression, frame = _plainly(expression, frame)
        match expression:
            case Constant(value=value):
                return value
            case FactRef(name=name):
                return self._always.get(name, _NOT_SETTLED)
            case FieldRef(slot=slot, name=""):
                item = frame[slot] if slot < len(frame) else None
                return item.value if isinstance(item, Constant) else _NOT_SETTLED
            case Lookup(at=at):
                return self._row(expression, self._settled(at, frame))
            case Arithmetic(op="highest" | "lowest" as op, left=left, right=right):
                both = [self._settled(left, frame), self._settled(right, frame)]
                if _NOT_SETTLED in both or UNTOLD in both:
                    return _NOT_SETTLED
                there = [value for value in both if value is not NOTHING]
                return (max if op == "highest" else min)(there) if there else NOTHING
            case Arithmetic(op=op, left=left, right=right):
                one, other = self._settled(left, frame), self._settled(right, frame)
                if NOTHING in (one, other):
                    return NOTHING if UNTOLD not in (one, other) else _NOT_SETTLED
                if _NOT_SETTLED in (one, other) or UNTOLD in (one, other):
                    return _NOT_SETTLED
                return {"plus": totals.plus, "minus": totals.minus, "times": totals.times}[op](one, other)
            case _:
                return _NOT_SETTLED

    def _row(self, table: Lookup, key: Any) -> Any:
        if key is _NOT_SETTLED or key is UNTOLD:
            return _NOT_SETTLED
        if table.bands:
            found = [] if key is NOTHING else [value for bound, value in table.rows if bound <= key]
        else:
            found = [value for row, value in table.rows if row == key]
        return found[-1] if found else NOTHING if table.otherwise is None else table.otherwise

    # ── conditions to ask instead ───────────────────────────────────────────────────────────────────────────

    def _chosen(
        self, condition: Comparison, kind: FactType, choose: Choose, inner: Frame, frame: Frame
    ) -> Shape:
        right: list[Expression] = []
        for expression in condition.right:
            value = self._settled(expression, frame)
            if value is _NOT_SETTLED or value is UNTOLD:
                if inner != frame:
                    return Unclear((condition, frame))
                right.append(expression)
            else:
                right.append(Constant(value, type_of(expression)))
        branches: list[tuple[Condition | None, Comparison]] = []
        for when, then in (*choose.branches, (None, choose.otherwise)):
            typed = Constant(then.value, kind) if isinstance(then, Constant) else then
            branches.append((when, replace(condition, left=typed, right=tuple(right))))
        return Chosen(tuple(branches), inner)

    def _items(
        self, condition: Comparison, count: Count, frame: Frame, right: tuple[str, tuple[Any, ...]] | None
    ) -> Shape:
        """A count over a list that is written in the policy: each item is asked by itself."""
        entries, parts = (
            count.entries,
            [part for part in (count.entries.where, count.has) if part is not None],
        )
        of = entries.of
        plain = not (count.once_per or count.ceiling or entries.newest) and condition.op in _BOUNDS
        if (
            right is None or right[1][0] is NOTHING or not plain or not parts
            or not isinstance(of, Constant) or not isinstance(of.type, ListOf)
        ):  # fmt: skip
            return Unclear((condition, frame))
        asked = all_of(tuple(parts))
        items = [Constant(item, of.type.of) for item in of.value] if isinstance(of.value, tuple) else []
        each = tuple((asked, at_hand(frame, entries.slot, item)) for item in items)
        n = right[1][0]
        return (
            Tally(int(-(-n // 1)), each) if condition.op == "at_least" else Tally(int(n // 1) + 1, each, True)
        )

    # ── natures ─────────────────────────────────────────────────────────────────────────────────────────────

    def nature(self, amount: Expression, frame: Frame, kind: FactType) -> Nature:
        """What an amount is that is not settled."""
        match amount:
            case FactRef(name=name):
                if name in ALWAYS_THERE:
                    fixed = not name.startswith("from.")
                    return Nature(kind, silent=not fixed, nothing=not fixed)
                return _told(kind, self._vocabulary.facts.get(name))
            case FieldRef(slot=slot, name=name):
                entry = frame[slot] if slot < len(frame) else None
                fields = (
                    entry.type.fields if isinstance(entry, Entry) and isinstance(entry.type, Records) else {}
                )
                return _told(kind, fields.get(name)) if name else Nature(kind, silent=False)
            case Count():
                return self._counted(kind, amount, frame)
            case Sum(entries=entries, amount=each):
                some = self._entry_can(entries, None, frame, False)
                certain = some and self._entry_can(entries, None, frame, True)
                least = (
                    each.type.minimum
                    if isinstance(each, FieldRef) and isinstance(each.type, Number)
                    else None
                )
                positive = least is not None and least >= 0
                return Nature(
                    kind,
                    plain=False,
                    lowest=0 if positive or not some else None,
                    most_certain=0 if positive and not certain else None,
                    most=None if some else 0,
                )
            case TimeIn(entries=entries):
                some = self._entry_can(entries, None, frame, False)
                certain = some and self._entry_can(entries, None, frame, True)
                return Nature(
                    kind, plain=False, lowest=0, most=None if some else 0, most_certain=None if certain else 0
                )
            case Extreme(entries=entries):
                some = self._entry_can(entries, None, frame, False)
                return Nature(kind, plain=False, nothing=True, values=None if some else ())
            case Average(entries=entries, amount=each, places=None):
                field = type_of(each)
                some = self._entry_can(entries, None, frame, False)
                least, most = (field.minimum, field.maximum) if isinstance(field, Number) else (None, None)
                told = isinstance(each, FieldRef)  # what is calculated has no bounds of its own
                return Nature(
                    kind, plain=False, nothing=True, values=None if some else (),
                    lowest=least if told else None, most=most if told else None,
                )  # fmt: skip
            case Lookup(rows=rows, otherwise=otherwise):
                values = [value for _, value in rows] + ([] if otherwise is None else [otherwise])
                real = tuple(dict.fromkeys(value for value in values if value is not NOTHING))
                return Nature(kind, plain=False, nothing=True, values=real)
            case _:
                return Nature(kind, plain=False, nothing=True)

    def _counted(self, kind: FactType, count: Count, frame: Frame) -> Nature:
        entries = count.entries
        some = self._entry_can(entries, count.has, frame, False)
        certain = some and self._entry_can(entries, count.has, frame, True)
        bounds: list[Any] = [] if certain else [0]
        if entries.newest is not None:
            bounds.append(entries.newest)
        if count.once_per is not None and certain:
            bounds.append(self._different(count.once_per, count, frame))
        if count.ceiling is not None and certain:
            groups = self._different(count.ceiling.each, count, frame)
            bounds.append(None if groups is None else groups * Fraction(count.ceiling.at_most))
        most_certain = min((bound for bound in bounds if bound is not None), default=None)
        whole = count.ceiling is None or Fraction(count.ceiling.at_most).denominator == 1
        silent = self._may_be_untold(entries.of)
        return Nature(
            kind, plain=False, silent=False, whole=whole, lowest=0, most_certain=most_certain,
            most=None if some or silent else 0,
        )  # fmt: skip

    def _may_be_untold(self, of: Expression) -> bool:
        fact = self._vocabulary.facts.get(of.name) if isinstance(of, FactRef) else None
        return fact is None or fact.absent_means is None

    def _different(self, by: Expression, count: Count, frame: Frame) -> int | None:
        """How many values a field can have among the entries that count; None when nobody can say."""
        kind = type_of(by)
        values: tuple[Any, ...]
        match kind:
            case Choice(choices=choices):
                values = choices
            case YesNo():
                values = (True, False)
            case Text():
                values = self._named(by, count)
            case _:
                return None
        if not values:
            return None
        has = () if count.has is None else (count.has,)
        return sum(
            self._entry_can(count.entries, all_of((*has, _is(by, value, kind))), frame, True)
            for value in values
        )

    def _named(self, by: Expression, count: Count) -> tuple[Any, ...]:
        """The texts a field can have, when it can have no others than these."""
        for known in (_texts(by, count.entries.where), _texts(by, count.has)):
            if known:
                return known
        return ()


def _plainly(expression: Expression, frame: Frame) -> tuple[Expression, Frame]:
    """What a derived fact is calculated from; the entries at hand for that, and for facts: none."""
    while isinstance(expression, Derived):
        expression, frame = expression.of, ()
    return expression, () if isinstance(expression, FactRef) else frame


def _told(kind: FactType, fact: Fact | None) -> Nature:
    if fact is None:
        return Nature(kind, nothing=True)
    return Nature(kind, silent=fact.absent_means is None, nothing=fact.absent_means is NOTHING)


def _is(by: Expression, value: Any, kind: FactType) -> Comparison:
    return Comparison(by, "is", (Constant(value, kind),))


def _texts(by: Expression, condition: Condition | None) -> tuple[Any, ...]:
    """The texts to which a condition holds a field."""
    if isinstance(condition, Comparison):
        if condition.left == by and condition.op in ("is", "one_of"):
            found = tuple(each.value for each in condition.right if isinstance(each, Constant))
            return found if len(found) == len(condition.right) else ()
        return ()
    if condition is not None and condition.kind == "all_of":
        return next((found for part in condition.of if (found := _texts(by, part))), ())
    return ()
