"""Tokens: a JWT that somebody else's identity provider has signed goes in; the caller comes out, or why not.

What counts is pinned beforehand: issuer, audience, algorithms, and keys from one place. Nothing that a token
says of itself (`jwk`, `jku`, `x5u`, an algorithm that was not pinned) has a part in finding the key.
A token that was found good is remembered until it ends, or until the keys are others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from threading import Lock
from typing import Any, Final

from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import CompactSignature, JWSRegistry
from joserfc.util import urlsafe_b64decode

from service.access.callers import SCOPES, Caller, Scope, candidate_caller
from service.access.key_sets import NO_KEYS, KeySet, KeySource, PublicKey
from service.errors import NotKnown, RequestError
from service.facts.json_text import read_json

REMEMBERED: Final = 4_096  #: tokens that were found good
_TYPES: Final = ("jwt", "at+jwt", "application/jwt", "application/at+jwt")
_LONGEST_NAME: Final = 200
_UNREADABLE: Final = "this is no token that can be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What makes a token good, and where it says what."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    leeway_s: int  #: how far the clocks may be apart
    name: str = "sub"  #: the claim with the caller's name
    scopes: str = "scope"  #: the claim with the scopes: words with spaces between, or a list
    scope_prefix: str = ""  #: what stands before each scope that is meant for this service
    candidate: str = ""  #: the claim with a candidate's id; empty: there are no candidates' tokens


class Tokens:
    """Knows callers by their tokens."""

    def __init__(self, rules: TokenRules, source: KeySource, now_s: Callable[[], float]) -> None:
        """Nobody is known yet.

        Args:
            rules: What makes a token good.
            source: The keys.
            now_s: Seconds since 1970.
        """
        self._rules, self._source, self._now_s = rules, source, now_s
        self._registry = _Pinned(rules.algorithms)
        self._remembering = Lock()
        #: by the keys that they were verified with: the token's digest, the caller, and when it ends
        self._good: tuple[KeySet, dict[bytes, tuple[Caller, float]]] = (NO_KEYS, {})

    def caller_of(self, token: str) -> Caller:
        """Whose token this is.

        Raises:
            NotKnown: It is not good, for the reason that is said.
            AccessUnavailable: There are no keys to verify it with yet.
        """
        keys, now_s = self._source.now(), self._now_s()
        verified_with, good = self._good
        digest = sha256(token.encode()).digest()
        if verified_with is keys and (known := good.get(digest)) is not None and now_s < known[1]:
            return known[0]
        keys, claims = self._verified(token, keys)
        ends_s = self._check(claims, now_s)
        caller = self._caller(claims)
        self._remember(keys, digest, caller, ends_s)
        return caller

    def _verified(self, token: str, keys: KeySet) -> tuple[KeySet, Mapping[str, Any]]:
        """The claims of a token whose signature fits, and the keys of which one does."""
        try:
            header = _header(token)
            signed = jws.extract_compact(token.encode(), registry=self._registry)
            self._check_header(header)
        except UnsupportedAlgorithmError:
            taken = ", ".join(self._rules.algorithms)
            raise NotKnown(f"this token is signed in a way that is not taken here; taken: {taken}") from None
        except (JoseError, RequestError, ValueError, TypeError):
            raise NotKnown(_UNREADABLE) from None
        kid, algorithm = header.get("kid"), str(header["alg"])
        fitting = keys.fitting(kid, algorithm)
        if not fitting:
            keys = self._source.renewed()
            fitting = keys.fitting(kid, algorithm)
        if not fitting:
            raise NotKnown("this token is signed with a key that is not known here")
        if kid is None and len(fitting) > 1:
            raise NotKnown("this token does not say which key it is signed with (`kid`)")
        if not any(self._fits(signed, key) for key in fitting):
            raise NotKnown("the signature of this token is wrong")
        try:
            claims = read_json(signed.payload or b"")
        except RequestError:
            raise NotKnown(_UNREADABLE) from None
        if not isinstance(claims, dict):
            raise NotKnown(_UNREADABLE)
        return keys, claims

    def _check_header(self, header: Mapping[str, Any]) -> None:
        self._registry.get_alg(str(header.get("alg")))
        kid, kind = header.get("kid"), header.get("typ", "jwt")
        if "crit" in header or not (kid is None or isinstance(kid, str)):
            raise NotKnown(_UNREADABLE)
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            raise NotKnown("this is another kind of token than one for access")

    def _fits(self, signed: CompactSignature, key: PublicKey) -> bool:
        try:
            return jws.validate_compact(signed, key, registry=self._registry)
        except (BadSignatureError, JoseError, ValueError):
            return False

    def _check(self, claims: Mapping[str, Any], now_s: float) -> float:
        """See that a token is meant for here and for now; gives the moment from which it is not."""
        rules = self._rules
        if claims.get("iss") != rules.issuer:
            raise NotKnown("this token is from another issuer than the one that is trusted here")
        audience = claims.get("aud")
        if rules.audience not in (audience if isinstance(audience, list) else [audience]):
            raise NotKnown("this token is meant for another audience")
        ends_s = _seconds(claims, "exp") + rules.leeway_s
        if now_s >= ends_s:
            raise NotKnown("this token has expired")
        if "nbf" in claims and now_s < _seconds(claims, "nbf") - rules.leeway_s:
            raise NotKnown("this token is not valid yet")
        if "iat" in claims and now_s < _seconds(claims, "iat") - rules.leeway_s:
            raise NotKnown("this token was issued in the future; compare the clocks")
        return ends_s

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        rules = self._rules
        if rules.candidate and rules.candidate in claims:
            return candidate_caller(_word(claims, rules.candidate))
        return Caller(
            _word(claims, rules.name), "token", _scopes(claims.get(rules.scopes), rules.scope_prefix)
        )

    def _remember(self, keys: KeySet, digest: bytes, caller: Caller, ends_s: float) -> None:
        with self._remembering:
            verified_with, good = self._good
            if verified_with is not keys:
                good = {}
                self._good = (keys, good)
            if len(good) >= REMEMBERED:
                del good[next(iter(good))]  # the one that has been there longest
            good[digest] = (caller, ends_s)


class _Pinned(JWSRegistry):
    """Algorithms that were pinned, and no other whatever a token says."""

    max_header_length = 4_096  # some providers put a chain of certificates there

    def __init__(self, algorithms: tuple[str, ...]) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)
        self._pinned = {name: self.algorithms[name] for name in algorithms}

    def get_alg(self, name: str) -> JWSAlgModel:
        """The algorithm of that name, if it was pinned."""
        if name not in self._pinned:
            raise UnsupportedAlgorithmError
        return self._pinned[name]


def _header(token: str) -> dict[str, Any]:
    """The header of a token, read without following it to any depth, and with no name twice."""
    header = read_json(urlsafe_b64decode(token.partition(".")[0].encode()))
    if not isinstance(header, dict):
        raise NotKnown(_UNREADABLE)
    return header


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    """A moment that a claim names, in seconds since 1970."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise NotKnown(f"this token has no moment in `{name}`")
    return float(value)


def _word(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
        raise NotKnown(f"this token has no name in `{name}`")
    return value


def _scopes(told: Any, prefix: str) -> frozenset[Scope]:
    """The scopes of this service among those of a token; it may have others, for other services."""
    words = told.split() if isinstance(told, str) else told if isinstance(told, list) else []
    own = {word.removeprefix(prefix) for word in words if isinstance(word, str) and word.startswith(prefix)}
    return frozenset(word for word in own if word in SCOPES)
