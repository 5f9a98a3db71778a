"""Receipts that are signed: where a record stands goes in; a text by which its author can show for ever that
the log promised it comes out.

One signature is made for all records that were committed together, by whoever asks first and after the
commit, so it holds up nobody who writes. A key signs only once an entry of the log names it. Knows nothing of
how a store works.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from service.errors import LogUnavailable, RecordConflict
from service.ledger.group import Group
from service.ledger.note import Signer
from service.ledger.receipt_key import ReceiptKey
from service.ledger.record import Entry, Receipt, Record, digest_bytes, id_made_of, microseconds
from service.ledger.rows import TreeHead
from service.ledger.signed_receipt import Promise, written

KIND: Final = "key"
RECEIPTS: Final = "receipts"  #: what an entry about a key says of the one that signs receipts
_SOFTWARE: Final = "ladders"


class Promising(Protocol):
    """What signing needs of a log; each raises `LogUnavailable`."""

    @property
    def name(self) -> str:
        """The name that stands in every leaf."""

    def head(self) -> TreeHead:
        """The tree as it is now."""

    def get(self, id_: str) -> Entry | None:
        """The entry with this id."""

    def append(self, records: Sequence[Record]) -> Sequence[Receipt]:
        """Make records durable."""


class Receipts:
    """Signs the receipts of one log in one process.

    Args:
        key: What signs them.
        clock: The time with its zone.
    """

    def __init__(self, key: ReceiptKey, clock: Callable[[], datetime]) -> None:
        self._key, self._clock = key, clock
        self._introduced: Signer | None = None  #: whom an entry names
        self._since = 0  #: the size of the log with that entry

    def signed(self, log: Promising, receipt: Receipt) -> bytes:
        """A receipt as a text that is signed. One that was read from the log is signed for itself.

        Raises:
            LogUnavailable: It cannot be signed now.
        """
        leaf_hash = digest_bytes(receipt.leaf_hash)
        group = receipt.group or Group(receipt.index, [leaf_hash], microseconds(receipt.committed_at))
        note = group.note or group.signed_by(partial(self._promise, log))
        return written(receipt.index, leaf_hash, group.path(receipt.index), note)

    def _promise(self, log: Promising, group: Group) -> bytes:
        group_root = group.root()
        tree = group.frontier
        while True:
            size, root = (tree.size, tree.root()) if tree is not None else _head(log, group)
            # whoever replaces the key reads the head after that, so what they record for it is at least this
            signer = self._key.present()
            if signer is self._introduced and size >= self._since:
                promise = Promise(
                    log.name, group.first, group.count, group_root, size, root, group.committed_us
                )
                return signer.note(promise.text)
            if signer is not self._introduced:
                self._introduce(log, signer)
            tree = None  # what a key signs has the entry in it that names the key

    def _introduce(self, log: Promising, signer: Signer) -> None:
        """Have an entry name this key, unless that was done."""
        vkey = signer.key.vkey
        id_ = id_made_of(sha256(f"{KIND}\n{vkey}".encode()).digest())
        entry = log.get(id_)
        if entry is None:
            record = Record(
                id=id_,
                kind=KIND,
                decided_at=self._clock(),
                engine=_SOFTWARE,
                private={},
                detail={RECEIPTS: {"vkey": vkey}},
            )
            try:
                [receipt] = log.append([record])
            except RecordConflict:  # another process was faster, a moment earlier
                entry = log.get(id_)
                if entry is None:
                    raise
        self._since = (receipt if entry is None else entry.receipt).index + 1
        self._introduced = signer


def _head(log: Promising, group: Group) -> tuple[int, bytes]:
    """Size and root of the log now."""
    head = log.head()
    if head.size < group.first + group.count:
        raise LogUnavailable("the verdict log ends before what was written to it; have it verified")
    return head.size, head.root


def receipts_of(
    log: str, folder: Path, clock: Callable[[], datetime], random_bytes: Callable[[int], bytes]
) -> Receipts:
    """What signs the receipts of the log with this name, whose keys are in a folder; the key is made where
    there is none.

    Raises:
        LogUnavailable: It cannot be made.
    """
    key = ReceiptKey(folder, log)
    key.make(random_bytes)
    return Receipts(key, clock)
