"""The keys of people in PostgreSQL: numbers go in; keys come out, until they are destroyed.

They lie in a schema of their own, wrapped by a key of the folder of keys, which every service on the log
needs. What was deleted in a database stays on its disk for a while; wrapping all keys anew makes that
useless.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Final

from service.ledger.keys import KEY_BYTES, KeyFolder
from service.ledger.postgres.connections import Connection, Connections
from service.ledger.subject_keys import PASSED_OVER
from service.ledger.wrapping import Wrapping

_FIRST_MADE: Final = 16
_MOST_MADE: Final = 256
_AT_ONCE: Final = 4096
_REMEMBERED: Final = 8192  #: open keys
_FAILED: Final = "the keys of people could not be read or written"
_LOCK: Final = 5499823423
_EPOCH: Final = "SELECT epoch FROM ladders_keys.epoch"
_NUMBERS: Final = "SELECT nextval('ladders_keys.kid') FROM generate_series(1, %s)"
_TAKE: Final = "SELECT max(nextval('ladders_keys.kid')) FROM generate_series(1, %s)"
_NEWEST: Final = """
SELECT coalesce(max(kid), 0) FROM (SELECT kid FROM ladders.priv ORDER BY seq DESC LIMIT 1000) newest
"""
_INSERT: Final = """
INSERT INTO ladders_keys.subject_key SELECT kid, wrapped
FROM unnest(%b::bigint[], %b::bytea[]) AS given (kid, wrapped)
"""
_OPEN: Final = "SELECT wrapped FROM ladders_keys.subject_key WHERE kid = %s"
_DESTROY: Final = "DELETE FROM ladders_keys.subject_key WHERE kid = ANY (%s)"
_PAGE: Final = "SELECT kid, wrapped FROM ladders_keys.subject_key WHERE kid > %s ORDER BY kid LIMIT %s"
_REWRAP: Final = """
UPDATE ladders_keys.subject_key s SET wrapped = given.wrapped
FROM unnest(%b::bigint[], %b::bytea[]) AS given (kid, wrapped) WHERE s.kid = given.kid
"""


class PostgresSubjectKeys:
    """The `SubjectKeys` of a log in PostgreSQL; the connections are the caller's."""

    def __init__(self, keys: KeyFolder, connections: Connections) -> None:
        self._keys = keys
        self._connections = connections
        self._wrapping = Wrapping(keys)
        self._making = Lock()
        self._made: list[tuple[int, bytes]] = []
        self._next = _FIRST_MADE
        self._open: dict[int, tuple[bytes, bytes]] = {}  #: by number, how it was wrapped and the key

    def fresh(self) -> tuple[int, bytes]:
        """As `SubjectKeys.fresh`."""
        with self._making:
            if not self._made:
                self._made = self._connections.ask(self._make, _FAILED)
                self._next = min(self._next * 2, _MOST_MADE)
            return self._made.pop()

    def open(self, kid: int) -> bytes | None:
        """As `SubjectKeys.open`; asks each time, since another process may have destroyed it."""
        found = self._connections.ask(
            lambda connection: connection.execute(_OPEN, (kid,)).fetchone(), _FAILED
        )
        if found is None:
            self._open.pop(kid, None)
            return None
        wrapped = bytes(found[0])
        known = self._open.get(kid)
        if known is not None and known[0] == wrapped:
            return known[1]
        key = self._wrapping.unwrapped(kid, wrapped)
        if len(self._open) >= _REMEMBERED:
            self._open.clear()
        self._open[kid] = (wrapped, key)
        return key

    def destroy(self, kids: Iterable[int]) -> None:
        """As `SubjectKeys.destroy`."""
        gone = list(kids)
        if not gone:
            return
        for kid in gone:
            self._open.pop(kid, None)
        self._connections.ask(lambda connection: connection.execute(_DESTROY, (gone,)), _FAILED)

    def pass_over_given(self) -> None:
        """See that nobody gets a number that the log has given already: older keys may have been put back, or
        none. Two people with one number would be erased together.
        """
        self._connections.ask(_pass_over_given, _FAILED)

    def rotate(self) -> int:
        """As `SubjectKeys.rotate`: all keys are wrapped anew in one transaction, then the old one goes."""
        with self._keys.locked():
            epoch, count = self._connections.ask(self._rewrap, _FAILED)
            self._keys.forget_epochs_before(epoch)
            self._wrapping.forget()
            return count

    def close(self) -> None:
        """Nothing: the connections are the caller's."""

    def _make(self, connection: Connection) -> list[tuple[int, bytes]]:
        """Make some keys durable; they are wrapped by the key that the database says, whatever lies here."""
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (_LOCK,))
            [(epoch,)] = connection.execute(_EPOCH)
            numbers = connection.execute(_NUMBERS, (self._next,)).fetchall()
            made = [(kid, self._keys.random_bytes(KEY_BYTES)) for (kid,) in numbers]
            wrapped = [self._wrapping.wrapped(kid, key, epoch) for kid, key in made]
            connection.execute(_INSERT, ([kid for kid, _ in made], wrapped))
        return made

    def _rewrap(self, connection: Connection) -> tuple[int, int]:
        """The new epoch, and how many keys there are. One machine at a time makes a wrapping key."""
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            [(old,)] = connection.execute(_EPOCH)
            self._keys.kek(
                old
            )  # without it this folder is not up to date, and must not go on from where it is
            epoch = self._keys.new_epoch()
            count, last = 0, 0
            while page := connection.execute(_PAGE, (last, _AT_ONCE)).fetchall():
                wrapped = [
                    self._wrapping.wrapped(kid, self._wrapping.unwrapped(kid, was), epoch)
                    for kid, was in page
                ]
                connection.execute(_REWRAP, ([kid for kid, _ in page], wrapped))
                count, last = count + len(page), page[-1][0]
            connection.execute("UPDATE ladders_keys.epoch SET epoch = %s", (epoch,))
        return epoch, count


def _pass_over_given(connection: Connection) -> None:
    [(highest,)] = connection.execute(_NEWEST)
    [(number,)] = connection.execute(_NUMBERS, (1,))
    if number <= highest:  # a service may take numbers, and not say with which to go on
        connection.execute(_TAKE, (highest - number + PASSED_OVER,))
