"""docs/ladders.http is what the published document makes of it, and each request in it works as it stands."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.web.promise import document_now
from tests.web.requests_file import HTTP_FILE, http_file
from tests.web.running import HOUSE, Service, running

_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Written:
    """One request, as an editor reads it."""

    method: str
    address: str
    headers: dict[str, str]
    body: str | None


def read(text: str) -> tuple[dict[str, str], list[Written]]:
    """What an editor makes of the file: its variables, and its requests before they are filled in."""
    head, *requests = re.split(r"^### .*\n", text, flags=re.MULTILINE)
    return dict(re.findall(r"^@(\w+) = (.*)$", head, re.MULTILINE)), [_written(each) for each in requests]


def _written(text: str) -> Written:
    top, _, body = text.strip().partition("\n\n")
    first, *headers = top.split("\n")
    method, address = first.split(" ")
    return Written(method, address, dict(line.split(": ", 1) for line in headers), body or None)


def filled(text: str, variables: dict[str, str]) -> str:
    """A text with what the variables say."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: variables[found[1]], text)


def test_the_file_in_the_repository_is_the_one_that_is_made() -> None:
    """To write it anew: `make openapi`, or `python -m tests.web.promise`."""
    assert HTTP_FILE.read_text("utf-8") == http_file(document_now())


def test_every_operation_is_in_it_once() -> None:
    """Whoever imports it finds all that there is."""
    _, requests = read(HTTP_FILE.read_text("utf-8"))
    told = [
        (
            each.method,
            each.address.removeprefix("{{host}}").split("?")[0].replace("{{", "{").replace("}}", "}"),
        )
        for each in requests
    ]
    wanted = {
        (method.upper(), path)
        for path, item in document_now()["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert set(told) == wanted
    assert len(told) == len(wanted)


@contextmanager
def refusing() -> Iterator[str]:
    """A subscriber that is told nothing, so that what it was to be told is given up at once."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(410)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library calls it so
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sent(service: Service, request: Written, variables: dict[str, str]) -> tuple[int, bytes]:
    """The answer to a request; a checkpoint, its proofs and deliveries come a moment after the verdict."""
    give_up_at = time.monotonic() + _WITHIN_S
    path = filled(request.address, variables).removeprefix(variables["host"])
    headers = {name: filled(value, variables) for name, value in request.headers.items()}
    while True:
        status, answer, _ = service.ask(request.method, path, request.body, headers)
        if status != 404 or time.monotonic() > give_up_at:
            return status, answer
        time.sleep(0.1)


def test_each_request_works_as_it_stands(tmp_path: Path) -> None:
    """An example that is refused teaches the wrong thing. They are judged by the bundled policies; ids are
    filled in from the answers, as a reader does.
    """
    variables, requests = read(HTTP_FILE.read_text("utf-8"))
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    with refusing() as subscriber:
        (tmp_path / "hooks.toml").write_text(
            f'[{variables["subscriber"]}]\nbegin = "start"\n'
            f'url = "{subscriber}"\nsecret_file = "{tmp_path / "secret"}"\n'
        )
        settings: dict[str, Any] = {"policies": HOUSE / "policies", "webhooks": tmp_path / "hooks.toml"}
        with running(tmp_path / "log.db", **settings, workers=1) as service:
            service.wait_until_ready()
            variables["host"] = service.address
            refused = []
            for request in sorted(requests, key=lambda each: each.address != "{{host}}/v1/verdicts"):
                status, answer = sent(service, request, variables)
                if not 200 <= status < 300:
                    refused.append((request.method, request.address, status, answer))
                elif status == 201:
                    told = json.loads(answer)
                    if request.address.endswith("/verdicts"):
                        variables |= {
                            "verdict_id": told["verdict_id"],
                            "which": told["verdict_id"],
                            "index": str(told["log"]["index"]),
                        }
                    variables["objection_id"] = told.get("objection_id", variables["objection_id"])
    assert refused == []
