"""An identity provider for tests: claims go in; tokens, good or forged in every known way, come out."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from warnings import catch_warnings

from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from service.access.algorithms import ALGORITHMS
from service.access.key_sets import KeySet, read_key_set
from service.access.tokens import TokenRules

ISSUER = "https://login.example.org/company"
AUDIENCE = "ladders"
NOW_S = 1_800_000_000.0
RULES = TokenRules(
    issuer=ISSUER, audience=AUDIENCE, algorithms=("RS256", "ES256"), leeway_s=30, candidate="candidate_id"
)
Key = RSAKey | ECKey | OKPKey
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
TWICE = b'{"alg": "RS256", "alg": "none", "kid": "rsa-1"}'
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa-1"})


def key_set_text(*keys: Key | Mapping[str, Any] | str) -> bytes:
    """What the identity provider publishes."""
    public = [
        key if isinstance(key, Mapping | str) else key.as_dict(private=False) for key in keys or (RSA, EC)
    ]
    return json.dumps({"keys": public}).encode()


def key_set(*keys: Key | Mapping[str, Any]) -> KeySet:
    """The same, read."""
    return read_key_set(key_set_text(*keys))


def claims(now_s: float = NOW_S, **changed: Any) -> dict[str, Any]:
    """The claims of a good token; those changed to None are left out."""
    told = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "workday",
        "scope": "openid submit profile",
        "iat": int(now_s) - 10,
        "nbf": int(now_s) - 10,
        "exp": int(now_s) + 600,
        **changed,
    }
    return {name: value for name, value in told.items() if value is not None}


def signed(
    payload: Mapping[str, Any] | bytes, key: Any = RSA, algorithm: str = "RS256", **header: Any
) -> str:
    """A token; header members that are None are left out."""
    head = {"alg": algorithm, "typ": "JWT", "kid": getattr(key, "kid", None), **header}
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    told = {name: value for name, value in head.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    with catch_warnings(action="ignore", category=SecurityWarning):  # of the old name of Ed25519
        return jws.serialize_compact(told, text, key, registry=registry)


def token(now_s: float = NOW_S, **changed: Any) -> str:
    """A good token, but for what is changed in its claims."""
    return signed(claims(now_s, **changed))


def in_base64(text: bytes) -> str:
    """As tokens have it."""
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def unsigned(told: Mapping[str, Any], signature: str = "", **header: Any) -> str:
    """A token that says of itself that it needs no signature."""
    head = {
        name: value for name, value in {"alg": "none", "typ": "JWT", **header}.items() if value is not None
    }
    return f"{in_base64(json.dumps(head).encode())}.{in_base64(json.dumps(told).encode())}.{signature}"


def signed_with_the_public_key(told: Mapping[str, Any], public: bytes, kid: str) -> str:
    """Key confusion: the public key, which everybody has, used as the secret of an HMAC."""
    head, payload, _ = unsigned(told, alg="HS256", kid=kid).split(".")
    mac = hmac.digest(public, f"{head}.{payload}".encode(), "sha256")
    return f"{head}.{payload}.{in_base64(mac)}"


def tampered(good: str, **changed: Any) -> str:
    """A good token with other claims and its old signature."""
    head, _, signature = good.split(".")
    return f"{head}.{in_base64(json.dumps(claims(**changed)).encode())}.{signature}"


#: Tokens that must be refused, made for any moment: what is wrong, and the words that say so.
def forged(now_s: float = NOW_S) -> dict[str, tuple[str, str]]:
    """Every kind of bad token: its text, and a part of the reason that is given."""
    good = claims(now_s)
    at = int(now_s)
    is_audit = claims(now_s, scope="audit")
    return {
        "expired": (token(now_s, exp=at - 31), "expired"),
        "not yet valid": (token(now_s, nbf=at + 60), "not valid yet"),
        "issued in the future": (token(now_s, iat=at + 60), "future"),
        "without an end": (token(now_s, exp=None), "`exp`"),
        "with a text for an end": (token(now_s, exp=str(at + 600)), "`exp`"),
        "with yes for an end": (token(now_s, exp=True), "`exp`"),
        "wrong issuer": (token(now_s, iss="https://evil.example.org"), "issuer"),
        "an issuer that only begins so": (token(now_s, iss=ISSUER + "/"), "issuer"),
        "no issuer": (token(now_s, iss=None), "issuer"),
        "wrong audience": (token(now_s, aud="payroll"), "audience"),
        "other audiences": (token(now_s, aud=["payroll", "ladders-test"]), "audience"),
        "no audience": (token(now_s, aud=None), "audience"),
        "no name": (token(now_s, sub=None), "`sub`"),
        "an empty name": (token(now_s, sub=""), "`sub`"),
        "a name that is none": (token(now_s, sub=["workday"]), "`sub`"),
        "alg none": (unsigned(good), "not taken here"),
        "alg None": (unsigned(good, alg="None"), "not taken here"),
        "alg none with a signature": (unsigned(good, token(now_s).rpartition(".")[2]), "not taken here"),
        "no alg": (unsigned(good, alg=None), "can be read"),
        "key confusion, PEM": (
            signed_with_the_public_key(is_audit, RSA.as_pem(private=False), "rsa-1"),
            "not taken here",
        ),
        "key confusion, DER": (
            signed_with_the_public_key(is_audit, RSA.as_der(private=False), "rsa-1"),
            "not taken here",
        ),
        "key confusion, JWK": (
            signed_with_the_public_key(is_audit, json.dumps(RSA.as_dict(private=False)).encode(), "rsa-1"),
            "not taken here",
        ),
        "an RSA key said to be of a curve": (signed(good, RSA, "RS256", kid="ec-1"), "not known here"),
        "an algorithm that is not pinned": (signed(good, RSA, "RS512"), "not taken here"),
        "tampered": (tampered(token(now_s), now_s=now_s, scope="audit"), "signature"),
        "signed by a stranger under a known id": (signed(good, STRANGER), "signature"),
        "half a signature": (token(now_s)[:-20], "signature"),
        "no signature": (token(now_s).rpartition(".")[0] + ".", "signature"),
        "unknown kid": (signed(good, STRANGER, kid="rsa-9"), "not known here"),
        "a key of its own": (
            signed(good, STRANGER, kid="own", jwk=STRANGER.as_dict(private=False)),
            "not known here",
        ),
        "keys at an address of its own": (
            signed(good, STRANGER, kid="own", jku="https://evil.example.org/keys"),
            "not known here",
        ),
        "something critical": (
            unsigned(good, token(now_s).rpartition(".")[2], alg="RS256", kid="rsa-1", crit=["exp"], exp=1),
            "can be read",
        ),
        "another kind of token": (signed(good, typ="logout+jwt"), "another kind"),
        "a header without a bottom": (f"{in_base64(b'[' * 3000)}.e30.AA", "can be read"),
        "a header with two algorithms": (f"{in_base64(TWICE)}.e30.AA", "can be read"),
        "a header that is a list": (f"{in_base64(b'[]')}.e30.AA", "can be read"),
        "claims without a bottom": (signed(b"[" * 3000), "can be read"),
        "a list for claims": (signed(b"[1]"), "can be read"),
        "claims twice": (signed(b'{"iss": "a", "iss": "b"}'), "can be read"),
        "no JSON": (signed(b"iss=a"), "can be read"),
        "letters that are none": ("é" + token(now_s), "can be read"),
        "two parts": ("e30.e30", "can be read"),
        "five parts": ("e30.e30.e30.e30.e30", "can be read"),
        "no token": ("neither-token-nor-key", "can be read"),
    }
