"""The layout of policy files: what it looks like, and that nothing a file says is ever lost to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.policy.layout import laid_out
from service.policy.load import load_files
from service.policy.source import read_source
from tests.policy.folders import BASE, loaded

HOUSE = Path(__file__).parents[2]
CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "layout" / "cases.yaml").read_text("utf-8")
)
BUNDLED = {
    path.relative_to(HOUSE / "policies").as_posix(): path.read_text("utf-8")
    for path in sorted((HOUSE / "policies").rglob("*.yaml"))
}

SHORT = {name: text for name, text in BUNDLED.items() if len(text) < 6_000}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_file_gets_the_layout_that_people_agreed_on(case: dict[str, Any]) -> None:
    """Each case is read by people as it stands in its file."""
    found = laid_out(case["file"], case["before"].encode())
    assert found == case.get("after", case["before"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_layout_has_itself_as_its_layout(case: dict[str, Any]) -> None:
    """Otherwise two people would change the same lines for ever."""
    after = case.get("after", case["before"])
    assert laid_out(case["file"], after.encode()) == after


@pytest.mark.parametrize("file", BUNDLED)
def test_the_bundled_policies_have_the_layout(file: str) -> None:
    """They are the example that everybody copies."""
    assert laid_out(file, BUNDLED[file].encode()) == BUNDLED[file]


def test_files_end_with_one_line_end_and_no_line_with_spaces() -> None:
    """What nobody sees makes differences that nobody understands."""
    text = laid_out("facts.yaml", b"facts:   \r\n  a: {type: yes_no}  \r\n  \r\n\r\n  b: {type: date}")
    assert text == "facts:\n  a: {type: yes_no}\n\n  b: {type: date}\n"


@pytest.mark.parametrize(
    "content", [b"", b"a: [", b"\ta: b", b"a: b: c", b"just a text", b"a: b\na: c", b"\xff"]
)
def test_a_file_that_cannot_be_read_is_left_alone(content: bytes) -> None:
    """What cannot be understood cannot be laid out."""
    assert laid_out("facts.yaml", content) is None


# ── whatever was written ──────────────────────────────────────────────────────────────────────────────


def untidied(data: st.DataObject, text: str) -> str:
    """The same lines with other indentation, spaces, empty lines and notes."""
    lines: list[str] = []
    step = data.draw(st.sampled_from([1, 2, 3, 4]))
    for line in text.splitlines():
        stripped = line.lstrip(" ")
        indent = " " * ((len(line) - len(stripped)) * step)
        if data.draw(st.integers(0, 9)) == 0:
            lines.append(data.draw(st.sampled_from(["", " ", "# a note", "    # another", "#"])))
        if stripped.endswith("}") and data.draw(st.integers(0, 3)) == 0:
            stripped = stripped.replace(", ", data.draw(st.sampled_from([",", " , ", ",  "])))
        if stripped and not stripped.startswith("#") and data.draw(st.integers(0, 9)) == 0:
            stripped += data.draw(st.sampled_from([" # behind", "   ", "  #"]))
        lines.append(f"{indent}{stripped}")
    return "\n".join(lines) + data.draw(st.sampled_from(["", "\n", "\n\n# the end\n"]))


def said(content: str) -> object:
    _, node, problems = read_source("facts.yaml", content.encode())
    return None if problems or node is None else plainly(node)


def plainly(node: Any) -> object:
    if hasattr(node, "value"):
        return node.value
    if hasattr(node, "items"):
        return [plainly(item) for item in node.items]
    return {name: plainly(entry.value) for name, entry in node.entries.items()}


def notes_of(text: str) -> list[str]:
    """Notes as a reader sees them; the texts used here hold no other `#`."""
    return sorted(match[1].rstrip() for match in re.finditer(r"(?m)(?:^|(?<=\s))(#.*)$", text))


@given(st.data())
def test_nothing_that_a_file_says_is_lost_to_its_layout(data: st.DataObject) -> None:
    """Every word and every note is there afterwards, and laying it out again changes nothing."""
    name, text = data.draw(st.sampled_from([*BASE.items(), *SHORT.items()]))
    untidy = untidied(data, text)
    told = said(untidy)
    if told is None:
        return  # a note in the wrong place, which the reader refuses
    found = laid_out(name, untidy.encode())
    assert found is not None
    assert said(found) == told
    assert notes_of(found) == notes_of(untidy)
    assert laid_out(name, found.encode()) == found


@given(st.data())
def test_a_policy_means_the_same_in_any_layout(data: st.DataObject) -> None:
    """The digest names the meaning; a layout that changed it would need a new version."""
    files = {name: untidied(data, text) for name, text in BASE.items()}
    if any(said(text) is None for text in files.values()):
        return
    after = {name: (laid_out(name, text.encode()) or "").encode() for name, text in files.items()}
    assert load_files(after).digest == loaded(BASE).digest


@given(st.data())
def test_moving_pieces_about_never_breaks_the_layout(data: st.DataObject) -> None:
    """Whatever YAML the reader accepts, however odd: the layout keeps it, or leaves the file alone."""
    name = data.draw(st.sampled_from(sorted(BASE)))
    text = BASE[name]
    for _ in range(data.draw(st.integers(1, 3))):
        at, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
        piece = data.draw(
            st.sampled_from(["\n", " ", "# n\n", " # n\n", "[", "]", "'", '"', "|\n", "- ", ": ", ","])
        )
        text = text[:at] + piece + text[min(end, at + data.draw(st.integers(0, 5))) :]
    found = laid_out(name, text.encode())
    if found is not None:
        assert said(found) == said(text)
        assert laid_out(name, found.encode()) == found
