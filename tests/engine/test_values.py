"""Amounts of which only a part is known: newest entries, tables, choices, times, and where each unknown
stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

import pytest

from service.engine.lengths import days_over
from service.engine.lookups import row_at
from service.engine.network import MET, UNKNOWN
from service.engine.reference import truth
from service.engine.scope import Scope
from service.engine.values import amount, looked_at
from service.facts.calendar import STILL_RUNNING, Duration
from service.facts.known import Known, exactly
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
from service.policy.condition import (
    Arithmetic,
    Choose,
    Comparison,
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
    Lookup,
    Sum,
    TimeIn,
    YearOf,
)

AS_OF = date(2026, 3, 31)
RATING = Choice(("below", "meets", "exceeds"), ordered=True)


def fact(name: str, kind: FactType) -> Fact:
    return Fact(name=name, type=kind, label=name)


REVIEWS_KIND = Records(
    {"on": fact("on", Date()), "good": fact("good", YesNo()), "points": fact("points", Number())}
)
REVIEWS = FactRef("reviews", REVIEWS_KIND, "reviews")
ON, GOOD, POINTS = (
    FieldRef(0, name, REVIEWS_KIND.fields[name].type, name) for name in ("on", "good", "points")
)
IS_GOOD = Comparison(GOOD, "is", (Constant(True, YesNo()),))


def scope(**facts: Any) -> Scope:
    return Scope(facts=facts, as_of=AS_OF, truth=truth)


def number(value: Any) -> Constant:
    return Constant(value, Number())


# ── the newest ──────────────────────────────────────────────────────────────────────────────────────────────

DAYS = tuple(date(2026, 1, day) for day in (1, 2, 3))


def filled(told: tuple[dict[str, Any], ...]) -> Iterator[tuple[dict[str, Any], ...]]:
    ways = [
        [
            {**entry, "on": day, "good": good}
            for day in (DAYS if entry["on"] is None else (entry["on"],))
            for good in ((True, False) if entry["good"] is None else (entry["good"],))
        ]
        for entry in told
    ]  # fmt: skip
    return product(*ways)


def newest(entries: tuple[dict[str, Any], ...], n: int) -> list[int]:
    """Which entries are the newest good ones: by day, of the same day those given later."""
    good = [place for place, entry in enumerate(entries) if entry["good"] and entry["on"] is not NOTHING]
    return sorted(good, key=lambda place: (entries[place]["on"], place))[-n:]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_newest_are_those_of_every_world(n: int) -> None:
    """An entry without a day may be newer than any; one that may not count keeps its place open."""
    chance, settled = Random(n), 0
    entries = Entries(REVIEWS, 0, IS_GOOD, n, ON)
    for _ in range(400):
        told = tuple(
            {
                "on": chance.choice((*DAYS, *DAYS, None, NOTHING)),
                "good": chance.choice((True, True, False, None)),
            }
            for _ in range(chance.randint(0, 4))
        )
        found = {
            int(f[-1][0].split("/")[-1]): letter
            for f, letter, _ in looked_at(entries, scope(reviews=told), ())
        }
        worlds = [set(newest(world, n)) for world in filled(told)]
        for place in range(len(told)):
            within = {place in world for world in worlds}
            assert found.get(place) != MET or within == {True}, (told, place)
            assert place in found or within == {False}, (told, place)
        settled += UNKNOWN not in found.values()
        counted = amount(Count(entries), scope(reviews=told))
        assert counted.low <= min(map(len, worlds))
        assert counted.high >= max(map(len, worlds))
    assert 100 < settled < 400


def test_a_calculated_day_that_is_not_known_may_be_no_day_at_all() -> None:
    """Then the entry is not among the newest, although it is the only one."""
    days = FieldRef(0, "days", ListOf(Date()), "days")
    last = Extreme(True, Entries(days, 1), FieldRef(1, "", Date(), "item"))
    kind = Records({"days": fact("days", ListOf(Date()))})
    by = DerivedField(0, "last_day", last, Date(), "last day")
    counted = Count(Entries(FactRef("visits", kind, "visits"), 0, None, 1, by))
    assert amount(counted, scope(visits=({"days": None},))) == Known(0, 1, ("/facts/visits/0/days",))
    assert amount(counted, scope(visits=({"days": ()},))) == exactly(0)


def test_many_entries_are_put_in_order_once() -> None:
    """The newest of a thousand entries, also when one has no day."""
    told = tuple({"on": AS_OF - timedelta(days=place), "good": True} for place in range(1_000))
    counted = Count(Entries(REVIEWS, 0, IS_GOOD, 2, ON))
    assert amount(counted, scope(reviews=told)) == exactly(2)
    known = amount(counted, scope(reviews=(*told, {"on": None, "good": True})))
    assert (known.low, known.missing) == (1, ("/facts/reviews/1000/on",))


# ── where an unknown stands ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("facts", "expression", "pointers"),
    [
        ({}, FactRef("points", Number(), "points"), ("/facts/points",)),
        ({}, FactRef("from.grade", Number(), "grade"), ("/from",)),
        ({"reviews": None}, Count(Entries(REVIEWS, 0)), ("/facts/reviews",)),
        (
            {"reviews": ({"points": 1}, {"points": None})}, Sum(Entries(REVIEWS, 0), POINTS),
            ("/facts/reviews/1/points",),
        ),
        (
            {"reviews": ({"good": None, "on": None},)}, Count(Entries(REVIEWS, 0, IS_GOOD)),
            ("/facts/reviews/0/good",),
        ),
        (
            {"points": None, "grade": None},
            Arithmetic("plus", FactRef("points", Number(), ""), FactRef("grade", Number(), "")),
            ("/facts/points", "/facts/grade"),
        ),
    ],
)  # fmt: skip
def test_an_unknown_says_which_fact_would_settle_it(
    facts: dict[str, Any], expression: Expression, pointers: tuple[str, ...]
) -> None:
    """Questions to the candidate are made of these, so each must point at a place in the request."""
    assert amount(expression, scope(**facts)).missing == pointers


def test_entries_that_lie_ahead_have_not_happened() -> None:
    """Dated after `as_of` they are left out; on the day itself they count; without a day they may."""
    kind = Records(REVIEWS_KIND.fields, dated_by="on")
    told = tuple({"on": AS_OF + timedelta(days=days)} for days in (-1, 0, 1))
    counted = Count(Entries(FactRef("reviews", kind, "reviews"), 0))
    assert amount(counted, scope(reviews=told)) == exactly(2)
    assert amount(counted, scope(reviews=(*told, {"on": None}))) == Known(2, 3, ("/facts/reviews/3/on",))


def test_items_of_a_list_in_an_entry_have_their_own_place() -> None:
    """An entry inside an entry: the outer one stays at hand under its own slot."""
    kind = Records({"marks": fact("marks", ListOf(Number())), "least": fact("least", Number())})
    marks, least = FieldRef(0, "marks", ListOf(Number()), "marks"), FieldRef(0, "least", Number(), "least")
    mark = FieldRef(1, "", Number(), "item")
    enough = Count(Entries(marks, 1, Comparison(mark, "at_least", (least,))))
    several = Comparison(enough, "at_least", (number(2),))
    told = ({"marks": (1, 2, 3), "least": 2}, {"marks": (1, 2, 3), "least": 3}, {"marks": (), "least": None})
    assert amount(Count(Entries(FactRef("tests", kind, "tests"), 0, several)), scope(tests=told)) == exactly(
        1
    )


# ── tables and choices ──────────────────────────────────────────────────────────────────────────────────────

POINTS_FACT = FactRef("points", Number(minimum=0, maximum=20), "points")
BANDS = Lookup("peers", POINTS_FACT, ((0, 2), (6, 3), (8, 4)), 1, Number(), bands=True)
ROWS = Lookup(
    "months",
    FactRef("rating", RATING, "rating"),
    (("below", 24), ("meets", 12), ("exceeds", 6)),
    None,
    Number(),
)


@pytest.mark.parametrize(
    ("at", "value"),
    [(-1, 1), (0, 2), (5, 2), (Decimal("5.99"), 2), (6, 3), (7, 3), (8, 4), (99, 4), (NOTHING, 1)],
)
def test_a_key_falls_in_the_band_below_it(at: Any, value: int) -> None:
    """The greatest key not above it; below the lowest, and for nothing at all, the rest."""
    assert row_at(BANDS, at) == value


def test_a_table_at_an_unknown_key_has_the_values_it_could_give() -> None:
    """All rows that are within reach, and no others."""
    assert amount(ROWS, scope(rating=None)) == Known(6, 24, ("/facts/rating",))
    assert amount(BANDS, scope(points=None)) == Known(2, 4, ("/facts/points",))
    up_to_eight = replace(BANDS, at=FactRef("points", Number(minimum=5, maximum=8), "points"))
    assert amount(up_to_eight, scope(points=None)) == Known(2, 4, ("/facts/points",))


def test_a_table_without_a_row_gives_nothing() -> None:
    """And a key that may turn out to be nothing leaves the table open altogether."""
    rating = FactRef("rating", RATING, "rating")
    best = Extreme(
        True, Entries(FactRef("ratings", ListOf(RATING), "ratings"), 0), FieldRef(0, "", RATING, "item")
    )
    assert amount(ROWS, scope(rating=NOTHING)) == exactly(NOTHING)
    at_best = Lookup("months", best, ROWS.rows, None, Number())
    assert amount(at_best, scope(ratings=())) == exactly(NOTHING)
    assert amount(at_best, scope(ratings=None)) == Known(None, None, ("/facts/ratings",))
    assert amount(
        Lookup("months", rating, (("below", 1), ("meets", 1)), 1, Number()), scope(rating=None)
    ) == exactly(1)


def test_a_choice_between_branches_waits_only_where_they_differ() -> None:
    """Two unknown branches are two unknowns, not one known value."""
    when = Comparison(FactRef("good", YesNo(), "good"), "is", (Constant(True, YesNo()),))
    points, grade = FactRef("points", Number(), "points"), FactRef("grade", Number(), "grade")
    either = Choose(((when, points),), grade)
    assert amount(either, scope(good=None, points=1, grade=3)) == Known(1, 3, ("/facts/good",))
    assert amount(either, scope(good=None, points=2, grade=2)) == exactly(2)
    assert amount(either, scope(good=True, points=2, grade=None)) == exactly(2)
    unknown = amount(either, scope(good=None, points=None, grade=None))
    assert unknown == Known(None, None, ("/facts/good", "/facts/points", "/facts/grade"))


# ── days and times ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("day", "starts", "quarter"),
    [
        (date(2026, 1, 1), 1, 2026 * 4),
        (date(2026, 3, 31), 1, 2026 * 4),
        (date(2026, 4, 1), 1, 2026 * 4 + 1),
        (date(2026, 1, 31), 2, 2026 * 4 - 1),
        (date(2026, 2, 1), 2, 2026 * 4),
        (date(2026, 12, 31), 12, 2026 * 4),
        (date(2026, 11, 30), 12, 2026 * 4 - 1),
    ],
)
def test_quarters_are_counted_on_end_to_end(day: date, starts: int, quarter: int) -> None:
    """Each quarter of each year has its own number, one more than the quarter before."""
    assert amount(FiscalQuarter(Constant(day, Date()), starts), scope()) == exactly(quarter)


def test_nothing_stays_nothing_in_every_calculation() -> None:
    """No review means no day, no year, no sum with it; it is never taken for zero."""
    latest = Extreme(True, Entries(REVIEWS, 0), ON)
    month = Constant(Duration(months=1), Time())
    for expression in (latest, YearOf(latest), FiscalQuarter(latest, 1), Arithmetic("plus", latest, month)):
        assert amount(expression, scope(reviews=())) == exactly(NOTHING)


POSITIONS = Records({"from": fact("from", Date()), "to": fact("to", Date())})
SERVICE = TimeIn(
    Entries(FactRef("positions", POSITIONS, "positions"), 0),
    FieldRef(0, "from", Date(), "from"),
    FieldRef(0, "to", Date(), "to"),
)
A_YEAR = Constant(Duration(months=12), Time())


@pytest.mark.parametrize(
    ("stretches", "over"),
    [
        ([(date(2025, 3, 31), STILL_RUNNING)], 0),
        ([(date(2025, 4, 1), STILL_RUNNING)], -1),
        ([(date(2024, 1, 1), date(2024, 12, 31))], 0),
        ([(date(2023, 1, 1), date(2023, 6, 30)), (date(2023, 6, 1), date(2023, 12, 31))], 0),
        ([(date(2023, 1, 1), date(2023, 6, 30)), (date(2023, 7, 2), date(2023, 12, 31))], -1),
        ([(date(2027, 1, 1), STILL_RUNNING)], -365),
        ([], -365),
    ],
)
def test_service_is_held_against_months_from_its_first_day(
    stretches: list[tuple[date, date]], over: int
) -> None:
    """Through the day before 31 March 2026: a year's service from 1 January 2024 needs the 366 days of that
    year."""
    told = tuple({"from": start, "to": end} for start, end in stretches)
    given = scope(positions=told)
    assert days_over(amount(SERVICE, given), amount(A_YEAR, given), AS_OF) == (over, over)


def test_times_together_are_counted_from_the_earliest_first_day() -> None:
    """28 days of February and 31 of March are two months from 1 February, and not two from 1 March."""
    february, march = (
        TimeIn(
            Entries(FactRef(name, POSITIONS, name), 0),
            FieldRef(0, "from", Date(), "from"),
            FieldRef(0, "to", Date(), "to"),
        )
        for name in ("february", "march")
    )
    given = scope(
        february=({"from": date(2025, 2, 1), "to": date(2025, 2, 28)},),
        march=({"from": date(2025, 3, 1), "to": date(2025, 3, 31)},),
    )
    two_months = Constant(Duration(months=2), Time())
    for together in (Arithmetic("plus", february, march), Arithmetic("plus", march, february)):
        over = days_over(amount(together, given), amount(two_months, given), AS_OF)
        assert over == (0, 0)


def test_service_that_nobody_told_may_begin_on_any_day() -> None:
    """28 days are a month from 1 February, but one day of service in January makes the month longer."""
    first_of_february = Scope(facts={"positions": None}, as_of=date(2026, 2, 1), truth=truth)
    with_28_days = Arithmetic("plus", SERVICE, Constant(Duration(days=28), Time()))
    a_month = (Constant(Duration(months=1), Time()),)
    assert truth(Comparison(with_28_days, "at_least", a_month), first_of_february)[0] == UNKNOWN


def test_what_is_remembered_of_an_amount_never_answers_for_another() -> None:
    """Advice asks about amounts that live for a moment only, and their place in memory is soon used again."""
    given = scope()
    assert [amount(number(n), given).value for n in range(100)] == list(range(100))


def test_a_derived_fact_is_what_it_is_calculated_from() -> None:
    """Also beside an entry, where it still means the candidate as a whole."""
    derived = Derived(
        "score", Arithmetic("times", FactRef("points", Number(), ""), number(2)), Number(), "score"
    )
    above = Comparison(POINTS, "more_than", (derived,))
    told = ({"points": 6}, {"points": 7})
    assert amount(Count(Entries(REVIEWS, 0, above)), scope(points=3, reviews=told)) == exactly(1)


def test_a_text_is_itself() -> None:
    """Texts are compared character by character: nothing is trimmed, folded or normalised."""
    texts = FactRef("texts", ListOf(Text()), "texts")
    for wanted, letter in (("é", "M"), ("e\u0301", "N"), ("é ", "N"), ("É", "N")):
        condition = Comparison(texts, "includes", (Constant(wanted, Text()),))
        assert truth(condition, scope(texts=("é",)))[0] == letter
