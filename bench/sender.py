"""Sending: one kind of request over 16 connections that stay open; how long each answer took comes out.

One thread serves all connections, so that the sender takes as little as it can of the cores it shares with
the service. Each connection sends its next request as soon as its last answer is there.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CONNECTIONS = 16
_PATIENCE_S = 60.0
_CHUNKED = -1
_LAST_CHUNK = b"\r\n0\r\n\r\n"


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    sent_at: float = 0.0
    came: bytearray = field(default_factory=bytearray)
    whole: int = 0  #: bytes of the answer, head included; 0 while its head is not there


def post(address: str, path: str, body: bytes) -> bytes:
    """The bytes of one request."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def send(
    address: str, requests: Iterator[bytes], wanted: bytes, connections: int = CONNECTIONS
) -> list[float]:
    """Send all requests; the seconds that each took.

    Args:
        address: Where the service listens.
        requests: Each as it goes over the wire.
        wanted: The status that every answer must have, such as `201`.
        connections: How many requests are under way at a time.

    Raises:
        RuntimeError: An answer has another status, or none came.
    """
    place = urlsplit(address)
    waits: list[float] = []
    with selectors.DefaultSelector() as ready:
        for _ in range(connections):
            made = socket.create_connection((place.hostname or "", place.port or 80))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(made)
            ready.register(made, selectors.EVENT_READ, connection)
            _next(connection, requests, ready)
        while ready.get_map():
            told = ready.select(_PATIENCE_S)
            if not told:
                raise RuntimeError(f"no answer came within {_PATIENCE_S:g} s")
            for key, _ in told:
                if _read(key.data, wanted):
                    waits.append(time.perf_counter() - key.data.sent_at)
                    _next(key.data, requests, ready)
    return waits


def _next(connection: _Connection, requests: Iterator[bytes], ready: selectors.BaseSelector) -> None:
    request = next(requests, None)
    if request is None:
        ready.unregister(connection.socket)
        connection.socket.close()
        return
    connection.sent_at = time.perf_counter()
    connection.socket.sendall(request)


def _read(connection: _Connection, wanted: bytes) -> bool:
    """Take what is there; whether the answer is whole."""
    part = connection.socket.recv(262_144)
    if not part:
        raise RuntimeError("the service closed a connection")
    connection.came += part
    if not connection.whole:
        end = connection.came.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(connection.came[:end])
        if head.split(b" ", 2)[1] != wanted:
            raise RuntimeError(bytes(connection.came).decode(errors="replace"))
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        connection.whole = end + 4 + int(lengths[0].split(b":")[1]) if lengths else _CHUNKED
    chunked = connection.whole == _CHUNKED
    if not (connection.came.endswith(_LAST_CHUNK) if chunked else len(connection.came) >= connection.whole):
        return False
    connection.came.clear()
    connection.whole = 0
    return True


def repeated(make: Callable[[int], bytes], start: int, number: int) -> Iterator[bytes]:
    """Requests that differ by their number."""
    return (make(each) for each in range(start, start + number))
