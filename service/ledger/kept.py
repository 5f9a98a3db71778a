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


class ExportedHashes:
    """The tree of an export of so many entries, as `Hashes`."""

    def __init__(self, folder: TileFolder, size: int) -> None:
        self._folder, self._size = folder, size

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        """As `Hashes.leaf_hashes`."""
        return self._between(0, start, min(stop, self._size))

    def tile(self, level: int, index: int) -> bytes | None:
        """As `Hashes.tile`."""
        row = self._folder.row(level, index, WIDTH)
        return row if row is not None and len(row) == TILE_BYTES else None

    def tile_roots(self, level: int, start: int, stop: int) -> list[bytes]:
        """As `Hashes.tile_roots`."""
        return self._between(level + 1, start, min(stop, self._size // WIDTH ** (level + 1)))

    def _between(self, level: int, start: int, stop: int) -> list[bytes]:
        """Some hashes of a level, which lie in one tile."""
        tile, first = divmod(start, WIDTH)
        row = self._folder.row(level, tile, stop - tile * WIDTH) if stop > start else b""
        ends = range(HASH_BYTES * first, len(row or b""), HASH_BYTES)
        return [row[at : at + HASH_BYTES] for at in ends] if row else []


def in_export(receipt: SignedReceipt, folder: Path, trust: Trust) -> Found:
    """What became of an entry, as an export has it.

    Raises:
        NotProven: The export is not whole, of another log, or signed by nobody whom the trust file names.
    """
    export = TileFolder(folder)
    content = export.checkpoint()
    if content is None:
        raise NotProven(f"`{folder}` is no whole export of a log: it has no `checkpoint`")
    believed = trust.check(content)
    if not believed.enough:
        raise NotProven("the checkpoint has not the quorum of witnesses that the trust file asks for")
    checkpoint = believed.signed.checkpoint
    _refuse_other_log(receipt, checkpoint.origin)
    if receipt.index >= checkpoint.size:
        said = f"the export ends at {checkpoint.size} entries, before entry {receipt.index}; have a newer one"
        return Found(INCOMPLETE, said)
    hashes = ExportedHashes(export, checkpoint.size)
    try:
        return _against(receipt, hashes, checkpoint.size, checkpoint.root)
    except (LogUnavailable, NotProven) as damaged:
        raise NotProven(
            f"the tiles of the export are not those of its checkpoint; have it verified ({damaged})"
        ) from damaged


def in_log(receipt: SignedReceipt, name: str, hashes: Hashes, size: int, root: bytes) -> Found:
    """What became of an entry in a log that can be read itself.

    Args:
        receipt: For the entry.
        name: Of the log.
        hashes: Its tree.
        size: How many entries it has.
        root: Over them.

    Raises:
        NotProven: It is another log, or its tree does not fit together.
    """
    _refuse_other_log(receipt, name)
    if receipt.promise.size > size:
        return Found(
            ROLLED_BACK,
            f"entry {receipt.index} was promised in a log of {receipt.promise.size} entries, and the log has "
            f"{size}",
        )
    return _against(receipt, hashes, size, root)


def _refuse_other_log(receipt: SignedReceipt, origin: str) -> None:
    name = receipt.promise.log
    if origin != name and not origin.startswith(f"{name}/"):
        raise NotProven(f"the receipt is of the log `{name}`, and this is `{origin}`")


def _against(receipt: SignedReceipt, hashes: Hashes, size: int, root: bytes) -> Found:
    promise, index = receipt.promise, receipt.index
    (there,) = hashes.leaf_hashes(index, index + 1) or [b""]
    check_inclusion(there, index, size, inclusion(hashes, index, size), root)
    if there != receipt.leaf_hash:
        return Found(TAMPERED, f"another entry stands at index {index} than the one that was promised")
    if promise.size > size:
        return Found(OK, f"entry {index} stands where it was promised")
    then = root_at(hashes, promise.size)
    check_consistency(promise.size, size, then, root, consistency(hashes, promise.size, size))
    if then != promise.root:
        said = (
            f"entry {index} stands where it was promised, but the first {promise.size} entries are not those "
            "that the log held then"
        )
        return Found(TAMPERED, said)
    return Found(OK, f"entry {index} stands where it was promised, in a log that only grew since")


SAID: Final = {OK: "kept", TAMPERED: "suppressed", ROLLED_BACK: "suppressed", INCOMPLETE: "unknown"}
