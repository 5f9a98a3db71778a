"""Random levels: a source of chance in; levels that use everything the policy language can say out.

One fixed vocabulary with every type of fact. Whatever is written into a level goes into its `Pool` too, so
that candidates can be drawn who stand exactly at, just below and just above it (`random_candidates`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

from service.facts.calendar import STILL_RUNNING, Duration
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
    Time,
    YesNo,
)
from service.facts.vocabulary import ALWAYS_THERE
from service.policy.condition import (
    Arithmetic,
    Average,
    Ceiling,
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
    Place,
    Sum,
    TimeIn,
    Whole,
    YearOf,
    all_of,
    negated,
    type_of,
)
from service.policy.model import Level, Requirement, Waiver

RATING = Choice(("below", "meets", "exceeds", "outstanding"), ordered=True)
COLOUR = Choice(("red", "green", "blue"))
POINTS = Number(minimum=0, maximum=40)
ANY = Number()
PLACES = ("craft/junior", "craft/senior", "people/lead")
TEXTS = ("slate", "tile", "Straße", "", "slate ")


def _fact(name: str, kind: FactType, absent_means: Any = None) -> Fact:
    return Fact(name=name, type=kind, label=name.replace("_", " "), absent_means=absent_means)


def _records(dated_by: str | None, *fields: Fact) -> Records:
    return Records({each.name: each for each in fields}, dated_by)


SITTINGS = _records(
    None, _fact("held_on", Date(), NOTHING), _fact("score", ANY), _fact("passed", YesNo(), False)
)  # records inside records
TRAININGS = _records(
    "completed_on",
    _fact("course", Text()),
    _fact("completed_on", Date()),
    _fact("hours", POINTS),
    _fact("credit", ANY),
    _fact("passed", YesNo(), False),
    _fact("grade", RATING),
    _fact("marks", ListOf(ANY)),
    _fact("topics", ListOf(COLOUR)),
    _fact("sittings", SITTINGS),
)
POSITIONS = _records(
    None,
    _fact("grade", ANY),
    _fact("from", Date()),
    _fact("to", Date(), STILL_RUNNING),
    _fact("paused_on", Date(), NOTHING),
    _fact("temporary", YesNo()),
    _fact("site", Text(), NOTHING),
)
REVIEWS = _records(
    "held_on",
    _fact("held_on", Date(), NOTHING),
    _fact("rating", RATING),
    _fact("colour", COLOUR, NOTHING),
    _fact("score", Number(minimum=Decimal("-2.5"))),
)

FACTS: dict[str, Fact] = {
    each.name: each
    for each in (
        _fact("points", POINTS),
        _fact("balance", ANY),
        _fact("salary", Number(minimum=0), 0),
        _fact("wants", YesNo()),
        _fact("exempt", YesNo(), False),
        _fact("since", Date()),
        _fact("ended", Date(), NOTHING),
        _fact("town", Text()),
        _fact("nickname", Text(), NOTHING),
        _fact("rating", RATING),
        _fact("former_rating", RATING, NOTHING),
        _fact("colour", COLOUR),
        _fact("skills", ListOf(Text())),
        _fact("colours", ListOf(COLOUR), ()),
        _fact("ratings", ListOf(RATING)),
        _fact("days", ListOf(Date())),
        _fact("numbers", ListOf(ANY)),
        _fact("answers", ListOf(YesNo())),
        _fact("trainings", TRAININGS),
        _fact("positions", POSITIONS),
        _fact("reviews", REVIEWS, ()),
    )
}
ALL_FACTS = {**FACTS, **ALWAYS_THERE}

EQUALITY = ("is", "is_not", "one_of", "none_of")
ORDER = ("at_least", "more_than", "at_most", "less_than", "between")
DATES = ("before", "on_or_before", "after", "on_or_after", "between", "for_at_least", "within_last")
INCLUDES = ("includes", "includes_all", "includes_any")
HERE = Place("tracks/craft/2020-01-01.yaml", 1, 1)


@dataclass(slots=True)
class Pool:
    """What is written in a level, by type: where its answers turn."""

    numbers: list[int | Decimal] = field(default_factory=lambda: [0])
    dates: list[date] = field(default_factory=lambda: [date(2024, 2, 29)])
    lengths: list[Duration] = field(default_factory=lambda: [Duration(months=1)])


class Writer:
    """Writes one random level, and counts what it used."""

    def __init__(
        self, chance: Random, used: Counter[str] | None = None, *, simple_knowing: bool = False
    ) -> None:
        self.chance = chance
        self.pool = Pool()
        self.used: Counter[str] = Counter() if used is None else used
        self.simple_knowing = simple_knowing  #: `is_known` asks of plain facts and fields alone
        self.numbered = count(1)
        self.fields = self._derived_fields()

    def level(self, requirements: int, depth: int = 3) -> Level:
        """A level of a craft track; the first requirement is the way in."""
        places = tuple(Constant(place, Text()) for place in self.chance.sample(PLACES, 2))
        route = Comparison(FactRef("from.place", Text(), "present level"), "one_of", places, place=HERE)
        asked = [Requirement(id="route", text="route", condition=route, place=HERE)]
        asked += [self.requirement(number, depth) for number in range(requirements)]
        grade = self.chance.choice((5, 6, 7))
        return Level(
            track="craft", level="principal", title="Principal", grade=grade, place=HERE, enter_from=None,
            requires=tuple(asked),
        )  # fmt: skip

    def requirement(self, number: int, depth: int) -> Requirement:
        chance = self.chance
        return Requirement(
            id=f"asked-{number}",
            text="asked",
            condition=self.condition(depth),
            place=HERE,
            kind="advisory" if self._sometimes("advisory", 0.15) else "required",
            applies_when=self.condition(depth - 1) if self._sometimes("applies_when", 0.2) else None,
            unless=self.condition(depth - 1) if self._sometimes("unless", 0.2) else None,
            waiver=Waiver(by=("director",), at_most=chance.choice((None, Duration(days=90))))
            if self._sometimes("waiver", 0.2)
            else None,
        )

    def _sometimes(self, what: str, share: float) -> bool:
        happens = self.chance.random() < share
        self.used[what] += happens
        return happens

    # ── conditions ──────────────────────────────────────────────────────────────────────────────────────────

    def condition(self, depth: int, slots: tuple[FactType, ...] = ()) -> Condition:
        if depth > 1 and self.chance.random() < 0.3:
            return self.group(depth, slots)
        if depth > 0 and self.chance.random() < 0.45:
            return self.quantifier(depth, slots)
        return self.comparison(depth, slots)

    def group(self, depth: int, slots: tuple[FactType, ...]) -> Group:
        parts = tuple(self.condition(depth - 1, slots) for _ in range(self.chance.randint(1, 4)))
        kind = self.chance.choice(("all_of", "any_of", "none_of", "at_least"))
        self.used[kind] += 1
        needed = {"all_of": len(parts), "any_of": 1, "none_of": 1}.get(kind) or self.chance.randint(
            1, len(parts)
        )
        return Group(kind, needed, parts, HERE)  # type: ignore[arg-type]  # one of the four kinds

    def quantifier(self, depth: int, slots: tuple[FactType, ...]) -> Comparison:
        """Records and lists asked as a policy file asks: always a count in the end."""
        form = self.chance.choice(("some", "no", "every", "latest", "for_each", "count", "sum", "time_in"))
        self.used[form] += 1
        if form in ("sum", "time_in"):
            left = self.total(depth, slots) if form == "sum" else self.time_in(depth, slots)
            return self.against(left, self.chance.choice(ORDER), depth, slots, form)
        if form == "count":
            op = self.chance.choice((*ORDER, "is", "is_not"))
            return self.against(self.counted(depth, slots), op, depth, slots, form)
        newest = form == "latest"
        entries = self.entries(depth, slots, newest=newest, listed=form == "for_each")
        inside = (*slots, self.entry_of(entries))
        has: Condition | None = None
        if form in ("every", "for_each"):
            has = negated(self.all_of(depth - 1, inside))
        elif newest or (form == "some" and entries.where is None):
            has = self.all_of(depth - 1, inside)
        op, bound = {"some": ("at_least", 1), "latest": ("at_least", entries.newest)}.get(
            form, ("at_most", 0)
        )
        right = (Constant(bound, Number()),)  # type: ignore[arg-type]  # `newest` is set for the newest
        return Comparison(Count(entries, has), op, right, form, HERE)  # type: ignore[arg-type]  # a form and operator of the language

    def all_of(self, depth: int, slots: tuple[FactType, ...]) -> Condition:
        return all_of(tuple(self.condition(depth, slots) for _ in range(self.chance.randint(1, 2))), HERE)

    def comparison(self, depth: int, slots: tuple[FactType, ...]) -> Comparison:
        kind = self.chance.choice(
            (ANY, ANY, Date(), Date(), Time(), Text(), YesNo(), RATING, COLOUR, ListOf(Text()))
        )
        if isinstance(kind, ListOf):
            kind = self.chance.choice([fact.type for fact in FACTS.values() if isinstance(fact.type, ListOf)])
            return self.against(self.plain(kind, slots), self.chance.choice(INCLUDES), depth, slots)
        left = self.amount(kind, depth, slots)
        if self.chance.random() < 0.06 and (
            not self.simple_knowing or (isinstance(left, FactRef | FieldRef) and left.name)
        ):
            self.used["is_known"] += 1
            return Comparison(left, "is_known", (), "fact", HERE)
        operators: tuple[str, ...] = EQUALITY
        if isinstance(kind, Time):
            operators = ORDER
        elif isinstance(kind, YesNo):
            operators = ("is", "is_not")
        elif isinstance(kind, Date):
            operators = (*EQUALITY, *DATES)
        elif isinstance(kind, Number) or (isinstance(kind, Choice) and kind.ordered):
            operators = (*EQUALITY, *ORDER)
        return self.against(left, self.chance.choice(operators), depth, slots)

    def against(
        self, left: Expression, op: str, depth: int, slots: tuple[FactType, ...], form: str = "fact"
    ) -> Comparison:
        """A comparison of an amount with a literal, or with another amount."""
        self.used[op] += 1
        kind = type_of(left)
        wanted = (
            Time() if op in ("for_at_least", "within_last") else kind.of if isinstance(kind, ListOf) else kind
        )
        several = 2 if op == "between" else self.chance.randint(1, 3) if op in ("one_of", "none_of") else 1
        if op in ("includes_all", "includes_any"):
            several = self.chance.randint(1, 3)
        right = tuple(self.bound(wanted, depth, slots) for _ in range(several))
        if op == "between" and all(isinstance(each, Constant) for each in right):
            right = tuple(sorted(right, key=lambda each: _rank(kind, each.value)))  # type: ignore[union-attr]  # all are constants
        return Comparison(left, op, right, form, HERE)  # type: ignore[arg-type]  # a form and operator of the language

    def bound(self, kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Expression:
        if self.chance.random() < 0.75:
            return self.literal(kind)
        self.used["right-hand amount"] += 1
        return self.amount(kind, depth - 1, slots)

    # ── amounts ─────────────────────────────────────────────────────────────────────────────────────────────

    def literal(self, kind: FactType) -> Constant:
        chance = self.chance
        match kind:
            case Number():
                number = chance.choice(NUMBERS)() if chance.random() < 0.1 else chance.randint(-1, 12)
                number = number if chance.random() < 0.8 else Decimal(chance.randint(-99, 999)).scaleb(-2)
                self.pool.numbers.append(number)
                return Constant(number, Number())
            case Date():
                day = some_day(chance)
                self.pool.dates.append(day)
                return Constant(day, Date())
            case Time():
                length = chance.choice(LENGTHS)
                self.pool.lengths.append(length)
                return Constant(length, Time())
            case YesNo():
                return Constant(chance.random() < 0.5, YesNo())
            case Choice():
                return Constant(chance.choice(kind.choices), kind)
            case _:
                return Constant(chance.choice(TEXTS), Text())

    def amount(self, kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Expression:
        """Any amount of a type."""
        if depth <= 0 or self.chance.random() < 0.5:
            return self.plain(kind, slots)
        ways: list[Callable[[FactType, int, tuple[FactType, ...]], Expression]] = [
            self.choose, self.lookup, self.derived
        ]  # fmt: skip
        if isinstance(kind, Number | Date | Time):
            ways += [self.arithmetic, self.arithmetic]
        if isinstance(kind, Number):
            ways += [
                lambda _, d, s: self.counted(d, s),
                lambda _, d, s: self.total(d, s),
                self.of_day,
                self.whole,
                self.average,
            ]
        if isinstance(kind, Date):
            ways += [self.period_start]
        if isinstance(kind, Number | Date) or (isinstance(kind, Choice) and kind.ordered):
            ways += [self.extreme]
        elif not isinstance(kind, Time):
            ways += [self.of_one_entry]
        if isinstance(kind, Time):
            ways += [lambda _, d, s: self.time_in(d, s)] * 4
        return self.chance.choice(ways)(kind, depth - 1, slots)

    def plain(self, kind: FactType, slots: tuple[FactType, ...]) -> Expression:
        """A field of an entry at hand, a fact, or a literal where there is neither."""
        found: list[Expression] = []
        for slot, entry in enumerate(slots):
            if isinstance(entry, Records):
                found += [
                    FieldRef(slot, each.name, each.type, each.label)
                    for each in entry.fields.values()
                    if _alike(each.type, kind)
                ]
                found += [
                    DerivedField(slot, name, of, type_of(of), name)
                    for name, of in self.fields.get(id(entry), {}).items()
                    if _alike(type_of(of), kind)
                ]
            elif _alike(entry, kind):
                found.append(FieldRef(slot, "", entry, "item"))
        if not found or self.chance.random() < 0.3:
            found = [
                FactRef(name, each.type, each.label)
                for name, each in ALL_FACTS.items()
                if _alike(each.type, kind)
            ]
        if not found:
            return self.time_in(0, slots) if isinstance(kind, Time) else self.literal(kind)
        return self.chance.choice(found)

    def choose(self, kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Choose:
        self.used["choose"] += 1
        branches = [
            (self.condition(min(depth, 1), slots), self.amount_or_literal(kind, depth, slots))
            for _ in range(self.chance.randint(1, 2))
        ]
        return Choose(tuple(branches), self.amount_or_literal(kind, depth, slots))

    def amount_or_literal(self, kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Expression:
        return self.literal(kind) if self.chance.random() < 0.6 else self.amount(kind, depth, slots)

    def lookup(self, kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Lookup:
        otherwise = self.literal(kind).value
        if self.chance.random() < 0.4:
            self.used["bands"] += 1
            at = self.amount(ANY, depth, slots)
            keys = sorted({self.literal(ANY).value for _ in range(3)})  # type: ignore[type-var]  # numbers all
            rows = tuple((key, self.literal(kind).value) for key in keys)
            return Lookup("table", at, rows, otherwise, kind, bands=True)
        self.used["table"] += 1
        key_kind = self.chance.choice((RATING, COLOUR, Text(), YesNo(), ANY))
        at = self.amount(key_kind, depth, slots)
        if isinstance(key_kind, Choice) and self.chance.random() < 0.5:
            keys, otherwise = list(key_kind.choices), None  # type: ignore[assignment]  # every choice has its row
        else:
            keys = list(dict.fromkeys(self.literal(key_kind).value for _ in range(3)))
        return Lookup("table", at, tuple((key, self.literal(kind).value) for key in keys), otherwise, kind)

    def derived(self, kind: FactType, depth: int, _slots: tuple[FactType, ...]) -> Derived:
        self.used["derived"] += 1
        of = self.amount(kind, depth, ())
        return Derived(f"derived_{next(self.numbered)}", of, type_of(of), "derived")

    def arithmetic(self, kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Arithmetic:
        op = self.chance.choice(("plus", "minus", "times"))
        if isinstance(kind, Date):
            op = self.chance.choice(("plus", "minus"))
        if not isinstance(kind, Time) and self._sometimes("of several", 0.3):
            op, other = self.chance.choice(("highest", "lowest")), self.amount_or_literal(kind, depth, slots)
            return Arithmetic(op, self.amount(kind, depth, slots), other)  # type: ignore[arg-type]  # one of the two
        self.used[op] += 1
        left = self.amount(kind, depth, slots)
        if isinstance(kind, Number):
            return Arithmetic(op, left, self.amount_or_literal(kind, depth, slots))  # type: ignore[arg-type]  # one of the three
        if op == "times":
            return Arithmetic("times", left, Constant(self.chance.randint(0, 3), Number()))
        return Arithmetic(op, left, self.amount_or_literal(Time(), depth, slots))  # type: ignore[arg-type]  # one of the three

    def whole(self, _kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Whole:
        """Full units of a time that is covered, or of the time between two days."""
        self.used["full"] += 1
        unit = self.chance.choice((Duration(months=12), Duration(months=1, spills=True), Duration(days=7)))
        if self.chance.random() < 0.4:
            return Whole(unit, self.amount(Time(), depth, slots))
        until = FactRef("as_of", Date(), "as of")
        if self.chance.random() < 0.3:  # never beyond the day that is asked for
            until = Arithmetic("lowest", self.amount(Date(), depth, slots), until)  # type: ignore[assignment]  # any date
        return Whole(unit, Arithmetic("minus", until, self.amount(Date(), depth, slots)))

    def period_start(self, _kind: FactType, depth: int, slots: tuple[FactType, ...]) -> PeriodStart:
        """Periods that are counted from a written day, or from one that is told."""
        following = self._sometimes("next_period", 0.5)
        self.used["period_start"] += not following
        length = self.chance.choice((Duration(months=6), Duration(months=1, spills=True), Duration(days=14)))
        begin: Expression = Constant(self.chance.choice((date(2024, 8, 31), date(2026, 1, 1))), Date())
        if self.chance.random() < 0.2:
            begin = self.plain(Date(), slots)
        return PeriodStart(self.amount(Date(), depth, slots), length, begin, following)

    def average(self, _kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Average:
        self.used["average"] += 1
        total = self.total(depth, slots)
        return Average(total.entries, total.amount, self.chance.choice((None, None, 0, 1, 2)))

    def of_day(self, _kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Expression:
        day = self.amount(Date(), depth, slots)
        if self._sometimes("fiscal_quarter", 0.5):
            return FiscalQuarter(day, self.chance.randint(1, 12))
        self.used["year_of"] += 1
        return YearOf(day)

    # ── over entries ────────────────────────────────────────────────────────────────────────────────────────

    def entries(
        self, depth: int, slots: tuple[FactType, ...], *, newest: bool = False, listed: bool = False,
        of: Expression | None = None,
    ) -> Entries:  # fmt: skip
        chance = self.chance
        if of is None:
            kinds = [f for f in FACTS.values() if isinstance(f.type, Records) and not listed] or [
                f for f in FACTS.values() if isinstance(f.type, ListOf)
            ]
            picked = chance.choice(kinds)
            of = FactRef(picked.name, picked.type, picked.label)
            entry = next(
                (entry for entry in slots if isinstance(entry, Records) and entry is TRAININGS), None
            )
            if entry is not None and not newest and chance.random() < 0.5:
                self.used["list in an entry"] += 1
                inner = entry.fields[
                    "sittings" if not listed and chance.random() < 0.4 else chance.choice(("marks", "topics"))
                ]
                self.used["records in an entry"] += inner.name == "sittings"
                of = FieldRef(slots.index(entry), inner.name, inner.type, inner.label)
            elif listed and chance.random() < 0.3:
                self.used["literal list"] += 1
                of = Constant(tuple(chance.sample(TEXTS, 2)), ListOf(Text()))
        slot, entry_kind = len(slots), _entry_kind(type_of(of))
        inside = (*slots, entry_kind)
        where = self.all_of(depth - 1, inside) if depth > 0 and chance.random() < 0.7 else None
        if not newest:
            return Entries(of, slot, where)
        self.used["newest"] += 1
        name = chance.choice([n for n, f in entry_kind.fields.items() if isinstance(f.type, Date)])  # type: ignore[union-attr]  # newest are records
        by = FieldRef(slot, name, Date(), name)
        return Entries(of, slot, where, chance.choice((1, 1, 2, 3)), by)

    def entry_of(self, entries: Entries) -> FactType:
        return _entry_kind(type_of(entries.of))

    def counted(self, depth: int, slots: tuple[FactType, ...]) -> Count:
        entries = self.entries(depth, slots, newest=self.chance.random() < 0.1)
        inside = (*slots, self.entry_of(entries))
        has = self.all_of(depth - 1, inside) if depth > 0 and self.chance.random() < 0.2 else None
        return Count(entries, has, self.once_per(inside), self.ceiling(inside))

    def total(self, depth: int, slots: tuple[FactType, ...]) -> Sum:
        entries = self.entries(depth, slots, newest=self.chance.random() < 0.1)
        inside = (*slots, self.entry_of(entries))
        amount = (
            self.plain(ANY, inside) if self.chance.random() < 0.8 else self.amount(ANY, depth - 1, inside)
        )
        return Sum(entries, amount, self.once_per(inside), self.ceiling(inside))

    def once_per(self, slots: tuple[FactType, ...]) -> Expression | None:
        if not isinstance(slots[-1], Records) or not self._sometimes("once_per", 0.25):
            return None
        kind = self.chance.choice((Text(), COLOUR, RATING, YesNo(), Date(), ANY))
        return self.own_field(kind, slots)

    def ceiling(self, slots: tuple[FactType, ...]) -> Ceiling | None:
        if not isinstance(slots[-1], Records) or not self._sometimes("at_most_per", 0.25):
            return None
        each = self.own_field(self.chance.choice((Text(), RATING, Date())), slots)
        each = YearOf(each) if each is not None and isinstance(type_of(each), Date) else each
        return None if each is None else Ceiling(self.chance.choice((0, 1, 2, 7, Decimal("2.5"))), each)

    def own_field(self, kind: FactType, slots: tuple[FactType, ...]) -> Expression | None:
        last = len(slots) - 1
        entry = slots[last]
        found = (
            [f for f in entry.fields.values() if _alike(f.type, kind)] if isinstance(entry, Records) else []
        )
        if not found:
            return None
        picked = self.chance.choice(found)
        return FieldRef(last, picked.name, picked.type, picked.label)

    def extreme(self, kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Extreme:
        if self._sometimes("of one entry", 0.3):
            return self.of_one_entry(kind, depth, slots)
        greatest = self._sometimes("highest", 0.5)
        self.used["lowest"] += not greatest
        entries = self.entries(depth, slots)
        inside = (*slots, self.entry_of(entries))
        amount = self.own_field(kind, inside)
        if amount is None and isinstance(inside[-1], Records):
            amount = self.plain(kind, inside)
        if amount is None:
            fact = next(f for f in FACTS.values() if isinstance(f.type, ListOf) and _alike(f.type.of, kind))
            entries = Entries(FactRef(fact.name, fact.type, fact.label), len(slots))
            amount = FieldRef(len(slots), "", _entry_kind(fact.type), "item")
        return Extreme(greatest, entries, amount)

    def of_one_entry(self, kind: FactType, depth: int, slots: tuple[FactType, ...]) -> Extreme:
        """What the newest or the oldest entry has in a field, or what is worked out beside it."""
        entries = self.entries(depth, slots, newest=True)
        entries = replace(entries, newest=1, oldest=self._sometimes("oldest", 0.5))
        inside = (*slots, self.entry_of(entries))
        return Extreme(True, entries, self.own_field(kind, inside) or self.plain(kind, inside))

    def time_in(self, depth: int, slots: tuple[FactType, ...]) -> TimeIn:
        self.used["time covered"] += 1
        positions = FACTS["positions"]
        of = FactRef(positions.name, positions.type, positions.label)
        entries = self.entries(depth, slots, of=of)
        slot = len(slots)
        start = FieldRef(slot, "from", Date(), "from")
        end = FieldRef(slot, self.chance.choice(("to", "to", "paused_on")), Date(), "to")
        starts = DerivedField(
            slot, "counts_from", self.fields[id(POSITIONS)]["counts_from"], Date(), "counts from"
        )
        begin = starts if self.chance.random() < 0.2 else start
        since = until = None
        if self.chance.random() < 0.3:
            self.used["since"] += 1
            since = Arithmetic("minus", FactRef("as_of", Date(), "as of"), self.literal(Time()))
            since = since if self.chance.random() < 0.7 else self.amount(Date(), depth - 1, slots)  # type: ignore[assignment]  # any date
        if self.chance.random() < 0.15:
            self.used["until"] += 1
            until = self.amount(Date(), depth - 1, slots)
        breaks = self.literal(Time()) if self._sometimes("breaks", 0.2) else None
        return TimeIn(entries, begin, end, since, until, breaks)

    def _derived_fields(self) -> dict[int, dict[str, Expression]]:
        """Derived fields of the records, of several types; the entry itself is at slot 0."""
        passed, hours = FieldRef(0, "passed", YesNo(), "passed"), FieldRef(0, "hours", POINTS, "hours")
        day, marks = FieldRef(0, "completed_on", Date(), "day"), FieldRef(0, "marks", ListOf(ANY), "marks")
        course = FieldRef(0, "course", Text(), "course")
        temporary, begun = FieldRef(0, "temporary", YesNo(), "temporary"), FieldRef(0, "from", Date(), "from")
        when_passed = Comparison(passed, "is", (Constant(True, YesNo()),), "fact", HERE)
        when_temporary = Comparison(temporary, "is", (Constant(True, YesNo()),), "fact", HERE)
        later = Arithmetic("plus", begun, self.literal(Time()))
        rows = ((TEXTS[0], Duration(months=12)), (TEXTS[1], Duration(days=90)))
        return {
            id(TRAININGS): {
                "counted_hours": Choose(((when_passed, hours),), Constant(Decimal("0.5"), Number())),
                "quarter": FiscalQuarter(day, 4),
                "best_mark": Extreme(True, Entries(marks, 1), FieldRef(1, "", ANY, "item")),
                "valid_for": Lookup("validity", course, rows, Duration(months=1), Time()),
            },
            id(POSITIONS): {"counts_from": Choose(((when_temporary, later),), begun)},
        }


def _alike(one: FactType, other: FactType) -> bool:
    if isinstance(one, Choice) and isinstance(other, Choice):
        return one.choices == other.choices
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        return _alike(one.of, other.of)
    return type(one) is type(other)


def _entry_kind(kind: FactType) -> FactType:
    return kind.of if isinstance(kind, ListOf) else kind


def _rank(kind: FactType, value: Any) -> Any:
    if isinstance(kind, Choice):
        return kind.choices.index(value)
    return value.months * 31 + value.days if isinstance(value, Duration) else value


NUMBERS: tuple[Callable[[], int | Decimal], ...] = (
    lambda: Decimal("0.1") + Decimal("0.2"),
    lambda: 2**53 - 1,
    lambda: 2**53,
    lambda: -(2**52),
    lambda: 10**29,
    lambda: Decimal("123456789012.345678901234567890"),
    lambda: Decimal("1e-29"),
    lambda: Decimal("-0.00"),
)
LENGTHS = (
    *(Duration(months=months) for months in (1, 1, 2, 6, 6, 12, 12, 13, 18, 24, 36, 120)),
    *(Duration(months=months, spills=True) for months in (1, 6, 12, 13)),
    *(Duration(days=days) for days in (0, 1, 7, 28, 30, 90, 364, 365, 366, 730)),
)
MONTH_ENDS = (date(2023, 1, 31), date(2023, 2, 28), date(2024, 2, 29), date(2024, 8, 31), date(2025, 4, 30))


def some_day(chance: Random) -> date:
    """A day of a few years, often at the end of a month."""
    if chance.random() < 0.3:
        return chance.choice(MONTH_ENDS)
    return date(2022, 1, 1) + timedelta(days=chance.randrange(1500))
