"""Records: what is to be remembered, as its author submits it; and receipts and entries, as the log gives
them back.

Knows nothing of leaves, of files or of who asks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from service.ledger.group import Group

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INDEX_DIGITS: Final = 18  #: every store can be asked for such a number
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")  #: of a policy set, as text


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """That somebody asked under a key of their own, so that asking again is not asking twice."""

    caller: str  #: whose key it is
    kind: str  #: of key: `request_id` or `idempotency key`
    key: str
    body: bytes  #: digest of what was asked

    @property
    def name(self) -> tuple[str, str, str]:
        """What is the same when it is asked again."""
        return self.caller, self.kind, self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing to remember; only `private`, `person`, `caller` and `asked` may tell of people."""

    id: str  #: a UUID in lower case; for a verdict its `verdict_id`
    kind: str  #: `verdict`, `decision`, `objection`, `answer`, `erasure`, `disclosure`, `audit`, `policy`, …
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
    about: int | None = None  #: index of the entry that this one is about
    detail: Mapping[str, Any] = field(default_factory=dict)  #: canonical; what else stands in the leaf
    content: bytes | None = None  #: kept by its digest beside the log, and not personal: a policy set
    person: str | None = None  #: id of the candidate, whose key encrypts the private parts
    caller: str | None = None  #: who asked, to search by
    asked: tuple[Asked, ...] = ()
    fields: Mapping[str, bytes] | None = field(default=None, compare=False, repr=False)
    """What `fields.fields_of(private)` gives, where the author has it at hand already."""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError("the `id` of a record is a UUID in lower case")
        if self.decided_at.tzinfo is None:
            raise ValueError("`decided_at` needs a time zone")
        for digest in (self.policy_set, self.policy_digest):
            if digest is not None and not DIGEST.fullmatch(digest):
                raise ValueError("a policy digest is `sha256:` and 64 lower-case hexadecimal digits")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a record is durable: its place, and the hash that stands there."""

    index: int  #: from 0, without gaps
    leaf_hash: str  #: `sha256:…`
    committed_at: datetime  #: in UTC; never before that of an earlier entry
    id: str  #: of the record that stands there; another one's where the same was asked before
    group: Group | None = field(default=None, compare=False, repr=False)
    """What was committed together with it, where that was just done."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as the log holds it."""

    receipt: Receipt
    id: str
    kind: str
    leaf: bytes
    private: Mapping[str, bytes]  #: empty once erased
    erased: bool = False
    about: int | None = None


def index_in(text: str) -> int | None:
    """The index that a text names; None where it can only be an id."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _INDEX_DIGITS else None


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 in UTC to `moment`, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(since_1970_us: int) -> datetime:
    """The moment that `microseconds` came from, in UTC."""
    return EPOCH + timedelta(microseconds=since_1970_us)


def id_made_of(digest: bytes) -> str:
    """An id that is the same for the same SHA-256 digest: a UUID of version 8, made of it."""
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | 8 << 76
    number = number & ~(0b11 << 62) | 0b10 << 62
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def digest_text(digest: bytes) -> str:
    """A SHA-256 digest as it is shown: `sha256:` and its hexadecimal digits."""
    return f"sha256:{digest.hex()}"


def digest_bytes(text: str) -> bytes:
    """The digest that is shown so."""
    return bytes.fromhex(text.removeprefix("sha256:"))
