"""Averages: exact where they can be, rounded as asked, and a range while something is missing."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.averages import PLACES, average, share
from service.facts.known import Known, exactly
from service.facts.totals import Item
from service.facts.types import NOTHING

NUMBERS = st.integers(-50, 50) | st.decimals(-5, 5, places=2)
PLACES_ASKED = st.none() | st.integers(0, 3)


def certainly(value: Any) -> Item:
    return Item(exactly(value), True, ())


@pytest.mark.parametrize(
    ("values", "places", "wanted"),
    [
        ([3, 4], None, "3.5"),
        ([Decimal("0.1"), Decimal("0.2")], None, "0.15"),
        ([3, 3, 4], None, "3.333333333333333"),
        ([3, 3, 4], 2, "3.33"),
        ([3, 4], 0, "4"),  # half a place is rounded up
        ([-3, -4], 0, "-3"),  # and up is up below zero as well
        ([Decimal("3.44"), Decimal("3.45")], 1, "3.4"),  # 3.445 is nearer to 3.4
        ([2, 2, 2], 3, "2"),
    ],
)
def test_an_average_is_exact_or_rounded_as_asked(values: list[Any], places: int | None, wanted: str) -> None:
    """A mark of 3.495 is not 3.5 unless the policy rounds."""
    known = average(map(certainly, values), places)
    assert known == exactly(Decimal(wanted))
    assert str(known.value) == wanted


def test_of_no_entry_there_is_no_average() -> None:
    """Neither nought nor anything else: no comparison with it holds."""
    assert average([], None).value is NOTHING
    assert average([certainly(NOTHING)], None).value is NOTHING


def test_an_entry_that_may_not_count_leaves_open_whether_there_is_an_average() -> None:
    """A range would deny that there may be none."""
    known = average([Item(exactly(3), False, ("/facts/a",))], None)
    assert known == Known(None, None, ("/facts/a",))


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.integers(1, 4))
def test_cutting_never_changes_which_of_two_is_more(values: list[Any], n: int) -> None:
    """What is compared is the average itself, however many decimals it has."""
    exact = sum(map(Fraction, values), Fraction(0)) / len(values)
    bound = Decimal(values[0]) + Decimal(n) / 100
    found = share(sum(map(Decimal, values), Decimal(0)), len(values), None)
    assert (found >= bound, found > bound) == (exact >= Fraction(bound), exact > Fraction(bound))
    assert 0 <= exact - Fraction(found) < Fraction(1, 10**PLACES)


@given(
    st.lists(st.tuples(st.lists(NUMBERS, min_size=1, max_size=2), st.booleans()), min_size=1, max_size=4),
    PLACES_ASKED,
)
def test_the_range_is_that_of_all_that_may_turn_out(
    told: list[tuple[list[Any], bool]], places: int | None
) -> None:
    """By enumeration: each entry with its lowest or highest amount, and those that may not count left out."""
    items = [
        Item(Known(min(each), max(each), ("/a",) * (len(set(each)) > 1)), sure, ("/b",) * (not sure))
        for each, sure in told
    ]
    known = average(items, places)
    outcomes: list[Any] = []
    for picked in product(*([*each, *([] if sure else [None])] for each, sure in told)):
        there = [value for value in picked if value is not None]
        outcomes.append(share(sum(map(Decimal, there), Decimal(0)), len(there), places) if there else NOTHING)
    if not any(sure for _, sure in told):
        assert known == Known(None, None, known.missing)
        return
    assert (known.low, known.high) == (min(outcomes), max(outcomes))
