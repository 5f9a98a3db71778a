"""Test files: the folder `tests/` of a policy folder in; every policy test, or every problem of all files,
out."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from service.errors import PolicyError, Position, Problem
from service.policy.model import PolicySet
from service.policy.reader import Fields, Report
from service.policy.source import MapNode, Source, read_source
from service.simulate.cases import Setting, cases_of_table, day_of, read_case
from service.simulate.model import PolicyTest
from service.simulate.people import People
from service.simulate.told import Telling

FOLDER = "tests"
FILE = ("about", "as_of", "submitted_on", "given", "to", "people", "cases", "tables")
_FOR_ALL = ("given", "to")
MOST_READ = 64 * 1024 * 1024  #: bytes of one file; `policy.source` refuses far less, but says how large it is


def load_tests(folder: Path, policies: PolicySet) -> tuple[PolicyTest, ...]:
    """The tests that lie in a policy folder, by file and line; none when there is no folder `tests`.

    Raises:
        PolicyError: something is wrong; it holds all problems of all test files.
    """
    files, problems = {}, []
    root = folder.resolve()
    for path in sorted((folder / FOLDER).rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if path.suffix == ".yml":
            problems.append(
                _problem(name, "this file ends in `.yml` and is not read; rename it to end in `.yaml`")
            )
        elif path.suffix == ".yaml" and not path.resolve().is_relative_to(root):
            problems.append(
                _problem(name, "this link leads out of the policy folder; put the file itself here")
            )
        elif path.suffix == ".yaml":
            try:
                with path.open("rb") as file:
                    files[name] = file.read(MOST_READ)
            except OSError as error:
                reason = f"this file cannot be read ({error.strerror}); check who may read it"
                problems.append(_problem(name, reason))
    return read_tests(files, policies, problems)


def _problem(name: str, message: str) -> Problem:
    return Problem(Position(name, 1, 1), message)


def read_tests(
    files: Mapping[str, bytes], policies: PolicySet, problems: list[Problem] | None = None
) -> tuple[PolicyTest, ...]:
    """The tests in files that were read already: content by path, relative to the policy folder.

    Raises:
        PolicyError: something is wrong; it holds all problems of all files.
    """
    report = Report()
    report.problems.extend(problems or ())
    telling = Telling(policies.vocabulary, policies.derived, report)
    tests: list[PolicyTest] = []
    for name in sorted(files):
        source, node, found = read_source(name, files[name])
        report.add_source(source, found)
        if node is not None:
            lines = Fields.of(node, report, "a test file", FILE, "as_of: 2027-01-01")
            tests += [] if lines is None else _tests_of(lines, source, policies, telling)
    if report.problems:
        raise PolicyError(report.problems)
    return tuple(tests)


def _tests_of(lines: Fields, source: Source, policies: PolicySet, telling: Telling) -> list[PolicyTest]:
    report = telling.report
    lines.text("about")
    as_of = day_of(lines, "as_of", "as_of: 2027-01-01")
    submitted_on = day_of(lines, "submitted_on")
    strange = [name for name in lines.node.entries if name not in FILE]
    whole = "people" in lines or not get_close_matches("people", strange)
    people = People(lines.get("people"), telling, whole=whole and source.file not in report.damaged)
    people.read_all()
    if "cases" not in lines and "tables" not in lines:
        report.missing(
            lines.node, "a test file needs `cases` or `tables`; add `cases:` with one case below it"
        )
    cases, tables = lines.items("cases"), lines.items("tables")
    if as_of is None:
        return []
    setting = Setting(
        policies=policies, telling=telling, people=people, source=source,
        as_of=as_of, submitted_on=submitted_on,
        shared={name: lines.node.entries[name] for name in _FOR_ALL if name in lines},
    )  # fmt: skip
    tests: list[PolicyTest] = []
    names: dict[str, int] = {}
    for node in (*cases, *(row for table in tables for row in cases_of_table(table, setting))):
        own = read_case(node, setting)
        earlier = next((names[test.name] for test in own if test.name in names), None)
        if earlier is not None:
            message = f"a case of this name stands on line {earlier} already; give each its own name"
            report.at(node.entries["case"].value if isinstance(node, MapNode) else node, message)
        names.update((test.name, test.place.line) for test in own if test.name not in names)
        tests += own
    return sorted(tests, key=lambda test: test.place.line)
