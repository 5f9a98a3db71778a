"""Garbage in: whatever is sent, the answer is a status that is published, and never a failure of the service.

`make fuzz` sends far more of it.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import (
    negative_data_rejection,
    not_a_server_error,
    positive_data_acceptance,
)
from schemathesis.core.result import Ok

from service.web import drafting
from tests.web.promise import document_now
from tests.web.running import Service, running

PUBLISHED = frozenset({201, 400, 413, 415, 422})

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FACTS = (
    "rating",
    "points",
    "teams",
    "wants_people_role",
    "level_since",
    "motto",
    "skills",
    "warnings",
    "trainings",
)
pointers = st.sampled_from(
    [
        *("candidate", "candidate/id", "from", "from/track", "to", "to/level", "as_of", "submitted_on"),
        *("waivers", "request_id", "strict_facts", "facts"),
        *(f"facts/{name}" for name in FACTS),
    ]
)
entries = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "course": st.none() | st.text(max_size=5),
            "completed_on": st.none() | st.dates().map(str) | json_values,
            "hours": st.none()
            | st.integers()
            | st.decimals(places=1, allow_nan=False, allow_infinity=False).map(float),
        },
    ),
    max_size=4,
)
telling = st.one_of(json_values, entries, st.sampled_from(["below", "meets", "exceeds"]))


def answered(client: FlaskClient, body: bytes, content_type: str = "application/json") -> Any:
    """The answer to a body, which must be one that is published."""
    response = client.post("/v1/verdicts", data=body, content_type=content_type)
    assert response.status_code in PUBLISHED, (response.status_code, body)
    told = json.loads(response.data)
    wanted = "application/json" if response.status_code == 201 else "application/problem+json"
    assert response.content_type == wanted
    return told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_bytes(client: FlaskClient, body: bytes) -> None:
    """Not even text."""
    answered(client, body)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values)
def test_json(client: FlaskClient, value: Any) -> None:
    """JSON, but nothing that was meant."""
    answered(client, json.dumps(value).encode())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(pointers, telling, max_size=4))
def test_requests_with_something_else_in_places(
    client: FlaskClient, good: dict[str, Any], changes: dict[str, Any]
) -> None:
    """Nearly right is where a careless reader breaks."""
    request = json.loads(json.dumps(good))
    for pointer, value in changes.items():
        holder, _, name = pointer.rpartition("/")
        place = request.get(holder) if holder else request
        if isinstance(place, dict):
            place[name] = value
    answered(client, json.dumps(request).encode())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_good_request_with_bytes_changed(
    client: FlaskClient, good: dict[str, Any], data: st.DataObject
) -> None:
    """What a bad line or a bad proxy makes of a request."""
    text = bytearray(json.dumps(good).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    answered(client, bytes(text))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_content_types(client: FlaskClient, content_type: str) -> None:
    """A header is sent by anyone, too."""
    if content_type.isascii() and content_type.isprintable():
        answered(client, b"{}", content_type)


DOCUMENT = document_now()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
ANY_TEXT = {"type": "string"}
#: what takes nothing cannot be asked wrongly, and what takes any name, neither
TRIALS = [
    (label, mode)
    for label, operation in OPERATIONS.items()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE
    or operation.get("requestBody")
    or any(parameter["schema"] != ANY_TEXT for parameter in operation.get("parameters", []))
]
#: here a request that is wrong is answered in its place, and the whole is not refused
EACH_FOR_ITSELF = {"POST /v1/verdicts/batch", "POST /access/v1/evaluations"}
NO_DRAFT = ("echo", '{"problems": [["facts.yaml", "facts.yaml:1:1: no"]], "count": 1}')
PIECES = [
    b"POST /v1/verdicts HTTP/1.1\r\nHost: a\r\n",
    b"GET /v1/tracks HTTP/1.1\r\nHost: a\r\n\r\n",
    b"Content-Type: application/json\r\n",
    b"Content-Length: 2\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"\r\n",
    b"{}",
    b"2\r\n{}\r\n",
    b"0\r\n\r\n",
]
TOO_LARGE = (413, 414, 431)  #: schemathesis does not take these for a refusal; and 503 for a failure
as_published = pytest.mark.parametrize(("label", "mode"), TRIALS, ids=str)


def operations_of(schema: Any) -> list[Any]:
    """Every operation that an OpenAPI document tells of."""
    return [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]


def keep_to_the_document(schema: Any, label: str, mode: GenerationMode, requests: int) -> None:
    """Send requests that the OpenAPI document allows, or forbids, and hold each answer to it.

    A well-formed request may still be refused: the document does not list which tracks and levels there are.
    """
    (operation,) = [operation for operation in operations_of(schema) if operation.label == label]
    excluded = [positive_data_acceptance]
    if label in EACH_FOR_ITSELF:
        excluded.append(negative_data_rejection)

    @settings(max_examples=requests, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case[Any]) -> None:
        response = case.call()
        apart = {503: [not_a_server_error], **{status: [negative_data_rejection] for status in TOO_LARGE}}
        case.validate_response(response, excluded_checks=[*excluded, *apart.get(response.status_code, [])])

    check()


def test_every_operation_is_tried(app: Flask) -> None:
    """The document that is served is the one that the trials are made from."""
    served = schemathesis.openapi.from_wsgi("/openapi.json", app)
    assert [operation.label for operation in operations_of(served)] == list(OPERATIONS)


@as_published
def test_the_service_keeps_to_its_own_openapi_document(
    app: Flask, label: str, mode: GenerationMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No failure, no status, content type or shape that is not published, and nothing forbidden is taken."""
    monkeypatch.setattr(drafting, "_COMMAND", NO_DRAFT)
    keep_to_the_document(schemathesis.openapi.from_wsgi("/openapi.json", app), label, mode, 12)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service."""
    with running(tmp_path_factory.mktemp("fuzz") / "verdicts.db") as service:
        yield service


@pytest.mark.fuzz
@as_published
def test_the_running_service_keeps_to_its_own_openapi_document(
    service: Service, label: str, mode: GenerationMode
) -> None:
    """The same over real connections, and 50,000 times in all."""
    served = schemathesis.openapi.from_url(f"{service.address}/openapi.json")
    workers = service.workers()
    keep_to_the_document(served, label, mode, 50_000 // len(TRIALS) + 1)
    assert service.workers() == workers, "a worker died"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.binary(max_size=300) | st.sampled_from(PIECES), min_size=1, max_size=6))
def test_bytes_on_a_connection(service: Service, pieces: list[bytes]) -> None:
    """What is no HTTP at all, or nearly: the worker lives on, and answers the next."""
    host, _, port = service.netloc.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            told = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            return  # it hung up
    statuses = {line.split()[1] for line in told.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")}
    assert not {status for status in statuses if status >= b"500" and status != b"501"}
    assert service.ask("GET", "/health/live")[0] == 200
