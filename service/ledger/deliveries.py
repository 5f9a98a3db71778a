"""Deliveries: how far each subscriber was told of the log goes in; where to go on, and what was given up,
comes out.

The log is its own outbox: an entry and the news of it are one transaction, and telling means to read on from
a cursor. What is kept here is no more than the cursors, so it may be lost at the price of telling again.
Knows nothing of HTTP or of what is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol

import apsw

from service.errors import LogUnavailable
from service.ledger.embedded.place import Turn

_BUSY_MS: Final = 2000
_CREATE: Final = """
CREATE TABLE IF NOT EXISTS cursor (
    subscriber TEXT PRIMARY KEY,
    next INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due_us INTEGER NOT NULL DEFAULT 0,
    why TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead (
    subscriber TEXT NOT NULL,
    seq INTEGER NOT NULL,
    given_up_us INTEGER NOT NULL,
    why TEXT NOT NULL,
    again INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (subscriber, seq)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one subscriber has come."""

    next: int  #: the index of the first entry that it was not told of
    tries: int = 0  #: how often telling of that entry has failed
    due_us: int = 0  #: not to be tried before this time, in microseconds from 1970
    why: str = ""  #: what went wrong last


@dataclass(frozen=True, slots=True)
class Dead:
    """An entry that a subscriber was not told of, and will not be until somebody asks."""

    index: int
    given_up_us: int
    why: str
    again: bool  #: somebody has asked that it be tried once more


class Deliveries(Protocol):
    """What is remembered of deliveries; usable from many threads. Everything raises `LogUnavailable`.

    Of all processes that tell of one log, one has the turn to tell a subscriber. What says how telling went
    is called in the turn alone.
    """

    def take(self, subscriber: str) -> bool:
        """Whether this process has the turn to tell a subscriber: it had it, or gets it now."""

    def check_turn(self, subscriber: str) -> None:
        """See that the turn was not lost since it was taken."""

    def leave(self, subscriber: str) -> None:
        """Leave the turn to others."""

    def cursor(self, subscriber: str, begin: int) -> Cursor:
        """How far a subscriber has come; a new one begins at `begin`."""

    def advance(self, subscriber: str, next_: int) -> None:
        """It was told of everything before this index."""

    def postpone(self, subscriber: str, cursor: Cursor) -> None:
        """Telling failed; this is where it stands now."""

    def give_up(self, subscriber: str, index: int, now_us: int, why: str) -> None:
        """It will not be told of this entry; the cursor moves on."""

    def dead(self, subscriber: str, *, again: bool = False) -> list[Dead]:
        """What was given up, oldest first; or only what shall be tried once more."""

    def revive(self, subscriber: str, index: int | None) -> int:
        """Have an entry that was given up tried once more, or (None) all of them; how many those are."""

    def settle(self, subscriber: str, index: int, why: str | None, now_us: int) -> None:
        """A revived entry was told (`why` is None), or has failed again."""

    def close(self) -> None:
        """Let go of everything."""


class EmbeddedDeliveries:
    """Deliveries in a file of their own, beside the embedded log."""

    def __init__(self, database: Path) -> None:
        self._lock = Lock()
        self._database = database
        self._turns: dict[str, Turn] = {}
        with self._telling():
            self._connection = apsw.Connection(str(database))
            self._connection.set_busy_timeout(_BUSY_MS)
            self._connection.pragma("journal_mode", "wal")
            self._connection.pragma("synchronous", "full")
            self._connection.execute(_CREATE)

    def take(self, subscriber: str) -> bool:
        """As `Deliveries.take`; the turn is a locked file, for all services on this machine."""
        with self._telling():
            if subscriber not in self._turns:
                file = self._database.with_name(f"{self._database.name}.{subscriber}.turn")
                self._turns[subscriber] = Turn(file)
            return self._turns[subscriber].take_within(0)

    def check_turn(self, subscriber: str) -> None:
        """As `Deliveries.check_turn`: who holds a locked file does not lose it."""

    def leave(self, subscriber: str) -> None:
        """As `Deliveries.leave`."""
        with self._lock:
            if turn := self._turns.pop(subscriber, None):
                turn.close()

    def cursor(self, subscriber: str, begin: int) -> Cursor:
        """As `Deliveries.cursor`."""
        with self._telling():
            self._connection.execute(
                "INSERT OR IGNORE INTO cursor (subscriber, next) VALUES (?, ?)", (subscriber, begin)
            )
            row = self._connection.execute(
                "SELECT next, tries, due_us, why FROM cursor WHERE subscriber = ?", (subscriber,)
            ).get
        return Cursor(*row)

    def advance(self, subscriber: str, next_: int) -> None:
        """As `Deliveries.advance`."""
        self.postpone(subscriber, Cursor(next_))

    def postpone(self, subscriber: str, cursor: Cursor) -> None:
        """As `Deliveries.postpone`."""
        with self._telling():
            self._connection.execute(
                "UPDATE cursor SET next = ?, tries = ?, due_us = ?, why = ? WHERE subscriber = ?",
                (cursor.next, cursor.tries, cursor.due_us, cursor.why, subscriber),
            )

    def give_up(self, subscriber: str, index: int, now_us: int, why: str) -> None:
        """As `Deliveries.give_up`."""
        with self._telling(), self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO dead VALUES (?, ?, ?, ?, 0)", (subscriber, index, now_us, why)
            )
            self._connection.execute(
                "UPDATE cursor SET next = ?, tries = 0, due_us = 0, why = '' WHERE subscriber = ?",
                (index + 1, subscriber),
            )

    def dead(self, subscriber: str, *, again: bool = False) -> list[Dead]:
        """As `Deliveries.dead`."""
        with self._telling():
            rows: list[tuple[Any, ...]] = self._connection.execute(
                "SELECT seq, given_up_us, why, again FROM dead"
                " WHERE subscriber = ? AND again >= ? ORDER BY seq",
                (subscriber, int(again)),
            ).fetchall()
        return [Dead(seq, given_up_us, why, bool(asked)) for seq, given_up_us, why, asked in rows]

    def revive(self, subscriber: str, index: int | None) -> int:
        """As `Deliveries.revive`."""
        with self._telling():
            self._connection.execute(
                "UPDATE dead SET again = 1 WHERE subscriber = ? AND seq = ifnull(?, seq)", (subscriber, index)
            )
            return self._connection.changes()

    def settle(self, subscriber: str, index: int, why: str | None, now_us: int) -> None:
        """As `Deliveries.settle`."""
        with self._telling():
            if why is None:
                self._connection.execute(
                    "DELETE FROM dead WHERE subscriber = ? AND seq = ?", (subscriber, index)
                )
            else:
                self._connection.execute(
                    "UPDATE dead SET again = 0, given_up_us = ?, why = ? WHERE subscriber = ? AND seq = ?",
                    (now_us, why, subscriber, index),
                )

    def close(self) -> None:
        """As `Deliveries.close`."""
        for subscriber in [*self._turns]:
            self.leave(subscriber)
        with self._telling():
            self._connection.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """One thread at a time; what the database refuses is said plainly."""
        with self._lock:
            try:
                yield
            except (apsw.Error, OSError) as error:
                raise LogUnavailable(f"deliveries cannot be kept in `{self._database}` ({error})") from error
