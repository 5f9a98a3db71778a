"""Reports for machines: what a command looked at, and what came of it, goes in; annotations of a pull request
on GitHub, or a JUnit report, comes out.

`ladders check`, `ladders lint` and `ladders test` say what they found as `Entry`; both forms are made of
these. Places are those of the policy folder: an annotation needs them as the repository names them, a report
as they can be opened from where the command was called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from service.cli.whereabouts import in_repository, opened
from service.errors import Problem

Mark = Literal["error", "warning", "notice"]
State = Literal["passed", "failure", "error", "skipped"]

REPORTS = ("github", "junit")  #: the forms that reports have

#: Characters that XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was looked at."""

    name: str
    file: str  #: in the policy folder; empty: of no file
    line: int = 0
    column: int = 0
    of: str = ""  #: what it is about; without it, its file
    state: State = "passed"  #: for a build server
    mark: Mark | None = None  #: for a pull request
    marked_line: int = 0  #: the line to mark, where it is another one than `line`
    title: str = ""  #: of the mark
    said: str = ""  #: in one line
    details: str = ""  #: in several


def listed(problems: Iterable[Problem]) -> list[dict[str, str | int]]:
    """Problems as JSON has them."""
    return [
        {
            "file": problem.where.file, "line": problem.where.line, "column": problem.where.column,
            "message": problem.message, "excerpt": problem.excerpt, "width": problem.width,
        }
        for problem in problems
    ]  # fmt: skip


def entries_of(problems: Iterable[Problem], warnings: Iterable[Problem] = ()) -> Iterator[Entry]:
    """Problems of policy files, which fail, and warnings, which do not."""
    found = [*((each, True) for each in problems), *((each, False) for each in warnings)]
    for problem, fails in sorted(found, key=lambda each: each[0]):
        where, word = problem.where, "problem" if fails else "warning"
        yield Entry(
            name=f"{word} ({where.line}:{where.column})",
            file=where.file, line=where.line, column=where.column,
            state="failure" if fails else "passed",
            mark="error" if fails else "warning",
            said=problem.message,
        )  # fmt: skip


def report(form: str, entries: Iterable[Entry], folder: Path, *, command: str, nothing: str) -> str:
    """What was found, in the form that a machine asked for.

    Args:
        form: `github` or `junit`.
        entries: What was looked at; those of one file together.
        folder: The policy folder.
        command: Whose report it is.
        nothing: The name of the case that passes when there is no entry: an empty JUnit report reads like a
            run that broke off.
    """
    if form == "github":
        return "".join(f"{line}\n" for line in _marks(entries, folder))
    return _junit(entries, folder, command, nothing)


# ── annotations ─────────────────────────────────────────────────────────────────────────────────────────────


def _marks(entries: Iterable[Entry], folder: Path) -> Iterator[str]:
    """A line for each entry of this policy folder that is marked; GitHub shows it beside the line of the
    file."""
    place = in_repository(folder)
    for each in entries:
        if each.mark is not None:
            yield annotation(
                each.mark, each.details or each.said, file=opened(place, each.file) if each.file else "",
                line=each.marked_line or each.line, column=each.column, title=each.title,
            )  # fmt: skip


def annotation(
    mark: Mark, message: str, *, file: str = "", line: int = 0, column: int = 0, title: str = ""
) -> str:
    """One annotation; whatever the texts hold, it stays one line with these properties.

    >>> annotation("error", "50% of it\\nis wrong", file="policies/tests/a,b.yaml", line=3)
    '::error file=policies/tests/a%2Cb.yaml,line=3::50%25 of it%0Ais wrong'
    """
    told = {"file": file, "line": line or "", "col": column or "", "title": title}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in told.items() if value)
    return f"::{mark}{' ' if properties else ''}{properties}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


# ── JUnit ───────────────────────────────────────────────────────────────────────────────────────────────────


def _junit(entries: Iterable[Entry], folder: Path, command: str, nothing: str) -> str:
    """The report as build servers read it, a suite for each file."""
    root = Element("testsuites", name=command)
    everything = tuple(entries) or (Entry(name=nothing, file="", of=folder.as_posix()),)
    for _, group in groupby(everything, key=lambda each: each.file or each.name):
        cases = list(group)
        states = [each.state for each in cases]
        named = opened(folder, cases[0].file) if cases[0].file else cases[0].of or cases[0].name
        suite = SubElement(
            root, "testsuite", name=_xml(named), tests=str(len(cases)), failures=str(states.count("failure")),
            errors=str(states.count("error")), skipped=str(states.count("skipped")),
        )  # fmt: skip
        for each in cases:
            _case(suite, each, folder)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _case(suite: Element, entry: Entry, folder: Path) -> None:
    file = opened(folder, entry.file) if entry.file else ""
    case = SubElement(
        suite, "testcase", name=_xml(entry.name), classname=_xml(entry.of or file or entry.name)
    )
    if file:
        case.set("file", _xml(file))
        case.set("line", str(entry.line))
    if entry.state != "passed":
        SubElement(case, entry.state, message=_xml(entry.said)).text = _xml(entry.details) or None
    elif entry.said:
        SubElement(case, "system-out").text = _xml(entry.said)


def _xml(text: str) -> str:
    """A text without what XML cannot hold; quotes and brackets are escaped when it is written."""
    return _NOT_XML.sub("\ufffd", text)
