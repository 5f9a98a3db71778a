"""Erasing a person: what the log holds of them goes in; the entries that say so, and name nobody, come out.

An erasure is an entry like any other: it lists the places whose private parts are gone and the numbers of the
keys that were destroyed; who erased is private in it, and that is all. What it says is done again whenever
the log is opened, so that neither a process that died halfway nor a restored backup brings anything back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from service.ledger.canonical import canonical
from service.ledger.record import Record
from service.ledger.rows import Rows, Wanted
from service.ledger.verdict_record import CALLER

KIND: Final = "erasure"
_PLACES_EACH: Final = 4000  #: in one entry, whose leaf has room for 65,535 bytes
_PAGE: Final = 256


def erasure_records(
    indexes: Sequence[int],
    kids: Iterable[int],
    *,
    erased_at: datetime,
    engine: str,
    new_id: Callable[[], str],
    caller: str | None,
) -> list[Record]:
    """What is remembered of an erasure: one record, or several where one has no room for all places; in each,
    privately, who erased.
    """
    keys = sorted(set(kids))
    return [
        Record(
            id=new_id(),
            kind=KIND,
            decided_at=erased_at,
            engine=engine,
            private={} if caller is None else {CALLER: canonical(caller)},
            caller=caller,
            detail={"entries": list(indexes[start : start + _PLACES_EACH]), "keys": [] if start else keys},
        )
        for start in range(0, len(indexes), _PLACES_EACH)
    ]


def erasures_in(rows: Rows) -> Iterator[tuple[list[int], list[int]]]:
    """The places and the keys of every erasure in a log."""
    after: int | None = -1
    while after is not None:
        page = rows.find(Wanted(kind=KIND), None, None, after, _PAGE)
        for stored in page.entries:
            told: dict[str, Any] = orjson.loads(stored.leaf)["detail"]
            yield told["entries"], told["keys"]
        after = page.after
