"""Processes of their own that have a log open, and the library that makes their disk fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(database: object, *arguments: object, **variables: str) -> subprocess.Popen[str]:
    """A process of its own that has the log open; see `writer.py`."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.writer", str(database), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def compiled(folder: Path) -> Path:
    """The library of `faults.c`, made in this folder."""
    library, source = folder / "faults.so", Path(__file__).with_name("faults.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library
