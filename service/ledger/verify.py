"""Verifying: every entry, every tile and every checkpoint of a log go in, in one pass; all that is wrong
comes out.

Each entry is hashed from its stored bytes, and must be canonical and of this log. Hash by hash the tree is
built again and held against what is stored of it, and at the size of each checkpoint its root against that
checkpoint. What is kept in memory does not grow with the log. Knows nothing of files, stores and keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Protocol

import orjson

from service.ledger.canonical import is_canonical
from service.ledger.checkpoint import Checkpoint
from service.ledger.frontier import Frontier
from service.ledger.tiles import HASH_BYTES, STEP, WIDTH, joined
from service.ledger.usual_leaf import usual_leaf

OK, TAMPERED, ROLLED_BACK, INCOMPLETE = range(4)  #: also the exit codes of `ladders log verify`
_MOST_TOLD: Final = 100
_MOST_MARKS: Final = 10  #: checkpoints of one origin that are told to differ
_INCIDENT: Final = b'"kind":"incident"'


class Kept(Protocol):
    """What is kept of a log."""

    def entries(self, index: int, width: int) -> Sequence[bytes] | None:
        """The entries from `256 * index` on, so many; fewer or None where some are missing."""

    def rows(self, level: int, index: int, width: int) -> Sequence[bytes]:
        """The first hashes of a tile, as often as they are stored; none where they are missing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong."""

    kind: int  #: `TAMPERED`, `ROLLED_BACK` or `INCOMPLETE`
    message: str
    index: int | None = None  #: of the first entry that it concerns


@dataclass(slots=True)
class Report:
    """What came of verifying."""

    size: int
    root: bytes = b""
    entries: int = 0  #: how many were read and found right
    checkpoints: int = 0  #: how many the tree was held against
    findings: list[Finding] = field(default_factory=list)
    count: int = 0  #: of all findings, also those that are too many to be listed
    kinds: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)  #: what is no fault, but must be known

    def add(self, kind: int, message: str, index: int | None = None) -> None:
        """Note something that is wrong."""
        self.count += 1
        self.kinds.add(kind)
        if len(self.findings) < _MOST_TOLD:
            self.findings.append(Finding(kind, message, index))

    @property
    def outcome(self) -> int:
        """The worst of all that was found."""
        return min(self.kinds, default=OK)


@dataclass(frozen=True, slots=True)
class Mark:
    """A checkpoint that the log must agree with."""

    checkpoint: Checkpoint
    where: str  #: in words: where it was found
    signed: bool = True  #: or it is only what the log says of itself


def verify(
    kept: Kept, report: Report, marks: Iterable[Mark], each: Callable[[int], None] = lambda _: None
) -> None:
    """Verify a log up to the size in `report`, into which goes what comes of it.

    Args:
        kept: The log.
        report: Its size, and where findings go.
        marks: Checkpoints, the smallest first.
        each: Called with the number of entries that have been read.
    """
    _Pass(kept, report, iter(marks)).run(each)


class _Pass:
    """One walk along the log."""

    def __init__(self, kept: Kept, report: Report, marks: Iterator[Mark]) -> None:
        self._kept, self._report, self._marks = kept, report, marks
        self._blocks = Frontier()  #: over the roots of full tiles of level 0
        self._open: list[bytearray] = []  #: per level above 0, the hashes of the tile that is not full yet
        self._mark = next(marks, None)
        self._agreed = 0  #: the largest size at which a checkpoint agreed
        self._differing: dict[str, list[tuple[Mark, int]]] = {}  #: by origin; with what had agreed before
        self._incidents: list[dict[str, Any]] = []
        self._said: bytes | None = None  #: what every entry says of the log that it belongs to
        self._is_usual = usual_leaf("").fullmatch

    def run(self, each: Callable[[int], None]) -> None:
        size = self._report.size
        whole = True
        for index in range(-(-size // WIDTH)):
            width = min(WIDTH, size - index * WIDTH)
            hashes = self._hashes(index, width)
            if hashes is None:
                whole = False
                break
            self._hold_marks(index * WIDTH, hashes)
            if width == WIDTH:
                self._carry(joined(b"".join(hashes)))
            each(index * WIDTH + width)
        if not size:
            self._hold_marks(0, ())
        if whole:
            for level, row in enumerate(self._open, start=1):
                if row:
                    self._compare(level, size >> STEP * (level + 1), bytes(row))
        self._tell_of_larger()
        self._tell_of_differing()

    # ── entries ──

    def _hashes(self, index: int, width: int) -> list[bytes] | None:
        """The hashes of the leaves of a tile; None when neither they nor the entries are there."""
        first = index * WIDTH
        entries = self._kept.entries(index, width) or ()
        hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
        rows = self._kept.rows(0, index, width)
        if len(hashes) != width:
            return self._without_some(first, width, hashes, rows)
        self._read(first, entries)
        row = b"".join(hashes)
        for stored in rows:
            if stored != row:
                at = _first_difference(row, stored)
                self._report.add(
                    TAMPERED, f"entry {first + at} is not the one whose hash is stored", first + at
                )
                return _split(rows[0]) if len(rows[0]) == len(row) else hashes
        if not rows:
            self._report.add(
                INCOMPLETE, f"the tile with the hashes of entry {first} and on is missing", first
            )
        return hashes

    def _without_some(
        self, first: int, width: int, hashes: Sequence[bytes], rows: Sequence[bytes]
    ) -> list[bytes] | None:
        """Go on with stored hashes where entries are missing."""
        stored = _split(rows[0]) if rows else []
        at = next((n for n, (a, b) in enumerate(zip(hashes, stored, strict=False)) if a != b), len(hashes))
        missing = width - len(hashes)
        said = f"{missing} of the entries {first} to {first + width - 1} are missing"
        if missing < 0:
            self._report.add(
                TAMPERED, f"there are more entries than belong between {first} and {first + width - 1}"
            )
        elif len(stored) == width:
            self._report.add(INCOMPLETE, f"{said}, the first of them is {first + at}", first + at)
        else:
            self._report.add(
                INCOMPLETE,
                f"{said}, and so are their hashes; nothing behind them can be verified",
                first + at,
            )
            return None
        return stored if len(stored) == width else None

    def _read(self, first: int, entries: Sequence[bytes]) -> None:
        """Read entries for what they say of themselves."""
        if self._said is None:
            log = _log_of(entries[0])
            self._said = b'"log":' + (b"" if log is None else orjson.dumps(log))
            self._is_usual = usual_leaf(log or "").fullmatch
        self._report.entries += len(entries)
        is_usual = self._is_usual
        for at in [at for at, entry in enumerate(entries) if not is_usual(entry)]:
            entry, index = entries[at], first + at
            if not is_canonical(entry):
                self._report.add(TAMPERED, f"entry {index} is not canonical JSON", index)
            elif self._said not in entry:
                self._report.add(TAMPERED, f"entry {index} is one of another log", index)
            elif _INCIDENT in entry:
                self._incidents.append({"at": index, **orjson.loads(entry)["detail"]})

    # ── the tree ──

    def _carry(self, root: bytes) -> None:
        """Take up the root of a full tile of level 0, and of every tile above that it makes full."""
        self._blocks, full = self._blocks.extended([root])
        self._row(1).extend(root)
        for tile in full:
            row = self._row(tile.level + 1)
            self._compare(tile.level + 1, tile.index, bytes(row))
            row.clear()
            self._row(tile.level + 2).extend(tile.root)

    def _row(self, level: int) -> bytearray:
        while len(self._open) < level:
            self._open.append(bytearray())
        return self._open[level - 1]

    def _compare(self, level: int, index: int, row: bytes) -> None:
        rows = self._kept.rows(level, index, len(row) // HASH_BYTES)
        first = index << STEP * (level + 1)
        if not rows:
            self._report.add(INCOMPLETE, f"tile {index} of level {level} is missing", first)
        elif any(stored != row for stored in rows):
            at = min(_first_difference(row, stored) for stored in rows if stored != row)
            self._report.add(
                TAMPERED,
                f"tile {index} of level {level} is not the one over the entries from {first} on",
                first + (at << STEP * level),
            )

    # ── checkpoints ──

    def _hold_marks(self, first: int, hashes: Sequence[bytes]) -> None:
        """Hold the tree against every checkpoint of a size that lies inside or at the end of these leaves."""
        stop, at = first + len(hashes), 0
        growing = Frontier(first, self._blocks.hashes)  # the roots of full tiles are those of its subtrees
        while self._mark is not None and self._mark.checkpoint.size <= stop:
            upto = self._mark.checkpoint.size - first
            growing, _ = growing.extended(hashes[at:upto])
            at = max(at, upto)
            self._hold(self._mark, growing.root())
            self._mark = next(self._marks, None)
        if stop == self._report.size:
            self._report.root = growing.extended(hashes[at:])[0].root()

    def _hold(self, mark: Mark, root: bytes) -> None:
        self._report.checkpoints += mark.signed
        if mark.checkpoint.root != root:
            self._differs(mark)
        elif mark.signed:
            self._agreed = mark.checkpoint.size

    def _differs(self, mark: Mark) -> None:
        differing = self._differing.setdefault(mark.checkpoint.origin, [])
        if len(differing) < _MOST_MARKS:  # a loss that is on record covers all of one origin
            differing.append((mark, self._agreed))

    def _tell_of_larger(self) -> None:
        while self._mark is not None:
            if self._mark.checkpoint.size > self._report.size:
                self._differs(self._mark)
            self._mark = next(self._marks, None)

    def _tell_of_differing(self) -> None:
        """Say which checkpoints the log does not agree with, unless it says itself that they were lost."""
        size, told = self._report.size, False
        for mark, agreed in (pair for pairs in self._differing.values() for pair in pairs):
            seen = mark.checkpoint
            if incident := self._accepted(seen):
                said = f"entry {incident['at']} records that what {mark.where} committed to was lost"
                self._report.notes.append(said)
            elif seen.size > size:
                said = f"{mark.where} is of {seen.size} entries, but only {size} are here"
                self._report.add(ROLLED_BACK, said, size)
            else:
                said = f"the first {seen.size} entries are not those of {mark.where}"
                if not told and agreed < seen.size:
                    said += f"; the first wrong one is one of {agreed} to {seen.size - 1}"
                if self._agreed > seen.size:
                    said += "; but they are those of a later one: two histories were signed"
                self._report.add(TAMPERED, said, None if told else agreed)
                told = True

    def _accepted(self, seen: Checkpoint) -> dict[str, Any] | None:
        """The entry that records the loss of what a checkpoint committed to."""
        for incident in self._incidents:
            lost = incident.get("lost")
            if (
                isinstance(lost, dict)
                and lost.get("origin") == seen.origin
                and seen.size <= lost.get("size", -1)
            ):
                return incident
        return None


def _log_of(entry: bytes) -> str | None:
    """The log that an entry says it belongs to."""
    try:
        log = orjson.loads(entry)["log"]
    except (ValueError, TypeError, KeyError):
        return None
    return log if isinstance(log, str) else None


def _split(row: bytes) -> list[bytes]:
    return [row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES)]


def _first_difference(row: bytes, stored: bytes) -> int:
    """The number of the first hash that is not the same."""
    pairs = enumerate(zip(_split(row), _split(stored), strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(row), len(stored)) // HASH_BYTES)
