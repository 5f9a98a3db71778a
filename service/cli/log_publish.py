"""`ladders log publish`: the log goes in; a signed checkpoint of it, in its anchor and with its
witnesses, comes out.
"""

from __future__ import annotations

import sys
from contextlib import closing

import click

from service.cli.config_file import config_file
from service.errors import WitnessFailed

FAILED = 1
_WITNESS_S = 10.0


@click.command()
@config_file
@click.pass_context
def publish(ctx: click.Context) -> None:
    """Sign a checkpoint of the log as it is now, put it into the anchor, and have the witnesses cosign it.

    The service does so by itself every second. The checkpoint is printed.

    Exit codes: 0 published; 1 published, but a witness did not cosign; 2 it cannot be done.
    """
    from service.cli.opened_log import opened_with_anchor
    from service.ledger.publisher import Publisher
    from service.ledger.witness import Submission

    failed = False
    with opened_with_anchor() as (beside, log):
        signed = Publisher(log, beside.anchor, beside.keys.signers).publish()
        if signed is None:
            click.echo("the log is empty; there is nothing to sign", err=True)
            return
        note = signed.note
        for witness in beside.witnesses:
            with closing(Submission(witness, _WITNESS_S)) as submission:
                try:
                    note = note.with_more([submission.submit(signed, log.hashes)])
                except WitnessFailed as refused:
                    click.echo(f"ladders: {refused}", err=True)
                    failed = True
        if note != signed.note:
            log.add_checkpoint(signed.checkpoint.size, bytes(note))
    sys.stdout.buffer.write(bytes(note))
    ctx.exit(FAILED if failed else 0)
