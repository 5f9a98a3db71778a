"""Intake: the bytes of one connection go in as they come; whether a whole request is there comes out.

A request is kept here until all of it has come, so that no thread waits for a slow client. What nobody should
keep whole (a batch, a body beyond the limit) is handed on as soon as its head is there, and read by the one
who answers it. What is right and wrong in a request is for the parser that gets it.
"""

from __future__ import annotations

import re
from typing import Final, Literal

Progress = Literal["more", "whole", "open", "too much"]

HEAD_LIMIT: Final = 65_536  #: bytes of the request line and the headers together
_LONGEST_SIZE: Final = (
    1_024  #: bytes of the line before a chunk; the parser waits for the end of a longer one
)
_BATCH: Final = b"POST /v1/verdicts/batch"
_END: Final = b"\r\n\r\n"
_TELLING: Final = re.compile(
    rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE
)


class Arrival:
    """What has come of one request.

    Args:
        body_limit: Bytes of a body that are kept.
    """

    def __init__(self, body_limit: int) -> None:
        self._limit = body_limit
        self.came = bytearray()
        self._searched = 0
        self._head = 0  # where the body begins; 0: not yet known
        self._whole_at: int | None = None  # where it ends, when that was told
        self._chunk_at = 0  # where the next chunk begins

    def take(self, data: bytes) -> Progress:
        """Add what has come, and say how it stands: `more` is to come; it is `whole`; it stays `open` and is
        read on by whoever answers it; or the head is `too much`."""
        self.came += data
        if not self._head:
            end = self.came.find(_END, max(0, self._searched - 3), HEAD_LIMIT)
            if end < 0:
                self._searched = len(self.came)
                return "more" if len(self.came) < HEAD_LIMIT else "too much"
            self._head = self._chunk_at = end + len(_END)
            known = self._read_head()
            if known is not None:
                return known
        if self._whole_at is not None:
            return "whole" if len(self.came) >= self._whole_at else "more"
        return self._chunks()

    def _read_head(self) -> Progress | None:
        """How it stands when the head decides that; otherwise `_whole_at` is set, or chunks are to come."""
        head = bytes(self.came[: self._head])
        if head.startswith(_BATCH):
            return "open"
        told = [(name.lower(), value.strip()) for name, value in _TELLING.findall(head)]
        if not told:
            return "whole"
        if any(name == b"expect" for name, _ in told):
            return "open"  # the client waits for an answer before it sends the body
        codings = [value.lower() for name, value in told if name == b"transfer-encoding"]
        if codings not in ([], [b"chunked"]):
            return "open"  # the parser takes some of them, and then reads chunks
        if len(told) > 1:
            return "whole"  # two lengths: the parser refuses it
        ((name, value),) = told
        if name == b"transfer-encoding":
            return None
        if not value.isdigit() or len(value) > 18:
            return "whole" if not value.isdigit() else "open"
        if int(value) > self._limit:
            return "open"
        self._whole_at = self._head + int(value)
        return None

    def _chunks(self) -> Progress:
        """Look for the last chunk."""
        while self._chunk_at <= len(self.came):
            end = self.came.find(b"\r\n", self._chunk_at, self._chunk_at + _LONGEST_SIZE)
            if end < 0:
                return "more" if len(self.came) < self._chunk_at + _LONGEST_SIZE else "open"
            digits = bytes(self.came[self._chunk_at : end]).partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9a-fA-F]{1,15}", digits):
                return "open"  # no chunks, most likely; whatever the parser takes for one, it waits for
            size = int(digits, 16)
            if size == 0:
                done = self.came[end + 2 : end + 4] == b"\r\n" or self.came.find(_END, end) >= 0
                return "whole" if done else self._more()
            self._chunk_at = end + 2 + size + 2
            if self._chunk_at - self._head > 2 * self._limit + HEAD_LIMIT:
                return "open"
        return self._more()

    def _more(self) -> Progress:
        return "more" if len(self.came) - self._head <= 2 * self._limit + HEAD_LIMIT else "open"
