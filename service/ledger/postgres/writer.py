"""Writing to PostgreSQL: the sealed records of some callers go in; where they stand comes out once they are
committed.

One function in the database does it all, in one statement and one transaction (`schema/0001-log.sql`). So
nobody holds the lock while something travels, and a connection that is lost leaves only one doubt: whether
the statement was committed. Then the same is sent again on another connection: what was committed is found by
its ids, and a statement that arrives late finds them too and writes nothing.
Knows nothing of threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

import psycopg
from psycopg.errors import Diagnostic, LockNotAvailable

from service.errors import LogUnavailable
from service.ledger.address import Address
from service.ledger.frontier import Frontier, frontier_of
from service.ledger.postgres.connections import Connection, connect, is_lost, pause, unavailable
from service.ledger.rows import Answer, Held, Stale, Written
from service.ledger.sealing import Sealed

_APPEND: Final = """
SELECT answer, seq, committed_us, NULL::bytea FROM ladders.ladders_append(
    %b::int[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bigint[], %b::text[], %b::bytea[], %b::bigint[],
    %b::int[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea, %b::bigint[])
UNION ALL SELECT 'before', size, NULL, frontier FROM ladders.head
"""  # the head is that before the statement: unless somebody else wrote just then, that before the records
_BEFORE: Final = "before"
_REMOVE: Final = "SELECT ladders.ladders_remove(%b::bigint[])"
_ONE_CHECKPOINT: Final = "SELECT pg_advisory_xact_lock(5499823423)"
_CHECKPOINT: Final = """
SELECT ladders.ladders_checkpoint(new.size, new.note) FROM (SELECT %b::bigint AS size, %b::bytea AS note) new
WHERE NOT EXISTS (
    SELECT FROM ladders.checkpoint c WHERE c.size = new.size AND length(c.note) >= length(new.note)
)
"""


Done = TypeVar("Done")


class PostgresWriter:
    """The `Writer` of a log in PostgreSQL; it connects when it must, and again when that is lost."""

    def __init__(self, address: Address, *, limit_s: float) -> None:
        self._address = address
        self._limit_s = limit_s
        self._connection: Connection | None = None
        self._warned: str | None = None
        self.frontier: Frontier | None = None

    def begin(self) -> None:
        """Nothing: the database gives turns."""

    def end(self) -> None:
        """Nothing: the turn ended with the statement."""

    def tidy(self) -> None:
        """Nothing: the database tidies up by itself."""

    def why_closed(self) -> str | None:
        """Nothing closes this log for good: it heals when the database does."""
        return None

    def write(self, calls: Sequence[Sequence[Sealed]]) -> Sequence[Answer]:
        """As `Writer.write`.

        Raises:
            LogUnavailable: It was not done in time, or refused. After a lost connection the records may be in
                the log nevertheless; whoever sends them again under the same ids learns their place.
        """
        answers: list[Answer] = []
        for together in _apart(calls):
            given, self.frontier = self._run(partial(appended, calls=together))
            answers += given
        return answers

    def remove(self, indexes: Sequence[int]) -> bool:
        """As `Writer.remove`, as far as a client of a database can tell."""
        if indexes:
            self._run(lambda connection: connection.execute(_REMOVE, (list(indexes),)))
        return True

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """As `Writer.add_checkpoint`."""

        def add(connection: Connection) -> None:
            with connection.transaction():  # replicas publish at the same time
                connection.execute(_ONE_CHECKPOINT)
                connection.execute(_CHECKPOINT, (size, note))

        self._run(add)

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _run(self, action: Callable[[Connection], Done]) -> Done:
        """Do something with a connection, again until it was committed or time is up."""
        give_up_at = time.monotonic() + self._limit_s
        while True:
            try:
                self._warned = None
                done = action(self._connected(give_up_at))
            except psycopg.Error as error:
                lost = is_lost(error)
                if lost:
                    self.close()
                if not (lost or isinstance(error, LockNotAvailable)) or not pause(give_up_at):
                    raise unavailable("the verdict log could not be written", error) from error
                continue
            if self._warned:  # committed there, but not on the standbys that the operator asked for
                raise LogUnavailable(
                    f"the verdict log could not be written for sure ({self._warned}); try again"
                )
            return done

    def _connected(self, give_up_at: float) -> Connection:
        if self._connection is None:
            self._connection = connect(self._address, limit_s=self._limit_s)
            self._connection.add_notice_handler(self._hear)
        self._connection.limit_s = max(give_up_at - time.monotonic(), 0.1)
        return self._connection

    def _hear(self, notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            self._warned = notice.message_primary


def append(connection: Connection, calls: Sequence[Sequence[Sealed]]) -> list[Answer]:
    """Write the records of some callers in one statement: no id and no asked key twice, an erasure alone."""
    return appended(connection, calls)[0]


def appended(
    connection: Connection, calls: Sequence[Sequence[Sealed]]
) -> tuple[list[Answer], Frontier | None]:
    """The same, with the frontier of the log behind them where it can be told without asking for it."""
    found = connection.execute(_APPEND, _arguments(calls), binary=True).fetchall()
    ((_, size, _, frontier),) = [row for row in found if row[0] == _BEFORE]
    rows = (row for row in found if row[0] != _BEFORE)
    answers = [_answer([next(rows)[:3] for _ in call]) for call in calls]
    written = [
        (each.first, call) for each, call in zip(answers, calls, strict=True) if isinstance(each, Written)
    ]
    if not written or min(first for first, _ in written) != size:
        return answers, None
    leaf_hashes = [sealed.leaf_hash for _, call in sorted(written, key=_first) for sealed in call]
    return answers, frontier_of(size, frontier).extended(leaf_hashes)[0]


def _first(written: tuple[int, Sequence[Sealed]]) -> int:
    return written[0]


def _apart(calls: Sequence[Sequence[Sealed]]) -> Iterator[Sequence[Sequence[Sealed]]]:
    """The calls in order, in groups that one statement can write."""
    first = 0
    seen: set[str | bytes] = set()
    for number, call in enumerate(calls):
        names: set[str | bytes] = {sealed.record.id for sealed in call}
        names.update(key for sealed in call for key, _ in sealed.asked)
        if first < number and (seen & names or _erases(call) or _erases(calls[first])):
            yield calls[first:number]
            first, seen = number, set()
        seen |= names
    if calls:
        yield calls[first:]


def _erases(call: Sequence[Sealed]) -> bool:
    return any(sealed.removes for sealed in call)


def _arguments(calls: Sequence[Sequence[Sealed]]) -> tuple[Any, ...]:
    """What `ladders_append` is given."""
    records = [sealed for call in calls for sealed in call]
    asked = [(nth, key, body) for nth, sealed in enumerate(records, 1) for key, body in sealed.asked]
    removal = next((sealed.removes for sealed in records if sealed.removes), None)
    return (
        [number for number, call in enumerate(calls) for _ in call],
        [sealed.leaf for sealed in records],
        [sealed.subj for sealed in records],
        [sealed.caller for sealed in records],
        [sealed.kid for sealed in records],
        [sealed.form for sealed in records],
        [sealed.body if sealed.form else None for sealed in records],
        [sealed.erasures for sealed in records],
        [nth for nth, _, _ in asked],
        [key for _, key, _ in asked],
        [body for _, _, body in asked],
        [sealed.record.content for sealed in records if sealed.record.content is not None],
        removal and removal.subj,
        removal and list(removal.indexes),
    )


def _answer(rows: Sequence[tuple[Any, ...]]) -> Answer:
    """What the rows of one call say."""
    match rows:
        case [("written", int(first), int(committed_us)), *_]:
            return Written(first, committed_us)
        case [("held", _, _), *_]:
            return Held(tuple(seq for _, seq, _ in rows))
        case _:
            return Stale()
