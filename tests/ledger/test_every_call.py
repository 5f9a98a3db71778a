"""A fault at every single call that writes, syncs or cuts off a file of the log, from its making to its
closing: the process is killed there, the disk fails, or it is full. What was acknowledged is there, and the
log goes on.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.ledger.processes import compiled, start
from tests.ledger.records import a_record, record_id
from tests.ledger.whole import whole_log
from tests.ledger.writer import opened

FAULTS: Final = ("KILL", "EIO", "ENOSPC")


class Lives:
    """Processes that make a log, write to it and close it, each with an order for `faults.c`."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "one" / "log.db"
        self._process = start(folder, "each", LD_PRELOAD=str(compiled(folder)))

    def live(self, order: str) -> list[list[str]]:
        """What one of them says until it ends, word by word."""
        shutil.rmtree(self.database.parent, ignore_errors=True)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"one {order}\n")
        self._process.stdin.flush()
        said: list[list[str]] = []
        while not said or said[-1][0] != "ended":
            said.append(self._process.stdout.readline().strip().split(" ", 2))
        return said

    def end(self) -> None:
        """Let go of them."""
        self._process.communicate(timeout=20)


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    lives = Lives(tmp_path)
    yield lives
    lives.end()


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.soak)])
def test_a_fault_at_any_call_loses_no_acknowledged_record(lives: Lives, step: int) -> None:
    """Every place where a process can die and a disk can fail, each by itself."""
    [calls] = [line[1:] for line in lives.live("write 0 KILL") if line[0] == "calls"]
    counts = zip(("write", "sync", "truncate"), map(int, " ".join(calls).split()), strict=True)
    sites = [f"{kind} {call}" for kind, count in counts for call in range(1, count + 1)]
    met: Counter[str] = Counter()
    for order in (f"{site} {fault}" for site in sites[::step] for fault in FAULTS):
        met.update(survived(lives.database, order, lives.live(order)))
    print(f"{len(sites)} sites, {dict(met)}, 0 lost")
    assert min(met["killed"], met["acknowledged"], met["refused"], met["stopped"]) > 0


def survived(database: Path, order: str, said: list[list[str]]) -> Counter[str]:
    """What became of a log, after checking that it is whole and goes on."""
    acknowledged = {record_id(int(line[1])): int(line[2]) for line in said if line[0] == "receipt"}
    refused = [line for line in said if line[0] == "refused"]
    assert said[-1][1] in ("0", "-9"), order  # nothing but refusals came of it
    sign = database.with_name("log.db.failed")
    stopped = sign.exists()
    sign.unlink(missing_ok=True)
    with closing(opened(database)) as log:
        [receipt] = log.append([a_record(9)])
    there = whole_log(database)
    assert receipt.index == there[record_id(9)] == len(there) - 1, order
    assert all(there.get(id_) == index for id_, index in acknowledged.items()), order
    for _, record, why in refused:
        assert not (record != "-" and "no room" in why and record_id(int(record)) in there), order
    return Counter(
        killed=said[-1][1] == "-9", acknowledged=len(acknowledged), refused=len(refused), stopped=stopped
    )
