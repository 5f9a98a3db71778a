"""Records: what is to be remembered goes in; the leaf for the tree and the private body come out.

The leaf is what everyone may see for ever: an envelope without personal data, and one root over commitments
to the private parts. The body is what can be erased: the record's key and those parts. Without the key nobody
can test a guess against the leaf, for no hash of personal data stands in it unsalted.
Knows nothing of files, transactions or places in the log.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256, shake_256
from typing import Final

import orjson

from service.ledger.canonical import canonical
from service.ledger.merkle import entry_hash, tree_root

LEAF_LIMIT: Final = 65_535  #: bytes; the widest entry that the tiles of the tree can hold
KEY_BYTES: Final = 32
_STEP: Final = 8  #: the number of commitments is rounded up to a multiple of this, so that it tells little
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_POINTER: Final = re.compile(r"(/[\x20-\x7e]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing to remember, as its author submits it. Only `private` may hold anything about a person."""

    id: str  #: a UUID in lower case; for a verdict its `verdict_id`
    kind: str  #: `verdict`
    decided_at: datetime  #: with a time zone
    engine: str  #: e.g. `ladders 0.1.0 / durable-rules 2.0.28`
    private: Mapping[str, bytes]  #: canonical bytes by JSON pointer, e.g. `/request` and `/verdict`
    track: str | None = None
    level: str | None = None
    outcome: str | None = None
    policy_set: str | None = None  #: digest of the policy set, `sha256:…`
    policy_version: str | None = None  #: e.g. `people-lead/2026-01-01`
    policy_digest: str | None = None  #: digest of that version alone, `sha256:…`
    rules: tuple[tuple[str, str], ...] = ()  #: requirement id and result, in the policy's order

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError("the `id` of a record is a UUID in lower case")
        if self.decided_at.tzinfo is None:
            raise ValueError("`decided_at` needs a time zone")
        for digest in (self.policy_set, self.policy_digest):
            if digest is not None and not _DIGEST.fullmatch(digest):
                raise ValueError("a policy digest is `sha256:` and 64 lower-case hexadecimal digits")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record as it will be stored."""

    record: Record
    leaf: bytes
    leaf_hash: bytes
    body: bytes  #: the record key, then the private parts as one canonical object; what erasing removes


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a record is durable: its place, and the hash that stands there."""

    index: int  #: from 0, without gaps
    leaf_hash: str  #: `sha256:…`
    committed_at: datetime  #: in UTC; never before that of an earlier entry


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as the log holds it."""

    receipt: Receipt
    id: str
    kind: str
    leaf: bytes
    private: Mapping[str, bytes]  #: empty once erased


def seal(record: Record, *, log: str, record_key: bytes) -> Sealed:
    """The stored form of a record; the same arguments always give the same bytes.

    Args:
        record: What is to be remembered.
        log: The name of the log that it goes to.
        record_key: 32 random bytes, used for this record alone.

    Raises:
        ValueError: The key has another length, the leaf would pass 65,535 bytes, or something in the envelope
            or a pointer is not canonical.
    """
    if len(record_key) != KEY_BYTES:
        raise ValueError(f"a record key has {KEY_BYTES} bytes")
    leaf = canonical(
        {
            "v": 1,
            "kind": record.kind,
            "log": log,
            "id": record.id,
            "decided_at": _written(record.decided_at),
            "track": record.track,
            "level": record.level,
            "outcome": record.outcome,
            "policy": {
                "set": record.policy_set,
                "version": record.policy_version,
                "digest": record.policy_digest,
            },
            "engine": record.engine,
            "rules": record.rules,
            "overrides": None,
            "private": _commitments(record.private, record_key),
        }
    )
    if len(leaf) > LEAF_LIMIT:
        raise ValueError(f"the envelope of a record is at most {LEAF_LIMIT} bytes; this one has {len(leaf)}")
    return Sealed(record, leaf, entry_hash(leaf), record_key + _object(record.private))


def opened(body: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The record key and the private parts in a stored body."""
    parts: dict[str, object] = orjson.loads(body[KEY_BYTES:])
    return body[:KEY_BYTES], {pointer: canonical(part) for pointer, part in parts.items()}


def is_what_was_sealed(leaf: bytes, leaf_hash: bytes, body: bytes | None) -> bool:
    """Whether a stored leaf still has its hash and, unless erased, the body that it commits to."""
    if entry_hash(leaf) != leaf_hash:
        return False
    if body is None:
        return True
    record_key, parts = opened(body)
    return bool(orjson.loads(leaf)["private"] == _commitments(parts, record_key))


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 in UTC to `moment`, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(since_1970_us: int) -> datetime:
    """The moment that `microseconds` came from, in UTC."""
    return _EPOCH + timedelta(microseconds=since_1970_us)


def digest_text(digest: bytes) -> str:
    """A SHA-256 digest as it is shown: `sha256:` and its hexadecimal digits."""
    return f"sha256:{digest.hex()}"


def _commitments(parts: Mapping[str, bytes], record_key: bytes) -> dict[str, object]:
    """What the leaf says of the private parts: how many commitments, rounded up, and the root over them."""
    found = [_commitment(pointer, parts[pointer], record_key) for pointer in sorted(parts)]
    decoys = -len(found) % _STEP
    noise = shake_256(b"\x03" + record_key).digest(decoys * sha256().digest_size)
    found += [noise[at : at + 32] for at in range(0, len(noise), 32)]
    return {"alg": "c1-sha256", "n": len(found), "root": _base64(tree_root(found))}


def _commitment(pointer: str, part: bytes, record_key: bytes) -> bytes:
    """SHA-256 over 0x02 and the canonical array of salt, pointer and value; the salt opens it alone."""
    salt = _base64(hmac.digest(record_key, pointer.encode(), "sha256")[:16])
    return sha256(b'\x02["%b",%b,%b]' % (salt.encode(), _quoted(pointer), part)).digest()


def _object(parts: Mapping[str, bytes]) -> bytes:
    """The canonical object of parts that are canonical already."""
    return b"{%b}" % b",".join(b"%b:%b" % (_quoted(pointer), parts[pointer]) for pointer in sorted(parts))


@lru_cache(maxsize=4096)  # the pointers of one kind of record are always the same few
def _quoted(pointer: str) -> bytes:
    if not _POINTER.fullmatch(pointer):
        raise ValueError("a private part is named by a JSON pointer in ASCII, such as `/request`")
    return canonical(pointer)


def _base64(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _written(moment: datetime) -> str:
    """`2026-11-21T00:25:34.123456Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
