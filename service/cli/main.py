"""The command `ladders`: arguments go in; what people asked for, and an exit code, come out.

Exit codes: 0 as asked; 1 the thing asked about is not so; 2 it cannot be done: wrong usage, or something is
missing. One command, one file; what a command needs is imported when it runs, so that `--help` is there at
once.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Any

import click

from service import __version__
from service.cli.check import check
from service.cli.config import config
from service.cli.demo import demo
from service.cli.diff import diff
from service.cli.explain import explain
from service.cli.fmt import fmt
from service.cli.health import health
from service.cli.keys import keys
from service.cli.lint import lint
from service.cli.log import log
from service.cli.new import new
from service.cli.read import read
from service.cli.refused import said_of
from service.cli.schema import schema
from service.cli.serve import serve
from service.cli.test import test
from service.errors import LaddersError

CANNOT = 2


class Commands(click.Group):
    """A group whose commands may raise what Ladders raises on purpose, and what the machine refuses, such as
    a file: said without a stack trace.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (LaddersError, OSError) as wrong:
            click.echo(f"ladders: {said_of(wrong)}", err=True)
            ctx.exit(CANNOT)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 as asked; 1 what was asked about is not so; 2 it cannot be done.",
)
@click.version_option(__version__, prog_name="ladders", message="%(prog)s %(version)s")
def commands() -> None:
    """Judge promotion requests against a written policy; every verdict explains itself.

    \b
    See it at work:            ladders demo
    Check policy files:        ladders check policies
    Get advice on them:        ladders lint policies
    Read the policy aloud:     ladders read policies
    Run their tests:           ladders test policies
    See what a change does:    ladders diff policies next --against examples/requests
    Judge one request here:    ladders explain examples/requests/brilliant-coder.json
    Run the service:           ladders serve
    Let a system use it:       ladders keys new workday --scope submit
    """


for command in (
    check,
    lint,
    read,
    new,
    fmt,
    schema,
    test,
    diff,
    explain,
    serve,
    keys,
    log,
    health,
    config,
    demo,
):
    commands.add_command(command)


def main() -> None:
    """Where the installed command `ladders` begins."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character shows `?` for it
    commands(prog_name="ladders")


if __name__ == "__main__":
    main()
