"""A progress bar: what is counted, and how many there are, goes in; on a terminal, a bar on the error output
comes out, gone when all is done; nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[..., None]]:
    """The bar, as long as the work lasts.

    Args:
        what: The things that are counted, such as `cases`.
        total: How many; None: not known.

    Yields:
        What to call after each of them, or with the share of one that is done.
    """
    if not sys.stderr.isatty():
        yield lambda _share=1.0: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda share=1.0: bar.advance(task, share)
