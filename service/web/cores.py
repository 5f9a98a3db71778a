"""Cores: how many workers there are, and the cores that they may use, go in; which of them the next one is to
keep to comes out.

The threads of a worker take turns: never do two of them run. Where the system lets them wander between cores,
each finds what the last one worked with in the cache of another core.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable


def usable_cores() -> frozenset[int]:
    """The cores that this process may use; none where the system does not tell."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


def core_for_next(workers: int, cores: Collection[int], kept: Iterable[int | None]) -> int | None:
    """The core for one more worker; None: any.

    Only where there is one for each of them: among more cores the system finds the one with the least to do,
    and others may count on the same.

    Args:
        workers: How many are to work.
        cores: That they may use.
        kept: Those that the present ones keep to.

    >>> core_for_next(2, {4, 5}, [4]), core_for_next(2, {4, 5, 6, 7}, [])
    (5, None)
    """
    if workers != len(cores):
        return None
    return min(set(cores).difference(kept), default=None)


def keep_to(core: int | None) -> None:
    """Let this process, with all its threads, run on one core only."""
    if core is not None:
        os.sched_setaffinity(0, {core})
