"""Copying an embedded log into PostgreSQL: the path of a database file and an address go in; the same log,
with the same tree, comes out.

The file is closed to writers first and stays so, for there is one log at a time. What was copied before an
interruption is kept. The copy is opened only when the root, calculated anew from the leaves that lie there,
is that of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import apsw
import psycopg
from psycopg.sql import SQL, Identifier, Placeholder

from service.errors import LogUnavailable
from service.ledger.address import Address
from service.ledger.embedded import entries, schema, tree, whole
from service.ledger.embedded.database import connect_reader
from service.ledger.embedded.opening import keys_beside, open_embedded, own_keys
from service.ledger.embedded.place import Turn, prepare
from service.ledger.frontier import Frontier, Full, frontier_of
from service.ledger.keys import KeyFolder, open_keys
from service.ledger.making import schema_entry
from service.ledger.merkle import entry_hash
from service.ledger.postgres.connections import Connection, Connections, connect, unavailable
from service.ledger.postgres.migrations import New, close_for_copy, open_copied
from service.ledger.postgres.rows import PostgresRows
from service.ledger.rows import Head
from service.ledger.subject_keys import FileSubjectKeys
from service.ledger.tiles import WIDTH
from service.ledger.wishes import Wishes

_LIMIT_S: Final = 3600.0
_PAGE: Final = 4096  #: entries in one transaction
_TYPES: Final = {
    "entry": (
        "int8",
        "text",
        "text",
        "int8",
        "int8",
        "text",
        "text",
        "text",
        "bytea",
        "int8",
        "bytea",
        "bytea",
    ),
    "priv": ("int8", "bytea", "bytea", "int8", "text", "bytea"),
    "asked": ("bytea", "int8", "bytea"),
    "tile": ("int2", "int8", "bytea", "bytea"),
}
_LEAF_HASHES: Final = "SELECT leaf_hash FROM ladders.entry WHERE seq >= %s AND seq < %s ORDER BY seq"
_ROOTS: Final = "SELECT root FROM ladders.tile WHERE level = %s AND idx >= %s AND idx < %s ORDER BY idx"
_TILE: Final = ("level", "idx", "root", "hashes")

Progress = Callable[[str, int], AbstractContextManager[Callable[[float], None]]]


@dataclass(frozen=True, slots=True)
class Copied:
    """What lies in the database now."""

    name: str
    size: int  #: entries that were copied; what says so comes behind them
    root: bytes
    keys: int  #: of people


def copy(source: Path, target: Address, wishes: Wishes, progress: Progress) -> Copied:
    """Copy a log and its keys.

    Args:
        source: The file. No service may be using it; one that does refuses from here on.
        target: A database without a log, or with the beginning of this one; as a user who may make roles and
            schemas in it.
        wishes: As for opening the file; its keys are those of the copy too.
        progress: Given what is counted and how many there are, shows how far it is.

    Raises:
        LogUnavailable: It was not done, or not to the end; running it again goes on.
    """
    open_embedded(source, wishes).close()  # brought into the present form, and erased what was to be erased
    _close(source, str(target), wishes.limit_s)
    with closing(connect_reader(source)) as reader:
        name = schema.name_of(reader)
        keys = own_keys(reader, name, open_keys(wishes.keys or keys_beside(source), wishes.random_bytes))
        head = entries.read_head(reader)
        try:
            with connect(target, limit_s=_LIMIT_S) as connection:
                close_for_copy(connection, New(name, keys.fingerprint(name)))
                with progress("entries", head.size) as done:
                    _copy_entries(reader, connection, head, done)
                _copy_beside(reader, connection)
                count = _copy_keys(keys, connection)
                _refuse_other_counts(reader, connection)
                with progress("leaves", head.size) as done:
                    root = _root_there(target, head.size, done)
                if root != head.frontier.root():
                    raise LogUnavailable(
                        "the copy has another root than the log; empty the database and copy again"
                    )
                open_copied(connection, schema_entry(wishes))
        except psycopg.Error as error:
            raise unavailable(f"the verdict log could not be copied to `{target}`", error) from error
    return Copied(name, head.size, root, count)


def _close(source: Path, target: str, limit_s: float) -> None:
    """Let nobody write to the file any more."""
    place = prepare(source)
    turn = Turn(place.lock)
    try:
        if not turn.take_within(limit_s):
            raise LogUnavailable(f"another process holds the verdict log `{source}`; try again")
        place.put_up_moved_sign(target)
    finally:
        turn.close()


def _copy_entries(
    reader: apsw.Connection, connection: Connection, head: Head, done: Callable[[float], None]
) -> None:
    """Copy what grows with the entries, page by page, from where the copy ends."""
    with connection.transaction():
        frontier = _frontier_there(connection)
    done(frontier.size)
    while frontier.size < head.size:
        start, stop = frontier.size, min(frontier.size + _PAGE, head.size)
        with connection.transaction():
            connection.execute("SET LOCAL ROLE ladders_owner")
            for table, columns in whole.BY_ENTRY.items():
                _write(connection, table, columns, whole.rows(reader, table, start, stop))
            frontier, full = frontier.extended(tree.leaf_hashes(reader, start, stop))
            for tile in full:
                _write(connection, "tile", _TILE, [_tile_row(connection, tile)])
            connection.execute(
                "UPDATE ladders.head SET size = %s, frontier = %s, last_us = %s, erasures = %s",
                (frontier.size, frontier.written(), head.last_us, head.erasures),
            )
        done(stop - start)


def _frontier_there(connection: Connection) -> Frontier:
    [(size, written)] = connection.execute("SELECT size, frontier FROM ladders.head")
    return frontier_of(size, written)


def _tile_row(connection: Connection, full: Full) -> tuple[int, int, bytes, bytes]:
    """The row of a tile that became full; what lies below it is there already."""
    span = (full.index * WIDTH, (full.index + 1) * WIDTH)
    if full.level == 0:
        found = connection.execute(_LEAF_HASHES, span)
    else:
        found = connection.execute(_ROOTS, (full.level - 1, *span))
    return full.level, full.index, full.root, b"".join(hash_ for (hash_,) in found)


def _write(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Write rows into a table."""
    names = SQL(", ").join(map(Identifier, columns))
    into = SQL("COPY ladders.{} ({}) FROM STDIN (FORMAT BINARY)").format(Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(into) as copying:
        copying.set_types(_TYPES[table])
        for row in rows:
            copying.write_row(row)


def _copy_beside(reader: apsw.Connection, connection: Connection) -> None:
    """Copy what does not grow with the entries; what is there already is the same."""
    with connection.transaction():
        connection.execute("SET LOCAL ROLE ladders_owner")
        for table, columns in whole.BESIDE.items():
            into = SQL("INSERT INTO ladders.{} ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
                Identifier(table),
                SQL(", ").join(map(Identifier, columns)),
                SQL(", ").join([Placeholder()] * len(columns)),
            )
            for row in whole.rows_beside(reader, table):
                connection.execute(into, row)


def _copy_keys(keys: KeyFolder, connection: Connection) -> int:
    """Copy the keys of people as they are wrapped; how many there are."""
    count = 0
    with keys.locked(), closing(FileSubjectKeys(keys)) as file, connection.transaction():
        connection.execute("SET LOCAL ROLE ladders_owner")
        connection.execute("TRUNCATE ladders_keys.subject_key")
        into = "COPY ladders_keys.subject_key (kid, wrapped) FROM STDIN (FORMAT BINARY)"
        with connection.cursor() as cursor, cursor.copy(into) as copying:
            copying.set_types(("int8", "bytea"))
            for kid, wrapped in file.wrapped():
                copying.write_row((kid, wrapped))
                count += 1
        # also those of keys that are destroyed or lost: whoever got their number would be erased with them
        connection.execute("SELECT setval('ladders_keys.kid', %s)", (max(file.highest(), 1),))
        connection.execute("UPDATE ladders_keys.epoch SET epoch = %s", (keys.newest_epoch(),))
    return count


def _refuse_other_counts(reader: apsw.Connection, connection: Connection) -> None:
    for table, count in whole.counts(reader).items():
        [(there,)] = connection.execute(SQL("SELECT count(*) FROM ladders.{}").format(Identifier(table)))
        if there != count:
            raise LogUnavailable(
                f"the copy has {there} rows of `{table}`, the log {count}; empty the database and copy again"
            )


def _root_there(target: Address, size: int, done: Callable[[float], None]) -> bytes:
    """The root over the leaves that lie in the database, worked out from their bytes."""
    frontier = Frontier()
    with closing(PostgresRows(Connections(target, limit_s=_LIMIT_S))) as rows:
        leaves = rows.leaves(0, size)
        while page := list(islice(leaves, _PAGE)):
            frontier, _ = frontier.extended(entry_hash(leaf) for leaf, _ in page)
            done(len(page))
    return frontier.root()
