"""What a worker does beside answering: one thread that follows reloads, leads them when it is this worker's
turn, and counts what nobody counts elsewhere.

Started after the fork; the master has no thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Thread
from typing import Final, Protocol

from service.web.journal import journal
from service.web.judges import Judges
from service.web.metrics import Metrics
from service.web.reload import Reloader
from service.web.runtime import Runtime

_STEP_S: Final = 0.1
_AFTER_ERROR_S: Final = 5.0
_STOP_S: Final = 2.0


class Duty(Protocol):
    """What one worker of the service does for all, such as telling subscribers."""

    def begin(self) -> None:
        """Go on with it; called again and again while this worker leads."""

    def stop(self) -> None:
        """Leave it to whoever leads next; also called where it was never begun."""


class Background:
    """The thread of one worker."""

    def __init__(
        self,
        runtime: Runtime,
        judges: Judges,
        reloader: Reloader,
        metrics: Metrics,
        duties: Sequence[Duty] = (),
    ) -> None:
        self._runtime, self._judges, self._reloader, self._metrics = runtime, judges, reloader, metrics
        self._duties = duties
        self._rebuilds = 0
        self._enough = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin; to be called in the worker, after the fork."""
        self._thread = Thread(target=self._work, name="background", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, at the latest after a short while."""
        self._enough.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)
            self._reloader.stop()
            for duty in self._duties:
                duty.stop()
            self._count()

    def _work(self) -> None:
        pause_s = _STEP_S
        while not self._enough.wait(pause_s):
            try:
                self._judges.follow()
                if self._runtime.leads():
                    self._reloader.step()
                    for duty in self._duties:
                        duty.begin()
                self._count()
                pause_s = _STEP_S
            except Exception as error:  # the set in force goes on; tell, and try again
                journal().error("background", error=type(error).__name__, why=str(error))
                pause_s = _AFTER_ERROR_S

    def _count(self) -> None:
        rebuilds = self._judges.rebuilds
        self._metrics.count_rebuilds(rebuilds - self._rebuilds)
        self._rebuilds = rebuilds
