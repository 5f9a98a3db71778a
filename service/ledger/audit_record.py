"""Reads in the log: who read what goes in as a record; so that whoever reads about people is seen to.

The record names the entries that were read and not the people that they are about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from service.ledger.canonical import canonical
from service.ledger.record import Record
from service.ledger.verdict_record import CALLER

KIND: Final = "audit"
_MOST_NAMED: Final = 2000  #: entries that are named; of more, how many there were


def audit_record(
    what: str,
    indexes: Sequence[int],
    *,
    id_: str,
    read_at: datetime,
    engine: str,
    caller: str,
    detail: Mapping[str, Any] | None = None,
) -> Record:
    """What is remembered of a read.

    Args:
        what: `find`, `show`, `replay`, `person`, `export`.
        indexes: The entries whose contents were shown.
        id_: Of the record.
        read_at: When.
        engine: Of this release.
        caller: Who read; private.
        detail: What else is to be said, nothing about a person.
    """
    named = list(indexes[:_MOST_NAMED])
    return Record(
        id=id_,
        kind=KIND,
        decided_at=read_at,
        engine=engine,
        private={CALLER: canonical(caller)},
        caller=caller,
        detail={"read": what, "entries": named, "count": len(indexes), **(detail or {})},
    )
