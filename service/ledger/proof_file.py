"""Proof files: a place in the log, its inclusion proof and a checkpoint go in; one text that proves it
offline comes out, and back.

The form is c2sp.org/tlog-proof, best kept under the ending `.tlog-proof`. Knows nothing of who is trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from service.errors import NotProven
from service.ledger.checkpoint import Signed, read_checkpoint
from service.ledger.note import decoded, encoded
from service.ledger.proofs import LONGEST, check_inclusion

_FIRST: Final = "c2sp.org/tlog-proof@v1"
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class ProofFile:
    """That an entry stands at an index in the log that a checkpoint commits to."""

    index: int
    proof: tuple[bytes, ...]
    signed: Signed
    extra: bytes = b""  #: what the reader may need besides; proves nothing

    def __bytes__(self) -> bytes:
        extra = [f"extra {encoded(self.extra)}"] if self.extra else []
        lines = [_FIRST, *extra, f"index {self.index}", *map(encoded, self.proof), "", ""]
        return "\n".join(lines).encode() + bytes(self.signed.note)

    def check(self, leaf_hash: bytes) -> None:
        """Hold it against the hash of an entry; whether the checkpoint is to be trusted is asked elsewhere.

        Raises:
            NotProven: The entry does not stand there.
        """
        checkpoint = self.signed.checkpoint
        check_inclusion(leaf_hash, self.index, checkpoint.size, self.proof, checkpoint.root)


def read_proof_file(content: bytes) -> ProofFile:
    """The proof in a file.

    Raises:
        NotProven: This is none.
    """
    head, separator, checkpoint = content.partition(b"\n\n")
    try:
        first, *lines = head.decode().split("\n")
    except UnicodeDecodeError as error:
        raise NotProven("this is not a proof file: it is not UTF-8") from error
    if first != _FIRST or not separator or not lines:
        raise NotProven(f"this is not a proof file: it does not begin with `{_FIRST}`")
    extra = decoded(lines.pop(0).removeprefix("extra ")) if lines[0].startswith("extra ") else b""
    index = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if index is None or len(lines) > LONGEST:
        raise NotProven("this is not a proof file: the line with the index or the proof is wrong")
    proof = tuple(decoded(line, 32) for line in lines)
    return ProofFile(int(index[1]), proof, read_checkpoint(checkpoint), extra)
