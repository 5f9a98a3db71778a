"""The folder of keys: a path goes in; the keys of a log come out.

`log.key` signs checkpoints, `receipt.key` receipts (`ledger.receipt_key`), `index.key` turns people into what
a store may know of them, and `kek-<n>.key` wraps the keys of people, which `ledger.subject_keys` keeps.
Whoever has this folder and the log can read all; so it has backups of its own, and these are short-lived.
"""

from __future__ import annotations

import errno
import fcntl
import hmac
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

from service.errors import LogUnavailable
from service.ledger.durable import sync_folder, write_whole

KEY_BYTES: Final = 32
LOG_KEY: Final = "log.key"  #: the seed of the Ed25519 key that signs checkpoints
INDEX_KEY: Final = "index.key"
_LOCK: Final = "keys.lock"
_KEK: Final = re.compile(r"kek-([0-9]{1,9})\.key")


class KeyFolder:
    """The keys of one folder; `open_keys` opens it."""

    def __init__(self, folder: Path, random_bytes: Callable[[int], bytes]) -> None:
        self.folder = folder
        self.random_bytes = random_bytes
        self._index = self._read(INDEX_KEY)
        self._read(LOG_KEY)
        self._of_caller = lru_cache(maxsize=1024)(lambda caller: self._keyed(b"caller", caller.encode()))

    def fingerprint(self, log: str) -> str:
        """By what a log knows its keys again."""
        return self._keyed(b"log", log.encode()).hex()

    def subject(self, person: str) -> bytes:
        """What a store knows a person by: without the key it tells nobody who that is."""
        return self._keyed(b"person", person.encode())

    def caller(self, caller: str) -> bytes:
        """What a store knows a caller by."""
        return self._of_caller(caller)

    def asked(self, name: tuple[str, ...]) -> bytes:
        """What a store knows a key by under which a caller asked."""
        return self._keyed(b"asked", "\0".join(name).encode())

    def body(self, digest: bytes) -> bytes:
        """What a store knows by of what was asked."""
        return self._keyed(b"body", digest)

    # ── the keys that wrap the keys of people ──

    def kek(self, epoch: int) -> bytes:
        """The wrapping key of an epoch; raises `LogUnavailable` when it is not there."""
        return self._read(_name(epoch))

    def newest_epoch(self) -> int:
        """The epoch whose wrapping key is used for what is new."""
        return max(self._epochs(), default=0)

    def new_epoch(self) -> int:
        """Make the wrapping key of the next epoch; to be called under `locked`."""
        epoch = self.newest_epoch() + 1
        self._write(_name(epoch))
        sync_folder(self.folder)
        return epoch

    def forget_epochs_before(self, epoch: int) -> None:
        """Destroy wrapping keys with which nothing is wrapped any more."""
        for old in self._epochs():
            if old < epoch:
                path = self.folder / _name(old)
                path.chmod(0o600)
                with path.open("r+b", buffering=0) as file:
                    file.write(bytes(KEY_BYTES))
                    os.fsync(file.fileno())
                path.unlink()
        sync_folder(self.folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time changes what lies in the folder."""
        with locked(self.folder):
            yield

    def _epochs(self) -> list[int]:
        return [int(found[1]) for name in os.listdir(self.folder) if (found := _KEK.fullmatch(name))]  # noqa: PTH208 - names are enough

    def _read(self, name: str) -> bytes:
        path = self.folder / name
        try:
            key = path.read_bytes()
        except OSError as error:
            raise LogUnavailable(
                f"the key `{path}` cannot be read ({error.strerror}); restore the folder of keys from its "
                f"backup, or have LADDERS_KEYS name it"
            ) from error
        if len(key) != KEY_BYTES:
            raise LogUnavailable(f"`{path}` is not a key of {KEY_BYTES} bytes; restore it from its backup")
        return key

    def _write(self, name: str) -> None:
        write_key(self.folder / name, self.random_bytes(KEY_BYTES))

    def _keyed(self, use: bytes, told: bytes) -> bytes:
        return hmac.digest(self._index, use + b"\0" + told, "sha256")[:16]


def open_keys(folder: Path, random_bytes: Callable[[int], bytes]) -> KeyFolder:
    """The keys in a folder.

    Raises:
        LogUnavailable: One of them is missing or cannot be read.
    """
    return KeyFolder(folder, random_bytes)


def make_keys(folder: Path, random_bytes: Callable[[int], bytes]) -> KeyFolder:
    """The keys in a folder, made where there is not one of them; only for a log that is new.

    Raises:
        LogUnavailable: Some are there and some are missing, or the folder cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(folder):
            paths = [folder / name for name in (LOG_KEY, INDEX_KEY, _name(1))]
            if not [name for name in os.listdir(folder) if name.endswith(".key")]:  # noqa: PTH208 - names are enough
                for path in paths:
                    _prepare(path, random_bytes(KEY_BYTES))
                sync_folder(folder)
                sync_folder(folder.parent)
            for path in paths:  # here goes on, too, whose maker was killed half way
                if _prepared(path).exists() and not path.exists():
                    _prepared(path).rename(path)
            sync_folder(folder)
    except OSError as error:
        raise LogUnavailable(f"cannot use `{folder}` for keys: {error.strerror}") from error
    return open_keys(folder, random_bytes)


def write_key(path: Path, key: bytes) -> None:
    """Write a key that is not there yet, for its owner alone; nobody ever sees half of it."""
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    _prepare(path, key)
    _prepared(path).rename(path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time changes what lies in a folder of keys."""
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _prepare(path: Path, key: bytes) -> None:
    """Write a key durably, but not yet in its place."""
    _prepared(path).unlink(missing_ok=True)  # of somebody who was killed before it was whole
    file = os.open(_prepared(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    try:
        write_whole(file, key, 0)
        os.fsync(file)
    finally:
        os.close(file)


def _prepared(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _name(epoch: int) -> str:
    return f"kek-{epoch}.key"
