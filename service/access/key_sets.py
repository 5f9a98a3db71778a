"""The keys that tokens are signed with: a JSON Web Key Set (RFC 7517) goes in; public keys, each with the
algorithms that it may be used for, come out.

Only the public part of a key is ever taken. A secret key has no place in a set that is published, so `oct`
keys are left out: no token can be accepted for knowing a public key by heart.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Any, Final, Protocol

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from service.access.algorithms import CURVES, RSA
from service.access.watched import Watched
from service.errors import AccessUnavailable

PublicKey = RSAKey | ECKey | OKPKey
LARGEST: Final = 1_000_000  #: bytes of a key set
AGAIN_S: Final = 10.0  #: between two questions for a key that is not known, and after a failure
_WAITING: Final = 3  #: who wait at most while the keys are fetched; the others keep the service going
_SMALLEST_RSA: Final = 2048  #: bits
_PARTS: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key, and what it may verify."""

    kid: str | None
    algorithms: frozenset[str]
    key: PublicKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys that count now."""

    keys: tuple[SigningKey, ...]

    def fitting(self, kid: str | None, algorithm: str) -> list[PublicKey]:
        """The keys of this id that may be used so; without an id, all that may."""
        return [
            each.key
            for each in self.keys
            if algorithm in each.algorithms and (kid is None or each.kid == kid)
        ]


NO_KEYS: Final = KeySet(())


class KeySource(Protocol):
    """Where the keys come from."""

    def now(self) -> KeySet:
        """The keys that count now.

        Raises:
            AccessUnavailable: They could not be had yet.
        """

    def renewed(self) -> KeySet:
        """The keys, asked for anew if that was not done just before."""


def read_key_set(text: bytes) -> KeySet:
    """The keys of a set that can be used; others are left out, as RFC 7517 has it.

    Raises:
        ValueError: It is no key set, or no key of it can be used.
    """
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError as broken:
        raise ValueError("this is not JSON; a JSON Web Key Set is wanted") from broken
    if not isinstance(told, dict) or not isinstance(told.get("keys"), list):
        raise ValueError("this is no JSON Web Key Set: an object with a list `keys` is wanted")
    keys = tuple(key for each in told["keys"] if (key := _signing_key(each)) is not None)
    if not keys:
        raise ValueError(
            "no key of this set can be used: RSA from 2048 bits, P-256, P-384, P-521 and Ed25519 can"
        )
    return KeySet(keys)


def _signing_key(told: Any) -> SigningKey | None:
    if not isinstance(told, dict) or told.get("use", "sig") != "sig":
        return None
    if "verify" not in told.get("key_ops", ["verify"]):
        return None
    kty, kid = told.get("kty"), told.get("kid")
    algorithms = RSA if kty == "RSA" else CURVES.get((str(kty), str(told.get("crv"))), ())
    if "alg" in told:
        algorithms = tuple(name for name in algorithms if name == told["alg"])
    if not algorithms or not (kid is None or isinstance(kid, str)):
        return None
    key = _public_key(str(kty), told)
    return None if key is None else SigningKey(kid, frozenset(algorithms), key)


def _public_key(kty: str, told: Mapping[str, Any]) -> PublicKey | None:
    types: dict[str, type[PublicKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    try:
        if kty == "RSA" and _bits(told["n"]) < _SMALLEST_RSA:
            return None
        key = types[kty].import_key({"kty": kty, **{name: told[name] for name in _PARTS[kty]}})
        key.public_key  # noqa: B018 - a point beside its curve is seen only when the key is made
    except (JoseError, KeyError, TypeError, ValueError):
        return None
    return key


def _bits(number: str) -> int:
    """How many bits a number has that a key set tells."""
    return int.from_bytes(urlsafe_b64decode(f"{number}==")).bit_length()


class FileKeys:
    """Keys in a file; a change of it counts at once."""

    def __init__(self, file: Watched[KeySet]) -> None:
        self._file = file

    def now(self) -> KeySet:
        """As `KeySource.now`."""
        return self._file.now()

    def renewed(self) -> KeySet:
        """As `KeySource.renewed`."""
        return self._file.now()


class FetchedKeys:
    """Keys at an address. What was fetched last holds until something else is there; asking never hurts those
    whose keys are known.
    """

    def __init__(
        self, fetch: Callable[[], bytes], clock_s: Callable[[], float], tell: Callable[[str], None]
    ) -> None:
        """Nothing is fetched yet.

        Args:
            fetch: Gets the key set; an `OSError` when that fails.
            clock_s: Seconds that only grow.
            tell: Is told why the keys could not be fetched.
        """
        self._fetch, self._clock_s, self._tell = fetch, clock_s, tell
        self._fetching = Lock()
        self._turns = BoundedSemaphore(_WAITING)
        self._text = b""
        self._keys: KeySet | None = None
        self._asked_s: float | None = None

    def now(self) -> KeySet:
        """As `KeySource.now`."""
        keys = self._keys if self._keys is not None else self._ask(for_one_unknown=False)
        if keys is None:
            raise AccessUnavailable("the keys that tokens are signed with cannot be fetched now")
        return keys

    def renewed(self) -> KeySet:
        """As `KeySource.renewed`."""
        self._ask(for_one_unknown=True)
        return self.now()

    def renew(self) -> bool:
        """Fetch them now, and say whether that went well; for whoever sees to it that they stay fresh."""
        with self._fetching:
            return self._renew()

    def _ask(self, *, for_one_unknown: bool) -> KeySet | None:
        """Fetch them for a request, unless that failed or was done for an unknown key a moment ago."""
        began_s = self._clock_s()
        if not self._turns.acquire(blocking=False):
            raise AccessUnavailable("the keys that tokens are signed with are being fetched")
        try:
            with self._fetching:
                wanted = for_one_unknown or self._keys is None  # another request may have been faster
                if wanted and (self._asked_s is None or began_s - self._asked_s >= AGAIN_S):
                    good = self._renew()
                    if for_one_unknown or not good:
                        self._asked_s = self._clock_s()
                return self._keys
        finally:
            self._turns.release()

    def _renew(self) -> bool:
        try:
            text = self._fetch()
            if text != self._text:
                self._keys, self._text = read_key_set(text), text
        except (OSError, ValueError) as refused:
            self._tell(str(refused))
            return False
        return True
