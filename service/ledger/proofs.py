"""Proofs: a tree and a question go in; the few hashes that prove the answer come out, and can be checked
here.

An inclusion proof shows that an entry stands at its index in the log of a size; a consistency proof shows
that a log was only added to between two sizes. Both are those of RFC 6962 section 2.1, with about as many
hashes as the tree is high. Knows nothing of signatures: what a root is worth, `trust` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from service.errors import NotProven
from service.ledger.tiles import Hashes, Nodes, node_hash

EMPTY: Final = sha256().digest()  #: the root of a log without entries
LONGEST: Final = 63  #: hashes in the longest proof that anybody can ask for


def root_at(hashes: Hashes, size: int) -> bytes:
    """The root that the log had when it had so many entries."""
    return Nodes(hashes).root(0, size)


def inclusion(hashes: Hashes, index: int, size: int) -> list[bytes]:
    """The proof that an entry stands at `index` in the log of so many entries, from the bottom up.

    Raises:
        ValueError: There is no such entry in a log of that size.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no entry {index} in a log of {size}")
    nodes, path = Nodes(hashes), []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(nodes.root(middle, stop))
            stop = middle
        else:
            path.append(nodes.root(start, middle))
            start = middle
    return path[::-1]


def consistency(hashes: Hashes, old: int, new: int) -> list[bytes]:
    """The proof that the log of `new` entries begins with the log of `old` ones.

    Raises:
        ValueError: `old` is more than `new`.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a log of {new} entries cannot begin with {old}")
    if old in (0, new):
        return []
    nodes, path = Nodes(hashes), []
    start, stop = 0, new
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(nodes.root(middle, stop))
            stop = middle
        else:
            path.append(nodes.root(start, middle))
            start = middle
    if start:  # otherwise the old root itself stands here, which everybody has
        path.append(nodes.root(start, stop))
    return path[::-1]


def check_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Hold an inclusion proof against a root.

    Raises:
        NotProven: It does not show that the entry stands there.
    """
    if not 0 <= index < size:
        raise NotProven(f"there is no entry {index} in a log of {size}")
    at, last, found = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise NotProven(f"the proof for entry {index} is too long")
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise NotProven(f"the proof for entry {index} is too short")
    if found != root:
        raise NotProven(f"the proof does not lead from entry {index} to the root of {size} entries")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Hold a consistency proof against two roots.

    Raises:
        NotProven: It does not show that the new log begins with the old one.
    """
    if not 0 <= old <= new:
        raise NotProven(f"a log of {new} entries cannot begin with {old}")
    if old in (0, new):
        if proof:
            raise NotProven(f"no proof is needed from {old} to {new} entries, but one is there")
        if old_root != (new_root if old else EMPTY):
            raise NotProven(f"two roots are given for {old} entries")
        return
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    path = list(proof) if at else [old_root, *proof]
    if not path:
        raise NotProven(f"the proof from {old} to {new} entries is too short")
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise NotProven(f"the proof from {old} to {new} entries is too long")
        if at & 1 or at == last:
            old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise NotProven(f"the proof from {old} to {new} entries is too short")
    if (old_found, new_found) != (old_root, new_root):
        raise NotProven(f"the log of {new} entries does not begin with the one of {old} that was seen before")


def _split(count: int) -> int:
    """The largest power of two below a number of leaves: so many stand on the left."""
    return 1 << (count - 1).bit_length() - 1
