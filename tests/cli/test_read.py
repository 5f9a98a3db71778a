"""`ladders read`: the policy in whole sentences, on the terminal, in a page, and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands

HOUSE = Path(__file__).parents[2]
POLICIES = HOUSE / "tests" / "web" / "policies"


def read(*words: object) -> Result:
    return CliRunner().invoke(commands, ["read", *map(str, words)])


def test_a_policy_is_read_on_the_terminal() -> None:
    """The least that one has to type."""
    shown = read(POLICIES)
    assert shown.exit_code == 0
    assert "What it asks:" in shown.output
    assert shown.output.endswith("\n")
    assert not shown.output.endswith("\n\n")


def test_one_track_is_read_alone() -> None:
    """The others do not stand in the way."""
    shown = read(POLICIES, "--track", "stone-craft")
    assert shown.exit_code == 0
    assert "In force from" in shown.output
    assert "Team lead" not in shown.output


def test_the_page_is_one_file(tmp_path: Path) -> None:
    """What is sent to an employee is written where it was asked for, and its size is told."""
    page = tmp_path / "policy.html"
    shown = read(POLICIES, "--html", page)
    assert shown.exit_code == 0
    assert "2 versions with 3 levels" in shown.output
    text = page.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>\n")
    assert read(POLICIES, "--html", "-").output == text


def test_programs_get_the_same_as_json() -> None:
    """An intranet lays it out in its own way."""
    told = json.loads(read(POLICIES, "--json").output)
    assert next(version["name"] for version in told["versions"]).startswith("stone-craft/")
    assert told["digest"].startswith("sha256:")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((POLICIES, "--track", "stone-kraft"), "did you mean `stone-craft`?"),
        ((POLICIES, "--on", "1999-01-01"), "no version is in force on that day"),
        ((POLICIES, "--on", "yesterday"), "--on"),
        (("nowhere",), "nowhere"),
        ((POLICIES, "--html", "-", "--json"), "ask for one of them"),
        ((POLICIES, "--html", "/nowhere/policy.html"), "cannot be written"),
    ],
)
def test_what_cannot_be_read_ends_with_2_and_a_reason(words: tuple[object, ...], said: str) -> None:
    """Nothing was read, and the message tells what to write instead."""
    shown = read(*words)
    assert shown.exit_code == 2
    assert said in shown.output


def test_a_policy_with_problems_is_not_read(tmp_path: Path) -> None:
    """Sentences from a file that cannot be loaded would promise what nobody decided."""
    (tmp_path / "facts.yaml").write_text("facts:\n  rating: {type: chioce, label: rating}\n", "utf-8")
    shown = read(tmp_path)
    assert shown.exit_code == 1
    assert "facts.yaml:2:18" in shown.output
    assert "ladders check" in shown.output
