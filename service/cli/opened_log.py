"""The verdict log that the settings name: an environment goes in; the log comes out, with what belongs to it:
its anchor, its keys and its witnesses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.ledger.address import Place
    from service.ledger.anchor import Anchor
    from service.ledger.custody import Circumstances
    from service.ledger.log import Log
    from service.ledger.log_keys import LogKeys
    from service.ledger.wishes import Wishes
    from service.ledger.witness import Witness
    from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Beside:
    """What belongs to a log beside its store."""

    anchor: Anchor | None
    keys: LogKeys
    witnesses: tuple[Witness, ...]


@contextmanager
def opened_log() -> Iterator[Log]:
    """The log of LADDERS_LOG, to be written; a service may have it open at the same time.

    Raises:
        LogUnavailable: It cannot be opened, or is behind or beside its anchor.
    """
    with opened_with_anchor() as (_, log):
        yield log


@contextmanager
def opened_with_anchor(*, unanchored: bool = False) -> Iterator[tuple[Beside, Log]]:
    """The same, with what belongs to it.

    Args:
        unanchored: Open it even if it is behind or beside its anchor.
    """
    from service.ledger.log import open_log
    from service.ledger.publisher import refuse_unanchored

    settings = _settings()
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
        beside = _beside(settings)
        if not unanchored:
            refuse_unanchored(log, beside.anchor)
        yield beside, log


@contextmanager
def readable_log() -> Iterator[tuple[Beside, Log]]:
    """The log of LADDERS_LOG, to be read alone, and what belongs to it; not held against the anchor."""
    from service.ledger.log import read_log

    settings = _settings()
    with closing(read_log(settings.log, settings.keys)) as log:
        yield _beside(settings), log


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


def circumstances() -> Circumstances:
    """Under which something is recorded now."""
    from uuid import uuid4

    from service import __version__
    from service.ledger.custody import Circumstances

    return Circumstances(
        at=datetime.now(UTC),
        engine=f"ladders {__version__}",
        new_id=lambda: str(uuid4()),
        random_bytes=os.urandom,
    )


def _settings() -> Settings:
    from service.settings import read_settings

    return read_settings(os.environ)


def _beside(settings: Settings) -> Beside:
    from service.ledger.anchor import Anchor
    from service.ledger.log import keys_folder
    from service.ledger.log_keys import LogKeys
    from service.ledger.witness import read_witnesses

    return Beside(
        None if settings.anchor is None else Anchor(settings.anchor),
        LogKeys(keys_folder(settings.log, settings.keys)),
        read_witnesses(settings.witness or ""),
    )
