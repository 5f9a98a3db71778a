"""Disclosure: an open entry and the fields that may be shown go in; each with what proves that it is what the
leaf commits to comes out, and whoever gets it checks it with the leaf alone.

The other fields stay hidden: a salt opens its own field and no other. Knows nothing of who may see what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from service.errors import NotFound, NotProven, did_you_mean
from service.ledger.canonical import canonical
from service.ledger.commitments import ALGORITHMS, commitments, salts
from service.ledger.fields import fields_of
from service.ledger.merkle import entry_hash
from service.ledger.note import decoded, encoded
from service.ledger.proofs import check_inclusion, inclusion
from service.ledger.record import Record
from service.ledger.verdict_record import CALLER

KIND: Final = "disclosure"
TO: Final = "/to"  #: to whom fields were shown
_FORMS: Final = {name: form for form, name in ALGORITHMS.items()}


@dataclass(frozen=True, slots=True)
class Field:
    """One field, with what proves it."""

    pointer: str
    value: Any
    salt: str
    position: int  #: of its commitment
    path: tuple[bytes, ...]  #: from its commitment to the root in the leaf

    def document(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "pointer": self.pointer,
            "value": self.value,
            "salt": self.salt,
            "position": self.position,
            "path": [encoded(each) for each in self.path],
        }


class _Listed:
    """The hashes of a small tree."""

    def __init__(self, hashes: list[bytes]) -> None:
        self._hashes = hashes

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        return self._hashes[start:stop]

    def tile(self, _level: int, _index: int) -> bytes | None:
        return None

    def tile_roots(self, _level: int, _start: int, _stop: int) -> list[bytes]:
        return []


def names_of(parts: Mapping[str, bytes], leaf: bytes) -> list[str]:
    """The fields that can be shown of an entry."""
    return sorted(_fields(parts, _form(leaf)))


def disclosed(
    parts: Mapping[str, bytes], record_key: bytes, leaf: bytes, pointers: Sequence[str]
) -> list[Field]:
    """Some fields of an entry, each with its proof.

    Args:
        parts: The private parts, as they are stored.
        record_key: Of the entry.
        leaf: Of the entry.
        pointers: Which fields: `/facts/rating`, `/verdict/outcome`.

    Raises:
        NotFound: The entry has no such field.
    """
    form = _form(leaf)
    fields = _fields(parts, form)
    for pointer in pointers:
        if pointer not in fields:
            raise NotFound(f"the entry has no field `{pointer[:100]}`{did_you_mean(pointer[:100], fields)}")
    order, opening = sorted(fields), salts(fields, record_key, form)
    hashes = [_placed(each, form) for each in commitments(fields, record_key, form)]
    found = []
    for pointer in pointers:
        position = order.index(pointer)
        path = tuple(inclusion(_Listed(hashes), position, len(hashes)))
        found.append(Field(pointer, orjson.loads(fields[pointer]), opening[pointer], position, path))
    return found


def check(leaf: bytes, shown: Mapping[str, Any]) -> None:
    """Hold a field, as it was sent, against the leaf of its entry.

    Raises:
        NotProven: The leaf does not commit to this value under this name.
    """
    told = orjson.loads(leaf)["private"]
    form = _form(leaf)
    try:
        value = canonical(shown["value"])
        commitment = sha256(
            b'\x02["%b",%b,%b]' % (shown["salt"].encode(), canonical(shown["pointer"]), value)
        ).digest()
        path = [decoded(each) for each in shown["path"]]
        root = decoded(told["root"].replace("-", "+").replace("_", "/") + "=")
        check_inclusion(_placed(commitment, form), shown["position"], told["n"], path, root)
    except (KeyError, TypeError, ValueError, AttributeError) as broken:
        raise NotProven("this is no field that was disclosed") from broken


def disclosure_record(
    about: int, pointers: Sequence[str], *, person: str | None, to: str, purpose: str, id_: str,
    shown_at: datetime, engine: str, caller: str,
) -> Record:  # fmt: skip
    """What is remembered of a disclosure: which fields of which entry, and, privately, by whom, to whom and
    what for.

    That is about the person whose fields were shown, so it is theirs: they are told of it, and when they are
    erased it goes with them.
    """
    return Record(
        id=id_,
        kind=KIND,
        decided_at=shown_at,
        engine=engine,
        private={CALLER: canonical(caller), TO: canonical(to), "/purpose": canonical(purpose)},
        caller=caller,
        about=about,
        person=person,
        detail={"fields": [_kind_of(pointer) for pointer in pointers], "count": len(pointers)},
    )


def _kind_of(pointer: str) -> str:
    """A field as the leaf may name it: the name of a fact that somebody made up may be about a person."""
    return "/".join(pointer.split("/")[:2]) + ("/…" if pointer.count("/") > 1 else "")


def _fields(parts: Mapping[str, bytes], form: int) -> Mapping[str, bytes]:
    return parts if form == 1 else fields_of(parts)


def _form(leaf: bytes) -> int:
    return _FORMS[orjson.loads(leaf)["private"]["alg"]]


def _placed(commitment: bytes, form: int) -> bytes:
    """A commitment as it stands in its tree: form 1 hashed it once more."""
    return entry_hash(commitment) if form == 1 else commitment
