"""Tables and figures by date: what they say on which day, and what a folder keeps of them."""

from __future__ import annotations

from datetime import date

import pytest

from service.engine.reference import truth
from service.engine.scope import Scope
from service.engine.values import amount
from service.facts.calendar import Duration
from service.facts.types import NOTHING
from service.policy.condition import Comparison
from tests.policy.folders import asking, changed, loaded, with_tables

PAUSE = """
pause:
  label: pause
  values:
    - from: 2026-01-01
      to: 2027-01-01
      source: Handbook 3
      review_by: 2026-10-01
      rows: {engineer: 6 months}
      otherwise: 3 months
    - {from: 2027-03-01, rows: {engineer: 9 months}, otherwise: 4 months}
"""
ASKED = "fact: level_since\nfor_at_least: {table: pause, at: {fact: from.level}}"


def found(submitted_on: date, level: str = "engineer") -> object:
    """What the table says for a request of one day."""
    condition = asking(ASKED, with_tables(PAUSE)).condition
    assert isinstance(condition, Comparison)
    told = {"submitted_on": submitted_on, "from.level": level, "as_of": date(2030, 1, 1)}
    return amount(condition.right[0], Scope(told, date(2030, 1, 1), truth)).value


@pytest.mark.parametrize(
    ("submitted_on", "wanted"),
    [
        (date(2025, 12, 31), NOTHING),
        (date(2026, 1, 1), Duration(months=6)),
        (date(2026, 12, 31), Duration(months=6)),
        (date(2027, 1, 1), NOTHING),
        (date(2027, 2, 28), NOTHING),
        (date(2027, 3, 1), Duration(months=9)),
        (date(2099, 1, 1), Duration(months=9)),
    ],
)
def test_the_day_of_the_request_selects_the_figure(submitted_on: date, wanted: object) -> None:
    """As it selects the version: whoever has asked is not overtaken by a change, whenever it takes effect."""
    assert found(submitted_on) == wanted


def test_every_period_has_its_own_rows() -> None:
    """What is left out in one period does not come from another."""
    assert found(date(2026, 6, 1), "senior") == Duration(months=3)
    assert found(date(2028, 6, 1), "senior") == Duration(months=4)


def test_days_between_two_periods_are_a_warning() -> None:
    """The folder may be right all the same: nobody may ask on such a day."""
    (warning,) = loaded(changed(with_tables(PAUSE))).warnings
    assert warning.message == (
        "this table says nothing from 1 January 2027 until 1 March 2027; whoever asks then does not meet "
        "what "
        "rests on it"
    )


def test_a_figure_has_one_value_or_one_for_each_period() -> None:
    """A bare number in a condition has no source and no review day."""
    figures = "figures:\n  least: {label: least points, source: Handbook 4, value: 3}\n"
    periods = "{from: 2026-01-01, to: 2027-01-01, value: 3}, {from: 2027-01-01, value: 4}"
    later = f"figures:\n  least: {{values: [{periods}]}}\n"
    for text, days in ((figures, {date(2026, 6, 1): 3}), (later, {date(2026, 6, 1): 3, date(2027, 6, 1): 4})):
        condition = asking("fact: points\nat_least: {figure: least}", with_facts_end(text)).condition
        assert isinstance(condition, Comparison)
        for day, value in days.items():
            assert amount(condition.right[0], Scope({"submitted_on": day}, day, truth)).value == value


def with_facts_end(lines: str) -> tuple[str, str, str]:
    """A change that adds a section at the end of the vocabulary."""
    last = "  credit: {gives: number, bands: {0: 1, 5: 2}, otherwise: 0}\n"
    return ("facts.yaml", last, last + lines)


def test_where_a_figure_comes_from_is_kept_for_those_who_look_after_it() -> None:
    """`ladders lint` reminds of the review day, `ladders diff` tells what changed."""
    told = loaded(changed(with_tables(PAUSE))).figures["pause"]
    first, second = told.periods
    assert (told.kind, told.label, told.place.line) == ("table", "pause", 28)
    assert (first.start, first.end) == (date(2026, 1, 1), date(2027, 1, 1))
    assert (first.source, first.review_by) == ("Handbook 3", date(2026, 10, 1))
    assert first.said == (("engineer", "6 months"), ("otherwise", "3 months"))
    assert (second.end, second.source, second.review_by) == (None, "", None)


def test_periods_are_meaning_and_their_sources_are_not() -> None:
    """The digest of a set names what it decides."""
    digests = {
        loaded(changed(with_tables(text))).digest
        for text in (
            PAUSE,
            PAUSE.replace("      source: Handbook 3\n      review_by: 2026-10-01\n", ""),
            PAUSE.replace("to: 2027-01-01", "to: 2027-02-01"),
            PAUSE.replace("9 months", "8 months"),
        )
    }
    assert len(digests) == 3
