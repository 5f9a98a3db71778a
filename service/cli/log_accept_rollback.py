"""`ladders log accept-rollback`: a log that is not the one in its anchor goes in; it goes on under a new
origin, on record.
"""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.config_file import config_file
from service.errors import SettingsError


@click.command("accept-rollback")
@click.option(
    "--reason", required=True, metavar="TEXT", help="What happened; kept in the log. Name no people."
)
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The last trust file that was handed out before the loss; needed where a key was changed in what is"
    " lost.",
)
@click.option(
    "--unproven", is_flag=True, help="Go on without that trust file. What its keys signed stays unproved."
)
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@config_file
def accept_rollback(reason: str, trust: Path | None, unproven: bool, yes: bool) -> None:
    """Go on with a log that is behind or beside its anchor, because the right one is lost for good.

    Verdicts that people were given are lost with it. The log gets a new origin and a new key, and an entry
    says what was lost; whoever verifies reads it for ever. Put the right log back instead, if it still
    exists. Stop the service before, and afterwards hand out the new trust file (`ladders log trust`).

    Exit codes: 0 done; 2 it cannot be done, or there is no loss to accept.
    """
    from service.cli.opened_log import circumstances, opened_with_anchor
    from service.ledger.custody import accept_rollback as accept
    from service.ledger.trust import trust_in

    handed_out = None if trust is None else trust_in(trust)
    if not yes:
        click.confirm("Give up what the anchor has seen and this log does not hold, for good?", abort=True)
    with opened_with_anchor(unanchored=True) as (beside, log):
        if beside.anchor is None:
            raise SettingsError(["LADDERS_ANCHOR: without an anchor there is no rollback to accept; set it"])
        receipt, signed = accept(
            log, beside.keys, beside.anchor, reason, circumstances(), handed_out, unproven=unproven
        )
    click.echo(
        f"entry {receipt.index} of the verdict log says so; it goes on as `{signed.checkpoint.origin}`"
    )
    click.echo("make a backup of the folder of keys, and hand out the new trust file: ladders log trust")
