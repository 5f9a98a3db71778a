"""`ladders log export`: the log goes in; a folder of tiles that anybody can verify, or a table, comes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.config_file import config_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.ledger.log import Log

FAILED = 1


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--form",
    type=click.Choice(["tiles", "jsonl", "csv", "parquet"]),
    default="tiles",
    show_default=True,
    help="A folder of tiles, which can be verified whole, or one file.",
)
@config_file
@click.pass_context
def export(ctx: click.Context, target: Path, form: str) -> None:
    """Export the log up to its last checkpoint into TARGET, which must not exist yet.

    What is private in the entries is not exported: facts, names, verdicts in words. `ladders log verify`
    verifies a folder of tiles offline, and so can other tools, for the layout is that of
    c2sp.org/tlog-tiles. The other forms are tables of the entries, each row with its leaf and the hash of
    it.

    Exit codes: 0 exported; 1 there is no checkpoint yet; 2 it cannot be done.
    """
    from service.cli.log_progress import entries_progress
    from service.cli.opened_log import readable_log
    from service.ledger.checkpoint import read_checkpoint
    from service.ledger.exports import WRITERS
    from service.ledger.tile_folder import TileWriter

    if target.exists():
        raise click.BadParameter(f"`{target}` exists already", param_hint="TARGET")
    with readable_log() as (_, log):
        note = log.last_checkpoint()
        if note is None:
            click.echo("ladders: there is no checkpoint yet; `ladders log publish` makes one", err=True)
            ctx.exit(FAILED)
        size = read_checkpoint(note).checkpoint.size
        leaves = log.leaves(0, size)
        with entries_progress(size) as each:
            if form == "tiles":
                whole = (leaf for leaf, _ in leaves)
                TileWriter(target).write(size, log.hashes, whole, _checkpoints(log, size), note, each)
            else:
                WRITERS[form](target, leaves, note, each)
    click.echo(f"{size} entries are in {target}")


def _checkpoints(log: Log, size: int) -> Iterator[bytes]:
    """Every checkpoint up to that of a size."""
    from service.ledger.checkpoint import read_checkpoint

    after = -1
    while page := log.checkpoints(after, 500):
        for note in page:
            after = read_checkpoint(note).checkpoint.size
            if after > size:
                return
            yield note
