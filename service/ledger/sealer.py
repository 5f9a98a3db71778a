"""The sealer of one log: records go in as they were submitted; sealed ones come out, and stored ones opened.

Knows nothing of how they are stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from service.errors import LogUnavailable
from service.ledger.commitments import KEY_BYTES
from service.ledger.record import Entry, Receipt, Record, digest_text, moment
from service.ledger.rows import Stored
from service.ledger.sealing import PLAIN, Sealed, is_of, is_what_was_sealed, opened, seal

_NOT_WHAT_WAS_WRITTEN: Final = (
    "entry {} of the verdict log is not what was written there; have the log verified"
)


class Sealer:
    """Seals and opens for the log with this name."""

    def __init__(self, log: str, random_bytes: Callable[[int], bytes]) -> None:
        self._log = log
        self._random_bytes = random_bytes

    def sealed(self, record: Record, about: bytes | None, erasures: int) -> Sealed:
        """A record as it is to be stored; raises `ValueError` when it cannot be."""
        sealed = seal(record, log=self._log, record_key=self._random_bytes(KEY_BYTES), about=about)
        return replace(sealed, erasures=erasures)

    def is_same(self, record: Record, about: bytes | None, stored: Stored) -> bool:
        """Whether a record is the one that is stored; of one that was erased nobody can tell any more."""
        body = self._checked_body(stored)
        return is_of(record, stored.leaf, body, log=self._log, about=about)

    def entry(self, stored: Stored) -> Entry:
        """A stored record, opened and held against its leaf.

        Raises:
            LogUnavailable: It is not what was sealed.
        """
        body = self._checked_body(stored)
        private = opened(body)[1] if body is not None else {}
        return Entry(receipt_of(stored), stored.id, stored.kind, stored.leaf, private, about=stored.about)

    def _checked_body(self, stored: Stored) -> bytes | None:
        body = self._body(stored)
        if not is_what_was_sealed(stored.leaf, stored.leaf_hash, body):
            raise LogUnavailable(_NOT_WHAT_WAS_WRITTEN.format(stored.index))
        return body

    def _body(self, stored: Stored) -> bytes | None:
        return stored.body if stored.form == PLAIN else None


def receipt_of(stored: Stored) -> Receipt:
    """The receipt of a stored record."""
    return Receipt(stored.index, digest_text(stored.leaf_hash), moment(stored.committed_us), stored.id)
