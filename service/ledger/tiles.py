"""Tiles: what a store keeps of the tree goes in; the hash of any node of it comes out.

The tree is that of RFC 6962. A store keeps the hash of every leaf and, for each 256 neighbours on a level, a
tile: those hashes and the root over them, which is one hash of the next level. A tile is written once, when
it is full. So a node that has all its leaves is read from one tile or, at the right edge where none is full
yet, from at most 256 rows. Knows nothing of how a store works and of what the leaves say.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final, Protocol

from service.errors import LogUnavailable

WIDTH: Final = 256  #: hashes in a full tile
STEP: Final = 8  #: levels of the tree that one tile spans: 2^8 = 256
HASH_BYTES: Final = 32
TILE_BYTES: Final = WIDTH * HASH_BYTES


class Hashes(Protocol):
    """The stored part of a tree; raises `LogUnavailable` when it cannot be read."""

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        """The hashes of the leaves from `start` to before `stop`; fewer where the log ends earlier."""

    def tile(self, level: int, index: int) -> bytes | None:
        """The 256 hashes of a full tile, one after the other; None while it is not full.

        Level 0 holds the hashes of leaves, level 1 the roots of the tiles of level 0, and so on.
        """

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of the full tiles of a level from `start` to before `stop`; fewer where the log ends."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node: SHA-256 over 0x01 and both hashes below it."""
    return sha256(b"\x01" + left + right).digest()


def joined(row: bytes) -> bytes:
    """The root over some neighbours, a power of two of them, given one after the other.

    >>> joined(b"a" * 32 + b"b" * 32) == node_hash(b"a" * 32, b"b" * 32)
    True
    """
    while len(row) > HASH_BYTES:
        pairs = range(0, len(row), 2 * HASH_BYTES)
        row = b"".join([sha256(b"\x01" + row[at : at + 2 * HASH_BYTES]).digest() for at in pairs])
    return row


class Nodes:
    """The nodes of one tree, for one question: what was read once is not read again."""

    def __init__(self, hashes: Hashes) -> None:
        self._hashes = hashes
        self._tiles: dict[tuple[int, int], bytes] = {}

    def node(self, height: int, index: int) -> bytes:
        """The hash of a node all of whose leaves are there.

        Args:
            height: 0 for a leaf; a node of height h stands above 2^h leaves.
            index: From 0, among the nodes of that height.
        """
        level, above = divmod(height, STEP)
        first, count = index << above, 1 << above
        tile, at = divmod(first, WIDTH)
        row = self._row(level, tile, at + count)
        return joined(row[at * HASH_BYTES : (at + count) * HASH_BYTES])

    def root(self, start: int, stop: int) -> bytes:
        """The root over the leaves from `start` to before `stop`; for none, the hash of nothing.

        Args:
            start: 0, or a multiple of the smallest power of two that is not below `stop - start`.
            stop: At most the size of the log.
        """
        parts: list[bytes] = []
        while start < stop:
            height = (stop - start).bit_length() - 1
            parts.append(self.node(height, start >> height))
            start += 1 << height
        if not parts:
            return sha256().digest()
        whole = parts.pop()
        while parts:
            whole = node_hash(parts.pop(), whole)
        return whole

    def _row(self, level: int, tile: int, wanted: int) -> bytes:
        """The first hashes of a tile, at least as many as wanted."""
        row = self._tiles.get((level, tile), b"")
        if len(row) >= wanted * HASH_BYTES:
            return row
        row = self._hashes.tile(level, tile) or b""
        if len(row) != TILE_BYTES:
            start, stop = tile * WIDTH, (tile + 1) * WIDTH
            read = self._hashes.tile_roots
            found = read(level - 1, start, stop) if level else self._hashes.leaf_hashes(start, stop)
            row = b"".join(found)
        if len(row) < wanted * HASH_BYTES:
            raise LogUnavailable(
                f"tile {tile} on level {level} of the verdict log is not whole; have it verified"
            )
        self._tiles[level, tile] = row
        return row
