"""The house's own rules: what a reader may rely on in every file, since nobody rereads them all."""

from __future__ import annotations

import ast
import doctest
import importlib
import os
import re
import subprocess
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
SERVICE_MODULES = sorted((HOUSE / "service").rglob("*.py"))
ALL_MODULES = sorted(path for room in ("service", "tests", "bench") for path in (HOUSE / room).rglob("*.py"))
TEST_MODULES = sorted((HOUSE / "tests").rglob("*.py"))
PINS = sorted((HOUSE / "requirements").glob("*.txt"))
REQUIREMENT_FILES = sorted((HOUSE / "requirements").glob("*.*"))

NAMES_WITHOUT_A_NOUN = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "base",
    "misc",
    "shared",
    "core",
    "lib",
}
SUPPRESSION = re.compile(
    r"type: ignore(?P<code>\[[\w\-, ]+\])?|noqa(?P<rule>: [A-Z]+\d+(,\s*[A-Z]+\d+)*)?", re.I
)


def shown(path: Path) -> str:
    """A path as people name it: from the top of the house."""
    return path.relative_to(HOUSE).as_posix()


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Every comment of a module with its line; text in strings is none."""
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def suppressions_without_reason(path: Path) -> list[str]:
    """Places where a check is switched off without saying which one and why."""
    places = []
    for line, comment in comments(path):
        found = list(SUPPRESSION.finditer(comment))
        if not found:
            continue
        names_the_check = all(match["code"] or match["rule"] for match in found)
        reason = SUPPRESSION.sub("", comment)
        if not names_the_check or len(re.findall(r"\w+", reason)) < 2:
            places.append(f"{shown(path)}:{line}: {comment}")
    return places


def pinned(text: str) -> dict[str, list[str]]:
    """Each requirement of a pin file (`name==version`) with its hashes."""
    requirements: dict[str, list[str]] = {}
    name = ""
    for line in text.replace(" \\", "").splitlines():
        if line.startswith("    --hash="):
            requirements[name].append(line.strip())
        elif line:
            name = line
            requirements[name] = []
    return requirements


def test_the_house_is_where_these_tests_look() -> None:
    """Each rule below passes over an empty list, so the lists must not be empty."""
    assert len(SERVICE_MODULES) > 5
    assert len(TEST_MODULES) > 1
    assert [path.name for path in PINS] == ["build.txt", "dev.txt", "run.txt"]


def test_no_module_is_longer_than_400_lines() -> None:
    """A module is read in one sitting; a longer one holds two subjects."""
    lines = {shown(path): len(path.read_text("utf-8").splitlines()) for path in SERVICE_MODULES}
    assert {path: count for path, count in lines.items() if count > 400} == {}


def test_every_module_is_named_by_a_noun_of_the_business() -> None:
    """`utils` is where things go that nobody will find again."""
    paths = [path.relative_to(HOUSE).with_suffix("") for path in SERVICE_MODULES]
    assert [str(path) for path in paths if NAMES_WITHOUT_A_NOUN & set(path.parts)] == []


def test_every_module_opens_by_saying_what_it_is() -> None:
    """A newcomer decides by the first lines whether to read on."""
    silent = [
        shown(path) for path in ALL_MODULES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_every_test_says_why_its_behaviour_is_right() -> None:
    """A test that fails years later is judged by its reason, not by its code."""
    silent = [
        f"{shown(path)}:{node.lineno}: {node.name}"
        for path in TEST_MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_a_check_is_switched_off_only_by_name_and_with_a_reason() -> None:
    """A bare suppression hides the next mistake on its line too."""
    assert [place for path in ALL_MODULES for place in suppressions_without_reason(path)] == []


@pytest.mark.parametrize(
    ("comment", "accepted"),
    [
        ("# noqa: S603 - the command is ours, word for word", True),
        ("# type: ignore[attr-defined]  # the stub forgets this function", True),
        ("# type: ignore[misc]  # noqa: B009 - the stub and the linter both miss the slot", True),
        ("# one fact at a time", True),
        ("# noqa: S603", False),
        ("# noqa - the command is ours", False),
        ("# type: ignore[attr-defined]", False),
        ("# type: ignore  # the stub forgets this function", False),
        ("# type: ignore[misc]  # noqa - two checks and only one of them named", False),
    ],
)
def test_a_suppression_is_recognised(
    comment: str, accepted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule above must see a bare suppression when there is one."""
    monkeypatch.setattr("tests.test_house.HOUSE", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(f"x = 1  {comment}\n", "utf-8")
    assert bool(suppressions_without_reason(module)) is not accepted


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    """What is not run proves nothing: a missing tool is installed by `.ci/run`, never stepped around."""
    stepped_around = re.compile(r"pytest\.(?:mark\.)?(?:skip|skipif|importorskip|xfail)\b")
    places = [
        f"{shown(path)}:{number}"
        for path in TEST_MODULES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if stepped_around.search(line)
    ]
    assert places == []


@pytest.mark.parametrize(
    "module",
    [
        ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__")
        for path in SERVICE_MODULES
        if re.search(r"^\s+>>> ", path.read_text("utf-8"), re.M)
    ],
)
def test_the_examples_in_docstrings_are_true(module: str) -> None:
    """An example is the first thing that is copied."""
    outcome = doctest.testmod(importlib.import_module(module))
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_hashes(path: Path) -> None:
    """What was tested is what is installed, whatever an index says later."""
    requirements = pinned(path.read_text("utf-8"))
    assert len(requirements) >= 2
    loose = [name for name in requirements if not re.fullmatch(r"[a-z0-9][a-z0-9.\-]*==[\w.]+", name)]
    assert loose == []
    assert [name for name, hashes in requirements.items() if not hashes] == []


@pytest.mark.parametrize("path", REQUIREMENT_FILES, ids=lambda path: path.name)
def test_a_requirement_file_names_no_place(path: Path) -> None:
    """Where packages come from is each machine's own affair, and differs between machines."""
    text = path.read_text("utf-8")
    assert re.findall(r"://|-url\b|--(?:find-links|trusted-host|no-index)|^-[if] |@ *file", text, re.M) == []


def test_what_the_tests_install_is_what_the_service_runs_with() -> None:
    """Otherwise the tests would prove other versions than those that are served."""
    run, dev = (pinned((HOUSE / "requirements" / name).read_text("utf-8")) for name in ("run.txt", "dev.txt"))
    assert run.items() <= dev.items()


def test_every_wanted_package_is_pinned() -> None:
    """A name added to an `.in` file without `make pins` would be missing on every other machine."""
    for name in ("build", "run", "dev"):
        wanted = {
            re.split(r"[=<>\[]", line)[0].strip().lower()
            for line in (HOUSE / "requirements" / f"{name}.in").read_text("utf-8").splitlines()
            if line and line[0] not in "#-"
        }
        pins = pinned((HOUSE / "requirements" / f"{name}.txt").read_text("utf-8"))
        assert wanted - {pin.split("==")[0] for pin in pins} == set()


def test_every_target_of_the_makefile_explains_itself() -> None:
    """`make` alone must be enough to find one's way."""
    makefile = (HOUSE / "Makefile").read_text("utf-8")
    promised = re.search(r"^\.PHONY: (help .*)$", makefile, re.M)
    assert promised
    explained = re.findall(r"^([a-z-]+):.*## \w", makefile, re.M)
    assert sorted(explained) == sorted(promised[1].split())


def test_the_layer_contract_names_every_room() -> None:
    """A package beside the layers would be free to import anything."""
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {room.strip("() ") for layer in layers for room in layer.split("|")}
    rooms = {path.relative_to(HOUSE / "service").parts[0] for path in SERVICE_MODULES}
    assert {room.removesuffix(".py") for room in rooms} - named == {"__init__"}


def test_every_room_is_a_package() -> None:
    """The layer contract does not see a folder without `__init__.py`."""
    folders = {path.parent for path in SERVICE_MODULES}
    assert [shown(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 127", "it does not start"),
        ("case $1 in --version) ;; *) echo 'it is Python 3.10' >&2; exit 1 ;; esac", "it is Python 3.10"),
    ],
)
def test_an_unsuitable_python_is_refused_with_the_remedy(script: str, reason: str, tmp_path: Path) -> None:
    """The set-up is the first thing anyone sees; a stack trace there ends the visit."""
    python = tmp_path / "python with a space"
    python.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    python.chmod(0o755)
    refused = subprocess.run(
        [HOUSE / "requirements" / "install", "python"],
        env={**os.environ, "PYTHON": str(python)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert f"{python}: {reason}" in refused.stderr
    assert "make setup PYTHON=" in refused.stderr


def test_the_architecture_names_every_package_and_only_files_that_exist() -> None:
    """A map that shows rooms that are not there, or leaves some out, is worse than none."""
    text = (HOUSE / "docs" / "architecture.md").read_text()
    packages = {path.parent.name for path in (HOUSE / "service").glob("*/__init__.py")}
    assert {name for name in packages if f"`service/{name}`" not in text} == set()
    named = re.findall(r"`(?:service/)?((?:\w+/)+\w+\.py)`", text)
    assert named
    assert [name for name in named if not any((HOUSE / at / name).exists() for at in (".", "service"))] == []
