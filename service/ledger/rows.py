"""What a store of the verdict log must do: sealed records go in, stored rows come out; two protocols, and the
values that pass through them.

A store encrypts nothing and knows no person: what it is given is sealed (`ledger.sealing`), what it gives
back is opened elsewhere (`ledger.stored_log`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from service.ledger.frontier import Frontier
from service.ledger.group import Group
from service.ledger.sealing import Sealed
from service.ledger.tiles import Hashes

One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class Head:
    """How far the log has come."""

    frontier: Frontier
    last_us: int  #: when the last entry was committed
    erasures: int = 0  #: how often somebody was erased; whoever remembers keys looks here

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self.frontier.size


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The tree as it is now."""

    size: int
    root: bytes
    last_us: int  #: when the last entry was committed


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it is stored."""

    index: int
    id: str
    kind: str
    committed_us: int
    about: int | None
    leaf_hash: bytes
    leaf: bytes
    kid: int | None  #: which key opens the body
    form: str | None  #: of the body; None where there is none, or none any more
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; whatever is None is no condition."""

    person: str | None = None
    caller: str | None = None
    kind: str | None = None
    track: str | None = None
    level: str | None = None
    policy_set: str | None = None  #: `sha256:…`
    outcome: str | None = None
    requirement: str | None = None  #: was among the rules
    result: str | None = None  #: of that requirement, or of any; without it, one that decides
    since: datetime | None = None  #: decided then or later
    until: datetime | None = None  #: decided before
    about: int | None = None  #: index of the entry that it is about
    overridden: bool | None = None  #: whether a person decided otherwise


@dataclass(frozen=True, slots=True)
class Found(Generic[One]):
    """A part of what was looked for."""

    entries: list[One]
    after: int | None  #: the entry behind which to go on, also when nothing was found; None: this is the end


@dataclass(frozen=True, slots=True)
class Written:
    """All records of a call were written, one after the other."""

    first: int  #: index of the first of them
    committed_us: int
    group: Group | None = field(default=None, compare=False, repr=False)  #: `in_groups` adds it


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing of a call was written, because something of it is in the log already."""

    indexes: tuple[int | None, ...]  #: for each record the entry with its id or one of its asked keys


@dataclass(frozen=True, slots=True)
class Stale:
    """Nothing of a call was written, because somebody was erased after it was sealed."""


Answer = Written | Held | Stale


def in_groups(
    calls: Sequence[Sequence[Sealed]], answers: Sequence[Answer], frontier: Frontier | None
) -> list[Answer]:
    """The answers of a writer, each `Written` with all that was committed together with it.

    Args:
        calls: What it was given.
        answers: What it answered.
        frontier: Its `frontier` then.
    """
    given = list(answers)
    placed = [
        (each.first, number, each.committed_us)
        for number, each in enumerate(answers)
        if isinstance(each, Written)
    ]
    group, leaf_hashes = None, list[bytes]()
    for first, number, at in sorted(placed):
        if group is None or (first, at) != (group.first + len(leaf_hashes), group.committed_us):
            leaf_hashes = []  # a store may need several transactions
            group = Group(first, leaf_hashes, at, frontier)
        leaf_hashes += [sealed.leaf_hash for sealed in calls[number]]
        given[number] = Written(first, at, group)
    return given


class Writer(Protocol):
    """Writes for one process, from one thread. Whatever fails is raised as `LogUnavailable`."""

    @property
    def frontier(self) -> Frontier | None:
        """That of the log with what was last written in it; None where it must be read."""

    def begin(self) -> None:
        """Take the turn to write, however long that takes."""

    def write(self, calls: Sequence[Sequence[Sealed]]) -> Sequence[Answer]:
        """Write the records of some callers in one transaction, durable on return; an answer for each caller.

        Ids inside one call are distinct. A call without records asks whether writing works, and must be
        proved. A call is `Stale` when `erasures` of one of its records is not that of the head, or when the
        person whom it removes has other entries by now.
        """

    def remove(self, indexes: Sequence[int]) -> bool:
        """Remove what is private in some entries, in the turn, for good; it was erased before.

        Returns:
            Whether no trace is left of this and of what was erased before; if not, the next writes try.
        """

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """Keep the signed note of the tree of this size, in place of one that has fewer signatures."""

    def end(self) -> None:
        """Give the turn back; follows each `begin`, whether that raised or not."""

    def tidy(self) -> None:
        """What is to be done after the callers were answered and the turn was given back."""

    def why_closed(self) -> str | None:
        """Why nothing may be written now; None when writing is allowed."""

    def close(self) -> None:
        """Leave everything in good order and let go of it."""


class Rows(Protocol):
    """Reads, from many threads. Whatever fails is raised as `LogUnavailable`."""

    @property
    def hashes(self) -> Hashes:
        """The stored part of the tree."""

    def head(self) -> Head:
        """How far the log has come."""

    def by_id(self, id_: str) -> Stored | None:
        """The entry with this id."""

    def between(self, start: int, stop: int, limit: int) -> list[Stored]:
        """The first entries, at most `limit`, from `start` to before `stop`."""

    def leaves(self, start: int, stop: int) -> Iterator[tuple[bytes, bytes]]:
        """Each leaf with its stored hash, from `start` to before `stop`."""

    def find(
        self, wanted: Wanted, subj: bytes | None, caller: bytes | None, after: int, limit: int
    ) -> Found[Stored]:
        """The first entries behind index `after` that fit; person and caller are given as keyed hashes.

        Where entries must be looked at one by one, that is a part of them only (`ledger.searching`).
        """

    def with_private(self, indexes: Sequence[int]) -> list[int]:
        """Those of some entries whose private parts are stored."""

    def of_person(self, subj: bytes) -> list[tuple[int, int | None]]:
        """Index and kid of each entry with private parts of a person, the newest first."""

    def asked(self, key: bytes) -> tuple[int, bytes] | None:
        """The entry that was recorded under a key, and what was asked then, as keyed hashes."""

    def content(self, digest: bytes) -> bytes | None:
        """What is kept under a SHA-256 digest."""

    def checkpoints(self, after: int, limit: int) -> list[bytes]:
        """The notes of the first checkpoints of trees larger than `after`, the smallest first."""

    def last_checkpoint(self) -> bytes | None:
        """The note of the checkpoint of the largest tree."""

    def issued(self) -> dict[str, set[str]]:
        """By the name of a version, the digests under which it has issued verdicts."""

    def close(self) -> None:
        """Let go of everything."""
