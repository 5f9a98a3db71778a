"""Waivers: which of those granted count, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from service.engine.waivers import NO_WAIVERS, weigh
from service.facts.calendar import Duration
from service.facts.request import GrantedWaiver
from service.facts.types import Date
from service.policy.condition import Comparison, FactRef, Place
from service.policy.model import Level, Requirement, Waiver

AS_OF = date(2027, 1, 1)
HERE = Place("tracks/people-lead/2026-01-01.yaml", 1, 1)
ALWAYS = Comparison(FactRef("as_of", Date(), ""), "is_known", ())
GRANTED = GrantedWaiver(
    requirement="training",
    by="people-director",
    granted_on=date(2026, 11, 30),
    until=date(2027, 2, 28),
    reason="cancelled",
)


def level(waiver: Waiver | None) -> Level:
    asked = Requirement(id="training", text="", condition=ALWAYS, place=HERE, waiver=waiver)
    return Level(
        track="people-lead",
        level="team-lead",
        title="",
        grade=6,
        place=HERE,
        enter_from=None,
        requires=(asked,),
    )


LEVEL = level(Waiver(by=("people-director", "managing-director"), at_most=Duration(days=90)))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, ""),
        ({"until": AS_OF}, ""),
        ({"granted_on": AS_OF, "until": AS_OF}, ""),
        ({"by": "managing-director"}, ""),
        ({"until": date(2026, 12, 31)}, "it ended on 31 December 2026"),
        ({"granted_on": date(2027, 1, 2), "until": date(2027, 1, 3)}, "it is granted only on 2 January 2027"),
        ({"until": date(2027, 3, 1)}, "it runs longer than 90 days from the day it was granted"),
        ({"by": "team-lead"}, "only people-director or managing-director may waive this requirement"),
        ({"by": "People-Director"}, "only people-director or managing-director may waive this requirement"),
        ({"requirement": "route"}, "this level has no such requirement"),
    ],
)
def test_a_waiver_counts_or_says_why_not(changed: dict[str, Any], reason: str) -> None:
    """Whoever granted it in good faith is told what was wrong with it; it never counts by half."""
    waiver = replace(GRANTED, **changed)
    weighed = weigh((waiver,), LEVEL, AS_OF)
    if reason:
        assert (weighed.accepted, weighed.refused) == ({}, ((waiver, reason),))
    else:
        assert (weighed.accepted, weighed.refused) == ({"training": waiver}, ())


def test_what_cannot_be_waived_is_not() -> None:
    """A requirement without `waiver:` holds for everybody."""
    weighed = weigh((GRANTED,), level(None), AS_OF)
    assert weighed.refused == ((GRANTED, "this requirement cannot be waived"),)


def test_a_waiver_without_a_limit_runs_as_long_as_it_says() -> None:
    """Where the policy sets no longest time."""
    waiver = replace(GRANTED, until=date(2199, 12, 31))
    assert weigh((waiver,), level(Waiver(by=("people-director",))), AS_OF).accepted == {"training": waiver}


def test_one_that_counts_is_enough() -> None:
    """A lapsed waiver beside a good one does not spoil it, in either order."""
    lapsed = replace(GRANTED, until=date(2026, 12, 1))
    for granted in ((lapsed, GRANTED), (GRANTED, lapsed)):
        weighed = weigh(granted, LEVEL, AS_OF)
        assert weighed.accepted == {"training": GRANTED}
        assert [waiver for waiver, _ in weighed.refused] == [lapsed]


def test_without_waivers_there_is_nothing_to_weigh() -> None:
    """Nearly every request."""
    assert weigh((), LEVEL, AS_OF) is NO_WAIVERS
