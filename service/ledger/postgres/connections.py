"""Connections to PostgreSQL: an address goes in; connections whose every call ends in time come out.

What the database or the network says becomes `LogUnavailable` in plain words, and nothing of a row is quoted.
Knows nothing of what is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Final, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from service.errors import LogUnavailable
from service.ledger.address import Address

OLDEST: Final = 15
_CONNECT_S: Final = 3
_IDLE: Final = 8  #: connections kept for the next question
_NOT_READ: Final = "the verdict log could not be read"
_DEFAULTS: Final = {  # what the address says comes before these
    "application_name": "ladders",
    "connect_timeout": str(_CONNECT_S),
    "target_session_attrs": "read-write",  # of several hosts, the one that is the primary now
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
# the server, or the way to it, is gone; or it is no primary any more: another connection may do better
_LOST: Final = ("08", "57P01", "57P02", "57P03", "25006")

Answer = TypeVar("Answer")


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that gives up, and is closed, when an answer takes too long."""

    limit_s = 60.0  #: for each thing that is waited for

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        """Wait for an answer, but not for ever."""
        try:
            return super().wait(gen, interval, self.limit_s if timeout is None else timeout)
        except errors._WaitTimeout as late:
            self.pgconn.finish()  # nobody knows what it would answer next
            raise errors.ConnectionTimeout(f"no answer within {self.limit_s:g} s") from late


def connect(address: Address, *, limit_s: float) -> Connection:
    """A new connection; what is executed on it is committed at once.

    Args:
        address: Of the database.
        limit_s: Seconds that any answer may take.

    Raises:
        psycopg.Error: It could not be made.
        LogUnavailable: The address cannot be read, or PostgreSQL is too old.
    """
    try:
        given = {**_DEFAULTS, **conninfo_to_dict(address.url)}
    except psycopg.ProgrammingError as unread:
        raise LogUnavailable(  # the reason would quote parts of the password
            f"`{address}` is not an address of PostgreSQL; write @ and / in a password as %40 and %2F"
        ) from unread.with_traceback(None)
    connection = Connection.connect(make_conninfo("", **given), autocommit=True)
    connection.limit_s = limit_s
    if connection.info.server_version < OLDEST * 10_000:
        connection.close()
        raise LogUnavailable(f"the verdict log needs PostgreSQL {OLDEST} or newer")
    connection.execute(f"SET statement_timeout = {int(limit_s * 1000)}")
    return connection


def is_lost(error: psycopg.Error) -> bool:
    """Whether a connection is of no more use, and another one may be."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(_LOST)


def unavailable(doing: str, error: psycopg.Error) -> LogUnavailable:
    """What to tell people of an error: `doing` says what could not be done."""
    if error.sqlstate == "53100":
        return LogUnavailable("no room is left for the verdict log; make room on the disk of its database")
    if error.sqlstate == "55P03":
        return LogUnavailable("the verdict log is held by another program; try again")
    said = error.diag.message_primary or str(error).partition("\n")[0]
    if error.sqlstate == "42501":
        return LogUnavailable(f"{doing} ({said}); use a user of the database who may do that")
    if error.sqlstate in ("3F000", "42P01", "42883"):
        return LogUnavailable(f"{doing} ({said}); run `ladders log init` first")
    return LogUnavailable(f"{doing} ({said})")


class Connections:
    """Connections for questions, shared by the threads of one process."""

    def __init__(self, address: Address, *, limit_s: float) -> None:
        self._address = address
        self._limit_s = limit_s
        self._idle: list[Connection] = []
        self._guard = Lock()
        self._closed = False

    def ask(self, question: Callable[[Connection], Answer], failed: str = _NOT_READ) -> Answer:
        """The answer to a question, which may be asked a second time on another connection.

        Args:
            question: Asks on a connection.
            failed: What to say when there is no answer.

        Raises:
            LogUnavailable: There was none.
        """
        for attempt in (1, 2):
            with self.borrowed() as (connection, used):
                try:
                    return question(connection)
                except psycopg.Error as error:
                    # a connection that lay idle may have died meanwhile: that says nothing about the database
                    if not (attempt == 1 and used and is_lost(error)):
                        raise unavailable(failed, error) from error
            self._let_go()
        raise AssertionError("unreachable")

    @contextmanager
    def borrowed(self) -> Iterator[tuple[Connection, bool]]:
        """A connection for a while, and whether it was used before."""
        with self._guard:
            if self._closed:
                raise LogUnavailable("the verdict log is closed")
            there = self._idle.pop() if self._idle else None
        try:
            connection = there or connect(self._address, limit_s=self._limit_s)
        except psycopg.Error as error:
            raise unavailable("the verdict log could not be reached", error) from error
        try:
            yield connection, there is not None
        finally:
            self._take_back(connection)

    def close(self) -> None:
        """Let go of all of them."""
        self._closed = True
        self._let_go()

    def _take_back(self, connection: Connection) -> None:
        unfit = connection.closed or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
        with self._guard:
            if not unfit and not self._closed and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        with suppress(psycopg.Error):
            connection.close()

    def _let_go(self) -> None:
        with self._guard:
            left, self._idle = self._idle, []
        for connection in left:
            with suppress(psycopg.Error):
                connection.close()


def pause(until: float) -> bool:
    """Wait a moment before another attempt; False when it would be too late for one."""
    if time.monotonic() + 0.05 >= until:
        return False
    time.sleep(0.05)
    return True
