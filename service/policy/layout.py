"""The layout of policy files: a file in; the same file as everybody writes it, with all of its notes, out.

Two spaces further for everything that belongs to something, one empty line at most, the lines of levels and
requirements in one order, brackets on one line or none. What is said stays, to the letter: if it would not,
nothing is changed. Knows nothing of what the lines mean.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from service.policy import tracks
from service.policy.layout_marks import Marks, Note, Written
from service.policy.source import ListNode, MapNode, Node, Source, TextNode, read_source

WIDTH: Final = 110  #: up to which brackets that stand on several lines are put on one
STEP: Final = 2
_FAR: Final = 10**9  # right of every column

_FIRST = ("use", "id", "with", "params", "kind", "about", "text", "why", "source", "review_by")
_LAST = ("applies_when", "unless", "to_meet", "waiver")
_ORDER: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "track": (tracks.TRACK, ()), "level": (tracks.LEVEL, ()), "requirement": (_FIRST, _LAST),
}  # fmt: skip
_ROLES: Final[Mapping[tuple[str, str], str]] = {
    ("track", "levels"): "level", ("track", "at_every_level"): "requirement",
    ("level", "requires"): "requirement", ("shared", "requirements"): "requirement",
}  # fmt: skip


@dataclass(slots=True)
class Part:
    """One entry of a list or of lines, with the notes and empty lines before it."""

    before: list[str]
    key: str  #: "" in a list
    value: Written | str | Block  #: a text, something in brackets, or more entries
    note: str  #: behind it, on its line


@dataclass(slots=True)
class Block:
    """Entries that stand below each other, and the notes after the last one."""

    parts: list[Part]
    after: list[str]


def laid_out(file: str, content: bytes) -> str | None:
    """A policy file in the common layout; None when that would lose or change anything it says.

    >>> print(laid_out("facts.yaml", b"facts:\\n    wish: {type: yes_no,label: wish} # own"), end="")
    facts:
      wish: {type: yes_no, label: wish}  # own
    """
    source, root, problems = read_source(file, content)
    if problems or root is None or isinstance(root, TextNode):
        return None
    text = text_of(read_block(source, root))
    again, found, wrong = read_source(file, text.encode())
    if wrong or found is None or _said(found) != _said(root):
        return None
    return text if _notes(again, found) == _notes(source, root) else None


def read_block(source: Source, root: Node, opened: Iterable[Node] = ()) -> Block:
    """The entries of a whole file; `opened`: what gets lines of its own although it stands in brackets."""
    role = "track" if source.file.startswith("tracks/") else source.file.partition("/")[0]
    return _Reading(source, root, opened).block(root, role, 0)


def text_of(block: Block) -> str:
    """The text of a whole file."""
    lines = _lines(block, 0)
    while lines and not lines[0]:
        del lines[0]
    return "\n".join([*lines, ""])


def _notes(source: Source, root: Node) -> Counter[str]:
    return Counter(note.text for note in Marks(source, root).notes)


def _said(node: Node) -> object:
    """What a tree says, whatever the order of its lines; how a text is quoted is said too."""
    if isinstance(node, TextNode):
        return node.value, node.quoted
    if isinstance(node, ListNode):
        return [_said(item) for item in node.items]
    return {name: _said(entry.value) for name, entry in node.entries.items()}


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Reading:
    """Gives each entry of a file the notes that belong to it, in one pass from the top."""

    def __init__(self, source: Source, root: Node, opened: Iterable[Node] = ()) -> None:
        self._lines = source.lines
        self._opened = {id(node) for node in opened}  # what stands in brackets and gets lines of its own
        self._marks = Marks(source, root)
        self._notes = list(reversed(self._marks.notes))  # the next one last
        self._starts = list(
            _starts(root, self._marks)
        )  # line and column of every entry that has its own line
        self._line = 0  # what was read last

    def block(self, node: Node, role: str, indent: int, end: int = 0) -> Block:
        """The entries of a list or of lines; `end`: the line of the bracket that closes them."""
        column = node.span.column
        parts = [self._part(key, value, role, indent) for key, value in _entries(node)]
        after = self._until(end + 1) if end else self._after(column)
        self._line = max(self._line, end)
        names = [part.key for part in parts]
        return Block([parts[at] for at in _ordered(names, role)], after)

    def _part(self, key: TextNode | None, value: Node, role: str, indent: int) -> Part:
        start = value.span.line if key is None else key.span.line
        before = self._until(start) if start > self._line else []
        self._line = max(self._line, start)
        name = "" if key is None else self._marks.text(key).pieces[0]
        inner = role if key is None else _ROLES.get((role, name), "")
        if isinstance(value, TextNode):
            written = self._marks.text(value)
            self._line = written.end
            return Part(before, name, written, self._behind(start if written.block else written.end))
        if self._marks.in_brackets(value):
            return self._bracketed(before, name, value, inner, indent)
        note = "" if key is None else self._behind(start)
        return Part(before, name, self.block(value, inner, indent + STEP), note)

    def _bracketed(self, before: list[str], name: str, value: Node, role: str, indent: int) -> Part:
        start, end = value.span.line, self._marks.end_of_brackets(value)
        text = self._on_one_line(value, role)
        width = indent + len(name) + len(": ") + len(text)
        noted = bool(self._notes) and self._notes[-1].line < end
        fits = start == end or not list(_entries(value)) or (width <= WIDTH and not noted)
        if fits and id(value) not in self._opened:
            self._line = end
            return Part(before, name, text, self._behind(end))
        note = self._behind(start) if name else ""
        block = self.block(value, role, indent + STEP, end)
        return Part(before, name, block, note)

    def _on_one_line(self, node: Node, role: str) -> str:
        if isinstance(node, TextNode):
            written = self._marks.text(node)
            if len(written.pieces) == 1:
                return written.pieces[0]
            return json.dumps(node.value, ensure_ascii=False) if node.quoted else " ".join(written.pieces)
        if isinstance(node, ListNode):
            return f"[{', '.join(self._on_one_line(item, role) for item in node.items)}]"
        names = [self._marks.text(entry.key).pieces[0] for entry in node.entries.values()]
        values = [
            self._on_one_line(entry.value, _ROLES.get((role, name), ""))
            for name, entry in zip(names, node.entries.values(), strict=True)
        ]
        pairs = [f"{names[at]}: {values[at]}" for at in _ordered(names, role)]
        return f"{{{', '.join(pairs)}}}"

    def _until(self, line: int) -> list[str]:
        """The notes before a line that were not given to anything yet, and empty lines as one."""
        found: list[str] = []
        while self._notes and self._notes[-1].line < line:
            note = self._notes.pop()
            found += ["", note.text] if self._is_apart(note.line) else [note.text]
        return [*found, ""] if self._is_apart(line) else found

    def _after(self, column: int) -> list[str]:
        """The notes that stand at or right of a column, and right of whatever comes next."""
        at = bisect_right(self._starts, (self._line, _FAR))
        line, left = self._starts[at] if at < len(self._starts) else (len(self._lines) + 1, 0)
        found: list[str] = []
        while self._notes:
            note = self._notes[-1]
            if not (note.line < line and note.column >= column and note.column > left):
                break
            self._notes.pop()
            found += ["", note.text] if self._is_apart(note.line) else [note.text]
        return found

    def _behind(self, line: int) -> str:
        """The note behind something that ends on a line."""
        note = self._notes[-1] if self._notes else Note(0, 0, "", True)
        if note.line != line or note.alone:
            return ""
        return self._notes.pop().text

    def _is_apart(self, line: int) -> bool:
        return 1 < line <= len(self._lines) and not self._lines[line - 2].strip()


def _entries(node: Node) -> Iterator[tuple[TextNode | None, Node]]:
    if isinstance(node, ListNode):
        yield from ((None, item) for item in node.items)
    elif isinstance(node, MapNode):
        yield from ((entry.key, entry.value) for entry in node.entries.values())


def _starts(node: Node, marks: Marks) -> Iterator[tuple[int, int]]:
    """Where the entries begin that have lines of their own, from the top."""
    if isinstance(node, TextNode) or marks.in_brackets(node):
        return
    for key, value in _entries(node):
        yield (value.span.line if key is None else key.span.line), node.span.column
        yield from _starts(value, marks)


def _ordered(names: Iterable[str], role: str) -> list[int]:
    """The places of names in the order of their role; names without one keep theirs, in the middle."""
    first, last = _ORDER.get(role, ((), ()))
    rank = {name: at - len(first) for at, name in enumerate(first)} | {
        name: at + 1 for at, name in enumerate(last)
    }
    places = list(enumerate(names))
    return [at for at, _ in sorted(places, key=lambda place: rank.get(place[1], 0))]


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────


def _lines(block: Block, indent: int) -> list[str]:
    """The lines of a block; the first one of an entry may be taken up by the dash of a list."""
    pad = " " * indent
    found: list[str] = []
    for part in block.parts:
        found += [f"{pad}{each}" if each else "" for each in part.before]
        head = f"{pad}{part.key}:" if part.key else f"{pad}-"
        note = f"  {part.note}" if part.note else ""
        match part.value:
            case Block() if part.key:
                found += [f"{head}{note}", *_lines(part.value, indent + STEP)]
            case Block():
                found += _behind_dash(_lines(part.value, indent + STEP), pad, note)
            case Written(pieces=pieces, block=True):
                found += [f"{head} {pieces[0]}{note}", *_moved(pieces, indent)]
            case Written(pieces=pieces):
                lines = [
                    f"{head} {pieces[0]}".rstrip(),
                    *(f"{pad}  {piece}".rstrip() for piece in pieces[1:]),
                ]
                found += [*lines[:-1], f"{lines[-1]}{note}"]
            case text:
                found.append(f"{head} {text}{note}")
    return [*found, *(f"{pad}{each}" if each else "" for each in block.after)]


def _behind_dash(lines: list[str], pad: str, note: str) -> Iterator[str]:
    """The lines of an entry of a list: notes above the dash, and the first line behind it."""
    at = next(at for at, line in enumerate(lines) if line and not line.lstrip().startswith("#"))
    yield from (f"{pad}{line.strip()}" if line else "" for line in lines[:at])
    if note:
        yield f"{pad}{note.strip()}"
    yield f"{pad}- {lines[at].lstrip()}"
    yield from lines[at + 1 :]


def _moved(pieces: tuple[str, ...], indent: int) -> Iterator[str]:
    """The lines after `|` or `>`, as far in as their place asks for."""
    told = "".join(filter(str.isdigit, pieces[0]))
    content = [piece for piece in pieces[1:] if piece.strip()]
    own = min((len(piece) - len(piece.lstrip()) for piece in content), default=0)
    for piece in pieces[1:]:
        yield " " * (indent + int(told or STEP)) + piece[own:] if piece.strip() else ""
