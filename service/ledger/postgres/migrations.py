"""The schema of a log in PostgreSQL: an address goes in; a log of the present form, new or brought up to
date, comes out.

Each file in `schema/` that has a number turns the form before into that form, in one transaction, together
with an entry of the log that says so and gives the SHA-256 of the file. Files that were used once are never
changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from service.errors import LogUnavailable
from service.ledger.address import Address
from service.ledger.postgres.connections import Connection, connect, unavailable
from service.ledger.postgres.writer import append
from service.ledger.rows import Written
from service.ledger.sealing import Sealed

_LIMIT_S: Final = 3600.0  #: a migration may build an index over a large log
_LOCK: Final = "SELECT pg_advisory_xact_lock(5499823422)"
_THERE: Final = "SELECT to_regclass('ladders.migration') IS NOT NULL"
_APPLIED: Final = "SELECT version, sql_sha256 FROM ladders.migration ORDER BY version"
_NAMED: Final = "SELECT value FROM ladders.meta WHERE name = 'log'"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    form: int
    sql: bytes

    @property
    def digest(self) -> bytes:
        """What is recorded of it."""
        return sha256(self.sql).digest()


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it."""

    name: str  #: of the log
    applied: tuple[int, ...]  #: the forms that it went through just now


EntryFor = Callable[
    [str, Mapping[str, Any]], Sealed
]  #: seals what a log of some name is to say of a migration


def migrations() -> tuple[Migration, ...]:
    """Every step, in order."""
    found = (
        (re.match(r"([0-9]{4})-", file.name), file)
        for file in files(__package__).joinpath("schema").iterdir()
    )
    return tuple(
        sorted(
            (Migration(int(match[1]), file.read_bytes()) for match, file in found if match),
            key=lambda m: m.form,
        )
    )


def form_here() -> int:
    """The form that this Ladders knows."""
    return migrations()[-1].form


@dataclass(frozen=True, slots=True)
class New:
    """A log that is to be made."""

    name: str
    fingerprint: str  #: of its keys


def bring_up_to_date(address: Address, new: Callable[[], New], entry_for: EntryFor) -> Done:
    """Make a log, or bring the one that is there up to date.

    Args:
        address: Of the database, as a user who may make roles and schemas in it.
        new: Tells of a new log; called only when there is none.
        entry_for: Seals the entry about a step.

    Raises:
        LogUnavailable: It could not be done; a step that began is undone.
    """
    done: list[int] = []
    try:
        with connect(address, limit_s=_LIMIT_S) as connection:
            for step in migrations():
                with connection.transaction():
                    _prepare(connection)
                    applied = _applied(connection)
                    if step.form in applied:
                        _refuse_other(step, applied[step.form])
                        continue
                    _apply(connection, step)
                    if not applied:
                        _name(connection, new())
                    _record(connection, step, entry_for)
                    done.append(step.form)
            refuse_other_form(connection)
            return Done(_name_of(connection), tuple(done))
    except psycopg.Error as error:
        raise unavailable(f"the verdict log at `{address}` could not be brought up to date", error) from error


def grant(address: Address, *, services: Sequence[str], auditors: Sequence[str]) -> None:
    """Let users of the database do what the service does, or what auditors do.

    Raises:
        LogUnavailable: One of them does not exist, or this user may not say so.
    """
    try:
        with connect(address, limit_s=_LIMIT_S) as connection:
            for roles, users in (("ladders_app, ladders_keys", services), ("ladders_auditor", auditors)):
                for user in users:
                    connection.execute(SQL("GRANT " + roles + " TO {}").format(Identifier(user)))
    except psycopg.Error as error:
        raise unavailable("the roles could not be given", error) from error


def close_for_copy(connection: Connection, new: New) -> None:
    """Make a log without any entry that stays closed, for a copy of another log, or find one that was begun.

    Raises:
        LogUnavailable: There is a log already.
    """
    with connection.transaction():
        _prepare(connection)
        if not _applied(connection):
            for step in migrations():
                _apply(connection, step)
            _name(connection, new)
            connection.execute("INSERT INTO ladders.meta VALUES ('copying', %s)", (new.fingerprint,))
        begun = connection.execute("SELECT value FROM ladders.meta WHERE name = 'copying'").fetchone()
        if begun != (new.fingerprint,):
            raise LogUnavailable(
                "there is another verdict log in this database already; copy to an empty one"
            )


def open_copied(connection: Connection, entry_for: EntryFor) -> None:
    """Open a log that was copied here, and say in it how its schema was made."""
    with connection.transaction():
        _prepare(connection)
        connection.execute("SET LOCAL ROLE ladders_owner")
        connection.execute("DELETE FROM ladders.meta WHERE name = 'copying'")
        for step in migrations():
            _record(connection, step, entry_for)


def refuse_other_form(connection: Connection) -> None:
    """Raise `LogUnavailable` unless there is a log of the present form."""
    [(form, copying)] = connection.execute(
        "SELECT (SELECT max(version) FROM ladders.migration),"
        " EXISTS (SELECT FROM ladders.meta WHERE name = 'copying')"
    )
    if copying:
        raise LogUnavailable("the verdict log is being copied to this database; finish `ladders log copy`")
    if form < form_here():
        raise LogUnavailable(
            f"the verdict log has form {form}, this Ladders needs {form_here()}; run `ladders log migrate`"
        )
    if form > form_here():
        raise LogUnavailable(_newer(form))


def _prepare(connection: Connection) -> None:
    """See that the roles are there, and work as the owner from here on to the end of the transaction."""
    connection.execute(_LOCK)
    connection.execute(files(__package__).joinpath("schema", "roles.sql").read_bytes())


def _applied(connection: Connection) -> dict[int, bytes]:
    """The steps that were made, with their digests."""
    [(there,)] = connection.execute(_THERE)
    return dict(connection.execute(_APPLIED).fetchall()) if there else {}


def _name(connection: Connection, new: New) -> None:
    """Say what a new log is."""
    kept = "INSERT INTO ladders.meta VALUES ('log', %s), ('keys', %s), ('probed', '0')"
    connection.execute(kept, (new.name, new.fingerprint))


def _apply(connection: Connection, step: Migration) -> None:
    connection.execute("RESET ROLE")
    connection.execute(step.sql)
    connection.execute("INSERT INTO ladders.migration VALUES (%s, %s)", (step.form, step.digest))


def _record(connection: Connection, step: Migration, entry_for: EntryFor) -> None:
    """Say so in the log."""
    told = {"store": "postgresql", "form": step.form, "sha256": step.digest.hex()}
    [(erasures,)] = connection.execute("SELECT erasures FROM ladders.head")
    sealed = replace(entry_for(_name_of(connection), told), erasures=erasures)
    [answer] = append(connection, [[sealed]])
    if not isinstance(answer, Written):
        raise LogUnavailable("the change of the schema could not be recorded; try again")


def _name_of(connection: Connection) -> str:
    [(name,)] = connection.execute(_NAMED)
    return str(name)


def _refuse_other(step: Migration, digest: bytes) -> None:
    if step.digest != digest:
        raise LogUnavailable(
            f"step {step.form} of the schema was not made by this Ladders: its SHA-256 is {digest.hex()}"
            f" there and {step.digest.hex()} here; use the Ladders that made it"
        )


def _newer(form: int) -> str:
    return f"the verdict log has form {form}, this Ladders knows {form_here()}; use the newer one"
