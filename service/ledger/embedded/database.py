"""The database file of the embedded log: a path goes in; connections that are set up for it come out.

Also tells apart the ways in which SQLite fails. Knows nothing of tables.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

import apsw

from service.errors import LogUnavailable

_OLDEST_SQLITE: Final = (
    3,
    51,
    3,
)  # before it, processes that write and checkpoint at once could corrupt a log
BUSY_MS: Final = 1000  #: how long to wait for a foreign writer, such as a backup; our own take turns


def refuse_old_sqlite(version: str) -> None:
    """Raise `LogUnavailable` unless this SQLite is safe for several processes on one log."""
    if tuple(int(part) for part in version.split(".")[:3]) < _OLDEST_SQLITE:
        wanted = ".".join(map(str, _OLDEST_SQLITE))
        raise LogUnavailable(f"SQLite {version} is too old for the verdict log; install one from {wanted} on")


def connect_writer(database: Path) -> apsw.Connection:
    """The connection that appends: every commit is on the disk before it returns, and what is removed is
    overwritten.
    """
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)
    _set_up(connection)
    if connection.pragma("journal_mode", "wal") != "wal":
        raise LogUnavailable(
            f"`{database}` cannot use a write-ahead log; choose a folder on a disk of this machine"
        )
    connection.pragma("synchronous", "full")
    connection.pragma("secure_delete", True)
    return connection


def connect_reader(database: Path) -> apsw.Connection:
    """A connection that can only read."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    _set_up(connection)
    return connection


def _set_up(connection: apsw.Connection) -> None:
    connection.set_busy_timeout(BUSY_MS)
    connection.config(
        apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1
    )  # who has no turn must not write, not even then
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)


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
