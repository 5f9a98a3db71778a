"""The pace of a body that is read while it comes: a socket goes in; its bytes come out, or `TooSlow` when too
few come in the time that was waited for them.

Only waiting counts: what the service does between two reads is not the client's fault.
"""

from __future__ import annotations

import select
import socket
import time
from typing import Final

from gunicorn.http.unreader import SocketUnreader

WINDOW_S: Final = 10.0  #: of waiting, in which
LEAST: Final = 1_024  #: so many bytes must come


class TooSlow(TimeoutError):
    """The client sends too slowly."""


class PacedUnreader(SocketUnreader):
    """gunicorn's way to read a socket, without endless patience."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._ready = select.poll()
        self._ready.register(sock, select.POLLIN)
        self.begin_anew()

    def begin_anew(self) -> None:
        """A new request is read."""
        self._waited_s, self._came = 0.0, 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes.

        Raises:
            TooSlow: Too few came in the last `WINDOW_S` of waiting.
        """
        while True:
            began = time.monotonic()
            there = self._ready.poll((WINDOW_S - self._waited_s) * 1e3)
            self._waited_s += time.monotonic() - began
            if self._waited_s >= WINDOW_S:
                if self._came < LEAST:
                    raise TooSlow
                self.begin_anew()
            if there:
                data: bytes = super().chunk(size_hint)
                self._came += len(data)
                return data
