"""Records: everyone may see the leaf, so it says nothing of the person, yet it binds every private byte."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256, shake_256

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.canonical import canonical
from service.ledger.merkle import entry_hash
from service.ledger.record import microseconds, moment
from service.ledger.sealing import LEAF_LIMIT, is_what_was_sealed, opened, seal
from tests.ledger.records import a_record

KEY = bytes(range(32))
LOG = "ladders/test"


def test_the_leaf_is_the_envelope_in_canonical_form() -> None:
    """Its form is for ever: what is written today is read by every later release."""
    sealed = seal(a_record(), log=LOG, record_key=KEY)
    leaf = orjson.loads(sealed.leaf)
    root = leaf["private"].pop("root")
    assert len(base64.urlsafe_b64decode(root + "=")) == 32
    assert leaf == {
        "v": 2,
        "kind": "verdict",
        "log": LOG,
        "id": "01934a5c-0000-7000-8000-000000000001",
        "decided_at": "2026-11-20T09:14:03.250000Z",
        "track": "people-lead",
        "level": "team-lead",
        "outcome": "not_eligible",
        "policy": {"set": "sha256:" + "ab" * 32, "version": "people-lead/2026-01-01", "digest": None},
        "engine": "ladders 0.1.0 / durable-rules 2.0.28",
        "rules": [["route", "met"], ["manager-training", "unmet"]],
        "about": None,
        "detail": {},
        "content": None,
        "private": {"alg": "c2-sha256", "n": 8},
    }
    assert canonical(orjson.loads(sealed.leaf)) == sealed.leaf
    assert sealed.leaf_hash == sha256(b"\x00" + sealed.leaf).digest()


def test_sealing_gives_the_same_bytes_in_every_release() -> None:
    """Logs are kept for years: a change needs a new version of the leaf, not a new meaning of this one."""
    sealed = seal(a_record(), log=LOG, record_key=KEY)
    assert sealed.leaf_hash.hex() == "313ad3557cd6ac54db913fb4231d98bfbb57581baa69211cb2aa93658860e28a"


def test_the_root_is_over_one_salted_commitment_for_each_field_and_decoys() -> None:
    """So that an auditor can open one field alone with its salt, and the number of fields stays hidden."""
    record = a_record()
    leaf = orjson.loads(seal(record, log=LOG, record_key=KEY).leaf)
    verdict = record.private["/verdict"]
    fields = {
        "/replay/verdict_sha256": sha256(verdict).hexdigest(),
        "/request": orjson.loads(record.private["/request"]),
        "/verdict/candidate": {"id": "E-1042"},
        "/verdict/summary": "not eligible yet",
    }
    stream = shake_256(b"\x04" + KEY).digest(4 * 18)
    hashes = []
    for number, (pointer, value) in enumerate(fields.items()):
        salt = base64.urlsafe_b64encode(stream[number * 18 : number * 18 + 18]).decode()
        hashes.append(sha256(b"\x02" + canonical([salt, pointer, value])).digest())
    noise = shake_256(b"\x03" + KEY).digest(4 * 32)
    hashes += [noise[at : at + 32] for at in range(0, len(noise), 32)]
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    assert leaf["private"]["root"] == base64.urlsafe_b64encode(hashes[0]).rstrip(b"=").decode()


def test_the_leaf_tells_two_people_apart_only_by_chance() -> None:
    """Without the key nobody can try names until the leaf fits: one person gives a new root every time."""
    one = seal(a_record(person="E-1042"), log=LOG, record_key=KEY)
    again = seal(a_record(person="E-1042"), log=LOG, record_key=KEY[::-1])
    assert b"E-1042" not in one.leaf
    assert one.leaf != again.leaf
    assert len(one.leaf) == len(seal(a_record(person="E-1042-long-name"), log=LOG, record_key=KEY).leaf)


def test_no_plain_hash_of_a_private_part_is_in_the_leaf() -> None:
    """A hash of few possible inputs is as good as the input."""
    record = a_record()
    leaf = seal(record, log=LOG, record_key=KEY).leaf
    for part in record.private.values():
        for digest in (sha256(part).digest(), entry_hash(part)):
            assert digest.hex().encode() not in leaf
            assert base64.urlsafe_b64encode(digest).rstrip(b"=") not in leaf


@given(
    st.dictionaries(st.from_regex(r"(/[a-z]{1,5}){1,2}", fullmatch=True), st.text(max_size=9), max_size=20)
)
def test_the_private_parts_come_back_byte_for_byte(parts: dict[str, str]) -> None:
    """The caller gets the same verdict again as was first answered."""
    private = {pointer: canonical(part) for pointer, part in parts.items()}
    sealed = seal(replace(a_record(), private=private), log=LOG, record_key=KEY)
    assert opened(sealed.body) == (KEY, private)
    assert is_what_was_sealed(sealed.leaf, sealed.leaf_hash, sealed.body)
    assert orjson.loads(sealed.leaf)["private"]["n"] % 8 == 0


def test_a_changed_body_leaf_or_hash_is_noticed() -> None:
    """A stored row that no longer fits must not be answered with."""
    sealed = seal(a_record(), log=LOG, record_key=KEY)
    other = seal(a_record(says="eligible"), log=LOG, record_key=KEY)
    assert is_what_was_sealed(sealed.leaf, sealed.leaf_hash, None)
    assert not is_what_was_sealed(sealed.leaf, sealed.leaf_hash, other.body)
    assert not is_what_was_sealed(sealed.leaf, sealed.leaf_hash, KEY[::-1] + sealed.body[32:])
    assert not is_what_was_sealed(sealed.leaf.replace(b"not_eligible", b"eligible"), sealed.leaf_hash, None)
    assert not is_what_was_sealed(sealed.leaf, bytes(32), sealed.body)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "E-1042"}, "`id` of a record is a UUID"),
        ({"id": "01934A5C-0000-7000-8000-000000000001"}, "`id` of a record is a UUID"),
        ({"decided_at": datetime(2026, 1, 1)}, "needs a time zone"),  # noqa: DTZ001  (this is the mistake)
        ({"policy_set": "abc"}, "a policy digest is"),
        ({"policy_digest": "sha256:" + "AB" * 32}, "a policy digest is"),
    ],
)
def test_a_record_that_could_not_be_read_later_is_refused(change: dict[str, object], message: str) -> None:
    """Once written it cannot be put right."""
    with pytest.raises(ValueError, match=message):
        replace(a_record(), **change)  # type: ignore[arg-type]  # the table holds wrong values on purpose


@pytest.mark.parametrize("pointer", ["", "request", "/ä", "/a\n", "/"])
def test_a_part_without_a_pointer_is_refused(pointer: str) -> None:
    """The pointer is part of what the leaf commits to, and of what is disclosed."""
    with pytest.raises(ValueError, match="JSON pointer"):
        seal(replace(a_record(), private={pointer: b"1"}), log=LOG, record_key=KEY)


def test_an_envelope_that_no_tile_could_hold_is_refused() -> None:
    """The tree's published form has room for 65,535 bytes in an entry."""
    wide = replace(a_record(), rules=tuple((f"requirement-{number}", "met") for number in range(3000)))
    with pytest.raises(ValueError, match=f"at most {LEAF_LIMIT} bytes"):
        seal(wide, log=LOG, record_key=KEY)


def test_a_record_with_300_requirements_fits() -> None:
    """The largest level that Ladders promises to judge must also be recorded."""
    wide = replace(
        a_record(), rules=tuple((f"a-requirement-with-a-long-name-{n}", "not_applicable") for n in range(300))
    )
    assert len(seal(wide, log=LOG, record_key=KEY).leaf) < LEAF_LIMIT


def test_a_key_of_another_length_is_refused() -> None:
    """A short key could be guessed."""
    with pytest.raises(ValueError, match="32 bytes"):
        seal(a_record(), log=LOG, record_key=b"short")


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_are_counted_exactly(at: datetime) -> None:
    """Through floats, microseconds would be off by one for dates of today."""
    assert moment(microseconds(at)) == at


def test_a_moment_in_another_zone_is_written_in_utc() -> None:
    """Leaves of one log are compared as text."""
    there = datetime(2026, 11, 20, 10, 14, 3, tzinfo=timezone(timedelta(hours=1)))
    leaf = seal(replace(a_record(), decided_at=there), log=LOG, record_key=KEY).leaf
    assert orjson.loads(leaf)["decided_at"] == "2026-11-20T09:14:03.000000Z"
