"""Asking again: the same request gets the verdict that was recorded, another one of its name is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.errors import EngineFault
from service.verdict.judge import Judge
from tests.web.conftest import CountingLog
from tests.web.running import running


@pytest.fixture
def own_id() -> str:
    """A `request_id` that no other test sends to the log that they share."""
    return f"wf-{uuid4()}"


def post(client: FlaskClient, request: Any, key: str | None = None, query: str = "") -> Any:
    """The response to one request, sent with a key or without."""
    headers = {} if key is None else {"Idempotency-Key": key}
    text = request if isinstance(request, bytes) else json.dumps(request).encode()
    return client.post(f"/v1/verdicts{query}", data=text, content_type="application/json", headers=headers)


def without_receipt(item: dict[str, Any]) -> dict[str, Any]:
    """An answer of a batch without its receipt: that is signed anew each time."""
    assert "receipt" in item
    return {name: value for name, value in item.items() if name != "receipt"}


@pytest.mark.parametrize("by", ["header", "request_id", "both"])
def test_the_same_request_again_is_answered_with_the_same_bytes(
    by: str, client: FlaskClient, log: CountingLog, good: dict[str, Any], own_id: str
) -> None:
    """The first answer was lost on its way. A second verdict would have another id, and count twice."""
    key = own_id if by != "request_id" else None
    if by != "header":
        good["request_id"] = own_id
    first = post(client, good, key)
    size = log.size()
    again = post(client, good, key)
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert log.size() == size


def test_without_a_name_the_same_request_is_judged_again(client: FlaskClient, good: dict[str, Any]) -> None:
    """Asking about the same person twice is no mistake; only a name says that it is the same question."""
    verdicts = [json.loads(post(client, good).data)["verdict_id"] for _ in range(2)]
    assert verdicts[0] != verdicts[1]


def test_the_same_request_may_be_written_otherwise(
    client: FlaskClient, good: dict[str, Any], own_id: str
) -> None:
    """A client that parses and writes it again before it retries must not be refused for its spaces."""
    first = post(client, good, own_id)
    turned = json.dumps(dict(reversed(list(good.items()))), indent=2).encode()
    assert post(client, turned, own_id).data == first.data


def test_a_view_is_no_other_request(client: FlaskClient, good: dict[str, Any], own_id: str) -> None:
    """What is recorded is always everything; how much of it is shown is asked each time."""
    first = json.loads(post(client, good, own_id).data)
    shown = json.loads(post(client, good, own_id, "?view=candidate").data)
    assert shown["summary"] == first["summary"]
    assert "log" not in shown


@pytest.mark.parametrize(
    ("by", "status", "kind"), [("header", 422, "key-reused"), ("request_id", 409, "request-id-reused")]
)
def test_another_request_under_the_same_name_is_refused(
    by: str, status: int, kind: str, client: FlaskClient, log: CountingLog, good: dict[str, Any], own_id: str
) -> None:
    """The caller has mixed something up; the verdict on one person must not be taken for another's."""
    key = own_id if by == "header" else None
    if by == "request_id":
        good["request_id"] = own_id
    first = post(client, good, key)
    good["candidate"] = {"id": "Another Person"}
    size = log.size()
    refused = post(client, good, key)
    assert (refused.status_code, json.loads(refused.data)["type"]) == (status, f"/problems/{kind}")
    assert b"Another" not in refused.data
    assert own_id.encode() not in refused.data
    assert log.size() == size
    assert json.loads(first.data)["candidate"]["id"] == "E-1042"


def test_a_wrong_request_keeps_no_name(client: FlaskClient, good: dict[str, Any], own_id: str) -> None:
    """Nothing was recorded, so the corrected request may come under the same name."""
    wrong = {**good, "facts": {"wants_people_role": "yes"}}
    assert post(client, wrong, own_id).status_code == 422
    assert post(client, good, own_id).status_code == 201
    told = json.loads(post(client, wrong, own_id).data)
    assert told["type"] == "/problems/wrong-content"  # what is wrong with it is of more use than the name


def test_what_was_answered_stays_answered_when_it_can_no_longer_be_judged(
    client: FlaskClient, app_with: Callable[..., Flask], judge: Judge, good: dict[str, Any], own_id: str
) -> None:
    """Policies may have changed between a request and its retry, and an engine may fail."""

    class Failing:
        policies = judge.policies
        rebuilds = 0

        def verdict(self, *_: Any, **__: Any) -> Any:
            raise EngineFault("it said 7 of 8")

        def close(self) -> None:
            """Nothing to close."""

    first = post(client, good, own_id)
    failing = app_with(judge=Failing()).test_client()
    assert post(failing, good, own_id).data == first.data
    assert post(failing, good, str(uuid4())).status_code == 500


@pytest.mark.parametrize("key", ["", " ", "a" * 256, "ä"])
def test_a_key_that_cannot_be_kept_is_refused(key: str, client: FlaskClient, good: dict[str, Any]) -> None:
    """Passing over it would leave the caller believing that the request is safe to send again."""
    refused = post(client, good, key)
    assert (refused.status_code, json.loads(refused.data)["type"]) == (400, "/problems/bad-request")
    assert "Idempotency-Key" in json.loads(refused.data)["detail"]


def test_a_key_may_be_quoted(client: FlaskClient, good: dict[str, Any], own_id: str) -> None:
    """The draft of the header has it so, and most clients send it bare."""
    assert post(client, good, f'"{own_id}"').data == post(client, good, own_id).data


def test_in_a_batch_each_request_is_known_again_by_its_own_id(
    client: FlaskClient, log: CountingLog, good: dict[str, Any], own_id: str
) -> None:
    """A batch that broke off is sent again as a whole; what was recorded is not recorded twice."""
    requests = [{**good, "request_id": f"{own_id}-{number}"} for number in range(3)]
    alone = json.loads(post(client, requests[1]).data)
    size = log.size()
    other = {**requests[1], "candidate": {"id": "Another Person"}}
    sent = {"requests": [*requests, requests[0], other]}
    response = client.post("/v1/verdicts/batch", json=sent)
    told = json.loads(response.data)["results"]
    assert [each["status"] for each in told] == [201, 201, 201, 201, 409]
    assert told[1]["verdict"] == alone
    assert told[3]["verdict"] == told[0]["verdict"]
    assert log.size() == size + 2
    again = json.loads(client.post("/v1/verdicts/batch", json=sent).data)["results"]
    assert list(map(without_receipt, again[:4])) == list(map(without_receipt, told[:4]))


def test_after_an_erasure_the_name_is_forgotten_too(
    client: FlaskClient, log: CountingLog, good: dict[str, Any], own_id: str
) -> None:
    """Nothing may tell that somebody was asked about."""
    good["candidate"] = {"id": own_id}
    first = json.loads(post(client, good, own_id).data)
    log.erase(own_id, erased_at=datetime.now(UTC), engine="ladders", new_id=lambda: str(uuid4()))
    assert json.loads(post(client, good, own_id).data)["verdict_id"] != first["verdict_id"]


def test_whichever_worker_hears_it_and_after_a_restart(
    tmp_path: Path, good: dict[str, Any], own_id: str
) -> None:
    """Retries come to any worker, several at once, and to a service that was started anew meanwhile."""
    good["request_id"] = own_id
    text = json.dumps(good).encode()
    answers: list[bytes] = []
    for _ in range(2):
        with running(tmp_path / "verdicts.db") as service, ThreadPoolExecutor(8) as threads:
            asked = [threads.submit(service.ask, "POST", "/v1/verdicts", text) for _ in range(16)]
            for each in asked:
                status, answer = each.result()[:2]
                assert status == 201
                answers.append(answer)
    assert len(set(answers)) == 1


@pytest.mark.parametrize("as_lines", [False, True])
def test_under_a_key_the_requests_of_a_batch_are_known_by_their_places(
    as_lines: bool, client: FlaskClient, log: CountingLog, good: dict[str, Any], own_id: str
) -> None:
    """Requests need no `request_id`; a batch whose answer was lost, or that broke off after some of it, must
    not give each of them a second verdict. Two that are alike are two, and a wrong one takes no place.
    """
    wrong = {**good, "as_of": "tomorrow"}

    def items(requests: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        text = "\n".join(map(json.dumps, requests)) if as_lines else json.dumps({"requests": requests})
        kind = "application/x-ndjson" if as_lines else "application/json"
        headers = {"Idempotency-Key": key}
        told = client.post("/v1/verdicts/batch", data=text, content_type=kind, headers=headers)
        assert told.status_code == 200
        return (
            [json.loads(line) for line in told.text.splitlines()]
            if as_lines
            else json.loads(told.data)["results"]
        )

    begun = items([good, wrong], own_id)
    whole = items([good, wrong, good], own_id)
    assert [each["status"] for each in whole] == [201, 422, 201]
    assert whole[0]["verdict"] == begun[0]["verdict"] != whole[2]["verdict"]
    size = log.size()
    again = items([good, good, {**good, "as_of": "2027-02-01"}], own_id)
    assert again[0]["verdict"] == begun[0]["verdict"]
    assert [each["status"] for each in again] == [201, 201, 422]
    assert again[2]["problem"]["type"] == "/problems/key-reused"
    assert log.size() == size + 1
    assert items([good], f"{own_id} other")[0]["verdict"] != begun[0]["verdict"]
    refused = client.post("/v1/verdicts/batch", json={"requests": []}, headers={"Idempotency-Key": "ä"})
    assert refused.status_code == 400
