"""The judges of one worker: numbers of policy sets go in; the judge of the set in force comes out, to each
request for as long as it takes.

A request holds one judge from its start to its end, so it is never judged by a mixture. A set is made ready
beside the one in force; all workers change over at once, when the number on the board of the runtime folder
changes. The old judge is closed when its last request has ended.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol

from service.policy.model import PolicySet
from service.policy.packed import unpack
from service.policy.versions_frozen import VersionDigests
from service.verdict.judge import Judge
from service.verdict.model import Verdict
from service.web.runtime import Runtime

_PATIENCE_S: Final = 10.0  #: for how long requests go first while one set is made ready, in all
_STEP_PATIENCE_S: Final = 0.05  #: and after one step
_TRY_S: Final = 0.001
_SWITCH_S: Final = 0.0005  #: how long a thread may keep the others waiting while a set is made ready


class Judging(Protocol):
    """What judges: `service.verdict.judge.Judge`."""

    @property
    def policies(self) -> PolicySet:
        """What is judged by."""

    @property
    def digests(self) -> VersionDigests:
        """What each version means."""

    @property
    def rebuilds(self) -> int:
        """How often a ruleset had to be built anew after a fault."""

    def verdict(self, raw: Any, *, verdict_id: str, judged_at: datetime) -> Verdict:
        """Judge one request; raises `RequestError` or `EngineError`."""

    def options(self, raw: Any, *, judged_at: datetime) -> dict[str, Any]:
        """Judge what a candidate may ask for next; raises as `verdict`."""

    def close(self) -> None:
        """Give everything back."""


Make = Callable[[Path, Callable[[], None]], Judging]


@dataclass(slots=True, eq=False)
class Held:
    """A judge, and how many requests are using it."""

    number: int
    judge: Judging
    users: int = 0


class Judges:
    """The judge in force, the one that is about to be, and those that are still in use.

    Args:
        runtime: Where the numbers stand.
        first: The judge of the set with the number 0, made before the workers were forked.
        make: The judge of the set that is packed at a path; called in the background. It calls what it is
            given after each short step.
        now: The time, in UTC.
    """

    def __init__(self, runtime: Runtime, first: Judging, make: Make, now: Callable[[], datetime]) -> None:
        self._runtime, self._make, self._now = runtime, make, now
        self._lock = Lock()
        self._current = Held(0, first)
        self._held = {0: self._current}
        self._users = 0
        self._failed: dict[str, Any] | None = None
        self._past_rebuilds = 0
        self._began = now()
        self._told: dict[str, Any] | None = None

    def lease(self) -> Held:
        """The judge of the set in force; whoever gets it gives it back."""
        self._runtime.wait_while_alone()
        with self._lock:
            if not self._users:
                self._runtime.occupy()
            self._users += 1
            held = self._current
            number = self._runtime.in_force
            if held.number != number:
                self._current = held = self._held.get(number, held)
            held.users += 1
            return held

    def give_back(self, held: Held) -> None:
        """A request has ended."""
        with self._lock:
            held.users -= 1
            self._users -= 1
            if not self._users:
                self._runtime.vacate()

    @property
    def in_force(self) -> Judging:
        """The judge of the set in force, for those who judge nobody by it."""
        return self.ready(self._runtime.in_force)

    def ready(self, number: int) -> Judging:
        """The judge of a set that is ready here, for those who judge nobody by it."""
        with self._lock:
            return self._held[number].judge

    def number_of(self, policies: PolicySet) -> int:
        """The number of a set that is ready here; raises `LookupError`."""
        with self._lock:
            for held in self._held.values():
                if held.judge.policies is policies:
                    return held.number
        raise LookupError("no such set is ready")

    @property
    def rebuilds(self) -> int:
        """How often this worker had to build a ruleset anew; never falls."""
        with self._lock:
            return self._past_rebuilds + sum(held.judge.rebuilds for held in self._held.values())

    def begin(self) -> None:
        """Start as a worker: appear, and make the set in force ready before the first request comes."""
        self._began = self._now()
        with self._runtime.turn("change-over"):
            self._tell(ready={})
            number = self._runtime.in_force
        if number not in self._held:
            self._prepare(number)
        self.follow()

    def follow(self) -> None:
        """Make ready what was published, let go of what is no longer used, and say how it stands."""
        number = self._runtime.published
        if number not in self._held and (self._failed is None or self._failed["set"] != number):
            self._failed = None
            try:
                with self._runtime.turn("making-ready"):  # one worker after the other, so that others answer
                    self._prepare(number)
            except Exception as error:  # whatever it is, the set in force goes on
                self._failed = {"set": number, "why": f"{type(error).__name__}: {error}"}
        self._retire()
        self._tell({str(held.number): held.judge.policies.digest for held in self._held.values()})

    def _prepare(self, number: int) -> None:
        with _in_small_steps():
            judge = self._make(self._runtime.packed(number), self._give_way())
        with self._lock:
            self._held[number] = Held(number, judge)

    def _give_way(self) -> Callable[[], None]:
        """What is done after each step of making a set ready: requests that are under way go first.

        A thread that works through takes the interpreter from them again and again, and they get it back only
        when the machine has a processor to spare. Waiting has an end, so that a set becomes ready all the
        same.
        """
        patience_s = _PATIENCE_S

        def step() -> None:
            nonlocal patience_s
            _tidy_up()
            began = time.monotonic()
            until = began + min(_STEP_PATIENCE_S, patience_s)
            time.sleep(_TRY_S)
            while self._users and time.monotonic() < until:
                time.sleep(_TRY_S)
            patience_s -= time.monotonic() - began

        return step

    def _retire(self) -> None:
        with self._lock:
            kept = {self._runtime.in_force, self._runtime.published}
            if self._current.number not in kept and self._current.users == 0:
                self._current = self._held.get(self._runtime.in_force, self._current)
            retired = [
                held
                for held in self._held.values()
                if held.number not in kept and held.users == 0 and held is not self._current
            ]
            for held in retired:
                self._past_rebuilds += held.judge.rebuilds
                del self._held[held.number]
        for held in retired:
            held.judge.close()

    def _tell(self, ready: dict[str, str]) -> None:
        told = {
            "pid": os.getpid(),
            "started_at": self._began.isoformat(),
            "ready": ready,
            "failed": self._failed,
            "rebuilds": self.rebuilds,
        }
        if told != self._told:
            self._runtime.tell_worker(told)
            self._told = told


def ready_judge(packed: Path, step: Callable[[], None]) -> Judge:
    """The judge of a set that was proved already."""
    with packed.open("rb") as file:
        policies = unpack(file, step)
    step()
    return Judge(policies, step)


@contextmanager
def _in_small_steps() -> Iterator[None]:
    """Let other threads have the interpreter sooner than usual, and put the garbage collection off."""
    usual, collecting = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(_SWITCH_S)
    gc.disable()
    try:
        yield
    finally:
        _tidy_up()
        if collecting:
            gc.enable()
        sys.setswitchinterval(usual)


def _tidy_up() -> None:
    """Collect what was made since the last time and is garbage; put the rest out of the collector's sight.

    All threads are held up meanwhile, so it is done in parts, and only what is new is looked through: what
    stays would otherwise be looked through again and again.
    """
    gc.collect(0)
    gc.freeze()
