"""`ladders log prove`: an entry, or two sizes, go in; a file that proves it to anybody offline comes out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.config_file import config_file
from service.errors import NotFound

if TYPE_CHECKING:
    from service.ledger.log import Log

FAILED = 1


@click.command()
@click.argument("entry", required=False)
@click.option(
    "--from",
    "old",
    type=click.IntRange(min=0),
    metavar="SIZE",
    help="Prove that the log only grew since then.",
)
@click.option(
    "--to",
    "new",
    type=click.IntRange(min=0),
    metavar="SIZE",
    help="Up to this checkpoint; without it, the last.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
@config_file
@click.pass_context
def prove(ctx: click.Context, entry: str | None, old: int | None, new: int | None, out: Path | None) -> None:
    """Prove that ENTRY, an index or the id of a verdict, is in the log; or with --from, that the log only
    grew.

    The proof of an entry is a file of the form c2sp.org/tlog-proof, best kept as NAME.tlog-proof: the
    place, the hashes, a signed checkpoint, and the leaf itself as extra data. `ladders log check-proof`
    checks it offline. The proof of growth is what a witness is sent: `old SIZE`, the hashes, and the signed
    checkpoint.

    Exit codes: 0 proved; 1 no checkpoint covers it yet; 2 it cannot be done.
    """
    from service.cli.opened_log import readable_log
    from service.ledger.log_proofs import checkpoint_of, entry_proof, growth

    if (entry is None) == (old is None):
        raise click.UsageError("name either an entry or --from SIZE")
    with readable_log() as (_, log):
        signed = checkpoint_of(log, new)
        if signed is None:
            said = "there is no checkpoint of that size" if new is not None else "there is no checkpoint yet"
            click.echo(f"ladders: {said}; `ladders log publish` makes one now", err=True)
            ctx.exit(FAILED)
        size = signed.checkpoint.size
        if entry is not None:
            index = _index(log, entry)
            if index >= size:
                click.echo(f"ladders: entry {index} is newer than the checkpoint of {size} entries", err=True)
                ctx.exit(FAILED)
            written = entry_proof(log, index, signed)
        else:
            if (old or 0) > size:
                raise click.BadParameter(f"the checkpoint is of {size} entries", param_hint="--from")
            written = growth(log, old or 0, signed)
    if out is None:
        sys.stdout.buffer.write(written)
    else:
        out.write_bytes(written)


def _index(log: Log, entry: str) -> int:
    from service.ledger.record import index_in

    index = index_in(entry)
    if index is not None:
        return index
    found = log.get(entry)
    if found is None:
        raise NotFound(f"there is no entry `{entry}` in the verdict log")
    return found.receipt.index
