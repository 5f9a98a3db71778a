"""Turned away: a connection, and why its request never comes to the app, go in; a problem document on it, and
a line in the service log, come out.

Knows nothing of what was sent, and repeats nothing of it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from uuid import uuid4

import orjson
from gunicorn import util

from service.web.journal import journal
from service.web.problems import KINDS, MEDIA_TYPE, document

RETRY_AFTER_S: Final = 2
_UNREADABLE: Final = "the request line, a header or the length of the body is not as HTTP/1.1 has it"


def write_problem(
    refused: Callable[[int], None], client: socket.socket, status: int, reason: str, _said: str
) -> None:
    """Answer a request that gunicorn cannot read; what the client sent is not repeated."""
    refused(status)
    own = next((kind for kind in KINDS.values() if kind.status == status and status in (414, 431)), None)
    if own is not None:
        say_problem(client, own.name, status, own.title[:1].lower() + own.title[1:])
        return
    kind = "internal-error" if status >= 500 and status != 501 else "bad-request"
    detail = _UNREADABLE if status == HTTPStatus.BAD_REQUEST else reason.lower()
    say_problem(client, kind, status, detail)


def say_problem(client: socket.socket, kind: str, status: int, detail: str) -> None:
    """Answer a request that never came to the app, and note it in the service log."""
    request_id = uuid4().hex
    told = document(KINDS[kind], detail, request_id, ())
    body = orjson.dumps({**told, "status": status})
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nConnection: close\r\n"
        f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\nX-Request-Id: {request_id}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    )
    if status == 503:
        head += f"Retry-After: {RETRY_AFTER_S}\r\n"
    with suppress(OSError):  # the client is gone, or does not take it in
        util.write_nonblock(client, head.encode("latin-1") + b"\r\n" + body)
    journal().warning("refused", request_id=request_id, status=status, problem=kind, why=detail)
