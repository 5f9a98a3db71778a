"""Days on the command line: what somebody typed in; the day, or what to write instead, out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click


class Day(click.DateTime):
    """A day, written year-month-day."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The day at its first moment.

        Raises:
            click.BadParameter: it is not written as a day, or there is no such day.
        """
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"`{value}` is no day; write year-month-day, such as 2027-01-31", param, ctx)


DAY = Day()
