"""The tree of the embedded log: a connection goes in; tiles and frontiers, stored and read, come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import apsw

from service.ledger.frontier import Frontier, Full
from service.ledger.tiles import WIDTH

_AT_ONCE: Final = WIDTH * 64  #: leaves that are read together where a whole tree is made
_LEAVES: Final = "SELECT leaf_hash FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq"
_ROOTS: Final = "SELECT root FROM tile WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx"


def grow(connection: apsw.Connection, frontier: Frontier, hashes: Sequence[bytes]) -> Frontier:
    """Carry the tree on over entries that were just inserted: store what tiles became full."""
    grown, full = frontier.extended(hashes)
    for tile in full:
        _insert(connection, tile)
    return grown


def grown_from_nothing(connection: apsw.Connection) -> Frontier:
    """Make the tree over all entries that are there."""
    frontier = Frontier()
    while hashes := leaf_hashes(connection, frontier.size, frontier.size + _AT_ONCE):
        frontier = grow(connection, frontier, hashes)
    return frontier


def leaf_hashes(connection: apsw.Connection, start: int, stop: int) -> list[bytes]:
    """As `Hashes.leaf_hashes`."""
    return [hash_ for (hash_,) in connection.execute(_LEAVES, (start, stop))]


def tile(connection: apsw.Connection, level: int, index: int) -> bytes | None:
    """As `Hashes.tile`."""
    row = connection.execute("SELECT hashes FROM tile WHERE level = ? AND idx = ?", (level, index)).fetchone()
    return None if row is None else bytes(row[0])


def tile_roots(connection: apsw.Connection, level: int, start: int, stop: int) -> list[bytes]:
    """As `Hashes.tile_roots`."""
    return [root for (root,) in connection.execute(_ROOTS, (level, start, stop))]


def _insert(connection: apsw.Connection, full: Full) -> None:
    start, stop = full.index * WIDTH, (full.index + 1) * WIDTH
    read: Iterator[bytes] = iter(
        tile_roots(connection, full.level - 1, start, stop)
        if full.level
        else leaf_hashes(connection, start, stop)
    )
    row = (full.level, full.index, full.root, b"".join(read))
    connection.execute("INSERT INTO tile (level, idx, root, hashes) VALUES (?, ?, ?, ?)", row)
