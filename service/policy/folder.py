"""What a policy folder asks of those who use it: the file `folder.yaml` in; the wishes in it out.

Knows nothing of policies: none of this changes what a verdict says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from service.errors import Position, Problem
from service.policy.reader import Fields, Report
from service.policy.source import read_source

FILE = "folder.yaml"
_MOST_READ = 2 * 1024 * 1024  #: bytes; `policy.source` refuses less


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the folder asks for."""

    require_tests: bool = False  #: no policy set is used whose policy tests do not all pass


def read_wishes(folder: Path) -> tuple[Wishes, list[Problem]]:
    """The wishes of a folder, and everything wrong with the file; the defaults where there is none."""
    path = folder / FILE
    if not path.exists() and not path.is_symlink():
        return Wishes(), []
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        return Wishes(), [_problem("this is no file of the policy folder; put the file itself here")]
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_READ)
    except OSError as error:
        return Wishes(), [_problem(f"this file cannot be read ({error.strerror}); check who may read it")]
    report = Report()
    source, node, problems = read_source(FILE, content)
    report.add_source(source, problems)
    lines = None
    if node is not None:
        lines = Fields.of(node, report, "`folder.yaml`", ("require_tests",), "require_tests: yes")
    wishes = Wishes(require_tests=lines.yes_no("require_tests")) if lines else Wishes()
    return wishes, report.problems


def _problem(message: str) -> Problem:
    return Problem(Position(FILE, 1, 1), message)
