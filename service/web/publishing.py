"""Publishing: the log goes in; within a second or a thousand entries, its signed checkpoint is in the
anchor, in the log and with the witnesses.

The worker that leads does so, in threads of their own, so that neither a slow anchor nor a silent witness
holds up a verdict or a reload. How far they have come stands in the runtime folder, for `/v1/status` and
the metrics.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from threading import Event, Lock, Thread
from typing import Any, Final

from service.errors import LaddersError, WitnessAhead
from service.ledger.anchor import Anchor
from service.ledger.checkpoint import Signed, read_checkpoint
from service.ledger.log import Log
from service.ledger.log_keys import LogKeys
from service.ledger.note import Signature
from service.ledger.publisher import Publisher
from service.ledger.witness import Submission, Witness
from service.web.journal import journal
from service.web.metrics import Metrics
from service.web.runtime import Runtime

PUBLISHED: Final = "published"  #: how far publishing has come, as it is told in the runtime folder
_EVERY_S: Final = 1.0
_ENTRIES: Final = 1000  #: new ones after which nobody waits for the second to end
_STEP_S: Final = 0.1
_FIRST_PAUSE_S: Final = 1.0  #: after an error; it doubles up to the longest one
_LONGEST_PAUSE_S: Final = 60.0
_WITNESS_S: Final = 5.0  #: for an answer
_STOP_S: Final = 2.0


class Publishing:
    """What one worker publishes for all of them.

    Args:
        runtime: Where it is told how far publishing has come.
        log: The log.
        anchor: Its anchor; None: checkpoints stay in the log.
        keys: What signs them.
        witnesses: Who is asked to cosign them.
        now: The time, in UTC.
        metrics: Where it is seen, too.
    """

    def __init__(
        self,
        runtime: Runtime,
        log: Log,
        *,
        anchor: Anchor | None,
        keys: LogKeys,
        witnesses: Sequence[Witness],
        now: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        self._runtime, self._log, self._now, self._metrics = runtime, log, now, metrics
        self._publisher = Publisher(log, anchor, keys.signers)
        self._is_anchored = anchor is not None
        self._witnesses = witnesses
        self._last: Signed | None = None
        self._published_at = 0.0  # monotonic
        self._told: dict[str, Any] = {
            "size": None,
            "anchored": None,
            "at": None,
            "why": None,
            "witnesses": {},
        }
        self._telling = Lock()
        self._cosigning = Lock()
        self._enough = Event()
        self._threads: list[Thread] = []

    def begin(self) -> None:
        """Begin, unless that was done."""
        if self._threads:
            return
        works = [self._publish_on, *(_bound(self._witness_on, witness) for witness in self._witnesses)]
        self._threads = [Thread(target=work, name="publishing", daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Publish what is there, and end, at the latest after a short while."""
        self._enough.set()
        for thread in self._threads:
            thread.join(_STOP_S)
        if self._threads and not self._threads[0].is_alive():
            try:
                self._publish()
            except LaddersError as refused:  # the next start goes on from the anchor
                journal().warning("not-published", why=str(refused))

    # ── the anchor ──

    def _publish_on(self) -> None:
        self._repeat(self._publish_if_due, lambda why: self._tell(why=why))

    def _publish_if_due(self) -> None:
        size = self._log.size()
        self._metrics.note_entries(size)
        known = self._last.checkpoint.size if self._last else -1
        waited_s = time.monotonic() - self._published_at
        if size != known and (waited_s >= _EVERY_S or size - known >= _ENTRIES):
            self._publish()

    def _publish(self) -> None:
        last = self._publisher.publish()
        self._published_at = time.monotonic()
        if last is not None and last != self._last:
            size = last.checkpoint.size
            anchored = size if self._is_anchored else None
            self._tell(size=size, anchored=anchored, at=self._now().isoformat(), why=None)
        self._last = last

    # ── witnesses ──

    def _witness_on(self, witness: Witness) -> None:
        """Have one witness cosign each checkpoint that is the last one when it has time for it."""
        told: dict[str, Any] = {"size": None, "at": None, "why": None}

        def tell(**news: Any) -> None:
            told.update(news)
            with self._telling:
                self._told["witnesses"][witness.name] = dict(told)
            self._tell()

        def step() -> None:
            last = self._last
            if last is None or last.checkpoint.size == told["size"]:
                return
            try:
                line = submission.submit(last, self._log.hashes)
            except WitnessAhead as ahead:
                if self._published_to() < ahead.seen:
                    raise
                return  # another service on this log was faster, with a later checkpoint
            self._add(last, line)
            tell(size=last.checkpoint.size, at=self._now().isoformat(), why=None)

        tell()
        with closing(Submission(witness, _WITNESS_S)) as submission:
            self._repeat(step, lambda why: tell(why=why))

    def _published_to(self) -> int:
        """The size of the last checkpoint that any service has published."""
        note = self._log.last_checkpoint()
        return 0 if note is None else read_checkpoint(note).checkpoint.size

    def _add(self, last: Signed, line: Signature) -> None:
        """Put a cosignature beside those that a checkpoint has already."""
        size = last.checkpoint.size
        with self._cosigning:
            stored = self._log.checkpoints(size - 1, 1)
            note = read_checkpoint(stored[0]).note if stored else last.note
            if note.text == last.note.text:
                self._log.add_checkpoint(size, bytes(note.with_more([line])))

    # ── how ──

    def _repeat(self, step: Callable[[], None], tell_why: Callable[[str], None]) -> None:
        """Take one step after another; after errors, ever more rarely."""
        pause_s = 0.0
        while not self._enough.wait(pause_s or _STEP_S):
            try:
                step()
                pause_s = 0.0
            except Exception as error:  # whatever it was, the log itself goes on
                if not pause_s:
                    journal().error("not-published", error=type(error).__name__, why=str(error))
                pause_s = min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, pause_s * 2))
                tell_why(str(error))

    def _tell(self, **news: Any) -> None:
        with self._telling:
            self._told.update(news)
            self._runtime.tell(PUBLISHED, self._told)
            self._metrics.note_published(self._told)


def _bound(work: Callable[[Witness], None], witness: Witness) -> Callable[[], None]:
    return lambda: work(witness)
