"""The publisher: a log that grows goes in; signed checkpoints of it, each consistent with all before,
come out.

Nothing is signed before the log was proved to begin with the last checkpoint in the anchor, and nothing is
published before the anchor has it. So whatever dies at whatever moment, and however many publish, no two
checkpoints contradict each other, unless someone put another log in the place of this one: and that is
refused here and at the start. Knows nothing of threads and of when it is time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from service.errors import LogRolledBack, LogTampered, LogUnavailable, NotProven
from service.ledger.anchor import Anchor
from service.ledger.checkpoint import Checkpoint, Signed, read_checkpoint
from service.ledger.note import Signer, signed
from service.ledger.proofs import check_consistency, consistency, root_at
from service.ledger.tiles import Hashes

REMEDY: Final = "put the right one back, or accept the loss with `ladders log accept-rollback`"


class Head(Protocol):
    """The tree of a log as it is now."""

    @property
    def size(self) -> int:
        """How many entries there are."""

    @property
    def root(self) -> bytes:
        """The root over all of them."""


class Published(Protocol):
    """What the publisher needs of a log; each raises `LogUnavailable`."""

    @property
    def name(self) -> str:
        """The name that stands in every leaf."""

    @property
    def hashes(self) -> Hashes:
        """The stored part of its tree."""

    def head(self) -> Head:
        """The tree as it is now."""

    def last_checkpoint(self) -> bytes | None:
        """The published note of the largest size."""

    def add_checkpoint(self, size: int, note: bytes) -> None:
        """Publish a note, in place of one of the same size."""


class Publisher:
    """Publishes one log.

    Args:
        log: The log.
        anchor: Where checkpoints are kept outside of it; None: nowhere, so that nobody can show a rollback.
        signers: By the origin of a checkpoint, who signs it: the key of the log, and during a rotation the
            one before too.
    """

    def __init__(
        self, log: Published, anchor: Anchor | None, signers: Callable[[str], Sequence[Signer]]
    ) -> None:
        self._log, self._anchor, self._signers = log, anchor, signers

    def publish(self) -> Signed | None:
        """Publish how the log stands now, if that is new.

        Returns:
            The last checkpoint that is published; None while the log is empty.

        Raises:
            LogRolledBack, LogTampered: The log is not the one that was published before.
            LogUnavailable: It cannot be read, or what was published before cannot be checked.
            AnchorUnavailable: The anchor cannot be used; nothing was published.
        """
        while True:
            anchored = self._anchor.last() if self._anchor else None
            before = anchored or self._log.last_checkpoint()
            last = None if before is None else self._own(before)
            head = self._log.head()
            if last is not None:
                refuse_other(self._log, last.checkpoint, head)
            elif head.size == 0:
                return None
            if last is not None and last.checkpoint.size == head.size:
                note = bytes(last.note)
            else:
                now = Checkpoint(last.checkpoint.origin if last else self._log.name, head.size, head.root)
                note = bytes(signed(now.text, self._signers(now.origin)))
            if self._anchor is None or note == anchored or self._anchor.swap(anchored, note):
                return self._publish(note)

    def _publish(self, note: bytes) -> Signed:
        """Publish what is in the anchor, if that was not done: someone may have died between the two."""
        stored, now = self._log.last_checkpoint(), read_checkpoint(note)
        if stored is None or read_checkpoint(stored).checkpoint != now.checkpoint:
            self._log.add_checkpoint(now.checkpoint.size, note)
        return now

    def _own(self, content: bytes) -> Signed:
        """A checkpoint that this log has signed."""
        last = checkpoint_of(self._log, content)
        signers = self._signers(last.checkpoint.origin)
        try:
            ours = last.note.checked(signer.key for signer in signers)
        except NotProven as wrong:
            raise LogTampered(f"the last checkpoint is not what was signed: {wrong}; {REMEDY}") from wrong
        if not ours:
            raise LogUnavailable(
                "the last checkpoint was signed with a key that is not here; put the key of the log back"
            )
        return last


def checkpoint_of(log: Published, content: bytes) -> Signed:
    """A checkpoint of this log. Its origin is the log's name and, after accepted losses, a number.

    Raises:
        LogTampered: It is none.
        LogUnavailable: It is one of another log.
    """
    try:
        found = read_checkpoint(content)
    except NotProven as wrong:
        raise LogTampered(f"the last checkpoint cannot be read: {wrong}; {REMEDY}") from wrong
    origin = found.checkpoint.origin
    if origin != log.name and not origin.startswith(f"{log.name}/"):
        raise LogUnavailable(
            f"the anchor belongs to the log `{origin}`, but this is `{log.name}`; set LADDERS_LOG and "
            "LADDERS_ANCHOR to the same log"
        )
    return found


def origin_of(log: Published, anchor: Anchor | None) -> str:
    """The origin of the next checkpoint: that of the last one, or else the name of the log."""
    last = (anchor.last() if anchor else None) or log.last_checkpoint()
    return log.name if last is None else checkpoint_of(log, last).checkpoint.origin


def refuse_other(log: Published, seen: Checkpoint, head: Head) -> None:
    """Refuse a log that does not begin with one that was seen before.

    Raises:
        LogRolledBack: It is shorter.
        LogTampered: It has other entries.
    """
    if head.size < seen.size:
        raise LogRolledBack(
            f"the verdict log holds {head.size} entries, but {seen.size} were there when a checkpoint was "
            f"anchored: an older copy stands in its place; {REMEDY}"
        )
    try:
        proof = consistency(log.hashes, seen.size, head.size)
        check_consistency(seen.size, head.size, seen.root, head.root, proof)
    except NotProven as wrong:
        raise LogTampered(
            f"the first {seen.size} entries of the verdict log are not those that were there when a "
            f"checkpoint was anchored: entries were altered, removed or added; {REMEDY}"
        ) from wrong


def refuse_unanchored(log: Published, anchor: Anchor | None) -> None:
    """Refuse to start on a log that is behind or beside its anchor.

    Without an anchor the last published checkpoint stands in for it: it shows a damaged tree, not a rollback.

    Raises:
        LogRolledBack, LogTampered: The log is not the one that was anchored.
        LogUnavailable: It cannot be read, or the anchor is that of another log.
        AnchorUnavailable: The anchor cannot be read.
    """
    content = (anchor.last() if anchor else None) or log.last_checkpoint()
    if content is not None:
        seen, head = checkpoint_of(log, content).checkpoint, log.head()
        refuse_other(log, seen, head)
        if root_at(log.hashes, head.size) != head.root:
            raise LogTampered(f"the root of the verdict log is not that of its tiles; {REMEDY}")
