"""What the commands that read the verdict log share: entries are named, and every read is recorded.

Whoever types the command is known by the name that this machine gives them, not by one that they can choose.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

if TYPE_CHECKING:
    from service.ledger.log import Log
    from service.ledger.record import Entry

UNTIL_NOW = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])


def entry_named(log: Log, which: str) -> Entry:
    """The entry with this index or id.

    Raises:
        NotFound: There is none.
    """
    from service.errors import NotFound
    from service.ledger.log import entry_under

    found = entry_under(log, which)
    if found is None:
        raise NotFound(f"the verdict log has no entry `{which[:100]}`; `ladders log find` lists what it has")
    return found


def note_read(log: Log, what: str, indexes: Sequence[int], **detail: Any) -> None:
    """Record that somebody has read these entries, before they are shown."""
    from service.ledger.audit_record import audit_record
    from service.verdict.judge import ENGINE

    record = audit_record(
        what,
        indexes,
        id_=str(uuid4()),
        read_at=datetime.now(UTC),
        engine=ENGINE,
        caller=f"cli:{user_name()}",
        detail=detail,
    )
    log.append([record])


def person_typed(typed: str) -> str:
    """The id of a person as it was typed, or where `-` was, as it comes from the standard input.

    No id has spaces around it, so what an editor or another system left there is passed over: else nobody
    would be found, and that looks like an answer.

    Raises:
        BadParameter: There is none, or its characters cannot be told.
    """
    try:
        person = (sys.stdin.readline() if typed == "-" else typed).strip()
        person.encode()
    except UnicodeError as undecoded:
        raise click.BadParameter("the id of the person did not come as UTF-8") from undecoded
    if not person:
        raise click.BadParameter("no id of a person came; name one, or give it to the standard input for `-`")
    return person


def moment_of(day: datetime | None) -> datetime | None:
    """A moment that was typed, in UTC."""
    return None if day is None else day.replace(tzinfo=UTC)


def user_name() -> str:
    """The name of whoever runs this process; their number where there is none, as in some containers."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
