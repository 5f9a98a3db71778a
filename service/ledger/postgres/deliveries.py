"""Deliveries in PostgreSQL, beside the log: how far each subscriber was told of it, for all services.

Whose turn it is to tell a subscriber is a turn of the database, and what moves its cursor is asked in that
turn: a service that was held up and comes back cannot move it back.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, Final

from service.ledger.address import Address
from service.ledger.deliveries import Cursor, Dead
from service.ledger.postgres.connections import Connection, Connections
from service.ledger.postgres.turn import Turn

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
_REVIVE: Final = "UPDATE ladders.dead SET again = true WHERE subscriber = %s AND seq = coalesce(%s, seq)"
_TOLD: Final = "DELETE FROM ladders.dead WHERE subscriber = %s AND seq = %s"
_FAILED_AGAIN: Final = """
UPDATE ladders.dead SET again = false, given_up_us = %s, why = %s WHERE subscriber = %s AND seq = %s
"""


class PostgresDeliveries:
    """The `Deliveries` of a log in PostgreSQL."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connections = Connections(address, limit_s=_LIMIT_S)
        self._turns: dict[str, Turn] = {}
        self._guard = Lock()

    def take(self, subscriber: str) -> bool:
        """As `Deliveries.take`."""
        return self._turn(subscriber).take()

    def check_turn(self, subscriber: str) -> None:
        """As `Deliveries.check_turn`."""
        self._turn(subscriber).ask(lambda connection: connection.execute("SELECT"), _FAILED)

    def leave(self, subscriber: str) -> None:
        """As `Deliveries.leave`."""
        self._turn(subscriber).leave()

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
        self._in_turn(subscriber, _MOVE, cursor.next, cursor.tries, cursor.due_us, cursor.why, subscriber)

    def give_up(self, subscriber: str, index: int, now_us: int, why: str) -> None:
        """As `Deliveries.give_up`."""

        def ask(connection: Connection) -> None:
            with connection.transaction():
                connection.execute(_GIVE_UP, (subscriber, index, now_us, why))
                connection.execute(_MOVE, (index + 1, 0, 0, "", subscriber))

        self._turn(subscriber).ask(ask, _FAILED)

    def dead(self, subscriber: str, *, again: bool = False) -> list[Dead]:
        """As `Deliveries.dead`."""
        rows = self._connections.ask(
            lambda connection: connection.execute(_DEAD, (subscriber, again)).fetchall(), _FAILED
        )
        return [Dead(*row) for row in rows]

    def revive(self, subscriber: str, index: int | None) -> int:
        """As `Deliveries.revive`."""
        return self._connections.ask(
            lambda connection: connection.execute(_REVIVE, (subscriber, index)).rowcount, _FAILED
        )

    def settle(self, subscriber: str, index: int, why: str | None, now_us: int) -> None:
        """As `Deliveries.settle`."""
        if why is None:
            self._in_turn(subscriber, _TOLD, subscriber, index)
        else:
            self._in_turn(subscriber, _FAILED_AGAIN, now_us, why, subscriber, index)

    def close(self) -> None:
        """As `Deliveries.close`."""
        with self._guard:
            turns = [*self._turns.values()]
        for turn in turns:
            turn.leave()
        self._connections.close()

    def _turn(self, subscriber: str) -> Turn:
        with self._guard:
            if subscriber not in self._turns:
                self._turns[subscriber] = Turn(self._address, f"webhook {subscriber}", limit_s=_LIMIT_S)
            return self._turns[subscriber]

    def _in_turn(self, subscriber: str, statement: str, *given: Any) -> None:
        self._turn(subscriber).ask(lambda connection: connection.execute(statement.encode(), given), _FAILED)
