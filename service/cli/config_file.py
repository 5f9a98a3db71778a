"""The option `--config`, for every command that reads the settings: it names the settings file, as
`LADDERS_CONFIG` does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def config_file(command: Command) -> Command:
    """Let a command take `--config FILE`; the command itself need not know."""
    return click.option(
        "--config",
        "named",
        type=click.Path(dir_okay=False),
        expose_value=False,
        callback=_name,
        help="A settings file in TOML; otherwise the one that LADDERS_CONFIG names.",
    )(command)


def _name(_context: click.Context, _option: click.Parameter, named: str | None) -> None:
    if named is not None:
        os.environ["LADDERS_CONFIG"] = named  # for the service's own process too
