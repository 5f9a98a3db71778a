"""Reading the embedded log: ids, indexes and conditions go in; stored rows come out.

One connection that can only read serves all threads of a process, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

import apsw
import orjson

from service.errors import LogUnavailable
from service.ledger.embedded import entries, tree
from service.ledger.embedded.entries import ASKED, NOT_ERASED, OF_PERSON, STORED
from service.ledger.record import digest_text
from service.ledger.rows import Found, Head, Stored, Wanted
from service.ledger.searching import Dialect, places
from service.ledger.tiles import Hashes

_PAGE: Final = 512
_DIALECT: Final = Dialect(
    entry="entry",
    priv="priv",
    join="CROSS JOIN",
    has_one_of="EXISTS (SELECT 1 FROM json_each(?) r WHERE instr(e.leaf, CAST(r.value AS BLOB)) > 0)",
    texts=lambda texts: orjson.dumps(texts).decode(),
)


class EmbeddedRows:
    """Reads through one connection, which it owns."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._reading = Lock()
        self._closed = False

    @property
    def hashes(self) -> Hashes:
        """As `Rows.hashes`."""
        return self

    # ── the tree ──

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        """As `Hashes.leaf_hashes`."""
        with self._turn() as connection:
            return tree.leaf_hashes(connection, start, stop)

    def tile(self, level: int, index: int) -> bytes | None:
        """As `Hashes.tile`."""
        with self._turn() as connection:
            return tree.tile(connection, level, index)

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """As `Hashes.tile_roots`."""
        with self._turn() as connection:
            return tree.tile_roots(connection, level, start, stop)

    def head(self) -> Head:
        """As `Rows.head`."""
        with self._turn() as connection:
            return entries.read_head(connection)

    # ── entries ──

    def by_id(self, id_: str) -> Stored | None:
        """As `Rows.by_id`."""
        return next(iter(self._stored("WHERE e.id = ?", (id_,))), None)

    def between(self, start: int, stop: int, limit: int) -> list[Stored]:
        """As `Rows.between`."""
        where = "WHERE e.seq >= ? AND e.seq < ? ORDER BY e.seq LIMIT ?"
        return self._stored(where, (start, stop, limit))

    def leaves(self, start: int, stop: int) -> Iterator[tuple[bytes, bytes]]:
        """As `Rows.leaves`; read in pages, so that nobody is held up."""
        query = "SELECT leaf, leaf_hash FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq"
        for page in range(start, stop, _PAGE):
            yield from (found := self._all(query, (page, min(page + _PAGE, stop))))
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
        query = f"SELECT seq FROM priv WHERE seq IN (SELECT value FROM json_each(?)) AND {NOT_ERASED['priv']}"  # noqa: S608 - our own text
        return [seq for (seq,) in self._all(query, (orjson.dumps(indexes).decode(),))]

    def of_person(self, subj: bytes) -> list[tuple[int, int | None]]:
        """As `Rows.of_person`."""
        query = f"SELECT seq, kid FROM priv WHERE {OF_PERSON} ORDER BY seq DESC"  # noqa: S608 - our own text
        return self._all(query, (subj,))

    # ── what stands beside the entries ──

    def asked(self, key: bytes) -> tuple[int, bytes] | None:
        """As `Rows.asked`."""
        found = self._one(ASKED, (key,))
        return None if found is None else (int(found[0]), bytes(found[1]))

    def content(self, digest: bytes) -> bytes | None:
        """As `Rows.content`."""
        found = self._one("SELECT bytes FROM content WHERE digest = ?", (digest,))
        return None if found is None else bytes(found[0])

    def checkpoints(self, after: int, limit: int) -> list[bytes]:
        """As `Rows.checkpoints`."""
        query = "SELECT note FROM checkpoint WHERE size > ? ORDER BY size LIMIT ?"
        return [note for (note,) in self._all(query, (after, limit))]

    def last_checkpoint(self) -> bytes | None:
        """As `Rows.last_checkpoint`."""
        found = self._one("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1", ())
        return None if found is None else bytes(found[0])

    def issued(self) -> dict[str, set[str]]:
        """As `Rows.issued`."""
        found: dict[str, set[str]] = {}
        for version, digest in self._all("SELECT version, digest FROM issued", ()):
            found.setdefault(version, set()).add(digest_text(digest))
        return found

    def close(self) -> None:
        """As `Rows.close`."""
        with self._reading:
            self._closed = True
            self._connection.close()

    # ── how ──

    def _stored(self, where: str, values: tuple[Any, ...]) -> list[Stored]:
        return [Stored(*row) for row in self._all(STORED + where, values)]

    def _stored_at(self, seqs: Sequence[int]) -> list[Stored]:
        where = "WHERE e.seq IN (SELECT value FROM json_each(?)) ORDER BY e.seq"
        return self._stored(where, (orjson.dumps(seqs).decode(),)) if seqs else []

    def _seqs(self, query: str, values: Sequence[Any]) -> list[int]:
        return [seq for (seq,) in self._all(query, tuple(values))]

    def _one(self, query: str, values: tuple[Any, ...]) -> Any:
        found = self._all(query, values)
        return found[0] if found else None

    def _all(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        with self._turn() as connection:
            return list(connection.execute(query, values))

    @contextmanager
    def _turn(self) -> Iterator[apsw.Connection]:
        with self._reading:
            if self._closed:
                raise LogUnavailable("the verdict log is closed")
            try:
                yield self._connection
            except apsw.Error as error:
                raise LogUnavailable(f"the verdict log could not be read ({error})") from error
