"""The characters of a policy file: bytes in; its text, and every character that people cannot see, out.

A file must read the same to people and machines, so tabs and non-breaking spaces before a line's text,
control characters and characters without width are refused. Knows nothing of YAML beyond indentation.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator

from service.errors import Problem
from service.policy.span import Source

MOST_BYTES = 1_048_576  #: of one file: 1 MiB

# The joiners U+200C and U+200D and the direction marks U+200E and U+200F are left in: names need them.
_UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters; the tab has its own message
    r"\xad\u200b\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    r"\ufffe\uffff"  # characters without width, and those that turn the text around
)
_UNREADABLE = re.compile(rf"([{_UNSEEN}\ufffd])\1*")
_BEFORE_TEXT = re.compile(r"(?:\s|[-?](?=\s))*")
_TABS = re.compile(r"\t+")
_WIDE_SPACES = re.compile(r"[^\S \t]+")


def read_text(file: str, content: bytes) -> tuple[Source, list[Problem]]:
    """The text of a file, and every problem with its characters; with a problem, it is not fit for YAML."""
    if len(content) > MOST_BYTES:
        size = f"{len(content) / 1_000_000:.1f} MB, and the most is 1 MiB ({MOST_BYTES:,} bytes)"
        return _not_text(file, f"this file holds {size}; split it into several files")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or content.count(0) * 3 > len(content):
        return _not_text(file, "this file is not saved as UTF-8; save it again with the encoding UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        source = Source.of(file, _with_plain_line_ends(content.decode("utf-8")))
    except UnicodeDecodeError as wrong:
        source = Source.of(file, _with_plain_line_ends(content.decode("utf-8", errors="replace")))
        before = _with_plain_line_ends(content[: wrong.start].decode("utf-8")).split("\n")
        message = "this character is not saved as UTF-8; save the file again with the encoding UTF-8"
        return source, [source.problem(source.span(len(before), len(before[-1]) + 1), message)]
    return source, [*_indented_oddly(source), *_unreadable(source)]


def unreadable(text: str) -> str | None:
    """What to say of the first character of `text` that nobody can see; tabs and line ends are fine."""
    found = _UNREADABLE.search(text)
    return _described(found[1]) if found else None


def _not_text(file: str, message: str) -> tuple[Source, list[Problem]]:
    source = Source.of(file, "")
    return source, [source.problem(source.span(1, 1), message)]


def _with_plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n")


def _indented_oddly(source: Source) -> Iterator[Problem]:
    for number, line in enumerate(source.lines, start=1):
        before = _BEFORE_TEXT.match(line)
        indentation = _UNREADABLE.sub(lambda run: " " * len(run[0]), before[0]) if before else ""
        for run in _TABS.finditer(indentation):
            span = source.span(number, run.start() + 1, len(run[0]))
            yield source.problem(span, "a tab stands before the text of this line; use spaces instead")
        for run in _WIDE_SPACES.finditer(indentation):
            span = source.span(number, run.start() + 1, len(run[0]))
            name = _name(run[0][0])
            message = f"this is not an ordinary space ({name}); type it again with the space bar"
            yield source.problem(span, message)


def _unreadable(source: Source) -> Iterator[Problem]:
    for number, line in enumerate(source.lines, start=1):
        for run in _UNREADABLE.finditer(line):
            yield source.problem(source.span(number, run.start() + 1, len(run[0])), _described(run[1]))


def _described(character: str) -> str:
    if character == "\ufffd":
        return "a letter was lost here when the file was saved; type it again"
    if character == "\r":
        return "a stray line end stands inside this line; delete it or begin a new line here"
    return f"an invisible character stands here ({_name(character)}); delete it"


def _name(character: str) -> str:
    name = unicodedata.name(character, "").lower().replace("no-break", "non-breaking")
    return f"U+{ord(character):04X}, {name}" if name else f"U+{ord(character):04X}"
