"""The form of an answer, as `ladders check`, `ladders lint` and `ladders test` offer it: the words on a
command line go in; one of four names comes out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from service.cli.report import REPORTS

FORMS = ("text", "json", *REPORTS)


def form_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options `--format` and `--json`; it takes the form asked for as `form`."""

    @wraps(command)
    def with_form(*words: Any, as_json: bool, form: str, **named: Any) -> None:
        command(*words, form="json" if as_json else form, **named)

    as_json = click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
    form = click.option(
        "--format", "form", type=click.Choice(FORMS), default="text", show_default=True,
        help="For people, for programs, as annotations of a pull request, or as JUnit XML.",
    )  # fmt: skip
    return form(as_json(with_form))
