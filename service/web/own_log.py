"""The verdict log of this process: a way to open it goes in; the log, opened after the fork, comes out.

The app is made once, before gunicorn forks its workers, but each of them must open the log for itself. A
log that cannot be opened yet is tried again, at most once a second, so a worker heals as soon as the disk
does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from threading import Lock
from typing import Final

from service.errors import LogUnavailable
from service.ledger.disclosure import Field
from service.ledger.log import Asked, Entry, Found, Log, Receipt, Record, TreeHead, Wanted
from service.ledger.tiles import Hashes

_AGAIN_S: Final = 1.0


class OwnLog:
    """A `Log` that opens itself on first use."""

    def __init__(self, open_it: Callable[[], Log]) -> None:
        self._open_it = open_it
        self._opening = Lock()
        self._log: Log | None = None
        self._refused: tuple[float, LogUnavailable] | None = None

    @property
    def name(self) -> str:
        """The name that stands in every leaf."""
        return self._opened().name

    @property
    def hashes(self) -> Hashes:
        """As `Log.hashes`."""
        return self._opened().hashes

    def append(self, records: Sequence[Record]) -> Sequence[Receipt]:
        """As `Log.append`."""
        return self._opened().append(records)

    def signed(self, receipt: Receipt) -> bytes:
        """As `Log.signed`."""
        return self._opened().signed(receipt)

    def get(self, id_: str) -> Entry | None:
        """As `Log.get`."""
        return self._opened().get(id_)

    def entry(self, index: int) -> Entry | None:
        """As `Log.entry`."""
        return self._opened().entry(index)

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """As `Log.entries`."""
        return self._opened().entries(start, stop)

    def leaves(self, start: int, stop: int) -> Iterator[tuple[bytes, bytes]]:
        """As `Log.leaves`."""
        return self._opened().leaves(start, stop)

    def find(self, wanted: Wanted, after: int | None = None, limit: int = 100) -> list[Entry]:
        """As `Log.find`."""
        return self._opened().find(wanted, after, limit)

    def search(self, wanted: Wanted, after: int | None = None, limit: int = 100) -> Found[Entry]:
        """As `Log.search`."""
        return self._opened().search(wanted, after, limit)

    def asked(self, asked: Sequence[Asked]) -> Entry | None:
        """As `Log.asked`."""
        return self._opened().asked(asked)

    def disclosed(self, index: int, pointers: Sequence[str]) -> list[Field] | None:
        """As `Log.disclosed`."""
        return self._opened().disclosed(index, pointers)

    def size(self) -> int:
        """As `Log.size`."""
        return self._opened().size()

    def head(self) -> TreeHead:
        """As `Log.head`."""
        return self._opened().head()

    def content(self, digest: str) -> bytes | None:
        """As `Log.content`."""
        return self._opened().content(digest)

    def erase(
        self,
        person: str,
        *,
        erased_at: datetime,
        engine: str,
        new_id: Callable[[], str],
        caller: str | None = None,
    ) -> Sequence[Receipt]:
        """As `Log.erase`."""
        return self._opened().erase(person, erased_at=erased_at, engine=engine, new_id=new_id, caller=caller)

    def rotate_keys(self) -> int:
        """As `Log.rotate_keys`."""
        return self._opened().rotate_keys()

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """As `Log.add_checkpoint`."""
        self._opened().add_checkpoint(size, note)

    def checkpoints(self, after: int, limit: int) -> list[bytes]:
        """As `Log.checkpoints`."""
        return self._opened().checkpoints(after, limit)

    def last_checkpoint(self) -> bytes | None:
        """As `Log.last_checkpoint`."""
        return self._opened().last_checkpoint()

    def issued(self) -> dict[str, set[str]]:
        """As `Log.issued`."""
        return self._opened().issued()

    def check_writable(self) -> None:
        """As `Log.check_writable`."""
        self._opened().check_writable()

    def close(self) -> None:
        """Write what is waiting and let go; nothing to do when it was never opened."""
        if self._log is not None:
            self._log.close()

    def _opened(self) -> Log:
        log = self._log
        if log is not None:
            return log
        with self._opening:
            log = self._log  # another thread may have been faster
            if log is not None:
                return log
            if self._refused and time.monotonic() - self._refused[0] < _AGAIN_S:
                raise LogUnavailable(str(self._refused[1]))
            try:
                self._log = log = self._open_it()
            except LogUnavailable as refused:
                self._refused = (time.monotonic(), refused)
                raise
            return log
