"""Merkle hashes of RFC 6962: entries go in; the hash of one, or the root over all of them, comes out.

Knows nothing of records. An entry and a node are hashed with different first bytes, so that neither can stand
for the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def entry_hash(entry: bytes) -> bytes:
    """The hash of one entry: SHA-256 over 0x00 and the entry."""
    return sha256(b"\x00" + entry).digest()


def tree_root(entries: Sequence[bytes]) -> bytes:
    """The root over `entries` in their order; for none, the hash of nothing."""
    return root_over([sha256(b"\x00" + entry).digest() for entry in entries])


def root_over(hashes: Sequence[bytes]) -> bytes:
    """The root over entries that are hashed already; for none, the hash of nothing.

    Neighbours are paired level by level and a last one without neighbour moves up unchanged, which gives the
    tree of RFC 6962 section 2.1.
    """
    level = list(hashes)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        nodes = iter(level)
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(nodes, nodes, strict=False)]
        level += odd
    return level[0] if level else sha256().digest()
