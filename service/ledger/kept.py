"""Whether a promise was kept: a signed receipt and a log, or an export of one, go in; what became of the
entry comes out.

Of the log only hashes are read: the entry must stand where it was promised, and the tree must still begin
with the one that was promised with it. Knows nothing of whose signatures count.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from service.errors import LogUnavailable, NotProven
from service.ledger.proofs import check_consistency, check_inclusion, consistency, inclusion, root_at
from service.ledger.publisher import Published
from service.ledger.signed_receipt import SignedReceipt
from service.ledger.tile_folder import TileFolder
from service.ledger.tiles import HASH_BYTES, TILE_BYTES, WIDTH, Hashes
from service.ledger.trust import Trust
from service.ledger.verify import INCOMPLETE, OK, ROLLED_BACK, TAMPERED


@dataclass(frozen=True, slots=True)
class Found:
    """What became of an entry that was promised."""

    outcome: int  #: as of `verify`: OK: kept; TAMPERED: suppressed; ROLLED_BACK; INCOMPLETE: nobody can tell
    message: str


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree that a promise is held against."""

    origin: str  #: the name of the log, or what its checkpoints call it
    hashes: Hashes
    size: int
    root: bytes
    ends_early: bool  #: whether the log may have gone on since: what is not there was not suppressed


class ExportedHashes:
    """The tree of an export of so many entries, as `Hashes`."""

    def __init__(self, folder: TileFolder, size: int) -> None:
        self._folder, self._size = folder, size

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        """As `Hashes.leaf_hashes`."""
        return self._between(0, start, stop, self._size)

    def tile(self, level: int, index: int) -> bytes | None:
        """As `Hashes.tile`."""
        row = self._folder.row(level, index, WIDTH)
        return row if row is not None and len(row) == TILE_BYTES else None

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """As `Hashes.tile_roots`."""
        return self._between(level + 1, start, stop, self._size // WIDTH ** (level + 1))

    def _between(self, level: int, start: int, stop: int, end: int) -> list[bytes]:
        """Some hashes of a level, which lie in one tile; the level ends before `end`."""
        tile, first = divmod(start, WIDTH)
        # a tile that is not full is named by all that it holds, however little of it is asked for
        row = self._folder.row(level, tile, min(WIDTH, end - tile * WIDTH)) if start < end else None
        ends = range(HASH_BYTES * first, HASH_BYTES * (stop - tile * WIDTH), HASH_BYTES)
        return [row[at : at + HASH_BYTES] for at in ends if at < len(row)] if row else []


def exported_tree(folder: Path, trust: Trust) -> Tree:
    """The tree of an export.

    Raises:
        NotProven: It is not whole, or signed by nobody whom the trust file names.
    """
    export = TileFolder(folder)
    content = export.checkpoint()
    if content is None:
        raise NotProven(f"`{folder}` is no whole export of a log: it has no `checkpoint`")
    believed = trust.check(content)
    if not believed.enough:
        raise NotProven("the checkpoint has not the quorum of witnesses that the trust file asks for")
    last = believed.signed.checkpoint
    return Tree(last.origin, ExportedHashes(export, last.size), last.size, last.root, ends_early=True)


def present_tree(log: Published) -> Tree:
    """The tree of a log as it is now; raises `LogUnavailable`."""
    head = log.head()
    return Tree(log.name, log.hashes, head.size, head.root, ends_early=False)


def held_against(receipt: SignedReceipt, tree: Tree) -> Found:
    """What became in a tree of an entry that was promised.

    Raises:
        NotProven: The tree is that of another log, or does not fit together.
    """
    promise = receipt.promise
    if tree.origin != promise.log and not tree.origin.startswith(f"{promise.log}/"):
        raise NotProven(f"the receipt is of the log `{promise.log}`, and this is `{tree.origin}`")
    if tree.ends_early and receipt.index >= tree.size:
        return Found(
            INCOMPLETE,
            f"the export ends at {tree.size} entries, before entry {receipt.index}; have a newer one",
        )
    if not tree.ends_early and promise.size > tree.size:
        return Found(
            ROLLED_BACK,
            f"entry {receipt.index} was promised in a log of {promise.size} entries, and the log has "
            f"{tree.size}",
        )
    try:
        return _found(receipt, tree)
    except (LogUnavailable, NotProven) as damaged:
        raise NotProven(f"the tiles do not fit together; have them verified ({damaged})") from damaged


def _found(receipt: SignedReceipt, tree: Tree) -> Found:
    promise, index, hashes = receipt.promise, receipt.index, tree.hashes
    (there,) = hashes.leaf_hashes(index, index + 1) or [b""]
    check_inclusion(there, index, tree.size, inclusion(hashes, index, tree.size), tree.root)
    if there != receipt.leaf_hash:
        return Found(TAMPERED, f"another entry stands at index {index} than the one that was promised")
    if promise.size > tree.size:
        return Found(OK, f"entry {index} stands where it was promised")
    then = root_at(hashes, promise.size)
    proof = consistency(hashes, promise.size, tree.size)
    check_consistency(promise.size, tree.size, then, tree.root, proof)
    if then != promise.root:
        said = (
            f"entry {index} stands where it was promised, but the first {promise.size} entries are not those "
            "that the log held then"
        )
        return Found(TAMPERED, said)
    return Found(OK, f"entry {index} stands where it was promised, in a log that only grew since")


SAID: Final = {OK: "kept", TAMPERED: "suppressed", ROLLED_BACK: "suppressed", INCOMPLETE: "unknown"}
