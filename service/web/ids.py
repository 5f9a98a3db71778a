"""Ids of verdicts: the time and chance go in; a UUIDv7 (RFC 9562) comes out.

Later ids sort behind earlier ones by millisecond, which keeps the index of the verdict log compact. The
rest is chance, so nobody can guess one.
"""

from __future__ import annotations

import os
import time

_RANDOM_BYTES = 10


def uuid7(since_1970_ms: int, chance: bytes) -> str:
    """The UUIDv7 of a millisecond and ten random bytes, of which 74 bits are used.

    >>> uuid7(0x017F22E279B0, bytes.fromhex("0cc318c4dc0c0c07398f"))
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'
    """
    high = int.from_bytes(chance[:2], "big") & 0x0FFF | 0x7000  # the version
    low = int.from_bytes(chance[2:], "big") & (1 << 62) - 1 | 1 << 63  # the variant
    digits = f"{since_1970_ms & (1 << 48) - 1:012x}{high:04x}{low:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_id() -> str:
    """A new id, made now."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(_RANDOM_BYTES))
