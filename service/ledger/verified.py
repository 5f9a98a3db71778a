"""What is verified: an export with the trust file alone, or the log itself, goes in; a report comes out.

Against both can be held what an auditor saw before: checkpoints, or the anchor. Knows nothing of who reads
the report.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from service.errors import LogUnavailable, NotProven
from service.ledger.anchor import note_in
from service.ledger.checkpoint import Checkpoint, Signed, read_checkpoint
from service.ledger.proofs import root_at
from service.ledger.publisher import Head, Published
from service.ledger.record import Entry
from service.ledger.tile_folder import TileFolder
from service.ledger.tiles import WIDTH
from service.ledger.trust import Believed, Trust
from service.ledger.verify import INCOMPLETE, TAMPERED, Mark, Report, verify

_PAGE: Final = 500


class Readable(Published, Protocol):
    """What verifying needs of a log."""

    def leaves(self, start: int, stop: int) -> Iterator[tuple[bytes, bytes]]:
        """Each leaf with its stored hash."""

    def checkpoints(self, after: int, limit: int) -> list[bytes]:
        """The next checkpoints behind a size."""

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Each entry, opened and held against its leaf."""


class _Exported:
    """An export as `verify.Kept`."""

    def __init__(self, folder: TileFolder) -> None:
        self.entries, self._row = folder.entries, folder.row

    def rows(self, level: int, index: int, width: int) -> Sequence[bytes]:
        """As `Kept.rows`."""
        row = self._row(level, index, width)
        return [] if row is None else [row]


class _Stored:
    """A log as `verify.Kept`."""

    def __init__(self, log: Readable) -> None:
        self._log, self._hashes = log, log.hashes
        self._beside = b""  #: the hashes that stand beside the entries of the tile that is being read

    def entries(self, index: int, width: int) -> Sequence[bytes]:
        """As `Kept.entries`."""
        start = index * WIDTH
        found = list(self._log.leaves(start, start + width))
        self._beside = b"".join(hash_ for _, hash_ in found)
        return [leaf for leaf, _ in found]

    def rows(self, level: int, index: int, width: int) -> Sequence[bytes]:
        """As `Kept.rows`."""
        tile = self._hashes.tile(level, index) if width == WIDTH else None
        start = index * WIDTH
        below = (
            self._beside if level == 0 else b"".join(self._hashes.tile_roots(level - 1, start, start + width))
        )
        return [row for row in (tile, below) if row]


def verify_export(
    folder: Path, trust: Trust, seen: Iterable[Path] = (), each: Callable[[int], None] = lambda _: None
) -> Report:
    """Verify an export; nothing but its files, the trust file and what was seen before is read.

    Raises:
        NotProven: It has no checkpoint to start from, or one that the trust file does not allow; or what was
            seen is of another log.
    """
    seen = tuple(seen)
    _refuse_others(seen, trust.origins.__contains__, "which is not in the trust file")
    export = TileFolder(folder)
    content = export.checkpoint()
    if content is None:
        raise NotProven(f"`{folder}` is no whole export of a log: it has no `checkpoint`")
    last = trust.check(content)
    report = Report(last.signed.checkpoint.size)
    _ask_for_quorum(last, report)
    if not export.has_earlier_checkpoints:
        report.notes.append(
            "the export has no earlier checkpoints, so it was held against the last one alone"
        )
    marks = [
        _marks(export.checkpoints(), report, trust),
        iter([_mark(last.signed)]),
        *_seen(seen, report, trust),
    ]
    verify(_Exported(export), report, _merged(marks), each)
    return report


def verify_log(
    log: Readable,
    trust: Trust | None = None,
    seen: Iterable[Path] = (),
    each: Callable[[int], None] = lambda _: None,
) -> Report:
    """Verify a log in its store, up to its head.

    Args:
        log: The log.
        trust: Whose signatures count; None: they are not checked, only the roots are.
        seen: Files with checkpoints from elsewhere, such as the anchor.
        each: Called with the number of entries that have been read.

    Raises:
        NotProven: The trust file, or what was seen, is of another log.
    """

    def is_ours(origin: str) -> bool:
        return origin == log.name or origin.startswith(f"{log.name}/")  # a loss was accepted

    if trust is not None and not any(map(is_ours, trust.origins)):
        raise NotProven(f"the trust file is that of `{min(trust.origins)}`, and this log is `{log.name}`")
    seen = tuple(seen)
    _refuse_others(seen, is_ours, f"and this is `{log.name}`")
    head: Head = log.head()
    report = Report(head.size)
    content = log.last_checkpoint()
    if trust is None:
        report.notes.append("signatures were not checked, because no trust file was given")
    elif content is None:
        report.add(INCOMPLETE, "there is no checkpoint yet")
    else:
        with suppress(NotProven):  # said where all of them are read
            _ask_for_quorum(trust.check(content), report)
    at_head = Mark(Checkpoint(log.name, head.size, head.root), "the head of the log", signed=False)
    marks = [_marks(_paged(log), report, trust), iter([at_head]), *_seen(seen, report, trust)]
    verify(_Stored(log), report, _without_newer(_merged(marks), log, report), each)
    if next(iter(log.leaves(head.size, head.size + 1)), None) and log.head().size == head.size:
        report.add(TAMPERED, "there are entries behind the head of the log", head.size)
    return report


def _without_newer(marks: Iterator[Mark], log: Readable, report: Report) -> Iterator[Mark]:
    """The checkpoints up to the size that is verified; those of a log that grew meanwhile are held against
    its tree alone.
    """
    for mark in marks:
        seen = mark.checkpoint
        if seen.size <= report.size or log.head().size < seen.size:
            yield mark
        elif root_at(log.hashes, seen.size) != seen.root:
            report.add(TAMPERED, f"the first {seen.size} entries are not those of {mark.where}")


def verify_private(log: Readable, report: Report, each: Callable[[int], None] = lambda _: None) -> None:
    """Open what is private in every entry of a log and hold it against its leaf; goes into the report.

    Raises:
        LogUnavailable: The log or its keys cannot be read.
    """
    index = 0
    while index < report.size:
        try:
            for entry in log.entries(index, report.size):
                index = entry.receipt.index + 1
                each(index)
            return
        except LogUnavailable:
            log.head()  # if even that cannot be read, it is not the entry
            report.add(TAMPERED, f"what is private in entry {index} is not what its leaf commits to", index)
            index += 1


def _ask_for_quorum(believed: Believed, report: Report) -> None:
    size = believed.signed.checkpoint.size
    if believed.cosigned:
        report.notes.append(f"the checkpoint of {size} entries is cosigned by {', '.join(believed.cosigned)}")
    if not believed.enough:
        report.add(INCOMPLETE, f"the checkpoint of {size} entries has not the quorum of witnesses")


def _paged(log: Readable) -> Iterator[bytes]:
    after = -1
    while page := log.checkpoints(after, _PAGE):
        yield from page
        after = read_checkpoint(page[-1]).checkpoint.size


def _marks(notes: Iterator[bytes], report: Report, trust: Trust | None, whose: str = "") -> Iterator[Mark]:
    """The checkpoints in some notes, which come in order; what is not to be believed goes into the report."""
    size = -1
    while True:
        try:
            note = next(notes, None)
            if note is None:
                return
            signed = read_checkpoint(note) if trust is None else trust.check(note).signed
        except NotProven as wrong:
            report.add(TAMPERED, f"{whose}{wrong}")
            continue
        if signed.checkpoint.size < size:
            report.add(TAMPERED, f"{whose}the checkpoints are not in order", signed.checkpoint.size)
            continue
        size = signed.checkpoint.size
        yield _mark(signed, whose)


def _mark(signed: Signed, whose: str = "") -> Mark:
    return Mark(signed.checkpoint, f"{whose}the checkpoint of {signed.checkpoint.size} entries")


def _merged(marks: Iterable[Iterator[Mark]]) -> Iterator[Mark]:
    return heapq.merge(*marks, key=lambda mark: mark.checkpoint.size)


# ── what was seen before ──


def _seen(paths: Iterable[Path], report: Report, trust: Trust | None) -> Iterator[Iterator[Mark]]:
    """The checkpoints in files: each holds one, or many as JSON strings, such as an anchor does."""
    for path in paths:
        whose = f"`{path.name}`: "
        for start, stop in _runs(path):
            yield _marks(_notes(path, start, stop), report, trust, whose)


def _refuse_others(seen: Iterable[Path], is_ours: Callable[[str], bool], not_ours: str) -> None:
    """Refuse files that begin with a checkpoint of another log, or hold none: they show nothing of this."""
    for path in seen:
        origin = next(
            filter(None, (_origin_in(note) for run in _runs(path) for note in _notes(path, *run))), None
        )
        if origin is None:
            raise NotProven(f"`{path}` holds no checkpoint; name a file with one, or a copy of the anchor")
        if not is_ours(origin):
            raise NotProven(f"`{path}` is of the log `{origin}`, {not_ours}")


def _runs(path: Path) -> Iterator[tuple[int, int]]:
    """The parts of a file in which sizes only grow: a new one begins where a loss was accepted."""
    start = at = 0
    size = -1
    with path.open("rb") as file:
        if not _is_many(file.read(1)):
            yield 0, 0
            return
        file.seek(0)
        for line in file:
            note = note_in(line)
            found = _size_in(note) if note is not None else None
            if found is not None and found < size:
                yield start, at
                start = at
            size = size if found is None else found
            at += len(line)
    yield start, at


def _notes(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        if not stop:
            yield file.read()
            return
        file.seek(start)
        while file.tell() < stop:
            note = note_in(file.readline())
            if note is not None:
                yield note


def _is_many(first: bytes) -> bool:
    return first == b'"'


def _size_in(note: bytes) -> int | None:
    found = _checkpoint_in(note)
    return None if found is None else found.size


def _origin_in(note: bytes) -> str | None:
    found = _checkpoint_in(note)
    return None if found is None else found.origin


def _checkpoint_in(note: bytes) -> Checkpoint | None:
    try:
        return read_checkpoint(note).checkpoint
    except NotProven:
        return None
