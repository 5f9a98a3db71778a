"""Where the embedded log lives: a path goes in; folder, files, the turn to write and the stop sign come out.

Beside the database stand `….lock`, held by the one process that writes, and `….failed`, the stop sign: while
that file exists no process writes, until an operator has checked the log and removed it. `….moved` says so
for a log that goes on elsewhere.
Knows nothing of tables and records.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from service.errors import LogUnavailable
from service.ledger.durable import sync_folder

# several machines, or a machine and its guest, do not see each other's locks and shared memory on these
_SHARED_FILESYSTEMS: Final = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|virtiofs|vboxsf|prl_fs|afs|ceph|lustre|gpfs|beegfs|glusterfs|gfs2|ocfs2|fuse\..+"
)
_RETRY_S: Final = 0.01


@dataclass(frozen=True)
class Place:
    """A database file that exists, and what stands beside it."""

    database: Path
    identity: tuple[int, int]  #: device and inode of the database file

    @cached_property
    def lock(self) -> Path:
        return self.database.with_name(f"{self.database.name}.lock")

    @cached_property
    def stop_sign(self) -> Path:
        return self.database.with_name(f"{self.database.name}.failed")

    @cached_property
    def moved_sign(self) -> Path:
        return self.database.with_name(f"{self.database.name}.moved")

    def why_closed(self) -> str | None:
        """Why nothing may be written here now; None when writing is allowed."""
        if self.stop_sign.exists():
            return (
                f"writing to the verdict log was stopped after a failure of the disk; check the log, then "
                f"remove `{self.stop_sign}`"
            )
        if self.moved_sign.exists():
            return (
                f"this verdict log was copied elsewhere (`{self.moved_sign}` says where); have LADDERS_LOG "
                f"name that one"
            )
        try:
            there = self.database.stat()
        except OSError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != self.identity:
            return f"`{self.database}` was moved or replaced while it was open; restart Ladders"
        return None

    def put_up_stop_sign(self, reason: str) -> None:
        """Stop every process from writing here, as durably as a failing disk allows."""
        with suppress(OSError):
            _put_up(self.stop_sign, reason)

    def put_up_moved_sign(self, where: str) -> None:
        """Stop every process from writing here, since the log goes on elsewhere; to be called in the turn."""
        _put_up(self.moved_sign, where)


class Turn:
    """The turn to write: one process has it at a time, in the order in which they asked."""

    def __init__(self, lock: Path) -> None:
        self._file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> None:
        """Wait for the turn, however long."""
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def take_within(self, limit_s: float) -> bool:
        """Try for so many seconds to get the turn."""
        give_up_at = time.monotonic() + limit_s
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            if time.monotonic() >= give_up_at:
                return False
            time.sleep(_RETRY_S)

    def give_back(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._file)


def prepare(database: Path) -> Place:
    """The place of a log, with its folder and an empty file made where they do not exist.

    Raises:
        LogUnavailable: The folder cannot be used, or lies on a filesystem that several machines share.
    """
    database = Path(os.path.abspath(database))  # noqa: PTH100  (`resolve` would follow a link away from its lock)
    folder = database.parent
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
            sync_folder(folder.parent)
        kind = filesystem_of(folder.resolve(), _mounts())
        if _SHARED_FILESYSTEMS.fullmatch(kind):
            raise LogUnavailable(
                f"`{folder}` lies on a shared filesystem ({kind}), where locks do not hold; choose a folder "
                f"on a disk of this machine"
            )
        if not database.exists():
            os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            sync_folder(folder)
        there = database.stat()
    except OSError as error:
        raise LogUnavailable(f"cannot use `{database}` for the verdict log: {error.strerror}") from error
    return Place(database, (there.st_dev, there.st_ino))


def filesystem_of(folder: Path, mounts: str) -> str:
    """The kind of filesystem that a folder lies on, by the kernel's table of mounts; empty when unknown.

    >>> filesystem_of(Path("/srv/log"), "/dev/vda / ext4 rw 0 0\\nfiler:/x /srv nfs4 rw 0 0")
    'nfs4'
    """
    longest, found = -1, ""
    for line in mounts.splitlines():
        _, mount, kind, *_ = line.split(" ")
        mounted_at = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), mount))
        if folder.is_relative_to(mounted_at) and len(mounted_at.parts) >= longest:
            longest, found = len(mounted_at.parts), kind
    return found


def _mounts() -> str:
    try:
        return Path("/proc/self/mounts").read_text()
    except OSError:  # not Linux
        return ""


def _put_up(sign: Path, says: str) -> None:
    """Write a file that stands for itself, durably."""
    file = os.open(sign, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, f"{says}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)
    sync_folder(sign.parent)
