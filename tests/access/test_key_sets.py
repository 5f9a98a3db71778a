"""Key sets: only public keys of a good kind are taken, and they are had anew when one is not known."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from service.access.key_sets import AGAIN_S, FetchedKeys, read_key_set
from service.errors import AccessUnavailable
from tests.access.issuer import EC, RSA, in_base64, key_set, key_set_text


def test_only_the_public_part_of_a_key_is_taken() -> None:
    """A provider that publishes too much must not have us keep it."""
    (taken,) = key_set(RSA.as_dict(private=True)).keys
    assert not taken.key.is_private


@pytest.mark.parametrize(
    "odd",
    [
        OctKey.generate_key(256, {"kid": "o"}).as_dict(private=True),
        {"kty": "RSA", "kid": "short", "e": "AQAB", "n": in_base64(b"\xff" * 128)},
        ECKey.generate_key("secp256k1", {"kid": "k"}).as_dict(private=False),
        {**EC.as_dict(private=False), "y": EC.as_dict(private=False)["x"]},
        {**RSA.as_dict(private=False), "use": "enc"},
        {**RSA.as_dict(private=False), "key_ops": ["encrypt"]},
        {**RSA.as_dict(private=False), "alg": "RSA-OAEP"},
        {**RSA.as_dict(private=False), "alg": "ES256"},
        {**RSA.as_dict(private=False), "kid": 7},
        {**RSA.as_dict(private=False), "n": "!"},
        {**RSA.as_dict(private=False), "n": None},
        {"kty": "RSA"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {},
        "key",
    ],
    ids=[
        *(
            "shared secret",
            "short RSA",
            "another curve",
            "beside the curve",
            "for encryption",
            "verifies not",
        ),
        *(
            "for encryption by alg",
            "of another kind by alg",
            "kid is a number",
            "n is no number",
            "n is null",
        ),
        *("no n", "of the future", "empty", "a text"),
    ],
)
def test_a_key_that_cannot_be_used_is_left_out(odd: Any) -> None:
    """Providers publish keys for many uses in one set; one odd key must not lock everybody out."""
    assert [key.kid for key in read_key_set(key_set_text(odd, RSA)).keys] == ["rsa-1"]
    with pytest.raises(ValueError, match="no key of this set can be used"):
        read_key_set(key_set_text(odd))


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"keys": {}}', b"<html>"])
def test_what_is_no_key_set_is_refused(text: bytes) -> None:
    """An error page with status 200 must not be taken for a set without keys."""
    with pytest.raises(ValueError, match="JSON Web Key Set"):
        read_key_set(text)


def test_a_key_is_used_for_its_own_kind_of_algorithm_alone() -> None:
    """Otherwise the caller would choose how a key is used."""
    keys = key_set({**RSA.as_dict(private=False), "alg": "RS256"}, EC)
    assert len(keys.fitting("rsa-1", "RS256")) == 1
    assert keys.fitting("rsa-1", "PS256") == []
    assert keys.fitting("rsa-1", "ES256") == []
    assert keys.fitting("rsa-1", "HS256") == []
    assert keys.fitting("ec-1", "RS256") == []
    assert len(keys.fitting(None, "ES256")) == 1


class Provider:
    """An identity provider that can be broken, and a clock."""

    def __init__(self) -> None:
        self.text, self.asked, self.now_s, self.told = key_set_text(EC), 0, 100.0, list[str]()
        self.keys = FetchedKeys(self.fetch, lambda: self.now_s, self.told.append)

    def fetch(self) -> bytes:
        self.asked += 1
        if not self.text:
            raise OSError("it is away")
        return self.text


def kids(provider: Provider) -> list[str | None]:
    return [key.kid for key in provider.keys.now().keys]


def test_keys_are_fetched_once_and_stay_the_same_while_nothing_changes() -> None:
    """The very same set, so that what was verified with it counts on."""
    provider = Provider()
    first = provider.keys.now()
    assert provider.keys.now() is first
    assert provider.asked == 1
    assert provider.keys.renewed() is first
    assert provider.asked == 2


def test_a_key_that_is_not_known_is_asked_for_but_not_over_and_over() -> None:
    """Anyone can send tokens with made-up ids; the provider must not suffer from that."""
    provider = Provider()
    provider.keys.now()
    provider.text = key_set_text(EC, RSA)
    for _ in range(5):
        provider.keys.renewed()
    assert provider.asked == 2
    assert kids(provider) == ["ec-1", "rsa-1"]
    provider.now_s += AGAIN_S - 1
    provider.keys.renewed()
    assert provider.asked == 2
    provider.now_s += 1
    for _ in range(5):
        provider.keys.renewed()
    assert provider.asked == 3


@pytest.mark.parametrize("broken", [b"", b"<html>", b'{"keys": []}'])
def test_keys_stay_when_the_provider_is_away_or_talks_nonsense(broken: bytes) -> None:
    """Its failure is not ours: whoever has a token goes on."""
    provider = Provider()
    provider.keys.now()
    provider.text = broken
    assert provider.keys.renew() is False
    assert kids(provider) == ["ec-1"]
    assert len(provider.told) == 1
    provider.text = key_set_text(RSA)
    assert provider.keys.renew() is True
    assert kids(provider) == ["rsa-1"]


def test_without_any_keys_nobody_is_taken_for_a_stranger() -> None:
    """`401` would tell a good caller to throw a good token away."""
    provider = Provider()
    provider.text = b""
    for _ in range(3):
        with pytest.raises(AccessUnavailable):
            provider.keys.now()
    assert provider.asked == 1
    provider.text, provider.now_s = key_set_text(RSA), provider.now_s + AGAIN_S
    assert kids(provider) == ["rsa-1"]


def test_while_keys_are_fetched_few_wait_and_the_others_go_on() -> None:
    """A provider that hangs must not take every thread of the service with it."""
    provider, began, goes_on = Provider(), threading.Event(), threading.Event()
    provider.keys.now()
    known = provider.keys.now()
    provider.now_s += AGAIN_S

    def hang() -> bytes:
        began.set()
        assert goes_on.wait(20)
        return key_set_text(EC)

    provider.keys._fetch = hang
    waiting = [threading.Thread(target=provider.keys.renewed) for _ in range(3)]
    for thread in waiting:
        thread.start()
    try:
        assert began.wait(20)
        while provider.keys._turns._value > 0:
            began.wait(0.01)
        assert provider.keys.now() is known
        with pytest.raises(AccessUnavailable, match="being fetched"):
            provider.keys.renewed()
    finally:
        goes_on.set()
        for thread in waiting:
            thread.join(20)
