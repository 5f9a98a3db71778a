"""A file that may change while the service runs: its path and a way to read it go in; what it says now comes
out.

A file that has become unreadable changes nothing: what it said before holds, and the service log is told. A
file that is gone says nothing any more, so that removing it locks everybody out at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final, Generic, TypeVar

Said = TypeVar("Said")
_Mark = tuple[int, int, int]
_OUT_OF_SIGHT: Final = (-1, -1, -1)  #: the folder cannot be looked into


class Watched(Generic[Said]):
    """One file, and what it said last."""

    def __init__(
        self, path: Path, read: Callable[[bytes], Said], nothing: Said, tell: Callable[[str], None]
    ) -> None:
        """Nothing is read yet.

        Args:
            path: The file.
            read: What its bytes say; a `ValueError` when they cannot be understood.
            nothing: What it says when it is gone.
            tell: Is told once why a changed file was not taken.
        """
        self.path = path
        self._read, self._nothing, self._tell = read, nothing, tell
        self._reading = Lock()
        self._said = nothing
        self._mark: _Mark | None = None

    def first(self) -> Said:
        """Read it for the first time.

        Raises:
            OSError: It cannot be read.
            ValueError: It cannot be understood.
        """
        mark = _mark(self.path)
        self._said = self._read(self.path.read_bytes())
        self._mark = mark
        return self._said

    def now(self) -> Said:
        """What it says now; costs one look at the file's dates while nothing changes."""
        try:
            mark = _mark(self.path)
        except FileNotFoundError:
            mark = None
        except OSError:
            mark = _OUT_OF_SIGHT
        if mark != self._mark:
            with self._reading:
                if mark != self._mark:
                    self._take(mark)
        return self._said

    def _take(self, mark: _Mark | None) -> None:
        try:
            self._said = self._nothing if mark is None else self._read(self.path.read_bytes())
        except FileNotFoundError:
            return  # it went just now; the next look sees that
        except (OSError, ValueError) as refused:
            self._tell(f"{self.path}: {refused}; what it said before still holds")
        if mark is None:
            self._tell(f"{self.path}: the file is gone; nobody is known by it any more")
        self._mark = mark


def _mark(path: Path) -> _Mark:
    stat = os.stat(path)  # noqa: PTH116 - each request looks, and this is the shorter way
    return stat.st_ctime_ns, stat.st_size, stat.st_ino  # this time changes with the permissions too
