"""What machine the figures come from, and how CPU time is read."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
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


def yardstick() -> str:
    """One line on what a fixed piece of Python costs here: alone, and while every core does the same.

    Cores may be two halves of one, neighbours may take a share unseen, and one build of Python differs from
    another: figures of two runs compare only as far as these do.
    """
    alone = _fixed_work_ms()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        together = max(pool.map(_fixed_work_ms, [ROUNDS] * (os.cpu_count() or 1)))
    return f"yardstick, a fixed piece of Python: {alone:.1f} ms of CPU, {together:.1f} on every core at once"


def _fixed_work_ms(rounds: int = ROUNDS) -> float:
    """The least CPU that one thread needed for it in some rounds."""
    texts = {number: str(number) for number in range(1000)}

    def work() -> None:
        for number in range(200_000):
            len(texts[number % 1000])

    return min(_cpu_s(work) for _ in range(rounds)) * 1e3


def _cpu_s(work: Callable[[], object]) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


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
