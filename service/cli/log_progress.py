"""Progress along a log: how many entries there are goes in; a function to be called with how many are
done comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.cli.progress import progress


@contextmanager
def entries_progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    with progress("entries", total) as advance:
        done = 0

        def each(count: int) -> None:
            nonlocal done
            if count - done >= 1000 or count == total:
                advance(float(count - done))
                done = count

        yield each
