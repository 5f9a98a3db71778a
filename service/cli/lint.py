"""`ladders lint`: a policy folder goes in; advice on what could be better in it, with lines, comes out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.day import DAY
from service.cli.form import form_options
from service.cli.report import REPORTS, Entry, entries_of, listed, report
from service.cli.whereabouts import located, opened
from service.errors import PolicyError, Problem

if TYPE_CHECKING:
    from service.policy.lint import Advice, Unseen
    from service.policy.model import PolicySet


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default="policies")
@form_options
@click.option(
    "--on", "day", type=DAY, metavar="DAY",
    help="The day on which a review counts as overdue, and a version as ended (default: today, UTC).",
)  # fmt: skip
@click.pass_context
def lint(ctx: click.Context, folder: Path, form: str, day: datetime | None) -> None:
    """Advise on the policy files in FOLDER (default: policies).

    Lint finds what is allowed and yet not meant: requirements that nobody can meet, that exclude each other
    or say nothing new, levels nobody can enter, days without a version, reviews overdue, texts that are
    missing, what nobody uses, and requirements that no policy test shows met and unmet. Each piece of advice
    says where, what, why it matters and what to write.

    Exit codes: 0 read, whatever the advice; 1 there are problems, see `ladders check`; 2 the folder cannot
    be read.
    """
    from service.policy.lint import lint as advise
    from service.policy.load import read

    today = (day or datetime.now(UTC)).date()
    try:
        reading = read(folder)
        unseen = _unseen(folder, reading.policies, today)
    except PolicyError as wrong:
        _show_problems(folder, wrong.problems, form)
        ctx.exit(1)
    advice = advise(reading, today, unseen)
    if form == "json":
        click.echo(
            json.dumps({"valid": True, "advice": _listed(advice, folder)}, indent=2, ensure_ascii=False)
        )
    elif form in REPORTS:
        _report(form, folder, _entries(advice))
    else:
        for each in advice:
            click.echo(_shown(each, folder))
        many = f"{len(advice)} {'piece' if len(advice) == 1 else 'pieces'} of advice on {folder}"
        click.echo(
            click.style(many if advice else f"no advice on {folder}", fg="yellow" if advice else "green")
        )


def _unseen(folder: Path, policies: PolicySet, today: date) -> Unseen:
    """What the policy tests do not show of requirements."""
    from service.simulate.files import load_tests
    from service.simulate.suite import run_all
    from service.verdict.judge import Judge

    tests = load_tests(folder, policies)
    judge = Judge(policies)
    try:
        return run_all(tests, judge, today=today).coverage.unseen()
    finally:
        judge.close()


def _show_problems(folder: Path, problems: tuple[Problem, ...], form: str) -> None:
    """What there is to say of a folder that is not right, and so cannot be advised on."""
    if form == "json":
        told = {"valid": False, "problems": listed(located(folder, problems))}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    elif form in REPORTS:
        _report(form, folder, entries_of(problems))
    else:
        for problem in located(folder, problems):
            click.echo(str(problem))
        many = f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}"
        click.echo(f"{many} in {folder}; put right first")


def _report(form: str, folder: Path, entries: Iterable[Entry]) -> None:
    click.echo(report(form, entries, folder, command="ladders lint", nothing="no advice"), nl=False)


def _entries(advice: Iterable[Advice]) -> Iterator[Entry]:
    """A warning, and a case that fails, for each piece of advice."""
    for each in advice:
        where = each.where
        yield Entry(
            name=f"{each.rule} ({where.line}:{where.column})", title=each.rule,
            file=where.file, line=where.line, column=where.column,
            state="failure", mark="warning", said=f"{each.what}: {each.why}; {each.remedy}",
        )  # fmt: skip


def _shown(advice: Advice, folder: Path) -> str:
    """Place, what and remedy; the line with its caret; why it matters. Colours go where there is no
    terminal."""
    where = click.style(opened(folder, str(advice.where)), bold=True)
    lines = [f"{where}: {click.style('advice', fg='yellow')}: {advice.what}; {advice.remedy} [{advice.rule}]"]
    if advice.excerpt:
        caret = " " * (advice.where.column - 1) + "^" * advice.width
        lines += [f"    {advice.excerpt}", "    " + click.style(caret, fg="yellow")]
    return "\n".join([*lines, f"    why it matters: {advice.why}"])


def _listed(advice: Iterable[Advice], folder: Path) -> list[dict[str, str | int]]:
    return [
        {
            "rule": each.rule, "file": opened(folder, each.where.file), "line": each.where.line,
            "column": each.where.column, "what": each.what, "remedy": each.remedy, "why": each.why,
            "excerpt": each.excerpt, "width": each.width,
        }
        for each in advice
    ]  # fmt: skip
