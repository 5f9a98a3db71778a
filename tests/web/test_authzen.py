"""AuthZEN over HTTP: the requests and answers of OpenID AuthZEN Authorization API 1.0 and of its
certification, over the same judging and recording.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.errors import LogUnavailable
from service.facts.json_text import read_json
from service.ledger.verdict_record import request_in
from service.web.batch import MOST_ITEMS
from tests.web.conftest import NOON, CountingLog
from tests.web.test_batch import Refusing

ONE, MANY = "/access/v1/evaluation", "/access/v1/evaluations"
TRAINED = [{"hours": 8, "completed_on": "2026-05-04"}]


@pytest.fixture
def asked(good: dict[str, Any]) -> dict[str, Any]:
    """The good request as an evaluation."""
    return {
        "subject": {"type": "candidate", "id": good["candidate"]["id"]},
        "action": {"name": "promote"},
        "resource": {"type": "level", "id": "people-lead/team-lead"},
        "context": {name: good[name] for name in ("from", "as_of", "submitted_on", "facts")},
    }


def told(client: FlaskClient, path: str, body: Any, **more: Any) -> tuple[int, Any]:
    """Status and answer."""
    data = body if isinstance(body, bytes) else json.dumps(body)
    response = client.post(path, data=data, **{"content_type": "application/json", **more})
    return response.status_code, json.loads(response.data)


def test_the_decision_is_true_for_eligible_alone(client: FlaskClient, asked: dict[str, Any]) -> None:
    """Whoever enforces it looks at one boolean; an open question must not let anybody in."""
    facts = asked["context"]["facts"]
    for trainings, outcome in ((TRAINED, "eligible"), ([], "not_eligible"), (None, "needs_information")):
        facts["trainings"] = trainings
        status, answer = told(client, ONE, asked)
        assert (status, answer["decision"]) == (200, outcome == "eligible")
        assert answer["context"]["outcome"] == outcome
        assert answer["context"]["reason"]


def test_the_context_leads_to_the_verdict_and_its_reasons(
    client: FlaskClient, log: CountingLog, asked: dict[str, Any]
) -> None:
    """A decision is recorded as a verdict is, and explains itself as one."""
    before = log.appended
    context = told(client, ONE, asked)[1]["context"]
    verdict = json.loads(client.get(context["links"]["verdict"]).data)
    assert log.appended == before + 1
    assert verdict["verdict_id"] == context["verdict_id"]
    assert [reason["id"] for reason in context["reasons"]] == verdict["unmet"] == ["trained"]
    assert context["reason"] == verdict["summary"]


def test_the_same_evaluation_sent_again_on_the_next_day_gets_the_same_verdict(
    app_with: Callable[..., Flask], asked: dict[str, Any]
) -> None:
    """Where no day is told, that of the first time was put in; a retry past midnight is no other request."""
    del asked["context"]["as_of"], asked["context"]["submitted_on"]
    asked["context"]["request_id"] = "wf-past-midnight"
    first, again = (
        told(app_with(now=lambda day=day: day).test_client(), ONE, asked)
        for day in (NOON, NOON + timedelta(days=1))
    )
    assert first[0] == 200
    assert again[1]["context"]["verdict_id"] == first[1]["context"]["verdict_id"]


def test_what_is_recorded_can_be_judged_again_as_it_is(
    client: FlaskClient, log: CountingLog, asked: dict[str, Any]
) -> None:
    """A replay knows nothing of AuthZEN: the log holds the promotion request, with every digit."""
    text = json.dumps(asked).replace('"rating"', '"points": 3.10, "teams": 1E+2, "rating"')
    context = told(client, ONE, text.encode())[1]["context"]
    entry = log.get(context["verdict_id"])
    assert entry is not None
    kept = request_in(entry)
    assert kept is not None
    assert b"3.10" in kept
    assert read_json(kept)["facts"]["teams"] == 100
    again = client.post("/v1/verdicts", data=kept, content_type="application/json")
    assert json.loads(again.data)["outcome"] == context["outcome"]


def test_facts_may_come_as_properties_of_the_subject(client: FlaskClient, asked: dict[str, Any]) -> None:
    """That is where the standard has attributes; a name that no policy knows is passed over."""
    asked["subject"]["properties"] = {
        **asked["context"].pop("facts"),
        "trainings": TRAINED,
        "department": "x",
    }
    assert told(client, ONE, asked)[1]["decision"] is True


def test_unknown_names_are_passed_over(client: FlaskClient, asked: dict[str, Any]) -> None:
    """The standard: receivers ignore what they do not know."""
    asked |= {"foo": "bar", "futureField": {"nested": True}}
    asked["subject"]["foo"] = asked["context"]["time"] = "2025-06-27T18:03-07:00"
    asked["action"]["properties"] = {"method": "GET"}
    assert told(client, ONE, asked)[0] == 200


def test_the_context_is_optional(client: FlaskClient, asked: dict[str, Any]) -> None:
    """Nothing told is no permission: everything is open, so the decision is false."""
    del asked["context"]
    status, answer = told(client, ONE, asked)
    assert (status, answer["decision"]) == (200, False)
    assert answer["context"]["missing_facts"]


def test_the_same_question_has_the_same_answer(client: FlaskClient, asked: dict[str, Any]) -> None:
    """Again and again."""
    assert {told(client, ONE, asked)[1]["decision"] for _ in range(3)} == {False}


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"subject": ...}, {"/subject"}),
        ({"action": ...}, {"/action"}),
        ({"resource": ...}, {"/resource"}),
        ({"subject": {"id": "a"}, "action": {}}, {"/subject/type", "/action/name"}),
        ({"subject": {"type": "a"}}, {"/subject/id"}),
        ({"resource": {"id": "people-lead/team-lead"}}, {"/resource/type"}),
        ({"resource": {"type": "level"}}, {"/resource/id"}),
        ({"subject": "alice"}, {"/subject"}),
        ({"action": {"name": 123}}, {"/action/name"}),
        ({"action": {"name": "read"}}, {"/action/name"}),
        ({"resource": {"type": "document", "id": "a/b"}}, {"/resource/type"}),
        ({"resource": {"type": "level", "id": "team-lead"}}, {"/resource/id"}),
        ({"resource": {"type": "level", "id": "people-lead/team-laed"}}, {"/resource/id"}),
        ({"context": []}, {"/context"}),
        (
            {
                "subject": {"type": "a", "properties": {"rating": 7, "teams": "one"}},
                "action": {},
                "resource": {"type": "level", "id": "people-lead/team-laed"},
                "context": {"as_of": "soon", "facts": {"rating": "meets", "points": "many"}},
            },
            {
                "/subject/id",
                "/subject/properties/teams",
                "/action/name",
                "/resource/id",
                "/context/as_of",
                "/context/facts/rating",
                "/context/facts/points",
            },
        ),
        (
            {"subject": ..., "resource": ..., "context": {"from": 7}},
            {"/subject", "/resource", "/context/from"},
        ),
        ({"context": {"facts": []}}, {"/context/facts"}),
        (
            {"context": {"as_of": "2026-02-30", "facts": {"rating": 7}}},
            {"/context/as_of", "/context/facts/rating"},
        ),
        (
            {"subject": {"type": "a", "id": "b", "properties": {"rating": 7}}, "context": {}},
            {"/subject/properties/rating"},
        ),
        (
            {"subject": {"type": "a", "id": "b", "properties": {"rating": "meets"}}},
            {"/context/facts/rating"},
        ),
    ],
)
def test_an_evaluation_that_is_wrong_is_refused_with_400_and_all_that_is_wrong(
    change: dict[str, Any], pointers: set[str], client: FlaskClient, log: CountingLog, asked: dict[str, Any]
) -> None:
    """The standard knows no other status for it; the problems stand where they were sent."""
    before = log.appended
    body = {name: value for name, value in (asked | change).items() if value is not ...}
    status, answer = told(client, ONE, body)
    assert (status, answer["type"]) == (400, "/problems/wrong-evaluation")
    assert {problem["pointer"] for problem in answer["problems"]} == pointers
    assert log.appended == before


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"{}", "text/plain"),
    ],
)
@pytest.mark.parametrize("path", [ONE, MANY])
def test_what_is_no_json_object_is_refused_with_400(
    body: bytes, content_type: str, path: str, client: FlaskClient
) -> None:
    """Also what elsewhere would be 415."""
    assert told(client, path, body, content_type=content_type)[0] == 400


def test_the_id_of_a_request_comes_back(client: FlaskClient, asked: dict[str, Any]) -> None:
    """A gateway finds its own request again."""
    name = "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"
    response = client.post(ONE, json=asked, headers={"X-Request-ID": name})
    assert response.headers["X-Request-ID"] == name


def test_several_are_decided_in_their_order(
    client: FlaskClient, log: CountingLog, asked: dict[str, Any]
) -> None:
    """What is told once is told for each, and each may tell otherwise; one that is wrong is false, alone."""
    before = log.appended
    trained = {**asked["context"], "facts": {**asked["context"]["facts"], "trainings": TRAINED}}
    body = {
        **{name: asked[name] for name in ("subject", "action", "context")},
        "resource": {"type": "level"},
        "evaluations": [
            {"resource": {"id": "people-lead/team-lead"}},
            {"resource": {"id": "people-lead/team-lead"}, "context": trained},
            {},
            7,
            {"resource": {"type": "level", "id": "people-lead/team-laed"}},
            {"action": {"name": "enter"}, "resource": {"type": "level", "id": "stone-craft/master-mason"}},
        ],
    }
    status, answer = told(client, MANY, body)
    assert status == 200
    assert set(answer) == {"evaluations"}
    assert [each["decision"] for each in answer["evaluations"]] == [
        False,
        True,
        False,
        False,
        False,
        ANY_BOOL,
    ]
    errors = [each["context"].get("error", {}).get("status") for each in answer["evaluations"]]
    assert errors == [None, None, 400, 400, 400, None]
    (problem,) = answer["evaluations"][4]["context"]["problem"]["problems"]
    assert problem["pointer"] == "/resource/id"
    assert log.appended == before + 3


class _Either:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, bool)

    def __hash__(self) -> int:
        return 0


ANY_BOOL = _Either()


@pytest.mark.parametrize(
    ("semantic", "trained", "decisions"),
    [
        ("execute_all", [True, False, True], [True, False, True]),
        ("deny_on_first_deny", [True, False, True], [True, False]),
        ("deny_on_first_deny", [True, None, True], [True, False]),
        ("permit_on_first_permit", [False, True, False], [False, True]),
        ("permit_on_first_permit", [True, False], [True]),
    ],
)
def test_a_semantic_may_end_it_early(
    semantic: str,
    trained: list[bool | None],
    decisions: list[bool],
    client: FlaskClient,
    log: CountingLog,
    asked: dict[str, Any],
) -> None:
    """What comes after the end is neither judged nor recorded."""
    before, facts = log.appended, asked["context"]["facts"]
    evaluations = [
        {"resource": 7}
        if each is None
        else {"context": {**asked["context"], "facts": {**facts, "trainings": TRAINED if each else []}}}
        for each in trained
    ]
    body = {**asked, "evaluations": evaluations, "options": {"evaluations_semantic": semantic, "other": 1}}
    status, answer = told(client, MANY, body)
    assert (status, [each["decision"] for each in answer["evaluations"]]) == (200, decisions)
    assert log.appended == before + len(decisions) - (None in trained[: len(decisions)])


@pytest.mark.parametrize("more", [{}, {"evaluations": []}])
def test_without_evaluations_it_is_one(
    more: dict[str, Any], client: FlaskClient, asked: dict[str, Any]
) -> None:
    """The standard: as if the single one had been asked."""
    status, answer = told(client, MANY, asked | more)
    assert (status, answer["decision"], "evaluations" in answer) == (200, False, False)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"evaluations": {"a": 1}}, 400),
        ({"evaluations": [{}], "options": {"evaluations_semantic": "some"}}, 400),
        ({"evaluations": [{}], "options": 7}, 400),
        ({"evaluations": [{}] * (MOST_ITEMS + 1)}, 413),
    ],
)
def test_what_is_wrong_with_the_whole_is_refused(
    change: dict[str, Any], status: int, client: FlaskClient, asked: dict[str, Any]
) -> None:
    """A misspelt semantic must not be taken for another one."""
    assert told(client, MANY, asked | change)[0] == status


@pytest.mark.parametrize("path", [ONE, MANY])
def test_while_nothing_can_be_recorded_there_is_no_decision(
    path: str, app_with: Callable[..., Flask], log: CountingLog, asked: dict[str, Any]
) -> None:
    """Neither true nor false: both would be a decision that nobody can find later."""
    client = app_with(log=Refusing(log, None, LogUnavailable("no room is left"))).test_client()
    response = client.post(path, json={**asked, "evaluations": [{}, {}]})
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "decision" not in response.text


def test_the_configuration_says_where_to_ask(client: FlaskClient) -> None:
    """A gateway finds its way from the address of the service alone."""
    response = client.get("/.well-known/authzen-configuration", base_url="https://ladders.example")
    assert json.loads(response.data) == {
        "policy_decision_point": "https://ladders.example",
        "access_evaluation_endpoint": "https://ladders.example/access/v1/evaluation",
        "access_evaluations_endpoint": "https://ladders.example/access/v1/evaluations",
    }


def test_a_host_that_is_none_gets_no_addresses(client: FlaskClient) -> None:
    """A gateway that keeps what it was told would ask at `http:/access/v1/evaluation` from then on."""
    response = client.get("/.well-known/authzen-configuration", headers={"Host": "ladders.example/<b>"})
    assert (response.status_code, json.loads(response.data)["type"]) == (400, "/problems/bad-request")
