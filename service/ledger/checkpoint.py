"""Checkpoints: the size and the root of a log go in; a text that commits to every entry so far comes out.

The form is c2sp.org/tlog-checkpoint: origin, size and root, a line each, and no more. Knows nothing of who
signs and of who is trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from service.errors import NotProven
from service.ledger.note import Note, decoded, encoded, read_note

_ROOT_BYTES: Final = 32
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How a log stood at one moment."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> bytes:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n".encode()

    def __str__(self) -> str:
        return f"{self.size} entries with the root {encoded(self.root)}"


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint and the note that it stands in; nothing is checked yet."""

    checkpoint: Checkpoint
    note: Note


def read_checkpoint(content: bytes) -> Signed:
    """The checkpoint in a signed note. Extension lines, which nobody can audit, are refused.

    Raises:
        NotProven: This is none.
    """
    note = read_note(content)
    try:
        origin, size, root, end = note.text.decode().split("\n")
    except ValueError as error:
        raise NotProven("this is not a checkpoint: it has other lines than origin, size and root") from error
    if end or not origin or not _SIZE.fullmatch(size):
        raise NotProven("this is not a checkpoint: it has other lines than origin, size and root")
    return Signed(Checkpoint(origin, int(size), decoded(root, _ROOT_BYTES)), note)
