"""`ladders log check-proof`: a proof file and a trust file go in; the entry that is proved comes out."""

from __future__ import annotations

import json
from pathlib import Path

import click
import orjson

from service.errors import NotProven

FAILED = 1


@click.command("check-proof")
@click.argument("proof", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trust",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The trust file. Have it from elsewhere than the proof.",
)
@click.pass_context
def check_proof(ctx: click.Context, proof: Path, trust: Path) -> None:
    """Check PROOF, a file that `ladders log prove` wrote for an entry, offline, and show the entry.

    Exit codes: 0 the entry is in the log; 1 that is not proved; 2 it cannot be checked.
    """
    from service.ledger.merkle import entry_hash
    from service.ledger.proof_file import read_proof_file
    from service.ledger.trust import trust_in

    believed = trust_in(trust)
    try:
        read = read_proof_file(proof.read_bytes())
        if not read.extra:
            raise NotProven("the proof does not bring its entry as extra data")
        read.check(entry_hash(read.extra))
        checkpoint = believed.check(bytes(read.signed.note))
        if not checkpoint.enough:
            raise NotProven("the checkpoint has not the quorum of witnesses that the trust file asks for")
    except NotProven as wrong:
        click.echo(f"not proved: {wrong}")
        ctx.exit(FAILED)
    size = read.signed.checkpoint.size
    click.echo(f"proved: entry {read.index} of `{read.signed.checkpoint.origin}` at {size} entries")
    click.echo(json.dumps(orjson.loads(read.extra), indent=2, ensure_ascii=False))
