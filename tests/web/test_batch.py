"""Batches over HTTP: each request is judged, recorded and answered for itself and in its place, whatever
stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.errors import Disagreement, LogUnavailable, RecordConflict
from service.ledger.canonical import canonical
from service.ledger.record import Receipt, Record
from service.ledger.verdict_record import request_in
from service.verdict.judge import Judge
from service.web.batch import CHUNK, MOST_ITEMS
from tests.web.conftest import CountingLog

ADDRESS = "/v1/verdicts/batch"
LINES = "application/x-ndjson"


def asked(client: FlaskClient, requests: Iterable[Any]) -> Any:
    """The response to a batch in JSON; a request that is a text already stands there as it is."""
    texts = [each if isinstance(each, str) else json.dumps(each) for each in requests]
    return client.post(
        ADDRESS, data='{"requests": [' + ", ".join(texts) + "]}", content_type="application/json"
    )


def results(response: Any) -> list[dict[str, Any]]:
    """The answers to the requests of a batch."""
    assert response.status_code == 200, response.data
    if response.content_type == LINES:
        return [json.loads(line) for line in response.data.splitlines()]
    told = json.loads(response.data)
    assert set(told) == {"results"}
    return list(told["results"])


def lines(client: FlaskClient, texts: Iterable[str]) -> list[dict[str, Any]]:
    """The answers to a batch of lines."""
    response = client.post(ADDRESS, data="\n".join(texts).encode(), content_type=LINES)
    assert response.content_type == LINES
    return results(response)


def numbered(good: dict[str, Any], count: int, of: str = "wf") -> list[dict[str, Any]]:
    """So many requests that can be told apart, by `of` from those of other tests too."""
    return [{**good, "request_id": f"{of}-{number}"} for number in range(count)]


def test_each_request_has_its_verdict_in_its_place(
    client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """The caller finds the answer to its third request in the third place, and in the log."""
    before = log.appended
    told = results(asked(client, numbered(good, 3)))
    assert [(each["index"], each["request_id"], each["status"]) for each in told] == [
        (0, "wf-0", 201),
        (1, "wf-1", 201),
        (2, "wf-2", 201),
    ]
    assert log.appended == before + 3
    for each in told:
        verdict = each["verdict"]
        assert verdict["request_id"] == each["request_id"]
        assert client.get(verdict["links"]["self"]).data == canonical(verdict)


def test_a_bad_request_never_fails_the_rest(
    client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """One misspelt level among a thousand must not cost the season its verdicts."""
    before = log.appended
    wrong = {**good, "request_id": "wf-x", "to": {"track": "people-lead", "level": "team-laed"}}
    deep = "[" * 30 + "]" * 30
    told = results(asked(client, [good, wrong, 7, '{"a": 1, "a": 2}', deep, good]))
    assert [each["status"] for each in told] == [201, 422, 422, 400, 400, 201]
    assert [each["index"] for each in told] == list(range(6))
    assert told[1]["request_id"] == "wf-x"
    assert told[1]["problem"]["type"] == "/problems/wrong-content"
    (problem,) = told[1]["problem"]["problems"]
    assert problem["pointer"] == "/to/level"
    assert "did you mean `team-lead`?" in problem["message"]
    assert told[3]["problem"]["type"] == told[4]["problem"]["type"] == "/problems/not-json"
    assert all(("verdict" in each) is (each["status"] == 201) for each in told)
    assert all(("problem" in each) is (each["status"] != 201) for each in told)
    assert log.appended == before + 2


def test_every_request_is_kept_as_it_was_sent(
    client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """A replay reads the text of the one request, to the last digit, not the batch it came in."""
    text = json.dumps(good).replace('"rating"', '"points":  3.10,  "rating"')
    for told in (results(asked(client, [good, text])), lines(client, [json.dumps(good), f"  {text}\r"])):
        entry = log.get(told[1]["verdict"]["verdict_id"])
        assert entry is not None
        assert request_in(entry) == text.encode()


def test_lines_are_answered_with_lines(client: FlaskClient, good: dict[str, Any]) -> None:
    """NDJSON in, NDJSON out; empty lines are nothing."""
    texts = [json.dumps(each) for each in numbered(good, 2)]
    told = lines(client, [texts[0], "", "   ", "please", texts[1], ""])
    assert [(each["index"], each["request_id"], each["status"]) for each in told] == [
        (0, "wf-0", 201),
        (1, None, 400),
        (2, "wf-1", 201),
    ]
    assert lines(client, []) == lines(client, ["", ""]) == []


def test_a_batch_without_requests_is_answered_without_results(client: FlaskClient) -> None:
    """A season without promotions is no error."""
    assert results(asked(client, [])) == []


def test_a_view_holds_for_every_verdict(client: FlaskClient, good: dict[str, Any]) -> None:
    """What is shown to candidates is asked for once."""
    response = client.post(
        f"{ADDRESS}?view=candidate",
        data=json.dumps({"requests": [good, good]}),
        content_type="application/json",
    )
    assert all("log" not in each["verdict"] for each in results(response))


@pytest.mark.parametrize(
    ("body", "content_type", "status", "kind"),
    [
        (b"", "application/json", 400, "not-json"),
        (b'{"requests": [', "application/json", 400, "not-json"),
        (b'{"requests": [1 2]}', "application/json", 400, "not-json"),
        (b"[]", "application/json", 422, "wrong-content"),
        (b'{"requests": {}}', "application/json", 422, "wrong-content"),
        (b'{"requests": [], "more": 1}', "application/json", 422, "wrong-content"),
        (b'{"requests": [' + b"[" * 5000, "application/json", 400, "not-json"),
        (b'{"requests": []}', "text/plain", 415, "wrong-content-type"),
        (b"{}", "application/x-ndjson; charset=latin-1", 415, "wrong-content-type"),
    ],
)
def test_a_body_that_is_no_batch_is_refused_whole(
    body: bytes, content_type: str, status: int, kind: str, client: FlaskClient
) -> None:
    """Where nobody can tell one request from the next there is nothing to answer each with."""
    response = client.post(ADDRESS, data=body, content_type=content_type)
    told = json.loads(response.data)
    assert (response.status_code, told["type"]) == (status, f"/problems/{kind}")
    assert told["detail"]


def test_a_compressed_batch_is_refused(client: FlaskClient) -> None:
    """A few bytes of it could become any number of requests."""
    response = client.post(ADDRESS, data=b"x", content_type=LINES, headers={"Content-Encoding": "gzip"})
    assert response.status_code == 415


def test_more_than_a_thousand_requests_are_refused_before_any_is_judged(
    client: FlaskClient, log: CountingLog
) -> None:
    """The limit is said, with the way round it; half a batch on the log would be worse than none."""
    before = log.appended
    response = asked(client, ["{}"] * (MOST_ITEMS + 1))
    assert (response.status_code, json.loads(response.data)["type"]) == (413, "/problems/too-large")
    assert f"more than {MOST_ITEMS}" in json.loads(response.data)["detail"]
    assert log.appended == before
    assert len(results(asked(client, ["{}"] * MOST_ITEMS))) == MOST_ITEMS


def test_the_limits_of_size_hold(app_with: Callable[..., Flask], good: dict[str, Any]) -> None:
    """A batch in JSON has its own; a line has that of one request, and the rest of it is passed over."""
    text = json.dumps(good)
    client = app_with(batch_limit=2_000, body_limit=len(text)).test_client()
    assert asked(client, [good] * 10).status_code == 413
    told = lines(client, [text, text + " " + " " * 200_000 + "x", text, "x" * 200_000])
    assert [(each["index"], each["status"]) for each in told] == [(0, 201), (1, 413), (2, 201), (3, 413)]


class Arriving:
    """A body that comes bit by bit, and knows how much of it was taken."""

    def __init__(self, line: bytes, count: int) -> None:
        self.line, self.left, self.taken = line, count, 0

    def read(self, most: int) -> bytes:
        count = min(self.left, most // len(self.line))
        self.left -= count
        self.taken += count
        return self.line * count


def test_lines_are_answered_while_others_still_come(app: Flask, good: dict[str, Any]) -> None:
    """A stream without end takes as much memory as one chunk: what was answered is gone before more is
    read.
    """
    body = Arriving(json.dumps(good).encode() + b"\n", 10 * CHUNK)
    response = app.test_client().post(
        ADDRESS,
        environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True},
        content_type=LINES,
        buffered=False,
    )
    one_block = 65_536 // len(body.line)
    for number, line in enumerate(response.iter_encoded()):
        assert json.loads(line)["index"] == number
        assert body.taken <= number + CHUNK + one_block + 1
    assert number == 10 * CHUNK - 1


class Broken:
    """A body that ends before it should."""

    def __init__(self, text: bytes) -> None:
        self.blocks = [text]

    def read(self, _most: int) -> bytes:
        if not self.blocks:
            raise OSError("the client has gone away")
        return self.blocks.pop()


@pytest.mark.parametrize("length", [None, 5_000], ids=["chunks that break off", "less than was announced"])
def test_lines_that_do_not_come_whole_end_with_a_problem(
    length: int | None, app: Flask, log: CountingLog, good: dict[str, Any]
) -> None:
    """What came whole is judged; half a line is not, and whoever reads the answer learns that more was
    lost.
    """
    before = log.appended
    text = json.dumps(good).encode()
    body = Broken(text + b"\n" + text[:50])
    environ: dict[str, Any] = {"wsgi.input": body, "wsgi.input_terminated": length is None}
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    response = app.test_client().post(ADDRESS, environ_overrides=environ, content_type=LINES)
    told = results(response)
    assert [each["status"] for each in told] == [201, 400]
    assert told[1]["problem"]["type"] == "/problems/bad-request"
    assert log.appended == before + 1


class Refusing(CountingLog):
    """A log that refuses a call that holds a certain record, or all calls."""

    def __init__(self, log: CountingLog, refused: str | None, error: Exception) -> None:
        super().__init__(log)
        self.refused, self.error = refused, error
        self.calls: list[int] = []

    def append(self, records: Sequence[Record]) -> Sequence[Receipt]:
        self.calls.append(len(records))
        if self.refused is None or any(self.refused.encode() in each.private["/request"] for each in records):
            raise self.error
        return super().append(records)


def test_a_chunk_is_one_commit(
    app_with: Callable[..., Flask], log: CountingLog, good: dict[str, Any]
) -> None:
    """What makes a batch cheap: one wait for the disk for all of them."""
    watched = Refusing(log, "nobody", LogUnavailable(""))
    assert len(results(asked(app_with(log=watched).test_client(), [good] * (CHUNK + 3)))) == CHUNK + 3
    assert watched.calls == [CHUNK, 3]


def test_a_record_that_the_log_refuses_is_answered_alone(
    app_with: Callable[..., Flask], log: CountingLog, good: dict[str, Any]
) -> None:
    """The log takes all of a call or none; the others go in without the one that it will not take."""
    watched = Refusing(log, "wf-1", RecordConflict("the verdict log already holds something else"))
    told = results(asked(app_with(log=watched).test_client(), numbered(good, 3)))
    assert [each["status"] for each in told] == [201, 409, 201]
    assert told[1]["problem"]["type"] == "/problems/conflict"


def test_while_nothing_can_be_recorded_no_request_has_a_verdict(
    app_with: Callable[..., Flask], log: CountingLog, good: dict[str, Any], service_log: Callable[[], str]
) -> None:
    """Durable before the reply holds in a batch, too; each can be sent again by itself."""
    watched = Refusing(log, None, LogUnavailable("no room is left; make room on its disk"))
    response = asked(app_with(log=watched).test_client(), numbered(good, 3))
    assert [each["status"] for each in results(response)] == [503] * 3
    assert b"eligible" not in response.data
    assert watched.calls == [3]
    told = [json.loads(line) for line in service_log().splitlines()]
    items = [line for line in told if line["event"] == "batch-item"]
    assert [(line["index"], line["why"]) for line in items] == [
        (number, "no room is left; make room on its disk") for number in range(3)
    ]
    assert {line["request_id"] for line in told} == {response.headers["X-Request-Id"]}


class Doubting:
    """A judge that is not certain of some requests."""

    def __init__(self, judge: Judge) -> None:
        self.judge, self.policies, self.digests, self.rebuilds = judge, judge.policies, judge.digests, 0

    def verdict(self, raw: Any, **more: Any) -> Any:
        if raw.get("request_id") == "doubted-1":
            raise Disagreement("people-lead/team-lead: the outcome is decided differently")
        if raw.get("request_id") == "doubted-2":
            raise KeyError("E-1042")
        return self.judge.verdict(raw, **more)

    def options(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""


def test_where_there_is_no_certainty_only_that_request_has_no_verdict(
    app_with: Callable[..., Flask], judge: Judge, good: dict[str, Any], service_log: Callable[[], str]
) -> None:
    """Fail closed, for one; and nothing of the inside is said."""
    response = asked(app_with(judge=Doubting(judge)).test_client(), numbered(good, 4, "doubted"))
    told = results(response)
    assert [each["status"] for each in told] == [201, 500, 500, 201]
    assert [each["problem"]["type"] for each in told[1:3]] == [
        "/problems/no-verdict",
        "/problems/internal-error",
    ]
    assert "E-1042" not in json.dumps(told[2])
    written = [json.loads(line) for line in service_log().splitlines()]
    doubted, broken = (line for line in written if line["event"] == "batch-item")
    assert (doubted["index"], doubted["error"]) == (1, "Disagreement")
    assert (broken["index"], broken["error"]) == (2, "KeyError")
    assert "E-1042" not in json.dumps(broken)


def test_the_service_log_says_how_many_and_nothing_of_anybody(
    client: FlaskClient, good: dict[str, Any], service_log: Callable[[], str]
) -> None:
    """An operator sees that a batch was half refused without seeing whose."""
    results(asked(client, [good, 7]))
    written = service_log()
    (line,) = [told for told in map(json.loads, written.splitlines()) if told["event"] == "batch"]
    assert (line["verdicts"], line["problems"]) == (1, 1)
    assert "E-1042" not in written
