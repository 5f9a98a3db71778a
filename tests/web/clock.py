"""The clock of a service under test: libfaketime stands between it and the machine's own.

Every process that is started afterwards sees the time that a file says, at which the clock stands still. How
long things take is not touched.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

NOON: Final = datetime(2031, 5, 12, 12, tzinfo=UTC)
_LIBRARY: Final = "usr/lib/*/faketime/libfaketimeMT.so.1"
_MISSING: Final = "this test needs libfaketime: apt-get install libfaketime, as `.ci/run` does"


class Clock:
    """A clock that stands at noon until it is put elsewhere.

    Args:
        folder: For its files.
        monkeypatch: Takes it away at the end.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._file = folder / "clock"
        self.stand_at(NOON)
        for name, value in {
            "LD_PRELOAD": " ".join(map(str, (_sleeping(folder), _library()))),
            "TZ": "UTC",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }.items():
            monkeypatch.setenv(name, value)

    def stand_at(self, moment: datetime) -> None:
        """Put the clock there."""
        new = self._file.with_name("clock.new")
        new.write_text(f"{moment:%Y-%m-%d %H:%M:%S}\n")
        new.rename(self._file)  # nobody reads half of it

    @contextmanager
    def seen_by(self, process: subprocess.Popen[str]) -> Iterator[None]:
        """Clear up what libfaketime leaves in shared memory of a process that does not end by itself."""
        try:
            yield
        finally:
            for left in Path("/dev/shm").glob(f"*faketime_s*_{process.pid}"):
                left.unlink()


def _library() -> Path:
    found = sorted(Path("/").glob(_LIBRARY))
    assert found, _MISSING
    return found[0]


def _sleeping(folder: Path) -> Path:
    library, source = folder / "sleep.so", Path(__file__).with_name("sleep.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library
