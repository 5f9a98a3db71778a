"""A log over a store: records go in, receipts and entries come out; what all stores have in common is here.

Records are sealed and opened in the threads of the callers; the store writes and reads what is sealed. What
the log holds already is told by the store and compared here, so that nothing is worked out under its lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from service.errors import KeyReused, LogUnavailable, NotFound, RecordConflict
from service.ledger.appender import Appender
from service.ledger.disclosure import Field
from service.ledger.erasure import erasure_records, erasures_in
from service.ledger.receipts import Receipts
from service.ledger.record import Asked, Entry, Receipt, Record, digest_bytes, digest_text, moment
from service.ledger.rows import Found, Held, Rows, Stored, TreeHead, Wanted, Writer, Written
from service.ledger.sealer import Sealer, receipt_of
from service.ledger.sealing import Removal, Sealed
from service.ledger.tiles import Hashes

_RECENT_S: Final = 1.0  #: a commit within so many seconds proves that the log is writable
_PAGE: Final = 256
_TRIES: Final = 20  #: of an erasure to leave no trace; others write between them
_HELD_UP: Final = (
    "the person is erased, but another program reads an older state of the verdict log and keeps it from "
    "being overwritten; stop that program, and the next write overwrites it"
)
FORKED: Final = (
    "the verdict log was opened before this process was forked; open it in each process, after the fork"
)


class StoredLog:
    """A verdict log; `open_log` opens it.

    Args:
        name: The name that stands in every leaf.
        rows: Reads the store.
        writer: Writes it; without one, the log can only be read.
        sealer: Seals and opens records for this log.
        receipts: Signs what was promised; without it, nothing is signed.
        limit_s: Seconds after which an append that has not begun is given up.
        released: Called once, when the log is closed.
    """

    def __init__(
        self,
        name: str,
        rows: Rows,
        writer: Writer | None,
        sealer: Sealer,
        receipts: Receipts | None = None,
        *,
        limit_s: float,
        released: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self._rows = rows
        self._writer = writer
        self._sealer = sealer
        self._receipts = receipts
        self._limit_s = limit_s
        self._released = released
        self._process = os.getpid()
        self._closed = False
        self._erasures = rows.head().erasures
        self._appender = None if writer is None else Appender(writer)

    # ── writing ──

    def append(self, records: Sequence[Record]) -> Sequence[Receipt]:
        """Make these records durable, all or none; the receipts come in the order of the records.

        A record that the log holds already gets the receipt that it got then. So does one that was asked for
        before under the same key: the receipt is that of the entry which answered it.

        Raises:
            LogUnavailable: They could not be written; no verdict may be released on them.
            RecordConflict: The log holds other content under one of the ids or keys.
            ValueError: A record is not canonical or too large, or is about an entry that is not there.
        """
        self._refuse_in_child()
        if self._closed:
            raise LogUnavailable("the verdict log is closed")
        left, twins = _each_once(records)
        receipts: dict[str, Receipt] = {}
        while left:
            sealed = [self._sealed(record) for record in left.values()]
            answer = self._writing().submit(sealed, self._limit_s)
            if isinstance(answer, Written):
                receipts |= _receipts(sealed, answer)
                break
            if isinstance(answer, Held):
                for each, index in zip(sealed, answer.indexes, strict=True):
                    if index is not None:
                        receipts[each.record.id] = self._same_receipt(each, index)
                        del left[each.record.id]
            else:
                self._erasures = self._rows.head().erasures
        return [receipts[twins.get(record.id, record.id)] for record in records]

    def signed(self, receipt: Receipt) -> bytes:
        """A receipt of this log as a text by which everybody can show that the log promised the entry.

        Raises:
            LogUnavailable: It cannot be signed now; the entry is in the log nevertheless.
        """
        self._refuse_in_child()
        if self._receipts is None:
            raise LogUnavailable("the verdict log was opened to be read; it promises nothing")
        return self._receipts.signed(self, receipt)

    def check_writable(self) -> None:
        """Prove that a record could be made durable now, without adding one.

        Raises:
            LogUnavailable: It could not; the message says why.
        """
        self._refuse_in_child()
        appender = self._writing()
        if self._writer is not None and (closed := self._writer.why_closed()):
            raise LogUnavailable(closed)
        if not appender.worked_within(_RECENT_S):
            appender.submit((), self._limit_s)

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """Keep the signed note of the tree of this size; raises `LogUnavailable`."""
        self._refuse_in_child()
        appender, writer = self._writing(), self._writer
        if writer is not None:
            appender.run(lambda: writer.add_checkpoint(size, note), self._limit_s)

    def erase(
        self,
        person: str,
        *,
        erased_at: datetime,
        engine: str,
        new_id: Callable[[], str],
        caller: str | None = None,
    ) -> Sequence[Receipt]:
        """Erase what the log holds of a person, for good, and record that without naming anybody.

        All entries stay in their places, and every proof holds; what was private in them is gone.

        Returns:
            The receipts of the entries that say so; none when the log holds nothing of that person.

        Raises:
            LogUnavailable: It was not done, or not to the end, which opening the log does.
        """
        self._refuse_in_child()
        subj = self._sealer.keys.subject(person)
        while held := self._rows.of_person(subj):
            removal = Removal(subj, tuple(index for index, _ in reversed(held)))
            kids = [kid for _, kid in held if kid is not None]
            records = erasure_records(
                removal.indexes, kids, erased_at=erased_at, engine=engine, new_id=new_id, caller=caller
            )
            self._erasures = self._rows.head().erasures
            first, *others = [self._sealed(record) for record in records]
            sealed = [replace(first, removes=removal), *others]
            answer = self._writing().submit(sealed, self._limit_s)
            if isinstance(answer, Written):
                self._sealer.subject_keys.destroy(kids)
                if not any(self._removed(()) for _ in range(_TRIES)):
                    raise LogUnavailable(_HELD_UP)
                return list(_receipts(sealed, answer).values())
        return ()

    def erase_again(self) -> None:
        """Do again what every erasure in the log says; raises `LogUnavailable`."""
        gone: list[int] = []
        back: list[int] = []
        erasures = 0
        for indexes, kids in erasures_in(self._rows):
            erasures += 1
            gone += kids
            back += self._rows.with_private(indexes)
        if erasures:
            self._sealer.subject_keys.destroy(gone)
            if back or not (self._writer and self._writer.why_closed()):
                self._removed(back)

    def _removed(self, indexes: Sequence[int]) -> bool:
        """Remove what is private in some entries, and say whether no trace is left of all that was erased."""
        appender, writer = self._writing(), self._writer
        answers: list[bool] = []
        if writer is not None:
            appender.run(lambda: answers.append(writer.remove(indexes)), self._limit_s)
        return all(answers)

    def rotate_keys(self) -> int:
        """Wrap the keys of all people anew, destroy the old wrapping key, and say how many they are."""
        self._refuse_in_child()
        return self._sealer.subject_keys.rotate()

    # ── reading ──

    def get(self, id_: str) -> Entry | None:
        """The entry with this id, held against its leaf; None when there is none.

        Raises:
            LogUnavailable: It cannot be read now, or is not what was written.
        """
        self._refuse_in_child()
        stored = self._rows.by_id(id_)
        return None if stored is None else self._sealer.entry(stored)

    def entry(self, index: int) -> Entry | None:
        """The entry at this index, as `get` gives it."""
        return next(self.entries(index, index + 1), None)

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """The entries from `start` to before `stop`, or to the end, as `get` gives them; read in pages."""
        stop = self.size() if stop is None else stop
        while start < stop:
            page = self._between(start, stop)
            yield from map(self._sealer.entry, page)
            start = page[-1].index + 1 if page else stop

    def leaves(self, start: int, stop: int) -> Iterator[tuple[bytes, bytes]]:
        """Each leaf with its stored hash, from `start` to before `stop`; nothing is checked or opened."""
        self._refuse_in_child()
        return self._rows.leaves(start, stop)

    def find(self, wanted: Wanted, after: int | None = None, limit: int = 100) -> list[Entry]:
        """The first entries that fit, oldest first, behind the index `after`."""
        found = self.search(wanted, after, limit)
        entries = found.entries
        while found.after is not None and len(entries) < limit:
            found = self.search(wanted, found.after, limit - len(entries))
            entries += found.entries
        return entries

    def search(self, wanted: Wanted, after: int | None = None, limit: int = 100) -> Found[Entry]:
        """As `find`, but for what no index answers at most 200,000 entries are looked at."""
        self._refuse_in_child()
        subj = None if wanted.person is None else self._sealer.keys.subject(wanted.person)
        caller = None if wanted.caller is None else self._sealer.keys.caller(wanted.caller)
        found = self._rows.find(wanted, subj, caller, -1 if after is None else after, limit)
        return Found([self._sealer.entry(stored) for stored in found.entries], found.after)

    def asked(self, asked: Sequence[Asked]) -> Entry | None:
        """The entry that was recorded when the same was asked before under one of these keys.

        Raises:
            KeyReused: Something else was asked for then.
        """
        self._refuse_in_child()
        index = self._asked_before(asked)
        return None if index is None else self.entry(index)

    def disclosed(self, index: int, pointers: Sequence[str]) -> list[Field] | None:
        """Some fields of the entry at this index with their proofs, or all; None where nothing is private in
        it, or nothing any more.

        Raises:
            NotFound: There is no such entry, or it has no such field.
        """
        found = self._between(index, index + 1)
        if not found:
            raise NotFound("there is no such entry in the verdict log")
        return self._sealer.disclosed(found[0], pointers)

    def size(self) -> int:
        """How many entries there are; raises `LogUnavailable`."""
        self._refuse_in_child()
        return self._rows.head().size

    def head(self) -> TreeHead:
        """Size and root of the tree now; raises `LogUnavailable`."""
        self._refuse_in_child()
        head = self._rows.head()
        return TreeHead(head.size, head.frontier.root(), head.last_us)

    @property
    def hashes(self) -> Hashes:
        """The stored part of the tree."""
        self._refuse_in_child()
        return self._rows.hashes

    def content(self, digest: str) -> bytes | None:
        """What is kept under a digest, `sha256:…`."""
        self._refuse_in_child()
        return self._rows.content(digest_bytes(digest))

    def checkpoints(self, after: int, limit: int) -> list[bytes]:
        """The notes of the first checkpoints of trees larger than `after`, the smallest first."""
        self._refuse_in_child()
        return self._rows.checkpoints(after, limit)

    def last_checkpoint(self) -> bytes | None:
        """The note of the checkpoint of the largest tree."""
        self._refuse_in_child()
        return self._rows.last_checkpoint()

    def issued(self) -> dict[str, set[str]]:
        """By the name of a version, the digests under which it has issued verdicts."""
        self._refuse_in_child()
        return self._rows.issued()

    def close(self) -> None:
        """Write what is waiting and let go; in a forked child, which owns nothing, do nothing."""
        if self._process != os.getpid() or self._closed:
            return
        self._closed = True
        if self._appender is not None:
            self._appender.close()
        self._rows.close()
        self._sealer.close()
        self._released()

    # ── how ──

    def _sealed(self, record: Record) -> Sealed:
        return self._sealer.sealed(record, self._about(record), self._erasures)

    def _about(self, record: Record) -> bytes | None:
        """The leaf hash of the entry that a record is about."""
        if record.about is None:
            return None
        found = self._rows.hashes.leaf_hashes(record.about, record.about + 1)
        if not found:
            raise ValueError("a record is about an entry that is in the log")
        return found[0]

    def _same_receipt(self, sealed: Sealed, index: int) -> Receipt:
        """The receipt of what the log holds already, if that is the same."""
        record = sealed.record
        [stored] = self._between(index, index + 1)
        if stored.id != record.id:
            self._asked_before(record.asked)
        elif not self._sealer.is_same(record, self._about(record), stored):
            raise RecordConflict(f"the verdict log already holds something else under `{record.id}`")
        return receipt_of(stored)

    def _asked_before(self, asked: Sequence[Asked]) -> int | None:
        """The index of what was recorded when the same was asked before under one of these keys."""
        for each in asked:
            key, body = self._sealer.asked(each)
            found = self._rows.asked(key)
            if found is not None:
                if found[1] != body:
                    raise KeyReused(each.kind)
                return found[0]
        return None

    def _between(self, start: int, stop: int) -> list[Stored]:
        self._refuse_in_child()
        return self._rows.between(start, stop, _PAGE)

    def _writing(self) -> Appender:
        if self._appender is None:
            raise LogUnavailable("the verdict log was opened to be read; nothing can be written to it")
        return self._appender

    def _refuse_in_child(self) -> None:
        if self._process != os.getpid():
            raise LogUnavailable(FORKED)


def _each_once(records: Sequence[Record]) -> tuple[dict[str, Record], dict[str, str]]:
    """The records by id, each once, and for one that asks what an earlier one asked the id of that one."""
    found: dict[str, Record] = {}
    twins: dict[str, str] = {}
    asked: dict[tuple[str, str, str], tuple[str, bytes]] = {}
    for record in records:
        if found.get(record.id, record) != record:
            raise RecordConflict(f"two different records have the id `{record.id}`")
        for each in record.asked:
            first, body = asked.setdefault(each.name, (record.id, each.body))
            if body != each.body:
                raise KeyReused(each.kind)
            if first != record.id:
                twins[record.id] = twins.get(first, first)
        if record.id not in twins:
            found[record.id] = record
    return found, twins


def _receipts(sealed: Sequence[Sealed], written: Written) -> dict[str, Receipt]:
    at = moment(written.committed_us)
    return {
        each.record.id: Receipt(index, digest_text(each.leaf_hash), at, each.record.id, written.group)
        for index, each in enumerate(sealed, start=written.first)
    }
