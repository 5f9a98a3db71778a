"""The tables: entries stay as they are, commits are durable, and a log that does not fit is not touched."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import apsw
import pytest

from service.errors import LogUnavailable
from service.ledger import tables
from service.ledger.place import prepare
from service.ledger.record import seal
from service.ledger.tables import Head, Row
from tests.ledger.records import a_record, record_id


@pytest.fixture
def connection(tmp_path: Path) -> apsw.Connection:
    """A writer on a log with one entry."""
    writer = tables.connect_writer(prepare(tmp_path / "log.db").database)
    tables.create(writer, "ladders/test")
    tables.insert(writer, [Row(0, 17, seal(a_record(1), log="ladders/test", record_key=bytes(32)))])
    tables.write_head(writer, Head(1, 17))
    return writer


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.17"])
def test_an_sqlite_that_could_corrupt_the_log_is_refused(version: str) -> None:
    """Up to 3.51.2, a process that writes while another moves the write-ahead log could lose commits."""
    with pytest.raises(LogUnavailable, match=r"install one from 3\.51\.3 on"):
        tables.refuse_old_sqlite(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "3.100.0", "4.0.0"])
def test_a_repaired_sqlite_is_accepted(version: str) -> None:
    """Versions are numbers, not text."""
    tables.refuse_old_sqlite(version)


def test_the_writer_syncs_every_commit(connection: apsw.Connection) -> None:
    """With less, a power cut takes acknowledged verdicts with it."""
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2


@pytest.mark.parametrize(
    "statement", ["UPDATE entry SET outcome = 'eligible'", "UPDATE entry SET seq = 5", "DELETE FROM entry"]
)
def test_an_entry_is_never_changed_or_removed(connection: apsw.Connection, statement: str) -> None:
    """A slip at a database prompt must not rewrite what was decided."""
    with pytest.raises(apsw.ConstraintError, match="an entry of the verdict log is never"):
        connection.execute(statement)


def test_the_columns_repeat_what_the_leaf_says(connection: apsw.Connection) -> None:
    """Searches use the columns, auditors the leaf."""
    columns = "seq, id, kind, committed_us, decided_us, track, level, outcome, policy"
    assert connection.execute(f"SELECT {columns} FROM entry").fetchone() == (
        *(0, record_id(1), "verdict", 17, 1_795_166_043_250_000),
        *("people-lead", "team-lead", "not_eligible", bytes.fromhex("ab" * 32)),
    )


def test_a_log_of_another_form_is_refused(connection: apsw.Connection) -> None:
    """A newer Ladders may keep things that this one would not carry on."""
    connection.pragma("user_version", 3)
    with pytest.raises(LogUnavailable, match="has form 3, this Ladders knows 2"):
        tables.name_of(connection)


def test_a_log_whose_head_does_not_fit_is_refused(connection: apsw.Connection) -> None:
    """Somebody else wrote to it; new entries would go to the wrong places."""
    assert tables.name_of(connection) == "ladders/test"
    tables.write_head(connection, Head(7, 17))
    with pytest.raises(LogUnavailable, match="counts 7 entries, but 1 are there"):
        tables.name_of(connection)


def test_an_entry_that_was_tampered_with_is_not_answered(connection: apsw.Connection) -> None:
    """Nobody may act on a verdict that was not given."""
    assert tables.find(connection, record_id(1)) is not None
    connection.execute("UPDATE priv SET body = CAST(replace(body, 'not eligible yet', 'eligible') AS BLOB)")
    with pytest.raises(LogUnavailable, match="entry 0 of the verdict log is not what was written there"):
        tables.find(connection, record_id(1))


def test_an_entry_without_private_body_can_still_be_read(connection: apsw.Connection) -> None:
    """Erasing a person leaves the entry in its place."""
    connection.execute("DELETE FROM priv")
    entry = tables.find(connection, record_id(1))
    assert entry is not None
    assert entry.private == {}
    assert tables.held(connection, [record_id(1)])[record_id(1)].record_key is None


def _error(kind: type[apsw.Error], code: int = 0) -> apsw.Error:
    error = kind("a failure")
    error.extendedresult = code  # type: ignore[attr-defined]  # set by the library at run time
    return error


@pytest.mark.parametrize(
    ("error", "system_errno", "full", "broken"),
    [
        (_error(apsw.FullError), 0, True, False),
        (_error(apsw.IOError, apsw.SQLITE_IOERR_WRITE), errno.EDQUOT, True, True),
        (_error(apsw.IOError, apsw.SQLITE_IOERR_WRITE), errno.EFBIG, True, True),
        (_error(apsw.IOError, apsw.SQLITE_IOERR_WRITE), errno.EIO, False, True),
        (_error(apsw.IOError, apsw.SQLITE_IOERR_FSYNC), errno.ENOSPC, False, True),
        (_error(apsw.IOError, apsw.SQLITE_IOERR_FSYNC), errno.EIO, False, True),
        (_error(apsw.IOError, apsw.SQLITE_IOERR_NOMEM), 0, False, False),
        (_error(apsw.CorruptError), 0, False, True),
        (_error(apsw.BusyError), 0, False, False),
    ],
)
def test_want_of_room_is_told_from_a_failing_disk(
    error: apsw.Error, system_errno: int, full: bool, broken: bool
) -> None:
    """A write without room left nothing behind; after a failed sync nobody knows, whatever its reason."""
    connection = cast(Any, SimpleNamespace(system_errno=system_errno))
    assert tables.is_full(connection, error) is full
    assert tables.is_broken(error) is broken
