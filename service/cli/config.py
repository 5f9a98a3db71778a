"""`ladders config`: the environment and the settings file go in; every setting with its value, where it came
from and what it is for, out.
"""

from __future__ import annotations

import json
import os

import click

from service.cli.config_file import config_file


@click.command()
@config_file
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
def config(as_json: bool) -> None:
    """Show every setting, its value, and where the value came from.

    Settings are environment variables, or stand in a file in TOML that LADDERS_CONFIG names; the environment
    wins over the file. What is wrong with any of them is said at once, and no name that is not a setting is
    passed over. Secrets are not shown.

    Exit codes: 0 they are all right; 2 something is wrong with them.
    """
    from service.settings import effective

    rows = effective(os.environ)
    if as_json:
        told = {
            row.name: {"value": value, "from": origin, "default": row.default, "purpose": row.purpose}
            for row, value, origin in rows
        }
        click.echo(json.dumps(told, indent=2))
        return
    names, values, origins = (
        max(map(len, column))
        for column in zip(*((row.name, value, origin) for row, value, origin in rows), strict=True)
    )
    for row, value, origin in rows:
        click.echo(f"{row.name:{names}}  {value:{values}}  {origin:{origins}}  {row.purpose}")
