"""The embedded log: records go in, receipts and entries come out; one SQLite file serves all processes here.

Every process opens the log for itself, after it was forked. Writing goes through the process's one appender;
reading has a connection of its own.
Knows nothing of requests and verdicts beyond what a record says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

import apsw

from service.errors import LogUnavailable
from service.ledger import tables
from service.ledger.appender import Appender
from service.ledger.place import Turn, prepare
from service.ledger.record import KEY_BYTES, Entry, Receipt, Record, seal

_RECENT_S: Final = 1.0  #: a commit within so many seconds proves that the log is writable

# who has which file open: SQLite's own memory of locks is wrong in a forked child, even for a new connection
_open_files: list[tuple[tuple[int, int], int]] = []  #: identity of the file, and process


class EmbeddedLog:
    """A verdict log in one SQLite file; `open_log` opens it."""

    def __init__(
        self,
        database: Path,
        *,
        clock: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
        name: str | None,
        limit_s: float,
    ) -> None:
        tables.refuse_old_sqlite(apsw.sqlite_lib_version())
        self._random_bytes = random_bytes
        self._limit_s = limit_s
        self._process = os.getpid()
        self._reading = Lock()
        self._closed = False
        self._place = prepare(database)
        if any(file == self._place.identity and process != self._process for file, process in _open_files):
            raise LogUnavailable(_forked())
        try:
            self.name = self._made_or_found(name)
            if name not in (None, self.name):
                raise LogUnavailable(f"the verdict log in `{database}` is named `{self.name}`, not `{name}`")
            self._reader = tables.connect_reader(self._place.database)
            writer = tables.connect_writer(self._place.database)
            turn = Turn(self._place.lock)
        except (apsw.Error, OSError) as error:
            raise LogUnavailable(f"cannot open the verdict log `{database}`: {error}") from error
        self._appender = Appender(self._place, writer, turn, log=self.name, clock=clock)
        _open_files.append((self._place.identity, self._process))

    def append(self, records: Sequence[Record]) -> Sequence[Receipt]:
        """Make these records durable, all or none; the receipts come in the order of the records.

        A record that the log holds already gets the receipt that it got then.

        Raises:
            LogUnavailable: They could not be written; no verdict may be released on them.
            RecordConflict: The log holds other content under one of the ids.
            ValueError: A record is not canonical or too large.
        """
        self._refuse_in_child()
        if not records:
            return ()
        sealed = [seal(record, log=self.name, record_key=self._random_bytes(KEY_BYTES)) for record in records]
        return self._appender.submit(sealed, self._limit_s)

    def get(self, id_: str) -> Entry | None:
        """The entry with this id, checked against its leaf; None when there is none.

        Raises:
            LogUnavailable: It cannot be read now, or is not what was written.
        """
        self._refuse_in_child()
        with self._reading:
            if self._closed:
                raise LogUnavailable("the verdict log is closed")
            try:
                return tables.find(self._reader, id_)
            except apsw.Error as error:
                raise LogUnavailable(f"the verdict log could not be read ({error})") from error

    def size(self) -> int:
        """How many entries there are.

        Raises:
            LogUnavailable: That cannot be read now.
        """
        self._refuse_in_child()
        with self._reading:
            if self._closed:
                raise LogUnavailable("the verdict log is closed")
            try:
                return tables.read_head(self._reader).size
            except apsw.Error as error:
                raise LogUnavailable(f"the verdict log could not be read ({error})") from error

    def check_writable(self) -> None:
        """Prove that a record could be made durable now, without adding one.

        Raises:
            LogUnavailable: It could not; the message says why.
        """
        self._refuse_in_child()
        if closed := self._place.why_closed():
            raise LogUnavailable(closed)
        if not self._appender.worked_within(_RECENT_S):
            self._appender.submit((), self._limit_s)

    def close(self) -> None:
        """Write what is waiting and let go of the files; in a forked child, which owns none, do nothing."""
        if self._process != os.getpid() or self._closed:
            return
        self._appender.close()
        with self._reading:
            self._closed = True
            self._reader.close()
        _open_files.remove((self._place.identity, self._process))

    def _made_or_found(self, name: str | None) -> str:
        """The name of the log in this file, which is made under the turn when it does not exist."""
        with closing(tables.connect_reader(self._place.database)) as reader:
            if tables.exists(reader) and not tables.is_older(reader):
                return tables.name_of(reader)
        turn = Turn(self._place.lock)
        try:
            if not turn.take_within(self._limit_s):
                raise LogUnavailable(
                    f"another process holds the verdict log `{self._place.database}`; try again"
                )
            with closing(tables.connect_writer(self._place.database)) as writer:
                if not tables.exists(writer):  # another process may have been faster
                    tables.create(writer, name or f"ladders/{self._random_bytes(8).hex()}")
                tables.bring_up_to_date(writer)
                return tables.name_of(writer)
        finally:
            turn.close()

    def _refuse_in_child(self) -> None:
        if self._process != os.getpid():
            raise LogUnavailable(_forked())


def _forked() -> str:
    return (
        "the verdict log was opened before this process was forked; open it in each process, after the fork"
    )
