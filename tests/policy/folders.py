"""A small policy folder that is right, and ways to change it; nothing in it knows what is tested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from service.policy.condition import Condition
from service.policy.load import load_files
from service.policy.model import PolicySet, Requirement

HERE = Path(__file__).parent
BASE: Mapping[str, str] = {
    path.relative_to(HERE / "base").as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((HERE / "base").rglob("*.yaml"))
}
FACTS, LEAD, CRAFT = "facts.yaml", "tracks/lead/2026-01-01.yaml", "tracks/craft/2026-01-01.yaml"
SHARED = "shared/standing.yaml"
WISH = "        fact: wish\n        is: yes\n"  #: the condition of the requirement `own-wish`


def changed(*changes: tuple[str, str, str], base: Mapping[str, str] = BASE) -> dict[str, str]:
    """The folder with texts replaced: file, old, new; each old text stands exactly once."""
    files = dict(base)
    for file, old, new in changes:
        assert files[file].count(old) == 1, f"{old!r} stands {files[file].count(old)} times in {file}"
        files[file] = files[file].replace(old, new)
    return files


def loaded(files: Mapping[str, str]) -> PolicySet:
    return load_files({name: text.encode() for name, text in files.items()})


def asking(lines: str, *changes: tuple[str, str, str]) -> Requirement:
    """The requirement that a people level makes of these lines, in a folder that is otherwise right."""
    indented = "".join(f"        {line}\n" for line in lines.strip().splitlines())
    version = loaded(changed((LEAD, WISH, indented), *changes)).tracks["lead"][0]
    return requirement(version.levels[0].requires, "own-wish")


def condition(lines: str, *changes: tuple[str, str, str]) -> Condition:
    """The condition that these lines are read into."""
    return asking(lines, *changes).condition


def requirement(requirements: Iterable[Requirement], id_: str) -> Requirement:
    return next(each for each in requirements if each.id == id_)


def with_facts(lines: str) -> tuple[str, str, str]:
    """A change that declares more facts."""
    return (FACTS, "derived:\n  training_hours", f"{_indented(lines)}derived:\n  training_hours")


def with_derived(lines: str) -> tuple[str, str, str]:
    """A change that derives more facts."""
    return (FACTS, "tables:\n", f"{_indented(lines)}tables:\n")


def with_tables(lines: str) -> tuple[str, str, str]:
    """A change that adds tables."""
    return (FACTS, "tables:\n", f"tables:\n{_indented(lines)}")


def _indented(lines: str) -> str:
    return "".join(f"  {line}\n" for line in lines.strip().splitlines())
