"""`ladders log check-proof`: a proof file and a trust file go in; the entry that is proved comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from service.errors import NotProven

if TYPE_CHECKING:
    from service.ledger.proof_file import ProofFile
    from service.ledger.trust import Trust

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
    from service.ledger.trust import trust_in

    believed = trust_in(trust)
    try:
        read = proved(proof, believed)
    except NotProven as wrong:
        click.echo(f"not proved: {wrong}")
        ctx.exit(FAILED)
    click.echo(said_of_proof(read))
    click.echo(json.dumps(orjson.loads(read.extra), indent=2, ensure_ascii=False))


def proved(proof: Path, believed: Trust) -> ProofFile:
    """The proof of an entry in a file, which is right and brings the entry; raises `NotProven`."""
    from service.ledger.merkle import entry_hash
    from service.ledger.proof_file import read_proof_file

    read = read_proof_file(proof.read_bytes())
    if not read.extra:
        raise NotProven("the proof does not bring its entry as extra data")
    read.check(entry_hash(read.extra))
    if not believed.check(bytes(read.signed.note)).enough:
        raise NotProven("the checkpoint has not the quorum of witnesses that the trust file asks for")
    return read


def said_of_proof(read: ProofFile) -> str:
    """What a proof proves."""
    checkpoint = read.signed.checkpoint
    return f"proved: entry {read.index} of `{checkpoint.origin}` at {checkpoint.size} entries"
