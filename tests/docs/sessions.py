"""A page that is followed at a keyboard: its files are written, its commands run, in the order of the page.

A block below `<!-- file NAME -->` is the whole file; below `<!-- add to NAME -->` it stands at the end of it;
below ``<!-- in NAME, instead of `OLD` -->`` it takes the place of one line or of part of one. In a block of
`console`, a line `$ …` is a command and the lines below it are what it prints, where `…` stands for anything;
`<!-- exit N -->` above it says how its last command ends. Holds no tests.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from service.cli.main import commands
from tests.docs.examples import Example, examples_of

_INSTEAD = re.compile(r"in (?P<file>\S+), instead of `(?P<old>.+)`")
_PLAIN = ("mkdir", "cp", "ls", "cd")  #: the other commands that a page may show
_READ_BY_OTHERS = ("verdict", "finding ")  #: blocks that are held against something else
LADDERS = CliRunner()


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a page, and what the page says that it prints."""

    line: int
    words: tuple[str, ...]
    printed: str
    exit_code: int


def follow(name: str, folder: Path) -> Iterator[tuple[Command, str, int]]:
    """Every command of a page with what it printed and how it ended; the folder is where one stands."""
    for example in examples_of(name):
        if example.language == "console":
            for command in commands_of(example):
                yield command, *_run(command, folder)
        elif example.kind and not example.kind.startswith(_READ_BY_OTHERS):
            _write(example, folder)


def commands_of(example: Example) -> list[Command]:
    """The commands of a block."""
    ends = int(example.kind.removeprefix("exit ")) if example.kind.startswith("exit ") else 0
    found: list[Command] = []
    for part in re.split(r"^\$ ", example.text, flags=re.MULTILINE)[1:]:
        typed, _, printed = part.partition("\n")
        found.append(Command(example.line, tuple(shlex.split(typed)), printed, 0))
    last = found[-1]
    return [*found[:-1], Command(last.line, last.words, last.printed, ends)]


def as_said(printed: str, said: str) -> bool:
    """Whether something printed is what the page shows; lines end where their text ends."""
    pattern = re.escape("\n".join(line.rstrip() for line in said.splitlines())).replace("…", "(?s:.*?)")
    return re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.splitlines())) is not None


def _write(example: Example, folder: Path) -> None:
    instead = _INSTEAD.fullmatch(example.kind)
    verb, _, name = example.kind.rpartition(" ")
    if instead:
        path = folder / instead["file"]
        text = path.read_text("utf-8")
        assert text.count(instead["old"]) == 1, f"line {example.line}: {instead['old']} stands there not once"
        path.write_text(text.replace(instead["old"], example.text.strip("\n")), "utf-8")
    elif verb == "file":
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(example.text, "utf-8")
    elif verb == "add to":
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(example.text)
    else:
        raise AssertionError(f"line {example.line}: `{example.kind}` is nothing that a page can ask for")


def _run(command: Command, folder: Path) -> tuple[str, int]:
    program, *words = command.words
    if program == "ladders":
        done = LADDERS.invoke(commands, words, prog_name="ladders")
        return done.output, done.exit_code
    assert program in _PLAIN, f"line {command.line}: {program} is not run"
    ended = subprocess.run(command.words, cwd=folder, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr, ended.returncode
