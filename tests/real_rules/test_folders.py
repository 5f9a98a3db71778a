"""Every policy folder that comes with Ladders is what a company may copy: without problems, without advice,
tested in full, laid out as `ladders fmt` does it, with a charter that speaks of every promise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from service.cli.main import commands
from service.policy.charter import TOPICS

HOUSE = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (HOUSE / "examples").glob("*/facts.yaml"))
TODAY = "2026-11-20"


def ran(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(commands, arguments)
    return result.exit_code, result.output


def shown(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


every_folder = pytest.mark.parametrize("folder", [HOUSE / "policies", *EXAMPLES], ids=shown)


@every_folder
def test_a_folder_that_comes_with_ladders_is_valid_and_laid_out(folder: Path) -> None:
    """What somebody copies is what somebody learns from."""
    code, said = ran("check", str(folder), "--json")
    found: dict[str, Any] = json.loads(said)
    assert (code, found["valid"], found.get("warnings", [])) == (0, True, [])
    assert ran("fmt", "--check", str(folder))[0] == 0


@every_folder
def test_nothing_is_to_be_said_of_a_folder_that_comes_with_ladders(folder: Path) -> None:
    """No requirement without a test, a reason, a source or a way to meet it, and no promise passed over."""
    assert ran("lint", str(folder), "--on", TODAY) == (0, f"no advice on {folder}\n")


@pytest.mark.parametrize("folder", EXAMPLES, ids=shown)
def test_an_example_is_tested_in_full(folder: Path) -> None:
    """Every requirement met, unmet and unknown, and every branch of a group; a rule that no case looks at
    may say anything. (The bundled policies are held to the same in `tests/simulate/test_bundled.py`.)"""
    code, said = ran("test", str(folder), "--json", "--fail-under", "100", "--today", TODAY)
    found = json.loads(said)
    assert [each for each in found["cases"] if each["state"] != "passed"] == []
    assert [each for each in found["coverage"]["levels"] if each["missing"]] == []
    assert code == 0


@pytest.mark.parametrize("folder", EXAMPLES, ids=shown)
def test_the_charter_of_an_example_speaks_of_every_promise(folder: Path) -> None:
    """Real systems keep some promises and not others; which, one reads in one place, with the reason."""
    charter = yaml.safe_load((folder / "charter.yaml").read_text(encoding="utf-8"))
    said = {each["promise"] for part in ("promises", "not_promised") for each in charter.get(part, ())}
    assert [topic[0] for topic in TOPICS if said.isdisjoint(topic)] == []


@every_folder
def test_a_folder_that_comes_with_ladders_can_be_read_aloud(folder: Path) -> None:
    """In whole sentences, every track of it."""
    code, said = ran("read", str(folder))
    assert code == 0
    assert said.count("What it asks") > 0
