"""`ladders log copy`: the file of a verdict log and a database go in; the same log there comes out."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.config_file import config_file
from service.cli.place import LogPlace
from service.ledger.address import Address, Place


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FROM")
@click.argument("target", type=LogPlace(), metavar="TO")
@config_file
def copy(source: Path, target: Place) -> None:
    """Copy the verdict log in the file FROM to the PostgreSQL database TO, with the keys of people.

    TO is an address as for `ladders log init`, of a database without a log. First the file is closed:
    services that use it refuse from then on. The copy is opened when the root of its tree, worked out anew
    from its leaves, is that of the file. Cut off, it goes on where it was when it is run again; to give it
    up, empty the database and remove the file that ends in `.moved`. Afterwards `ladders log init` with
    --service and --auditor says who may use the copy.

    Exit codes: 0 copied; 2 it could not be done, or not to the end.
    """
    if not isinstance(target, Address):
        raise click.BadParameter(
            "a log is copied from a file to an address as postgresql://…", param_hint="TO"
        )
    from service.cli.opened_log import wishes_here
    from service.cli.progress import progress
    from service.ledger.postgres.copying import copy as copy_log

    _, wishes = wishes_here(source, may_make=False)
    copied = copy_log(source, target, wishes, progress)
    click.echo(
        f"copied the verdict log `{copied.name}`: {copied.size} entries and {copied.keys} keys of people, "
        f"with the same root {copied.root.hex()}"
    )
    click.echo(
        f"`{source}` stays closed: have LADDERS_LOG name `{target}`. Remove the file, and `subjects.keys` "
        f"among its keys, when you need them no more: whoever is erased from now on is not erased there"
    )
