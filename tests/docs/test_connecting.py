"""The page for those who connect a program: every command is run against a real service, and answers what the
page shows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.docs.examples import DOCS, examples_of
from tests.web.running import running

PAGE = "connecting.md"
HOUSE = DOCS.parent


def test_the_commands_of_the_page_answer_what_it_shows(tmp_path: Path) -> None:
    """Whoever connects a program copies them one after the other."""
    assert shutil.which("curl"), "curl is missing; install it (Debian: apt-get install curl)"
    shutil.copytree(HOUSE / "examples", tmp_path / "examples")
    commands = 0
    with running(tmp_path / "verdicts.db", policies=HOUSE / "policies", workers=1) as service:
        environment = {**os.environ, "LADDERS": service.address}
        printed = ""
        for example in examples_of(PAGE):
            place = f"docs/{PAGE}:{example.line}"
            if example.kind.startswith("file "):
                (tmp_path / example.kind.removeprefix("file ")).write_text(example.text, "utf-8")
            elif example.language == "sh":
                done = subprocess.run(
                    ["bash", "-ec", example.text],
                    cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
                )  # fmt: skip
                assert done.returncode == 0, f"{place}: {done.stderr}"
                printed, commands = done.stdout, commands + 1
            elif example.language == "json":
                assert lacking(json.loads(example.text), json.loads(printed)) == [], f"{place}: {printed}"
            else:
                assert printed == example.text, place
    assert commands >= 10


def lacking(shown: Any, answered: Any, where: str = "") -> list[str]:
    """The places of a page at which the answer says something else; `…` stands for anything."""
    if shown == "…":
        return []
    if isinstance(shown, dict) and isinstance(answered, dict):
        return [
            place
            for name, value in shown.items()
            for place in lacking(value, answered.get(name, ...), f"{where}/{name}")
        ]
    if isinstance(shown, list) and isinstance(answered, list) and len(shown) == len(answered):
        return [
            place
            for number, value in enumerate(shown)
            for place in lacking(value, answered[number], f"{where}/{number}")
        ]
    return [] if shown == answered and type(shown) is type(answered) else [f"{where}: {answered!r}"]


@pytest.mark.parametrize(
    ("shown", "answered", "places"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"a": 2}, ["/a: 2"]),
        ({"a": True}, {"a": 1}, ["/a: 1"]),
        ({"a": {"b": "…"}}, {"a": {"b": [1]}}, []),
        ([1, 2], [1], [": [1]"]),
        ({"a": None}, {}, ["/a: Ellipsis"]),
    ],
)
def test_an_answer_is_held_against_the_page(shown: Any, answered: Any, places: list[str]) -> None:
    """The comparison must fail where it should."""
    assert lacking(shown, answered) == places
