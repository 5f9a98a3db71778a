"""Measures: the whole numbers that durable-rules compares stand to their bounds as the amounts themselves
do."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.engine.measures import FAR, leaf_of, splits
from service.engine.network import BOUND, MET, OPPOSITE, UNKNOWN, Within, bounded, place
from service.engine.prepared import Prepared
from service.engine.reference import truth
from service.engine.scope import Scope
from service.facts.calendar import FIRST_DAY, LAST_DAY, STILL_RUNNING, Duration, add
from service.facts.types import NOTHING, Choice, Date, FactType, ListOf, Number, Text, Time, YesNo
from service.policy.condition import (
    Arithmetic,
    Choose,
    Comparison,
    Constant,
    Derived,
    Expression,
    FactRef,
    Lookup,
    Operator,
)

AS_OF = date(2024, 2, 29)
RATING = Choice(("below", "meets", "exceeds"), ordered=True)


def told(comparison: Comparison, **facts: Any) -> tuple[str, str]:
    """What the leaf says and what the reference says."""
    scope = Scope(facts=facts, as_of=AS_OF, truth=truth)
    leaf = leaf_of(comparison, Prepared().amount)
    measure = leaf.measure(scope, ())
    if measure is not None:
        assert bounded(measure[0]) and bounded(measure[1]) and measure[0] <= measure[1]  # noqa: PT018 - one law
        assert measure[0] == measure[1] or leaf.within.ranged
    letter = place(leaf.within, measure)
    return OPPOSITE[letter] if leaf.negated else letter, truth(comparison, scope)[0]


def fact(kind: FactType, name: str = "x") -> FactRef:
    return FactRef(name, kind, name)


ORDER: tuple[Any, ...] = ("at_least", "more_than", "at_most", "less_than", "is", "is_not")
numbers = (
    st.integers(-20, 20)
    | st.integers(-(10**30), 10**30)
    | st.sampled_from([FAR, FAR - 1, FAR // 2, FAR // 2 - 1, -FAR, 10**29, -(FAR // 2) + 1])
    | st.decimals(-20, 20, places=2)
    | st.decimals(-(10**12), 10**12, places=17)
)


@given(numbers, numbers, st.sampled_from(ORDER))
@example(FAR // 2, FAR // 2 - 1, "more_than")
@example(Decimal("1e-29"), 0, "more_than")
@example(Decimal("0.3"), Decimal("0.30"), "is")
@example(10**29, 10**29 - 1, "more_than")
def test_every_number_keeps_its_order_against_every_bound(value: Any, bound: Any, op: Any) -> None:
    """At it, a hair above it, a hair below it, and far beyond what a float holds."""
    kind = Number()
    both = (Constant(bound, kind), fact(kind, "bound"))
    for right in both:
        for near in (value, bound, bound + Decimal("1e-20"), bound - Decimal("1e-20")):
            leaf, reference = told(Comparison(fact(kind), op, (right,)), x=near, bound=bound)
            assert leaf == reference


@given(numbers, numbers, numbers)
def test_between_is_one_leaf_or_two(value: Any, one: Any, other: Any) -> None:
    """Bounds that are too far apart for one leaf are split; the answer is that of the numbers themselves."""
    low, high = sorted((one, other))
    comparison = Comparison(fact(Number()), "between", (Constant(low, Number()), Constant(high, Number())))
    for near in (value, low, high, low - Decimal("0.001"), high + Decimal("0.001")):
        if splits(comparison):
            halves = [
                told(Comparison(fact(Number()), op, (right,)), x=near)[0]  # type: ignore[arg-type]  # operators of the language
                for op, right in zip(("at_least", "at_most"), comparison.right, strict=True)
            ]
            leaf = MET if halves == [MET, MET] else "N"
        else:
            leaf = told(comparison, x=near)[0]
        assert (leaf == MET) == (low <= near <= high)


@pytest.mark.parametrize(
    ("comparison", "split"),
    [
        (Comparison(fact(Number()), "between", (Constant(0, Number()), Constant(5, Number()))), False),
        (Comparison(fact(Number()), "between", (Constant(0, Number()), fact(Number(), "y"))), True),
        (Comparison(fact(Number()), "between", (Constant(0, Number()), Constant(2**53, Number()))), True),
        (
            Comparison(fact(Date()), "between", (Constant(FIRST_DAY, Date()), Constant(LAST_DAY, Date()))),
            False,
        ),
        (
            Comparison(
                fact(Time()), "between", (Constant(Duration(1), Time()), Constant(Duration(2), Time()))
            ),
            True,
        ),
        (Comparison(fact(Number()), "at_least", (fact(Number(), "y"),)), False),
    ],
)
def test_only_what_no_single_leaf_holds_is_split(comparison: Comparison, split: bool) -> None:
    """A second leaf costs time at every verdict."""
    assert splits(comparison) is split


days = st.dates(date(2020, 1, 1), date(2030, 12, 31)) | st.sampled_from(
    [FIRST_DAY, LAST_DAY, STILL_RUNNING, AS_OF]
)


@given(days, st.integers(0, 40), st.integers(0, 800))
def test_days_keep_their_windows(day: date, months: int, n: int) -> None:
    """`for_at_least` and `within_last`, on the day, the day before and the day after."""
    length = Duration(months=months) if n % 2 else Duration(days=n)
    right = (Constant(length, Time()),)
    edge = add(AS_OF, length, -1)
    for start in (
        day,
        edge,
        edge - timedelta(days=1),
        edge + timedelta(days=1),
        AS_OF,
        AS_OF + timedelta(days=1),
    ):
        for op in ("for_at_least", "within_last"):
            leaf, reference = told(Comparison(fact(Date()), op, right), x=start)
            assert leaf == reference


@given(days, days, st.sampled_from(["is", "is_not", "before", "on_or_before", "after", "on_or_after"]))
def test_days_keep_their_order(day: date, bound: date, op: Any) -> None:
    """A fixed day is a bound of its own; a day that is a fact is compared through the difference."""
    for near in (
        day,
        bound,
        min(bound, LAST_DAY) + timedelta(days=1),
        max(bound, FIRST_DAY) - timedelta(days=1),
    ):
        for right in (Constant(bound, Date()), fact(Date(), "y")):
            leaf, reference = told(Comparison(fact(Date()), op, (right,)), x=near, y=bound)
            assert leaf == reference


VALUES: dict[str, tuple[FactType, tuple[Any, ...]]] = {
    "number": (Number(), (0, 1, Decimal("0.5"), NOTHING, None)),
    "bounded": (Number(minimum=0, maximum=1), (0, 1, NOTHING, None)),
    "yes_no": (YesNo(), (True, False, NOTHING, None)),
    "date": (Date(), (AS_OF, date(2024, 1, 31), NOTHING, None)),
    "text": (Text(), ("a", "b", NOTHING, None)),
    "rating": (RATING, ("below", "exceeds", NOTHING, None)),
    "time": (Time(), (Duration(months=1), Duration(days=29), NOTHING, None)),
}
FITTING: dict[str, tuple[Any, ...]] = {
    "number": (*ORDER, "one_of", "none_of", "is_known"),
    "bounded": (*ORDER, "one_of", "none_of", "is_known"),
    "yes_no": ("is", "is_not", "is_known"),
    "date": (
        "is",
        "is_not",
        "one_of",
        "none_of",
        "before",
        "on_or_before",
        "after",
        "on_or_after",
        "is_known",
    ),
    "text": ("is", "is_not", "one_of", "none_of", "is_known"),
    "rating": (*ORDER, "one_of", "none_of", "is_known"),
    "time": ("at_least", "more_than", "at_most", "less_than", "is_known"),
}


def partly(kind: FactType, name: str) -> Choose:
    """An amount with two possible values while `open` is not told."""
    when = Comparison(fact(YesNo(), "open"), "is", (Constant(True, YesNo()),))
    return Choose(((when, fact(kind, name)),), fact(kind, f"{name}2"))


@pytest.mark.parametrize("name", VALUES)
def test_known_partly_known_and_unknown_amounts_measure_as_the_reference_says(name: str) -> None:
    """Every operator of every type, for every pair of values, against a fact and against a choice that is
    open."""
    kind, values = VALUES[name]
    letters = set()
    for op, x, x2, y in product(FITTING[name], values, values, values):
        sides: list[tuple[Expression, Expression]] = [
            (fact(kind), fact(kind, "y")),
            (partly(kind, "x"), fact(kind, "y")),
            (fact(kind, "y"), partly(kind, "x")),
        ]
        if y is not None and y is not NOTHING:
            sides.append((partly(kind, "x"), Constant(y, kind)))
        for left, right in sides:
            if isinstance(left, FactRef) and isinstance(right, FactRef) and x2 is not values[0]:
                continue
            rights = () if op == "is_known" else (right, right) if op in ("one_of", "none_of") else (right,)
            leaf, reference = told(Comparison(left, op, rights), x=x, x2=x2, y=y, open=None)
            assert leaf == reference, (op, x, x2, y, left, right)
            letters.add(leaf)
    assert letters == {"M", "N", "U"}


def test_windows_of_days_known_in_part_measure_as_the_reference_says() -> None:
    """Between two days, one of which may lie ahead or too far back; also when the length itself is open."""
    near = [AS_OF + timedelta(days=n) for n in (-400, -31, -30, -29, -1, 0, 1, 40)]
    month, other = Constant(Duration(months=1), Time()), Constant(Duration(days=40), Time())
    either = Choose(((Comparison(fact(YesNo(), "open"), "is", (Constant(True, YesNo()),)), month),), other)
    letters = set()
    lengths: tuple[Expression, ...] = (month, either)
    for x, x2, length in product((*near, None), (*near, None), lengths):
        for op in ("for_at_least", "within_last"):
            for day in (fact(Date()), partly(Date(), "x")):
                leaf, reference = told(Comparison(day, op, (length,)), x=x, x2=x2, open=None)
                assert leaf == reference, (op, x, x2, length)
                letters.add(leaf)
    assert letters == {"M", "N", "U"}


LIST = fact(ListOf(Text()), "list")


@pytest.mark.parametrize("op", ["includes", "includes_all", "includes_any"])
def test_what_a_list_holds_is_counted(op: Any) -> None:
    """Unknown lists, unknown and absent things to look for, the same thing wanted twice."""
    letters = set()
    for held, y, second in product(
        ((), ("a",), ("a", "b"), NOTHING, None), ("a", "b", NOTHING, None), ("a", "b")
    ):
        right = (fact(Text(), "y"),) if op == "includes" else (fact(Text(), "y"), Constant(second, Text()))
        leaf, reference = told(Comparison(LIST, op, right), list=held, y=y)
        assert leaf == reference, (held, y, second)
        letters.add(leaf)
        fixed = (Constant(second, Text()),)
        leaf, reference = told(Comparison(LIST, op, fixed), list=held)
        assert leaf == reference
    assert letters == {"M", "N", "U"}


def test_the_parts_that_can_be_known_in_part_are_told_so() -> None:
    """A leaf for a single number costs durable-rules fewer rules; a range in it would be refused."""
    plain, bounded_fact = fact(Number()), fact(Number(minimum=0))
    day = fact(Date())
    ranged = {
        name: leaf_of(comparison, Prepared().amount).within.ranged
        for name, comparison in {
            "fact": Comparison(plain, "at_least", (Constant(1, Number()),)),
            "bounded fact": Comparison(bounded_fact, "at_least", (Constant(1, Number()),)),
            "sum of facts": Comparison(
                Arithmetic("plus", plain, plain), "at_least", (Constant(1, Number()),)
            ),
            "derived": Comparison(
                Derived("d", bounded_fact, Number(), ""), "at_least", (Constant(1, Number()),)
            ),
            "choice": Comparison(partly(Number(), "x"), "at_least", (Constant(1, Number()),)),
            "window": Comparison(day, "within_last", (Constant(Duration(1), Time()),)),
            "window of a table": Comparison(
                day, "within_last", (Lookup("t", plain, ((1, Duration(1)),), Duration(2), Time()),)
            ),
        }.items()
    }
    assert {name for name, is_ranged in ranged.items() if is_ranged} == {
        "bounded fact", "derived", "choice", "window of a table",
    }  # fmt: skip


def test_a_choice_from_another_set_is_another_text() -> None:
    """A shared requirement may name a choice that this fact does not have: it is simply never that one."""
    comparison = Comparison(fact(RATING), "is", (Constant("outstanding", Choice(("outstanding", "meets"))),))
    assert told(comparison, x="meets") == ("N", "N")
    assert told(comparison, x=None) == (UNKNOWN, UNKNOWN)


def test_every_bound_lies_within_what_durable_rules_compares() -> None:
    """Beyond 2^53 it would compare binary floats."""
    for number in (FAR // 2 - 1, FAR // 2, FAR, 10**30, -(10**30)):
        for op in ORDER:
            asked = Comparison(fact(Number()), op, (Constant(number, Number()),))
            within = leaf_of(asked, Prepared().amount).within
            ends = [end for end in (within.at_least, within.at_most) if end is not None]
            assert all(abs(end) < BOUND for end in ends)
            assert isinstance(within, Within)


def test_every_operator_has_a_leaf() -> None:
    """None is left to chance: each is tried above."""
    tried = {op for each in FITTING.values() for op in each}
    tried |= {"between", "includes", "includes_all", "includes_any", "for_at_least", "within_last"}
    assert tried == set(get_args(Operator))
