"""`ladders new`: a policy folder gains something that passes `ladders check` at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands
from service.policy.load import load

HOUSE = Path(__file__).parents[2]
QUESTION = "Do you hold the card: yes?"


def new(*words: object) -> Result:
    return CliRunner().invoke(commands, ["new", *map(str, words)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a small policy folder."""
    root = tmp_path / "policies"
    shutil.copytree(HOUSE / "tests" / "policy" / "base", root)
    return root


def test_a_policy_grows_command_by_command(folder: Path) -> None:
    """Each command builds on the one before, which it could not if the folder were not valid after each."""
    steps: list[tuple[object, ...]] = [
        ("fact", "safety_card", "--type", "yes_no", "--question", QUESTION, "--source", "Card register"),
        ("fact", "climbs", "--type", "records", "--field", "climbed_on:date", "--field", "height:number"),
        ("requirement", "shared/safety", "safety-card", "--fact", "safety_card", "--text", "Holds the card"),
        ("requirement", "craft/senior", "safety-card", "--use", "safety-card"),
        ("requirement", "lead/team-lead", "climbed", "--fact", "climbs"),
        ("level", "craft/staff", "--title", "Staff engineer"),
        ("level", "lead/manager", "--above", "team-lead", "--grade", "7"),
        ("track", "plumbing-craft", "--from", "2027-01-01"),
        ("track", "project-lead", "--kind", "people", "--from", "2027-01-01"),
    ]
    for step in steps:
        shown = new(*step, "--policies", folder)
        assert shown.exit_code == 0, shown.output
        assert "was added" in shown.output
    policies = load(folder)
    assert policies.vocabulary.facts["safety_card"].question == QUESTION
    assert {"plumbing-craft", "project-lead"} <= set(policies.tracks)
    checked = CliRunner().invoke(commands, ["check", str(folder)])
    assert checked.exit_code == 0
    assert "warning" not in checked.output


def test_a_policy_begins_in_an_empty_folder(tmp_path: Path) -> None:
    """Whoever has nothing yet begins with a track, and goes on from there with the other commands."""
    folder = tmp_path / "policies"
    early = new("fact", "shift", "--type", "text", "--policies", folder)
    assert early.exit_code == 2
    assert "begin with its first track: ladders new track NAME --from 2027-01-01" in early.output
    for step in (
        ("track", "nursing-craft", "--from", "2027-01-01"),
        ("requirement", "nursing-craft/master", "time-in-level", "--fact", "level_since"),
        ("track", "people-lead", "--kind", "people", "--from", "2027-01-01"),
    ):
        shown = new(*step, "--policies", folder)
        assert shown.exit_code == 0, shown.output
    assert f"{folder}/facts.yaml: holds a first fact" in new(
        "track", "craft", "--from", "2027-01-01", "--policies", tmp_path / "other"
    ).output.replace("other", "policies")
    checked = CliRunner().invoke(commands, ["check", str(folder)])
    assert checked.output.startswith(f"{folder} is valid: 2 tracks, 3 levels, 1 fact")


def test_a_day_that_is_none_is_answered_with_how_to_write_one(folder: Path) -> None:
    """As in the policy files."""
    shown = new("track", "plumbing-craft", "--from", "1/4/2027", "--policies", folder)
    assert shown.exit_code == 2
    assert "`1/4/2027` is no day; write year-month-day, such as 2027-01-31" in shown.output


def test_places_are_shown_as_they_can_be_opened(folder: Path) -> None:
    """From where the command was called, like those of the other commands."""
    shown = new("fact", "points", "--type", "number", "--policies", folder)
    assert shown.exit_code == 2
    assert isinstance(shown.exception, SystemExit)
    assert f"{folder}/facts.yaml:" in shown.output


def test_programs_get_what_was_added_as_json(folder: Path) -> None:
    """With the file to open, and those that changed besides."""
    shown = new(
        "level", "lead/deputy", "--above", "team-lead", "--grade", "5", "--policies", folder, "--json"
    )
    told = json.loads(shown.stdout)
    assert told["added"] == "the level `lead/deputy`"
    assert Path(told["file"]).is_file()
    assert [Path(path).name for path in told["changed_besides"]] == ["2026-01-01.yaml"]
    for words in (
        ("fact", "shift", "--type", "yes_no"),
        ("requirement", "craft/senior", "shift", "--fact", "shift"),
        ("track", "plumbing-craft", "--from", "2027-01-01"),
    ):
        assert json.loads(new(*words, "--policies", folder, "--json").stdout)["changed_besides"] == []


def test_files_that_change_besides_are_told(folder: Path) -> None:
    """A way back is opened in the craft tracks; nobody should find that out later."""
    shown = new("level", "lead/deputy", "--above", "team-lead", "--grade", "5", "--policies", folder)
    assert "craft/2026-01-01.yaml: may be entered" in shown.output
    assert "way back" in shown.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fact", "rating", "--type", "date"), "`rating` is already a fact"),
        (("fact", "shift", "--type", "dat"), "--type"),
        (("requirement", "lead/team-lead", "mine"), "--fact"),
        (("requirement", "lead/team-lead", "mine", "--fact", "wish", "--use", "own-wish"), "--use"),
        (
            ("requirement", "lead/team-lead", "own-wish", "--fact", "wish"),
            "stands already in Team lead",
        ),
        (("level", "craft/senior"), "`craft/senior` exists already"),
        (("track", "lead", "--from", "2027-01-01"), "`lead` exists already"),
        (("track", "plumbing-craft", "--from", "1 January"), "--from"),
    ],
)
def test_what_cannot_be_added_ends_with_2_and_changes_nothing(
    words: tuple[object, ...], said: str, folder: Path
) -> None:
    """The message tells what to do instead."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    shown = new(*words, "--policies", folder)
    assert shown.exit_code == 2
    assert said in shown.output
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("words", [(), ("fact",), ("requirement",), ("level",), ("track",)])
def test_every_command_shows_examples(words: tuple[str, ...]) -> None:
    """Nobody should need a manual."""
    shown = new(*words, "--help")
    assert shown.exit_code == 0
    assert "Exit codes:" in shown.output
    assert not words or f"ladders new {words[0]} " in shown.output
