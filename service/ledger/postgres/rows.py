"""Reading from PostgreSQL: ids, indexes and conditions go in; stored rows come out.

Each question has a connection for itself, so that the threads of a process do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from service.errors import LogUnavailable
from service.ledger.frontier import frontier_of
from service.ledger.postgres.connections import Connection, Connections
from service.ledger.record import digest_text
from service.ledger.rows import Found, Head, Stored, Wanted
from service.ledger.searching import Dialect, places
from service.ledger.tiles import Hashes

_PAGE: Final = 512
_STORED: Final = """
SELECT e.seq, e.id, e.kind, e.committed_us, e.about, e.leaf_hash, e.leaf, p.kid, p.form, p.body
FROM ladders.entry e LEFT JOIN ladders.priv p USING (seq)
"""
_DIALECT: Final = Dialect(
    entry="ladders.entry",
    priv="ladders.priv",
    join="JOIN",
    has_one_of="EXISTS (SELECT FROM unnest(?::bytea[]) AS rule WHERE position(rule IN e.leaf) > 0)",
    texts=lambda texts: [text.encode() for text in texts],
)


class PostgresRows:
    """Reads through connections, which it owns."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @property
    def hashes(self) -> Hashes:
        """As `Rows.hashes`."""
        return self

    # ── the tree ──

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        """As `Hashes.leaf_hashes`."""
        query = "SELECT leaf_hash FROM ladders.entry WHERE seq >= %s AND seq < %s ORDER BY seq"
        return self._column(query, start, stop)

    def tile(self, level: int, index: int) -> bytes | None:
        """As `Hashes.tile`."""
        return self._bytes("SELECT hashes FROM ladders.tile WHERE level = %s AND idx = %s", level, index)

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """As `Hashes.tile_roots`."""
        query = "SELECT root FROM ladders.tile WHERE level = %s AND idx >= %s AND idx < %s ORDER BY idx"
        return self._column(query, level, start, stop)

    def head(self) -> Head:
        """As `Rows.head`."""
        [(size, frontier, last_us, erasures)] = self._all(
            "SELECT size, frontier, last_us, erasures FROM ladders.head"
        )
        return Head(frontier_of(size, frontier), last_us, erasures)

    # ── entries ──

    def by_id(self, id_: str) -> Stored | None:
        """As `Rows.by_id`."""
        return next(iter(self._stored("WHERE e.id = %s", id_)), None)

    def between(self, start: int, stop: int, limit: int) -> list[Stored]:
        """As `Rows.between`."""
        return self._stored("WHERE e.seq >= %s AND e.seq < %s ORDER BY e.seq LIMIT %s", start, stop, limit)

    def leaves(self, start: int, stop: int) -> Iterator[tuple[bytes, bytes]]:
        """As `Rows.leaves`; read in pages, so that no transaction stays open."""
        query = "SELECT leaf, leaf_hash FROM ladders.entry WHERE seq >= %s AND seq < %s ORDER BY seq"
        for page in range(start, stop, _PAGE):
            found = self._all(query, page, min(page + _PAGE, stop))
            yield from ((leaf, leaf_hash) for leaf, leaf_hash in found)
            if len(found) < _PAGE:
                return

    def find(
        self, wanted: Wanted, subj: bytes | None, caller: bytes | None, after: int, limit: int
    ) -> Found[Stored]:
        """As `Rows.find`."""
        found, go_on = places(self._seqs, _DIALECT, wanted, subj, caller, after, limit)
        return Found(self._stored_at(found), go_on)

    def with_private(self, indexes: Sequence[int]) -> list[int]:
        """As `Rows.with_private`."""
        query = "SELECT seq FROM ladders.priv WHERE seq = ANY (%s) ORDER BY seq"
        return [seq for (seq,) in self._all(query, list(indexes))]

    def of_person(self, subj: bytes) -> list[tuple[int, int | None]]:
        """As `Rows.of_person`."""
        found = self._all("SELECT seq, kid FROM ladders.priv WHERE subj = %s ORDER BY seq DESC", subj)
        return [(seq, kid) for seq, kid in found]

    # ── what stands beside the entries ──

    def asked(self, key: bytes) -> tuple[int, bytes] | None:
        """As `Rows.asked`."""
        found = self._all("SELECT seq, body FROM ladders.asked WHERE key = %s", key)
        return (found[0][0], found[0][1]) if found else None

    def content(self, digest: bytes) -> bytes | None:
        """As `Rows.content`."""
        return self._bytes("SELECT bytes FROM ladders.content WHERE digest = %s", digest)

    def checkpoints(self, after: int, limit: int) -> list[bytes]:
        """As `Rows.checkpoints`."""
        query = "SELECT note FROM ladders.checkpoint WHERE size > %s ORDER BY size LIMIT %s"
        return self._column(query, after, limit)

    def last_checkpoint(self) -> bytes | None:
        """As `Rows.last_checkpoint`."""
        return self._bytes("SELECT note FROM ladders.checkpoint ORDER BY size DESC LIMIT 1")

    def issued(self) -> dict[str, set[str]]:
        """As `Rows.issued`."""
        found: dict[str, set[str]] = {}
        for version, digest in self._all("SELECT version, digest FROM ladders.issued"):
            found.setdefault(version, set()).add(digest_text(digest))
        return found

    def close(self) -> None:
        """As `Rows.close`."""
        self._connections.close()

    # ── how ──

    def _stored(self, where: str, *values: Any) -> list[Stored]:
        return [Stored(*row) for row in self._all(_STORED + where, *values)]

    def _stored_at(self, seqs: Sequence[int]) -> list[Stored]:
        return self._stored("WHERE e.seq = ANY (%s) ORDER BY e.seq", list(seqs)) if seqs else []

    def _seqs(self, query: str, values: Sequence[Any]) -> list[int]:
        return [seq for (seq,) in self._all(query.replace("?", "%s"), *values)]

    def _column(self, query: str, *values: Any) -> list[bytes]:
        return [value for (value,) in self._all(query, *values)]

    def _bytes(self, query: str, *values: Any) -> bytes | None:
        """The one value of the first row; None where there is no row."""
        found = self._column(query, *values)
        return found[0] if found else None

    def _all(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        def ask(connection: Connection) -> list[tuple[Any, ...]]:
            return connection.execute(query.encode(), values, binary=True).fetchall()

        return self._connections.ask(ask)


def name_of(connection: Connection) -> str:
    """The name of the log in a database.

    Raises:
        LogUnavailable: Its head does not fit its entries.
    """
    [(name, size, entries)] = connection.execute(
        "SELECT (SELECT value FROM ladders.meta WHERE name = 'log'), size,"
        " (SELECT coalesce(max(seq) + 1, 0) FROM ladders.entry) FROM ladders.head"
    )
    if size != entries:
        raise LogUnavailable(f"the head of the verdict log counts {size} entries, but {entries} are there")
    return str(name)


def fingerprint_of(connection: Connection) -> str | None:
    """By what the log knows its keys."""
    row = connection.execute("SELECT value FROM ladders.meta WHERE name = 'keys'").fetchone()
    return None if row is None else str(row[0])
