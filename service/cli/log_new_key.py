"""`ladders log new-key` and `ladders log retire-key`: the log goes in; it is signed with a new key, and
then with no other.
"""

from __future__ import annotations

import click

from service.cli.config_file import config_file


@click.command("new-key")
@config_file
def new_key() -> None:
    """Sign checkpoints with a new key, and for now with the present one too.

    The log records the new key. Hand the new trust file (`ladders log trust`) to everybody who verifies,
    tell the witnesses, and after some weeks end the old key with `ladders log retire-key`. The service may
    go on.

    Exit codes: 0 done; 2 it cannot be done.
    """
    from service.cli.opened_log import circumstances, opened_with_anchor
    from service.ledger.custody import new_key as change

    with opened_with_anchor() as (beside, log):
        receipt, key = change(log, beside.keys, beside.anchor, circumstances())
    click.echo(f"entry {receipt.index} of the verdict log names the new key, which signs from now on")
    click.echo(key.vkey)
    click.echo("make a backup of the folder of keys now")


@click.command("retire-key")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@config_file
def retire_key(yes: bool) -> None:
    """Destroy the old key, so that the new one alone signs.

    Whoever verifies with a trust file from before `new-key` is refused from now on.

    Exit codes: 0 done; 2 it cannot be done.
    """
    from service.cli.opened_log import circumstances, opened_with_anchor
    from service.ledger.custody import retire_key as retire

    if not yes:
        click.confirm("Destroy the old key of the verdict log?", abort=True)
    with opened_with_anchor() as (beside, log):
        receipt = retire(log, beside.keys, beside.anchor, circumstances())
    click.echo(f"done; entry {receipt.index} of the verdict log says so")
