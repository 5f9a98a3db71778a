"""The tree of RFC 6962 in its own words, and a store of hashes in memory: what proofs are held against."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from service.ledger.tiles import STEP, WIDTH


def leaves(count: int, salt: str = "") -> tuple[bytes, ...]:
    """The hashes of so many different entries."""
    return tuple(sha256(b"\x00entry %d%b" % (number, salt.encode())).digest() for number in range(count))


class Naive:
    """Section 2.1 word for word, over the hashes of leaves. Slow and plainly right."""

    def __init__(self, hashed: Sequence[bytes]) -> None:
        self._leaves = tuple(hashed)
        self._known: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, stop: int) -> bytes:
        """MTH(D[start:stop])."""
        if (start, stop) not in self._known:
            self._known[start, stop] = self._root(start, stop)
        return self._known[start, stop]

    def _root(self, start: int, stop: int) -> bytes:
        if start == stop:
            return sha256().digest()
        if stop - start == 1:
            return self._leaves[start]
        middle = start + split(stop - start)
        return sha256(b"\x01" + self.root(start, middle) + self.root(middle, stop)).digest()

    def path(self, index: int, start: int, stop: int) -> list[bytes]:
        """PATH(index, D[start:stop])."""
        if stop - start == 1:
            return []
        middle = start + split(stop - start)
        if index < middle:
            return [*self.path(index, start, middle), self.root(middle, stop)]
        return [*self.path(index, middle, stop), self.root(start, middle)]

    def proof(self, old: int, stop: int, start: int = 0, whole: bool = True) -> list[bytes]:
        """SUBPROOF(old - start, D[start:stop], whole)."""
        if old == stop:
            return [] if whole else [self.root(start, stop)]
        middle = start + split(stop - start)
        if old <= middle:
            return [*self.proof(old, middle, start, whole), self.root(middle, stop)]
        return [*self.proof(old, stop, middle, False), self.root(start, middle)]


def split(count: int) -> int:
    """The largest power of two smaller than a number."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


class Memory:
    """What a store keeps of a tree, as `Hashes`; it counts what is read."""

    def __init__(self, hashed: Sequence[bytes]) -> None:
        self.reads: list[tuple[int, int]] = []
        self._levels: list[list[bytes]] = [list(hashed)]
        naive = Naive(hashed)
        span = WIDTH
        while span <= len(hashed):
            count = len(hashed) // span
            self._levels.append([naive.root(n * span, (n + 1) * span) for n in range(count)])
            span <<= STEP
        self._tiles = {
            (level, tile): b"".join(row[tile * WIDTH : (tile + 1) * WIDTH])
            for level, row in enumerate(self._levels)
            for tile in range(len(row) // WIDTH)
        }

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        """As `Hashes`."""
        self.reads.append((0, start // WIDTH))
        return self._levels[0][start:stop]

    def tile(self, level: int, index: int) -> bytes | None:
        """As `Hashes`."""
        row = self._tiles.get((level, index))
        if row is not None:
            self.reads.append((level, index))
        return row

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """As `Hashes`."""
        self.reads.append((level + 1, start // WIDTH))
        return self._levels[level + 1][start:stop] if level + 1 < len(self._levels) else []
