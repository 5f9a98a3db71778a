"""The verdict log as the rest of Ladders sees it: a place goes in; a log to append to and to read comes out.

Knows nothing of how a store works. The driver of PostgreSQL is loaded where there is such a log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from service.errors import SettingsError
from service.ledger.address import Address, Place, log_place
from service.ledger.disclosure import Field
from service.ledger.embedded.opening import open_embedded, read_embedded
from service.ledger.record import Asked, Entry, Receipt, Record, index_in
from service.ledger.rows import Found, TreeHead, Wanted
from service.ledger.tiles import Hashes
from service.ledger.wishes import Wishes

LIMIT_S: Final = 5.0  #: how long a caller waits for a record to become durable

__all__ = [
    "LIMIT_S",
    "Asked",
    "Entry",
    "Found",
    "Log",
    "Receipt",
    "Record",
    "TreeHead",
    "Wanted",
    "entry_under",
    "may_hold",
    "open_log",
    "read_log",
    "tracks_judged",
]


class Log(Protocol):
    """What every store of the verdict log does; usable from many threads of the process that opened it.

    Whatever cannot be done now raises `LogUnavailable`. `stored_log.StoredLog` says more of each.
    """

    @property
    def name(self) -> str:
        """The name that stands in every leaf."""

    def append(self, records: Sequence[Record]) -> Sequence[Receipt]:
        """Make records durable, all or none; raises `RecordConflict` where other content is there already."""

    def signed(self, receipt: Receipt) -> bytes:
        """A receipt as a text by which everybody can show that the log promised the entry."""

    def get(self, id_: str) -> Entry | None:
        """The entry with this id."""

    def entry(self, index: int) -> Entry | None:
        """The entry at this index."""

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """The entries from `start` to before `stop`, or to the end; read in pages."""

    def leaves(self, start: int, stop: int) -> Iterator[tuple[bytes, bytes]]:
        """Each leaf with its stored hash, from `start` to before `stop`; nothing is checked or opened."""

    def find(self, wanted: Wanted, after: int | None = None, limit: int = 100) -> list[Entry]:
        """The first entries that fit, oldest first, behind the index `after`."""

    def search(self, wanted: Wanted, after: int | None = None, limit: int = 100) -> Found[Entry]:
        """As `find`, but it answers soon, with fewer or none, where much would have to be looked at."""

    def asked(self, asked: Sequence[Asked]) -> Entry | None:
        """What was recorded when the same was asked before under one of these keys; raises `KeyReused`."""

    def disclosed(self, index: int, pointers: Sequence[str]) -> list[Field] | None:
        """Some fields of an entry with their proofs, or all; raises `NotFound`."""

    def size(self) -> int:
        """How many entries there are."""

    def head(self) -> TreeHead:
        """Size and root of the tree now."""

    @property
    def hashes(self) -> Hashes:
        """The stored part of the tree."""

    def content(self, digest: str) -> bytes | None:
        """What is kept under a digest, `sha256:…`."""

    def erase(
        self,
        person: str,
        *,
        erased_at: datetime,
        engine: str,
        new_id: Callable[[], str],
        caller: str | None = None,
    ) -> Sequence[Receipt]:
        """Erase what the log holds of a person; gives the entries that say so, none when there is nothing."""

    def rotate_keys(self) -> int:
        """Wrap the keys of all people anew, destroy the old wrapping key, and say how many they are."""

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """Keep the signed note of the tree of this size, in place of one that has fewer signatures."""

    def checkpoints(self, after: int, limit: int) -> list[bytes]:
        """The notes of the first checkpoints of trees larger than `after`, the smallest first."""

    def last_checkpoint(self) -> bytes | None:
        """The note of the checkpoint of the largest tree."""

    def issued(self) -> dict[str, set[str]]:
        """By the name of a version, the digests under which it has issued verdicts."""

    def check_writable(self) -> None:
        """Prove that a record could be made durable now."""

    def close(self) -> None:
        """Write what is waiting and let go of everything."""


def entry_under(log: Log, which: str) -> Entry | None:
    """The entry with this index or id."""
    index = index_in(which)
    return log.get(which) if index is None else log.entry(index)


def may_hold(log: Log, wanted: Wanted) -> bool:
    """Whether there is such an entry, or it would take long to be certain that there is none."""
    return log.search(wanted, limit=1) != Found([], None)


def tracks_judged(log: Log) -> set[str]:
    """The tracks of which a version has issued a verdict."""
    return {version.partition("/")[0] for version in log.issued()}


def open_log(
    place: str | Place,
    *,
    keys: Path | None = None,
    clock: Callable[[], datetime],
    random_bytes: Callable[[int], bytes],
    name: str | None = None,
    limit_s: float = LIMIT_S,
    may_make: bool = True,
) -> Log:
    """Open the log at this place, and make it where there is none. Each process opens it after it was forked.

    Args:
        place: The path of a database file, whose folder is made with access for its owner alone; or the
            address of a database where `ladders log init` made a log.
        keys: The folder of keys, made with those of a new log; without it, `keys` beside the database.
        clock: The time with its zone; entries carry it, and it may lie up to 5 seconds behind the last one.
            In a database it is the time of that server.
        random_bytes: Unpredictable bytes, such as `os.urandom`.
        name: The name of a new log, or the one that an existing log must have; without it, a random one.
        may_make: Whether a log that is not there is made.
        limit_s: Seconds after which an append that has not begun is given up.

    Raises:
        LogUnavailable: The log cannot be opened; the message says why and what to do.
        SettingsError: The place names a kind of store that does not exist.
    """
    wishes = Wishes(
        keys=keys, clock=clock, random_bytes=random_bytes, name=name, limit_s=limit_s, may_make=may_make
    )
    where = _where(place)
    if isinstance(where, Path):
        return open_embedded(where, wishes)
    from service.ledger.postgres.opening import open_postgres

    return open_postgres(where, wishes)


def read_log(place: str | Place, keys: Path | None = None) -> Log:
    """Open the log at this place to be read alone, whether a service has it open or not.

    Without its folder of keys (`keys` beside the database, unless another is named) what is private of people
    cannot be read, and everything else can.

    Raises:
        LogUnavailable: There is none, or it cannot be read; a log of an older form is opened by the service
            first.
        SettingsError: The place names a kind of store that does not exist.
    """
    where = _where(place)
    if isinstance(where, Path):
        return read_embedded(where, keys)
    from service.ledger.postgres.opening import read_postgres

    return read_postgres(where, keys)


def _where(place: str | Place) -> Place:
    if isinstance(place, Path | Address):
        return place
    try:
        return log_place(place)
    except ValueError as wanted:
        raise SettingsError([f"this is not {wanted}"]) from None  # what was given may hold a password


def keys_folder(place: str | Place, keys: Path | None) -> Path:
    """Where the keys of the log at this place are: in the folder that is named, or else beside it, as in
    `open_log`.
    """
    where = _where(place)
    if keys is not None:
        return keys
    if isinstance(where, Path):
        return where.absolute().with_name("keys")
    from service.ledger.postgres.opening import KEYS

    return KEYS
