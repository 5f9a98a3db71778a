"""`/v1/status`: how the service stands, as its operators need it; and the question that starts a reload."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from service import __version__
from service.errors import LogUnavailable
from service.verdict.judge import Judge
from service.web.runtime import Runtime
from tests.web.conftest import NOON, CountingLog
from tests.web.running import running


def status(client: FlaskClient) -> dict[str, Any]:
    """What `/v1/status` tells."""
    response = client.get("/v1/status")
    assert response.status_code == 200
    told: dict[str, Any] = json.loads(response.data)
    return told


def test_it_names_the_set_the_versions_and_the_place_in_the_log(
    client: FlaskClient, judge: Judge, log: CountingLog, good: dict[str, Any]
) -> None:
    """What one reads aloud on the telephone when something is odd."""
    client.post("/v1/verdicts", json=good)
    told = status(client)
    assert told["policy_set"] == judge.policies.digest
    assert told["version"] == __version__
    assert "durable-rules" in told["engine"]
    assert told["started_at"] == NOON.isoformat()
    assert told["uptime_s"] == 0
    assert told["log"] == {"name": log.name, "size": log.size(), "last_index": log.size() - 1, "why": None}
    assert log.size() > 0


def test_a_log_that_cannot_be_read_is_part_of_the_status(
    app_with: Callable[..., Flask], log: CountingLog
) -> None:
    """Just then the rest is needed most."""

    class Away(CountingLog):
        def size(self) -> int:
            raise LogUnavailable("the disk is away")

    told = status(app_with(log=Away(log)).test_client())
    assert told["log"]["why"] == "the disk is away"


def test_asking_for_a_reload_answers_at_once_with_the_number_of_the_question(
    client: FlaskClient, runtime: Runtime
) -> None:
    """Proving a large folder takes seconds, which nobody should wait for on an open connection."""
    before = runtime.asked
    response = client.post("/v1/policies/reload")
    assert response.status_code == 202
    assert json.loads(response.data) == {"asked": before + 1, "links": {"status": "/v1/status"}}
    assert status(client)["reload"]["asked"] == before + 1


def test_neither_takes_anything(client: FlaskClient) -> None:
    """A misspelt wish must not be passed over."""
    assert client.get("/v1/status?worker=1").status_code == 400
    assert client.post("/v1/policies/reload?force=yes").status_code == 400


def test_the_status_of_a_running_service_is_as_published(tmp_path: Path, good: dict[str, Any]) -> None:
    """With real workers in it, and after one has died."""
    with running(tmp_path / "verdicts.db") as service:
        service.ask("POST", "/v1/verdicts", json.dumps(good))
        told = json.loads(service.ask("GET", "/v1/status")[1])
        document = json.loads(service.ask("GET", "/openapi.json")[1])
        schema = {"$ref": "#/components/schemas/Status", "components": document["components"]}
        Draft202012Validator(schema).validate(told)
        assert {worker["pid"] for worker in told["workers"]} == set(service.workers())
        assert {worker["policy_set"] for worker in told["workers"]} == {told["policy_set"]}
        assert told["log"]["last_index"] == 2  # behind the policies and the verdict: the key of receipts
