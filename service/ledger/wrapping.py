"""Wrapping the keys of people: a key and its number go in; 64 bytes that a store may keep come out, and the
key again out of these.

A wrapped key opens under its own number alone, and names the wrapping key that opens it.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.errors import LogUnavailable
from service.ledger.keys import KeyFolder

WRAPPED_BYTES: Final = 64  #: 4 of epoch, 12 of nonce, 32 of key, 16 of tag


class Wrapping:
    """Wraps with the keys of one folder."""

    def __init__(self, keys: KeyFolder) -> None:
        self._keys = keys
        self._keks: dict[int, AESGCM] = {}

    def wrapped(self, kid: int, key: bytes, epoch: int) -> bytes:
        """A key as it is stored; raises `LogUnavailable` when the wrapping key of that epoch is not there."""
        nonce, stamp = self._keys.random_bytes(12), epoch.to_bytes(4, "big")
        return stamp + nonce + self._kek(epoch).encrypt(nonce, key, _bound(kid, stamp))

    def unwrapped(self, kid: int, wrapped: bytes) -> bytes:
        """The key in what is stored under its number.

        Raises:
            LogUnavailable: Its wrapping key is not there, or it is not what was stored.
        """
        stamp, nonce, encrypted = wrapped[:4], wrapped[4:16], wrapped[16:]
        try:
            return self._kek(int.from_bytes(stamp, "big")).decrypt(nonce, encrypted, _bound(kid, stamp))
        except InvalidTag as wrong:
            raise LogUnavailable(
                f"key {kid} of the keys of people is damaged; restore them from the backup of the keys"
            ) from wrong

    def forget(self) -> None:
        """Know no wrapping key any more, because some were destroyed."""
        self._keks.clear()

    def _kek(self, epoch: int) -> AESGCM:
        found = self._keks.get(epoch)
        if found is None:
            found = self._keks[epoch] = AESGCM(self._keys.kek(epoch))
        return found


def _bound(kid: int, stamp: bytes) -> bytes:
    """What a wrapped key is bound to."""
    return b"ladders subject key\0" + kid.to_bytes(8, "big") + stamp
