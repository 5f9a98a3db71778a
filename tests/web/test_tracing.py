"""Traces: what a collector gets of a request, and what it never gets."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service.errors import SettingsError
from service.web.tracing import Traces, trace_in
from tests.web.running import JSON, running

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
REQUEST = {
    "request_id": "wf-1",
    "candidate": {"id": "PERSON-7731"},
    "from": {"track": "stone-craft", "level": "mason"},
    "to": {"track": "people-lead", "level": "team-lead"},
    "as_of": "2027-01-01",
    "submitted_on": "2026-11-20",
    "facts": {"wants_people_role": True, "rating": "meets", "trainings": []},
}


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A place that takes spans, and what it got."""
    got: list[bytes] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library calls it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def spans_in(got: list[bytes]) -> dict[str, Span]:
    return {
        span.name: span
        for body in got
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }


def test_a_request_is_a_span_in_the_trace_of_whoever_asked(tmp_path: Path) -> None:
    """Then an operator sees from the workflow system down to the disk where the time went."""
    with collector() as (endpoint, got):
        with running(tmp_path / "log.db", workers=1, traces=endpoint) as service:
            service.wait_until_ready()
            body = json.dumps(REQUEST)
            status, answer, _ = service.ask(
                "POST", "/v1/verdicts", body, {**JSON, "traceparent": TRACEPARENT}
            )
            assert status == 201
            line = service.wait_for("request")
            assert service.stop() == 0
        spans = spans_in(got)
    asked = spans["POST /v1/verdicts"]
    assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == (TRACE, PARENT)
    for part in ("judge", "append"):
        assert spans[part].trace_id == asked.trace_id
        assert spans[part].parent_span_id == asked.span_id
    told = {each.key: each.value.string_value for each in asked.attributes}
    assert told["ladders.verdict_id"] == json.loads(answer)["verdict_id"]
    assert line["trace_id"] == TRACE
    everything = b"".join(got)
    assert b"PERSON-7731" not in everything
    assert b"meets" not in everything


def test_without_a_collector_nothing_of_it_is_there() -> None:
    """Those who do not trace pay nothing for it, not even the import."""
    traces = Traces(None)
    traces.begin()
    with traces.step("judge"):
        assert traces.onward() == {}
    traces.end()


def test_a_missing_extra_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later it would only be seen by what is not there."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsError, match="extra `tracing`"):
        Traces("http://collector:4318/v1/traces")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00-short-b7ad6b7169203331-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"ff-{TRACE}-{PARENT}-01",
    ],
)
def test_what_is_no_trace_never_reaches_the_service_log(header: str) -> None:
    """The header comes from outside."""
    assert trace_in(header) is None


def test_a_step_outside_a_request_starts_a_trace_that_goes_onward() -> None:
    """A webhook is sent long after the request that caused it, and still has a trace of its own."""
    with collector() as (endpoint, _):
        traces = Traces(endpoint)
        traces.begin()
        with traces.step("deliver"):
            assert trace_in(traces.onward()["traceparent"])
        traces.end()
