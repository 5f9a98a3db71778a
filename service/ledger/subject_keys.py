"""The keys of people: each encrypts what the log holds of one person, and is destroyed to erase it.

A key has a number and nothing else: which number is whose stands in the log, beside what the key encrypts.
Here they lie wrapped in one flat file, in slots of 64 bytes, so that destroying one is overwriting its slot:
no database keeps an older copy of it anywhere. Keys are made in advance, many at once, because each has to be
durable before it is used. Knows nothing of people.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from service.errors import LogUnavailable
from service.ledger.durable import sync_folder, write_whole
from service.ledger.keys import KEY_BYTES, KeyFolder
from service.ledger.wrapping import WRAPPED_BYTES, Wrapping

FILE: Final = "subjects.keys"
_SLOT: Final = WRAPPED_BYTES
PASSED_OVER: Final = 65_536  #: numbers beyond the highest that was seen, which others may have
_NOTHING: Final = bytes(_SLOT)
_HEADER: Final = b"ladders: keys of people, form 1\n".ljust(_SLOT, b"\0")  #: in the place of key 0
_FIRST_MADE: Final = 16
_MOST_MADE: Final = 1024
_AT_ONCE: Final = 16_384  #: slots
_REMEMBERED: Final = 8192  #: open keys


class SubjectKeys(Protocol):
    """What keeps the keys of people; usable from many threads."""

    def fresh(self) -> tuple[int, bytes]:
        """The number and the bytes of a key that is durable and was never used."""

    def open(self, kid: int) -> bytes | None:
        """The key with this number; None once destroyed."""

    def destroy(self, kids: Iterable[int]) -> None:
        """Destroy keys for good; those that are destroyed already stay so."""

    def rotate(self) -> int:
        """Wrap every key anew under a new wrapping key, destroy the old one, and say how many there are."""

    def close(self) -> None:
        """Let go of everything."""


class FileSubjectKeys:
    """Keys of people in one file of the folder of keys."""

    def __init__(self, keys: KeyFolder) -> None:
        self._keys = keys
        path = keys.folder / FILE
        try:
            self._file = _opened(path)
        except OSError as error:
            raise LogUnavailable(f"the keys of people `{path}` cannot be used: {error.strerror}") from error
        self._making = Lock()
        self._made: list[tuple[int, bytes]] = []
        self._next = _FIRST_MADE
        self._durable = 0  #: the epoch whose wrapping key is known to have a durable name
        self._wrapping = Wrapping(keys)
        self._open: dict[int, tuple[bytes, bytes]] = {}  #: by number, the slot as it was and the key in it

    def fresh(self) -> tuple[int, bytes]:
        """As `SubjectKeys.fresh`."""
        with self._making:
            if not self._made:
                self._made = self._make(self._next)
                self._next = min(self._next * 2, _MOST_MADE)
            return self._made.pop()

    def open(self, kid: int) -> bytes | None:
        """As `SubjectKeys.open`; looks at the file each time, since another process may have destroyed it."""
        slot = os.pread(self._file, _SLOT, kid * _SLOT)
        if kid < 1 or len(slot) < _SLOT or slot == _NOTHING:
            self._open.pop(kid, None)
            return None
        known = self._open.get(kid)
        if known is not None and known[0] == slot:
            return known[1]
        try:
            key = self._wrapping.unwrapped(kid, slot)
        except LogUnavailable:  # read while it was being wrapped anew
            slot = os.pread(self._file, _SLOT, kid * _SLOT)
            key = self._wrapping.unwrapped(kid, slot)
        if len(self._open) >= _REMEMBERED:
            self._open.clear()
        self._open[kid] = (slot, key)
        return key

    def destroy(self, kids: Iterable[int]) -> None:
        """As `SubjectKeys.destroy`."""
        there = [*kids]
        if not there:
            return
        with self._changing():
            self._begin()
            # destroyed ones too: where that could not be synced, the disk may hold what nobody sees here; and
            # those beyond the end of older keys that were put back, so that nobody else gets their numbers
            for kid in there:
                write_whole(self._file, _NOTHING, kid * _SLOT)
                self._open.pop(kid, None)
            os.fsync(self._file)

    def pass_over(self, kid: int) -> None:
        """See that nobody gets a number that the log has given already: older keys may have been put back.

        Whose key is lost with that is erased, as far as anybody can tell. Two people with one number would be
        erased together.

        Args:
            kid: The highest number that was seen in the log; more of them may be there.
        """
        if kid * _SLOT < os.fstat(self._file).st_size:
            return
        with self._changing():
            if kid * _SLOT >= self._begin():
                os.ftruncate(self._file, (kid + PASSED_OVER) * _SLOT)
                os.fsync(self._file)

    def rotate(self) -> int:
        """As `SubjectKeys.rotate`; when it is cut off it goes on from there the next time."""
        with self._changing():
            epoch = self._keys.new_epoch()
            count = 0
            for first, slots in self._slots():
                wrapped = [
                    slot
                    if slot == _NOTHING
                    else self._wrapping.wrapped(kid, self._wrapping.unwrapped(kid, slot), epoch)
                    for kid, slot in enumerate(slots, start=first)
                ]
                write_whole(self._file, b"".join(wrapped), first * _SLOT)
                count += sum(slot != _NOTHING for slot in wrapped)
            os.fsync(self._file)
            self._keys.forget_epochs_before(epoch)
            self._wrapping.forget()
            return count

    def wrapped(self) -> Iterator[tuple[int, bytes]]:
        """Every key with its number, as it is stored; to be called under `KeyFolder.locked`."""
        for first, slots in self._slots():
            yield from ((kid, slot) for kid, slot in enumerate(slots, start=first) if slot != _NOTHING)

    def highest(self) -> int:
        """The highest number that was ever given, or passed over; 0 where there is none."""
        return max(0, os.fstat(self._file).st_size // _SLOT - 1)

    def close(self) -> None:
        """As `SubjectKeys.close`."""
        os.close(self._file)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One process at a time; a disk that fails is told like any other."""
        try:
            with self._keys.locked():
                yield
        except OSError as error:
            raise LogUnavailable(
                f"the keys in `{self._keys.folder}` cannot be written ({error.strerror}); see to their disk"
            ) from error

    def _slots(self) -> Iterator[tuple[int, list[bytes]]]:
        """All slots, many at a time, with the number of the first."""
        first = 1
        while read := os.pread(self._file, _AT_ONCE * _SLOT, first * _SLOT):
            slots = [read[at : at + _SLOT] for at in range(0, len(read) - _SLOT + 1, _SLOT)]
            yield first, slots
            first += _AT_ONCE

    def _begin(self) -> int:
        """Make a file that is empty one of keys; how long it is. To be called while changing it."""
        return os.fstat(self._file).st_size or write_whole(self._file, _HEADER, 0)

    def _make(self, count: int) -> list[tuple[int, bytes]]:
        """Make so many keys durable."""
        with self._changing():
            size = self._begin()
            epoch = self._keys.newest_epoch()
            if (
                epoch != self._durable
            ):  # whoever made its key may have been killed before its name was durable
                sync_folder(self._keys.folder)
                self._durable = epoch
            first = -(-size // _SLOT)  # a slot that was cut off when the power failed is left out
            made = [(first + number, self._keys.random_bytes(KEY_BYTES)) for number in range(count)]
            wrapped = b"".join(self._wrapping.wrapped(*each, epoch) for each in made)
            write_whole(self._file, wrapped, first * _SLOT)
            os.fsync(self._file)
            return made


def _opened(path: Path) -> int:
    """The file, made where there is none; whoever may only read it gets it to read."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
