"""The key that signs receipts: a folder goes in; the present signer comes out, and a change to a new one.

`receipt.key` lies beside the other keys of a log, and is none of them: whoever answers requests signs with
it, and can make no checkpoint with it. It is made where there is none, so that a log of an earlier release
gets one. Knows nothing of what the log says of its keys; `ledger.receipts` and `ledger.custody` see to that.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from service.errors import LogUnavailable
from service.ledger.durable import sync_folder
from service.ledger.keys import KEY_BYTES, locked, write_key
from service.ledger.note import Signer
from service.ledger.signed_receipt import key_name

RECEIPT_KEY: Final = "receipt.key"
_NEXT: Final = "receipt-next.key"


class ReceiptKey:
    """The key in a folder, for the log with this name; another process may change it at any time."""

    def __init__(self, folder: Path, log: str) -> None:
        self._path = folder / RECEIPT_KEY
        self._path_text = str(self._path)
        self._log = log
        self._known: tuple[tuple[int, int], Signer] | None = None

    @property
    def exists(self) -> bool:
        """Whether there is one; a log that was not opened since an earlier release has none."""
        return self._path.exists()

    def present(self) -> Signer:
        """Who signs now: the same value as long as it is the same key.

        Raises:
            LogUnavailable: The key is not there.
        """
        try:
            found = _identity(os.stat(self._path_text))  # noqa: PTH116 - twice as fast, for each group
            while self._known is None or self._known[0] != found:
                with self._path.open("rb") as file:
                    read, seed = _identity(os.fstat(file.fileno())), file.read()
                found = _identity(self._path.stat())
                if found == read:  # otherwise it was replaced meanwhile, and what was read may be destroyed
                    self._known = read, self._signer(seed)
            return self._known[1]
        except OSError as error:
            raise LogUnavailable(
                f"the key `{self._path}` cannot be read ({error.strerror}); restore it from the backup of "
                f"the folder of keys"
            ) from error

    def make(self, random_bytes: Callable[[int], bytes]) -> None:
        """Make the key where there is none, durably.

        Raises:
            LogUnavailable: The folder cannot be written.
        """
        if self.exists:
            return
        try:
            with locked(self._path.parent):
                if not self.exists:  # another process may have been faster
                    write_key(self._path, random_bytes(KEY_BYTES))
                    sync_folder(self._path.parent)
        except OSError as error:
            raise LogUnavailable(
                f"cannot make the key `{self._path}`, which signs receipts ({error.strerror}); let Ladders "
                f"write to the folder of keys"
            ) from error

    def replace(self, random_bytes: Callable[[int], bytes]) -> Signer:
        """Put a new key in the place of the present one, which is destroyed; gives the old one.

        Raises:
            LogUnavailable: The key is not there, or cannot be replaced.
        """
        old, coming = self.present(), self._path.with_name(_NEXT)
        try:
            with locked(self._path.parent):
                coming.unlink(missing_ok=True)  # of somebody who was killed
                write_key(coming, random_bytes(KEY_BYTES))
                self._path.chmod(0o600)
                with self._path.open("r+b", buffering=0) as file:
                    coming.rename(self._path)
                    sync_folder(self._path.parent)
                    file.write(bytes(KEY_BYTES))
                    os.fsync(file.fileno())
        except OSError as error:
            raise LogUnavailable(f"the key `{self._path}` cannot be replaced ({error.strerror})") from error
        return old

    def _signer(self, seed: bytes) -> Signer:
        if len(seed) != KEY_BYTES:
            raise LogUnavailable(
                f"`{self._path}` is not a key of {KEY_BYTES} bytes; restore it from its backup"
            )
        return Signer(key_name(self._log), seed)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_ino, found.st_mtime_ns
