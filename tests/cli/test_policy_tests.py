"""`ladders test` as people and pipelines call it: what is shown, in which form, and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands
from tests.simulate.small import PEOPLE, POLICIES

HOUSE = Path(__file__).parents[2]
GOOD = "  - {case: a maker who asked may lead, given: mara, to: lead/lead, expect: eligible}\n"
BAD = "  - {case: nobody is pushed, given: mara, with: {wish: no}, to: lead/lead, expect: eligible}\n"
LATER = (
    "  - {case: later, given: mara, to: lead/lead, expect: not_eligible,"
    " skip: {reason: the rule is under review, until: 2027-01-31}}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small policies, with a folder for tests that is still empty."""
    for path in POLICIES.rglob("*.yaml"):
        copy = tmp_path / "policies" / path.relative_to(POLICIES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "policies" / "tests").mkdir()
    return tmp_path / "policies"


def put(folder: Path, *cases: str) -> Path:
    """A test file with these cases."""
    path = folder / "tests" / "small.yaml"
    path.write_text(f"{PEOPLE}cases:\n{''.join(cases)}", "utf-8")
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(commands, ["test", *map(str, words)])


def test_all_pass(folder: Path) -> None:
    """What passes takes no line; what was seen is shown for each level, with what was not."""
    put(folder, GOOD)
    shown = run(folder)
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[0].split() == ["level", "seen", "of", "covered"]
    assert ["lead/lead", "3", "9", "33.3", "%"] in [line.split() for line in lines]
    assert "not seen in lead/lead" in lines
    assert f"  `own-wish` unmet ({folder}/tracks/lead/2026-01-01.yaml:11)" in lines
    assert "nothing seen in craft/maker: no case is about it" in lines
    assert lines[-1].startswith("1 passed; ")
    assert "\x1b" not in shown.output


def test_a_failing_case_shows_both_lines_and_what_was_found(folder: Path) -> None:
    """Expected and found for each requirement, the line of the test, and the line of the policy."""
    put(folder, GOOD, BAD)
    shown = run(folder)
    assert shown.exit_code == 1
    assert "✘ nobody is pushed  mara → lead/lead" in shown.output
    assert "  own-wish: expected met, found unmet\n    Has asked for it\n" in shown.output
    assert f"test {folder.as_posix()}/tests/small.yaml:18" in shown.output
    assert f"policy {folder.as_posix()}/tracks/lead/2026-01-01.yaml:11" in shown.output
    assert "“own wish” is yes: unmet, found no" in shown.output
    assert "1 passed, 1 failed" in shown.output


def test_a_skip_is_shown_and_fails_when_its_day_has_passed(folder: Path) -> None:
    """The day comes from the edge, so a pipeline can fix it."""
    put(folder, GOOD, LATER)
    shown = run(folder, "--today", "2027-01-31")
    assert shown.exit_code == 0
    assert "skipped until 2027-01-31: the rule is under review" in shown.output
    shown = run(folder, "--today", "2027-02-01")
    assert shown.exit_code == 1
    assert "small.yaml:18:76: this skip ended on 31 January 2027" in shown.output
    assert "1 passed, 1 skipped for too long" in shown.output


def test_coverage_can_be_asked_for(folder: Path) -> None:
    """Exactly as much is enough, and a little less is not."""
    put(folder, GOOD)
    told = json.loads(run(folder, "--json").output)["coverage"]
    enough = 100 * told["seen"] / told["of"]
    assert run(folder, "--fail-under", f"{enough - 0.1:.4f}").exit_code == 0
    shown = run(folder, "--fail-under", f"{enough + 0.1:.4f}")
    assert shown.exit_code == 1
    assert "percent, under the" in shown.output
    assert run(folder, "--fail-under", "101").exit_code == 2
    assert run(folder, "--fail-under", "most").exit_code == 2


def test_the_bundled_policies_can_ask_for_all() -> None:
    """Nothing left unseen is 100 percent, and 100 percent is enough."""
    shown = run(HOUSE / "policies", "--fail-under", "100%")
    assert shown.exit_code == 0
    assert shown.output.splitlines()[-1].endswith("; 100.0 percent covered")


@pytest.mark.parametrize("form", ["text", "json", "github", "junit"])
def test_problems_end_with_2_and_their_places(folder: Path, form: str) -> None:
    """Nothing was run, so nothing is known: that is not a failing test."""
    put(folder, GOOD.replace("mara", "marta"))
    shown = run(folder, "--format", form)
    assert shown.exit_code == 2
    assert "did you mean `mara`?" in shown.output
    if form == "json":
        (problem,) = json.loads(shown.output)["problems"]
        assert (problem["file"], problem["line"], problem["column"]) == (
            f"{folder}/tests/small.yaml", 17, 47,
        )  # fmt: skip
    elif form == "github":
        assert f"::error file={folder.as_posix()}/tests/small.yaml,line=17,col=47::" in shown.output
    elif form == "junit":
        ((case,),) = ElementTree.fromstring(shown.stdout.partition("\n")[2])
        assert (case.attrib["file"], case.attrib["line"]) == (f"{folder}/tests/small.yaml", "17")
        assert case[0].tag == "failure"
    else:
        assert f"{folder}/tests/small.yaml:17:47: " in shown.output


def test_problems_of_the_policies_end_with_2_as_well(folder: Path) -> None:
    """There is nothing to test against."""
    put(folder, GOOD)
    facts = folder / "facts.yaml"
    facts.write_text(facts.read_text("utf-8").replace("type: yes_no", "type: yesno", 1), "utf-8")
    assert run(folder).exit_code == 2


def test_no_tests_is_no_success(folder: Path) -> None:
    """A pipeline that found no test must not go on as if all had passed."""
    shown = run(folder)
    assert shown.exit_code == 2
    assert "there are no tests in" in shown.output
    assert run("nowhere").exit_code == 2
    assert run(folder, "--level", "lead/laed", "--suggest").exit_code == 2


def test_programs_get_everything_as_json(folder: Path) -> None:
    """Each case with its place and differences, and each thing that was not seen."""
    put(folder, GOOD, BAD, LATER)
    shown = run(folder, "--json", "--today", "2027-01-31")
    assert shown.exit_code == 1
    told = json.loads(shown.output)
    assert (told["passed"], told["failed"], told["skipped"], told["skipped_too_long"]) == (1, 1, 1, 0)
    good, bad, later = told["cases"]
    assert good == {
        "case": "a maker who asked may lead", "person": "mara", "to": "lead/lead",
        "file": f"{folder}/tests/small.yaml", "line": 17, "state": "passed", "expected": "eligible",
        "skip": None, "differences": [],
    }  # fmt: skip
    assert bad["differences"][1] == {
        "what": "own-wish", "expected": "met", "found": "unmet",
        "test": f"{folder}/tests/small.yaml:18", "policy": f"{folder}/tracks/lead/2026-01-01.yaml:11",
        "because": ["“own wish” is yes: unmet, found no"],
    }  # fmt: skip
    assert later["skip"] == {"reason": "the rule is under review", "until": "2027-01-31"}
    levels = {each["level"]: each for each in told["coverage"]["levels"]}
    assert levels["lead/lead"]["seen"] == 4
    assert "`trained` unknown" in [each["text"] for each in levels["lead/lead"]["missing"]]


def test_a_build_server_gets_junit(folder: Path) -> None:
    """On the standard output, and nothing else there."""
    put(folder, GOOD, BAD)
    shown = run(folder, "--format", "junit", "--fail-under", "100")
    assert shown.exit_code == 1
    root = ElementTree.fromstring(shown.stdout.partition("\n")[2])
    assert [(suite.attrib["tests"], suite.attrib["failures"]) for suite in root] == [("2", "1"), ("1", "1")]


def test_a_pull_request_gets_annotations(folder: Path) -> None:
    """One a failing case, at the line that expected otherwise."""
    put(folder, GOOD, BAD)
    shown = run(folder, "--format", "github")
    assert shown.exit_code == 1
    (line,) = shown.output.splitlines()
    assert line.startswith(
        f"::error file={folder.as_posix()}/tests/small.yaml,line=18,title=nobody is pushed::"
    )


def test_suggestions_can_be_saved_beside_the_tests(folder: Path) -> None:
    """They are a test file, pass, and cover more."""
    put(folder, GOOD)
    before = json.loads(run(folder, "--json").output)["coverage"]["seen"]
    shown = run(folder, "--suggest")
    assert shown.exit_code == 0
    (folder / "tests" / "suggested.yaml").write_text(shown.stdout, "utf-8")
    after = json.loads(run(folder, "--json").output)
    assert after["failed"] == 0
    assert after["coverage"]["seen"] > before + 20
    one = run(folder, "--suggest", "--level", "craft/maker").output
    assert "to: lead/lead" not in one


def process(folder: Path, *, terminal: bool) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own; with a `terminal`, both of its outputs go to one."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("NO_COLOR", "FORCE_"))}
    command = [sys.executable, "-m", "service.cli.main", "test", str(folder)]
    code = f"import pty, sys; sys.exit(pty.spawn({command!r}) >> 8)"
    return subprocess.run(
        [sys.executable, "-c", code] if terminal else command,
        env={**own, "PYTHONPATH": str(HOUSE), "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_progress_and_colour_are_for_terminals(folder: Path) -> None:
    """A pipe gets the results and nothing else."""
    put(folder, GOOD, BAD)
    plain = process(folder, terminal=False)
    assert plain.returncode == 1
    assert plain.stderr == ""
    assert "\x1b" not in plain.stdout
    coloured = process(folder, terminal=True)
    assert coloured.returncode == 1
    assert "cases" in coloured.stdout
    assert "2/2" in coloured.stdout
    assert "\x1b[31m" in coloured.stdout
