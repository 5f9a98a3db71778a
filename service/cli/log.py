"""`ladders log`: the commands that look after the verdict log, each in a file of its own."""

from __future__ import annotations

import click

from service.cli.log_erase import erase
from service.cli.log_init import init
from service.cli.log_migrate import migrate
from service.cli.log_rotate_keys import rotate_keys


@click.group()
def log() -> None:
    """Look after the verdict log.

    \b
    Make one in PostgreSQL:    ladders log init postgresql://postgres@db.example/ladders --service ladders
    Bring it up to date:       ladders log migrate postgresql://postgres@db.example/ladders
    Erase a person:            ladders log erase --person E-1042
    Wrap all keys anew:        ladders log rotate-keys
    """


for command in (init, migrate, erase, rotate_keys):
    log.add_command(command)
