"""The guides are followed at a keyboard: every command is run, and prints what the page shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.examples import DOCS, examples_of
from tests.docs.sessions import as_said, follow

HOUSE = DOCS.parent
GUIDES = sorted(
    path.name
    for path in DOCS.glob("*.md")
    if any(each.language == "console" for each in examples_of(path.name))
)
FROM_NOTHING = {"first-policy.md", "changing-a-policy.md"}  #: the others begin with what comes with Ladders
GOES_ON_FROM = {"changing-a-policy.md": "first-policy.md"}  #: the reader has done that page before


@pytest.mark.parametrize("name", GUIDES)
def test_the_commands_of_a_page_print_what_it_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who sees something else believes to have made a mistake."""
    if name not in FROM_NOTHING:
        for folder in ("policies", "examples"):
            shutil.copytree(HOUSE / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    if name in GOES_ON_FROM:
        assert list(follow(GOES_ON_FROM[name], tmp_path))
    for command, printed, exit_code in follow(name, tmp_path):
        place = f"docs/{name}:{command.line}: {' '.join(command.words)}"
        assert as_said(printed, command.printed), f"{place} prints:\n{printed}"
        assert exit_code == command.exit_code, f"{place} ends with {exit_code}"


def test_the_guides_are_there() -> None:
    """The rule above passes over an empty list."""
    assert {"first-policy.md", "reading-a-verdict.md", "changing-a-policy.md"} <= set(GUIDES)


@pytest.mark.parametrize(
    ("printed", "said", "same"),
    [
        ("policy set sha256:12ab\n", "policy set sha256:…\n", True),
        ("one line  \nand another\n", "one line\nand another\n", True),
        ("one line\nand another\n", "one line\n", False),
        ("1 problem\n", "2 problems\n", False),
        ("a (b)\n", "a (b)\n", True),
    ],
)
def test_what_is_printed_is_held_against_the_page(printed: str, said: str, same: bool) -> None:
    """Only `…` stands for anything."""
    assert as_said(printed, said) is same
