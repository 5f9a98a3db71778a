"""Outgoing: answers go in as a thread writes them; they come out as the client takes them in.

What a client does not take in at once waits here, and in no thread; whoever waits for all connections sends
it on. Of what has no end, such as a stream, no more is kept than a part: then the thread waits after all.
"""

from __future__ import annotations

import socket
from collections import deque
from typing import Any, Final

MOST: Final = 1_048_576  #: bytes of an answer that are kept for a client


class Outgoing(socket.socket):
    """The socket of one client."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over a socket."""
        super().__init__(fileno=sock.detach())
        self.waits_here = True  #: else whoever writes waits for the client
        self.unsent = 0  #: bytes
        self._rest: deque[memoryview] = deque()

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all of it, now or later."""
        if not self.waits_here:
            super().sendall(data, flags)
            return
        left = memoryview(data)
        if not self._rest:
            left = left[self._sent(left) :]
            if not left:
                return
        self._rest.append(left)
        self.unsent += len(left)
        if self.unsent > MOST:
            while self._rest:
                super().sendall(self._rest.popleft())
            self.unsent = 0

    def send_on(self) -> None:
        """Send what the client takes in now."""
        while self._rest:
            first = self._rest[0]
            sent = self._sent(first)
            self.unsent -= sent
            if sent < len(first):
                self._rest[0] = first[sent:]
                return
            self._rest.popleft()

    def _sent(self, data: memoryview) -> int:
        """How many bytes of some the client takes in now."""
        try:
            return self.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
