"""Making verdict logs: a place goes in; a log there, new or brought up to date, comes out.

A service makes and carries on an embedded log by itself; one in a database is made by whoever may make roles
and tables there, which the service may not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from service.errors import LogUnavailable
from service.ledger.address import Place
from service.ledger.embedded import schema
from service.ledger.embedded.opening import open_embedded
from service.ledger.keys import KEY_BYTES, make_keys
from service.ledger.record import Record
from service.ledger.sealing import Sealed, seal
from service.ledger.wishes import Wishes

_SOFTWARE: Final = "ladders"


@dataclass(frozen=True, slots=True)
class Made:
    """The log that is there now."""

    name: str
    steps: tuple[int, ...]  #: the forms that it went through just now


def make_log(
    place: Place, wishes: Wishes, *, services: Sequence[str] = (), auditors: Sequence[str] = ()
) -> Made:
    """Make a log with its keys, or bring the one that is there up to date.

    Args:
        place: Of the log.
        wishes: As for opening it; its `limit_s` does not count in a database.
        services: Users of the database who may do what the service does.
        auditors: Users of the database who may read entries and proofs alone.

    Raises:
        LogUnavailable: It could not be done; a step that began is undone.
    """
    if isinstance(place, Path):
        if services or auditors:
            raise LogUnavailable(f"`{place}` is a file, which has no users; its folder says who may read it")
        return _embedded(place, wishes)
    from service.ledger.postgres import migrations  # the driver is loaded where there is such a log
    from service.ledger.postgres.opening import KEYS

    def new() -> migrations.New:
        if not wishes.may_make:
            raise LogUnavailable(f"there is no verdict log at `{place}`; run `ladders log init`")
        name = wishes.name or f"ladders/{wishes.random_bytes(8).hex()}"
        keys = make_keys(wishes.keys or KEYS, wishes.random_bytes)
        return migrations.New(name, keys.fingerprint(name))

    done = migrations.bring_up_to_date(place, new, schema_entry(wishes))
    if wishes.name not in (None, done.name):
        raise LogUnavailable(f"the verdict log at `{place}` is named `{done.name}`, not `{wishes.name}`")
    migrations.grant(place, services=services, auditors=auditors)
    return Made(done.name, done.applied)


def schema_entry(wishes: Wishes) -> Callable[[str, Mapping[str, Any]], Sealed]:
    """Seals the entry about a change of the schema, given the name of the log and what it is to say."""

    def sealed(log: str, told: Mapping[str, Any]) -> Sealed:
        id_ = str(UUID(bytes=wishes.random_bytes(16), version=4))
        now = wishes.clock()
        record = Record(id=id_, kind="schema", decided_at=now, engine=_SOFTWARE, private={}, detail=told)
        return seal(record, log=log, record_key=wishes.random_bytes(KEY_BYTES))

    return sealed


def _embedded(database: Path, wishes: Wishes) -> Made:
    """The log in a file, which is made or carried on when it is opened."""
    there = database.is_file() and database.stat().st_size > 0
    log = open_embedded(database, wishes)
    log.close()
    return Made(log.name, () if there else (schema.FORM,))
