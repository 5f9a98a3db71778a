"""The tables: entries stay as they are, commits are durable, and a log that does not fit is not touched."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import apsw
import pytest

from service.errors import LogUnavailable
from service.ledger.embedded import database, entries, schema
from service.ledger.embedded.place import prepare
from service.ledger.sealing import seal
from tests.ledger.records import a_record, record_id


@pytest.fixture
def connection(tmp_path: Path) -> apsw.Connection:
    """A writer on a log with one entry."""
    writer = database.connect_writer(prepare(tmp_path / "log.db").database)
    schema.create(writer, "ladders/test", "00")
    entries.append(
        writer, entries.read_head(writer), [seal(a_record(1), log="ladders/test", record_key=bytes(32))], 17
    )
    return writer


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.17"])
def test_an_sqlite_that_could_corrupt_the_log_is_refused(version: str) -> None:
    """Up to 3.51.2, a process that writes while another moves the write-ahead log could lose commits."""
    with pytest.raises(LogUnavailable, match=r"install one from 3\.51\.3 on"):
        database.refuse_old_sqlite(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "3.100.0", "4.0.0"])
def test_a_repaired_sqlite_is_accepted(version: str) -> None:
    """Versions are numbers, not text."""
    database.refuse_old_sqlite(version)


def test_the_writer_syncs_every_commit(connection: apsw.Connection) -> None:
    """With less, a power cut takes acknowledged verdicts with it."""
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2


def test_the_writer_overwrites_what_is_removed(connection: apsw.Connection) -> None:
    """Otherwise what was erased would lie in the file until something else takes its place."""
    assert connection.pragma("secure_delete") == 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE entry SET outcome = 'eligible'", "UPDATE entry SET seq = 5", "DELETE FROM entry"],
)
def test_an_entry_is_never_changed_or_removed(connection: apsw.Connection, statement: str) -> None:
    """A slip at a database prompt must not rewrite what was decided."""
    with pytest.raises(apsw.ConstraintError, match="an entry of the verdict log is never"):
        connection.execute(statement)


@pytest.mark.parametrize("statement", ["UPDATE tile SET root = x''", "DELETE FROM tile"])
def test_a_tile_is_never_changed_or_removed(connection: apsw.Connection, statement: str) -> None:
    """Proofs of every later size rest on it."""
    sealed = [seal(a_record(number), log="ladders/test", record_key=bytes(32)) for number in range(2, 258)]
    entries.append(connection, entries.read_head(connection), sealed, 18)
    with pytest.raises(apsw.ConstraintError, match="a tile of the verdict log is never"):
        connection.execute(statement)


def test_the_columns_repeat_what_the_leaf_says(connection: apsw.Connection) -> None:
    """Searches use the columns, auditors the leaf."""
    columns = "seq, id, kind, committed_us, decided_us, track, level, outcome, policy, about"
    assert connection.execute(f"SELECT {columns} FROM entry").fetchone() == (
        *(0, record_id(1), "verdict", 17, 1_795_166_043_250_000),
        *("people-lead", "team-lead", "not_eligible", bytes.fromhex("ab" * 32), None),
    )


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (schema.FORM + 1, f"has form {schema.FORM + 1}, this Ladders knows {schema.FORM}; use the newer one"),
        (2, "has the older form 2; start the service"),
    ],
)
def test_a_log_of_another_form_is_refused(connection: apsw.Connection, form: int, message: str) -> None:
    """A newer Ladders may keep what this one would not carry on; an older log is carried on first."""
    connection.pragma("user_version", form)
    with pytest.raises(LogUnavailable, match=message):
        schema.name_of(connection)


def test_a_log_whose_head_does_not_fit_is_refused(connection: apsw.Connection) -> None:
    """Somebody else wrote to it; new entries would go to the wrong places."""
    assert schema.name_of(connection) == "ladders/test"
    connection.execute("UPDATE head SET size = 7")
    with pytest.raises(LogUnavailable, match="counts 7 entries, but 1 are there"):
        schema.name_of(connection)
    with pytest.raises(LogUnavailable, match="the frontier of the verdict log does not fit its size"):
        entries.read_head(connection)


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
    assert database.is_full(connection, error) is full
    assert database.is_broken(error) is broken
