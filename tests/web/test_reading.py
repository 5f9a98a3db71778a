"""Tracks and facts as callers read them: what a level asks, what to send for it, on which day."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator


def read(client: FlaskClient, path: str) -> Any:
    """The JSON value at an address."""
    response = client.get(path)
    assert response.status_code == 200, response.text
    return json.loads(response.data)


def test_craft_tracks_come_first_with_their_levels_from_the_ground_up(client: FlaskClient) -> None:
    """Leading people is one way among several, and not the first."""
    tracks = read(client, "/v1/tracks")["tracks"]
    assert [(track["track"], track["kind"]) for track in tracks] == [
        ("stone-craft", "craft"),
        ("people-lead", "people"),
    ]
    assert [level["grade"] for level in tracks[0]["levels"]] == [5, 6]


def test_a_track_tells_what_each_level_asks_and_why(client: FlaskClient) -> None:
    """A candidate can read beforehand what will be asked."""
    (level,) = read(client, "/v1/tracks/people-lead")["levels"]
    assert (level["title"], level["grade"]) == ("Team lead", 6)
    assert level["pay"] == {"from": 60000, "to": 80000, "currency": "GBP"}
    assert level["enter_from"] == ["stone-craft/mason"]
    assert level["way_back"] == {"to": "the same grade in stone", "months": 12}
    assert level["afterwards"] == [{"id": "check-in", "text": "A talk", "within": "90 days"}]
    wish = level["requires"][1]
    assert wish == {
        "id": "own-wish",
        "kind": "required",
        "text": "The person has asked for a people role",
        "why": "Nobody is pushed.",
        "source": "Handbook 4.1",
        "to_meet": "Ask for it.",
        "about": [],
        "waiver": None,
        "where": "tracks/people-lead/2026-01-01.yaml:13",
    }
    assert level["requires"][2]["waiver"] == {"by": ["people-director"], "at_most": "90 days"}


def test_a_day_before_the_first_version_has_no_levels(client: FlaskClient) -> None:
    """The track exists, but nothing was in force; that is an answer, not an error."""
    track = read(client, "/v1/tracks/people-lead?on=2025-12-31")
    assert (track["version"], track["levels"]) == (None, [])
    assert track["versions"] == [{"version": "people-lead/2026-01-01", "from": "2026-01-01", "until": None}]


def test_the_vocabulary_tells_every_fact_with_its_type(client: FlaskClient) -> None:
    """Whoever connects a system reads here what to send."""
    facts = {fact["name"]: fact for fact in read(client, "/v1/facts")["facts"]}
    assert facts["points"]["decimals"] == 2
    assert (facts["points"]["minimum"], facts["points"]["maximum"]) == (0, 100)
    assert (facts["rating"]["choices"], facts["rating"]["ordered"]) == (["below", "meets", "exceeds"], True)
    assert facts["warnings"]["of"] == {"type": "date"}
    assert (facts["warnings"]["absent_means"], facts["rating"]["absent_means"]) == ("none", "unknown")
    assert [field["name"] for field in facts["trainings"]["fields"]] == ["course", "completed_on", "hours"]
    assert facts["wants_people_role"]["type"] == "yes_no"


def test_for_a_level_only_the_facts_that_can_matter_are_asked(client: FlaskClient) -> None:
    """Data that cannot matter should not be sent; what a derived fact is made of must be."""
    told = read(client, "/v1/facts?for=people-lead/team-lead")
    assert [fact["name"] for fact in told["facts"]] == ["rating", "points", "wants_people_role", "trainings"]
    assert list(told["request_schema"]["properties"]["facts"]["properties"]) == [
        "rating",
        "points",
        "wants_people_role",
        "trainings",
    ]


def test_the_schema_for_a_level_fits_its_own_example_and_is_answered(client: FlaskClient) -> None:
    """The quickest way to a first request is to copy one that works."""
    schema = read(client, "/v1/facts?for=stone-craft/master-mason")["request_schema"]
    Draft202012Validator.check_schema(schema)
    (example,) = schema["examples"]
    Draft202012Validator(schema).validate(example)
    example["request_id"] = "wf-copied"
    response = client.post("/v1/verdicts", data=json.dumps(example), content_type="application/json")
    assert response.status_code == 201, response.text
    assert json.loads(response.data)["warnings"] == []
