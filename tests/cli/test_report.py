"""Reports for machines: JUnit and GitHub annotations hold whatever the texts hold, and say what failed, and
where."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from service.cli.main import commands
from service.cli.report import Entry, annotation, entries_of, report
from service.cli.suite_entries import entries_of_suite
from service.cli.whereabouts import in_repository
from service.errors import Position, Problem
from tests.simulate.small import ran

POLICIES = Path("policies")
BASE = Path(__file__).parents[1] / "policy" / "lint" / "base"

TEXT = """\
cases:
  - {case: good, given: mara, to: lead/lead, expect: eligible}
  - {case: "bad <&> one", given: mara, with: {wish: no}, to: lead/lead, expect: eligible}
  - {case: later, given: mara, to: lead/lead, expect: eligible, skip: {reason: review, until: 2027-01-31}}
  - {case: forgotten, given: mara, to: lead/lead, expect: eligible, skip: {reason: old, until: 2026-12-31}}
"""


def junit(*entries: Entry) -> ElementTree.Element:
    """The report of a folder that lies in no repository."""
    text = report("junit", entries, POLICIES, command="ladders test", nothing="no test")
    return ElementTree.fromstring(text.partition("\n")[2])


def github(*entries: Entry) -> list[str]:
    return report("github", entries, POLICIES, command="ladders test", nothing="no test").splitlines()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nowhere in a repository, so that folders are called as they are named."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))


def test_junit_tells_each_case_and_why_it_failed() -> None:
    """As build servers read it: failures, errors and skips are counted, and have their text."""
    root = junit(*entries_of_suite(ran(TEXT), POLICIES))
    (suite,) = root
    assert suite.attrib == {
        "name": "policies/tests/small.yaml", "tests": "4", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    cases = {case.attrib["name"]: case for case in suite}
    assert list(cases["good"]) == []
    (failure,) = cases["bad <&> one"]
    assert failure.tag == "failure"
    assert failure.text is not None
    assert "own-wish: expected met, found unmet" in failure.text
    assert "policy policies/tracks/lead/2026-01-01.yaml:11" in failure.text
    assert cases["later"][0].attrib["message"] == "skipped until 2027-01-31: review"
    assert cases["forgotten"][0].tag == "error"
    assert cases["good"].attrib["file"] == "policies/tests/small.yaml"
    assert cases["good"].attrib["line"] == "17"


def test_low_coverage_is_a_failing_case_of_its_own() -> None:
    """A build server counts cases, not exit codes."""
    root = junit(*entries_of_suite(ran(TEXT), POLICIES, "coverage is 10"))
    assert root[-1].attrib["failures"] == "1"
    assert root[-1][0][0].attrib["message"] == "coverage is 10"


@given(st.text())
def test_any_text_can_stand_in_junit(text: str) -> None:
    """Control characters have no place in XML, not even escaped; everything else reads back."""
    entry = Entry(name=text, file=text or "x", line=1, of=text, state="failure", said=text, details=text)
    (suite,) = junit(entry)
    printable = "".join(sign for sign in text if sign.isprintable())
    for told in (suite.attrib["name"], suite[0].attrib["name"], suite[0][0].attrib["message"]):
        assert all(sign in told for sign in printable)


def test_github_marks_the_lines() -> None:
    """The line of the test that expected otherwise; a skip is a notice, an ended one an error."""
    lines = github(*entries_of_suite(ran(TEXT), POLICIES, "too low"))
    assert lines[0].startswith(
        "::error file=policies/tests/small.yaml,line=18,title=bad <&> one::outcome: expected"
    )
    assert "%0Aown-wish: expected met, found unmet%0A" in lines[0]
    assert lines[1] == (
        "::notice file=policies/tests/small.yaml,line=19,title=later::skipped until 2027-01-31: review"
    )
    assert lines[2].startswith(
        "::error file=policies/tests/small.yaml,line=20,title=forgotten::this skip ended"
    )
    assert lines[3] == "::error title=coverage::too low"
    assert len(lines) == 4


def test_github_marks_problems_with_line_and_column() -> None:
    """The same places as in the terminal."""
    problem = Problem(Position("tests/a.yaml", 3, 5), "`ratng` is not a fact")
    warning = Problem(Position("notes.txt", 1, 1), "this file is not read")
    assert github(*entries_of([problem], [warning])) == [
        "::warning file=policies/notes.txt,line=1,col=1::this file is not read",
        "::error file=policies/tests/a.yaml,line=3,col=5::`ratng` is not a fact",
    ]


@given(st.text(), st.text())
def test_an_annotation_is_always_one_line_with_its_own_properties(message: str, title: str) -> None:
    """A text that holds a line break or `::` must not begin another command."""
    line = annotation("error", message, file="a.yaml", line=1, title=title)
    assert "\n" not in line
    assert "\r" not in line
    properties, _, told = line.removeprefix("::error ").partition("::")
    assert set(properties.replace("file=a.yaml,line=1", "").removeprefix(",title=")).isdisjoint(":,")
    undone = told.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert undone == message


def test_a_suite_without_failures_marks_nothing() -> None:
    """No noise in a pull request that is right."""
    suite = ran("cases: [{case: good, given: mara, to: lead/lead, expect: eligible}]\n", date(2027, 1, 1))
    assert github(*entries_of_suite(suite, POLICIES)) == []


# ── where things are, for whoever called ────────────────────────────────────────────────────────────────────


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a policy folder in which something is wrong, called from a folder beside it."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "hr" / "policies"
    shutil.copytree(BASE, folder)
    lead = folder / "tracks" / "lead" / "2026-01-01.yaml"
    lead.write_text(lead.read_text("utf-8").replace("fact: wish", "fact: wihs"), "utf-8")
    (folder / "notes.txt").write_text("a note\n", "utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path


LEAD = "tracks/lead/2026-01-01.yaml"


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("command", ["check", "lint", "test"])
def test_every_command_names_places_as_they_can_be_opened_from_here(command: str) -> None:
    """Whoever clicks on a place gets the file, wherever the command was called; GitHub knows files by the
    repository alone."""
    folder = "../hr/policies"
    shown = run(command, folder)
    assert shown.exit_code in (1, 2)
    assert shown.output.startswith(f"{folder}/{LEAD}:17:15: ")
    assert Path(folder, LEAD).is_file()
    (problem,) = json.loads(run(command, folder, "--json").output)["problems"]
    assert (problem["file"], problem["line"], problem["column"]) == (f"{folder}/{LEAD}", 17, 15)
    marked = run(command, folder, "--format", "github").output
    assert marked.startswith(f"::error file=hr/policies/{LEAD},line=17,col=15::`wihs` is not a fact")
    (suite,) = ElementTree.fromstring(run(command, folder, "--format", "junit").output)
    assert (suite.attrib["name"], suite.attrib["failures"]) == (f"{folder}/{LEAD}", "1")
    assert suite[0].attrib["file"] == f"{folder}/{LEAD}"


def test_check_passes_with_a_case_for_a_build_server(repository: Path) -> None:
    """A warning is no failure; an empty report would read like a run that broke off."""
    lead = repository / "hr" / "policies" / LEAD
    lead.write_text(lead.read_text("utf-8").replace("fact: wihs", "fact: wish"), "utf-8")
    shown = run("check", "../hr/policies", "--format", "junit")
    assert shown.exit_code == 0
    (suite,) = ElementTree.fromstring(shown.output)
    assert (suite.attrib["name"], suite.attrib["tests"], suite.attrib["failures"]) == (
        "../hr/policies/notes.txt", "1", "0",
    )  # fmt: skip
    assert "not read" in (suite[0][0].text or "")
    marked = run("check", "../hr/policies", "--format", "github").output
    assert marked.startswith("::warning file=hr/policies/notes.txt,line=1,col=1::this file is not part")
    (repository / "hr" / "policies" / "notes.txt").unlink()
    (suite,) = ElementTree.fromstring(run("check", "../hr/policies", "--format", "junit").output)
    assert (suite[0].attrib["name"], suite.attrib["failures"]) == ("no problem", "0")
    assert run("check", "../hr/policies", "--format", "github").output == ""


def test_a_repository_is_found_from_inside_and_from_a_worktree(repository: Path) -> None:
    """In a second working tree `.git` is a file."""
    (repository / ".git").rmdir()
    (repository / ".git").write_text("gitdir: elsewhere\n", "utf-8")
    assert in_repository(Path("../hr/policies")) == Path("hr/policies")
    (repository / ".git").unlink()
    assert in_repository(Path("../hr/policies")) == Path("../hr/policies")
