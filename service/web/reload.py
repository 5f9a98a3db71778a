"""Reloading: a changed policy folder goes in; the same new set in every worker, or the old one and every
problem, comes out.

One worker leads: it looks at the folder, waits until it is quiet, copies it, has the copy proved by a process
of its own, and publishes it. When every living worker has it ready, all change over at once. Nobody does when
anything is wrong. What came out stands in the runtime folder, in the service log and in the metrics.
Every step is short; when the leader dies, the next one goes on from what stands in the runtime folder.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from service.errors import LogUnavailable, PolicyError
from service.policy.model import PolicySet
from service.web import proving, snapshot
from service.web.freezing import Freeze
from service.web.journal import journal
from service.web.metrics import RESULTS, Metrics
from service.web.proving import MOST_TOLD, said, told_of
from service.web.runtime import Runtime

IDLE, SETTLING, PROVING, PREPARING = range(4)
STAGES: Final = ("idle", "settling", "proving", "preparing")
ATTEMPT: Final = "attempt"  #: the last reload, as it is told in the runtime folder
SET: Final = "set"  #: the set in force, likewise
#: Behind everybody else who wants the processor, from the first moment on.
COMMAND: Final = (
    sys.executable, "-P", "-c", "import os; os.nice(19); from service.web.proving import main; main()",
)  # fmt: skip
QUIET_S: Final = 0.5  #: for how long nothing may change before the folder is read
_NEVER_QUIET_S: Final = 60.0
_PROOF_S: Final = 900.0
_READY_S: Final = 120.0
_PATIENCE_S: Final = 0.1  #: for how long requests wait at most so that others can end
_AGAIN_S: Final = 1.0  #: until requests are asked to wait again


def first_set(runtime: Runtime, folder: Path) -> tuple[Path, str]:
    """The copy of the policy folder that the service starts with, and the digest of all its bytes."""
    place = runtime.set_folder(0)
    return place, snapshot.copy(folder, place)


def note_first_set(runtime: Runtime, bytes_digest: str, policies: PolicySet, at: datetime) -> None:
    """Say what the service starts with."""
    in_force = {"number": 0, "since": at.isoformat(), "bytes": bytes_digest, **told_of(policies)}
    runtime.tell(SET, in_force)
    attempt = {
        "number": 0, "asked": 0, "at": at.isoformat(), "took_s": 0.0, "result": "started",
        "bytes": bytes_digest, "policy_set": policies.digest, "problems": [], "count": 0,
        "counts": dict.fromkeys(RESULTS, 0),
    }  # fmt: skip
    runtime.tell(ATTEMPT, attempt)


class Reloader:
    """Leads the reloads of one service, as long as its worker lives.

    Args:
        runtime: What the workers share.
        folder: The policy folder.
        every_s: Seconds between two looks at the folder; 0: only when asked.
        metrics: Where results are counted.
        now: The time, in UTC.
        freeze: Says which versions are frozen; None: any may change.
    """

    def __init__(
        self,
        runtime: Runtime,
        folder: Path,
        *,
        every_s: float,
        metrics: Metrics,
        now: Callable[[], datetime],
        freeze: Freeze | None = None,
    ) -> None:
        self._runtime, self._folder, self._every_s = runtime, folder, every_s
        self._freeze = freeze
        self._metrics, self._now = metrics, now
        self._stage = self._start
        self._seen: snapshot.State | None = None
        self._looked = 0.0
        self._since = 0.0  # when this stage began
        self._began = 0.0  # when this reload began
        self._quiet_since = 0.0
        self._again = 0.0  # when to look for a moment without requests again
        self._asked = 0  # up to which question this reload is the answer
        self._number = 0
        self._bytes = ""
        self._proof: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def step(self) -> None:
        """Do the next short thing; to be called again and again."""
        try:
            self._stage()
        except PolicyError as wrong:
            self._refuse([said(problem) for problem in wrong.problems])
        except LogUnavailable as refused:
            self._refuse([str(refused)])
        except OSError as error:  # no room, no process: nothing is wrong with the policies
            self._refuse([f"the policy files could not be read again: {error.strerror}"])

    def stop(self) -> None:
        """End a proof that is running."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    # ── the stages ──

    def _start(self) -> None:
        """Take over from a leader that died, or begin."""
        last = self._last()
        self._asked, self._number = last["asked"], max(last["number"], self._runtime.published)
        if self._runtime.published != self._runtime.in_force:
            self._proof = self._runtime.told(f"{SET}.{self._runtime.published}") or {}
            self._bytes = self._proof.get("bytes", "")
            self._go(PREPARING, self._preparing)
            self._began = self._since
        else:
            self._go(IDLE, self._idle)

    def _idle(self) -> None:
        now = time.monotonic()
        asked = self._runtime.asked > self._last()["asked"]
        if not asked and (not self._every_s or now - self._looked < self._every_s):
            return
        self._looked = now
        state = snapshot.state_of(self._folder)
        if asked or state != self._seen:
            self._asked = self._runtime.asked
            self._seen, self._quiet_since, self._began = state, now, now
            self._go(SETTLING, self._settling)

    def _settling(self) -> None:
        """Wait until nothing changes any more, then read everything at once."""
        now = time.monotonic()
        if self._changes():
            if now - self._since > _NEVER_QUIET_S:
                self._refuse([f"the policy folder has not been quiet for {_NEVER_QUIET_S:g} s"])
            return
        if now - self._quiet_since < QUIET_S:
            return
        self._number = max(self._number, self._last()["number"], self._runtime.published) + 1
        place = self._runtime.set_folder(self._number)
        self._bytes = snapshot.copy(self._folder, place)
        if self._changes():
            return
        last, in_force = self._last(), self._in_force()
        if self._bytes == in_force["bytes"]:
            self._unchanged(silently=last["bytes"] == self._bytes and last["asked"] == self._asked)
        elif self._bytes == last["bytes"] and last["asked"] == self._asked:
            self._forget()  # it was refused already
        else:
            self._prove(place)

    def _prove(self, place: Path) -> None:
        with (place.parent.parent / "proof").open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                [*COMMAND, str(place), str(self._runtime.packed(self._number))],
                stdin=subprocess.PIPE, stdout=output,
            )  # fmt: skip
            proving.tell(self._process, None if self._freeze is None else self._freeze.place)
        self._go(PROVING, self._proving)

    def _proving(self) -> None:
        process = self._process
        if process is None:
            return self._forget()
        code = process.poll()
        if code is None and time.monotonic() - self._since < _PROOF_S:
            return None
        self.stop()
        self._process = None
        if process.stdin:
            process.stdin.close()
        if code is None:
            return self._refuse([f"the policies could not be checked within {_PROOF_S:g} s"])
        if code != 0:
            return self._refuse([f"the policies could not be checked: the check ended with code {code}"])
        try:
            self._proof = orjson.loads((self._runtime.folder / "proof").read_bytes())
        except ValueError:
            return self._refuse(["the policies could not be checked: the check was cut off"])
        if self._proof["problems"]:
            return self._refuse(self._proof["problems"], self._proof["count"])
        in_force = self._in_force()
        if all(self._proof[name] == in_force[name] for name in ("policy_set", "policy_files")):
            return self._unchanged()  # only tests, or what nobody reads
        self._proof["bytes"] = self._bytes
        self._runtime.tell(f"{SET}.{self._number}", self._proof)
        self._runtime.published = self._number
        return self._go(PREPARING, self._preparing)

    def _preparing(self) -> None:
        """Change over once every living worker can."""
        number = self._runtime.published
        with self._runtime.turn("change-over"):  # no worker appears in this very moment
            workers = self._runtime.workers()
            if why := next(filter(None, (self._why_not(worker, number) for worker in workers)), None):
                return self._refuse([why])
            ready = all(str(number) in worker["ready"] for worker in workers)
            if not (ready and self._change_over(number)):
                if time.monotonic() - self._since < _READY_S:
                    return None
                lacking = "no moment was without requests" if ready else "not every worker was ready"
                return self._refuse([f"{lacking} within {_READY_S:g} s"])
        self._runtime.drop_sets_before(number)
        return self._finish("swapped")

    def _change_over(self, number: int) -> bool:
        """Put the set in force, unless that has to wait.

        Raises:
            PolicyError: A version was frozen since the set was proved.
        """
        if self._freeze is None or not self._freeze.matters(number):
            self._put_in_force(number)
            return True
        if time.monotonic() < self._again:
            return False
        with self._runtime.alone(_PATIENCE_S) as alone:
            if alone:
                self._freeze.check(number)
                self._put_in_force(number)
        self._again = time.monotonic() + _AGAIN_S
        return alone

    def _put_in_force(self, number: int) -> None:
        self._runtime.tell(SET, {"number": number, "since": self._now().isoformat(), **self._proof})
        self._runtime.in_force = number

    def _why_not(self, worker: Mapping[str, Any], number: int) -> str | None:
        """Why a worker will never be ready."""
        failed, ready = worker["failed"], worker["ready"].get(str(number))
        if failed and failed["set"] == number:
            return f"worker {worker['pid']} could not make the policies ready: {failed['why']}"
        if ready not in (None, self._proof["policy_set"]):
            return f"worker {worker['pid']} reads the policies otherwise than the check did; restart Ladders"
        return None

    # ── the ends ──

    def _refuse(self, problems: list[str], count: int = 0) -> None:
        self.stop()
        self._process = None
        self._runtime.published = self._runtime.in_force
        self._runtime.drop_set(self._number)
        self._finish("refused", problems[:MOST_TOLD], count or len(problems))

    def _unchanged(self, *, silently: bool = False) -> None:
        in_force = self._in_force()
        if self._number != in_force["number"]:
            self._runtime.drop_set(self._number)
        self._runtime.tell(SET, {**in_force, "bytes": self._bytes})
        if silently:
            self._go(IDLE, self._idle)
        else:
            self._finish("unchanged")

    def _forget(self) -> None:
        self._runtime.drop_set(self._number)
        self._go(IDLE, self._idle)

    def _finish(self, result: str, problems: list[str] | None = None, count: int = 0) -> None:
        """Say in all three places what came out."""
        in_force, counts = self._in_force(), self._last()["counts"]
        counts[result] += 1
        took_s = round(time.monotonic() - self._began, 3)
        attempt = {
            "number": self._number, "asked": self._asked, "at": self._now().isoformat(), "took_s": took_s,
            "result": result, "bytes": self._bytes, "policy_set": in_force["policy_set"],
            "problems": problems or [], "count": count, "counts": counts,
        }  # fmt: skip
        self._runtime.tell(ATTEMPT, attempt)
        self._metrics.count_reload(result, count)
        say = journal().error if result == "refused" else journal().info
        say(
            f"policies-{result}",
            policy_set=in_force["policy_set"],
            set=in_force["number"],
            took_s=took_s,
            problems=problems or [],
            problem_count=count,
        )
        self._go(IDLE, self._idle)

    # ── what it works with ──

    def _go(self, number: int, stage: Callable[[], None]) -> None:
        self._runtime.stage = number
        self._stage = stage
        self._since = time.monotonic()

    def _changes(self) -> bool:
        """Whether the folder has changed since it was last looked at."""
        state = snapshot.state_of(self._folder)
        if state == self._seen:
            return False
        self._seen, self._quiet_since = state, time.monotonic()
        return True

    def _last(self) -> dict[str, Any]:
        return self._runtime.told(ATTEMPT) or {}

    def _in_force(self) -> dict[str, Any]:
        return self._runtime.told(SET) or {}
