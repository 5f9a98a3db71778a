"""Places of verdict logs on the command line: a text goes in; a path, or the address of a database, comes
out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from service.ledger.address import Address, Place, log_place


class LogPlace(click.ParamType[Any]):
    """The path of a file, or the address of a database; an address that is wrong is not shown again."""

    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        """The place that a text names."""
        if isinstance(value, Path | Address):
            return value
        try:
            return log_place(value)
        except ValueError as wanted:
            self.fail(f"this is not {wanted}", param, ctx)  # it may hold a password


class LogOrPath(click.Path):
    """The address of a database, or the path of anything that is there."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The place that a text names."""
        if "://" in str(value):
            return LogPlace().convert(value, param, ctx)
        return super().convert(value, param, ctx)
