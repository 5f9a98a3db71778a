"""Conditions, amounts and values in words: golden sentences that somebody has read and agreed with."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.calendar import STILL_RUNNING, Duration
from service.facts.types import NOTHING, Choice, Date, FactType, ListOf, Number, Records, Text, Time, YesNo
from service.policy.condition import (
    Arithmetic,
    Comparison,
    Condition,
    Constant,
    Entries,
    FactRef,
    FieldRef,
    Form,
    Group,
    GroupKind,
    Lookup,
    Operator,
    TimeIn,
)
from service.policy.trees import parts_of
from service.verdict.text import amount_text, condition_text, heading_text, noun
from service.verdict.value_text import listed, value_text
from tests.verdict.golden_policies import assert_golden, level, policies

SENTENCES = level("sentences").requires
AS_OF = FactRef("as_of", Date(), "the day it would take effect")


def _comparisons(condition: Any) -> list[Comparison]:
    own = [condition] if isinstance(condition, Comparison) else []
    return own + [found for part in parts_of(condition) for found in _comparisons(part)]


def test_every_condition_reads_as_plain_english() -> None:
    """The sentences are shown to candidates: each of them was read by a person before it stood here."""
    said = [f"{asked.id}: {condition_text(asked.condition)}\n" for asked in SENTENCES]
    assert_golden("conditions.txt", "".join(said))


def test_every_derived_fact_can_be_read_aloud() -> None:
    """Who asks what a name stands for gets the calculation in words."""
    said = [f"{derived.label}: {amount_text(derived.of)}\n" for derived in policies().derived.values()]
    assert_golden("derived.txt", "".join(said))


def test_the_golden_sentences_leave_no_way_to_say_something_out() -> None:
    """A new operator or form must be read by somebody, too."""
    spoken = [found for asked in SENTENCES for found in _comparisons(asked.condition)]
    assert {found.op for found in spoken} == set(get_args(Operator))
    assert {found.form for found in spoken} == set(get_args(Form))


@pytest.mark.parametrize(
    ("value", "type_", "words"),
    [
        (70, Number(unit="points"), "70 points"),
        (1, Number(unit="points"), "1 point"),
        (Decimal("1.50"), Number(unit="points"), "1.50 points"),
        (Decimal("1E+3"), Number(), "1000"),
        (3, Number(unit="people"), "3 people"),
        (True, YesNo(), "yes"),
        (False, YesNo(), "no"),
        (date(2027, 3, 1), Date(), "1 March 2027"),
        (STILL_RUNNING, Date(), "still running"),
        ("at-level", Choice(("not-yet", "at-level")), "at-level"),
        ("North Yard 2", Text(), "North Yard 2"),
        (Duration(months=12, words="1 year"), Time(), "1 year"),
        (Duration(days=400), Time(), "400 days"),
        (("slate", "tile", "metal"), ListOf(Text()), "slate, tile and metal"),
        ((1, 2), ListOf(Number(unit="hours")), "1 hour and 2 hours"),
        ((), ListOf(Text()), "nothing"),
        (({}, {}), Records({}), "2 entries"),
        (NOTHING, Date(), "none"),
    ],
)
def test_a_value_is_said_as_people_say_it(value: Any, type_: FactType, words: str) -> None:
    """Units in the right number, days with the name of the month, choices exactly as the policy has them."""
    assert value_text(value, type_) == words


@pytest.mark.parametrize(
    ("texts", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_a_row_ends_in_and(texts: list[str], said: str) -> None:
    """A comma before the last one would make two of `b and c`."""
    assert listed(texts) == said


def test_a_field_of_an_outer_entry_names_that_entry() -> None:
    """Inside two entries at once, `the course` alone would be the inner one's."""
    field = FieldRef(0, "course", Text(), "course")
    assert noun(field, {0: "result"}) == "course"
    assert noun(field, {0: "result", 1: ""}) == "the course of the result"
    assert noun(field, {0: "", 1: ""}) == "the course of the other entry"


def test_an_item_of_a_list_is_called_by_its_name_or_it() -> None:
    """An item has no fields; what `as` calls it is the only word there is."""
    item = FieldRef(0, "", Text(), "wanted skills")
    assert amount_text(item, {0: ""}) == "it"
    assert amount_text(item, {0: "skill"}) == "skill"
    assert noun(item, {0: "skill", 1: ""}) == "the skill"


def test_days_before_and_after_a_day_are_said_in_that_order() -> None:
    """`as_of minus 52 weeks` is a sum to a program; people say `52 weeks before`."""
    year = Constant(Duration(days=364, words="52 weeks"), Time())
    assert amount_text(Arithmetic("minus", AS_OF, year)) == "52 weeks before the day it would take effect"
    assert amount_text(Arithmetic("plus", AS_OF, year)) == "52 weeks after the day it would take effect"
    since = FactRef("level_since", Date(), "start")
    assert (
        amount_text(Arithmetic("minus", AS_OF, since))
        == "time from the start to the day it would take effect"
    )


def test_a_table_without_a_label_is_called_by_its_name() -> None:
    """Labels of tables may be left out; an underscore is no word."""
    table = Lookup("months_in_grade", AS_OF, (), 12, Number())
    assert amount_text(table) == "months in grade for the day it would take effect"


def test_the_bounds_of_a_time_are_said() -> None:
    """Days outside the bounds do not count, so that leaving them out of the sentence would be wrong."""
    positions = FactRef("positions", Records({}), "positions held")
    start, end = FieldRef(0, "from", Date(), "first day"), FieldRef(0, "to", Date(), "last day")
    day = Constant(date(2026, 1, 1), Date())
    time = TimeIn(Entries(positions, 0), start, end, since=day, until=AS_OF)
    said = "counted from 1 January 2026, counted up to the day it would take effect"
    assert amount_text(time) == f"time covered by the entries of positions held, {said}"


def test_the_way_in_is_said_without_facts() -> None:
    """`the day it would take effect is known` would say nothing."""
    assert condition_text(Comparison(AS_OF, "is_known", ())) == "anyone may come"


@pytest.mark.parametrize(
    ("kind", "needed", "size", "heading"),
    [
        ("all_of", 2, 2, "all of these"),
        ("any_of", 1, 2, "at least one of these"),
        ("at_least", 2, 3, "at least 2 of these"),
        ("none_of", 1, 2, "none of these"),
        ("none_of", 1, 1, "the site is not known"),
    ],
)
def test_a_group_with_its_parts_below_says_only_how_many(
    kind: Any, needed: int, size: int, heading: str
) -> None:
    """The parts follow in the tree; saying them twice would bury them."""
    part: Condition = Comparison(FactRef("site", Text(), "site"), "is_known", ())
    assert heading_text(Group(kind, needed, (part,) * size)) == heading


@given(st.data())
def test_whatever_is_said_fits_into_a_sentence(data: st.DataObject) -> None:
    """No capital, no full stop, no gap: the words stand inside other sentences."""
    parts = tuple(data.draw(st.sampled_from(SENTENCES)).condition for _ in range(2))
    kind: GroupKind = data.draw(st.sampled_from(get_args(GroupKind)))
    said = condition_text(Group(kind, 1, parts))
    assert said == said.strip().rstrip(".")
    assert "  " not in said
    assert "{" not in said
    assert said.count("(") == said.count(")")
