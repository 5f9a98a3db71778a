"""Commitments: fields and the key of their record go in; one salted hash for each, and the root over them,
come out.

A leaf holds the root alone, so it says nothing of a field to anyone without its salt; with salt, pointer,
value and the hashes beside its commitment, one field can be shown to be under the root while the others stay
hidden. Decoys round their number up, so that it tells little. Leaves of form 1 had a longer way to the same
end.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256, shake_256
from typing import Any, Final

import orjson

from service.ledger.merkle import root_over, tree_root

KEY_BYTES: Final = 32
ALGORITHMS: Final = {1: "c1-sha256", 2: "c2-sha256"}  #: by the form of the leaf
_STEP: Final = 8
_SALT_BYTES: Final = 18  #: 24 characters of base64, without padding
_SALT_TEXT: Final = 24


def commitments(fields: Mapping[str, bytes], record_key: bytes, form: int = 2) -> list[bytes]:
    """A commitment for each field, in the order of their pointers, and decoys up to a multiple of 8.

    A commitment is SHA-256 over 0x02 and the canonical array of salt, pointer and value.

    Args:
        fields: Canonical bytes by JSON pointer.
        record_key: 32 random bytes, used for this record alone.
        form: Of the leaf.
    """
    pointers = sorted(fields)
    salts = _SALTS[form](pointers, record_key)
    found = [
        sha256(b'\x02["%b",%b,%b]' % (salt, _quoted(pointer), fields[pointer])).digest()
        for salt, pointer in zip(salts, pointers, strict=True)
    ]
    decoys = -len(found) % _STEP
    if not decoys:
        return found
    noise = shake_256(b"\x03" + record_key).digest(decoys * 32)
    return found + [noise[at : at + 32] for at in range(0, len(noise), 32)]


def salts(fields: Mapping[str, bytes], record_key: bytes, form: int = 2) -> dict[str, str]:
    """The salt of each field, which opens it alone."""
    pointers = sorted(fields)
    return {
        pointer: salt.decode()
        for pointer, salt in zip(pointers, _SALTS[form](pointers, record_key), strict=True)
    }


def committed(fields: Mapping[str, bytes], record_key: bytes, form: int = 2) -> dict[str, Any]:
    """What a leaf says of its private fields."""
    found = commitments(fields, record_key, form)
    root = tree_root(found) if form == 1 else root_over(found)  # form 1 hashed each of them once more
    return {"alg": ALGORITHMS[form], "n": len(found), "root": in_base64(root)}


def in_base64(digest: bytes) -> str:
    """Bytes as a leaf shows them: base64 for addresses, without padding."""
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _salts(pointers: list[str], record_key: bytes) -> list[bytes]:
    """A stretch for each field of a stream that only the key gives: as good as a hash each, and faster."""
    stream = urlsafe_b64encode(shake_256(b"\x04" + record_key).digest(len(pointers) * _SALT_BYTES))
    return [stream[at : at + _SALT_TEXT] for at in range(0, len(stream), _SALT_TEXT)]


def _salts_of_form_1(pointers: list[str], record_key: bytes) -> list[bytes]:
    digests = (hmac.digest(record_key, pointer.encode(), "sha256")[:16] for pointer in pointers)
    return [urlsafe_b64encode(digest).rstrip(b"=") for digest in digests]


_SALTS: Final = {1: _salts_of_form_1, 2: _salts}


@lru_cache(maxsize=4096)  # the pointers of one kind of record are always the same few
def _quoted(pointer: str) -> bytes:
    return orjson.dumps(pointer)
