"""A verdict whose person was erased: gone from the answers too, and said to be gone."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient

from tests.web.conftest import CountingLog
from tests.web.test_decisions import told


def test_an_erased_verdict_is_answered_with_410(
    client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """It is not unknown: its place in the log is still there, and whoever kept the address learns why."""
    good["candidate"]["id"] = "to be forgotten"
    answered = client.post("/v1/verdicts", data=json.dumps(good), content_type="application/json")
    other = client.post(
        "/v1/verdicts",
        data=json.dumps({**good, "candidate": {"id": "somebody else"}}),
        content_type="application/json",
    )
    log.erase(
        "to be forgotten",
        erased_at=datetime.now(UTC),
        engine="ladders",
        new_id=lambda: str(uuid.uuid4()),
    )
    gone = client.get(answered.headers["Location"])
    assert gone.status_code == 410
    assert json.loads(gone.data)["type"] == "/problems/erased"
    assert b"to be forgotten" not in gone.data
    assert client.get(other.headers["Location"]).data == other.data


def test_a_verdict_that_was_erased_is_named_by_nothing_new(
    client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """Who comes back after an erasure begins anew; 410 would say that what they ask for now was erased."""
    good["candidate"]["id"] = "comes back"
    old = told(client.post("/v1/verdicts", json=good), 201)
    log.erase("comes back", erased_at=datetime.now(UTC), engine="ladders", new_id=lambda: str(uuid.uuid4()))
    refused = told(client.post("/v1/verdicts", json={**good, "supersedes": old["verdict_id"]}), 422)
    assert refused["problems"][0]["pointer"] == "/supersedes"
    place = f"{told(client.post('/v1/verdicts', json=good), 201)['links']['self']}/objections"
    by = {"id": "comes back", "role": "candidate"}
    objection = told(client.post(place, json={"by": by, "text": "I was trained."}), 201)["objection_id"]
    said = {"reply": "upheld", "by": by, "text": "See the other one.", "verdict": old["verdict_id"]}
    refused = told(client.post(f"{place}/{objection}/answers", json=said), 422)
    assert refused["problems"][0]["pointer"] == "/verdict"
