"""The log that is served: settings go in; the open log comes out, if it is the one in its anchor."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from service.errors import AnchorUnavailable, LogRolledBack, LogTampered, LogUnavailable
from service.ledger.anchor import Anchor
from service.ledger.log import Log, open_log
from service.ledger.publisher import refuse_unanchored
from service.settings import Settings


def anchor_of(settings: Settings) -> Anchor | None:
    """The anchor that the settings name."""
    return None if settings.anchor is None else Anchor(settings.anchor)


def anchored_log(settings: Settings, now: Callable[[], datetime]) -> Log:
    """The log, opened in this process.

    Raises:
        LogRolledBack, LogTampered: It is behind or beside its anchor.
        LogUnavailable: It cannot be opened, or its anchor cannot be read: then nobody can tell a rollback.
    """
    log = open_log(
        settings.log,
        keys=settings.keys,
        clock=now,
        random_bytes=os.urandom,
        limit_s=settings.log_timeout_s,
    )
    try:
        refuse_unanchored(log, anchor_of(settings))
    except BaseException as refused:
        log.close()
        if isinstance(refused, AnchorUnavailable):
            raise LogUnavailable(str(refused)) from refused
        raise
    return log


def refuse_another_log(settings: Settings, now: Callable[[], datetime]) -> None:
    """Refuse to start on a log that is not the one in its anchor.

    One that cannot be opened now is no reason: the workers try again, and answer 503 meanwhile.

    Raises:
        LogRolledBack, LogTampered: The log is behind or beside its anchor.
    """
    if settings.anchor is None:
        return
    try:
        anchored_log(settings, now).close()
    except (LogRolledBack, LogTampered):
        raise
    except LogUnavailable:
        return
