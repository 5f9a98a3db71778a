"""Opening the embedded log: the path of a database file goes in; a log over it comes out.

Every process opens the log for itself, after it was forked. A log that does not exist is made, and one of an
older form carried on, by the process that has the turn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import apsw

from service.errors import LogUnavailable
from service.ledger.embedded import schema
from service.ledger.embedded.database import connect_reader, connect_writer, refuse_old_sqlite
from service.ledger.embedded.place import Place, Turn, prepare
from service.ledger.embedded.rows import EmbeddedRows
from service.ledger.embedded.writer import EmbeddedWriter
from service.ledger.record import Record, microseconds
from service.ledger.sealer import Sealer
from service.ledger.sealing import Sealed
from service.ledger.stored_log import FORKED, StoredLog

_SOFTWARE: Final = "ladders"

# who has which file open: SQLite's own memory of locks is wrong in a forked child, even for a new connection
_open_files: list[tuple[tuple[int, int], int]] = []  #: identity of the file, and process


def open_embedded(
    database: Path,
    *,
    clock: Callable[[], datetime],
    random_bytes: Callable[[int], bytes],
    name: str | None,
    limit_s: float,
) -> StoredLog:
    """Open the log in this file, and make it where there is none; arguments and errors as `open_log`."""
    refuse_old_sqlite(apsw.sqlite_lib_version())
    place = prepare(database)
    process = os.getpid()
    if any(file == place.identity and opener != process for file, opener in _open_files):
        raise LogUnavailable(FORKED)
    try:
        named = _made_or_found(place, clock, random_bytes, name, limit_s)
        if name not in (None, named):
            raise LogUnavailable(f"the verdict log in `{database}` is named `{named}`, not `{name}`")
        rows = EmbeddedRows(connect_reader(place.database))
        writer = EmbeddedWriter(place, connect_writer(place.database), Turn(place.lock), clock)
    except (apsw.Error, OSError) as error:
        raise LogUnavailable(f"cannot open the verdict log `{database}`: {error}") from error
    opened = (place.identity, process)
    sealer = Sealer(named, random_bytes)
    log = StoredLog(named, rows, writer, sealer, limit_s=limit_s, released=lambda: _open_files.remove(opened))
    _open_files.append(opened)
    return log


def read_embedded(database: Path) -> StoredLog:
    """Open the log in this file to be read alone; it must be there, and be of the present form.

    Raises:
        LogUnavailable: There is no verdict log at this place, or it cannot be read.
    """
    with _read_errors(database):
        connection = _existing(database)
        name = schema.name_of(connection)
        return StoredLog(name, EmbeddedRows(connection), None, Sealer(name, os.urandom), limit_s=0)


def issued_in_file(database: Path) -> dict[str, set[str]]:
    """By the name of a version, the digests under which it has issued verdicts; older forms are read too.

    Raises:
        LogUnavailable: There is no verdict log at this place, or it cannot be read.
    """
    with _read_errors(database), closing(_existing(database)) as connection:
        if not schema.knows_issued(connection):
            return {}
        return EmbeddedRows(connection).issued()


def _existing(database: Path) -> apsw.Connection:
    refuse_old_sqlite(apsw.sqlite_lib_version())
    if not database.is_file():
        raise LogUnavailable(f"there is no verdict log at `{database}`; check the path")
    connection = connect_reader(database)
    if not schema.exists(connection):
        raise LogUnavailable(f"`{database}` is not a verdict log; check the path")
    return connection


@contextmanager
def _read_errors(database: Path) -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise LogUnavailable(f"the verdict log `{database}` could not be read ({error})") from error


def _made_or_found(
    place: Place,
    clock: Callable[[], datetime],
    random_bytes: Callable[[int], bytes],
    name: str | None,
    limit_s: float,
) -> str:
    """The name of the log in this file, which is made or carried on under the turn."""
    with closing(connect_reader(place.database)) as reader:
        if schema.exists(reader) and not schema.is_older(reader):
            return schema.name_of(reader)
    turn = Turn(place.lock)
    try:
        if not turn.take_within(limit_s):
            raise LogUnavailable(f"another process holds the verdict log `{place.database}`; try again")
        with closing(connect_writer(place.database)) as writer:
            if not schema.exists(writer):  # another process may have been faster
                schema.create(writer, name or f"ladders/{random_bytes(8).hex()}")
            elif schema.is_older(writer):
                now = clock()
                sealer = Sealer(schema.kept_name(writer), random_bytes)
                schema.bring_up_to_date(
                    writer, microseconds(now), lambda told: _change_of_form(sealer, random_bytes, now, told)
                )
            return schema.name_of(writer)
    finally:
        turn.close()


def _change_of_form(
    sealer: Sealer, random_bytes: Callable[[int], bytes], now: datetime, told: dict[str, Any]
) -> Sealed:
    """The entry about a change of the tables."""
    id_ = str(UUID(bytes=random_bytes(16), version=4))
    record = Record(id=id_, kind="schema", decided_at=now, engine=_SOFTWARE, private={}, detail=told)
    return sealer.sealed(record, None, 0)
