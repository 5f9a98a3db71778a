"""The verdict log that the settings name: an environment goes in; the log, open to be written, comes out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.ledger.address import Place
    from service.ledger.log import Log
    from service.ledger.wishes import Wishes


@contextmanager
def opened_log() -> Iterator[Log]:
    """The log of LADDERS_LOG with the keys of LADDERS_KEYS; a service may have it open at the same time."""
    from service.ledger.log import open_log
    from service.settings import read_settings

    settings = read_settings(os.environ)
    with closing(
        open_log(
            settings.log,
            keys=settings.keys,
            clock=lambda: datetime.now(UTC),
            random_bytes=os.urandom,
            limit_s=settings.log_timeout_s,
            may_make=False,
        )
    ) as log:
        yield log


def wishes_here(place: Place | None, *, name: str | None = None, may_make: bool) -> tuple[Place, Wishes]:
    """A place, or that of LADDERS_LOG, and how the settings want a log there to be opened."""
    from service.ledger.wishes import Wishes
    from service.settings import read_settings

    settings = read_settings(os.environ)
    wishes = Wishes(
        keys=settings.keys,
        clock=lambda: datetime.now(UTC),
        random_bytes=os.urandom,
        name=name,
        limit_s=settings.log_timeout_s,
        may_make=may_make,
    )
    return place or settings.log, wishes
