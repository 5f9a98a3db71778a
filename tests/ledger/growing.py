"""A log in memory that grows, is copied and is tampered with: what publishing needs of one, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from service.ledger.proofs import root_at
from tests.ledger.signing import ORIGIN
from tests.ledger.trees import Memory, leaves


@dataclass(frozen=True)
class Standing:
    """Size and root."""

    size: int
    root: bytes


@dataclass
class Growing:
    """The hashes of its leaves, and the checkpoints that it published."""

    leaves: Sequence[bytes] = ()
    published: dict[int, bytes] = field(default_factory=dict)
    name: str = ORIGIN

    @property
    def hashes(self) -> Memory:
        """As `Published`."""
        return Memory(self.leaves)

    def head(self) -> Standing:
        """As `Published`."""
        return Standing(len(self.leaves), root_at(self.hashes, len(self.leaves)))

    def last_checkpoint(self) -> bytes | None:
        """As `Published`."""
        return self.published[max(self.published)] if self.published else None

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """As `Published`."""
        self.published[size] = note

    def grow(self, count: int, salt: str = "") -> None:
        """Append so many entries."""
        self.leaves = (*self.leaves, *leaves(len(self.leaves) + count, salt)[len(self.leaves) :])

    def copy(self) -> Growing:
        """As a backup keeps it."""
        return Growing(self.leaves, dict(self.published), self.name)
