"""The verdict log as the rest of Ladders sees it: a place goes in; a log to append to and to read comes out.

Knows nothing of how a store works; the embedded one is the only one so far, and others fit behind `Log`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from service.errors import SettingsError
from service.ledger.record import Entry, Receipt, Record
from service.ledger.store import EmbeddedLog

LIMIT_S: Final = 5.0  #: how long a caller waits for a record to become durable

__all__ = ["LIMIT_S", "Entry", "Log", "Receipt", "Record", "open_log"]


class Log(Protocol):
    """What every store of the verdict log does; usable from many threads of the process that opened it."""

    @property
    def name(self) -> str:
        """The name that stands in every leaf."""

    def append(self, records: Sequence[Record]) -> Sequence[Receipt]:
        """Make records durable, all or none; raises `LogUnavailable` or `RecordConflict`."""

    def get(self, id_: str) -> Entry | None:
        """The entry with this id; raises `LogUnavailable`."""

    def size(self) -> int:
        """How many entries there are; raises `LogUnavailable`."""

    def check_writable(self) -> None:
        """Prove that a record could be made durable now; raises `LogUnavailable`."""

    def close(self) -> None:
        """Write what is waiting and let go of everything."""


def open_log(
    place: str | Path,
    *,
    clock: Callable[[], datetime],
    random_bytes: Callable[[int], bytes],
    name: str | None = None,
    limit_s: float = LIMIT_S,
) -> Log:
    """Open the log at this place, and make it where there is none. Each process opens it after it was forked.

    Args:
        place: The path of a database file, whose folder is made with access for its owner alone.
        clock: The time with its zone; entries carry it, and it may lie up to 5 seconds behind the last one.
        random_bytes: Unpredictable bytes, such as `os.urandom`.
        name: The name of a new log, or the one that an existing log must have; without it, a random one.
        limit_s: Seconds after which an append that has not begun is given up.

    Raises:
        LogUnavailable: The log cannot be opened; the message says why and what to do.
        SettingsError: The place names a kind of store that does not exist.
    """
    if "://" in str(place):
        scheme = str(place).partition("://")[0]
        raise SettingsError([f"there is no verdict log of the kind `{scheme}`; give the path of a file"])
    return EmbeddedLog(Path(place), clock=clock, random_bytes=random_bytes, name=name, limit_s=limit_s)
