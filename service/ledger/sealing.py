"""Sealing: a record goes in; the leaf for the tree and the private body come out.

The leaf is what everyone may see for ever: an envelope without personal data, and one root over commitments
to the private fields. The body is what can be erased: the record's key and the private parts. Without the key
nobody can test a guess against the leaf, for no hash of personal data stands in it unsalted.
Knows nothing of files, transactions or places in the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

import orjson

from service.ledger.canonical import canonical, seems_canonical
from service.ledger.commitments import KEY_BYTES, committed, in_base64
from service.ledger.fields import VERDICT, fields_of, written
from service.ledger.merkle import entry_hash
from service.ledger.record import Record, digest_text

LEAF_LIMIT: Final = 65_535  #: bytes; the widest entry that the tiles of the tree can hold
FORM: Final = 2  #: of the leaves that are written today; older ones stay readable
PLAIN: Final = "plain"  #: the form of a body that is stored as it is
_NOT_IN_FORM_1: Final[Mapping[str, Any]] = {"about": None, "detail": {}, "content": None}
_POINTER: Final = re.compile(r"(/[\x20-\x7e]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A record as it will be stored."""

    record: Record
    leaf: bytes
    leaf_hash: bytes
    body: bytes  #: the record key, then the private parts as one canonical object; what erasing removes
    form: str | None = PLAIN  #: of the body; None where there is nothing private to store
    subj: bytes | None = None  #: keyed hash of the person
    caller: bytes | None = None  #: keyed hash of the caller
    kid: int | None = None  #: which key opens the body
    asked: tuple[
        tuple[bytes, bytes], ...
    ] = ()  #: keyed hashes of what it was asked under, and of what was asked
    erasures: int = 0  #: how often the log had erased somebody when this was made
    removes: Removal | None = None  #: what goes when this is written


@dataclass(frozen=True, slots=True)
class Removal:
    """What an erasure takes from the store."""

    subj: bytes
    indexes: tuple[int, ...]  #: every entry of that person


def seal(record: Record, *, log: str, record_key: bytes, about: bytes | None = None) -> Sealed:
    """The stored form of a record; the same arguments always give the same leaf.

    Args:
        record: What is to be remembered.
        log: The name of the log that it goes to.
        record_key: 32 random bytes, used for this record alone.
        about: The leaf hash of the entry that `record.about` names.

    Raises:
        ValueError: The key has another length, the leaf would pass 65,535 bytes, or something in the envelope
            or a pointer is not canonical.
    """
    if len(record_key) != KEY_BYTES:
        raise ValueError(f"a record key has {KEY_BYTES} bytes")
    if (record.about is None) != (about is None):
        raise ValueError("a record about an entry is sealed with the hash of its leaf")
    parts = _object(record.private)
    fields = fields_of(record.private) if record.fields is None else record.fields
    envelope = {"v": FORM, **_envelope(record, log, about), "private": committed(fields, record_key)}
    leaf = written(envelope)
    if record.detail or not seems_canonical(leaf):
        leaf = canonical(envelope)  # looks at every value, and says what is wrong
    if len(leaf) > LEAF_LIMIT:
        raise ValueError(f"the envelope of a record is at most {LEAF_LIMIT} bytes; this one has {len(leaf)}")
    form = PLAIN if record.private else None
    return Sealed(record=record, leaf=leaf, leaf_hash=entry_hash(leaf), body=record_key + parts, form=form)


def is_of(record: Record, leaf: bytes, body: bytes | None, *, log: str, about: bytes | None = None) -> bool:
    """Whether a leaf and its open body are those of a record, in whatever form they were sealed."""
    told: dict[str, Any] = orjson.loads(leaf)
    wanted: dict[str, Any] = orjson.loads(canonical(_envelope(record, log, about)))
    envelope = {name: told.get(name, _NOT_IN_FORM_1.get(name)) for name in wanted}
    if body is None:  # it has nothing private, or that was erased, and nobody can tell any more
        return envelope == wanted and not record.private and not told["private"]["n"]
    return envelope == wanted and opened(body)[1] == record.private


def opened(body: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The record key and the private parts in an open body."""
    parts: dict[str, object] = orjson.loads(body[KEY_BYTES:])
    return body[:KEY_BYTES], {pointer: written(part) for pointer, part in parts.items()}


def person_in(body: bytes) -> str | None:
    """The person whom the verdict in an open body is about."""
    document = orjson.loads(body[KEY_BYTES:]).get(VERDICT)
    candidate = document.get("candidate") if isinstance(document, dict) else None
    person = candidate.get("id") if isinstance(candidate, dict) else None
    return person if isinstance(person, str) else None


def has_private(leaf: bytes) -> bool:
    """Whether a leaf commits to private fields, whether these are still there or erased."""
    return bool(orjson.loads(leaf)["private"]["n"])


def is_what_was_sealed(leaf: bytes, leaf_hash: bytes, body: bytes | None) -> bool:
    """Whether a stored leaf still has its hash and, unless erased, the open body that it commits to."""
    if entry_hash(leaf) != leaf_hash:
        return False
    if body is None:
        return True
    record_key, parts = opened(body)
    told: dict[str, Any] = orjson.loads(leaf)
    fields = parts if told["v"] == 1 else fields_of(parts)
    return bool(told["private"] == committed(fields, record_key, told["v"]))


def _envelope(record: Record, log: str, about: bytes | None) -> dict[str, Any]:
    """What a leaf says in the clear."""
    return {
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
        "about": None if about is None else {"index": record.about, "leaf": in_base64(about)},
        "detail": record.detail,
        "content": None if record.content is None else digest_text(sha256(record.content).digest()),
    }


def _object(parts: Mapping[str, bytes]) -> bytes:
    """The canonical object of parts that are canonical already."""
    return b"{%b}" % b",".join(b"%b:%b" % (_quoted(pointer), parts[pointer]) for pointer in sorted(parts))


@lru_cache(maxsize=256)  # the parts of one kind of record are always the same few
def _quoted(pointer: str) -> bytes:
    if not _POINTER.fullmatch(pointer):
        raise ValueError("a private part is named by a JSON pointer in ASCII, such as `/request`")
    return canonical(pointer)


def _written(moment: datetime) -> str:
    """`2026-11-21T00:25:34.123456Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
