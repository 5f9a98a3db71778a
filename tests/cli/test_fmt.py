"""`ladders fmt`: files get the common layout, and mean afterwards what they meant before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands
from service.policy.load import load

HOUSE = Path(__file__).parents[2]


def fmt(*words: object) -> Result:
    return CliRunner().invoke(commands, ["fmt", *map(str, words)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy folder in which somebody was in a hurry."""
    root = tmp_path / "policies"
    shutil.copytree(HOUSE / "tests" / "policy" / "base", root)
    facts = root / "facts.yaml"
    facts.write_text("# ours\n\n\n" + facts.read_text("utf-8").replace("city: {", "city:   {"), "utf-8")
    return root


def test_files_are_laid_out_and_mean_the_same(folder: Path) -> None:
    """Notes stay, and nothing that decides is touched."""
    digest = load(folder).digest
    shown = fmt(folder)
    assert shown.exit_code == 0
    assert "facts.yaml laid out" in shown.output
    text = (folder / "facts.yaml").read_text("utf-8")
    assert text.startswith("# ours\n\nfacts:\n")
    assert "  city: {" in text
    assert load(folder).digest == digest
    assert fmt(folder, "--check").exit_code == 0


def test_check_writes_nothing_and_ends_with_1(folder: Path) -> None:
    """A pipeline says which files somebody forgot."""
    before = (folder / "facts.yaml").read_bytes()
    shown = fmt("--check", folder)
    assert shown.exit_code == 1
    assert "facts.yaml would change" in shown.output
    assert (folder / "facts.yaml").read_bytes() == before


def test_programs_get_what_was_done_as_json(folder: Path) -> None:
    """And what would be; one object, nothing else."""
    facts = str(folder / "facts.yaml")
    told = json.loads(fmt("--check", "--json", folder).stdout)
    assert (told["changed"], told["kept"], told["written"]) == ([facts], [], False)
    assert json.loads(fmt("--json", folder).stdout)["written"] is True
    assert json.loads(fmt("--json", folder).stdout)["changed"] == []


def test_tests_and_charter_are_laid_out_too(folder: Path) -> None:
    """They lie in the same folder and are read by the same people."""
    (folder / "tests").mkdir()
    (folder / "tests" / "first.yaml").write_text("as_of:   2027-01-01\ncases: []\n", "utf-8")
    assert fmt(folder).exit_code == 0
    assert (folder / "tests" / "first.yaml").read_text("utf-8") == "as_of: 2027-01-01\ncases: []\n"


def test_a_folder_with_problems_is_left_alone(folder: Path) -> None:
    """Whether its meaning stays could not be told."""
    facts = folder / "facts.yaml"
    facts.write_text(facts.read_text("utf-8").replace("type: text", "type: txet", 1), "utf-8")
    before = facts.read_bytes()
    shown = fmt(folder)
    assert shown.exit_code == 2
    assert "ladders check" in shown.output
    assert facts.read_bytes() == before


def test_a_layout_that_would_change_the_meaning_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last guard: even a mistake in the layout itself changes no policy."""
    monkeypatch.setattr(
        "service.policy.layout.laid_out",
        lambda _, content: content.decode().replace("at_least: meets", "at_least: exceeds"),
    )
    before = {path: path.read_bytes() for path in folder.rglob("*.yaml")}
    shown = fmt(folder)
    assert shown.exit_code == 2
    assert "would change what the policy means; nothing was written" in shown.output
    assert {path: path.read_bytes() for path in folder.rglob("*.yaml")} == before
