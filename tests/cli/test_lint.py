"""`ladders lint`: advice for people and for machines, and an exit code that advice never changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands

BASE = Path(__file__).parents[1] / "policy" / "lint" / "base"
LEAD = "tracks/lead/2026-01-01.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy folder with one thing to be said of it."""
    copy = tmp_path / "policies"
    shutil.copytree(BASE, copy)
    text = (copy / LEAD).read_text(encoding="utf-8")
    (copy / LEAD).write_text(text.replace("        why: Nobody is pushed.\n", ""), encoding="utf-8")
    return copy


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(commands, ["lint", *map(str, arguments)])


def test_advice_is_shown_with_its_line_and_reason(folder: Path) -> None:
    """Where, what, what to write, the line with a caret, and why it matters; it is no failure."""
    result = run(folder)
    assert result.exit_code == 0
    assert result.output == (
        f"{folder}/{LEAD}:12:13: advice: `own-wish` has no `why`; "
        "add a line such as `why: one sentence on what it is for` [no-why]\n"
        "          - id: own-wish\n"
        "                ^^^^^^^^\n"
        "    why it matters: the candidate is owed a reason\n"
        f"1 piece of advice on {folder}\n"
    )


def test_a_folder_that_is_well_is_said_to_be() -> None:
    """Silence would leave one wondering whether anything was looked at."""
    result = run(BASE)
    assert (result.exit_code, result.output) == (0, f"no advice on {BASE}\n")


def test_programs_get_the_same_as_json(folder: Path) -> None:
    """Each piece with its rule, so that a program can pick."""
    (told,) = json.loads(run(folder, "--json").output)["advice"]
    assert (told["rule"], told["file"], told["line"], told["column"]) == (
        "no-why", f"{folder}/{LEAD}", 12, 13,
    )  # fmt: skip
    assert told["why"] == "the candidate is owed a reason"


def test_github_marks_the_line(folder: Path) -> None:
    """As a warning beside the change that brought it."""
    result = run(folder, "--format", "github")
    assert result.output.startswith(
        f"::warning file={folder}/{LEAD},line=12,col=13,title=no-why::`own-wish` has"
    )
    assert result.output.count("\n") == 1


def test_junit_has_a_failure_for_each(folder: Path) -> None:
    """And a case that passes where nothing is to say: an empty report reads like a run that broke off."""
    (suite,) = ElementTree.fromstring(run(folder, "--format", "junit").output)
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    (suite,) = ElementTree.fromstring(run(BASE, "--format", "junit").output)
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


def test_what_policy_tests_do_not_show_is_told(folder: Path) -> None:
    """From the same coverage as `ladders test`; a case that is skipped shows nothing."""
    tests = folder / "tests" / "all.yaml"
    text = tests.read_text("utf-8")
    tests.write_text(
        text.replace("wish: no, rating: below", "wish: no, rating: meets").replace(
            "own-wish, rating,", "own-wish,"
        ),
        "utf-8",
    )
    assert "shows `rating` of `lead/team-lead` unmet; write such a case" in run(folder).output
    skip = "    skip: {reason: under review, until: 2027-01-31}\n"
    tests.write_text(text + skip, "utf-8")
    shown = run(folder, "--on", "2026-11-20").output
    assert "shows `rating` of `lead/team-lead` unmet" in shown
    assert "shows `trained` of `lead/team-lead` unmet" in shown
    shutil.rmtree(folder / "tests")
    assert "no policy test is about `lead/team-lead`" in run(folder).output


def test_a_policy_test_that_cannot_be_read_is_a_problem(folder: Path) -> None:
    """What the tests show is not known then."""
    tests = folder / "tests" / "all.yaml"
    tests.write_text(tests.read_text("utf-8").replace("given: ada", "given: ida", 1), "utf-8")
    result = run(folder)
    assert result.exit_code == 1
    assert f"{tests}:" in result.output
    assert "did you mean `ada`?" in result.output


@pytest.mark.parametrize("style", ["text", "github", "junit"])
def test_a_folder_with_problems_cannot_be_advised_on(folder: Path, style: str) -> None:
    """What it means is not known; the problems are shown, and the exit code says so."""
    (folder / "facts.yaml").write_text("facts: {}\n", encoding="utf-8")
    result = run(folder, "--format", style)
    assert result.exit_code == 1
    assert "is not a fact" in result.output


def test_the_day_can_be_chosen(folder: Path) -> None:
    """So that one can see in autumn what will be overdue in spring."""
    text = (folder / LEAD).read_text(encoding="utf-8")
    dated = text.replace("source: Handbook 5\n", "source: Handbook 5\n        review_by: 2027-03-31\n")
    (folder / LEAD).write_text(dated, encoding="utf-8")
    assert "overdue" not in run(folder, "--on", "2027-03-31").output
    assert "overdue" in run(folder, "--on", "2027-04-01").output
