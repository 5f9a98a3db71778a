"""Verdicts over HTTP: recorded before they are answered, the same bytes whenever they are read, and nothing
on failure.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.errors import Disagreement, EngineFault, LogUnavailable, RecordConflict
from service.facts.json_text import read_json
from service.ledger.canonical import canonical
from service.ledger.verdict_record import request_in
from service.policy.model import PolicySet
from service.verdict.judge import Judge
from tests.web.conftest import CountingLog


def post(client: FlaskClient, request: Any, query: str = "") -> Any:
    """The response to one request for a verdict."""
    text = request if isinstance(request, bytes) else json.dumps(request)
    return client.post(f"/v1/verdicts{query}", data=text, content_type="application/json")


def test_a_verdict_is_created_with_its_place_in_the_log(
    client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """A refusal is an outcome, not an error: the workflow goes on with it."""
    before = log.appended
    response = post(client, good)
    told = json.loads(response.data)
    assert response.status_code == 201
    assert response.content_type == "application/json"
    assert response.headers["Location"] == told["links"]["self"] == f"/v1/verdicts/{told['verdict_id']}"
    assert told["links"]["track"] == "/v1/tracks/people-lead?on=2026-11-20"
    assert told["outcome"] == "not_eligible"
    assert told["unmet"] == ["trained"]
    assert told["log"]["leaf"].startswith("sha256:")
    assert log.appended == before + 1


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"wants_people_role": True, "rating": "meets", "trainings": []}, "not_eligible"),
        ({"wants_people_role": True, "rating": "meets"}, "needs_information"),
        ({"wants_people_role": True, "rating": "meets", "trainings": [{"hours": 8}]}, "needs_information"),
        (
            {
                "wants_people_role": True,
                "rating": "meets",
                "trainings": [{"hours": 8, "completed_on": "2026-05-04"}],
            },
            "eligible",
        ),
    ],
)
def test_every_outcome_is_a_verdict_with_the_same_status(
    facts: dict[str, Any], outcome: str, client: FlaskClient, good: dict[str, Any]
) -> None:
    """Programs branch on `outcome`; the status says only that there is a verdict."""
    response = post(client, {**good, "facts": facts})
    assert (response.status_code, json.loads(response.data)["outcome"]) == (201, outcome)


def test_a_verdict_is_read_again_as_the_same_bytes(client: FlaskClient, good: dict[str, Any]) -> None:
    """Whoever kept the answer can compare it with the log, byte for byte."""
    answered = post(client, good)
    again = client.get(answered.headers["Location"])
    assert (again.status_code, again.content_type) == (200, "application/json")
    assert again.data == answered.data
    assert canonical(json.loads(answered.data)) == answered.data


def test_the_head_of_a_verdict_has_no_body(client: FlaskClient, good: dict[str, Any]) -> None:
    """HEAD tells what GET would, without sending it."""
    location = post(client, good).headers["Location"]
    head = client.head(location)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(client.get(location).data))


@pytest.mark.parametrize("name", ["candidate", "workflow", "audit"])
def test_a_view_leaves_out_and_never_changes(name: str, client: FlaskClient, good: dict[str, Any]) -> None:
    """Each reader gets what is theirs; what is recorded is always everything."""
    whole = post(client, good)
    shown = post(client, good, f"?view={name}")
    again = client.get(f"{shown.headers['Location']}?view={name}")
    assert again.data == shown.data
    assert set(json.loads(shown.data)) <= set(json.loads(whole.data))
    everything = json.loads(client.get(shown.headers["Location"]).data)
    assert set(everything) == set(json.loads(whole.data))
    assert shown.headers["Location"] == f"/v1/verdicts/{everything['verdict_id']}"


def test_the_candidate_does_not_see_bookkeeping(client: FlaskClient, good: dict[str, Any]) -> None:
    """The candidate asks why and what next, not where the hash stands; the way to the full verdict stays."""
    told = json.loads(post(client, good, "?view=candidate").data)
    assert "log" not in told
    assert told["summary"]


def test_an_unknown_fact_is_a_warning_with_a_suggestion(client: FlaskClient, good: dict[str, Any]) -> None:
    """A workflow system may send more than is asked; a misspelt fact must not pass in silence."""
    good["facts"]["rateing"] = "exceeds"
    response = post(client, good)
    (warning,) = json.loads(response.data)["warnings"]
    assert response.status_code == 201
    assert warning["pointer"] == "/facts/rateing"
    assert "did you mean `rating`?" in warning["message"]


def test_the_request_is_kept_as_it_was_sent(
    client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """A replay must read the very same numbers: 3.10 is not 3.1000000000000001, and 1E+2 is not rewritten."""
    text = json.dumps(good).replace(
        '"rating"', '"points":  3.10, "teams": 1E+2, "motto": "fünf \\u00fcber", "rating"'
    )
    response = post(client, text.encode())
    assert response.status_code == 201
    entry = log.get(json.loads(response.data)["verdict_id"])
    assert entry is not None
    kept = request_in(entry)
    assert kept == text.encode()
    assert kept is not None
    facts = read_json(kept)["facts"]
    assert (facts["points"], facts["teams"]) == (Decimal("3.10"), 100)


def test_the_leaf_says_nothing_of_the_person(
    client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """The leaf stays for ever, also when the person's data are erased."""
    good["candidate"]["id"], good["request_id"] = "Ann-Example", "about-ann"
    entry = log.get(json.loads(post(client, good).data)["verdict_id"])
    assert entry is not None
    leaf = json.loads(entry.leaf)
    assert b"Ann" not in entry.leaf
    assert b"about-ann" not in entry.leaf
    assert leaf["rules"] == [
        ["route", "met"],
        ["own-wish", "met"],
        ["trained", "unmet"],
        ["rated", "met"],
        ["points", "unknown"],
    ]
    assert (leaf["track"], leaf["level"], leaf["outcome"]) == ("people-lead", "team-lead", "not_eligible")


class Failing:
    """A judge or a log that always fails with one error."""

    def __init__(self, error: Exception, policies: PolicySet) -> None:
        self.error = error
        self.policies = policies
        self.name = "failing"

    def verdict(self, *_: Any, **__: Any) -> Any:
        raise self.error

    def append(self, *_: Any) -> Any:
        raise self.error

    def get(self, *_: Any) -> Any:
        raise self.error

    def check_writable(self) -> None:
        raise self.error

    def options(self, *_: Any, **__: Any) -> Any:
        raise self.error

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EngineFault("the engine said 7 of 8 about E-1042"), "no-verdict"),
        (Disagreement("people-lead/team-lead: the outcome is decided differently"), "no-verdict"),
        (KeyError("E-1042"), "internal-error"),
        (ValueError("E-1042"), "internal-error"),
        (RecursionError("E-1042"), "internal-error"),
        (MemoryError(), "internal-error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_without_certainty_there_is_no_verdict_and_nothing_is_said_of_the_inside(
    error: Exception,
    kind: str,
    app_with: Callable[..., Flask],
    judge: Judge,
    log: CountingLog,
    good: dict[str, Any],
    service_log: Callable[[], str],
) -> None:
    """Fail closed: nothing recorded, and no text of an exception in the answer, for it may hold facts of a
    person.
    """
    before = log.appended
    client = app_with(judge=Failing(error, judge.policies)).test_client()
    response = post(client, good)
    told = json.loads(response.data)
    assert (response.status_code, told["type"]) == (500, f"/problems/{kind}")
    assert response.content_type == "application/problem+json"
    assert "E-1042" not in response.text
    assert log.appended == before
    (line,) = map(json.loads, service_log().splitlines())
    assert (line["level"], line["error"], line["problem"]) == ("error", type(error).__name__, kind)
    if kind == "internal-error":
        assert "E-1042" not in json.dumps(line)
        assert line["at"][-1].endswith(" verdict")


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (
            LogUnavailable("no room is left for the verdict log; make room on its disk"),
            503,
            "log-unavailable",
        ),
        (RecordConflict("the verdict log already holds something else"), 409, "conflict"),
    ],
)
def test_a_verdict_that_cannot_be_recorded_is_not_given(
    error: Exception,
    status: int,
    kind: str,
    app_with: Callable[..., Flask],
    judge: Judge,
    good: dict[str, Any],
) -> None:
    """Durable before the reply, or no reply: an outcome that nobody can find later must not be acted on."""
    client = app_with(log=Failing(error, judge.policies)).test_client()
    response = post(client, good)
    told = json.loads(response.data)
    assert (response.status_code, told["type"]) == (status, f"/problems/{kind}")
    assert "eligible" not in response.text
    assert (response.headers.get("Retry-After") is not None) is (status == 503)


def test_ready_says_so_when_nothing_can_be_recorded(app_with: Callable[..., Flask], judge: Judge) -> None:
    """Whoever spreads the load must send requests elsewhere; the process itself need not be restarted."""
    error = LogUnavailable("no room is left for the verdict log; make room on its disk")
    client = app_with(log=Failing(error, judge.policies)).test_client()
    ready, live = client.get("/health/ready"), client.get("/health/live")
    assert (ready.status_code, live.status_code) == (503, 200)
    assert "make room on its disk" in json.loads(ready.data)["detail"]


def test_a_request_without_a_day_is_judged_on_the_day_it_came(
    client: FlaskClient, good: dict[str, Any]
) -> None:
    """`submitted_on` selects the version; a caller who leaves it out means today, in UTC."""
    del good["submitted_on"]
    dates = json.loads(post(client, good).data)["dates"]
    noon = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
    assert dates["submitted_on"] == noon.date().isoformat()
    assert dates["judged_at"] == "2026-11-20T12:00:00Z"
