"""`ladders log erase`: the id of a person goes in; what the verdict log holds of them is gone, and the log
says that somebody was erased.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import click

from service import __version__
from service.cli.config_file import config_file
from service.cli.log_reading import person_typed, user_name


@click.command()
@click.option(
    "--person",
    required=True,
    metavar="ID",
    help="The id of the candidate, as requests name it; `-` reads it from the standard input.",
)
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@config_file
def erase(person: str, yes: bool) -> None:
    """Erase what the verdict log holds of a person, for good.

    The key that their entries are encrypted with is destroyed, and the entries lose what is private in them.
    They stay in their places, so every proof holds; an entry is added that says which they are and by whom
    it was done, and does not name the person. The service may go on meanwhile. For backups there is
    `ladders log rotate-keys`, which makes the keys in them useless.

    Exit codes: 0 erased; 1 the log holds nothing of that person; 2 it could not be done.
    """
    from service.cli.opened_log import opened_log

    yes = yes or person == "-"
    person = person_typed(person)
    if not yes:
        click.confirm(f"Erase everything that the verdict log holds of `{person}`, for good?", abort=True)
    with opened_log() as log:
        receipts = log.erase(
            person,
            erased_at=datetime.now(UTC),
            engine=f"ladders {__version__}",
            new_id=lambda: str(uuid4()),
            caller=f"cli:{user_name()}",
        )
    if not receipts:
        click.echo("the verdict log holds nothing of that person")
        click.get_current_context().exit(1)
    places = ", ".join(str(receipt.index) for receipt in receipts)
    click.echo(f"erased; entry {places} of the verdict log says so")
