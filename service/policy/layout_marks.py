"""What a policy file holds besides its tree: where each text ends, and every note.

A tree and the text it was read from go in. A note is what YAML calls a comment; a `#` inside a text begins
none, so the texts are followed to their ends first. Knows nothing of layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from service.policy.source import ListNode, Node, Source, TextNode

_HEADER = re.compile(r"[|>][-+0-9]*")


@dataclass(frozen=True, slots=True)
class Note:
    """A note from its `#` to the end of its line; `alone`: nothing else stands on that line."""

    line: int
    column: int
    text: str
    alone: bool


class Written(NamedTuple):
    """A text as it was written: its lines, the first without what stands before it; and its last line."""

    pieces: tuple[str, ...]
    end: int
    block: bool = False  #: after `|` or `>`, which is the first piece


class Marks:
    """Texts and notes of one file whose tree has no problems."""

    def __init__(self, source: Source, root: Node) -> None:
        self._lines = source.lines
        self._covered: dict[int, list[range]] = {}  # columns of texts, by line
        self._texts = {id(text): (text, self._follow(text, parent)) for text, parent in _texts(root, 0)}
        self.notes = tuple(self._found())

    def text(self, node: TextNode) -> Written:
        """How a text was written."""
        return self._texts[id(node)][1]

    def in_brackets(self, node: Node) -> bool:
        """Whether a list or lines were written in brackets or braces."""
        return self._lines[node.span.line - 1][node.span.column - 1] in "[{" and not isinstance(
            node, TextNode
        )

    def end_of_brackets(self, node: Node) -> int:
        """The line of the bracket or brace that closes the one at which a node begins."""
        depth = 0
        for line in range(node.span.line, len(self._lines) + 1):
            for column, character in self._bare(line):
                if line > node.span.line or column >= node.span.column:
                    depth += (character in "[{") - (character in "]}")
                    if depth == 0:
                        return line
        return node.span.line

    # ── texts ───────────────────────────────────────────────────────────────────────────────────────────────

    def _follow(self, text: TextNode, parent: int) -> Written:
        line, column = text.span.line, text.span.column
        rest = self._lines[line - 1][column - 1 :]
        if not text.value and not text.quoted:
            return Written(("",), line)
        if text.quoted and rest[0] in "\"'":
            return self._quoted(line, column, rest[0])
        if text.quoted:
            return self._block(line, column, parent)
        if rest.startswith(text.value):
            self._cover(line, column, len(text.value))
            return Written((text.value,), line)
        return self._plain(line, column, text.value)

    def _quoted(self, line: int, column: int, mark: str) -> Written:
        pieces: list[str] = []
        start, at = column - 1, column
        while True:
            content = self._lines[line - 1]
            while at < len(content) and content[at] != mark:
                at += 2 if mark == '"' and content[at] == "\\" else 1
            if at < len(content) and content[at : at + 2] == "''" and mark == "'":
                at += 2
                continue
            pieces.append(content[start : at + 1])
            self._cover(line, start + 1, len(pieces[-1]))
            if at < len(content):
                return Written((pieces[0], *(piece.strip() for piece in pieces[1:])), line)
            line, start, at = line + 1, 0, 0

    def _plain(self, line: int, column: int, value: str) -> Written:
        """A text without quotes on several lines; line ends became spaces, empty lines line ends."""
        pieces = [self._lines[line - 1][column - 1 :].rstrip()]
        self._cover(line, column, len(pieces[0]))
        rest = value[len(pieces[0]) :].lstrip()
        while rest:
            line += 1
            content = self._lines[line - 1].strip()
            piece = rest if content.startswith(rest) else content
            self._cover(line, self._lines[line - 1].find(content) + 1, len(piece))
            pieces.append(piece)
            rest = rest[len(piece) :].lstrip()
        return Written(tuple(pieces), line)

    def _block(self, line: int, column: int, parent: int) -> Written:
        header = _HEADER.match(self._lines[line - 1], column - 1)
        first = header[0] if header else "|"
        self._cover(line, column, len(first))
        end = line
        while end < len(self._lines) and (
            not self._lines[end].strip() or len(self._lines[end]) - len(self._lines[end].lstrip()) >= parent
        ):
            end += 1
        while end > line and not self._lines[end - 1].strip() and "+" not in first:
            end -= 1
        content = self._lines[line:end]
        for offset, each in enumerate(content):
            self._cover(line + 1 + offset, 1, len(each))
        return Written((first, *content), end, block=True)

    def _cover(self, line: int, column: int, width: int) -> None:
        self._covered.setdefault(line, []).append(range(column, column + width))

    # ── notes ───────────────────────────────────────────────────────────────────────────────────────────────

    def _found(self) -> Iterator[Note]:
        for line in range(1, len(self._lines) + 1):
            content = self._lines[line - 1]
            for column, character in self._bare(line, notes=True):
                if character == "#":
                    before = content[: column - 1]
                    yield Note(line, column, content[column - 1 :].rstrip(), not before.strip())

    def _bare(self, line: int, *, notes: bool = False) -> Iterator[tuple[int, str]]:
        """The characters of a line that belong to no text; a note ends them, itself included with `notes`."""
        content, covered = self._lines[line - 1], self._covered.get(line, ())
        for column, character in enumerate(content, 1):
            if any(column in each for each in covered):
                continue
            is_note = character == "#" and (column == 1 or content[column - 2] in " \t")
            if notes or not is_note:
                yield column, character
            if is_note:
                return


def _texts(node: Node, parent: int) -> Iterator[tuple[TextNode, int]]:
    """Every text of a tree with the column of the line it belongs to; 0 at the top."""
    if isinstance(node, TextNode):
        yield node, parent
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _texts(item, node.span.column)
    else:
        for entry in node.entries.values():
            yield entry.key, parent
            yield from _texts(entry.value, entry.key.span.column)
