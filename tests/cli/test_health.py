"""`ladders health`: what a container is judged by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.cli.test_commands import run


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A port where every question is answered with this status."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library calls it so
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("status", "code", "said"), [(200, 0, "ready"), (503, 1, "answered 503")])
def test_a_container_is_as_healthy_as_its_service_says(status: int, code: int, said: str) -> None:
    """Whatever runs the container acts on the exit code, and shows what is said to an operator."""
    with answering(status) as port:
        result = run("health", LADDERS_PORT=str(port))
    assert result.exit_code == code
    assert said in result.output


def test_a_service_that_does_not_answer_is_not_healthy() -> None:
    """A worker that hangs must not pass for one that is merely quiet."""
    with answering(200) as port:
        pass
    result = run("health", LADDERS_PORT=str(port))
    assert result.exit_code == 1
    assert result.output.strip().endswith("does not answer: Connection refused")
