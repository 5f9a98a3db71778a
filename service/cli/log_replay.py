"""`ladders log replay`: verdicts of the log go in; whether each would come out the same today, comes out."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from service.cli.config_file import config_file
from service.cli.log_reading import UNTIL_NOW, entry_named, moment_of, note_read
from service.cli.opened_log import opened_log
from service.cli.progress import progress

if TYPE_CHECKING:
    from service.ledger.log import Log
    from service.ledger.record import Entry
    from service.ledger.replay import Replay

_PAGE = 500


@click.command()
@click.argument("which", nargs=-1, metavar="[INDEX|ID]...")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="N verdicts chosen by chance.")
@click.option("--since", type=UNTIL_NOW, metavar="DAY", help="All verdicts of this day and later (UTC).")
@click.option("--all", "whole", is_flag=True, help="All verdicts.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for programs.")
@config_file
def replay(
    which: tuple[str, ...], sample: int | None, since: datetime | None, whole: bool, as_json: bool
) -> None:
    """Judge verdicts of the log again, from the log alone: by the policies that it keeps and the request as
    it came.

    \b
    match               the same bytes come out
    mismatch            this engine says something else; the differences are shown
    engine-unavailable  another engine judged then, and the one that is here says something else
    erased              the request is gone
    policy-unavailable  the log does not keep the policies, as old ones did not

    Exit codes: 0 nothing else came out; 1 something did; 2 it could not be done.
    """
    from service.errors import NotFound
    from service.ledger.replay import Replayer

    if sum((bool(which), sample is not None, since is not None, whole)) != 1:
        raise click.UsageError("name verdicts, or give one of --sample, --since and --all")
    counts: Counter[str] = Counter()
    with opened_log() as log, closing(Replayer(log)) as replayer:
        if which:
            named = [entry_named(log, each) for each in which]
            if not all(entry.kind == "verdict" for entry in named):
                raise NotFound("only verdicts can be replayed; `ladders log find --kind verdict` lists them")
            entries, size = iter(named), len(named)
        else:
            entries, size = _chosen(log, sample, moment_of(since))
        seen: list[int] = []
        try:
            with progress("replaying", size) as advance:
                for entry in entries:
                    seen.append(entry.receipt.index)
                    came = replayer.replay(entry)
                    counts[came.result] += 1
                    if as_json or came.result != "match" or which:
                        _told(entry, came, as_json)
                    advance(1)
        finally:  # also of what was shown until somebody stopped it
            note_read(log, "replay", seen, results=dict(counts))
    if not as_json:
        click.echo(
            ", ".join(f"{number} {result}" for result, number in sorted(counts.items())) or "no verdicts"
        )
    if counts["mismatch"] or counts["engine-unavailable"]:
        click.get_current_context().exit(1)


def _chosen(log: Log, sample: int | None, since: datetime | None) -> tuple[Iterator[Entry], int]:
    from service.ledger.rows import Wanted

    if sample is not None:
        size = log.size()
        indexes = sorted(random.sample(range(size), min(size, sample * 4)))
        found = (entry for index in indexes if (entry := log.entry(index)) is not None)
        verdicts = (entry for entry in found if entry.kind == "verdict")
        return (entry for entry, _ in zip(verdicts, range(sample), strict=False)), sample
    return _all(log, Wanted(kind="verdict", since=since)), log.size()


def _all(log: Log, wanted: Any) -> Iterator[Entry]:
    after = None
    while page := log.find(wanted, after=after, limit=_PAGE):
        yield from page
        after = page[-1].receipt.index


def _told(entry: Entry, came: Replay, as_json: bool) -> None:
    if as_json:
        told = {
            "index": entry.receipt.index,
            "verdict_id": entry.id,
            "result": came.result,
            "engine": came.engine,
            "why": came.why,
            "differences": [
                {"pointer": each.pointer, "recorded": each.recorded, "now": each.now}
                for each in came.differences
            ],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{entry.receipt.index:>8}  {entry.id}  {came.result}")
    if came.why:
        click.echo(f"          {came.why}")
    for each in came.differences:
        recorded, now = (json.dumps(value, ensure_ascii=False)[:200] for value in (each.recorded, each.now))
        click.echo(f"          {each.pointer}: recorded {recorded}, now {now}")
