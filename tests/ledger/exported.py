"""An export for tests: so many entries and the sizes of checkpoints go in; a folder, and what an attacker
could make of it, comes out.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from service.ledger.canonical import canonical
from service.ledger.merkle import entry_hash
from service.ledger.note import Signer
from service.ledger.proofs import root_at
from service.ledger.tile_folder import TileWriter
from service.ledger.trust import LogKey, Trust
from tests.ledger.signing import ORIGIN, checkpoint, log_signer
from tests.ledger.trees import Memory

TRUST = Trust((LogKey(log_signer().key),))


def leaf(number: int, says: str = "", log: str = ORIGIN) -> bytes:
    """The leaf of an entry."""
    return canonical({"v": 2, "kind": "verdict", "log": log, "id": f"entry-{number}", "track": says})


def leaves_of(count: int, log: str = ORIGIN) -> list[bytes]:
    """So many different leaves."""
    return [leaf(number, log=log) for number in range(count)]


def write(
    folder: Path,
    leaves: Sequence[bytes],
    sizes: Sequence[int],
    signers: Sequence[Signer] = (),
    origin: str = ORIGIN,
) -> Path:
    """Export a log with these leaves and checkpoints of these sizes; the last is the one of the export."""
    hashes = Memory([entry_hash(each) for each in leaves])
    notes = [bytes(checkpoint(size, root_at(hashes, size), *signers, origin=origin)) for size in sizes]
    TileWriter(folder).write(sizes[-1], hashes, leaves, notes, notes[-1])
    return folder


def without_notes(rewritten: Path, honest: Path) -> Path:
    """What an attacker without the key can make: the rewritten tree under what was signed."""
    for name in ("checkpoint", "checkpoints"):
        shutil.copy(honest / name, rewritten / name)
    return rewritten


REWRITTEN: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "edited": lambda leaves: [*leaves[:700], leaf(700, "edited"), *leaves[701:]],
    "inserted": lambda leaves: [*leaves[:700], leaf(9999), *leaves[700:-1]],
    "deleted": lambda leaves: [*leaves[:700], *leaves[701:], leaf(9999)],
    "reordered": lambda leaves: [*leaves[:700], leaves[701], leaves[700], *leaves[702:]],
}
