"""Options over HTTP: where somebody may go from here, judged as a verdict is, and not recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.engine.evaluate import Outcome
from service.errors import Disagreement
from service.policy.load import load
from service.verdict.judge import Judge
from tests.web.conftest import CountingLog
from tests.web.running import HOUSE
from tests.web.test_batch import Doubting


@pytest.fixture(scope="module")
def bundled() -> Judge:
    """The judge of the policies that come with Ladders."""
    return Judge(load(HOUSE / "policies"))


@pytest.fixture
def coder() -> dict[str, Any]:
    """The brilliant coder, who has asked for nothing yet."""
    told = json.loads((HOUSE / "examples" / "requests" / "brilliant-coder.json").read_text("utf-8"))
    return {name: told[name] for name in ("candidate", "from", "as_of", "submitted_on", "facts")}


@pytest.fixture
def asked(app_with: Callable[..., Flask], bundled: Judge) -> Callable[[Any], Any]:
    """Asks for the options of somebody."""
    client = app_with(judge=bundled).test_client()

    def ask(request: Any) -> Any:
        response = client.post("/v1/options", data=json.dumps(request), content_type="application/json")
        return response.status_code, json.loads(response.data)

    return ask


def test_every_level_that_is_open_from_here_is_told_craft_first(
    asked: Callable[[Any], Any], coder: dict[str, Any], bundled: Judge
) -> None:
    """The way up that keeps the craft stands above the one that leaves it."""
    status, told = asked(coder)
    assert status == 200
    standing = f"{coder['from']['track']}/{coder['from']['level']}"
    wanted = {
        level.name
        for versions in bundled.policies.tracks.values()
        for level in versions[-1].levels
        if level.enter_from and standing in level.enter_from
    }
    assert {option["to"] for option in told["options"]} == wanted
    assert len(told["options"]) == len(wanted) > 1
    kinds = [option["kind"] for option in told["options"]]
    assert kinds == sorted(kinds)
    assert set(kinds) == {"craft", "people"}
    assert told["from"] == {**told["from"], **coder["from"], "mastery": False}


def test_each_option_says_what_a_verdict_on_it_would_say(
    asked: Callable[[Any], Any], coder: dict[str, Any], bundled: Judge
) -> None:
    """Whoever goes on to ask must not get another answer."""
    _, told = asked(coder)
    outcomes: set[Outcome] = set()
    for option in told["options"]:
        track, level = option["to"].split("/")
        request = {**coder, "to": {"track": track, "level": level}}
        verdict = bundled.verdict(
            json.loads(json.dumps(request)), verdict_id="", judged_at=datetime_of(told)
        ).document
        for name in ("outcome", "summary", "missing_facts", "eligible_from", "what_would_change", "way_back"):
            assert option[name] == verdict[name], (option["to"], name)
        waiting = [*verdict["unmet"], *verdict["unknown"]]
        assert sorted(each["requirement"] for each in option["lacking"]) == sorted(waiting)
        assert option["version"] == verdict["policy"]["version"]
        outcomes.add(verdict["outcome"])
    assert len(outcomes) > 1


def datetime_of(told: dict[str, Any]) -> Any:
    """When options were judged."""
    from datetime import datetime

    return datetime.fromisoformat(told["dates"]["judged_at"])


def test_somebody_on_no_ladder_may_begin_any_track(
    asked: Callable[[Any], Any], coder: dict[str, Any]
) -> None:
    """The first rung of every track is where people come in."""
    _, told = asked({**coder, "from": None})
    assert told["from"] is None
    assert len({option["track"] for option in told["options"]}) == len(told["options"]) >= 4


def test_the_end_of_a_track_has_no_options_and_that_is_right(
    asked: Callable[[Any], Any], coder: dict[str, Any], bundled: Judge
) -> None:
    """Mastery is an end in itself; nobody is asked what next."""
    last = max(
        (
            level
            for versions in bundled.policies.tracks.values()
            for level in versions[-1].levels
            if level.mastery
        ),
        key=lambda level: level.grade,
    )
    status, told = asked({**coder, "from": {"track": last.track, "level": last.level}})
    assert (status, told["from"]["mastery"]) == (200, True)
    assert all(option["kind"] == "people" for option in told["options"])


def test_nothing_is_recorded(client: FlaskClient, log: CountingLog, good: dict[str, Any]) -> None:
    """Looking is free: no promotion system must learn that somebody wondered."""
    before = log.appended
    request = {name: good[name] for name in ("candidate", "from", "as_of", "facts")}
    response = client.post("/v1/options", data=json.dumps(request), content_type="application/json")
    assert response.status_code == 200
    assert log.appended == before
    assert "verdict_id" not in response.text
    assert "/v1/verdicts/" not in response.text


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"from": ...}, {"/from"}),
        ({"to": {"track": "a", "level": "b"}}, {"/to"}),
        ({"from": {"track": "stone-craft", "level": "masson"}}, {"/from/level"}),
        (
            {"from": {"track": "stone", "level": "mason"}, "facts": {"rating": 7}},
            {"/from/track", "/facts/rating"},
        ),
        ({"as_of": "2026-02-30", "facts": {"rating": 7}}, {"/as_of", "/facts/rating"}),
    ],
)
def test_a_wrong_request_is_refused_with_all_that_is_wrong(
    change: dict[str, Any], pointers: set[str], client: FlaskClient, good: dict[str, Any]
) -> None:
    """As for a verdict: everything at once, each with its place."""
    request = {name: good[name] for name in ("candidate", "from", "as_of", "facts")} | change
    request = {name: value for name, value in request.items() if value is not ...}
    response = client.post("/v1/options", data=json.dumps(request), content_type="application/json")
    told = json.loads(response.data)
    assert (response.status_code, told["type"]) == (422, "/problems/wrong-content")
    assert {problem["pointer"] for problem in told["problems"]} == pointers


def test_without_certainty_there_are_no_options(app_with: Callable[..., Flask], judge: Judge) -> None:
    """An option that the engine and the reference see differently is no advice."""

    class Uncertain(Doubting):
        def options(self, *_: Any, **__: Any) -> Any:
            raise Disagreement("people-lead/team-lead: the outcome is decided differently")

    client = app_with(judge=Uncertain(judge)).test_client()
    response = client.post("/v1/options", data="{}", content_type="application/json")
    assert (response.status_code, json.loads(response.data)["type"]) == (500, "/problems/no-verdict")
