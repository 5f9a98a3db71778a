"""`ladders test`: a policy folder goes in; whether its tests pass, and what they have not seen, comes out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli.day import DAY
from service.cli.form import form_options
from service.cli.progress import progress
from service.cli.report import REPORTS, Entry, entries_of, listed, report
from service.cli.whereabouts import located, opened
from service.errors import PolicyError, Problem

if TYPE_CHECKING:
    from service.simulate.coverage import Coverage
    from service.simulate.model import Checked, Difference, PolicyTest
    from service.simulate.suite import Suite
    from service.verdict.judge import Judge

FAILED, CANNOT = 1, 2


class Percent(click.ParamType[Decimal]):
    """A number from 0 to 100."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The number that somebody typed."""
        text = str(value).removesuffix("%")
        if not text.replace(".", "", 1).isascii() or not text.replace(".", "", 1).isdecimal():
            self.fail(f"`{value}` is not a number from 0 to 100", param, ctx)
        number = Decimal(text)
        if number > 100:
            self.fail(f"`{value}` is more than 100 percent", param, ctx)
        return number


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default="policies")
@form_options
@click.option("--fail-under", type=Percent(), metavar="PERCENT", help="Fail when less than this is covered.")
@click.option("--suggest", is_flag=True, help="Print the boundary cases that are missing, ready to paste.")
@click.option(
    "--level", "levels", multiple=True, metavar="TRACK/LEVEL", help="With --suggest: this level only."
)
@click.option("--today", type=DAY, help="The day that ends skips; without it, today (UTC).")
@click.pass_context
def test(
    ctx: click.Context, folder: Path, form: str, fail_under: Decimal | None, suggest: bool,
    levels: tuple[str, ...], today: datetime | None,
) -> None:  # fmt: skip
    """Run the policy tests in FOLDER/tests (default: policies/tests).

    Each case names a person, what is changed for it, and the verdict that should come out. A case that fails
    shows what was expected and found for each requirement, with the line of the test and that of the policy.
    Coverage counts every requirement met, unmet and unknown, and every branch of a group that decides it.

    Exit codes: 0 all cases pass; 1 a case fails, a skip has ended, or coverage is under --fail-under; 2 the
    tests cannot be run: there are problems in the files, or there is no test. --suggest runs no test.
    """
    from service.policy.load import load
    from service.simulate.files import load_tests
    from service.simulate.suite import run_all
    from service.verdict.judge import Judge

    day = (today or datetime.now(UTC)).date()
    try:
        policies = load(folder)
        tests = load_tests(folder, policies)
    except PolicyError as wrong:
        _cannot(form, folder, wrong.problems)
        ctx.exit(CANNOT)
    known = [level.name for each in policies.tracks.values() for version in each for level in version.levels]
    for name in levels:
        if name not in known:
            raise click.BadParameter(f"there is no level `{name}`", param_hint="--level")
    if not tests and not suggest:
        where = Path(folder) / "tests"
        click.echo(
            f"ladders: there are no tests in {where}; `ladders test --suggest` writes the first", err=True
        )
        ctx.exit(CANNOT)
    judge = Judge(policies)
    try:
        if suggest:
            _suggest(tests, judge, levels)
            ctx.exit()
        with progress("cases", len(tests)) as each:
            suite = run_all(tests, judge, today=day, each=each)
    finally:
        judge.close()
    too_low = _too_low(suite, fail_under)
    _show(form, folder, suite, too_low)
    ctx.exit(FAILED if suite.failing or too_low else 0)


def _suggest(tests: tuple[PolicyTest, ...], judge: Judge, levels: tuple[str, ...]) -> None:
    """Print the boundary cases that are missing."""
    from service.policy.characters import MOST_BYTES
    from service.simulate.suggest import suggested

    text = "".join(f"{line}\n" for line in suggested(tests, judge, levels))
    click.echo(text, nl=False)
    if len(text.encode()) > MOST_BYTES:
        said = "this is more than one file may hold (1 MiB); take some levels at a time with --level"
        click.echo(f"ladders: {said}", err=True)


def _too_low(suite: Suite, wanted: Decimal | None) -> str:
    seen, of = suite.coverage.total
    if wanted is None or 100 * seen >= wanted * of:
        return ""
    return f"coverage is {suite.percent} percent, under the {wanted} percent wanted"


def _cannot(form: str, folder: Path, problems: tuple[Problem, ...]) -> None:
    """Show why nothing could be run."""
    if form == "json":
        told = {"valid": False, "problems": listed(located(folder, problems))}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    elif form in REPORTS:
        _report(form, folder, entries_of(problems))
    else:
        for problem in located(folder, problems):
            click.echo(str(problem))
        count = len(problems)
        said = f"{count} problem{'' if count == 1 else 's'} in {folder}; no test was run"
        click.echo(click.style(said, fg="red"))


def _report(form: str, folder: Path, entries: Iterable[Entry]) -> None:
    click.echo(report(form, entries, folder, command="ladders test", nothing="no test"), nl=False)


def _show(form: str, folder: Path, suite: Suite, too_low: str) -> None:
    if form == "json":
        click.echo(json.dumps(_document(suite, folder, too_low), indent=2, ensure_ascii=False))
    elif form in REPORTS:
        from service.cli.suite_entries import entries_of_suite

        _report(form, folder, entries_of_suite(suite, folder, too_low))
    else:
        from service.cli.suite_page import show_suite

        show_suite(suite, folder=folder, too_low=too_low)


def _document(suite: Suite, folder: Path, too_low: str) -> dict[str, Any]:
    coverage = suite.coverage
    seen, of = coverage.total
    return {
        "valid": True,
        "passed": suite.counts["passed"],
        "failed": suite.counts["failed"],
        "skipped": suite.counts["skipped"],
        "skipped_too_long": suite.counts["overdue"],
        "coverage": {
            "percent": str(suite.percent),
            "seen": seen,
            "of": of,
            "too_low": too_low or None,
            "levels": [
                {"level": level, "seen": n, "of": total, "missing": _missing(coverage, level, folder)}
                for level, (n, total) in coverage.by_level().items()
            ],
        },
        "cases": [_case(each, folder) for each in suite.checked],
    }


def _missing(coverage: Coverage, level: str, folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "of": point.of,
            "result": point.result or None,
            "branch": point.number or None,
            "text": point.text,
            "where": None if point.place is None else opened(folder, str(point.place)),
        }
        for point in coverage.missing(level)
    ]


def _case(each: Checked, folder: Path) -> dict[str, Any]:
    told: PolicyTest = each.test
    return {
        "case": told.name,
        "person": told.person,
        "to": told.selection.level.name,
        "file": opened(folder, told.place.file),
        "line": told.place.line,
        "state": "skipped_too_long" if each.state == "overdue" else each.state,
        "expected": told.expected.outcome,
        "skip": None if told.skip is None else {"reason": told.skip.reason, "until": str(told.skip.until)},
        "differences": [_difference(difference, folder) for difference in each.differences],
    }


def _difference(difference: Difference, folder: Path) -> dict[str, Any]:
    return {
        "what": difference.what,
        "expected": difference.expected,
        "found": difference.found,
        "test": opened(folder, str(difference.test)),
        "policy": None if difference.policy is None else opened(folder, str(difference.policy)),
        "because": list(difference.because),
    }
