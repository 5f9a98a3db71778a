"""`ladders log trust`: the log goes in; the trust file that auditors need comes out."""

from __future__ import annotations

import click

from service.cli.config_file import config_file


@click.command()
@config_file
def trust() -> None:
    """Print the trust file: every key that ever signed for the log, for which sizes, and its witnesses.

    Hand it to auditors on another way than the log and its exports, and have them compare the keys: who could
    change both could also change what is proved. Its form is that of c2sp.org/tlog-policy.

    Exit codes: 0 printed; 2 it cannot be done.
    """
    from service.cli.opened_log import readable_log
    from service.ledger.custody import trust_of

    with readable_log() as (beside, log):
        click.echo(str(trust_of(log, beside.keys, beside.anchor, beside.witnesses)), nl=False)
