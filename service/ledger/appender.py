"""The appender: sealed records go in from many threads; receipts come out once they are on the disk.

One thread per process writes for all callers, in groups: it takes the turn, then the records that have
gathered by then, commits them in one transaction, and wakes the callers. Taking the turn first makes groups
grow while another process writes. Whoever gives up waiting takes the records back, unless their transaction
is already running: its end, which is near, decides.
Knows nothing of opening, reading or forking.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Condition, Lock, Thread
from typing import Final

import apsw

from service.errors import LaddersError, LogUnavailable, RecordConflict
from service.ledger import tables
from service.ledger.place import Place, Turn
from service.ledger.record import KEY_BYTES, Receipt, Sealed, digest_text, microseconds, moment, seal
from service.ledger.tables import Head, Held, Row

_GROUP_RECORDS: Final = 256
_GROUP_BYTES: Final = 2**20
_BACKWARDS_US: Final = 5_000_000  #: how far the clock may lie behind the last entry
_FRAMES: Final = 1000  #: pages in the write-ahead log from which they are moved into the database
_CLOSE_S: Final = 10.0
_STOPPED: Final = "the verdict log has stopped; restart Ladders"


def _taken() -> Lock:
    latch = Lock()
    latch.acquire()
    return latch


@dataclass(slots=True, eq=False)
class _Call:
    """One caller, who waits for all of these records or none; without any, for proof that writing works."""

    sealed: Sequence[Sealed]
    settled: Lock = field(default_factory=_taken)  #: released once one of the next two is there
    receipts: Sequence[Receipt] = ()
    refused: LaddersError | None = None


class Appender:
    """Writes for one process. It owns the connection and the turn that it is given, and closes them."""

    def __init__(
        self,
        place: Place,
        connection: apsw.Connection,
        turn: Turn,
        *,
        log: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._place = place
        self._connection = connection
        self._turn = turn
        self._log = log
        self._clock = clock
        self._waiting: deque[_Call] = deque()
        self._changed = Condition()  #: guards `_waiting` and `_closed`
        self._closed: str | None = None  #: why nothing is taken any more
        self._failed: str | None = None  #: why nothing is written any more
        self._frames = 0
        self._worked_at: float | None = None  #: monotonic, when a commit last succeeded
        connection.set_wal_hook(
            self._count_frames
        )  # in place of automatic checkpoints, whose errors would be lost
        self._thread = Thread(target=self._work, name="verdict-log", daemon=True)
        self._thread.start()

    def submit(self, sealed: Sequence[Sealed], limit_s: float) -> Sequence[Receipt]:
        """Have these records written, all or none.

        Raises:
            LogUnavailable: They are not in the log and will not get there.
            RecordConflict: The log holds other content under one of the ids.
        """
        call = _Call(sealed)
        with self._changed:
            if self._closed:
                raise LogUnavailable(self._closed)
            self._waiting.append(call)
            self._changed.notify()
        if not call.settled.acquire(timeout=limit_s):
            with self._changed:
                if call in self._waiting:
                    self._waiting.remove(call)
                    raise LogUnavailable(
                        f"the verdict log could not be written within {limit_s:g} s; try again"
                    )
            call.settled.acquire()
        if call.refused:
            raise call.refused
        return call.receipts

    def worked_within(self, seconds: float) -> bool:
        """Whether something was committed so recently."""
        return self._worked_at is not None and time.monotonic() - self._worked_at < seconds

    def close(self) -> None:
        """Write what is waiting, then stop. Whoever comes later is refused."""
        with self._changed:
            self._closed = self._closed or "the verdict log is closed"
            self._changed.notify()
        self._thread.join(_CLOSE_S)

    def _work(self) -> None:
        try:
            while self._someone_waits():
                self._turn.take()
                try:
                    self._write_group()
                finally:
                    self._turn.give_back()
            self._empty_write_ahead_log()
        finally:  # whatever ended this thread: nobody may wait for it
            with self._changed:
                self._closed = self._closed or _STOPPED
                left = list(self._waiting)
                self._waiting.clear()
            self._refuse(left, self._closed)
            self._connection.close()
            self._turn.close()

    def _someone_waits(self) -> bool:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            return bool(self._waiting)

    def _drain(self) -> list[_Call]:
        """The next callers, up to the size of a group; from here on they cannot give up."""
        group: list[_Call] = []
        records = size = 0
        with self._changed:
            while self._waiting and records < _GROUP_RECORDS and size < _GROUP_BYTES:
                call = self._waiting.popleft()
                group.append(call)
                records += len(call.sealed)
                size += sum(len(sealed.leaf) + len(sealed.body) for sealed in call.sealed)
        return group

    def _write_group(self) -> None:
        """Write one group and answer its callers."""
        group: list[_Call] = []
        try:
            if closed := self._failed or self._place.why_closed():
                raise LogUnavailable(closed)
            self._connection.execute("BEGIN IMMEDIATE")
            head = tables.read_head(self._connection)
            now_us = self._time_after(head)
            group = self._drain()
            self._commit(group, head, now_us)
        except BaseException as error:
            reason = self._why(error)
            self._undo()
            self._refuse(group or self._drain(), reason)
            if not isinstance(error, LogUnavailable | apsw.Error):
                raise
        else:
            for call in group:
                call.settled.release()
            self._checkpoint_if_due()

    def _time_after(self, head: Head) -> int:
        """The time of the next entries: never before that of the last one."""
        now_us = microseconds(self._clock())
        if now_us < head.last_us - _BACKWARDS_US:
            raise LogUnavailable(
                "the clock of this machine lies behind the last entry of the verdict log; set it right"
            )
        return max(now_us, head.last_us)

    def _commit(self, group: Sequence[_Call], head: Head, now_us: int) -> None:
        """Find a place for every new record of the group and make them durable together."""
        ids = [sealed.record.id for call in group for sealed in call.sealed]
        held = tables.held(self._connection, ids)
        rows: list[Row] = []
        for call in group:
            try:
                placed = self._placed(call, held, head.size + len(rows), now_us)
            except RecordConflict as conflict:
                call.refused = conflict
            else:
                rows.extend(placed)
        if rows:
            tables.insert(self._connection, rows)
            tables.write_head(self._connection, Head(head.size + len(rows), now_us))
        elif any(not call.sealed for call in group):
            tables.write_probe(self._connection, now_us)
        else:  # every record was there before, or nobody waits any more
            self._connection.execute("ROLLBACK")
            return
        self._connection.execute("COMMIT")
        self._worked_at = time.monotonic()

    def _placed(self, call: _Call, held: dict[str, Held], size: int, now_us: int) -> list[Row]:
        """The rows that one caller adds to a log of this size; noted in `held`, the receipts in `call`."""
        rows: list[Row] = []
        found: dict[str, Held] = {}
        for sealed in call.sealed:
            record = sealed.record
            there = held.get(record.id) or found.get(record.id)
            if there is None:
                row = Row(size + len(rows), now_us, sealed)
                rows.append(row)
                receipt = Receipt(row.index, digest_text(sealed.leaf_hash), moment(now_us))
                there = Held(receipt, sealed.leaf, sealed.body[:KEY_BYTES])
            elif not self._is_same(sealed, there):
                raise RecordConflict(f"the verdict log already holds something else under `{record.id}`")
            found[record.id] = there
        held.update(found)
        call.receipts = [found[sealed.record.id].receipt for sealed in call.sealed]
        return rows

    def _is_same(self, sealed: Sealed, there: Held) -> bool:
        """Whether a record is the one that is there: with the key of that one it must give the same leaf."""
        if there.record_key is None:
            return False
        return seal(sealed.record, log=self._log, record_key=there.record_key).leaf == there.leaf

    def _undo(self) -> None:
        with suppress(apsw.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _refuse(self, calls: Sequence[_Call], reason: str) -> None:
        for call in calls:
            call.refused = LogUnavailable(reason)
            call.settled.release()

    def _why(self, error: BaseException) -> str:
        """What to tell the callers of a group that failed; after a failure of the disk nobody writes on."""
        if isinstance(error, LogUnavailable):
            return str(error)
        if not isinstance(error, apsw.Error):
            return _STOPPED
        if tables.is_full(self._connection, error):
            return "no room is left for the verdict log; make room on its disk"
        if isinstance(error, apsw.BusyError):
            return "another program is writing to the database of the verdict log; stop it"
        if tables.is_broken(
            error
        ):  # what the disk now holds is uncertain, so writing on could lose what was promised
            self._failed = f"the disk of the verdict log failed ({error}); check it before writing again"
            self._place.put_up_stop_sign(self._failed)
            return self._failed
        return f"the verdict log could not be written ({error})"

    def _count_frames(self, _connection: apsw.Connection, _database: str, frames: int) -> int:
        self._frames = frames
        return apsw.SQLITE_OK

    def _checkpoint_if_due(self) -> None:
        """Move what is committed into the database itself now and then; the callers have been answered."""
        if self._frames < _FRAMES:
            return
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as error:
            self._why(error)

    def _empty_write_ahead_log(self) -> None:
        """Leave one whole file behind, if nobody else is writing."""
        if self._failed or self._place.why_closed() or not self._turn.take_within(0):
            return
        try:
            with suppress(apsw.BusyError):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.Error as error:
            self._why(error)
        finally:
            self._turn.give_back()
