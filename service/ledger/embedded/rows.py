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
from service.ledger.embedded.entries import STORED
from service.ledger.record import digest_bytes, digest_text, microseconds
from service.ledger.rows import Head, Stored, Wanted
from service.ledger.tiles import Hashes

_PAGE: Final = 512
_DECIDING: Final = ("unmet", "unknown")  #: results that decide against somebody, where none is named
_ONE_OF_THESE_RULES: Final = (
    "EXISTS (SELECT 1 FROM json_each(?) r WHERE instr(e.leaf, CAST(r.value AS BLOB)) > 0)"
)
_DECIDED_OTHERWISE: Final = """
EXISTS (SELECT 1 FROM entry d WHERE d.about = e.seq AND d.kind = 'decision' AND d.outcome = 'overridden')
"""


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
    ) -> list[Stored]:
        """As `Rows.find`."""
        conditions: list[tuple[str, Any]] = [("e.seq > ?", after), *_conditions(wanted, subj, caller)]
        where = " AND ".join(text for text, _ in conditions)
        beside = "JOIN priv p USING (seq)" if subj or caller else ""
        # places first: where an index gives them in another order, whole entries would be sorted otherwise
        places = f"SELECT e.seq FROM entry e {beside} WHERE {where} ORDER BY e.seq LIMIT ?"  # noqa: S608 - our own text; values are bound
        values = (value for _, value in conditions)
        return self._stored(f"WHERE e.seq IN ({places}) ORDER BY e.seq", (*values, limit))

    def with_private(self, indexes: Sequence[int]) -> list[int]:
        """As `Rows.with_private`."""
        query = "SELECT seq FROM priv WHERE seq IN (SELECT value FROM json_each(?))"
        return [seq for (seq,) in self._all(query, (orjson.dumps(indexes).decode(),))]

    def of_person(self, subj: bytes) -> list[tuple[int, int | None]]:
        """As `Rows.of_person`."""
        return self._all("SELECT seq, kid FROM priv WHERE subj = ? ORDER BY seq DESC", (subj,))

    # ── what stands beside the entries ──

    def asked(self, key: bytes) -> tuple[int, bytes] | None:
        """As `Rows.asked`."""
        found = self._one("SELECT seq, body FROM asked WHERE key = ?", (key,))
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


def _conditions(wanted: Wanted, subj: bytes | None, caller: bytes | None) -> Iterator[tuple[str, Any]]:
    """Each condition in SQL with its one value."""
    for column, value in (
        ("p.subj", subj),
        ("p.caller", caller),
        ("e.track", wanted.track),
        ("e.level", wanted.level),
        ("e.outcome", wanted.outcome),
        ("e.about", wanted.about),
        ("e.policy", wanted.policy_set and digest_bytes(wanted.policy_set)),
    ):
        if value is not None:
            yield f"{column} = ?", value
    if wanted.kind is not None:
        yield "e.kind = ?" if wanted.kind == "verdict" else "e.kind <> 'verdict' AND e.kind = ?", wanted.kind
    if wanted.since is not None:
        yield "e.decided_us >= ?", microseconds(wanted.since)
    if wanted.until is not None:
        yield "e.decided_us < ?", microseconds(wanted.until)
    if wanted.overridden is not None:
        yield f"{_DECIDED_OTHERWISE} = ?", int(wanted.overridden)
    if wanted.requirement is not None or wanted.result is not None:
        yield _ONE_OF_THESE_RULES, orjson.dumps(_rules(wanted)).decode()


def _rules(wanted: Wanted) -> list[str]:
    """How a wanted rule stands in a leaf, in each way that fits: no text there can hold its quotes."""
    start = f'["{wanted.requirement}",' if wanted.requirement is not None else ","
    return [f'{start}"{result}"]' for result in ([wanted.result] if wanted.result else _DECIDING)]
