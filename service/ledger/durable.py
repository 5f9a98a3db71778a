"""Writing that lasts: what a file system leaves to whoever writes, namely to sync the names in a
folder, and to go on where only a part was taken.
"""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(file: int, content: bytes, at: int) -> int:
    """Write all of this to its place in a file, and say how much it was; a disk may take parts of it."""
    written = 0
    while written < len(content):
        written += os.pwrite(file, content[written:], at + written)
    return written
