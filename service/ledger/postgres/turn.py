"""A turn: a name goes in; whether this process alone may do what is named so comes out, for all services on
one database.

It is a lock of the database's, held by a connection of its own: whoever dies, or is cut off, has lost it with
the connection. Whoever stands still loses it too, for the database ends a connection on which nothing was
asked for a minute. What must be done in the turn is asked on that very connection, so that it fails when the
turn is lost, even where that was not noticed yet. A pool of connections between here and the database that
hands them on after each transaction would break this.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from threading import Lock
from typing import Final

import psycopg

from service.errors import LogUnavailable
from service.ledger.address import Address
from service.ledger.postgres.connections import Answer, Connection, connect, unavailable

STILL_S: Final = 60  #: without a question for so long, the turn is lost
_TRY: Final = "SELECT pg_try_advisory_lock(%s)"
_FAILED: Final = "the turn at the database of the verdict log could not be taken"
_LOST: Final = "the turn was lost, and with it the right to do this; another service may have it"


class Turn:
    """One turn, of which one process in all has got hold at a time."""

    def __init__(self, address: Address, name: str, *, limit_s: float) -> None:
        self._address, self._limit_s = address, limit_s
        self._key = int.from_bytes(sha256(f"ladders turn {name}".encode()).digest()[:8], signed=True)
        self._connection: Connection | None = None
        self._has = False
        self._guard = Lock()

    def take(self) -> bool:
        """Whether this process has the turn: it had it, or gets it now.

        Raises:
            LogUnavailable: The database cannot be asked.
        """
        with self._guard:
            if self._connection is not None:
                with suppress(psycopg.Error):  # it was ended meanwhile, and with it the turn
                    return self._taken(self._connection)
                self._drop()
            try:
                self._connection = connect(self._address, limit_s=self._limit_s)
                self._connection.execute(f"SET idle_session_timeout = '{STILL_S}s'")
                return self._taken(self._connection)
            except psycopg.Error as error:
                self._drop()
                raise unavailable(_FAILED, error) from error

    def ask(self, question: Callable[[Connection], Answer], failed: str) -> Answer:
        """The answer to a question that is asked in the turn.

        Args:
            question: Asks on a connection, once.
            failed: What to say when there is no answer.

        Raises:
            LogUnavailable: There was none, or the turn is not held.
        """
        with self._guard:
            if self._connection is None or not self._has:
                raise LogUnavailable(_LOST)
            try:
                return question(self._connection)
            except psycopg.Error as error:
                self._drop()
                raise unavailable(failed, error) from error

    def leave(self) -> None:
        """Leave it to others."""
        with self._guard:
            if self._connection is not None and self._has:
                with suppress(psycopg.Error):  # at once; that the connection ends is noticed a little later
                    self._connection.execute("SELECT pg_advisory_unlock(%s)", (self._key,))
            self._drop()

    def _taken(self, connection: Connection) -> bool:
        if self._has:
            connection.execute("SELECT")  # whether the connection is still there
        else:
            [(self._has,)] = connection.execute(_TRY, (self._key,))
        return self._has

    def _drop(self) -> None:
        connection, self._connection, self._has = self._connection, None, False
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()
