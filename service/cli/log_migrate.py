"""`ladders log migrate`: a place goes in; the verdict log there, in the form of this Ladders, comes out."""

from __future__ import annotations

import click

from service.cli.config_file import config_file
from service.cli.place import LogPlace
from service.ledger.address import Place


@click.command()
@click.argument("place", type=LogPlace(), required=False)
@config_file
def migrate(place: Place | None) -> None:
    """Bring the verdict log at PLACE into the form that this Ladders needs.

    PLACE is as for `ladders log init`. Each step is one transaction and an entry of the log, which gives the
    SHA-256 of what was done; entries that are there stay as they are. Running this again changes nothing.

    Exit codes: 0 the log is up to date; 2 it could not be brought there.
    """
    from service.cli.opened_log import wishes_here
    from service.ledger.making import make_log

    where, wishes = wishes_here(place, may_make=False)
    made = make_log(where, wishes)
    steps = f"brought to form {made.steps[-1]}" if made.steps else "up to date"
    click.echo(f"the verdict log `{made.name}` at `{where}` is {steps}")
