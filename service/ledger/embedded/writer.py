"""The writer of the embedded log: groups of sealed records go in; one durable transaction for each comes out.

The turn is taken before the transaction, so that processes never race for SQLite's own lock. After a failure
of the disk nobody writes on: what it now holds is uncertain, so writing on could lose what was promised.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import apsw

from service.errors import LogUnavailable
from service.ledger.embedded import entries
from service.ledger.embedded.database import BUSY_MS, is_broken, is_full
from service.ledger.embedded.place import Place, Turn
from service.ledger.frontier import Frontier
from service.ledger.record import microseconds
from service.ledger.rows import Answer, Head, Held, Stale, Written
from service.ledger.sealing import Sealed

_KEEP_CHECKPOINT: Final = """
INSERT INTO checkpoint (size, note) VALUES (?, ?)
ON CONFLICT DO UPDATE SET note = excluded.note WHERE length(excluded.note) > length(note)
"""
_NO_ROOM: Final = "no room is left for the verdict log; make room on its disk"
_ROOM: Final = 2**20  #: bytes that must be free for the log to count as writable
_BACKWARDS_US: Final = 5_000_000  #: how far the clock may lie behind the last entry
_FRAMES: Final = 1000  #: pages that this process wrote to the write-ahead log before it moves them on


class EmbeddedWriter:
    """Writes through one connection, which it owns as it does the turn."""

    def __init__(
        self, place: Place, connection: apsw.Connection, turn: Turn, clock: Callable[[], datetime]
    ) -> None:
        self._place = place
        self._connection = connection
        self._turn = turn
        self._clock = clock
        self.frontier: Frontier | None = None
        self._failed: str | None = None  #: why nothing is written any more
        self._erased = False  #: whether the write-ahead log holds what was erased
        connection.wal_autocheckpoint(0)  # `tidy` does that, and notices errors

    def begin(self) -> None:
        """As `Writer.begin`; other processes may hold the turn."""
        self._turn.take()
        if closed := self._failed or self._place.why_closed():
            raise LogUnavailable(closed)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise LogUnavailable(self._why(error)) from error

    def write(self, calls: Sequence[Sequence[Sealed]]) -> Sequence[Answer]:
        """As `Writer.write`."""
        try:
            head = entries.read_head(self._connection)
            now_us = self._time_after(head)
            answers, rows = self._placed(calls, head, now_us)
            if rows:
                self.frontier = entries.append(self._connection, head, rows, now_us)
            elif not all(calls):
                self._probe(now_us)
            else:  # every record was there before, or nobody waits any more
                self._connection.execute("ROLLBACK")
                return answers
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            raise LogUnavailable(self._why(error)) from error
        self._erased |= _erases(rows)
        return answers

    def remove(self, indexes: Sequence[int]) -> bool:
        """As `Writer.remove`."""
        try:
            entries.remove(self._connection, indexes)
            self._connection.execute("COMMIT")
            self._erased = True
            return self._emptied(BUSY_MS)
        except apsw.Error as error:
            raise LogUnavailable(self._why(error)) from error

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """As `Writer.add_checkpoint`."""
        try:
            self._connection.execute(_KEEP_CHECKPOINT, (size, note))
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            raise LogUnavailable(self._why(error)) from error

    def end(self) -> None:
        """As `Writer.end`."""
        try:
            with suppress(apsw.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        finally:
            self._turn.give_back()

    def tidy(self) -> None:
        """Move what is committed into the database itself now and then, after an erasure at once.

        It takes the turn: only while nobody writes can all of it be moved, and its room be used again.
        """
        written, _ = self._connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)
        if written < _FRAMES and not self._erased:
            return
        self._turn.take()
        try:
            if self.why_closed():
                return
            if self._erased:
                self._emptied(0)
            else:
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE, True)
        except apsw.Error as error:
            self._why(error)
        finally:
            self._turn.give_back()

    def why_closed(self) -> str | None:
        """As `Writer.why_closed`."""
        return self._failed or self._place.why_closed()

    def close(self) -> None:
        """Leave one whole file behind, if nobody else is writing."""
        try:
            if not self.why_closed() and self._turn.take_within(0):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            pass
        except apsw.Error as error:
            self._why(error)
        finally:
            self._connection.close()
            self._turn.close()

    def _time_after(self, head: Head) -> int:
        """The time of the next entries: never before that of the last one."""
        now_us = microseconds(self._clock())
        if now_us < head.last_us - _BACKWARDS_US:
            raise LogUnavailable(
                "the clock of this machine lies behind the last entry of the verdict log; set it right"
            )
        return max(now_us, head.last_us)

    def _placed(
        self, calls: Sequence[Sequence[Sealed]], head: Head, now_us: int
    ) -> tuple[list[Answer], list[Sealed]]:
        """An answer for each caller, and all records that are to be written."""
        held = entries.held(self._connection, (sealed for call in calls for sealed in call))
        answers: list[Answer] = [Stale()] * len(calls)
        rows: list[Sealed] = []
        # what erases goes first and alone: it must know of every entry of its person
        for number in sorted(range(len(calls)), key=lambda number: not _erases(calls[number])):
            call = calls[number]
            there = tuple(_holder(sealed, held) for sealed in call)
            if any(index is not None for index in there):
                answers[number] = Held(there)
            elif _erases(rows) or any(self._is_stale(sealed, head) for sealed in call):
                continue
            else:
                first = head.size + len(rows)
                answers[number] = Written(first, now_us)
                rows.extend(call)
                for index, sealed in enumerate(call, start=first):
                    held[sealed.record.id] = index
                    held.update((key, index) for key, _ in sealed.asked)
        return answers, rows

    def _is_stale(self, sealed: Sealed, head: Head) -> bool:
        if sealed.erasures != head.erasures:
            return True
        return sealed.removes is not None and not entries.is_whole(self._connection, sealed.removes)

    def _probe(self, now_us: int) -> None:
        """Write something that is no part of the log, to see whether writing works.

        That takes one page and a verdict several, so there must be room for some.
        """
        free = os.statvfs(self._place.database.parent)
        if free.f_bavail * free.f_frsize < _ROOM:
            raise LogUnavailable(_NO_ROOM)
        self._connection.execute("UPDATE meta SET value = ? WHERE name = 'probed'", (str(now_us),))

    def _why(self, error: apsw.Error) -> str:
        """What to tell the callers of a group that failed."""
        if is_full(self._connection, error):
            return _NO_ROOM
        if isinstance(error, apsw.BusyError):
            return "another program is writing to the database of the verdict log; stop it"
        if is_broken(error):
            self._failed = f"the disk of the verdict log failed ({error}); check it before writing again"
            self._place.put_up_stop_sign(self._failed)
            return self._failed
        return f"the verdict log could not be written ({error})"

    def _emptied(self, wait_ms: int) -> bool:
        """Leave nothing of what was erased behind; readers that look at an older state hold it up."""
        self._connection.set_busy_timeout(wait_ms)
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            return False
        finally:
            self._connection.set_busy_timeout(BUSY_MS)
        self._erased = False
        return True


def _holder(sealed: Sealed, held: dict[str | bytes, int]) -> int | None:
    """The entry that has the id of a record, or else one of the keys under which it was asked."""
    names: tuple[str | bytes, ...] = (sealed.record.id, *(key for key, _ in sealed.asked))
    return next((held[name] for name in names if name in held), None)


def _erases(sealed: Sequence[Sealed]) -> bool:
    return any(each.removes is not None for each in sealed)
