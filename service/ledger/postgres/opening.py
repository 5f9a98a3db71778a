"""Opening the log in PostgreSQL: the address of a database goes in; a log over it comes out.

The log and its keys must have been made by `ladders log init`: a service has no right to make them. Every
process opens the log for itself, after it was forked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from service.errors import LogUnavailable
from service.ledger.address import Address
from service.ledger.keys import KeyFolder, open_keys
from service.ledger.postgres.connections import Connection, Connections
from service.ledger.postgres.keys import PostgresSubjectKeys
from service.ledger.postgres.migrations import refuse_other_form
from service.ledger.postgres.rows import PostgresRows, fingerprint_of, name_of
from service.ledger.postgres.writer import PostgresWriter
from service.ledger.receipts import receipts_of
from service.ledger.sealer import Sealer
from service.ledger.stored_log import StoredLog
from service.ledger.wishes import Wishes

KEYS: Final = Path("var/keys")  #: the folder of keys, where no other is named
_LIMIT_S: Final = 60.0  #: for an answer to somebody who only reads
_CAN_WRITE: Final = """
SELECT current_setting('fsync'), coalesce((
    SELECT bool_or(has_function_privilege(f.oid, 'EXECUTE')) FROM pg_proc f
    WHERE f.proname = 'ladders_append' AND f.pronamespace = 'ladders'::regnamespace
), false)
"""


def open_postgres(address: Address, wishes: Wishes) -> StoredLog:
    """Open the log in this database; errors as `open_log`. Its clock is that of the server."""
    with _connections(address, wishes.limit_s) as (connections, name):
        connections.ask(_refuse_unsafe)
        if wishes.name not in (None, name):
            raise LogUnavailable(f"the verdict log at `{address}` is named `{name}`, not `{wishes.name}`")
        keys = _own_keys(connections, name, open_keys(wishes.keys or KEYS, wishes.random_bytes))
        PostgresSubjectKeys(keys, connections).pass_over_given()
        log = StoredLog(
            name,
            PostgresRows(connections),
            PostgresWriter(address, limit_s=wishes.limit_s),
            _sealer(name, keys, connections, wishes.random_bytes),
            receipts_of(name, keys.folder, wishes.clock, wishes.random_bytes),
            limit_s=wishes.limit_s,
        )
        try:
            log.erase_again()
        except BaseException:
            log.close()
            raise
        return log


def read_postgres(address: Address, keys: Path | None) -> StoredLog:
    """Open the log in this database to be read alone; arguments and errors as `read_log`."""
    folder = keys or KEYS
    with _connections(address, _LIMIT_S) as (connections, name):
        found = _own_keys(connections, name, open_keys(folder, os.urandom)) if folder.is_dir() else None
        sealer = _sealer(name, found, connections, os.urandom)
        return StoredLog(name, PostgresRows(connections), None, sealer, limit_s=0)


def issued_in_database(address: Address) -> dict[str, set[str]]:
    """By the name of a version, the digests under which it has issued verdicts.

    Raises:
        LogUnavailable: There is no verdict log there, or it cannot be read.
    """
    with closing(PostgresRows(Connections(address, limit_s=_LIMIT_S))) as rows:
        return rows.issued()


@contextmanager
def _connections(address: Address, limit_s: float) -> Iterator[tuple[Connections, str]]:
    """Connections to a log of the present form, and its name; they are closed when it cannot be opened."""
    connections = Connections(address, limit_s=limit_s)
    try:
        connections.ask(refuse_other_form)
        yield connections, connections.ask(name_of)
    except BaseException:
        connections.close()
        raise


def _sealer(
    name: str, keys: KeyFolder | None, connections: Connections, random_bytes: Callable[[int], bytes]
) -> Sealer:
    return Sealer(
        name,
        keys=keys,
        subject_keys=None if keys is None else PostgresSubjectKeys(keys, connections),
        random_bytes=random_bytes,
    )


def _own_keys(connections: Connections, name: str, keys: KeyFolder) -> KeyFolder:
    """These keys, if they are those of the log."""
    if connections.ask(fingerprint_of) != keys.fingerprint(name):
        raise LogUnavailable(
            f"the keys in `{keys.folder}` are not those of this verdict log; name the right ones"
        )
    return keys


def _refuse_unsafe(connection: Connection) -> None:
    [(fsync, may_write)] = connection.execute(_CAN_WRITE)
    if fsync != "on":
        raise LogUnavailable("the database server does not wait for its disk; set `fsync = on` there")
    if not may_write:
        raise LogUnavailable(
            "this user may not write to the verdict log; have it made a member of `ladders_app`"
        )
