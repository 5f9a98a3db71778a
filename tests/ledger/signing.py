"""Keys for tests: a name goes in; a log or a witness that signs comes out, the same for the same name."""

from __future__ import annotations

import struct
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from service.ledger.checkpoint import Checkpoint
from service.ledger.note import (
    COSIGNATURE,
    ML_DSA_COSIGNATURE,
    Key,
    Note,
    Signature,
    Signer,
    cosigned_message,
    cosigned_text,
    signed,
)

ORIGIN = "ladders/test"


def seed(name: str) -> bytes:
    """32 bytes for a name."""
    return sha256(name.encode()).digest()


def log_signer(secret: str = "log", origin: str = ORIGIN) -> Signer:
    """The signer of a log."""
    return Signer(origin, seed(secret))


def checkpoint(size: int, root: bytes, *signers: Signer, origin: str = ORIGIN) -> Note:
    """A checkpoint signed by these, or by the log alone."""
    return signed(Checkpoint(origin, size, root).text, signers or (log_signer(),))


class Witness:
    """Cosigns whatever it is given."""

    def __init__(self, name: str, kind: int = COSIGNATURE) -> None:
        self._ed25519 = Ed25519PrivateKey.from_private_bytes(seed(name))
        self._ml_dsa = MLDSA44PrivateKey.from_seed_bytes(seed(name))
        public = (self._ed25519 if kind == COSIGNATURE else self._ml_dsa).public_key().public_bytes_raw()
        self.key = Key(name, kind, public)

    def cosign(self, note: Note, given_s: int = 1_790_000_000) -> Signature:
        """A cosignature on a checkpoint."""
        if self.key.kind == ML_DSA_COSIGNATURE:
            content = self._ml_dsa.sign(cosigned_message(self.key.name, note.text, given_s))
        else:
            content = self._ed25519.sign(cosigned_text(note.text, given_s))
        return Signature(self.key.name, self.key.id, struct.pack(">Q", given_s) + content)
