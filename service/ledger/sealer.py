"""The sealer of one log: records go in as they were submitted; sealed and encrypted ones come out, and stored
ones are opened.

What is private of a person is encrypted under keys that are theirs alone, so that destroying these erases it
everywhere, in every backup too. A process takes a new key for whom it does not know yet: looking for an older
one would cost more than a key does. Which keys are whose, the entries of that person tell.
Knows nothing of how records are stored.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from isal import isal_zlib

from service.errors import LogUnavailable
from service.ledger.commitments import KEY_BYTES
from service.ledger.disclosure import Field, disclosed, names_of
from service.ledger.keys import KeyFolder
from service.ledger.record import Asked, Entry, Receipt, Record, digest_text, moment
from service.ledger.rows import Stored
from service.ledger.sealing import PLAIN, Sealed, has_private, is_of, is_what_was_sealed, opened, seal
from service.ledger.subject_keys import SubjectKeys

ENCRYPTED: Final = "a2"  #: the form of a body: a nonce, then AES-256-GCM of the open body, compressed
_NOT_COMPRESSED: Final = "a1"  #: the same of a body as it is; no longer written
_NONCE: Final = 12
_LEVEL: Final = 1  #: a quarter of the size is left; the level above takes half as long again for 5 % less
_REMEMBERED: Final = 4096  #: people whose key is at hand
_NOT_WHAT_WAS_WRITTEN: Final = (
    "entry {} of the verdict log is not what was written there; have the log verified"
)
_NO_KEYS: Final = (
    "what the verdict log holds of people is encrypted, and the folder of keys is not at hand; have "
    "LADDERS_KEYS name it"
)


class Sealer:
    """Seals and opens for the log with this name.

    Args:
        log: The name.
        keys: The keys of the log; None: only what is not encrypted can be opened, and nothing can be sealed.
        subject_keys: The keys of people.
        random_bytes: Unpredictable bytes.
    """

    def __init__(
        self,
        log: str,
        *,
        keys: KeyFolder | None,
        subject_keys: SubjectKeys | None,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._log = log
        self._keys = keys
        self._subject_keys = subject_keys
        self._random_bytes = random_bytes
        self._known: dict[bytes, tuple[int, AESGCM]] = {}  #: by person
        self._known_at = 0  #: how often the log had erased somebody when these were learnt

    @property
    def keys(self) -> KeyFolder:
        """The keys of the log; raises `LogUnavailable` when they are not at hand."""
        if self._keys is None:
            raise LogUnavailable(_NO_KEYS)
        return self._keys

    @property
    def subject_keys(self) -> SubjectKeys:
        """The keys of people; raises `LogUnavailable` when they are not at hand."""
        if self._subject_keys is None:
            raise LogUnavailable(_NO_KEYS)
        return self._subject_keys

    # ── sealing ──

    def sealed(self, record: Record, about: bytes | None, erasures: int) -> Sealed:
        """A record as it is to be stored.

        Args:
            record: What is to be remembered.
            about: The leaf hash of the entry that it is about.
            erasures: How often the log has erased somebody by now, as far as is known here.

        Raises:
            ValueError: It cannot be sealed.
        """
        sealed = seal(record, log=self._log, record_key=self._random_bytes(KEY_BYTES), about=about)
        asked = tuple(self.asked(each) for each in record.asked)
        caller = None if record.caller is None else self.keys.caller(record.caller)
        if record.person is None or sealed.form is None:
            return replace(sealed, caller=caller, asked=asked, erasures=erasures)
        subj = self.keys.subject(record.person)
        kid, cipher = self._key_of(subj, erasures)
        nonce = self._random_bytes(_NONCE)
        compressed = isal_zlib.compress(sealed.body, _LEVEL)
        return Sealed(
            record=record,
            leaf=sealed.leaf,
            leaf_hash=sealed.leaf_hash,
            form=ENCRYPTED,
            body=nonce + cipher.encrypt(nonce, compressed, _bound_to(sealed.leaf_hash, ENCRYPTED)),
            subj=subj,
            caller=caller,
            kid=kid,
            asked=asked,
            erasures=erasures,
        )

    def asked(self, asked: Asked) -> tuple[bytes, bytes]:
        """What a store keeps of what a record was asked under, and of what was asked."""
        return self.keys.asked(asked.name), self.keys.body(asked.body)

    def _key_of(self, subj: bytes, erasures: int) -> tuple[int, AESGCM]:
        """A key of a person. A log that has erased somebody since it was taken refuses the record."""
        if self._known_at != erasures or len(self._known) >= _REMEMBERED:
            self._known, self._known_at = {}, erasures
        known = self._known
        found = known.get(subj)
        if found is None:
            kid, key = self.subject_keys.fresh()
            found = known[subj] = (kid, AESGCM(key))
        return found

    # ── opening ──

    def is_same(self, record: Record, about: bytes | None, stored: Stored) -> bool:
        """Whether a record is the one that is stored; of one that was erased nobody can tell any more."""
        body = self._checked_body(stored)
        return is_of(record, stored.leaf, body, log=self._log, about=about)

    def entry(self, stored: Stored) -> Entry:
        """A stored record, opened and held against its leaf.

        Raises:
            LogUnavailable: It is not what was sealed, or cannot be opened now.
        """
        body = self._checked_body(stored)
        return Entry(
            receipt_of(stored),
            stored.id,
            stored.kind,
            stored.leaf,
            private={} if body is None else opened(body)[1],
            erased=body is None and has_private(stored.leaf),
            about=stored.about,
        )

    def disclosed(self, stored: Stored, pointers: Sequence[str]) -> list[Field] | None:
        """Some fields of a stored record with their proofs, all of them when none is named; None once erased.

        Raises:
            NotFound: There is no such field.
            LogUnavailable: It is not what was sealed, or cannot be opened now.
        """
        body = self._checked_body(stored)
        if body is None:
            return None
        record_key, parts = opened(body)
        return disclosed(parts, record_key, stored.leaf, pointers or names_of(parts, stored.leaf))

    def _checked_body(self, stored: Stored) -> bytes | None:
        """The open body; None where there is none, or none any more."""
        try:
            body = self._body(stored)
        except InvalidTag as wrong:
            raise LogUnavailable(_NOT_WHAT_WAS_WRITTEN.format(stored.index)) from wrong
        if not is_what_was_sealed(stored.leaf, stored.leaf_hash, body):
            raise LogUnavailable(_NOT_WHAT_WAS_WRITTEN.format(stored.index))
        return body

    def _body(self, stored: Stored) -> bytes | None:
        if stored.body is None or stored.form == PLAIN:
            return stored.body
        if stored.form not in (ENCRYPTED, _NOT_COMPRESSED) or stored.kid is None:
            raise LogUnavailable(
                f"entry {stored.index} of the verdict log is kept in the form `{stored.form}`; use a newer "
                f"Ladders"
            )
        key = self.subject_keys.open(stored.kid)
        if key is None:
            return None
        nonce, encrypted = stored.body[:_NONCE], stored.body[_NONCE:]
        body = AESGCM(key).decrypt(nonce, encrypted, _bound_to(stored.leaf_hash, stored.form))
        return zlib.decompress(body) if stored.form == ENCRYPTED else body

    def close(self) -> None:
        """Let go of the keys."""
        if self._subject_keys is not None:
            self._subject_keys.close()


def _bound_to(leaf_hash: bytes, form: str) -> bytes:
    """What the encryption of a body is bound to, so that it opens nowhere else and as nothing else."""
    return leaf_hash if form == _NOT_COMPRESSED else leaf_hash + form.encode()


def receipt_of(stored: Stored) -> Receipt:
    """The receipt of a stored record."""
    return Receipt(stored.index, digest_text(stored.leaf_hash), moment(stored.committed_us), stored.id)
