"""`ladders log init`: a place goes in; a verdict log there, new or brought up to date, comes out."""

from __future__ import annotations

import click

from service.cli.config_file import config_file
from service.cli.place import LogPlace
from service.ledger.address import Place


@click.command()
@click.argument("place", type=LogPlace(), required=False)
@click.option("--name", help="The name of a new log, which stands in every entry; without it, a random one.")
@click.option("--service", metavar="USER", multiple=True, help="A user of the database that the service is.")
@click.option("--auditor", metavar="USER", multiple=True, help="A user who reads entries and proofs alone.")
@config_file
def init(place: Place | None, name: str | None, service: tuple[str, ...], auditor: tuple[str, ...]) -> None:
    """Make a verdict log at PLACE, or bring the one that is there up to date.

    PLACE is the path of a file, or an address as postgresql://USER@HOST/DATABASE of a user who may make
    roles and schemas in that database; without it, what LADDERS_LOG says. Best keep the password out of it:
    PGPASSWORD and ~/.pgpass are read too. The keys of a new log are made in LADDERS_KEYS (var/keys for a
    database); every machine with a service on this log needs that folder. Running this again changes nothing.

    Exit codes: 0 the log is there; 2 it could not be made.
    """
    from service.cli.opened_log import wishes_here
    from service.ledger.making import make_log

    where, wishes = wishes_here(place, name=name, may_make=True)
    made = make_log(where, wishes, services=service, auditors=auditor)
    if made.steps:
        click.echo(f"made the verdict log `{made.name}` at `{where}`, of form {made.steps[-1]}")
    else:
        click.echo(f"the verdict log `{made.name}` at `{where}` is there and up to date")
