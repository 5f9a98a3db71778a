"""Tokens: the good ones are known and remembered, and a forged one is not, whatever it says of itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey

from service.access.algorithms import ALGORITHMS
from service.access.callers import Caller
from service.access.key_sets import NO_KEYS, KeySet
from service.access.tokens import REMEMBERED, TokenRules, Tokens
from service.errors import NotKnown
from tests.access.issuer import (
    EC,
    NOW_S,
    RSA,
    RULES,
    STRANGER,
    claims,
    forged,
    in_base64,
    key_set,
    signed,
    token,
)


class Keys:
    """A source of keys, which counts how often it is asked for new ones."""

    def __init__(self, keys: KeySet) -> None:
        self.keys, self.later, self.asked = keys, keys, 0

    def now(self) -> KeySet:
        return self.keys

    def renewed(self) -> KeySet:
        self.asked += 1
        self.keys = self.later
        return self.keys


class Clock:
    """Says what it is told to say."""

    now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


def tokens(rules: TokenRules = RULES, keys: Keys | None = None, clock: Clock | None = None) -> Tokens:
    return Tokens(rules, keys or Keys(key_set()), clock or Clock())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KNOWN = tokens()


def refused(text: str, by: Tokens) -> str:
    """Why a token is not taken."""
    with pytest.raises(NotKnown) as why:
        by.caller_of(text)
    return str(why.value)


def test_a_good_token_names_its_caller_and_the_scopes_that_are_ours() -> None:
    """Tokens carry scopes of other services too; they mean nothing here."""
    assert tokens().caller_of(token()) == Caller("workday", "token", frozenset({"submit"}))
    assert tokens().caller_of(token(scope=["audit", "x", 7])).scopes == {"audit"}
    assert tokens().caller_of(token(scope=None)).scopes == frozenset()
    assert tokens().caller_of(token(aud=["payroll", "ladders"])).name == "workday"


@pytest.mark.parametrize("name", forged())
def test_a_bad_token_is_refused_with_the_reason(name: str) -> None:
    """Each is a way in that some service has left open."""
    text, reason = forged()[name]
    known = tokens()
    for _ in range(2):  # nor is it remembered as good
        assert reason in refused(text, known)


@given(
    head=st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "x5c", "zip", "enc"]),
        st.sampled_from(["RS256", "ES256", "rsa-1", "ec-1", "JWT", "none", ""]) | JSON,
        max_size=5,
    )
    | JSON,
    payload=st.binary(max_size=40),
    signature=st.binary(max_size=40) | st.just(bytes(256)) | st.just(bytes(64)),
)
def test_nothing_that_is_sent_does_more_than_be_refused(head: Any, payload: bytes, signature: bytes) -> None:
    """Before a caller is known, nobody may make the service fail."""
    parts = (json.dumps(head).encode(), payload, signature)
    refused(".".join(map(in_base64, parts)), KNOWN)


@given(st.text(max_size=60))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    """Headers hold anything that Latin-1 has, and more after a mistake in a proxy."""
    refused(text, KNOWN)


@pytest.mark.parametrize("name", forged())
def test_a_reason_repeats_nothing_of_the_token(name: str) -> None:
    """What was sent may be a secret, and the reason goes to logs."""
    text, _ = forged()[name]
    why = refused(text, tokens())
    assert "evil" not in why
    assert not any(len(part) > 8 and part in why for part in text.split("."))


def test_with_every_algorithm_pinned_still_none_is_taken_that_was_not_signed() -> None:
    """Pinning more must open no way that pinning less had closed."""
    every = tokens(replace(RULES, algorithms=ALGORITHMS))
    for name, (text, _) in forged().items():
        if name != "an algorithm that is not pinned":
            refused(text, every)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        *((name, RSA) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        ("ES256", EC),
        ("ES384", ECKey.generate_key("P-384", {"kid": "k"})),
        ("ES512", ECKey.generate_key("P-521", {"kid": "k"})),
        ("Ed25519", OKPKey.generate_key("Ed25519", {"kid": "k"})),
        ("EdDSA", OKPKey.generate_key("Ed25519", {"kid": "k"})),
    ],
)
def test_every_algorithm_that_can_be_pinned_works_and_only_when_it_is(
    algorithm: str, key: RSAKey | ECKey | OKPKey
) -> None:
    """What the settings offer must not fail on the first day."""
    keys, text = Keys(key_set(key)), signed(claims(), key, algorithm)
    assert tokens(replace(RULES, algorithms=(algorithm,)), keys).caller_of(text).name == "workday"
    others = tuple(name for name in ALGORITHMS if name != algorithm)
    assert "not taken here" in refused(text, tokens(replace(RULES, algorithms=others), keys))


def test_clocks_may_be_a_little_apart() -> None:
    """The machines of a company agree to the second only on paper."""
    at = int(NOW_S)
    for near in ({"exp": at - 29}, {"nbf": at + 30}, {"iat": at + 30}):
        assert tokens().caller_of(token(**near)).name == "workday"
    exact = replace(RULES, leeway_s=0)
    for near in ({"exp": at}, {"nbf": at + 1}, {"iat": at + 1}):
        refused(token(**near), tokens(exact))


def test_a_remembered_token_ends_when_it_ends() -> None:
    """Remembering must not make a token live longer."""
    clock = Clock()
    known, text = tokens(clock=clock), token(exp=int(NOW_S) + 60)
    known.caller_of(text)
    clock.now_s = NOW_S + 89
    known.caller_of(text)
    clock.now_s = NOW_S + 90
    assert "expired" in refused(text, known)


def test_a_remembered_token_is_not_verified_again_and_not_many_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A signature costs more than a verdict; memory must not grow with the number of tokens."""
    known, text = tokens(), token()
    caller = known.caller_of(text)
    monkeypatch.setattr(known, "_verified", lambda *_: pytest.fail("verified again"))
    assert known.caller_of(text) is caller
    monkeypatch.setattr(known, "_verified", lambda text, keys: (keys, claims(sub=text)))
    for number in range(REMEMBERED + 5):
        known.caller_of(str(number))
    assert len(known._good[1]) == REMEMBERED


def test_a_key_that_was_withdrawn_ends_the_tokens_signed_with_it() -> None:
    """A key is withdrawn because somebody has stolen it."""
    keys = Keys(key_set())
    known, text = tokens(keys=keys), token()
    known.caller_of(text)
    keys.keys = keys.later = key_set(EC)
    assert "not known here" in refused(text, known)
    keys.keys = NO_KEYS
    assert "not known here" in refused(text, known)


def test_an_unknown_key_is_asked_for_once_and_then_known() -> None:
    """Rotation: the identity provider signs with a new key before anybody here has heard of it."""
    keys = Keys(key_set(EC))
    keys.later = key_set(EC, RSA)
    known = tokens(keys=keys)
    assert known.caller_of(token()).name == "workday"
    known.caller_of(token(sub="other"))
    assert keys.asked == 1


def test_a_token_without_the_id_of_its_key_is_taken_when_only_one_key_fits() -> None:
    """Small identity providers have one key and do not name it."""
    text = signed(claims(), RSA, kid=None)
    assert tokens().caller_of(text).name == "workday"
    two = Keys(key_set(RSA, RSAKey.generate_key(2048, {"kid": "rsa-2"})))
    assert "`kid`" in refused(text, tokens(keys=two))


def test_of_two_keys_with_one_id_the_one_that_fits_is_taken() -> None:
    """Ids are chosen by the provider, and RFC 7517 does not forbid it."""
    assert tokens(keys=Keys(key_set(STRANGER, RSA))).caller_of(token()).name == "workday"


def test_a_candidate_is_known_by_their_claim_and_has_no_scopes() -> None:
    """Whatever scopes the token has beside: it is about one person."""
    caller = tokens().caller_of(token(candidate_id="E-1042", scope="audit submit"))
    assert (caller.kind, caller.candidate, caller.scopes) == ("candidate", "E-1042", frozenset())
    assert caller.name == "candidate"
    for odd in ("", 7, ["E-1042"], {"id": "E-1042"}):
        assert "`candidate_id`" in refused(token(candidate_id=odd), tokens())
    none_known = replace(RULES, candidate="")
    assert tokens(none_known).caller_of(token(candidate_id="E-1042")).kind == "token"


def test_claims_and_scopes_are_where_the_settings_say() -> None:
    """Every identity provider has its own names for them."""
    rules = replace(RULES, name="client_id", scopes="roles", scope_prefix="ladders:")
    text = token(client_id="hr-portal", roles=["ladders:submit", "audit", "ladders:x", "ladders:decide"])
    caller = tokens(rules).caller_of(text)
    assert caller == Caller("hr-portal", "token", frozenset({"submit", "decide"}))
