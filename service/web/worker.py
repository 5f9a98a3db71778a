"""gunicorn's threaded worker, with two changes: no answer names the server, and its own errors are problem
documents.

What gunicorn refuses never reaches the app: a broken request line, headers beyond the limits.
"""

from __future__ import annotations

import socket
from typing import Any
from uuid import uuid4

import orjson
from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.workers.gthread import ThreadWorker

from service.web.problems import KINDS, MEDIA_TYPE, document


class Worker(ThreadWorker):
    """A worker that answers in the house's own words."""

    def init_process(self) -> None:
        """Change what gunicorn says, in this process alone; then work until told to stop."""
        util.write_error = _write_problem
        wsgi.Response.default_headers = _without_server(wsgi.Response.default_headers)
        super().init_process()


def _without_server(default_headers: Any) -> Any:
    def headers(self: wsgi.Response) -> list[str]:
        return [line for line in default_headers(self) if not line.startswith("Server:")]

    return headers


def _write_problem(client: socket.socket, status: int, reason: str, _said: str) -> None:
    """Answer a request that gunicorn cannot read; what the client sent is not repeated."""
    kind = KINDS["internal-error" if status >= 500 and status != 501 else "bad-request"]
    told = document(kind, reason[:1].lower() + reason[1:], uuid4().hex, ())
    body = orjson.dumps({**told, "status": status})
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: {MEDIA_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(client, head.encode("latin-1") + body)
