"""Forks of a process that has its rules already, at rest and while a thread of it is within a decision.

A script for `test_hazards.py`. Prints one line for each process: how many of its answers were wrong, and how
often it built its rules anew. Holds no tests.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from service.engine.durable import DurableEngine
from service.engine.network import AtLeast, Measure, Network, Within, settle
from tests.engine.bindings import Watched

NETWORK = Network((Within(3, None), Within(3, 5, ranged=True), AtLeast(2, (0, ~1))))
CASES: list[list[Measure]] = [[(4, 4), (1, 2)], [(1, 1), (2, 4)], [None, (3, 5)]]

WITHIN_A_DECISION = threading.Event()
FORKED = threading.Event()


def pause(real: Any, handle: int, state: int) -> Any:
    """Let the main thread fork here, with a fact in the engine, its firings half read and the lock held."""
    WITHIN_A_DECISION.set()
    FORKED.wait(30)
    return real(handle, state)


def decide(name: str, engine: DurableEngine) -> None:
    """Ask often, and say whether everything was right."""
    wrong = sum(engine.decide(case) != settle(NETWORK, case) for case in CASES * 50)
    line = f"{name}: {wrong} wrong, {engine.rebuilds} rebuilt\n"
    os.write(1, line.encode())  # in one piece, since other processes write here too


def fork(name: str, engine: DurableEngine, depth: int = 1) -> int:
    """A child that decides, and has a child of its own if it is asked to."""
    child = os.fork()
    if child == 0:
        decide(name, engine)
        failed = depth > 1 and os.waitpid(fork(f"{name}'s child", engine, depth - 1), 0)[1]
        engine.close()
        os._exit(1 if failed else 0)
    return child


def main() -> None:
    """Fork at rest, then within a decision."""
    binding = Watched()
    engine = DurableEngine(NETWORK, binding)
    children = [fork("at rest", engine, depth=2)]

    binding.instead["complete_and_start_action"] = pause
    thread = threading.Thread(target=decide, args=("parent", engine))
    thread.start()
    WITHIN_A_DECISION.wait(30)
    binding.instead.clear()  # the thread is in `pause` already, and the child must not be
    children.append(fork("within a decision", engine, depth=2))
    FORKED.set()
    thread.join(30)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]


if __name__ == "__main__":
    main()
