"""Signed receipts: a promise of the log for a group of entries, and the place of one of them in it, go in; a
text that proves the promise offline comes out, and back.

The promise is a signed note (`ledger.note`) of seven lines: the name of the log with `receipt/v1`, the index
of the first entry of the group, how many they are, the root over them, size and root of the log, and when
they were committed. Above it stand the index, the leaf hash and the path of the one entry, as in a proof
file. Knows nothing of who is trusted, and of what became of the promise.
"""

from __future__ import annotations

import base64
import binascii
import re
from binascii import b2a_base64
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from service.errors import NotProven
from service.ledger.note import Note, decoded, encoded, read_note
from service.ledger.proofs import LONGEST, check_inclusion
from service.ledger.record import moment

FORM: Final = "receipt/v1"
_FIRST: Final = b"ladders-receipt@v1"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_HASH: Final = 32
_LATEST_US: Final = 253_402_300_799_999_999  #: the last microsecond of the year 9999
_NONE: Final = "this is not a signed receipt"


def key_name(log: str) -> str:
    """The name of the key that signs the receipts of a log: never that of a checkpoint."""
    return f"{log}/receipts"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a log promises of a group of entries."""

    log: str  #: its name
    first: int  #: index of the first of them
    count: int
    group_root: bytes  #: over their leaf hashes
    size: int  #: of the log, with them in it
    root: bytes  #: over its first `size` entries
    committed_us: int  #: when they were committed, in microseconds since 1970

    @property
    def text(self) -> bytes:
        """What is signed."""
        return (
            f"{self.log} {FORM}\n{self.first}\n{self.count}\n{encoded(self.group_root)}\n"
            f"{self.size}\n{encoded(self.root)}\n{self.committed_us}\n"
        ).encode()


@dataclass(frozen=True)
class SignedReceipt:
    """That a log promised an entry; nothing is checked yet."""

    index: int
    leaf_hash: bytes
    path: tuple[bytes, ...]  #: from the leaf hash to the root of the group
    note: Note  #: the promise

    def __bytes__(self) -> bytes:
        return written(self.index, self.leaf_hash, self.path, bytes(self.note))

    @cached_property
    def promise(self) -> Promise:
        """What is promised.

        Raises:
            NotProven: The note says something else than a promise.
        """
        lines = self.note.text.decode().split("\n")
        log, _, form = lines[0].rpartition(" ")
        numbers = [lines[at] for at in (1, 2, 4, 6)] if len(lines) == 8 else []
        if form != FORM or not log or lines[-1] or not numbers or not all(map(_NUMBER.fullmatch, numbers)):
            raise NotProven(f"{_NONE}: its note does not say what a log promises")
        first, count, size, committed_us = map(int, numbers)
        if not 0 < count <= size - first or committed_us > _LATEST_US:
            raise NotProven(f"{_NONE}: its numbers do not fit together")
        return Promise(
            log, first, count, decoded(lines[3], _HASH), size, decoded(lines[5], _HASH), committed_us
        )

    @property
    def committed_at(self) -> datetime:
        """When the entry was committed, as the log says."""
        return moment(self.promise.committed_us)

    def check(self) -> None:
        """Hold the entry against the promise; who signed it is asked elsewhere.

        Raises:
            NotProven: The promise is not about this entry.
        """
        promise = self.promise
        try:
            check_inclusion(
                self.leaf_hash, self.index - promise.first, promise.count, self.path, promise.group_root
            )
        except NotProven as wrong:
            raise NotProven(
                f"what is signed does not promise the entry {self.index} with this hash"
            ) from wrong


def written(index: int, leaf_hash: bytes, path: tuple[bytes, ...] | list[bytes], note: bytes) -> bytes:
    """A signed receipt as a text."""
    first = b"%b\nindex %d\nleaf %b" % (_FIRST, index, b2a_base64(leaf_hash))  # each ends its line
    return b"".join((first, *map(b2a_base64, path), b"\n", note))


def in_one_line(receipt: bytes) -> str:
    """A signed receipt in base64, as answers over HTTP carry it."""
    return b2a_base64(receipt, newline=False).decode()


def read_receipt(content: bytes) -> SignedReceipt:
    """The signed receipt in a file: the text, or the one line in base64 that an answer carried.

    Raises:
        NotProven: This is none.
    """
    if not content.startswith(_FIRST):
        content = _from_one_line(content)
    head, separator, note = content.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    if first != _FIRST or not separator or not 2 <= len(lines) <= LONGEST + 2:
        raise NotProven(f"{_NONE}: it does not begin with `{_FIRST.decode()}`, the index and the leaf hash")
    try:
        index, leaf, *path = (line.decode("ascii") for line in lines)
    except UnicodeDecodeError as error:
        raise NotProven(f"{_NONE}: it is not plain text") from error
    number = index.removeprefix("index ")
    if number == index or not _NUMBER.fullmatch(number) or not leaf.startswith("leaf "):
        raise NotProven(f"{_NONE}: the line with the index or the leaf hash is wrong")
    hashes = tuple(decoded(line, _HASH) for line in path)
    return SignedReceipt(int(number), decoded(leaf.removeprefix("leaf "), _HASH), hashes, read_note(note))


def receipts_in(content: bytes) -> list[bytes]:
    """What a file holds, each for `read_receipt`: one text, or some of them in base64, a line each."""
    if content.startswith(_FIRST):
        return [content]
    return [line for line in content.splitlines() if line.strip()]


def _from_one_line(content: bytes) -> bytes:
    try:
        return base64.b64decode(content.strip(), validate=True)
    except (ValueError, binascii.Error) as error:
        raise NotProven(
            f"{_NONE}: it is neither the text, which begins with `{_FIRST.decode()}`, nor that text in base64"
        ) from error
