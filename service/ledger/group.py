"""Groups: the leaf hashes of what was committed together go in; one root over them, and the path of each to
it, come out.

One signature over the root is enough for all of them: each caller shows the few hashes that lead from their
own entry to it. Knows nothing of what is signed and by whom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from threading import Lock

from service.ledger.frontier import Frontier


class Group:
    """Entries that stand one after the other and were committed in one transaction.

    Args:
        first: The index of the first of them.
        leaf_hashes: Of them; not changed any more once something is asked.
        committed_us: When, in microseconds since 1970.
        frontier: Of the log with them in it, where that is at hand.
    """

    def __init__(
        self,
        first: int,
        leaf_hashes: Sequence[bytes],
        committed_us: int,
        frontier: Frontier | None = None,
    ) -> None:
        self.first, self.committed_us, self.frontier = first, committed_us, frontier
        self._levels: list[Sequence[bytes]] = [leaf_hashes]
        self._once = Lock()
        self.note: bytes | None = None  #: what was signed for all of them

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self._levels[0])

    def signed_by(self, sign: Callable[[Group], bytes]) -> bytes:
        """What is signed for all of them, by whoever asks first; the others wait for it."""
        with self._once:
            if self.note is None:
                self.note = sign(self)
            return self.note

    def root(self) -> bytes:
        """The root over them, as RFC 6962 has it."""
        levels = self._levels
        while len(below := levels[-1]) > 1:
            pairs = range(0, len(below) - 1, 2)
            above = [sha256(b"\x01" + below[at] + below[at + 1]).digest() for at in pairs]
            levels.append([*above, *below[len(pairs) * 2 :]])  # a last one without neighbour moves up
        return levels[-1][0]

    def path(self, index: int) -> list[bytes]:
        """The hashes that lead from an entry to the root, from the bottom up; after `root`.

        Args:
            index: Of the entry in the log.
        """
        at, path = index - self.first, []
        for level in self._levels:
            if at ^ 1 < len(level):
                path.append(level[at ^ 1])
            at >>= 1
        return path
