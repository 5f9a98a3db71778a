"""A disk whose power fails: SQLite writes through it, and at a chosen moment what was not synced yet is lost.

The real files are the platter. What SQLite writes is held back until it syncs the file; when the power fails,
each write that was held back is dropped, kept or torn into sectors, as the seed says, whatever the order was.
From then on every operation fails, so that nothing is written behind the crash.
SQLite has no shared memory here, so a connection must have the file for itself.
Knows nothing of logs and tables.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import apsw

_SECTOR: Final = 512  #: bytes that are written whole or not at all
_REAL: Final = "unix"
_LASTING: Final = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL


class CrashDisk(apsw.VFS):
    """All files that SQLite opens, until the power fails before the operation with the number `crash_at`."""

    def __init__(self, seed: int, crash_at: int) -> None:
        self.chance = random.Random(seed)
        self.crashed = False
        self._left = crash_at
        self._files: list[_File] = []
        super().__init__("crash", _REAL, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - apsw's name
        """Open a file; those that nobody misses after a crash are none of this disk's business."""
        if not flags[0] & _LASTING:
            return super().xOpen(name, flags)
        file = _File(self, name, flags)
        self._files.append(file)
        return file

    def operate(self) -> None:
        """Count one operation that changes a file, and let the power fail when its time has come."""
        if not self.crashed and self._left == 0:
            self.crashed = True
            for file in self._files:
                file.settle()
        if self.crashed:
            raise apsw.IOError("the power failed")
        self._left -= 1


class _File(apsw.VFSFile):
    """One file: what SQLite sees of it, and what of that has not reached the platter."""

    def __init__(self, disk: CrashDisk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__(_REAL, name, flags)
        self._disk = disk
        size = super().xFileSize()
        self._seen = bytearray(super().xRead(size, 0) if size else b"")
        self._pending: list[tuple[int, bytes | None]] = []  #: place and bytes; None: cut off there

    def xFileSize(self) -> int:  # noqa: N802 - apsw's name
        """As SQLite sees it."""
        return len(self._seen)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - apsw's name
        """As SQLite sees it."""
        return bytes(self._seen[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - apsw's name
        """Write, but not durably."""
        self._disk.operate()
        self._seen.extend(bytes(max(0, offset - len(self._seen))))
        self._seen[offset : offset + len(data)] = data
        self._pending.append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802 - apsw's name
        """Cut off, but not durably."""
        self._disk.operate()
        del self._seen[size:]
        self._pending.append((size, None))

    def xSync(self, _flags: int) -> None:  # noqa: N802 - apsw's name
        """Make all of it durable."""
        self._disk.operate()
        for offset, data in self._pending:
            self._put(offset, data)
        self._pending.clear()

    def settle(self) -> None:
        """Decide what became of everything that was not synced."""
        chance = self._disk.chance
        for offset, data in self._pending:
            fate = chance.choice(("dropped", "kept", "torn"))
            if fate == "dropped":
                continue
            if data is None or fate == "kept":
                self._put(offset, data)
            else:
                for start in range(0, len(data), _SECTOR):
                    if chance.random() < 0.5:
                        self._put(offset + start, data[start : start + _SECTOR])

    def _put(self, offset: int, data: bytes | None) -> None:
        """Bring one change onto the platter."""
        if data is None:
            super().xTruncate(offset)
        else:
            super().xWrite(data, offset)


@contextmanager
def power_cut(seed: int, crash_at: int) -> Iterator[CrashDisk]:
    """Let every connection that is opened meanwhile write to such a disk, each having its file for itself."""
    disk = CrashDisk(seed, crash_at)
    apsw.connection_hooks.append(_alone)
    try:
        yield disk
    finally:
        apsw.connection_hooks.remove(_alone)
        disk.unregister()


def _alone(connection: apsw.Connection) -> None:
    connection.pragma("locking_mode", "exclusive")
