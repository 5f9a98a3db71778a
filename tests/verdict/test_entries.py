"""Which entries count: told so that a reader can check the number."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.network import MET
from service.engine.reference import truth
from service.engine.scope import Scope
from service.engine.values import amount
from service.facts.types import Fact, Number, Records, Text
from service.policy.condition import (
    Comparison,
    Constant,
    Count,
    Entries,
    FactRef,
    FieldRef,
    Form,
    negated,
)
from service.verdict.entries import MOST_NAMED, sorting
from service.verdict.telling import Telling
from tests.verdict.golden_policies import level

AS_OF = date(2027, 1, 1)
FIRST_AID = {"course": "first-aid", "completed_on": date(2026, 5, 1), "hours": 8}
SHORT = {"course": "first-aid", "completed_on": date(2026, 6, 1), "hours": 2}
OTHER = {"course": "welding", "completed_on": date(2026, 7, 1), "hours": 1}
UNTOLD = {"course": "first-aid", "completed_on": date(2026, 8, 1), "hours": None}
AHEAD = {"course": "first-aid", "completed_on": date(2027, 2, 1), "hours": 9}


def _sorted(requirement: str, **facts: Any) -> dict[str, list[Any]]:
    condition = next(asked.condition for asked in level("sentences").requires if asked.id == requirement)
    assert isinstance(condition, Comparison)
    scope = Scope(facts={**facts, "as_of": AS_OF, "to.grade": 4}, as_of=AS_OF, truth=truth)
    sort_out = sorting(condition)
    assert sort_out is not None
    return sort_out(amount(condition.left, scope), Telling(scope))


def _pointers(*indexes: int, fact: str = "trainings") -> list[str]:
    return [f"/facts/{fact}/{index}" for index in indexes]


def test_entries_are_sorted_by_whether_they_are_counted() -> None:
    """Two of the five match or may; the one that lies ahead has not happened and is not named."""
    trainings = (FIRST_AID, SHORT, UNTOLD, AHEAD)
    assert _sorted("count", trainings=trainings) == {
        "matching": _pointers(0),
        "not_matching": _pointers(1),
        "unknown": _pointers(2),
    }


def test_every_is_shown_by_those_that_have_what_is_asked() -> None:
    """It counts those that lack it; a reader looks for those that have it. Who is not meant is not named."""
    assert _sorted("every-where", trainings=(FIRST_AID, SHORT, OTHER, UNTOLD)) == {
        "matching": _pointers(0),
        "not_matching": _pointers(1),
        "unknown": _pointers(3),
    }


def test_latest_names_only_the_newest() -> None:
    """An old review that was bad is not held against anybody, so it is not shown."""
    days = (date(2024, 1, 1), date(2025, 1, 1), date(2026, 1, 1))
    for ratings, good, bad in (
        (("below", "meets", "below"), (1,), (2,)),
        (("meets", "below", "below"), (), (1, 2)),
    ):
        reviews = tuple({"held_on": day, "rating": rating} for day, rating in zip(days, ratings, strict=True))
        assert _sorted("latest-two", reviews=reviews) == {
            "matching": _pointers(*good, fact="reviews"),
            "not_matching": _pointers(*bad, fact="reviews"),
            "unknown": [],
        }


def test_the_latest_is_one_entry_also_when_it_is_bad() -> None:
    """Nothing is counted then, which must not name the older ones."""
    reviews = tuple({"held_on": date(year, 1, 1), "rating": "below"} for year in (2024, 2026, 2025))
    told = _sorted("latest", reviews=reviews)
    assert told == {"matching": [], "not_matching": _pointers(1, fact="reviews"), "unknown": []}


def test_what_happens_on_the_day_itself_counts() -> None:
    """Events after the day have not happened; one on the day has, so that it is named."""
    short = {**SHORT, "completed_on": AS_OF}
    assert _sorted("count", trainings=(FIRST_AID, short, AHEAD))["not_matching"] == _pointers(1)


def test_a_sum_is_not_taken_for_a_number_of_entries() -> None:
    """Two hours from two entries, of which one is too old: the sum happens to be the number of entries."""
    old = {**FIRST_AID, "completed_on": date(2020, 1, 1)}
    told = _sorted("sum", trainings=(SHORT, old))
    assert told == {"matching": _pointers(0), "not_matching": _pointers(1), "unknown": []}


def test_items_that_the_policy_lists_are_called_by_what_they_are() -> None:
    """They stand nowhere in the request, so that a pointer would lead nowhere."""
    evidence = ({"skill": "coaching", "seen_by": "A"},)
    assert _sorted("for-each-literal", evidence=evidence) == {
        "matching": ["coaching"],
        "not_matching": ["delegating"],
        "unknown": [],
    }


def test_the_entries_behind_a_derived_fact_are_shown_too() -> None:
    """Its name says nothing of where it comes from."""
    positions = ({"grade": 5, "from": date(2020, 1, 1), "to": None}, {"grade": 2, "from": AS_OF, "to": None})
    told = _sorted("time-at-least", positions=positions)
    assert told["matching"] == _pointers(0, fact="positions")
    assert told["not_matching"] == _pointers(1, fact="positions")


def test_of_records_that_are_not_known_no_entry_is_named() -> None:
    """There is none to name; the finding itself says that the list is missing."""
    assert _sorted("count", trainings=None) == {"matching": [], "not_matching": [], "unknown": []}


def test_a_plain_fact_has_no_entries() -> None:
    """Nothing is counted there."""
    assert sorting(Comparison(FactRef("site", Text(), "site"), "is", (Constant("here", Text()),))) is None


def test_a_long_list_is_cut() -> None:
    """A verdict stays readable, and of bounded size, whatever is sent."""
    told = _sorted("some-any", trainings=(FIRST_AID,) * 500)
    assert len(told["matching"]) == MOST_NAMED


# ── a law: quick and slow ways agree with what is counted ───────────────────────────────────────────────────

RECORDS = Records({name: Fact(name=name, type=Number(), label=name) for name in ("a", "b")})
RECORDS_REF = FactRef("things", RECORDS, "things")
VALUES = st.none() | st.integers(0, 1)
THINGS = st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), max_size=4)


def _is_one(name: str) -> Comparison:
    return Comparison(FieldRef(0, name, Number(), name), "is", (Constant(1, Number()),))


@pytest.mark.parametrize("form", ["some", "no", "every", "count"])
@given(things=THINGS, narrowed=st.booleans())
def test_the_sorted_entries_bear_out_the_count(form: Form, things: list[Any], narrowed: bool) -> None:
    """The number that was found lies between those that count for certain and those that may."""
    every = form == "every"
    entries = Entries(RECORDS_REF, 0, _is_one("b") if narrowed else None)
    count = Count(entries, negated(_is_one("a")) if every else _is_one("a"))
    comparison = Comparison(count, "at_most", (Constant(0, Number()),), form)
    scope = Scope(facts={"things": tuple(things)}, as_of=AS_OF, truth=truth)
    known, sort_out = amount(count, scope), sorting(comparison)
    assert sort_out is not None
    told = sort_out(known, Telling(scope))
    counted = told["not_matching"] if every else told["matching"]
    assert known.low == len(counted)
    assert known.high == len(counted) + len(told["unknown"])
    named = [*told["matching"], *told["not_matching"], *told["unknown"]]
    assert len(set(named)) == len(named)
    meant = [thing for thing in things if not (every and narrowed and thing["b"] == 0)]
    assert len(named) == len(meant)
    if known.certain and every:
        assert (truth(comparison, scope)[0] == MET) is not bool(counted)
