"""Simulations over HTTP: what the verdict would be, if; never on the log, and never to be taken for a
verdict.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.access.callers import ANYONE, Caller
from service.web import drafting
from service.web.api.simulations import SimulationSchema
from tests.web.conftest import POLICIES, CountingLog

TRAINED = [{"hours": 8, "completed_on": "2026-05-04"}]


def simulated(client: FlaskClient, query: str = "", **body: Any) -> Any:
    """Status and answer of one simulation."""
    response = client.post(f"/v1/simulations{query}", data=json.dumps(body), content_type="application/json")
    return response.status_code, json.loads(response.data)


def draft(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The small policy folder as a draft, with words in its files replaced."""
    files = {}
    for path in sorted(POLICIES.rglob("*.yaml")):
        text = path.read_text("utf-8")
        for old, new in (changes or {}).items():
            text = text.replace(old, new)
        files[path.relative_to(POLICIES).as_posix()] = text
    return files


def test_other_facts_may_give_another_outcome(
    client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """`What if I finish the training?` is answered beside what holds now, and nothing is recorded."""
    before = log.appended
    status, told = simulated(client, request=good, what_if={"facts": {"trainings": TRAINED}})
    assert (status, told["outcome"]) == (200, "eligible")
    assert (told["as_asked"]["outcome"], told["as_asked"]["unmet"]) == ("not_eligible", ["trained"])
    assert log.appended == before


def test_a_simulation_cannot_be_mistaken_for_a_verdict(client: FlaskClient, good: dict[str, Any]) -> None:
    """Whoever keeps it, prints it or asks for it again must see that nobody was judged."""
    status, told = simulated(client, request=good)
    assert status == 200
    assert told["simulation"] is True
    assert re.fullmatch(r"simulation-[0-9a-f-]{36}", told["simulation_id"])
    assert not set(SimulationSchema.Meta.exclude) & set(told)
    for name in (told["simulation_id"], told["simulation_id"].removeprefix("simulation-")):
        assert client.get(f"/v1/verdicts/{name}").status_code == 404
    assert told["as_asked"] is None


def test_without_changes_it_says_what_the_verdict_says(client: FlaskClient, good: dict[str, Any]) -> None:
    """A simulation that judged otherwise than the service does would be worth nothing."""
    verdict = json.loads(
        client.post("/v1/verdicts", data=json.dumps(good), content_type="application/json").data
    )
    _, told = simulated(client, request=good)
    for name in set(verdict) - set(SimulationSchema.Meta.exclude):
        assert told[name] == verdict[name], name


@pytest.mark.parametrize(
    ("what_if", "place", "wanted"),
    [
        ({"as_of": "2027-06-01"}, ("dates", "as_of"), "2027-06-01"),
        ({"submitted_on": "2026-12-01"}, ("dates", "submitted_on"), "2026-12-01"),
        ({"to": {"track": "stone-craft", "level": "master-mason"}}, ("to", "level"), "master-mason"),
        ({"from": None}, ("from",), None),
        ({"facts": {"trainings": None}}, ("outcome",), "needs_information"),
    ],
)
def test_each_thing_can_be_told_differently(
    what_if: dict[str, Any], place: tuple[str, ...], wanted: Any, client: FlaskClient, good: dict[str, Any]
) -> None:
    """Another day, another level, from elsewhere, or not told at all; the rest stays as it was sent."""
    status, told = simulated(client, request=good, what_if=what_if)
    assert status == 200, told
    for name in place:
        told = told[name]
    assert told == wanted


def test_all_that_is_wrong_is_told_at_its_place_in_what_was_sent(
    client: FlaskClient, good: dict[str, Any]
) -> None:
    """One part was sent as the request, the other as the change; each is corrected where it stands."""
    good["facts"]["points"] = "many"
    what_if = {"facts": {"rating": 7}, "as_of": "2026-02-30"}
    status, told = simulated(client, request=good, what_if=what_if)
    assert (status, told["type"]) == (422, "/problems/wrong-content")
    assert {problem["pointer"] for problem in told["problems"]} == {
        "/request/facts/points",
        "/what_if/facts/rating",
        "/what_if/as_of",
    }


def test_a_misspelt_change_does_not_hide_what_else_is_wrong(
    client: FlaskClient, good: dict[str, Any]
) -> None:
    """Whoever corrects a name should not learn of the next slip only then; a change that is known counts,
    also beside one that is not.
    """
    good["facts"]["points"] = "many"
    what_if = {"as_off": "2027-01-01", "as_of": "soon", "facts": {"rating": 7}}
    status, told = simulated(client, request=good, what_if=what_if, view="x")
    assert (status, told["type"]) == (422, "/problems/wrong-content")
    assert {problem["pointer"] for problem in told["problems"]} == {
        "/view",
        "/what_if/as_off",
        "/what_if/as_of",
        "/what_if/facts/rating",
        "/request/facts/points",
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"what_if": {"as_off": "2027-01-01"}},
            "this name is not one of those that can be told differently; did you mean `as_of`?",
        ),
        ({"policies": {}}, "expected 1 to 500 policy files by their names, but none came"),
        ({"policies": {"facts.yaml": 7}}, "expected the text of the file, but a number came"),
    ],
)
def test_a_slip_is_told_in_words_that_help(
    body: dict[str, Any], message: str, client: FlaskClient, good: dict[str, Any]
) -> None:
    """What came is said as it came, and what was meant is guessed."""
    _, told = simulated(client, request=good, **body)
    assert [problem["message"] for problem in told["problems"]] == [message]
    assert told["problems"][0]["came"]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/request"}),
        ({"request": 7, "policies": []}, {"/request", "/policies"}),
        ({"request": {}, "what_fi": {}}, {"/what_fi"}),
        ({"request": {}, "what_if": {"candidate": {"id": "E-2"}}}, {"/what_if/candidate"}),
        ({"request": {}, "policies": {}}, {"/policies"}),
        (
            {"request": {}, "policies": {"facts.yaml": 7, "a/b": None}},
            {"/policies/facts.yaml", "/policies/a~1b"},
        ),
        ({"request": {}, "policies": {f"{n}.yaml": "" for n in range(501)}}, {"/policies"}),
        ({"request": {}, "policies": {"n" * 201: ""}}, {"/policies"}),
    ],
)
def test_what_is_no_simulation_is_refused(
    body: dict[str, Any], pointers: set[str], client: FlaskClient, good: dict[str, Any]
) -> None:
    """A misspelt `what_if` would otherwise be answered as if nothing were different."""
    status, told = simulated(client, **({**body, "request": good} if body.get("request") == {} else body))
    assert (status, told["type"]) == (422, "/problems/wrong-content")
    assert {problem["pointer"] for problem in told["problems"]} == pointers


def test_a_view_holds_for_simulations(client: FlaskClient, good: dict[str, Any]) -> None:
    """What is sensitive stays so, whatever is asked."""
    status, told = simulated(client, "?view=candidate", request=good)
    assert (status, "engine" in told, told["simulation"]) == (200, False, True)


def test_a_draft_is_judged_by_instead_of_the_policies_in_force(
    client: FlaskClient, log: CountingLog, good: dict[str, Any], judge: Any
) -> None:
    """An author sees what a new policy says of a real request before anybody else has to."""
    before = log.appended
    good["facts"]["rating"] = "exceeds"
    files = draft({"at_least: 8\n": "at_least: 0\n"})
    assert files != draft()
    status, told = simulated(client, request=good, policies=files)
    assert (status, told["draft"], told["outcome"]) == (200, True, "eligible"), told
    assert told["as_asked"]["outcome"] == "not_eligible"
    assert told["as_asked"]["policy_set"] == judge.policies.digest != told["policy"]["set"]
    status, told = simulated(client, request=good, policies=draft())
    assert told["policy"]["set"] == judge.policies.digest
    assert log.appended == before


def test_everything_wrong_with_a_draft_is_told_with_its_line(
    client: FlaskClient, good: dict[str, Any]
) -> None:
    """As `ladders check` says it, in one go; nobody writes a policy set right the first time."""
    files = draft({"fact: rating": "fact: raeting", "at_least: 0.5": "at_laest: 0.5"})
    files["facts.yaml"] = draft()["facts.yaml"]
    files["tracks/odd.yaml"] = "a: b"
    status, told = simulated(client, request=good, policies=files)
    assert (status, told["type"]) == (422, "/problems/wrong-policies")
    assert len(told["problems"]) >= 3
    assert {problem["pointer"] for problem in told["problems"]} >= {
        "/policies/tracks~1people-lead~12026-01-01.yaml",
        "/policies/tracks~1odd.yaml",
    }
    assert any("did you mean `rating`?" in problem["message"] for problem in told["problems"])
    assert all(re.match(r"tracks/\S+\.yaml:\d+:\d+: ", problem["message"]) for problem in told["problems"])


def test_a_request_that_a_draft_cannot_judge_is_refused_at_its_place(
    client: FlaskClient, good: dict[str, Any]
) -> None:
    """The draft has other facts than the policies in force; what fits one may not fit the other."""
    files = draft({"choices: [below, meets, exceeds]": "choices: [under, over]"})
    files = {name: text for name, text in files.items() if "people" not in name}
    status, told = simulated(client, request=good, policies=files)
    assert status == 422
    assert told["type"] in ("/problems/wrong-content", "/problems/wrong-policies")
    assert all(problem["pointer"].startswith(("/request/", "/policies/")) for problem in told["problems"])


def test_a_draft_needs_the_scope_of_an_author(app_with: Callable[..., Flask], good: dict[str, Any]) -> None:
    """Who may ask what if need not be one who may try out policies."""

    class Known:
        def caller_of(self, _authorization: str) -> Caller:
            return replace(ANYONE, scopes=frozenset({"simulate"}))

    client = app_with(access=Known()).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = "Bearer known"
    assert simulated(client, request=good)[0] == 200
    status, told = simulated(client, request=good, policies=draft())
    assert (status, told["type"]) == (403, "/problems/not-allowed")


def test_a_draft_that_takes_too_long_is_given_up(
    client: FlaskClient, good: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set made to keep the checker busy costs one process for a while, and nobody else's verdict."""
    monkeypatch.setattr(drafting, "WAIT_S", 0.2)
    monkeypatch.setattr(drafting, "_COMMAND", ("sleep", "60"))
    status, told = simulated(client, request=good, policies=draft())
    assert (status, told["type"]) == (422, "/problems/wrong-policies")
    assert "takes more than" in told["detail"]


def test_a_process_that_breaks_is_no_fault_of_the_draft(
    client: FlaskClient, good: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told to make a set smaller because of a mistake of ours."""
    command = (sys.executable, "-c", "raise KeyError('E-1042')")
    monkeypatch.setattr(drafting, "_COMMAND", command)
    status, told = simulated(client, request=good, policies=draft())
    assert (status, told["type"]) == (500, "/problems/internal-error")


@pytest.mark.parametrize("end", ["kill -9 $$", f"exit {drafting._TOO_MUCH}"])
def test_a_process_that_takes_more_than_it_may_is_the_drafts_fault(
    client: FlaskClient, good: dict[str, Any], monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Killed by the system, or told that there is no more memory."""
    monkeypatch.setattr(drafting, "_COMMAND", ("sh", "-c", end))
    status, told = simulated(client, request=good, policies=draft())
    assert (status, told["type"]) == (422, "/problems/wrong-policies")


def test_one_draft_is_judged_at_a_time(client: FlaskClient, good: dict[str, Any]) -> None:
    """Each takes a whole process; a thousand at once would take the machine."""
    with drafting._turn:
        response = client.post(
            "/v1/simulations",
            data=json.dumps({"request": good, "policies": draft()}),
            content_type="application/json",
        )
        assert (response.status_code, json.loads(response.data)["type"]) == (503, "/problems/overloaded")
        assert int(response.headers["Retry-After"]) > 0
        assert simulated(client, request=good)[0] == 200
    assert simulated(client, request=good, policies=draft())[0] == 200


def test_the_process_for_drafts_gets_no_settings_and_writes_no_file(
    client: FlaskClient, good: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the log is, and with which key, is nothing to it."""
    seen = tmp_path / "environment"
    monkeypatch.setenv("LADDERS_LOG", "somewhere")
    monkeypatch.setattr(drafting, "_COMMAND", ("sh", "-c", f"env > {seen}"))
    simulated(client, request=good, policies=draft())
    assert "LADDERS_" not in seen.read_text("utf-8")
