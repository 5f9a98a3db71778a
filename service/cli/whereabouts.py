"""Where policy files are for the person who called: a policy folder and places inside it go in; places as
they can be opened from there, and as the repository names them, come out.

Inside Ladders a place is told from the policy folder on, wherever that lies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from service.errors import PolicyError, Problem

_REPOSITORY = ".git"


def opened(folder: Path, name: str) -> str:
    """A file of a policy folder as it can be opened from where the command was called.

    >>> opened(Path("policies"), "facts.yaml"), opened(Path("."), "facts.yaml")
    ('policies/facts.yaml', 'facts.yaml')
    """
    return (folder / name).as_posix()


def located(folder: Path, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems of the files of a policy folder, at places that can be opened from here."""
    return tuple(
        replace(each, where=replace(each.where, file=opened(folder, each.where.file))) for each in problems
    )


def said_here(folder: Path, wrong: PolicyError) -> str:
    """All that is wrong with a policy folder, with places that can be opened from here."""
    return str(PolicyError(located(folder, wrong.problems)))


def in_repository(folder: Path) -> Path:
    """A policy folder as its repository names it, wherever the command was called; as it was named where
    there is no repository.
    """
    whole = folder.resolve()
    for above in (whole, *whole.parents):
        if (above / _REPOSITORY).exists():
            return whole.relative_to(above)
    return folder
