"""The appender: sealed records go in from many threads; where they stand comes out once they are durable.

One thread per process writes for all callers, in groups: it takes the turn, then the records that have
gathered by then, has them written in one transaction, and wakes the callers. Taking the turn first makes
groups grow while another process writes. Whoever gives up waiting takes the records back, unless their
transaction is already running: its end, which is near, decides.
Knows nothing of how a store writes, of opening, reading or forking.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Lock, Thread
from typing import Final

from service.errors import LogUnavailable
from service.ledger.rows import Answer, Stale, Writer, Written, in_groups
from service.ledger.sealing import Sealed

_GROUP_RECORDS: Final = 256
_GROUP_BYTES: Final = 2**20
_CLOSE_S: Final = 10.0
_STOPPED: Final = "the verdict log has stopped; restart Ladders"


def _taken() -> Lock:
    latch = Lock()
    latch.acquire()
    return latch


@dataclass(slots=True, eq=False)
class _Call:
    """One caller, who waits for all of these records or none; without any, for proof that writing works."""

    sealed: Sequence[Sealed] = ()
    action: Callable[[], None] | None = None  #: something else to be done in the turn, in its place
    settled: Lock = field(default_factory=_taken)  #: released once one of the next two is there
    answer: Answer | None = None
    refused: LogUnavailable | None = None

    @property
    def size(self) -> int:
        """How many bytes there are to write, roughly."""
        return sum(len(sealed.leaf) + len(sealed.body) for sealed in self.sealed)


class Appender:
    """Writes for one process. It owns the writer that it is given, and closes it."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: deque[_Call] = deque()
        self._changed = Condition()  #: guards `_waiting` and `_closed`
        self._closed: str | None = None  #: why nothing is taken any more
        self._worked_at: float | None = None  #: monotonic, when a commit last succeeded
        self._thread = Thread(target=self._work, name="verdict-log", daemon=True)
        self._thread.start()

    def submit(self, sealed: Sequence[Sealed], limit_s: float) -> Answer:
        """Have these records written, all or none; without any, have it proved that writing works.

        Raises:
            LogUnavailable: They are not in the log and will not get there.
        """
        answer = self._settle(_Call(sealed), limit_s).answer
        return Stale() if answer is None else answer

    def run(self, action: Callable[[], None], limit_s: float) -> None:
        """Have something else done with the writer, in its turn and its thread.

        Raises:
            LogUnavailable: It was not done.
        """
        self._settle(_Call(action=action), limit_s)

    def _settle(self, call: _Call, limit_s: float) -> _Call:
        with self._changed:
            if self._closed:
                raise LogUnavailable(self._closed)
            self._waiting.append(call)
            self._changed.notify()
        if not call.settled.acquire(timeout=limit_s):
            with self._changed:
                if call in self._waiting:
                    self._waiting.remove(call)
                    raise LogUnavailable(
                        f"the verdict log could not be written within {limit_s:g} s; try again"
                    )
            call.settled.acquire()
        if call.refused:
            raise call.refused
        return call

    def worked_within(self, seconds: float) -> bool:
        """Whether something was committed so recently."""
        return self._worked_at is not None and time.monotonic() - self._worked_at < seconds

    def close(self) -> None:
        """Write what is waiting, then stop. Whoever comes later is refused."""
        with self._changed:
            self._closed = self._closed or "the verdict log is closed"
            self._changed.notify()
        self._thread.join(_CLOSE_S)

    def _work(self) -> None:
        try:
            while self._someone_waits():
                group: list[_Call] = []
                try:
                    self._write_group(group)
                except BaseException as error:
                    reason = str(error) if isinstance(error, LogUnavailable) else _STOPPED
                    self._refuse(group or self._drain(), reason)
                    if not isinstance(error, LogUnavailable):
                        raise
                else:
                    for call in group:  # not in the turn: those who are awake would hold up its end
                        call.settled.release()
                    with suppress(LogUnavailable):  # said to whoever comes next
                        self._writer.tidy()
        finally:  # whatever ended this thread: nobody may wait for it
            with self._changed:
                self._closed = self._closed or _STOPPED
                left = list(self._waiting)
                self._waiting.clear()
            self._refuse(left, self._closed)
            self._writer.close()

    def _someone_waits(self) -> bool:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            return bool(self._waiting)

    def _drain(self) -> list[_Call]:
        """The next callers, up to the size of a group; from here on they cannot give up."""
        group: list[_Call] = []
        records = size = 0
        with self._changed:
            while self._waiting and records < _GROUP_RECORDS and size < _GROUP_BYTES:
                if self._waiting[0].action and group:
                    break
                call = self._waiting.popleft()
                group.append(call)
                if call.action:
                    break
                records += len(call.sealed)
                size += call.size
        return group

    def _write_group(self, group: list[_Call]) -> None:
        """Write one group, which is put into `group`, with the answers of its callers."""
        try:
            self._writer.begin()
            group += self._drain()
            if group and group[0].action:  # it is alone in its group
                group[0].action()
                return
            calls = [call.sealed for call in group]
            answers = self._writer.write(calls)
        finally:
            self._writer.end()
        if any(isinstance(answer, Written) for answer in answers):
            self._worked_at = time.monotonic()
        grouped = in_groups(calls, answers, self._writer.frontier)
        for call, answer in zip(group, grouped, strict=True):
            call.answer = answer

    def _refuse(self, calls: Sequence[_Call], reason: str) -> None:
        for call in calls:
            call.refused = LogUnavailable(reason)
            call.settled.release()
