"""`ladders explain`: a request from a file goes in; the verdict, as a tree for people or as JSON, comes out.

Nothing is recorded: this is for trying out, and for reading what a policy would say.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from service.cli.whereabouts import said_here
from service.errors import LaddersError, PolicyError, RequestError

NOT_RECORDED = "not-recorded"


@click.command()
@click.argument("request_file", metavar="REQUEST.json", type=click.File("rb"))
@click.option(
    "--policies",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="policies",
    show_default=True,
    help="The policy folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON, for programs.")
@click.option("--full", is_flag=True, help="Show the conditions of what is met, too.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 unless the outcome is `eligible`.")
@click.pass_context
def explain(
    ctx: click.Context, request_file: BinaryIO, folder: Path, as_json: bool, full: bool, exit_code: bool
) -> None:
    """Judge the request in REQUEST.json here and now, and show the verdict. `-` reads the standard input.

    Nothing is recorded and no service is needed.

    Exit codes: 0 there is a verdict, whatever it says; 1 with --exit-code, when it is not `eligible`; 2 the
    request or the policies are wrong.
    """
    from service.facts.json_text import read_json
    from service.ledger.canonical import canonical
    from service.policy.load import load
    from service.verdict.judge import Judge

    try:
        judge = Judge(load(folder))
        raw = read_json(request_file.read())
        verdict = judge.verdict(raw, verdict_id=NOT_RECORDED, judged_at=datetime.now(UTC))
    except RequestError as wrong:
        raise CannotExplain(_faults(getattr(request_file, "name", "-"), wrong)) from wrong
    except PolicyError as wrong:
        raise CannotExplain(
            f"the policies in {folder} are wrong; `ladders check {folder}` shows:\n{said_here(folder, wrong)}"
        ) from wrong
    if as_json:
        sys.stdout.buffer.write(canonical(verdict.document) + b"\n")
    else:
        from service.cli.render import show

        show(verdict.document, folder=folder, whole=full)
    ctx.exit(1 if exit_code and verdict.outcome != "eligible" else 0)


class CannotExplain(LaddersError):
    """There is no verdict to show."""


def _faults(name: str, wrong: RequestError) -> str:
    lines = [f"  {fault.pointer or '/'}: {fault.message}" for fault in wrong.faults]
    return "\n".join([f"the request in {name} cannot be judged:", *lines])
