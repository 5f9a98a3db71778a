"""`ladders config`: the environment goes in; every setting with its value, where it came from and what it
is for, out.
"""

from __future__ import annotations

import json
import os

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
def config(as_json: bool) -> None:
    """Show every setting, its value, and where the value came from.

    Settings are environment variables. What is wrong with any of them is said at once, and no `LADDERS_`
    name that is not a setting is passed over.

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
    names, values = max(len(row.name) for row, _, _ in rows), max(len(value) for _, value, _ in rows)
    for row, value, origin in rows:
        click.echo(f"{row.name:{names}}  {value:{values}}  {origin:11}  {row.purpose}")
