"""The keys that sign checkpoints: a folder goes in; signers, and a change from one key to the next, come out.

`log.key` is the present key. While a change overlaps, `log-old.key` signs beside it, so that everybody can
check with the key that they have. `log-next.key` is one that was made and does not sign yet. Knows nothing
of what the log says of its keys; that is `ledger.custody`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from service.errors import LogUnavailable
from service.ledger.durable import sync_folder
from service.ledger.keys import KEY_BYTES, LOG_KEY, write_key
from service.ledger.note import Signer

OLD: Final = "log-old.key"
NEXT: Final = "log-next.key"


class LogKeys:
    """The keys of one log, read anew for each checkpoint: another process may change them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def signers(self, origin: str) -> list[Signer]:
        """Who signs a checkpoint of this origin: the present key, then the old one while it is there.

        Raises:
            LogUnavailable: The key is not there.
        """
        seeds = [self._seed(LOG_KEY), self._seed(OLD)]
        if seeds[0] is None:
            raise LogUnavailable(
                f"the key `{self.folder / LOG_KEY}` is not there; restore the folder of keys from its backup"
            )
        return [Signer(origin, seed) for seed in seeds if seed is not None]

    @property
    def overlaps(self) -> bool:
        """Whether an old key still signs."""
        return (self.folder / OLD).exists()

    def prepare(self, origin: str, random_bytes: Callable[[int], bytes]) -> Signer:
        """Make the next key, durably; one that was made before and never signed is made anew."""
        path = self.folder / NEXT
        path.unlink(missing_ok=True)
        seed = random_bytes(KEY_BYTES)
        write_key(path, seed)
        sync_folder(self.folder)
        return Signer(origin, seed)

    def take_over(self, *, overlap: bool) -> None:
        """Have the next key sign, with the present one beside it or without."""
        if overlap:
            (self.folder / LOG_KEY).rename(self.folder / OLD)
        else:
            self._destroy(OLD)
        (self.folder / NEXT).replace(self.folder / LOG_KEY)
        sync_folder(self.folder)

    def retire(self) -> None:
        """Destroy the old key."""
        self._destroy(OLD)
        sync_folder(self.folder)

    def _seed(self, name: str) -> bytes | None:
        path = self.folder / name
        try:
            seed = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LogUnavailable(f"the key `{path}` cannot be read ({error.strerror})") from error
        if len(seed) != KEY_BYTES:
            raise LogUnavailable(f"`{path}` is not a key of {KEY_BYTES} bytes; restore it from its backup")
        return seed

    def _destroy(self, name: str) -> None:
        path = self.folder / name
        if path.exists():
            path.chmod(0o600)
            with path.open("r+b", buffering=0) as file:
                file.write(bytes(KEY_BYTES))
                os.fsync(file.fileno())
            path.unlink()
