"""The runtime folder: what the processes of one running service share goes in and comes out.

It holds copies of policy sets, a board with four numbers in shared memory (the set that all workers shall
prepare, the set that all of them judge by, what a reload is doing, and whether requests shall wait a moment),
one small file per worker, and the files of the metrics. It lies in memory, belongs to one service, and is
gone when that has stopped; what a killed service left behind is removed by the next one.
Knows nothing of policies and of HTTP.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import orjson

from service.errors import SettingsError

PREFIX: Final = "ladders-"
_PUBLISHED, _IN_FORCE, _STAGE, _ALONE = range(4)
_SIZE: Final = 64
_LOCK: Final = "lock"
_IN_USE: Final = "in-use"  #: locked, shared, by each worker in which a request is under way
_GATE: Final = "gate"  #: locked while requests wait
_TRY_S: Final = 0.001


class Runtime:
    """The folder of one service. Made before the workers are forked, and used by all of them."""

    def __init__(self, folder: Path, began: datetime) -> None:
        self.folder = folder
        self.began = began  #: when the service was started
        self.metrics = folder / "metrics"
        self._workers = folder / "workers"
        for each in (self.metrics, self._workers, folder / "sets", folder / "packed"):
            each.mkdir()
        board = folder / "board"
        board.write_bytes(bytes(_SIZE))
        with board.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)
        self._board = memoryview(self._memory).cast("q")
        (folder / "asked").touch()
        self._leading: int | None = None
        self._used: tuple[int, int] | None = None  # the process, and its own handle on what is in use

    # ── the board ──

    @property
    def in_force(self) -> int:
        """The number of the set that every worker judges by; it only grows."""
        return self._board[_IN_FORCE]

    @in_force.setter
    def in_force(self, number: int) -> None:
        self._board[_IN_FORCE] = number

    @property
    def published(self) -> int:
        """The number of the set that every worker shall have ready."""
        return self._board[_PUBLISHED]

    @published.setter
    def published(self, number: int) -> None:
        self._board[_PUBLISHED] = number

    @property
    def stage(self) -> int:
        """What a reload is doing now: a number that `web.reload` gives its meaning."""
        return self._board[_STAGE]

    @stage.setter
    def stage(self, number: int) -> None:
        self._board[_STAGE] = number

    # ── sets ──

    def set_folder(self, number: int) -> Path:
        """Where the files of a set are."""
        return self.folder / "sets" / str(number)

    def packed(self, number: int) -> Path:
        """Where a set is packed for the workers, once it has been proved."""
        return self.folder / "packed" / str(number)

    def drop_set(self, number: int) -> None:
        """Remove the files of a set."""
        shutil.rmtree(self.set_folder(number), ignore_errors=True)
        self.packed(number).unlink(missing_ok=True)

    def drop_sets_before(self, number: int) -> None:
        """Remove the files of sets that nobody will load any more."""
        for folder in (self.folder / "sets").iterdir():
            if int(folder.name) < number:
                self.drop_set(int(folder.name))

    # ── who asks, and who leads ──

    def ask(self) -> int:
        """Ask for a reload; gives how often that has been asked."""
        file = os.open(self.folder / "asked", os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(file, b".")
            return os.fstat(file).st_size
        finally:
            os.close(file)

    @property
    def asked(self) -> int:
        """How often a reload has been asked for."""
        return (self.folder / "asked").stat().st_size

    def leads(self) -> bool:
        """Whether this process is the one that sees to reloads; when that one dies, another becomes it."""
        if self._leading is not None:
            return True
        file = os.open(self.folder / "leader", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._leading = file
        return True

    @contextmanager
    def turn(self, what: str) -> Iterator[None]:
        """One process at a time does what is named so; whoever dies at it has done with it."""
        with (self.folder / f"turn-{what}").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    # ── a moment without requests ──

    def occupy(self) -> None:
        """Say that a request is under way in this process; waits out a moment without requests."""
        if self._used is None or self._used[0] != os.getpid():  # a handle that was forked would be shared
            self._used = os.getpid(), self._handle(_IN_USE)
        fcntl.flock(self._used[1], fcntl.LOCK_SH)

    def vacate(self) -> None:
        """Say that no request is under way in this process any more."""
        if self._used is not None:
            fcntl.flock(self._used[1], fcntl.LOCK_UN)

    def wait_while_alone(self) -> None:
        """Before a request begins: wait while somebody is alone, or about to be."""
        if self._board[_ALONE]:
            gate = self._handle(_GATE)
            try:
                fcntl.flock(gate, fcntl.LOCK_SH)
            finally:
                os.close(gate)

    @contextmanager
    def alone(self, patience_s: float) -> Iterator[bool]:
        """A moment at which no request is under way in any process; new ones wait until it has passed.

        Args:
            patience_s: For how long requests that are under way may go on before it is given up.

        Yields:
            Whether they have ended. Whoever dies meanwhile holds nobody up.
        """
        gate, used = self._handle(_GATE), self._handle(_IN_USE)
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            self._board[_ALONE] = 1
            yield _locked(used, patience_s)
        finally:
            self._board[_ALONE] = 0
            os.close(used)
            os.close(gate)

    def _handle(self, name: str) -> int:
        return os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    # ── what is told ──

    def tell(self, name: str, told: Mapping[str, Any]) -> None:
        """Write a small file that others read; they see it whole or not at all."""
        place = self.folder / name
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        draft.write_bytes(orjson.dumps(told))
        draft.replace(place)

    def told(self, name: str) -> dict[str, Any] | None:
        """What was written last under a name; None when nothing was."""
        try:
            return cast("dict[str, Any]", orjson.loads((self.folder / name).read_bytes()))
        except FileNotFoundError:
            return None

    def tell_worker(self, told: Mapping[str, Any]) -> None:
        """What this worker has to say."""
        self.tell(f"workers/{os.getpid()}", told)

    def workers(self) -> list[dict[str, Any]]:
        """What the living workers have said, the oldest first."""
        names = [path.name for path in self._workers.iterdir() if path.name.isdecimal()]
        told = [said for name in names if (said := self.told(f"workers/{name}")) is not None]
        return sorted(told, key=lambda each: (each["started_at"], each["pid"]))

    def forget_worker(self, pid: int) -> None:
        """Take note that a worker is dead."""
        (self._workers / str(pid)).unlink(missing_ok=True)


@contextmanager
def runtime_in(parent: Path, began: datetime) -> Iterator[Runtime]:
    """A new runtime folder below `parent`, as long as this process lives; forked children leave it alone.

    Raises:
        SettingsError: No folder can be made there.
    """
    try:
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = _hold(folder)
        runtime = Runtime(folder, began)
    except OSError as refused:
        raise SettingsError(
            [f"LADDERS_RUNTIME: cannot use `{parent}`: {refused.strerror}; name a folder, best one in memory"]
        ) from refused
    maker = os.getpid()
    try:
        yield runtime
    finally:
        if os.getpid() == maker:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _hold(folder: Path) -> int:
    """Mark a folder as in use by this process and all that are forked from it."""
    draft = folder / f".{_LOCK}"
    lock = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    draft.rename(folder / _LOCK)
    return lock


def _locked(handle: int, patience_s: float) -> bool:
    """Whether a file could be locked for this process alone within so many seconds."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_TRY_S)
        else:
            return True


def _sweep(parent: Path) -> None:
    """Remove the folders of services of this user that are dead."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            with (folder / _LOCK).open("r+b") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
