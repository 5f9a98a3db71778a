"""`ladders check`: a policy folder goes in; every problem with its line, or that all is well, comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from service.cli.form import form_options
from service.cli.place import LogPlace
from service.cli.progress import progress
from service.cli.report import REPORTS, entries_of, listed, report
from service.cli.whereabouts import located
from service.errors import PolicyError, Problem
from service.ledger.address import Place


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default="policies")
@form_options
@click.option(
    "--log",
    type=LogPlace(),
    metavar="PLACE",
    help="A verdict log, a file or postgresql://…: what has issued verdicts must mean the same as then.",
)
@click.pass_context
def check(ctx: click.Context, folder: Path, form: str, log: Place | None) -> None:
    """Check the policy files in FOLDER (default: policies).

    Every problem is shown at once, as file:line:column with the line and a caret under the words that are
    wrong. Warnings are shown too and do not count as problems.

    With --log, a version of a track that has issued a verdict is frozen: it is a problem when it means
    something else now. `ladders serve` refuses such a folder.

    Exit codes: 0 all is well; 1 there are problems; 2 the folder, or the log, cannot be read.
    """
    from service.ledger.frozen import refuse_changed
    from service.policy.load import load, size

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    told: dict[str, Any] = {}
    try:
        with progress("files", size(folder)) as each:
            policies = load(folder, each)
        gone = () if log is None else refuse_changed(policies, log)
    except PolicyError as wrong:
        problems = wrong.problems
    else:
        warnings = (*policies.warnings, *gone)
        told = {
            "policy_set": policies.digest,
            "tracks": len(policies.tracks),
            "levels": sum(len(version.levels) for each in policies.tracks.values() for version in each),
            "facts": len(policies.vocabulary.facts),
        }
    if form in REPORTS:
        entries = entries_of(problems, warnings)
        said = report(form, entries, folder, command="ladders check", nothing="no problem")
        click.echo(said, nl=False)
    elif form == "json":
        problems, warnings = located(folder, problems), located(folder, warnings)
        found = {"problems": listed(problems), "warnings": listed(warnings)}
        click.echo(json.dumps({"valid": not problems, **found, **told}, indent=2, ensure_ascii=False))
    else:
        _show(folder, located(folder, problems), located(folder, warnings), told)
    ctx.exit(1 if problems else 0)


def _show(
    folder: Path, problems: tuple[Problem, ...], warnings: tuple[Problem, ...], told: dict[str, Any]
) -> None:
    for problem in problems:
        click.echo(_coloured(problem, "problem", "red"))
    for warning in warnings:
        click.echo(_coloured(warning, "warning", "yellow"))
    count, warned = len(problems), len(warnings)
    also = f", {_counted(warned, 'warning')}" if warned else ""
    if count:
        click.echo(click.style(f"{_counted(count, 'problem')}{also} in {folder}", fg="red"))
    else:
        what = ", ".join(_counted(told[f"{noun}s"], noun) for noun in ("track", "level", "fact"))
        click.echo(click.style(f"{folder} is valid: {what}{also}", fg="green"))
        click.echo(f"policy set {told['policy_set']}")


def _coloured(problem: Problem, word: str, colour: str) -> str:
    """A problem with its line and caret; the colour is dropped where there is no terminal."""
    head, *lines = str(problem).split("\n")
    where = click.style(str(problem.where), bold=True)
    head = f"{where}: {click.style(word, fg=colour)}: {problem.message}"
    if lines:
        lines[-1] = click.style(lines[-1], fg=colour)
    return "\n".join([head, *lines])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
