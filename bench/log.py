"""What a record costs in the verdict log, in a file and in PostgreSQL; run it with `python -m bench.log`.

Threads wait for each receipt before they send the next record, as requests do. CPU is that of all processes
divided by the records: once with making, sealing and encrypting them, and once of the appender alone, given
records that were sealed before. That of the database server is shown apart. The server lies on the same
machine and disk and waits for the disk at each commit.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import IO

import orjson
import psutil

from bench.machine import described, yardstick
from bench.records import costs, record, small_verdict, verdict
from service.ledger.log import Log, open_log
from service.ledger.sealing import Sealed
from service.verdict.model import Verdict
from tests.ledger.postgres import Cluster, new_log

SHAPES = ((1, 1), (1, 8), (4, 8))  #: processes and threads
FLOORS = (1, 8, 32)  #: records in a group
SEALED_A_SECOND = 8_000  #: records that a process has at hand when it is given sealed ones


def write(
    place: str, keys: Path, threads: int, seconds: float, *, small: bool, sealed: bool
) -> tuple[float, list[float]]:
    """How many seconds of CPU it took to begin, and how many seconds each record that so many threads
    appended.
    """
    of = small_verdict if small else verdict
    log = open_log(place, keys=keys, clock=lambda: datetime.now(UTC), random_bytes=os.urandom)
    log.append([record(of)])
    made = [_sealed(log, of) for _ in range(int(SEALED_A_SECOND * seconds) if sealed else 0)]
    print("ready", flush=True)
    sys.stdin.readline()  # all processes begin at once
    start_cpu_s = time.process_time()
    took: list[list[float]] = [[] for _ in range(threads)]
    stop_at = time.monotonic() + seconds

    def send(mine: list[float]) -> None:
        while time.monotonic() < stop_at:
            sent = time.perf_counter()
            if sealed:
                log._appender.submit([made.pop()], 10)  # type: ignore[attr-defined]  # not part of what a log shows
            else:
                log.append([record(of)])
            mine.append(time.perf_counter() - sent)

    senders = [Thread(target=send, args=(mine,)) for mine in took]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    log.close()
    return start_cpu_s, sorted(each for mine in took for each in mine)


def _sealed(log: Log, of: Callable[[], Verdict]) -> Sealed:
    """A sealed record, without the parts of the record itself, of which the appender needs none."""
    sealed: Sealed = log._sealed(record(of))  # type: ignore[attr-defined]  # not part of what a log shows
    return replace(sealed, record=replace(sealed.record, private={}, fields=None))


def measure(
    place: str, keys: Path, processes: int, threads: int, seconds: float, size: Callable[[], int],
    server_cpu_s: Callable[[], float] | None = None, *, sealed: bool = False,
) -> None:  # fmt: skip
    """Print the cost of a record with so many processes of so many threads."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "bench.log", "--child", place, str(keys), str(threads), str(seconds)]
    command += [*sys.argv[1:], *(["--sealed"] if sealed else [])]
    pipe = subprocess.PIPE
    children = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(processes)]
    for child in children:
        _file(child.stdout).readline()
    size_before, server_before_s = size(), server_cpu_s() if server_cpu_s else 0.0
    for child in children:
        _file(child.stdin).write("begin\n")
        _file(child.stdin).flush()
    answers = [orjson.loads(child.communicate()[0]) for child in children]
    after, grown = resource.getrusage(resource.RUSAGE_CHILDREN), size() - size_before
    records = sum(answer["records"] for answer in answers)
    start_cpu_s = sum(answer["start_cpu_s"] for answer in answers)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - start_cpu_s
    middle, late = (max(answer[rank] for answer in answers) for rank in ("p50_s", "p99_s"))
    server = f" + {(server_cpu_s() - server_before_s) / records * 1e6:5.1f} server" if server_cpu_s else ""
    print(
        f"{processes} x {threads} threads: {records / seconds:8,.0f} records/s   "
        f"{seconds / records * 1e6:6.1f} us wall   {cpu_s / records * 1e6:6.1f} us CPU{server}   "
        f"ack p50 {middle * 1e3:5.2f} ms  p99 {late * 1e3:6.2f} ms   {grown / records:6,.0f} B/record"
    )


def floor(group: int, seconds: float) -> tuple[float, float]:
    """What the writer of a file takes for groups of so many sealed records, in the one thread of one process:
    nothing that hands records to it can take less. Microseconds a record, by the clock and of CPU.
    """
    with tempfile.TemporaryDirectory() as folder:
        place, keys = Path(folder) / "log.db", Path(folder) / "keys"
        log = open_log(place, keys=keys, clock=lambda: datetime.now(UTC), random_bytes=os.urandom)
        log.append([record(verdict)])
        writer = log._writer  # type: ignore[attr-defined]  # not part of what a log shows
        groups = [[[_sealed(log, verdict)] for _ in range(group)] for _ in range(int(1000 * seconds / group))]
        began, began_cpu_s = time.perf_counter(), time.process_time()
        for calls in groups:
            writer.begin()
            writer.write(calls)
            writer.end()
            writer.tidy()
        wall_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu_s
        log.close()
    each_us = 1e6 / (len(groups) * group)
    return wall_s * each_us, cpu_s * each_us


def _file(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise RuntimeError("a child without pipes")
    return stream


def measure_file(processes: int, threads: int, seconds: float, *, sealed: bool) -> None:
    """The same in a file."""
    with tempfile.TemporaryDirectory() as folder:
        database, keys = Path(folder) / "log.db", Path(folder) / "keys"
        open_log(database, keys=keys, clock=lambda: datetime.now(UTC), random_bytes=os.urandom).close()
        size = lambda: database.stat().st_size  # noqa: E731 - as short as it is
        measure(str(database), keys, processes, threads, seconds, size, sealed=sealed)


def measure_postgres(shapes: Sequence[tuple[int, int]], seconds: float, *, sealed: bool) -> None:
    """The same in PostgreSQL, each shape in a log of its own."""
    cluster = Cluster(False)
    try:
        server = psutil.Process(cluster.create().pid)

        def cpu_s() -> float:
            while True:
                with suppress(psutil.NoSuchProcess):  # one that served a writer is just ending
                    living = [child.cpu_times() for child in server.children()]
                    ended = server.cpu_times()
                    own = ended.user + ended.system + ended.children_user + ended.children_system
                    return own + sum(each.user + each.system for each in living)

        for processes, threads in shapes:
            database = new_log(cluster)

            def size(database: str = database) -> int:
                return int(cluster.execute("SELECT pg_database_size(%s)", database)[0][0])

            url = cluster.url(database, "service")
            measure(url, cluster.keys, processes, threads, seconds, size, cpu_s, sealed=sealed)
    finally:
        cluster.remove()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=3)
    arguments.add_argument("--small", action="store_true", help="a verdict of a quarter of the size")
    arguments.add_argument("--sealed", action="store_true", help=argparse.SUPPRESS)
    arguments.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.child:
        place, keys, threads, seconds = given.child
        _ = (verdict(), small_verdict())  # judged before the time begins
        start_cpu_s, took = write(
            place, Path(keys), int(threads), float(seconds), small=given.small, sealed=given.sealed
        )
        p50_s, p99_s = took[len(took) // 2], took[len(took) * 99 // 100]
        answer = {"records": len(took), "start_cpu_s": start_cpu_s, "p50_s": p50_s, "p99_s": p99_s}
        print(orjson.dumps(answer).decode())
        return
    print(described())
    print(yardstick())
    for name, of in (("a real verdict", verdict), ("a small one", small_verdict)):
        costs(name, of)
    for group in FLOORS:
        wall_us, cpu_us = floor(group, given.seconds)
        print(f"the writer alone, by {group:2}: {wall_us:7.1f} us wall  {cpu_us:7.1f} us CPU")
    for sealed, what in ((True, "the appender alone"), (False, "with making and sealing the record")):
        print(f"in a file, WAL, synchronous=FULL: {what}")
        for processes, threads in SHAPES:
            measure_file(processes, threads, given.seconds, sealed=sealed)
        print(f"in PostgreSQL through a socket, fsync=on, synchronous_commit=on, no standby: {what}")
        measure_postgres(SHAPES, given.seconds, sealed=sealed)


if __name__ == "__main__":
    main()
