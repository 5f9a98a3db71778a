"""`ladders lint`: a policy folder goes in; advice on what could be better in it, with lines, comes out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import click

from service.errors import PolicyError, Problem
from service.simulate.github import annotation, problems_marked

if TYPE_CHECKING:
    from service.policy.lint import Advice


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default="policies")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.option(
    "--format", "style", type=click.Choice(["text", "github", "junit"]), default="text", show_default=True,
    help="For people, as annotations on GitHub, or as a JUnit report.",
)  # fmt: skip
@click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY",
    help="The day on which a review counts as overdue, and a version as ended (default: today, UTC).",
)  # fmt: skip
@click.pass_context
def lint(ctx: click.Context, folder: Path, as_json: bool, style: str, day: datetime | None) -> None:
    """Advise on the policy files in FOLDER (default: policies).

    Lint finds what is allowed and yet not meant: requirements that nobody can meet, that exclude each other
    or say nothing new, levels nobody can enter, days without a version, reviews overdue, texts that are
    missing, and what nobody uses. Each piece of advice says where, what, why it matters and what to write.

    Exit codes: 0 read, whatever the advice; 1 there are problems, see `ladders check`; 2 the folder cannot
    be read.
    """
    from service.policy.lint import lint as advise
    from service.policy.load import read

    try:
        reading = read(folder)
    except PolicyError as wrong:
        click.echo(_problems(folder, wrong.problems, as_json, style), nl=False)
        ctx.exit(1)
    advice = advise(reading, (day or datetime.now(UTC)).date())
    if as_json:
        click.echo(json.dumps({"valid": True, "advice": _listed(advice)}, indent=2, ensure_ascii=False))
    elif style != "text":
        click.echo(_marked(advice, folder) if style == "github" else _junit(advice, folder), nl=False)
    else:
        for each in advice:
            click.echo(_shown(each))
        many = f"{len(advice)} {'piece' if len(advice) == 1 else 'pieces'} of advice on {folder}"
        click.echo(
            click.style(many if advice else f"no advice on {folder}", fg="yellow" if advice else "green")
        )


def _problems(folder: Path, problems: Iterable[Problem], as_json: bool, style: str) -> str:
    """What there is to say of a folder that is not right, and so cannot be advised on."""
    problems = tuple(problems)
    if as_json:
        listed = [{**_place(problem), "message": problem.message} for problem in problems]
        return json.dumps({"valid": False, "problems": listed}, indent=2, ensure_ascii=False) + "\n"
    if style == "github":
        return "".join(f"{line}\n" for line in problems_marked(problems, folder.as_posix()))
    if style == "junit":
        return _junit(problems, folder)
    lines = "".join(f"{problem}\n" for problem in problems)
    many = f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}"
    return f"{lines}{many} in {folder}; put right first\n"


def _marked(advice: Iterable[Advice], folder: Path) -> str:
    """A warning beside the line of each piece of advice, as GitHub shows it in a change."""
    lines = []
    for each in advice:
        file = f"{folder.as_posix()}/{each.where.file}"
        said = f"{each.what}: {each.why}; {each.remedy}"
        where = each.where
        line = annotation("warning", said, file=file, line=where.line, column=where.column, title=each.rule)
        lines.append(f"{line}\n")
    return "".join(lines)


def _junit(found: Iterable[Advice | Problem], folder: Path) -> str:
    """A report with a failure for each piece of advice or problem, and one case that passes when there is
    none."""
    found = tuple(found)
    root = Element("testsuites", name="ladders lint")
    counted = {"tests": str(len(found) or 1), "failures": str(len(found)), "errors": "0"}
    suite = SubElement(root, "testsuite", {"name": folder.as_posix(), **counted})
    for each in found:
        rule, said = (
            ("problem", each.message)
            if isinstance(each, Problem)
            else (each.rule, f"{each.what}: {each.why}; {each.remedy}")
        )
        where, file = each.where, f"{folder.as_posix()}/{each.where.file}"
        name = f"{rule} ({where.line}:{where.column})"
        case = SubElement(suite, "testcase", name=name, classname=file, file=file, line=str(where.line))
        SubElement(case, "failure", type=rule, message=said).text = f"{where}: {said}"
    if not found:
        SubElement(suite, "testcase", name="no advice", classname=folder.as_posix())
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _shown(advice: Advice) -> str:
    """Place, what and remedy; the line with its caret; why it matters. Colours go where there is no
    terminal."""
    where = click.style(str(advice.where), bold=True)
    lines = [f"{where}: {click.style('advice', fg='yellow')}: {advice.what}; {advice.remedy} [{advice.rule}]"]
    if advice.excerpt:
        caret = " " * (advice.where.column - 1) + "^" * advice.width
        lines += [f"    {advice.excerpt}", "    " + click.style(caret, fg="yellow")]
    return "\n".join([*lines, f"    why it matters: {advice.why}"])


def _listed(advice: Iterable[Advice]) -> list[dict[str, str | int]]:
    return [
        {
            "rule": each.rule, **_place(each), "what": each.what, "remedy": each.remedy, "why": each.why,
            "excerpt": each.excerpt, "width": each.width,
        }
        for each in advice
    ]  # fmt: skip


def _place(found: Advice | Problem) -> dict[str, str | int]:
    return {"file": found.where.file, "line": found.where.line, "column": found.where.column}
