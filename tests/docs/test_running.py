"""The operator's guide: its commands exist, and its way to back up a log gives a log that can be verified."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from service.cli import main
from tests.docs.examples import examples_of, page
from tests.web.running import POLICIES, environment, running

PAGES = ("running.md", "operating.md", "incidents.md", "access.md")
REQUEST = {
    "candidate": {"id": "E-1042"},
    "from": {"track": "stone-craft", "level": "mason"},
    "to": {"track": "people-lead", "level": "team-lead"},
    "as_of": "2027-01-01",
    "facts": {"wants_people_role": True, "rating": "meets", "trainings": []},
}


def commands(name: str) -> set[str]:
    """Every command of `ladders` on a page, as it is written there."""
    text = page(name)
    spans = re.findall(r"`(?:LADDERS_\w+=\S+ )*(ladders [a-z][^`\n]*)`", text)
    blocks = [
        line for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S) for line in block.split("\n")
    ]
    lines = [found for line in blocks for found in re.findall(r"(?<!\S)ladders [a-z]+\b[^&|#;]*", line)]
    of_compose = [f"ladders {told}" for told in re.findall(r"compose run --rm ladders (?!…)([^`\n#]*)", text)]
    return {*spans, *lines, *of_compose}


def wrong_in(said: str) -> str | None:
    """What is wrong with a command as it is written."""
    command: click.Command = main.commands
    words = shlex.split(said)[1:]
    while words and isinstance(command, click.Group):
        name = words.pop(0)
        found = command.get_command(click.Context(command), name)
        if found is None:
            return f"`{said}`: there is no `{name}`"
        command = found
    known = {option for parameter in command.params for option in parameter.opts}
    unknown = {word for word in words if word.startswith("--")} - known
    return f"`{said}`: there is no {unknown}" if unknown else None


@pytest.mark.parametrize("name", PAGES)
def test_every_command_and_option_is_one(name: str) -> None:
    """At night nobody finds out what a command is called now."""
    assert [wrong for said in sorted(commands(name)) if (wrong := wrong_in(said))] == []


def test_a_command_that_is_none_is_seen() -> None:
    """The rule above must fail when it should."""
    assert wrong_in("ladders log rotate")
    assert wrong_in("ladders log verify --trusted FILE")


def test_the_pages_name_commands() -> None:
    """What finds them must find them."""
    assert {"ladders log rotate-keys", "ladders log retire-key"} <= commands("running.md")
    assert len(commands("running.md")) > 10


def test_a_backup_that_was_made_as_the_page_says_can_be_verified(tmp_path: Path) -> None:
    """The service goes on meanwhile, and its newest entries are not in the file yet."""
    recipes = [each.text for each in examples_of("running.md") if "var/" in each.text]
    (check,) = (each.text for each in examples_of("running.md") if "LADDERS_LOG=backup" in each.text)
    (tmp_path / "var").mkdir()
    log = tmp_path / "var" / "verdicts.db"
    folder = Path(sys.executable).parent
    programs = {**environment(policies=POLICIES), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    with running(log, cwd=tmp_path, workers=1) as service:
        service.wait_until_ready()
        for number in range(3):
            answer = service.ask("POST", "/v1/verdicts", json.dumps({**REQUEST, "request_id": f"r-{number}"}))
            assert answer[0] == 201, answer[1]
        assert log.with_name("verdicts.db-wal").stat().st_size
        for recipe in recipes:
            subprocess.run(["bash", "-ec", recipe], cwd=tmp_path, env=programs, check=True, timeout=60)
        assert service.ask("POST", "/v1/verdicts", json.dumps(REQUEST))[0] == 201
    done = subprocess.run(
        ["bash", "-ec", check], cwd=tmp_path, env=programs, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all is right" in done.stdout
