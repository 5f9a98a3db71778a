"""What every answer carries, and what the service log says of it: enough to find a request, and nothing
about a person.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient


def lines_of(captured: str) -> list[dict[str, Any]]:
    """The lines of the service log."""
    return [json.loads(line) for line in captured.splitlines()]


@pytest.mark.parametrize("path", ["/v1/tracks", "/nowhere", "/health/live", "/docs", "/openapi.json"])
def test_every_answer_has_a_request_id_and_is_kept_from_harm(path: str, client: FlaskClient) -> None:
    """A verdict is personal: no cache keeps it, no page of another site reads or frames it."""
    headers = client.get(path).headers
    assert len(headers["X-Request-Id"]) == 32
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    for none in (
        "default-src",
        "base-uri",
        "form-action",
        "frame-ancestors",
    ):  # the last three have no default
        assert f"{none} 'none'" in headers["Content-Security-Policy"]
    assert "Server" not in headers


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("wf-8812", True),
        ("4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        ("two words", False),
        ('{"event":"forged"}', False),
        ("naïve", False),
    ],
)
def test_a_sane_request_id_of_the_caller_is_kept(given: str, kept: bool, client: FlaskClient) -> None:
    """It joins the caller's log with ours; whatever could forge a line or a header gets an id of ours
    instead.
    """
    answered = client.get("/v1/tracks", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert (answered == given) is kept


def test_the_service_log_has_one_line_for_a_verdict_without_anything_personal(
    client: FlaskClient, good: dict[str, Any], service_log: Callable[[], str]
) -> None:
    """An operator sees what was decided and how long it took, not for whom."""
    good["candidate"]["id"], good["request_id"] = "Ann-Example", "wf-observed"
    response = client.post(
        "/v1/verdicts",
        data=json.dumps(good),
        content_type="application/json",
        headers={"X-Request-Id": "one"},
    )
    written = service_log()
    (line,) = lines_of(written)
    assert line["verdict_id"] == json.loads(response.data)["verdict_id"]
    assert (line["event"], line["request_id"], line["status"]) == ("request", "one", 201)
    assert (line["outcome"], line["version"]) == ("not_eligible", "people-lead/2026-01-01")
    assert line["ms"] >= 0
    assert "Ann" not in written
    assert "wf-observed" not in written


def test_a_refused_request_is_in_the_service_log_by_its_kind(
    client: FlaskClient, good: dict[str, Any], service_log: Callable[[], str]
) -> None:
    """The text that was sent stays out: it may be a person's data in the wrong place."""
    good["facts"] = "Ann Example was warned twice"
    client.post("/v1/verdicts", data=json.dumps(good), content_type="application/json")
    written = service_log()
    (line,) = lines_of(written)
    assert (line["problem"], line["status"], line["level"]) == ("wrong-content", 422, "info")
    assert "Ann" not in written


def test_asking_whether_all_is_well_leaves_no_line(
    client: FlaskClient, service_log: Callable[[], str]
) -> None:
    """It is asked every few seconds for years."""
    client.get("/health/live")
    client.get("/health/ready")
    assert service_log() == ""
