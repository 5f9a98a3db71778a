"""Opening the embedded log: the path of a database file goes in; a log over it comes out.

Every process opens the log for itself, after it was forked. A log that does not exist is made, with its keys,
and one of an older form carried on, by the process that has the turn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import apsw

from service.errors import LogUnavailable
from service.ledger.embedded import schema
from service.ledger.embedded.database import connect_reader, connect_writer, refuse_old_sqlite
from service.ledger.embedded.entries import highest_kid
from service.ledger.embedded.place import Place, Turn, prepare
from service.ledger.embedded.rows import EmbeddedRows
from service.ledger.embedded.writer import EmbeddedWriter
from service.ledger.keys import KEY_BYTES, KeyFolder, make_keys, open_keys
from service.ledger.receipts import receipts_of
from service.ledger.record import Record, microseconds
from service.ledger.sealer import Sealer
from service.ledger.sealing import Sealed, person_in, seal
from service.ledger.stored_log import FORKED, StoredLog
from service.ledger.subject_keys import FileSubjectKeys
from service.ledger.wishes import Wishes

_SOFTWARE: Final = "ladders"

# who has which file open: SQLite's own memory of locks is wrong in a forked child, even for a new connection
_open_files: list[tuple[tuple[int, int], int]] = []  #: identity of the file, and process


def open_embedded(database: Path, wishes: Wishes) -> StoredLog:
    """Open the log in this file, and make it where there is none; errors as `open_log`."""
    refuse_old_sqlite(apsw.sqlite_lib_version())
    if not wishes.may_make and not (database.is_file() and database.stat().st_size):
        raise LogUnavailable(f"there is no verdict log at `{database}`; check the path")
    place = prepare(database)
    opened = (place.identity, os.getpid())
    if any(file == place.identity and opener != os.getpid() for file, opener in _open_files):
        raise LogUnavailable(FORKED)
    try:
        name, keys = _made_or_found(place, wishes)
        if wishes.name not in (None, name):
            raise LogUnavailable(f"the verdict log in `{database}` is named `{name}`, not `{wishes.name}`")
        receipts = receipts_of(name, keys.folder, wishes.clock, wishes.random_bytes)
        reader = connect_reader(place.database)
        sealer = _sealer(name, keys, wishes.random_bytes, highest_kid(reader))
        rows = EmbeddedRows(reader)
        writer = EmbeddedWriter(place, connect_writer(place.database), Turn(place.lock), wishes.clock)
    except (apsw.Error, OSError) as error:
        raise LogUnavailable(f"cannot open the verdict log `{database}`: {error}") from error
    log = StoredLog(
        name,
        rows,
        writer,
        sealer,
        receipts,
        limit_s=wishes.limit_s,
        released=lambda: _open_files.remove(opened),
    )
    _open_files.append(opened)
    try:
        log.erase_again()
    except BaseException:
        log.close()
        raise
    return log


def read_embedded(database: Path, keys: Path | None) -> StoredLog:
    """Open the log in this file to be read alone; arguments and errors as `read_log`."""
    with _read_errors(database):
        connection = _existing(database)
        name = schema.name_of(connection)
        folder = keys or keys_beside(database)
        found = own_keys(connection, name, open_keys(folder, os.urandom)) if folder.is_dir() else None
        rows = EmbeddedRows(connection)
        return StoredLog(name, rows, None, _sealer(name, found, os.urandom), limit_s=0)


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


def _sealer(
    name: str, keys: KeyFolder | None, random_bytes: Callable[[int], bytes], highest: int = 0
) -> Sealer:
    """The sealer of a log; `highest`: a number of a key of a person that the log has given already."""
    subject_keys = None if keys is None else FileSubjectKeys(keys)
    if subject_keys is not None and highest:
        subject_keys.pass_over(highest)
    return Sealer(name, keys=keys, subject_keys=subject_keys, random_bytes=random_bytes)


def keys_beside(database: Path) -> Path:
    """The folder of keys, where no other is named."""
    return database.absolute().with_name("keys")


def own_keys(connection: apsw.Connection, name: str, keys: KeyFolder) -> KeyFolder:
    """These keys, if they are those of the log."""
    if schema.fingerprint_of(connection) != keys.fingerprint(name):
        raise LogUnavailable(
            f"the keys in `{keys.folder}` are not those of this verdict log; name the right ones"
        )
    return keys


def _made_or_found(place: Place, wishes: Wishes) -> tuple[str, KeyFolder]:
    """The name and the keys of the log in this file, which is made or carried on under the turn."""
    folder = wishes.keys or keys_beside(place.database)
    # where whoever made the file was killed meanwhile, only a writer can put that right
    with suppress(apsw.ReadOnlyError), closing(connect_reader(place.database)) as reader:
        if schema.exists(reader) and not schema.is_older(reader):
            name = schema.name_of(reader)
            return name, own_keys(reader, name, open_keys(folder, wishes.random_bytes))
    turn = Turn(place.lock)
    try:
        if not turn.take_within(wishes.limit_s):
            raise LogUnavailable(f"another process holds the verdict log `{place.database}`; try again")
        with closing(connect_writer(place.database)) as writer:
            if not schema.exists(writer):  # another process may have been faster
                name = wishes.name or f"ladders/{wishes.random_bytes(8).hex()}"
                keys = make_keys(folder, wishes.random_bytes)
                schema.create(writer, name, keys.fingerprint(name))
            elif schema.is_older(writer):
                _carry_on(writer, _keys_of_older(writer, folder, wishes), wishes)
            name = schema.name_of(writer)
            return name, own_keys(writer, name, open_keys(folder, wishes.random_bytes))
    finally:
        turn.close()


def _keys_of_older(writer: apsw.Connection, folder: Path, wishes: Wishes) -> KeyFolder:
    """The keys of a log of an older form; the first forms had none."""
    if schema.fingerprint_of(writer) is None:
        return make_keys(folder, wishes.random_bytes)
    return own_keys(writer, schema.kept_name(writer), open_keys(folder, wishes.random_bytes))


def _carry_on(writer: apsw.Connection, keys: KeyFolder, wishes: Wishes) -> None:
    name, now = schema.kept_name(writer), wishes.clock()

    def entry_for(told: dict[str, Any]) -> Sealed:
        """The entry about a change of the tables."""
        id_ = str(UUID(bytes=wishes.random_bytes(16), version=4))
        record = Record(id=id_, kind="schema", decided_at=now, engine=_SOFTWARE, private={}, detail=told)
        return seal(record, log=name, record_key=wishes.random_bytes(KEY_BYTES))

    def subject_of(body: bytes) -> bytes | None:
        person = person_in(body)
        return None if person is None else keys.subject(person)

    schema.bring_up_to_date(writer, microseconds(now), entry_for, subject_of, keys.fingerprint(name))
