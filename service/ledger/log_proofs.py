"""Proofs out of a log: an entry, or an older size, goes in; what proves it to anybody offline comes out.

Both end in a signed checkpoint of the log. Knows nothing of who asks.
"""

from __future__ import annotations

from service.ledger.checkpoint import Signed, read_checkpoint
from service.ledger.log import Log
from service.ledger.proof_file import ProofFile
from service.ledger.proofs import check_consistency, consistency, inclusion, root_at
from service.ledger.witness import growth_proof


def checkpoint_of(log: Log, size: int | None = None) -> Signed | None:
    """The last checkpoint, or the one of this size; None where there is none."""
    found = [log.last_checkpoint()] if size is None else log.checkpoints(size - 1, 1)
    note = found[0] if found else None
    signed = None if note is None else read_checkpoint(note)
    return None if signed is None or size not in (None, signed.checkpoint.size) else signed


def entry_proof(log: Log, index: int, signed: Signed) -> bytes:
    """That an entry is in the log: a file of the form c2sp.org/tlog-proof, with the leaf as extra data.

    Args:
        log: Of the entry.
        index: Of the entry; smaller than the size of the checkpoint.
        signed: A checkpoint of that log.
    """
    [(leaf, leaf_hash)] = log.leaves(index, index + 1)
    proof = ProofFile(index, tuple(inclusion(log.hashes, index, signed.checkpoint.size)), signed, leaf)
    proof.check(leaf_hash)
    return bytes(proof)


def growth(log: Log, old: int, signed: Signed) -> bytes:
    """That the log only grew from an older size to a checkpoint: what a witness is sent.

    Args:
        log: Of the checkpoint.
        old: At most the size of the checkpoint.
        signed: A checkpoint of that log.
    """
    size = signed.checkpoint.size
    proof = consistency(log.hashes, old, size)
    check_consistency(old, size, root_at(log.hashes, old), signed.checkpoint.root, proof)
    return growth_proof(old, proof, signed)
