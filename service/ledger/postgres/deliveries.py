"""Deliveries in PostgreSQL, beside the log: how far each subscriber was told of it, for all services."""

from __future__ import annotations

from typing import Any, Final

from service.ledger.address import Address
from service.ledger.deliveries import Cursor, Dead
from service.ledger.postgres.connections import Connection, Connections

_LIMIT_S: Final = 5.0
_FAILED: Final = "deliveries could not be kept in the database of the verdict log"
_BEGIN: Final = "INSERT INTO ladders.cursor (subscriber, next) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_CURSOR: Final = "SELECT next, tries, due_us, why FROM ladders.cursor WHERE subscriber = %s"
_MOVE: Final = """
UPDATE ladders.cursor SET next = %s, tries = %s, due_us = %s, why = %s WHERE subscriber = %s
"""
_GIVE_UP: Final = """
INSERT INTO ladders.dead (subscriber, seq, given_up_us, why) VALUES (%s, %s, %s, %s)
ON CONFLICT (subscriber, seq) DO UPDATE
SET given_up_us = excluded.given_up_us, why = excluded.why, again = false
"""
_DEAD: Final = """
SELECT seq, given_up_us, why, again FROM ladders.dead
WHERE subscriber = %s AND (again OR NOT %s) ORDER BY seq
"""
_REVIVE: Final = "UPDATE ladders.dead SET again = true WHERE subscriber = %s AND seq = %s"
_TOLD: Final = "DELETE FROM ladders.dead WHERE subscriber = %s AND seq = %s"
_FAILED_AGAIN: Final = """
UPDATE ladders.dead SET again = false, given_up_us = %s, why = %s WHERE subscriber = %s AND seq = %s
"""


class PostgresDeliveries:
    """The `Deliveries` of a log in PostgreSQL."""

    def __init__(self, address: Address) -> None:
        self._connections = Connections(address, limit_s=_LIMIT_S)

    def cursor(self, subscriber: str, begin: int) -> Cursor:
        """As `Deliveries.cursor`."""

        def ask(connection: Connection) -> Cursor:
            connection.execute(_BEGIN, (subscriber, begin))
            [row] = connection.execute(_CURSOR, (subscriber,))
            return Cursor(*row)

        return self._connections.ask(ask, _FAILED)

    def advance(self, subscriber: str, next_: int) -> None:
        """As `Deliveries.advance`."""
        self.postpone(subscriber, Cursor(next_))

    def postpone(self, subscriber: str, cursor: Cursor) -> None:
        """As `Deliveries.postpone`."""
        self._do(_MOVE, cursor.next, cursor.tries, cursor.due_us, cursor.why, subscriber)

    def give_up(self, subscriber: str, index: int, now_us: int, why: str) -> None:
        """As `Deliveries.give_up`."""

        def ask(connection: Connection) -> None:
            with connection.transaction():
                connection.execute(_GIVE_UP, (subscriber, index, now_us, why))
                connection.execute(_MOVE, (index + 1, 0, 0, "", subscriber))

        self._connections.ask(ask, _FAILED)

    def dead(self, subscriber: str, *, again: bool = False) -> list[Dead]:
        """As `Deliveries.dead`."""
        rows = self._connections.ask(
            lambda connection: connection.execute(_DEAD, (subscriber, again)).fetchall(), _FAILED
        )
        return [Dead(*row) for row in rows]

    def revive(self, subscriber: str, index: int) -> bool:
        """As `Deliveries.revive`."""
        return self._do(_REVIVE, subscriber, index) > 0

    def settle(self, subscriber: str, index: int, why: str | None, now_us: int) -> None:
        """As `Deliveries.settle`."""
        if why is None:
            self._do(_TOLD, subscriber, index)
        else:
            self._do(_FAILED_AGAIN, now_us, why, subscriber, index)

    def close(self) -> None:
        """As `Deliveries.close`."""
        self._connections.close()

    def _do(self, statement: str, *given: Any) -> int:
        """Run a statement; how many rows it changed."""
        return self._connections.ask(
            lambda connection: connection.execute(statement.encode(), given).rowcount, _FAILED
        )
