"""Values as people write them: what they give by the type of their place, and what is said of the rest."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.calendar import Duration
from service.facts.types import Choice, Date, FactType, Number, Text, Time, YesNo
from service.policy.literals import Mistake, look_of, read_literal, spoken_value
from service.policy.source import Span, TextNode

TYPES: list[FactType] = [Number(), YesNo(), Date(), Text(), Time(), Choice(("low", "high"))]


def written(text: str, *, quoted: bool = False) -> TextNode:
    return TextNode(text, quoted, Span("facts.yaml", 1, 1))


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("1.10", Number(), Decimal("1.1")),
        ("1.10", Text(), "1.10"),
        ("010", Text(), "010"),
        ("no", YesNo(), False),
        ("no", Text(), "no"),
        ("on", Text(), "on"),
        ("yes", Choice(("yes", "no")), "yes"),
        ("null", Text(), "null"),
        ("-0", Number(), 0),
        ("2.0", Number(), 2),
        ("0.000000000000000000000000000001", Number(), None),
        ("0.1", Number(), Decimal("0.1")),
        ("2024-02-29", Date(), date(2024, 2, 29)),
        ("2026-01-01", Text(), "2026-01-01"),
        ("1 year", Time(), Duration(12)),
        ("52 weeks", Time(), Duration(0, 364)),
        ("100 years", Time(), Duration(1200)),
    ],
)
def test_a_text_means_what_its_place_makes_of_it(text: str, type_: FactType, value: object) -> None:
    """YAML would have read `no`, `1.10` and `010` as something else before anybody could ask for the type."""
    found = read_literal(written(text), type_)
    assert isinstance(found, Mistake) if value is None else found == value


@pytest.mark.parametrize(
    ("text", "type_", "remedy"),
    [
        ("010", Number(), "write `10`"),
        ("-007.5", Number(), "write `-7.5`"),
        ("00", Number(), "write `0`"),
        ("1,000", Number(), "write `1000`"),
        ("1,5", Number(), "write `1.5`"),
        (".5", Number(), "write `0.5`"),
        ("+3", Number(), "write `3`"),
        ("12%", Number(), "write `12` where percent are counted, or the part of one that it is"),
        ("3 months", Number(), "the number alone: `3`"),
        ("٣", Number(), "write it in digits"),
        ("12 monts", Time(), "did you mean `12 months`?"),
        ("6 mo", Time(), "did you mean `6 months`?"),
        ("2 Years", Time(), "did you mean `2 years`?"),
        ("12", Time(), "write `12 months`"),
        ("1.5 years", Time(), "no whole number of years; write `18 months`"),
        ("0.3 years", Time(), "no whole number of years; write it in shorter units"),
        ("1.5 weeks", Time(), "no whole number of weeks; write it in shorter units"),
        ("1201 months", Time(), "at most 100 years"),
        ("3 points", Time(), "write one such as `12 months`"),
        ("2025-02-29", Date(), "not a day in the calendar"),
        ("2026-13-01", Date(), "not a day in the calendar"),
        ("0000-01-01", Date(), "not a day in the calendar"),
        ("1899-12-31", Date(), "too far away"),
        ("2026/01/31", Date(), "year-month-day"),
        ("31 January 2026", Date(), "year-month-day"),
        ("ture", YesNo(), "write one of them"),
        ("N", YesNo(), "write `no`"),
        ("hihg", Choice(("low", "high")), "did you mean `high`?"),
        ("none", Choice(("low", "high")), "choose from `low` or `high`"),
    ],
)
def test_a_mistake_says_what_to_write_instead(text: str, type_: FactType, remedy: str) -> None:
    """HR does not program: the remedy is worth more than the reason."""
    found = read_literal(written(text), type_)
    assert isinstance(found, Mistake)
    assert remedy in found.message
    assert f"`{text}`" in found.message


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("3", Number()), ("010", Number()), ("12 months", Time()), ("12 points", Text()),
        ("2026-02-30", Date()),
        ("yes", YesNo()), ("Yes", Text()), ("on", Text()), ("1e3", Text()), ("", Text()),
    ],
)  # fmt: skip
def test_the_look_of_a_value_tells_its_type_where_nothing_else_does(text: str, type_: FactType) -> None:
    """An impossible date still looks like a date, so that it is refused and not read as a text."""
    assert look_of(written(text)) == type_
    assert look_of(written(text, quoted=True)) == Text()


@given(st.text(max_size=40), st.booleans(), st.sampled_from(TYPES))
def test_any_text_gives_a_value_or_a_mistake(text: str, quoted: bool, type_: FactType) -> None:
    """Whatever is typed, a message comes back that stands on one line and has no full stop."""
    found = read_literal(written(text, quoted=quoted), type_)
    if isinstance(found, Mistake):
        assert "\n" not in found.message
        assert not found.message.endswith(".")


@given(st.integers(-(10**20), 10**20), st.integers(0, 9))
def test_numbers_are_read_exactly(units: int, places: int) -> None:
    """Nothing passes through binary fractions: 0.7 + 0.2 + 0.1 is 1.0."""
    number = Decimal(units).scaleb(-places)
    assert read_literal(written(f"{number:f}"), Number()) == number


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"),
        (date(2026, 3, 1), "1 March 2026"),
        (Duration(12, 0, "1 year"), "1 year"),
        (Decimal("1.5"), "1.5"),
    ],
)
def test_values_are_said_as_in_a_sentence(value: Decimal | bool | date | Duration, words: str) -> None:
    """They stand in the texts of shared requirements, where `{months}` stood."""
    assert spoken_value(value) == words
