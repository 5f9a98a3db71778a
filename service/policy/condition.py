"""What a policy can say about facts: amounts (expressions) and conditions, as frozen trees.

Built by the loader with every name resolved and every type checked; given meaning by `engine.values`
(amounts) and `engine.reference` (conditions). Two trees that say the same are equal: positions and wording do
not count.

Inside `where` and `has` an entry is at hand. Entries are numbered by how deep they are nested (`slot`): the
outermost is 0. In a derived field of a records fact, slot 0 is `this` entry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from service.facts.calendar import Duration
from service.facts.types import Date, FactType, Number, Time, Value


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the policy folder something is written."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


# ── amounts ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the policy."""

    value: Value
    type: FactType


@dataclass(frozen=True, slots=True)
class FactRef:
    """A fact of the candidate, or one that is always there (`as_of`, `to.grade`)."""

    name: str
    type: FactType = field(compare=False)
    label: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field of the entry in `slot`; `name` "" is the entry itself (an item of a plain list)."""

    slot: int
    name: str
    type: FactType = field(compare=False)
    label: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived fact, by name, with what it is calculated from."""

    name: str
    of: Expression
    type: FactType = field(compare=False)
    label: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class DerivedField:
    """A derived field of the entry in `slot`; `of` is written for that entry at slot 0 with no other at
    hand."""

    slot: int
    name: str
    of: Expression
    type: FactType = field(compare=False)
    label: str = field(compare=False)


ArithmeticOp = Literal["plus", "minus", "times", "highest", "lowest"]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`plus` and `minus` of numbers, of lengths of time, or of a date and a length; `times` with a number;
    the `highest` or `lowest` of two numbers or dates."""

    op: ArithmeticOp
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Lookup:
    """The row of a table at a key. With `bands` a key falls in the row with the greatest key not above it."""

    table: str
    at: Expression
    rows: tuple[tuple[Value, Value], ...]  #: key → value; sorted by key when `bands`
    otherwise: Value | None
    type: FactType = field(compare=False)  #: of the values
    bands: bool = False
    label: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Choose:
    """The amount of the first branch whose condition is met; `otherwise` when none is.

    A table or figure by date chooses by the day of the request; `dated` is its name, and nothing is what
    holds on days without a period.
    """

    branches: tuple[tuple[Condition, Expression], ...]
    otherwise: Expression
    dated: str = ""
    label: str = field(default="", compare=False)  #: of the table or figure by date


@dataclass(frozen=True, slots=True)
class FiscalQuarter:
    """The fiscal quarter of a date, as a number that grows by one each quarter; the year starts in
    `year_starts`."""

    of: Expression
    year_starts: int  #: month 1-12


@dataclass(frozen=True, slots=True)
class PeriodStart:
    """The first day of the period in which a date lies, or (`following`) of the first that begins no sooner.

    Periods of one length follow each other, before and after `counted_from`.
    """

    of: Expression
    length: Duration
    counted_from: Expression
    following: bool


@dataclass(frozen=True, slots=True)
class Entries:
    """Which entries are looked at: of a records or list amount, those that meet `where`, of these the newest
    (or the oldest)."""

    of: Expression  #: a FactRef, Derived, FieldRef or Constant whose type is Records or ListOf
    slot: int  #: the number of the entry inside `where`, and in what is asked of these entries
    where: Condition | None = None
    newest: int | None = None
    newest_by: Expression | None = None  #: a date; needed with `newest`
    name: str = field(default="", compare=False)  #: what the author calls one entry (`as: result`)
    oldest: bool = False  #: the oldest are looked at instead of the newest


@dataclass(frozen=True, slots=True)
class Ceiling:
    """No more than `at_most` counts for each value of `each` (`at_most_per`)."""

    at_most: int | Any
    each: Expression  #: a field, or the year of a date field (`YearOf`)


@dataclass(frozen=True, slots=True)
class YearOf:
    """The calendar year of a date, as a number."""

    of: Expression


@dataclass(frozen=True, slots=True)
class Whole:
    """How many whole units of time a length of time holds (`full: years`), counted from the day it begins."""

    unit: Duration
    of: Expression


@dataclass(frozen=True, slots=True)
class Count:
    """How many of the entries meet `has` (all of them when None); equal values of `once_per` count once."""

    entries: Entries
    has: Condition | None = None
    once_per: Expression | None = None
    ceiling: Ceiling | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of an amount over entries; of entries with equal `once_per` the greatest counts."""

    entries: Entries
    amount: Expression
    once_per: Expression | None = None
    ceiling: Ceiling | None = None


@dataclass(frozen=True, slots=True)
class TimeIn:
    """Days covered by entries from `start` through `end`, no day twice, up to the day before `as_of`.

    Compared with months, the months are counted from the first day covered.
    """

    entries: Entries
    start: Expression
    end: Expression
    since: Expression | None = None  #: days before this one do not count
    until: Expression | None = None  #: days after this one do not count
    #: only the last unbroken time counts, in which no break is longer than this
    breaks: Expression | None = None


@dataclass(frozen=True, slots=True)
class Extreme:
    """`highest`, `lowest`, `latest` or `earliest` amount over entries; NOTHING when there is no entry.

    Of the one newest or oldest entry (`latest: grade` with `by: from`) it is just that entry's amount.
    """

    greatest: bool
    entries: Entries
    amount: Expression


@dataclass(frozen=True, slots=True)
class Average:
    """The average amount of entries, rounded to so many decimal places; NOTHING when there is no entry."""

    entries: Entries
    amount: Expression
    places: int | None = None


Expression = (
    Constant | FactRef | FieldRef | Derived | DerivedField | Arithmetic | Lookup | Choose | FiscalQuarter |
    YearOf | Whole | PeriodStart | Count | Sum | TimeIn | Extreme | Average
)  # fmt: skip

# ── conditions ──────────────────────────────────────────────────────────────────────────────────────────────

Operator = Literal[
    "is", "is_not", "one_of", "none_of", "at_least", "more_than", "at_most", "less_than", "between",
    "includes", "includes_all", "includes_any", "before", "on_or_before", "after", "on_or_after",
    "for_at_least", "within_last", "is_known",
]  # fmt: skip

Form = Literal["fact", "some", "every", "no", "count", "sum", "time_in", "latest", "for_each"]
GroupKind = Literal["all_of", "any_of", "none_of", "at_least"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test of an amount.

    `right` holds one amount; two for `between` (both included); one or more for `one_of`, `none_of`,
    `includes_all` and `includes_any`; none for `is_known`. `for_at_least` and `within_last` take a `Duration`
    constant or amount and compare a date with `as_of`.

    Quantifiers are counts: `some` is a count at least 1, `no` at most 0, `every` a count of entries that do
    not meet the condition, at most 0 (so `has` is the negated condition), `latest … last: n` a count of n
    among the newest n, `for_each` an `every` over its list. `form` remembers how the author wrote it, for
    sentences.
    """

    left: Expression
    op: Operator
    right: tuple[Expression, ...]
    form: Form = field(default="fact", compare=False)
    place: Place | None = field(default=None, compare=False)
    called: str = field(default="", compare=False)  #: the text of the shared requirement whose `use` this is


@dataclass(frozen=True, slots=True)
class Group:
    """`all_of`, `any_of`, `none_of` or `at_least: n of`; `needed` is n, the number to be met (for none_of: 1,
    negated)."""

    kind: GroupKind
    needed: int
    of: tuple[Condition, ...]
    place: Place | None = field(default=None, compare=False)
    called: str = field(default="", compare=False)  #: the text of the shared requirement whose `use` this is


Condition = Comparison | Group


def all_of(conditions: tuple[Condition, ...], place: Place | None = None) -> Condition:
    """All of these: the condition itself when there is one."""
    return conditions[0] if len(conditions) == 1 else Group("all_of", len(conditions), conditions, place)


def negated(condition: Condition) -> Group:
    return Group("none_of", 1, (condition,), condition.place)


def type_of(expression: Expression) -> FactType:
    """The type of the values an amount takes."""
    if isinstance(expression, _TYPED):
        return expression.type
    match expression:
        case Arithmetic(left=left, right=right):
            return _arithmetic_type(expression.op, type_of(left), type_of(right))
        case Choose(otherwise=otherwise):
            return type_of(otherwise)
        case FiscalQuarter() | YearOf() | Whole() | Count():
            return Number()
        case Sum(amount=amount) | Extreme(amount=amount):
            return type_of(amount)
        case TimeIn():
            return Time()
        case PeriodStart():
            return Date()
        case Average(amount=amount):
            averaged = type_of(amount)
            return Number(unit=averaged.unit if isinstance(averaged, Number) else "")


_TYPED = (FactRef, FieldRef, Constant, Derived, DerivedField, Lookup)  #: amounts that carry their type


def _arithmetic_type(op: str, left: FactType, right: FactType) -> FactType:
    if op == "minus" and isinstance(left, Date) and isinstance(right, Date):
        return Time()
    return right if op == "times" and isinstance(right, Time) else left
