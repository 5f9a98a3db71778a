"""The definitions for other tools: the commands that they run are there, and work on the bundled policies."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.cli.main import commands
from tests.docs.examples import DOCS, page
from tests.docs.sessions import LADDERS

HOUSE = DOCS.parent
HOOKS: list[dict[str, Any]] = yaml.safe_load((HOUSE / ".pre-commit-hooks.yaml").read_text("utf-8"))
JOBS: dict[str, Any] = yaml.safe_load((DOCS / "ci-example.yml").read_text("utf-8"))["jobs"]
RUN = [
    line
    for job in JOBS.values()
    for step in job["steps"]
    for line in step.get("run", "").splitlines()
    if line.startswith("ladders ")
]


@pytest.mark.parametrize("typed", [*(hook["entry"] for hook in HOOKS), *RUN])
def test_what_is_run_by_itself_works(typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sits in front of it when an option is gone."""
    shutil.copytree(HOUSE / "policies", tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    done = LADDERS.invoke(commands, shlex.split(typed)[1:], prog_name="ladders")
    assert done.exit_code == 0, done.output


def test_a_hook_looks_at_the_whole_folder() -> None:
    """A file alone says nothing: facts are declared in one and used in another."""
    assert [hook["id"] for hook in HOOKS if hook["pass_filenames"] is not False] == []
    assert all(re.search(hook["files"], "policies/tracks/people-lead/2026-01-01.yaml") for hook in HOOKS)


def test_the_hooks_are_those_that_the_guide_names() -> None:
    """One copies the lines from there."""
    named = set(re.findall(r"- id: (ladders-\w+)", page("changing-a-policy.md")))
    assert named == {hook["id"] for hook in HOOKS}


def test_a_step_of_the_example_is_there_for_each_command_it_is_said_to_run() -> None:
    """The list above passes over an empty file."""
    assert {shlex.split(line)[1] for line in RUN} >= {"check", "test"}
