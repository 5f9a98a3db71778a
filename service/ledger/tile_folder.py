"""A folder of tiles: a log goes in; files in the layout of c2sp.org/tlog-tiles come out, and are read again.

`tile/<level>/<index>` holds hashes, `tile/entries/<index>` up to 256 entries, each behind its length in two
bytes; a last one that is not full is named `….p/<width>`. `checkpoint` is the checkpoint that all of it
belongs to, and is written last. Beside what the layout knows, `checkpoints` keeps every checkpoint before
it, each a JSON string on its line. Knows nothing of what entries and checkpoints say.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import orjson

from service.errors import NotProven
from service.ledger.tiles import HASH_BYTES, STEP, WIDTH, Hashes

CHECKPOINT: Final = "checkpoint"
CHECKPOINTS: Final = "checkpoints"
_LENGTH: Final = struct.Struct(">H")


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Where a tile lies, or with the level `entries` a bundle of entries.

    >>> tile_path(0, 1234067, 5)
    'tile/0/x001/x234/067.p/5'
    """
    digits = f"{index:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{name}" + ("" if width == WIDTH else f".p/{width}")


def rows_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Level, index and width of every tile of a log of so many entries."""
    level, count = 0, size
    while count:
        for index in range(-(-count // WIDTH)):
            yield level, index, min(WIDTH, count - index * WIDTH)
        level, count = level + 1, count >> STEP


class TileFolder:
    """An export, read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def checkpoint(self) -> bytes | None:
        """The checkpoint that the export belongs to; None where the file is missing."""
        return self._read(CHECKPOINT)

    @property
    def has_earlier_checkpoints(self) -> bool:
        """Whether anything is kept beside the last checkpoint; other tools than Ladders do not write it."""
        path = self._folder / CHECKPOINTS
        return path.is_file() and path.stat().st_size > 0

    def checkpoints(self) -> Iterator[bytes]:
        """Every earlier checkpoint, the smallest first."""
        path = self._folder / CHECKPOINTS
        if not path.is_file():
            return
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    note = orjson.loads(line)
                except ValueError:
                    note = None
                if not isinstance(note, str):
                    raise NotProven(f"line {number} of `{CHECKPOINTS}` is not a checkpoint")
                yield note.encode()

    def entries(self, index: int, width: int) -> list[bytes] | None:
        """The entries of a bundle; None where the file is missing. More or fewer where it is damaged."""
        bundle = self._read(tile_path("entries", index, width))
        if bundle is None and width < WIDTH:  # the log may have grown since the checkpoint
            bundle = self._read(tile_path("entries", index))
        if bundle is None:
            return None
        entries: list[bytes] = []
        at, end = 0, len(bundle)
        while at + 2 <= end and len(entries) < width:
            start = at + 2
            at = start + (bundle[at] << 8 | bundle[at + 1])
            entries.append(bundle[start:at])
        return entries

    def row(self, level: int, index: int, width: int) -> bytes | None:
        """The first hashes of a tile; None where the file is missing."""
        row = self._read(tile_path(level, index, width))
        if row is None and width < WIDTH:
            row = self._read(tile_path(level, index))
        return None if row is None else row[: width * HASH_BYTES]

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None


class TileWriter:
    """An export, written into a folder that does not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)

    def write(
        self,
        size: int,
        hashes: Hashes,
        leaves: Iterable[bytes],
        checkpoints: Iterable[bytes],
        checkpoint: bytes,
        each: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Write the log up to a size.

        Args:
            size: That of the checkpoint.
            hashes: The stored part of the tree.
            leaves: Every leaf in order, at least as many.
            checkpoints: Every checkpoint up to that size, the smallest first.
            checkpoint: The last of them.
            each: Called with the number of entries written so far.
        """
        ordered = iter(leaves)
        for level, index, width in rows_of(size):
            if level == 0:
                bundle = b"".join(_LENGTH.pack(len(leaf)) + leaf for leaf in islice(ordered, width))
                self._put(tile_path("entries", index, width), bundle)
                each(index * WIDTH + width)
            self._put(tile_path(level, index, width), row_of(hashes, level, index, width))
        with (self._folder / CHECKPOINTS).open("wb") as file:
            for note in checkpoints:
                file.write(orjson.dumps(note.decode()) + b"\n")
        self._put(CHECKPOINT, checkpoint)

    def _put(self, name: str, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def row_of(hashes: Hashes, level: int, index: int, width: int) -> bytes:
    """The first hashes of a tile, full or not."""
    if width == WIDTH and (full := hashes.tile(level, index)):
        return full
    start = index * WIDTH
    if level:
        return b"".join(hashes.tile_roots(level - 1, start, start + width))
    return b"".join(hashes.leaf_hashes(start, start + width))
