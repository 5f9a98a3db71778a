"""Everything in the embedded log, to be copied: a connection goes in; rows, page by page, come out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import apsw

from service.ledger.embedded.entries import NOT_ERASED

#: Every table that grows with the entries, by its columns; each row names its entry by `seq`.
BY_ENTRY: Final = {
    "entry": (
        *("seq", "id", "kind", "committed_us", "decided_us", "track", "level", "outcome", "policy", "about"),
        *("leaf_hash", "leaf"),
    ),
    "priv": ("seq", "subj", "caller", "kid", "form", "body"),
    "asked": ("key", "seq", "body"),
}
#: Every table that does not.
BESIDE: Final = {
    "content": ("digest", "bytes"),
    "checkpoint": ("size", "note"),
    "issued": ("version", "digest", "first_seq"),
}


def rows(connection: apsw.Connection, table: str, start: int, stop: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a table of `BY_ENTRY` about the entries from `start` to before `stop`."""
    columns = ", ".join(BY_ENTRY[table])
    kept = NOT_ERASED.get(table, "TRUE")
    query = f"SELECT {columns} FROM {table} WHERE seq >= ? AND seq < ? AND {kept} ORDER BY seq"  # noqa: S608 - names from above
    yield from connection.execute(query, (start, stop))


def rows_beside(connection: apsw.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a table of `BESIDE`."""
    yield from connection.execute(f"SELECT {', '.join(BESIDE[table])} FROM {table}")  # noqa: S608 - names from above


def counts(connection: apsw.Connection) -> dict[str, int]:
    """How many rows each of these tables has."""
    return {
        table: connection.execute(f"SELECT count(*) FROM {table} WHERE {NOT_ERASED.get(table, 'TRUE')}").get  # noqa: S608 - names from above
        for table in (*BY_ENTRY, *BESIDE)
    }
