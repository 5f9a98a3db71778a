"""The tables of the embedded log: connections and rows go in and out; SQL stays in here.

`entry` is the log itself, numbered from 0 without gaps; `priv` holds what can be erased; `head` says how many
entries there are; `issued` repeats which versions of policies have issued verdicts. Triggers refuse to change
or remove an entry: a guard against accidents, not evidence.
Knows nothing of threads and of who may write when.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw
import orjson

from service.errors import LogUnavailable
from service.ledger.record import (
    KEY_BYTES,
    Entry,
    Receipt,
    Sealed,
    digest_text,
    is_what_was_sealed,
    microseconds,
    moment,
    opened,
)

SCHEMA: Final = 2
_OLDEST_SQLITE: Final = (
    3,
    51,
    3,
)  # before it, processes that write and checkpoint at once could corrupt a log
_BUSY_MS: Final = 1000  #: how long to wait for a foreign writer, such as a backup; our own take turns
_PLAIN: Final = "plain"  #: `priv.form`: the body as it is; encrypted forms get other names

_CREATE_ISSUED: Final = """
CREATE TABLE issued (
    version TEXT NOT NULL,
    digest BLOB NOT NULL,
    first_seq INTEGER NOT NULL,
    PRIMARY KEY (version, digest)
) STRICT, WITHOUT ROWID;
"""
_CREATE: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    committed_us INTEGER NOT NULL,
    decided_us INTEGER NOT NULL,
    track TEXT,
    level TEXT,
    outcome TEXT,
    policy BLOB,
    leaf_hash BLOB NOT NULL,
    leaf BLOB NOT NULL
) STRICT;
CREATE TABLE priv (seq INTEGER PRIMARY KEY, form TEXT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE head (
    k INTEGER PRIMARY KEY CHECK (k = 1),
    size INTEGER NOT NULL,
    last_us INTEGER NOT NULL
) STRICT;
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the verdict log is never changed'); END;
CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the verdict log is never removed'); END;
INSERT INTO head VALUES (1, 0, 0);
"""
_HELD: Final = """
SELECT e.seq, e.id, e.committed_us, e.leaf_hash, e.leaf, p.body FROM entry e LEFT JOIN priv p USING (seq)
WHERE e.id IN (SELECT value FROM json_each(?))
"""
_FIND: Final = """
SELECT e.seq, e.kind, e.committed_us, e.leaf_hash, e.leaf, p.body FROM entry e LEFT JOIN priv p USING (seq)
WHERE e.id = ?
"""
_VERDICTS: Final = """
SELECT e.id, e.decided_us, p.body FROM entry e JOIN priv p USING (seq)
WHERE e.kind = 'verdict' AND p.form = ? ORDER BY seq
"""
_INSERT_ENTRY: Final = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_BODY: Final = "INSERT INTO priv VALUES (?, ?, ?)"
_INSERT_ISSUED: Final = "INSERT OR IGNORE INTO issued VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Head:
    """How far the log has come."""

    size: int
    last_us: int  #: when the last entry was committed


@dataclass(frozen=True, slots=True)
class Held:
    """What the log already holds under an id."""

    receipt: Receipt
    leaf: bytes
    record_key: bytes | None  #: None once erased


@dataclass(frozen=True, slots=True)
class Row:
    """A record at its place."""

    index: int
    committed_us: int
    sealed: Sealed


def refuse_old_sqlite(version: str) -> None:
    """Raise `LogUnavailable` unless this SQLite is safe for several processes on one log."""
    if tuple(int(part) for part in version.split(".")[:3]) < _OLDEST_SQLITE:
        wanted = ".".join(map(str, _OLDEST_SQLITE))
        raise LogUnavailable(f"SQLite {version} is too old for the verdict log; install one from {wanted} on")


def connect_writer(database: Path) -> apsw.Connection:
    """The connection that appends: every commit is on the disk before it returns."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)
    _set_up(connection)
    if connection.pragma("journal_mode", "wal") != "wal":
        raise LogUnavailable(
            f"`{database}` cannot use a write-ahead log; choose a folder on a disk of this machine"
        )
    connection.pragma("synchronous", "full")
    return connection


def connect_reader(database: Path) -> apsw.Connection:
    """A connection that can only read."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    _set_up(connection)
    return connection


def _set_up(connection: apsw.Connection) -> None:
    connection.set_busy_timeout(_BUSY_MS)
    connection.config(
        apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1
    )  # who has no turn must not write, not even then
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)


def exists(connection: apsw.Connection) -> bool:
    """Whether the tables are there."""
    return connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'head'").fetchone() is not None


def create(connection: apsw.Connection, log: str) -> None:
    """Make the tables of an empty log with this name, all or none."""
    with connection:
        connection.execute(_CREATE + _CREATE_ISSUED)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", [("log", log), ("probed", "0")])
        connection.pragma("user_version", SCHEMA)


def bring_up_to_date(connection: apsw.Connection) -> None:
    """Add what a log of an older form lacks, all or nothing; to be called in one's turn.

    Entries of form 1 name the digest of all policy files, where later ones name that of the version; they
    freeze no version.
    """
    if connection.pragma("user_version") == 1:
        with connection:
            connection.execute(_CREATE_ISSUED)
            connection.pragma("user_version", 2)


def is_older(connection: apsw.Connection) -> bool:
    """Whether a log is of an older form than the present one."""
    return bool(connection.pragma("user_version") < SCHEMA)


def name_of(connection: apsw.Connection) -> str:
    """The name that the log was given when it was made.

    Raises:
        LogUnavailable: A newer Ladders wrote this log, or its head does not fit its entries.
    """
    schema = connection.pragma("user_version")
    if schema != SCHEMA:
        raise LogUnavailable(
            f"the verdict log has form {schema}, this Ladders knows {SCHEMA}; use the newer one"
        )
    named, size, entries = connection.execute(
        "SELECT (SELECT value FROM meta WHERE name = 'log'), size, (SELECT max(seq) + 1 FROM entry) FROM head"
    ).get
    if size != (entries or 0):
        raise LogUnavailable(
            f"the head of the verdict log counts {size} entries, but {entries or 0} are there"
        )
    return str(named)


def read_head(connection: apsw.Connection) -> Head:
    size, last_us = connection.execute("SELECT size, last_us FROM head").get
    return Head(size, last_us)


def write_head(connection: apsw.Connection, head: Head) -> None:
    connection.execute("UPDATE head SET size = ?, last_us = ?", (head.size, head.last_us))


def write_probe(connection: apsw.Connection, now_us: int) -> None:
    """Write something that is no part of the log, to see whether writing works."""
    connection.execute("UPDATE meta SET value = ? WHERE name = 'probed'", (str(now_us),))


def held(connection: apsw.Connection, ids: Iterable[str]) -> dict[str, Held]:
    """What the log holds under these ids."""
    rows = connection.execute(_HELD, (orjson.dumps(list(ids)).decode(),))
    return {
        id_: Held(Receipt(seq, digest_text(leaf_hash), moment(committed_us)), leaf, body and body[:KEY_BYTES])
        for seq, id_, committed_us, leaf_hash, leaf, body in rows
    }


def insert(connection: apsw.Connection, rows: Sequence[Row]) -> None:
    """Write the entries and their private bodies."""
    connection.executemany(_INSERT_ENTRY, map(_entry_columns, rows))
    connection.executemany(_INSERT_BODY, ((row.index, _PLAIN, row.sealed.body) for row in rows))
    connection.executemany(_INSERT_ISSUED, _issuing(rows))


def _issuing(rows: Sequence[Row]) -> list[tuple[str, bytes, int]]:
    """The versions that issue verdicts in some rows, each with the first of them."""
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        record = row.sealed.record
        if record.policy_version is not None and record.policy_digest is not None:
            found.setdefault((record.policy_version, record.policy_digest), row.index)
    return [(version, _bytes_of(digest), seq) for (version, digest), seq in found.items()]


def _bytes_of(digest: str) -> bytes:
    return bytes.fromhex(digest.removeprefix("sha256:"))


def issued(connection: apsw.Connection) -> dict[str, set[str]]:
    """By the name of a version, the digests under which it has issued verdicts."""
    found: dict[str, set[str]] = {}
    if not is_older(connection):
        for version, digest in connection.execute("SELECT version, digest FROM issued"):
            found.setdefault(version, set()).add(digest_text(digest))
    return found


def _entry_columns(row: Row) -> tuple[int | str | bytes | None, ...]:
    record = row.sealed.record
    return (
        row.index,
        record.id,
        record.kind,
        row.committed_us,
        microseconds(record.decided_at),
        record.track,
        record.level,
        record.outcome,
        record.policy_set and _bytes_of(record.policy_set),
        row.sealed.leaf_hash,
        row.sealed.leaf,
    )


def find(connection: apsw.Connection, id_: str) -> Entry | None:
    """The entry with this id.

    Raises:
        LogUnavailable: What is stored is not what was sealed.
    """
    found = connection.execute(_FIND, (id_,)).fetchone()
    if found is None:
        return None
    seq, kind, committed_us, leaf_hash, leaf, body = found
    if not is_what_was_sealed(leaf, leaf_hash, body):
        raise LogUnavailable(
            f"entry {seq} of the verdict log is not what was written there; have the log verified"
        )
    private = opened(body)[1] if body is not None else {}
    return Entry(Receipt(seq, digest_text(leaf_hash), moment(committed_us)), id_, kind, leaf, private)


def verdicts(connection: apsw.Connection) -> Iterator[tuple[str, int, bytes]]:
    """Id, time and private body of every verdict that was not erased, oldest first."""
    yield from connection.execute(_VERDICTS, (_PLAIN,))


def is_full(connection: apsw.Connection, error: apsw.Error) -> bool:
    """Whether a write failed only for want of room: nothing is lost, and it may work again later."""
    if isinstance(error, apsw.FullError):
        return True
    out_of_room = connection.system_errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return out_of_room and _code(error) in (apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_SHMSIZE)


def is_broken(error: apsw.Error) -> bool:
    """Whether the disk or the file failed, so that nobody knows what is stored now."""
    if isinstance(error, apsw.IOError):
        return _code(error) != apsw.SQLITE_IOERR_NOMEM
    return isinstance(error, apsw.CorruptError | apsw.NotADBError)


def _code(error: apsw.Error) -> int:
    """SQLite's extended result code."""
    return int(getattr(error, "extendedresult", 0))
