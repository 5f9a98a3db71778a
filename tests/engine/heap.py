"""Rules on a dirty heap, and built and thrown away by the thousand.

A script for `test_hazards.py`. Prints by how many megabytes the process grew. Holds no tests.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

from service.engine.durable import DurableEngine
from service.engine.network import AtLeast, Measure, Network, Within, settle
from service.errors import EngineFault
from tests.engine.bindings import Watched

NETWORK = Network((Within(3, None), Within(3, 5, ranged=True), AtLeast(2, (0, ~1))))
CASE: list[Measure] = [(4, 4), (1, 2)]


def resident_mb() -> float:
    """What the process holds now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() / 2**20


def soil() -> None:
    """Leave freed blocks of every small size behind that look like pointers to nowhere."""
    blocks = [b"\xff" * size for size in range(8, 40_000, 56) for _ in range(2)]
    blocks.clear()


def dirty() -> None:
    """Build, fail before a state is primed and after, decide and close, each on a heap full of old bytes."""

    def fail(real: Any, *arguments: Any) -> Any:
        real(*arguments)
        raise RuntimeError("it was not to be")

    for function in (
        "assert_fact",
        "start_action_for_state",
        "complete_and_start_action",
        "delete_state",
    ) * 3:
        soil()
        binding = Watched()
        binding.instead[function] = fail
        try:
            DurableEngine(NETWORK, binding)
        except EngineFault:
            binding.instead.clear()
        soil()
        engine = DurableEngine(NETWORK, binding)
        soil()
        binding.instead[function] = fail
        try:
            engine.decide(CASE)
        except EngineFault:
            binding.instead.clear()
        soil()
        assert engine.decide(CASE) == settle(NETWORK, CASE)
        engine.close()


def build_and_close(times: int) -> None:
    """What a reload does."""
    for _ in range(times):
        engine = DurableEngine(NETWORK)
        assert engine.decide(CASE) == settle(NETWORK, CASE)
        engine.close()


def decide(times: int) -> None:
    """What a request does."""
    engine = DurableEngine(NETWORK)
    for _ in range(times):
        assert engine.decide(CASE) == "MNM"
    engine.close()


def mend(times: int) -> None:
    """What a fault does."""

    def fail(_real: Any, *_arguments: Any) -> Any:
        raise RuntimeError("it was not to be")

    binding = Watched()
    engine = DurableEngine(NETWORK, binding)
    for _ in range(times):
        binding.instead["complete_and_start_action"] = fail
        try:
            engine.decide(CASE)
        except EngineFault:
            binding.instead.clear()
        assert engine.decide(CASE) == settle(NETWORK, CASE)
    engine.close()


def main(what: str) -> None:
    """Warm up, then measure."""
    if what == "dirty":
        dirty()
        return
    work, times = {"build": (build_and_close, 1500), "decide": (decide, 30_000), "mend": (mend, 500)}[what]
    work(times // 10)
    before = resident_mb()
    work(times)
    print(resident_mb() - before)


if __name__ == "__main__":
    main(sys.argv[1])
