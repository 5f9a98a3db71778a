"""Sums, ceilings, extremes and days covered, held against every world that the missing facts leave open.

Each case draws a few entries of which something is not known, works out the result in every possible world by
plain code, and compares: no world lies outside the range, and where entries are independent its ends are
reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.calendar import STILL_RUNNING, Duration, add
from service.facts.known import Known, between, exactly, unknown
from service.facts.totals import (
    ANY_DAY,
    EXACT,
    Item,
    Stretch,
    days_between,
    days_to_count_from,
    decimal_places,
    extreme,
    greatest,
    hull,
    least,
    minus,
    plus,
    time_covered,
    times,
    total,
)
from service.facts.types import NOTHING

CASES = 1_500
P = "/facts/x"


class Open(NamedTuple):
    """Something of which only the possible values are known: one value, or several."""

    values: tuple[Any, ...]
    bounded: bool = True  #: False: nothing tells how high or low it may be

    def known(self) -> Known:
        if len(self.values) == 1:
            return exactly(self.values[0])
        if not self.bounded or isinstance(self.values[0], str):
            return unknown([P])
        return between(min(self.values), max(self.values), [P])


class Row(NamedTuple):
    counts: tuple[bool, ...]
    amount: Open
    once: Open
    each: Open

    def item(self, *, once: bool, each: bool) -> Item:
        return Item(
            amount=self.amount.known(),
            certain=self.counts == (True,),
            missing=() if len(self.counts) == 1 else (P,),
            once=self.once.known() if once else None,
            each=self.each.known() if each else None,
        )


def draw_rows(chance: Random, lowest: int) -> list[Row]:
    def some(values: list[Any], share: float = 0.35) -> Open:
        if chance.random() > share:
            return Open((chance.choice(values),))
        return Open(tuple(sorted(chance.sample(values, 2))), bounded=chance.random() < 0.6)

    numbers = [n for n in (-3, -1, 0, 2, Decimal("2.5"), 6) if n >= lowest]
    return [
        Row(
            chance.choice(((True,), (True,), (True, False))),
            some(numbers),
            some(["a", "b"]),
            some(["x", "y"]),
        )
        for _ in range(chance.choice((1, 2, 3, 3)))
    ]


Chosen = tuple[bool, Any, Any, Any]


def worlds(rows: list[Row]) -> Iterator[list[Chosen]]:
    """Every way in which it could be."""
    ways = [list(product(row.counts, row.amount.values, row.once.values, row.each.values)) for row in rows]
    for world in product(*ways):
        yield list(world)


def naive_total(world: list[Chosen], *, once: bool, ceiling: Any) -> Any:
    counted = [(amount, key, group) for counts, amount, key, group in world if counts]
    if once:
        first: dict[Any, tuple[Any, Any, Any]] = {}
        for one in counted:
            if one[1] not in first or one[0] > first[one[1]][0]:
                first[one[1]] = one
        counted = list(first.values())
    if ceiling is None:
        return sum(amount for amount, _, _ in counted)
    sums: dict[Any, Any] = {}
    for amount, _, group in counted:
        sums[group] = sums.get(group, 0) + amount
    return sum(min(amount, ceiling) for amount in sums.values())


@pytest.mark.parametrize("lowest", [0, -3])
@pytest.mark.parametrize("ceiling", [None, 0, 3, Decimal("4.5")])
@pytest.mark.parametrize("once", [False, True])
def test_a_total_holds_every_possible_world(once: bool, ceiling: Any, lowest: int) -> None:
    """An unknown inside a sum makes a range that leaves nothing out; without unknowns the sum is exact."""
    chance = Random(f"{once} {ceiling} {lowest}")
    certain = ranges = 0
    for _ in range(CASES):
        rows = draw_rows(chance, lowest)
        found = total([row.item(once=once, each=ceiling is not None) for row in rows], 0, ceiling)
        results = [naive_total(world, once=once, ceiling=ceiling) for world in worlds(rows)]
        assert found.low is None or found.low <= min(results), (rows, found)
        assert found.high is None or found.high >= max(results), (rows, found)
        if all(len(row.counts) == 1 and all(len(part.values) == 1 for part in row[1:]) for row in rows):
            assert found == exactly(results[0])
        certain += found.certain
        ranges += not found.certain
        assert bool(found.missing) == (not found.certain)
    assert min(certain, ranges) > CASES / 20


def test_the_ends_of_a_plain_total_are_reached() -> None:
    """Unknown only while the range straddles the threshold: the range is not wider than the worlds."""
    chance = Random(7)
    for _ in range(CASES):
        rows = draw_rows(chance, -3)
        found = total([row.item(once=False, each=False) for row in rows], 0, None)
        results = [naive_total(world, once=False, ceiling=None) for world in worlds(rows)]
        assert found.low in (None, min(results))
        assert found.high in (None, max(results))
        assert (found.low is None) <= any(not row.amount.bounded for row in rows)


def test_what_has_no_amount_adds_nothing() -> None:
    """A calculated amount may be nothing at all; that is not an error and not a zero that counts once."""
    items = [Item(exactly(NOTHING), True, ()), Item(exactly(3), True, ())]
    assert total(items, 0, None) == exactly(3)


@pytest.mark.parametrize("ranked", [False, True])
@pytest.mark.parametrize("highest", [False, True])
def test_an_extreme_holds_every_possible_world(highest: bool, ranked: bool) -> None:
    """The latest, earliest, highest or lowest; NOTHING where no entry counts."""
    chance, pick = Random(f"{highest}"), max if highest else min
    order = (lambda value: -value) if ranked else None
    settled = 0
    for _ in range(CASES):
        rows = draw_rows(chance, -3)
        found = extreme([row.item(once=False, each=False) for row in rows], greatest=highest, order=order)
        results: list[Any] = []
        for world in worlds(rows):
            values = [amount for counts, amount, _, _ in world if counts]
            results.append(pick(values, key=order) if values else NOTHING)
        if found.certain:
            settled += 1
            assert set(results) == {found.value}
        elif NOTHING in results:
            assert (found.low, found.high) == (None, None)
        else:
            assert found.low is None or found.low <= min(results)
            assert found.high is None or found.high >= max(results)
    assert settled > CASES / 10


def test_the_extreme_of_nothing_is_nothing() -> None:
    """Without an entry there is no latest review, which is an answer."""
    assert extreme([], greatest=True) == exactly(NOTHING)
    assert extreme([Item(exactly(NOTHING), True, ())], greatest=True) == exactly(NOTHING)


# ── days covered ────────────────────────────────────────────────────────────────────────────────────────────

AS_OF = date(2024, 3, 2)


def draw_stretch(chance: Random) -> tuple[Stretch, list[tuple[bool, Any, Any]]]:
    def some(*, ending: bool) -> Open:
        day = AS_OF + timedelta(days=chance.randint(-70, 8))
        draw = chance.random()
        if ending and draw < 0.2:
            return Open((chance.choice((STILL_RUNNING, NOTHING)),))
        if not ending and draw < 0.05:
            return Open((NOTHING,))
        if draw < 0.45:
            later = (
                day,
                day + timedelta(days=chance.randint(1, 20)),
                day + timedelta(days=chance.randint(21, 40)),
            )
            return Open(later, bounded=chance.random() < 0.6)
        return Open((day,))

    counts = chance.choice(((True,), (True, False)))
    start, end = some(ending=False), some(ending=True)
    stretch = Stretch(start.known(), end.known(), len(counts) == 1, () if len(counts) == 1 else (P,))
    return stretch, list(product(counts, start.values, end.values))


def naive_days(world: tuple[tuple[bool, Any, Any], ...], since: Any, until: Any) -> tuple[int, date]:
    """How many days are covered, and from when their months are counted."""
    days = set()
    for counts, start, end in world:
        if not counts or start is NOTHING:
            continue
        day = start
        while day < AS_OF and (end is NOTHING or day <= end):
            if (not since or day >= since) and (not until or day <= until):
                days.add(day)
            day += timedelta(days=1)
    return len(days), min(days, default=AS_OF)


@pytest.mark.parametrize("months", [1, 2])
@pytest.mark.parametrize("limited", [False, True])
def test_time_covered_holds_every_possible_world(limited: bool, months: int) -> None:
    """No day counts twice, none on or after `as_of`, and months are counted from the first day in each
    world."""
    chance = Random(f"{limited}{months}")
    exact = 0
    for _ in range(400):
        drawn = [draw_stretch(chance) for _ in range(chance.choice((1, 1, 2)))]
        since = AS_OF - timedelta(days=chance.randint(0, 60)) if limited else None
        until = AS_OF - timedelta(days=chance.randint(-9, 40)) if limited else None
        found = time_covered([stretch for stretch, _ in drawn], AS_OF, since, until)
        fewest, most = days_between(found.low, Duration(months), found.low.anchors or (AS_OF,))[0], (
            days_between(found.high, Duration(months), found.high.anchors or (AS_OF,))[1]
        )  # fmt: skip
        for world in product(*(ways for _, ways in drawn)):
            days, first = naive_days(world, since, until)
            assert found.low.days <= days <= found.high.days, (drawn, world, found)
            over = days - (add(first, Duration(months)) - first).days
            assert fewest <= over <= most, (drawn, world, found)
            if found.certain:
                assert (found.value.days, found.value.anchors or (AS_OF,)) == (days, (first,))
                exact += 1
    assert exact > 50


def test_an_end_that_is_not_known_covers_no_day_for_certain() -> None:
    """It may lie before the start."""
    stretch = Stretch(exactly(date(2024, 1, 1)), unknown([P]), True, ())
    found = time_covered([stretch], AS_OF, None, None)
    assert (found.low.days, found.high.days) == (0, 61)


def test_no_month_is_shorter_or_longer_than_from_the_days_that_stand_for_any_day() -> None:
    """Where the first day is not known, months are counted from some days that stand for all of them."""
    chance = Random(3)
    for _ in range(4_000):
        low = date(1900, 1, 1) + timedelta(days=chance.randrange(109_000))
        high = min(low + timedelta(days=chance.choice((0, 1, 40, 600, 699, 701, 3_000))), date(2199, 12, 31))
        first = low + timedelta(days=chance.randint(0, (high - low).days))
        longer, shorter = (
            Duration(chance.randint(0, 3), 400),
            Duration(chance.choice((0, 1, 2, 13, 60, 1_200))),
        )
        over = (add(first, longer) - add(first, shorter)).days
        fewest, most = days_between(longer, shorter, days_to_count_from(low, high))
        assert fewest <= over <= most, (low, high, first, longer, shorter)


def test_days_that_stand_for_any_day_hold_leap_years_and_centuries() -> None:
    """2000 has a leap day, 1900 and 2100 have none."""
    assert {day.year for day in ANY_DAY} >= {1900, 1904, 2000, 2096, 2100}
    assert days_to_count_from(date(2024, 1, 31), date(2024, 3, 2)) == (
        date(2024, 1, 31), date(2024, 2, 1), date(2024, 3, 1), date(2024, 3, 2),
    )  # fmt: skip


# ── one amount with another ─────────────────────────────────────────────────────────────────────────────────

numbers = st.integers(-(10**30), 10**30) | st.decimals(-(10**15), 10**15, places=12)


@given(numbers, numbers)
def test_numbers_are_exact(a: Any, b: Any) -> None:
    """A cent is a cent, whatever it is added to or multiplied with."""
    for found, op in ((plus(a, b), "+"), (minus(a, b), "-"), (times(a, b), "*")):
        exact = {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply}[op](Decimal(a), Decimal(b))
        assert found == exact
    assert plus(plus(Decimal("0.7"), Decimal("0.2")), Decimal("0.1")) == 1


def test_an_open_end_stays_open() -> None:
    """What is not known does not become known by adding to it."""
    assert plus(None, 1) is None
    assert minus(date(2024, 1, 1), None) is None


def test_days_and_lengths_of_time() -> None:
    """A date and a length in either order; two dates are days apart."""
    day, month = date(2024, 1, 31), Duration(months=1)
    assert plus(day, month) == plus(month, day) == date(2024, 2, 29)
    assert minus(day, month) == date(2023, 12, 31)
    assert minus(date(2024, 3, 1), day) == Duration(days=30)
    assert plus(month, Duration(days=2)) == Duration(1, 2)


@pytest.mark.parametrize(
    ("factor", "length"),
    [(2, Duration(24, 14)), (0, Duration()), (Decimal("1.5"), Duration(18, 10)), (-1, Duration(-12, -7))],
)
def test_a_length_of_time_is_multiplied_part_by_part(factor: Any, length: Duration) -> None:
    """Half a month has no fixed number of days, so what remains is whole months and whole days."""
    assert times(Duration(12, 7), factor) == times(factor, Duration(12, 7)) == length


def test_lengths_of_time_are_in_order_only_where_both_parts_agree() -> None:
    """30 days are longer than a month in February and not in March."""
    month, thirty, both = Duration(1), Duration(0, 30), Duration(1, 30)
    assert greatest([month, both, thirty]) == both
    assert least([month, both]) == month
    assert least([month, thirty]) is None
    assert greatest([month, thirty]) is None
    counted = least(
        [Duration(0, 3, anchors=(date(2024, 1, 1),)), Duration(0, 3, anchors=(date(2024, 2, 1),))]
    )
    assert set(counted.anchors) == {date(2024, 1, 1), date(2024, 2, 1)}


@pytest.mark.parametrize(
    ("number", "places"),
    [(5, 0), (Decimal("5.0"), 0), (Decimal("1.50"), 1), (Decimal("0.001"), 3), (Decimal("1E+2"), 0)],
)
def test_decimal_places_are_those_a_number_needs(number: Any, places: int) -> None:
    """1.50 and 1.5 are the same number."""
    assert decimal_places(number) == places


@pytest.mark.parametrize(
    ("possible", "found"),
    [
        ([exactly(1), exactly(3)], Known(1, 3, (P,))),
        ([exactly(2), exactly(2)], exactly(2)),
        ([exactly(1), between(0, 5, [P])], Known(0, 5, (P,))),
        ([exactly("a"), exactly("a")], exactly("a")),
        ([exactly("a"), exactly("b")], Known(None, None, (P,))),
        ([exactly(NOTHING), exactly(1)], Known(None, None, (P,))),
        ([exactly(NOTHING), exactly(NOTHING)], exactly(NOTHING)),
        ([unknown([P]), unknown([P])], Known(None, None, (P,))),
        ([unknown([P]), exactly("a")], Known(None, None, (P,))),
        ([exactly(Duration(1)), exactly(Duration(0, 30))], Known(None, None, (P,))),
    ],
)
def test_one_of_several_values(possible: list[Known], found: Known) -> None:
    """A choice that is still open has every value of its branches; two unknowns are not the same known
    thing."""
    assert hull(possible, [P]) == found
