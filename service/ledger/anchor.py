"""The anchor: a file on another path, best on another machine's disk, that keeps every checkpoint; the
last one comes out, and the next goes in only where nobody else was faster.

Each line is one signed note as a JSON string. The file is only ever added to, so its folder may forbid
anything else (`chattr +a`). Half a line, left by a crash, is passed over. Knows nothing of what a
checkpoint says.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import orjson

from service.errors import AnchorUnavailable
from service.ledger.durable import sync_folder

_TAIL: Final = 65_536  #: bytes in which the last line is looked for first


class Anchor:
    """One anchor file, for any number of processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def last(self) -> bytes | None:
        """The note that was added last; None while the file does not exist or is empty.

        Raises:
            AnchorUnavailable: It cannot be read, or holds something else, or its folder is not there: a disk
                that is not mounted must not pass for an anchor that is new.
        """
        with self._told():
            try:
                file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                if self.path.parent.is_dir():
                    return None
                raise AnchorUnavailable(
                    f"there is no folder `{self.path.parent}` for the anchor; mount its disk, or make it"
                ) from None
            try:
                return self._last_in(file)
            finally:
                os.close(file)

    def swap(self, seen: bytes | None, note: bytes) -> bool:
        """Add a note, durably, if the last one is still the one that was seen.

        Returns:
            Whether it was added; if not, another process was faster.

        Raises:
            AnchorUnavailable: It could not be added for sure.
        """
        with self._told():
            is_new = not self.path.exists()
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                if self._last_in(file) != seen:
                    return False
                line = orjson.dumps(note.decode()) + b"\n"
                if self._is_torn(file):
                    line = b"\n" + line
                if os.write(file, line) != len(line):
                    raise AnchorUnavailable(f"no room is left for the anchor `{self.path}`")
                os.fsync(file)
            finally:
                os.close(file)
            if is_new:
                sync_folder(self.path.parent)
            return True

    def notes(self) -> Iterator[bytes]:
        """Every note, the oldest first.

        Raises:
            AnchorUnavailable: They cannot be read.
        """
        with self._told(), self.path.open("rb") as file:
            for line in file:
                note = note_in(line)
                if note is not None:
                    yield note

    def _last_in(self, file: int) -> bytes | None:
        size = os.fstat(file).st_size
        for tail in (_TAIL, size):
            start = max(0, size - tail)
            *lines, _torn = os.pread(file, size - start, start).split(b"\n")
            for line in reversed(lines[1:] if start else lines):
                note = note_in(line)
                if note is not None:
                    return note
        if size:
            raise AnchorUnavailable(f"`{self.path}` is not an anchor of a verdict log; check the path")
        return None

    @staticmethod
    def _is_torn(file: int) -> bool:
        size = os.fstat(file).st_size
        return size > 0 and os.pread(file, 1, size - 1) != b"\n"

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise AnchorUnavailable(
                f"the anchor `{self.path}` cannot be used: {error.strerror}; see to its disk"
            ) from error


def note_in(line: bytes) -> bytes | None:
    """The note in a line of an anchor; None where it holds something else, such as half a note."""
    try:
        note = orjson.loads(line)
    except ValueError:
        return None
    return note.encode() if isinstance(note, str) else None
