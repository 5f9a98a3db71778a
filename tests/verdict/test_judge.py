"""What a verdict promises, held through the engine that decides: judge again with the advice followed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from hypothesis import given

from tests.verdict.bundled import AS_OF, judge, requests, verdict


def _followed(raw: dict[str, Any], changes: list[dict[str, Any]]) -> dict[str, Any]:
    """The request as a person sends it who has done what the advice says."""
    told = copy.deepcopy(raw)
    for change in changes:
        fact = change["fact"]
        match change["how"]:
            case "wait":
                told["as_of"] = change["to"]
            case "set":
                told["facts"][fact] = change["to"]
            case "add":
                own = change.get("each_another", [])
                added = [
                    change["entry"] | dict.fromkeys(own, f"somebody else {number}")
                    for number in range(change["times"])
                ]
                told["facts"][fact] = [*(told["facts"].get(fact) or []), *added]
            case "edit":
                for entry in told["facts"][fact]:
                    entry[change["field"]] = change["to"]
    return told


@given(requests())
def test_following_the_advice_makes_the_candidate_eligible(raw: dict[str, Any]) -> None:
    """As written in the verdict, sent as JSON, decided by the engine."""
    changes = verdict(raw).document["what_would_change"]
    if changes:
        assert verdict(_followed(raw, changes)).outcome == "eligible"


@given(requests())
def test_eligible_from_is_true_on_that_day_and_not_on_the_day_before(raw: dict[str, Any]) -> None:
    """The candidate plans by this day."""
    day = verdict(raw).document["eligible_from"]
    if day is not None:
        before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        assert verdict({**raw, "as_of": day}).outcome == "eligible"
        assert verdict({**raw, "as_of": before}).outcome != "eligible"


@given(requests())
def test_other_levels_are_judged_as_if_they_had_been_asked_for(raw: dict[str, Any]) -> None:
    """What is open to somebody must be true when they ask for it."""
    document = verdict(raw).document
    for opening in document["open_to_you"]:
        track, _, level = opening["to"].partition("/")
        asked = verdict({**raw, "to": {"track": track, "level": level}}).document
        assert asked["outcome"] == opening["outcome"]
        lacking = [finding["id"] for finding in asked["findings"] if finding["id"] in _lacking(asked)]
        assert [each["requirement"] for each in opening["lacking"]] == lacking


def _lacking(document: Mapping[str, Any]) -> set[str]:
    return {*document["unmet"], *document["unknown"]}


@given(requests())
def test_the_same_request_gives_the_same_document(raw: dict[str, Any]) -> None:
    """Today and in ten years: nothing comes from a clock, from chance, or from what was judged before."""
    first = verdict(raw).document
    verdict({**raw, "as_of": (AS_OF + timedelta(days=1)).isoformat()})
    shuffled = {**raw, "facts": dict(reversed(raw["facts"].items()))}
    assert verdict(shuffled).document == first


@given(requests())
def test_missing_facts_are_asked_for_only_while_the_outcome_is_open(raw: dict[str, Any]) -> None:
    """A question that can no longer change anything wastes a person's time."""
    document = verdict(raw).document
    assert bool(document["missing_facts"]) == (document["outcome"] == "needs_information")


@given(requests())
def test_every_requirement_has_its_finding_in_policy_order(raw: dict[str, Any]) -> None:
    """All findings, always, the way in first."""
    document = verdict(raw).document
    level = next(
        level
        for versions in judge().policies.tracks.values()
        for level in versions[0].levels
        if level.name == f"{raw['to']['track']}/{raw['to']['level']}"
    )
    assert [finding["id"] for finding in document["findings"]] == [each.id for each in level.requires]
    assert document["findings"][0]["id"] == "route"


def test_a_refusal_for_a_people_role_shows_what_is_open_on_the_craft_tracks() -> None:
    """Nobody is left with a closed door."""
    document = verdict(
        {
            "candidate": {"id": "E-1"},
            "from": {"track": "software-craft", "level": "senior"},
            "to": {"track": "people-lead", "level": "team-lead"},
            "as_of": "2027-01-01",
            "facts": {"wants_people_role": False},
        }
    ).document
    assert document["outcome"] == "not_eligible"
    assert [opening["kind"] for opening in document["open_to_you"]] == ["craft"]
