"""What a reload costs those who ask meanwhile: requests dropped, delayed or judged by a mixture; run it with
`python -m bench.reload [RELOADS]`.

The service is the real one, with the bundled policies and its default workers and threads. Eight connections
ask for verdicts, each with a short pause, while one threshold of the policies is changed again and again.
After each reload stands a period of the same length without one, to compare with: on a machine that has much
else to do, most of what a request waits is that. A metronome in the sender wants to wake every millisecond:
by as much as it wakes too late, this machine or the sender itself was late, not the service; what a request
waited beyond the latest such moment is the service's own.

What does not depend on the machine is printed first: for how long, in CPU time, the thread that makes a set
ready keeps the interpreter from another thread of the same process.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from threading import Event, Thread
from urllib.parse import urlsplit

import psutil

from bench.machine import ROUNDS, described
from service.cli.service_process import ask, running_service
from service.policy.load import load
from service.policy.packed import pack
from service.verdict.judge import Judge
from service.web.judges import Judges, ready_judge
from service.web.runtime import runtime_in

ROOT = Path(__file__).parents[1]
REQUEST = json.loads((ROOT / "examples" / "requests" / "brilliant-coder.json").read_bytes())
#: Without an id: asked again under the same one, the service would give the verdict of the first time.
BODY = json.dumps({name: value for name, value in REQUEST.items() if name != "request_id"}).encode()
LEVEL = Path("tracks") / "people-lead" / "2026-01-01.yaml"
ID, THRESHOLD = "tried-it-out", "at_least: {} weeks"
CONNECTIONS, PAUSE_S, RELOADS = 8, 0.02, 8
LATE_MS = 200
_STEAL = 8  #: the column of /proc/stat: time that another machine on the same processor had


@dataclass(frozen=True, slots=True)
class Answer:
    """One request that was answered."""

    began: float
    wait_ms: float
    meaning: tuple[str, str]  #: the digest of the policies, and the threshold that judged


@dataclass(slots=True)
class Sender:
    """Asks all the while, and keeps what came."""

    netloc: str
    answers: list[Answer] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    beats: list[tuple[float, float]] = field(default_factory=list)  #: when, and ms too late
    enough: Event = field(default_factory=Event)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """As long as this lasts."""
        threads = [Thread(target=self._ask) for _ in range(CONNECTIONS)]
        threads.append(Thread(target=self._beat))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.enough.set()
            for thread in threads:
                thread.join()

    def _ask(self) -> None:
        connection = HTTPConnection(self.netloc, timeout=30)
        while not self.enough.is_set():
            began = time.perf_counter()
            try:
                connection.request("POST", "/v1/verdicts", BODY, {"Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read()
                wait_ms = (time.perf_counter() - began) * 1e3
                if response.status != 201:
                    raise OSError(f"status {response.status}")
            except OSError as error:
                self.dropped.append(str(error))
                connection = HTTPConnection(self.netloc, timeout=30)
                continue
            told = json.loads(text)
            needed = next(each["needed"] for each in told["findings"] if each["id"] == ID)
            self.answers.append(Answer(began, wait_ms, (told["policy"]["set"], json.dumps(needed))))
            time.sleep(PAUSE_S)

    def _beat(self) -> None:
        while not self.enough.is_set():
            began = time.perf_counter()
            time.sleep(0.001)
            now = time.perf_counter()
            self.beats.append((now, (now - began) * 1e3 - 1))

    def waits(self, begin: float, end: float) -> tuple[list[float], list[float]]:
        """What requests of a period waited in ms, and that beyond the latest beat meanwhile; in order."""
        found = [each for each in tuple(self.answers) if begin <= each.began < end]
        times = [when for when, _ in self.beats]
        own = []
        for each in found:
            first = bisect_left(times, each.began)
            last = bisect_left(times, each.began + each.wait_ms / 1e3) + 1
            late = max((late for _, late in self.beats[first:last]), default=0.0)
            own.append(max(0.0, each.wait_ms - late))
        return sorted(each.wait_ms for each in found), sorted(own)


def main() -> None:
    """Reload again and again, and print."""
    reloads = int(sys.argv[1]) if len(sys.argv) > 1 else RELOADS
    print(described())
    holds = sorted(longest_hold_ms() for _ in range(ROUNDS))
    hold_ms, cpu_ms = holds[len(holds) // 2]
    print(f"made ready in {cpu_ms:.0f} ms of CPU; interpreter kept for {hold_ms:.1f} ms at most (median)")
    with tempfile.TemporaryDirectory() as folder:
        policies = Path(folder) / "policies"
        shutil.copytree(ROOT / "policies", policies)
        text = (policies / LEVEL).read_text("utf-8")
        own = {
            "LADDERS_PORT": "0", "LADDERS_LOG": f"{folder}/log.db", "LADDERS_POLICIES": str(policies),
            "LADDERS_RELOAD_S": "0", "LADDERS_FREEZE": "no",
        }  # fmt: skip
        with running_service(own, Path(folder) / "lines.txt") as address:
            sender = Sender(urlsplit(address).netloc)
            quiet, loud, took = [], [], []
            stolen = _stolen_s()
            with sender.asking():
                time.sleep(1)
                for number in range(reloads):
                    began = time.perf_counter()
                    changed = text.replace(THRESHOLD.format(8), THRESHOLD.format(9 - number % 2))
                    (policies / LEVEL).write_text(changed, "utf-8")
                    _reload(address, number + 1)
                    ended = time.perf_counter()
                    time.sleep(ended - began)
                    loud.append((began, ended))
                    quiet.append((ended, time.perf_counter()))
                    took.append(ended - began)
            stolen = _stolen_s() - stolen
        _show(sender, quiet, loud, took, stolen)


def longest_hold_ms() -> tuple[float, float]:
    """While the bundled policies are made ready: the longest time in which another thread did not get the
    interpreter, in ms of CPU time of the one that had it, and the CPU time of it all."""
    with tempfile.TemporaryDirectory() as folder, runtime_in(Path(folder), datetime.now(UTC)) as runtime:
        judge = Judge(load(ROOT / "policies"))
        with runtime.packed(1).open("wb") as file:
            pack(judge.policies, file)
        judges = Judges(runtime, judge, ready_judge, lambda: datetime.now(UTC))
        maker = Thread(target=judges.follow)
        runtime.published = 1
        maker.start()
        clock = time.pthread_getcpuclockid(maker.ident or 0)
        longest_s = last_s = 0.0
        while maker.is_alive():
            before = time.clock_gettime(clock)
            time.sleep(0.0005)
            try:
                last_s = time.clock_gettime(clock)
            except OSError:  # it has ended
                break
            longest_s = max(longest_s, last_s - before)
        maker.join()
        judge.close()
    return longest_s * 1e3, last_s * 1e3


def _reload(address: str, number: int) -> None:
    """Have the policies read again, and wait until they are in force."""
    for process in psutil.Process().children():
        process.send_signal(signal.SIGHUP)
    while True:
        reload = json.loads(ask(address, "GET", "/v1/status")[1])["reload"]
        if reload["counts"]["swapped"] == number:
            return
        if reload["counts"]["refused"]:
            raise RuntimeError(reload["problems"])
        time.sleep(0.05)


def _show(
    sender: Sender,
    quiet: Sequence[tuple[float, float]],
    loud: Sequence[tuple[float, float]],
    took: Sequence[float],
    stolen_s: float,
) -> None:
    print(f"{len(took)} reloads of {median(took):.2f} s (median), {len(sender.answers)} verdicts, ", end="")
    print(f"{CONNECTIONS} connections with pauses of {PAUSE_S * 1e3:.0f} ms")
    for title, periods in (("without a reload", quiet), ("during a reload", loud)):
        waits, own = [], []
        for period in periods:
            all_waits, own_waits = sender.waits(*period)
            waits += all_waits
            own += own_waits
        longest = [max(sender.waits(*period)[1], default=0.0) for period in periods]
        waits.sort()
        own.sort()
        print(
            f"{title:17} p50 {_at(waits, 50):5.1f}  p99 {_at(waits, 99):5.1f}  longest {waits[-1]:5.1f} ms; "
            f"the service's own: p99 {_at(own, 99):5.1f}  longest {own[-1]:5.1f}, in the median reload "
            f"{median(longest):5.1f} ms; over {LATE_MS} ms: {sum(wait > LATE_MS for wait in own)}"
        )
    late = sorted(late for _, late in sender.beats)
    print(f"the machine       metronome late: p99 {_at(late, 99):.1f}, longest {late[-1]:.1f} ms; ", end="")
    print(f"stolen by other machines {stolen_s:.1f} s")
    meanings = {each.meaning for each in sender.answers}
    mixed = len(meanings) != len({digest for digest, _ in meanings})
    print(f"dropped           {len(sender.dropped)} {sender.dropped[:3] or ''}")
    print(f"judged by a mixture: {'YES' if mixed else 'none'} ({len(meanings)} sets of policies judged)")
    if len(meanings) < 2:
        raise RuntimeError("the same policies judged before and after, so nothing was shown")


def _at(ordered: Sequence[float], percent: int) -> float:
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def _stolen_s() -> float:
    """How long, since it was started, this machine's processors were given to others."""
    columns = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(columns[_STEAL]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
