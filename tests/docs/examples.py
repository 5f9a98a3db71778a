"""The examples of a page of the documentation: Markdown in; marked blocks with what is said of them, out.

An example is a line `<!-- kind -->`, the block of YAML below it, the sentences below that (`> …`), and a
table of cases where there is one. All examples of a page make one policy folder (`Folder`): facts go into its
`facts.yaml`, and every condition becomes a level of its own in the track `examples`. Holds no tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import indent
from typing import Any

from service.policy.condition import Derived
from service.policy.load import load_files
from service.policy.model import PolicySet, Requirement

DOCS = Path(__file__).parents[2] / "docs"
TRACK = "examples"
_HEAD = (
    f"track: {TRACK}\ntitle: Examples\nkind: craft\nin_force: {{from: 2026-01-01}}\nlevels:\n"
    "  - {level: nothing-asked, title: Nothing asked, grade: 1}\n"
)
_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- (?P<kind>[^>]+) -->\n\Z")
_SAID = re.compile(r"\A\n(?P<said>(?:> .*\n)+)(?P<rest>)")
_CASES = re.compile(r"\A\n\| told \| as of \| finding \|\n\|[-|]+\|\n(?P<rows>(?:\|.*\|\n)+)")


@dataclass(frozen=True, slots=True)
class Told:
    """A row of a table of cases: what is told of a person, the day, and the result to be found."""

    facts: dict[str, Any]
    as_of: str
    finding: str


@dataclass(frozen=True, slots=True)
class Example:
    """One block of a page."""

    line: int  #: of the page, on which the block begins
    language: str
    kind: str  #: "" for a block that is not marked
    text: str
    said: tuple[str, ...] = ()
    cases: tuple[Told, ...] = ()

    @property
    def level(self) -> str:
        """The level of the track `examples` that asks for it."""
        return f"line-{self.line}"


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def examples_of(name: str) -> list[Example]:
    """Every block of a page, marked or not."""
    return list(_examples(page(name)))


def _examples(text: str) -> Iterator[Example]:
    for block in _BLOCK.finditer(text):
        mark, rest = _MARK.search(text, 0, block.start()), text[block.end() :]
        said, cases = _SAID.match(rest), None
        if said:
            cases = _CASES.match(rest, said.end()) or _CASES.match(rest[said.end() :])
        yield Example(
            line=text.count("\n", 0, block.start()) + 1,
            language=block["language"],
            kind=mark["kind"] if mark else "",
            text=block["text"],
            said=tuple(line[2:] for line in said["said"].splitlines()) if said else (),
            cases=tuple(_case(row) for row in cases["rows"].splitlines()) if cases else (),
        )


def _case(row: str) -> Told:
    told, as_of, finding = (cell.strip() for cell in row.strip("|").split(" | "))
    return Told(json.loads(told.strip("`")), as_of, finding)


def rows_below(name: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a line of a page that begins so."""
    lines = iter(page(name).splitlines())
    for line in lines:
        if line.startswith(heading):
            break
    rows: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


class Folder:
    """All examples of a page as one policy folder."""

    def __init__(self, examples: list[Example]) -> None:
        self.examples = examples

    def of_kind(self, *kinds: str) -> list[Example]:
        return [example for example in self.examples if example.kind in kinds]

    def files(self, *more: Example) -> dict[str, bytes]:
        """The files of the folder, with examples that are otherwise left out."""
        files = {example.kind: example.text for example in self.examples if "/" in example.kind}
        files["facts.yaml"] = _merged([*self.of_kind("facts.yaml", "derived"), *more])
        levels = [_level(each) for each in [*self.of_kind("condition", "requirement"), *more]]
        files[f"tracks/{TRACK}/2026-01-01.yaml"] = _HEAD + "".join(levels)
        return {name: text.encode() for name, text in files.items()}

    @cached_property
    def policies(self) -> PolicySet:
        return load_files(self.files())

    def requirement(self, example: Example) -> Requirement:
        """What an example asks for, as it was read."""
        level = self.policies.tracks[TRACK][0].level(example.level)
        assert level is not None
        return level.requires[1]

    def derived(self, example: Example) -> Derived:
        """The one derived fact of an example."""
        (name,) = re.findall(r"^  (\w+):", example.text, re.MULTILINE)
        return self.policies.derived[name]


def _level(example: Example) -> str:
    if example.kind in ("condition", "refused"):
        asked = f"- id: example\n  text: An example\n  condition:\n{indent(example.text, '    ')}"
    elif example.kind == "requirement":
        asked = f"- {indent(example.text, '  ').lstrip()}"
    else:
        return ""
    start = f"  - level: {example.level}\n    title: Line {example.line}\n    grade: 5\n"
    return f"{start}    enter_from: anyone\n    requires:\n{indent(asked, '      ')}"


def _merged(examples: list[Example]) -> str:
    """Several pieces of `facts.yaml` as one: what stands below the same section, together."""
    sections: dict[str, list[str]] = {}
    for example in examples:
        section = ""
        for line in example.text.splitlines(keepends=True):
            if line[0].isalpha() and example.kind not in ("condition", "refused", "requirement"):
                section = line
                sections.setdefault(section, [])
            elif section:
                sections[section].append(line)
    return "".join(head + "".join(lines) for head, lines in sections.items())
