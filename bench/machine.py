"""What machine the figures come from, and how CPU time is read."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import apsw

ROUNDS = 7


def described() -> str:
    """One line about the machine; figures without it say nothing."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{model}, {os.cpu_count()} cores, load {load}; Python {platform.python_version()}, "
        f"SQLite {apsw.sqlite_lib_version()}; MALLOC_TOP_PAD_={os.environ.get('MALLOC_TOP_PAD_', 'unset')}"
    )


def cpu_us(work: Callable[[], object], times: int) -> tuple[float, float]:
    """CPU µs of this thread for one piece of work: the least and the median over `ROUNDS` rounds."""
    for _ in range(max(10, times // 10)):
        work()
    rounds = []
    for _ in range(ROUNDS):
        begun = time.thread_time()
        for _ in range(times):
            work()
        rounds.append((time.thread_time() - begun) / times * 1e6)
    rounds.sort()
    return rounds[0], rounds[len(rounds) // 2]
