"""A process of its own that writes to a log; started by tests as `python -m tests.ledger.writer PLACE …`.

`PLACE obey` reads commands from standard input, one per line, and answers each with one line.
`PLACE load THREADS FIRST ACKNOWLEDGED` appends until it is killed and notes every receipt in a file; what is
refused is sent again.
`PLACE same THREADS COUNT` appends the same records as every other such process, in another order.
`FOLDER each WHAT` reads names of folders in this one, each with an order for `faults.c`; a child does that
with the log in it and says how it fares until it has ended. `appending` makes the log, appends and closes it;
`erasing` erases Ann from one that is there, `rotating` wraps its keys anew.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import random
import resource
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from service.errors import LaddersError, LogUnavailable
from service.ledger.address import Place, log_place
from service.ledger.log import Log, open_log
from tests.ledger.records import a_record


def opened(place: Place) -> Log:
    limit_s = float(os.environ.get("LADDERS_TEST_LIMIT_S", "30"))
    keys = os.environ.get("LADDERS_TEST_KEYS")
    return open_log(
        place,
        keys=Path(keys) if keys else None,
        clock=lambda: datetime.now(UTC),
        random_bytes=os.urandom,
        limit_s=limit_s,
    )


def obey(database: Place) -> None:
    """Answer `append N`, `check`, `limit BYTES` (the largest size of a file), `reopen` and `fork`."""
    log = opened(database)
    answer("ready")
    for line in sys.stdin:
        command, *rest = line.split()
        try:
            if command == "append":
                [receipt] = log.append([a_record(int(rest[0]))])
                answer(f"receipt {receipt.index}")
            elif command == "check":
                log.check_writable()
                answer("writable")
            elif command == "limit":
                size = int(rest[0]) if rest else resource.RLIM_INFINITY
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
                answer("limited")
            elif command == "reopen":
                log.close()
                log = opened(database)
                answer("ready")
            elif command == "fork":
                in_child(log, database)
        except LaddersError as error:
            answer(f"{type(error).__name__} {error}")


def in_child(log: Log, database: Place) -> None:
    """Try everything that a process forked after the opening could try, and say what came of it."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        answer(f"child ended with {os.waitstatus_to_exitcode(status)}")
        return
    refused = 0
    for attempt in (
        lambda: log.append([a_record(999)]),
        lambda: log.get(a_record(1).id),
        log.check_writable,
        lambda: opened(database),
    ):
        try:
            attempt()
        except LaddersError as error:
            refused += "before this process was forked" in str(error)
    log.close()
    os._exit(refused)


def load(database: Place, threads: int, first: int, acknowledged: Path) -> None:
    log = opened(database)
    notes = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    numbers = itertools.count(first)

    def write() -> None:
        for number in numbers:
            while True:
                with suppress(LogUnavailable):
                    [receipt] = log.append([a_record(number)])
                    break
                time.sleep(0.02)
            os.write(notes, f"{number} {receipt.index}\n".encode())

    for _ in range(threads):
        Thread(target=write, daemon=True).start()
    sys.stdin.read()  # ends when the test does, so that nothing is left behind whatever happens
    os._exit(1)


def same(database: Place, threads: int, count: int) -> None:
    log = opened(database)

    def write() -> None:
        numbers = list(range(count))
        random.shuffle(numbers)
        for number in numbers:
            [receipt] = log.append([a_record(number)])
            answer(f"{number} {receipt.index} {receipt.leaf_hash} {receipt.committed_at.isoformat()}")

    together(threads, write)
    log.close()


def each(folder: Path, what: str) -> None:
    """Answer `receipt N INDEX` or `refused N WHY` for whatever is done, and at last how the child ended."""
    lives = {"appending": appending, "erasing": erasing, "rotating": rotating}
    for line in sys.stdin:
        name, order = line.strip().split(" ", 1)
        (folder / name).mkdir(exist_ok=True)
        child = os.fork()
        if not child:
            os.environ |= {"LADDERS_FAULT_IN": str(folder / name), "LADDERS_FAULT": order}
            lives[what](folder / name / "log.db")
            calls = ctypes.CDLL(None).fault_calls
            answer("calls " + " ".join(str(calls(kind)) for kind in range(5)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        answer(f"ended {os.waitstatus_to_exitcode(status)}")


def appending(database: Path) -> None:
    """All that a process does with a log, as far as it gets."""
    try:
        log = opened(database)
    except LogUnavailable as error:
        answer(f"refused - {error}")
        return
    for numbers in ([1], [2, 3], [4]):
        try:
            receipts = log.append([a_record(number) for number in numbers])
        except LogUnavailable as error:
            for number in numbers:
                answer(f"refused {number} {error}")
        else:
            for number, receipt in zip(numbers, receipts, strict=True):
                answer(f"receipt {number} {receipt.index}")
    log.close()


def erasing(database: Path) -> None:
    """Erase somebody, whom the log then names no more."""

    def erase(log: Log) -> int:
        now, new_id = datetime.now(UTC), lambda: str(uuid.uuid4())
        [receipt] = log.erase("Ann Example", erased_at=now, engine="ladders", new_id=new_id)
        return receipt.index

    once(database, erase)


def rotating(database: Path) -> None:
    """Wrap the keys of people anew."""
    once(database, lambda log: log.rotate_keys())


def once(database: Path, do: Callable[[Log], int]) -> None:
    try:
        log = opened(database)
    except LogUnavailable as error:
        answer(f"refused - {error}")
        return
    try:
        answer(f"receipt 0 {do(log)}")
    except LogUnavailable as error:
        answer(f"refused 0 {error}")
    log.close()


def together(threads: int, write: Callable[[], None]) -> None:
    writers = [Thread(target=write) for _ in range(threads)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()


def answer(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    database, what, *rest = sys.argv[1:]
    if what == "obey":
        obey(log_place(database))
    elif what == "load":
        load(log_place(database), int(rest[0]), int(rest[1]), Path(rest[2]))
    elif what == "each":
        each(Path(database), *rest)
    else:
        same(log_place(database), int(rest[0]), int(rest[1]))
