"""A verdict whose person was erased: gone from the answers too, and said to be gone."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient

from tests.web.conftest import CountingLog


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
