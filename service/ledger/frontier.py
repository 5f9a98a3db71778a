"""The frontier of a growing tree: leaf hashes go in; the next frontier, and the tiles that they made full,
come out.

A frontier is all that a tree of RFC 6962 needs to grow and to give its root: the roots of the full subtrees
that its size is the sum of, at most 64 hashes. Knows nothing of how leaves and tiles are stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from service.errors import LogUnavailable
from service.ledger.tiles import HASH_BYTES, STEP, node_hash


@dataclass(frozen=True, slots=True)
class Full:
    """A tile that became full."""

    level: int  #: 0: its hashes are those of leaves; above: roots of tiles of the level below
    index: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()  #: of the full subtrees, the largest first

    def extended(self, leaf_hashes: Iterable[bytes]) -> tuple[Frontier, list[Full]]:
        """The frontier behind some more leaves, and the tiles that these made full, in that order."""
        stack, size = list(self.hashes), self.size
        full: list[Full] = []
        for node in leaf_hashes:
            rest, height = size, 0
            while rest & 1:  # a subtree as large as this one stands to its left: the two become one
                node = sha256(b"\x01" + stack.pop() + node).digest()
                rest >>= 1
                height += 1
                if height % STEP == 0:
                    full.append(Full(height // STEP - 1, rest, node))
            stack.append(node)
            size += 1
        return Frontier(size, tuple(stack)), full

    def root(self) -> bytes:
        """The root of the whole tree; of an empty one, the hash of nothing."""
        if not self.hashes:
            return sha256().digest()
        *left, root = self.hashes
        for subtree in reversed(left):
            root = node_hash(subtree, root)
        return root

    def written(self) -> bytes:
        """The hashes one after the other, as they are stored beside the size."""
        return b"".join(self.hashes)


def frontier_of(size: int, written: bytes) -> Frontier:
    """The frontier that was stored so.

    Raises:
        LogUnavailable: There are not as many hashes as the size asks for.
    """
    if len(written) != size.bit_count() * HASH_BYTES:
        raise LogUnavailable("the frontier of the verdict log does not fit its size; have the log verified")
    hashes = (written[at : at + HASH_BYTES] for at in range(0, len(written), HASH_BYTES))
    return Frontier(size, tuple(hashes))
