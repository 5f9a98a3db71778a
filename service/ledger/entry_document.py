"""Entries as auditors see them: an entry goes in; its envelope, and what is private in it, come out as plain
values.

The envelope is what the leaf says, and tells nothing about a person; the contents are for those whose role
allows it.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from service.ledger.record import Entry

_PLACED: Final = ("v", "kind", "log", "id")


def envelope(entry: Entry) -> dict[str, Any]:
    """What everybody may see of an entry."""
    told: dict[str, Any] = orjson.loads(entry.leaf)
    receipt = entry.receipt
    return {
        "index": receipt.index,
        "id": entry.id,
        "kind": entry.kind,
        "committed_at": receipt.committed_at.isoformat().replace("+00:00", "Z"),
        "leaf_hash": receipt.leaf_hash,
        "erased": entry.erased,
        **{name: value for name, value in told.items() if name not in _PLACED},
    }


def contents(entry: Entry) -> dict[str, Any]:
    """What is private in an entry, by pointer; nothing once it was erased."""
    return {pointer: orjson.loads(part) for pointer, part in entry.private.items()}


def rules_of(entry: Entry) -> list[tuple[str, str]]:
    """The requirements of a verdict with their results."""
    return [(name, result) for name, result in orjson.loads(entry.leaf).get("rules", ())]


def deciding(entry: Entry) -> list[str]:
    """The requirements that kept a verdict from being `eligible`."""
    return [name for name, result in rules_of(entry) if result in ("unmet", "unknown")]
