"""What a policy means, as a digest: the parts of a policy set in; `sha256:…` of what they decide, out.

Titles, labels, sentences, sources, positions, comments and the order of lines are not meaning; types,
thresholds, conditions and the order of levels and requirements are. Equal digests judge every request
alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from service.facts.calendar import Duration
from service.facts.types import Nothing
from service.facts.vocabulary import Vocabulary
from service.policy.condition import Constant, Derived, Lookup
from service.policy.model import Level, TrackVersion, WayBack

#: Words for people, by the name of the field that holds them.
_WORDS = frozenset(
    {"label", "title", "question", "source", "text", "why", "to_meet", "place", "words", "review_by"}
)


def digest_of(
    vocabulary: Vocabulary,
    derived: Mapping[str, Derived],
    tables: Mapping[str, Any],
    tracks: Mapping[str, tuple[TrackVersion, ...]],
) -> str:
    """The digest of everything a policy set means.

    Args:
        vocabulary: The facts.
        derived: Derived facts, and derived fields as `trainings.long`.
        tables: Of each table, rows and the rest as plain values.
        tracks: The versions of each track. Shared requirements are meant by those who use them.
    """
    told = Told()
    meaning = {
        "facts": told.of(vocabulary.facts),
        "derived": {name: told.of(each.of) for name, each in derived.items()},
        "tables": told.of(tables),
        "tracks": {
            name: [sha_of(told.of(version)) for version in versions] for name, versions in tracks.items()
        },
    }
    return f"sha256:{sha_of(meaning)}"


def files_digest_of(files: Mapping[str, bytes]) -> str:
    """The digest of the files themselves, comments and titles included."""
    hashed = {name: sha256(content).hexdigest() for name, content in files.items()}
    return f"sha256:{sha_of(hashed)}"


def sha_of(told: Any) -> str:
    """The SHA-256 of plain JSON, in hexadecimal digits."""
    return sha256(canonical(told)).hexdigest()


def canonical(told: Any) -> bytes:
    """JSON with sorted names and no spaces, so that equal content has equal bytes."""
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


class Told:
    """Turns values and trees into plain JSON; what stands in several places is told once and remembered."""

    def __init__(self) -> None:
        self._known: dict[
            int, tuple[Any, Any]
        ] = {}  # with the object itself, so that its identity is not used again
        self._fields: dict[type, tuple[tuple[str, Any], ...]] = {}

    def of(self, value: Any) -> Any:
        match value:
            case None | bool() | str():
                return value
            case int() | Decimal():
                return {"number": _number(value)}
            case date():
                return {"day": value.isoformat()}
            case Nothing():
                return {"nothing": True}
            case Duration():
                spills = {"spills": True} if value.spills else {}
                return {"months": value.months, "days": value.days, **spills}
            case tuple():
                return [self.of(each) for each in value]
            case Mapping():
                return {name: self.of(each) for name, each in value.items()}
            case Derived():
                return {"derived": value.name}
            case Constant():
                return {"constant": self.of(value.value), "kind": value.type.word}
            case _:
                return self._tree(value)

    def _tree(self, value: Any) -> Any:
        known = self._known.get(id(value))
        if known is None:
            known = (value, self._told(value))
            self._known[id(value)] = known
        return known[1]

    def _told(self, value: Any) -> Any:
        kind = type(value)
        if kind not in self._fields:
            self._fields[kind] = _meant(kind)
        held = ((name, getattr(value, name), default) for name, default in self._fields[kind])
        told = {name: self.of(part) for name, part, default in held if part != default}
        if isinstance(value, Lookup):  # in the file, rows are lines: their order means nothing
            told["rows"].sort(key=canonical)
        return {kind.__name__: told}


def _meant(kind: type) -> tuple[tuple[str, Any], ...]:
    """The fields of a class that are meaning, each with what it is when nothing is written: then it is not
    told, so that a word the language learns later changes no digest where it is not used."""
    assert is_dataclass(kind)  # noqa: S101  policies consist of nothing else
    words = _WORDS | ({"to"} if kind is WayBack else set()) | ({"place"} if kind is Level else set())
    meant = [each for each in fields(kind) if each.compare and each.name not in words]
    return tuple((each.name, each.default) for each in meant)


def _number(value: int | Decimal) -> str:
    number = Decimal(value)
    return format(number.normalize() if number else Decimal(0), "f")
