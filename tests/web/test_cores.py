"""Which core a worker keeps to, told by the system of workers that really run."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from service.web.cores import core_for_next
from tests.web.running import Service, running


@pytest.mark.parametrize(
    ("workers", "cores", "kept", "core"),
    [
        (2, {0, 1}, [], 0),
        (2, {0, 1}, [0], 1),
        (2, {0, 1}, [1], 0),
        (2, {6, 7}, [None, 6], 7),
        (2, {0, 1}, [0, 1], None),
        (2, {0, 1, 2, 3}, [], None),
        (4, {0, 1}, [0], None),
        (1, {3}, [], 3),
        (1, set(), [], None),
    ],
)
def test_each_worker_has_a_core_where_there_is_one_for_each(
    workers: int, cores: set[int], kept: list[int | None], core: int | None
) -> None:
    """With more of either, or where nothing is known, the system chooses."""
    assert core_for_next(workers, cores, kept) == core


def test_workers_keep_to_a_core_each_and_whoever_follows_takes_the_one_that_is_free(tmp_path: Path) -> None:
    """All threads of it, those of the log included; and a worker that was killed leaves no core unused."""
    cores = sorted(os.sched_getaffinity(0))
    with running(tmp_path / "verdicts.db", workers=len(cores)) as service:
        service.wait_until_ready()
        killed = psutil.Process(min(wait_for_a_core_each(service, cores)))
        killed.send_signal(signal.SIGKILL)
        psutil.wait_procs([killed], timeout=20)
        assert killed.pid not in wait_for_a_core_each(service, cores)


def wait_for_a_core_each(service: Service, cores: list[int]) -> set[int]:
    """The workers, once every thread of each keeps to its own core."""
    deadline = time.monotonic() + 30
    while True:
        workers = service.wait_for_workers(len(cores))
        kept = [
            {tuple(os.sched_getaffinity(thread.id)) for thread in psutil.Process(pid).threads()}
            for pid in workers
        ]
        if sorted(map(sorted, kept)) == [[(core,)] for core in cores]:
            return workers
        assert time.monotonic() < deadline, kept
        time.sleep(0.05)
