"""API keys: who has one is known, nobody else is, and the file that says so gives no key away."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.access.api_keys import ApiKey, ApiKeys, new_key, read_keys, revoked, written
from service.access.callers import Caller, Scope
from service.access.known import KnownAccess
from service.access.watched import Watched
from service.errors import NotKnown

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHANCE = bytes(range(37))
NONE: tuple[ApiKey, ...] = ()


class Place:
    """A file of keys, those who know callers by it, and a clock."""

    def __init__(self, path: Path) -> None:
        self.path, self.now, self.told = path, NOON, list[str]()
        self.path.write_bytes(written([]))
        self.known = ApiKeys(Watched(path, read_keys, NONE, self.told.append), lambda: self.now)

    def add(self, name: str, *scopes: Scope, chance: bytes = CHANCE, days: int = 0) -> str:
        ends = NOON + timedelta(days=days) if days else None
        key, text = new_key(name, scopes, now=NOON, expires_at=ends, chance=chance)
        self.path.write_bytes(written([*read_keys(self.path.read_bytes()), key]))
        return text

    def refused(self, credential: str) -> str:
        with pytest.raises(NotKnown) as why:
            self.known.caller_of(credential)
        return str(why.value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A file without keys."""
    return Place(tmp_path / "keys.json")


def test_whoever_has_a_key_is_known_by_name_and_scopes(place: Place) -> None:
    """And another key of the same name is the same caller, so that keys can be changed without a pause."""
    text = place.add("workday", "submit", "decide")
    caller = place.known.caller_of(text)
    assert caller == Caller("workday", "key", frozenset({"submit", "decide"}))
    other = place.add("workday", "submit", chance=CHANCE[::-1])
    assert place.known.caller_of(other).owner == caller.owner


def test_the_file_does_not_hold_the_key(place: Place) -> None:
    """Whoever can read the file, or a backup of it, must not be able to use it."""
    text = place.add("workday", "submit")
    secret = text.rpartition("_")[2]
    assert secret not in place.path.read_text()
    assert len(secret) == 43
    assert text.startswith("ladders_")


@pytest.mark.parametrize(
    "change", ["first", "last", "id", "shorter", "longer", "other case", "no id", "hash"]
)
def test_a_key_that_only_looks_like_one_is_refused(change: str, place: Place) -> None:
    """All of it counts; and the hash, which stands in the file, is no key."""
    text = place.add("workday", "submit")
    head, id_, secret = text.split("_", 2)
    forged = {
        "first": f"{head}_{id_}_{'B' if secret[0] != 'B' else 'C'}{secret[1:]}",
        "last": f"{head}_{id_}_{secret[:-1]}{'B' if secret[-1] != 'B' else 'C'}",
        "id": f"{head}_aaaaaaaa_{secret}",
        "shorter": text[:-1],
        "longer": text + "A",
        "other case": text.swapcase(),
        "no id": f"{head}_{secret}",
        "hash": f"{head}_{id_}_{json.loads(place.path.read_bytes())['keys'][0]['secret_sha256']}",
    }[change]
    assert place.refused(forged) == "this API key is not known here"
    assert place.known.caller_of(text).name == "workday"


def test_a_key_ends_when_it_was_said_to(place: Place) -> None:
    """A key that nobody remembers must not be good for ever."""
    text = place.add("workday", "submit", days=1)
    place.now = NOON + timedelta(days=1) - timedelta(seconds=1)
    place.known.caller_of(text)
    place.now = NOON + timedelta(days=1)
    assert place.refused(text) == "this API key has expired"


def test_a_revoked_key_is_refused_with_the_next_request_and_keeps_its_date(place: Place) -> None:
    """A key is revoked because somebody else has it."""
    text = place.add("workday", "submit")
    place.known.caller_of(text)
    gone = revoked(read_keys(place.path.read_bytes()), text.split("_")[1], NOON)
    place.path.write_bytes(written(gone))
    assert place.refused(text) == "this API key has been revoked"
    assert revoked(gone, gone[0].id, NOON + timedelta(days=1)) == gone


def test_a_wrong_secret_is_not_told_that_the_key_has_expired(place: Place) -> None:
    """Only whoever has the key learns anything about it."""
    text = place.add("workday", "submit", days=1)
    place.now = NOON + timedelta(days=2)
    assert place.refused(text[:-1] + "x") == "this API key is not known here"


def test_a_broken_file_changes_nothing_and_is_told_once(place: Place) -> None:
    """A slip in an editor must not lock everybody out."""
    text = place.add("workday", "submit")
    place.known.caller_of(text)
    place.path.write_text("{")
    for _ in range(3):
        assert place.known.caller_of(text).name == "workday"
    (told,) = place.told
    assert "what it said before still holds" in told


def test_removing_the_file_locks_everybody_out(place: Place) -> None:
    """In an emergency that is the shortest way."""
    text = place.add("workday", "submit")
    place.known.caller_of(text)
    place.path.unlink()
    assert place.refused(text) == "this API key is not known here"
    place.refused(text)
    assert len(place.told) == 1


@pytest.mark.parametrize("name", ["", "Workday", "two words", "-", "a" * 65, "naïve", "a\n"])
def test_a_name_is_one_plain_word(name: str) -> None:
    """It stands in logs, and with every verdict."""
    with pytest.raises(ValueError, match="a name has up to 64"):
        new_key(name, ["submit"], now=NOON, expires_at=None, chance=CHANCE)


def test_a_key_has_a_scope() -> None:
    """Otherwise it would be made in vain."""
    with pytest.raises(ValueError, match="a key without a scope"):
        new_key("workday", [], now=NOON, expires_at=None, chance=CHANCE)


def test_what_is_written_is_read_again() -> None:
    """The file is its own only memory."""
    key, _ = new_key("workday", ["audit", "submit"], now=NOON, expires_at=NOON, chance=CHANCE)
    assert key.scopes == ("submit", "audit")
    assert read_keys(written([key])) == (key,)
    assert revoked(read_keys(written(revoked([key], key.id, NOON))), "", NOON) == revoked([key], key.id, NOON)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"scopes": ["sumbit"]}, "did you mean `submit`?"),
        ({"scopes": "submit"}, "something that is no scope"),
        ({"scopes": [["submit"]]}, "something that is no scope"),
        ({"secret_sha256": "x"}, "`secret_sha256` is not what"),
        ({"name": "Two Words"}, "`name` is not what"),
        ({"id": None}, "`id` is not what"),
        ({"made_at": None}, "`made_at` is no moment"),
        ({"expires_at": "2027-01-31"}, "`expires_at` is no moment"),
        ({"expires_at": 7}, "`expires_at` is no moment"),
        ({"expiry": None}, "look at `expiry`"),
    ],
)
def test_a_file_that_was_changed_by_hand_is_refused_where_it_is_wrong(
    change: dict[str, Any], complaint: str
) -> None:
    """A misspelt `revoked_at` must not leave a key good."""
    key, _ = new_key("workday", ["submit"], now=NOON, expires_at=None, chance=CHANCE)
    told = json.loads(written([key]))
    told["keys"].append({**told["keys"][0], "id": "a" * 8, **change})
    with pytest.raises(ValueError, match="key 2: ") as refused:
        read_keys(json.dumps(told).encode())
    assert complaint in str(refused.value)


def test_two_keys_with_one_id_are_refused() -> None:
    """One of them would stay good when the other is revoked."""
    key, _ = new_key("workday", ["submit"], now=NOON, expires_at=None, chance=CHANCE)
    with pytest.raises(ValueError, match=f"two keys with the id `{key.id}`"):
        read_keys(written([key, key]))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic d29ya2RheTp4",
        "Bearer a b",
        "Bearer a, Bearer b",
        "ladders_x",
        "Bearer a,b",
    ],
)
def test_a_header_that_is_not_one_bearer_is_refused(header: str, place: Place) -> None:
    """Two credentials in one header would let a proxy check one and us the other."""
    with pytest.raises(NotKnown, match="not `Bearer` and one token or API key"):
        KnownAccess(place.known, None).caller_of(header)


def test_the_word_bearer_may_be_written_in_any_case(place: Place) -> None:
    """RFC 9110 leaves that open."""
    text = place.add("workday", "submit")
    for word in ("Bearer", "bearer", "BEARER"):
        assert KnownAccess(place.known, None).caller_of(f"{word} {text}").name == "workday"


def test_what_is_not_set_up_is_not_taken(place: Place) -> None:
    """And the caller is told what is."""
    text = place.add("workday", "submit")
    with pytest.raises(NotKnown, match="send an API key"):
        KnownAccess(place.known, None).caller_of("Bearer e30.e30.e30")
    with pytest.raises(NotKnown, match="send a token"):
        KnownAccess(None, None).caller_of(f"Bearer {text}")
