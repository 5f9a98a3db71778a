"""Policy files: YAML text in; plain texts, lists and maps, with the position of every one, out.

Every scalar stays the text that was written: `no`, `1.10` and `010` get their types from the vocabulary.
Whatever people and machines could read differently (copies, tags, a name that stands twice, text lost after
` #`) is refused. Knows nothing of rules or facts: `policy.schema` gives the tree its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import yaml

from service.errors import Problem
from service.policy.characters import read_text
from service.policy.complaints import Complaint, Surroundings, in_words
from service.policy.span import Source, Span
from service.policy.traps import Collection, Scalar, copy_or_tag, crammed, in_text, lost_note

__all__ = ["Entry", "ListNode", "MapNode", "Node", "Source", "Span", "TextNode", "read_source"]

MOST_LEVELS = 50  #: lists and maps inside each other
MOST_PROBLEMS = 100  #: reported for one file

_QUESTION = re.compile(r"\s+\?(?=[\s\[{,-]|$)")  # read backwards from a name
_NUMBER_AND_COMMA = re.compile(r"(?<![\d.,])(-?\d+),$", re.ASCII)
_COLON = re.compile(r"\s*:")


@dataclass(frozen=True, slots=True)
class TextNode:
    """A text as it was written; a missing value (`key:`) is an empty one that is not quoted."""

    value: str
    quoted: bool  #: in quotes, or a block after `|` or `>`
    span: Span  #: with its quotes, on its first line; of a missing value: the key


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list; its span is the first dash, or the brackets."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class MapNode:
    """Names with values, in the order of the file; its span is the first name, or the braces."""

    entries: Mapping[str, Entry]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """A name and its value."""

    key: TextNode
    value: Node


Node = TextNode | ListNode | MapNode


def read_source(file: str, content: bytes) -> tuple[Source, Node | None, list[Problem]]:
    """Read one policy file.

    Args:
        file: Its name for messages, relative to the policy folder, with forward slashes.
        content: Its bytes; anything at all.

    Returns:
        The source, for further problems; the tree, or nothing when the file cannot be read to its end; and
        every problem, by line and column. With problems, the tree leaves out what could not be understood.

    >>> source, node, problems = read_source("facts.yaml", b"rating: 010")
    >>> node.entries["rating"].value.value, problems
    ('010', [])
    """
    source, problems = read_text(file, content)
    node = None
    if not problems:
        reading = _Reading(source)
        node = reading.tree()
        problems = reading.problems
    problems = sorted(set(problems))
    if len(problems) > MOST_PROBLEMS:
        next_one = problems[MOST_PROBLEMS].where
        more = f"{len(problems) - MOST_PROBLEMS} more problems follow from here on; mend the ones above first"
        span = Span(file, next_one.line, next_one.column)
        problems = [*problems[:MOST_PROBLEMS], source.problem(span, more)]
    return source, node, problems


class _TooDeep(Exception):
    """Never leaves this module: the rest of the file is not read."""


class _Reading:
    """One pass over what the YAML reader finds in a file."""

    def __init__(self, source: Source) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._events: Iterator[yaml.Event] = iter(yaml.parse(source.text, Loader=yaml.CBaseLoader))
        self._open: list[Collection] = []  # outermost first
        self._closed: list[Collection] = []  # since the last text, innermost first
        self._last: Scalar | None = None
        self._ended = False
        self._lost_on: set[int] = set()  # lines on which a text is lost after ` #`

    def tree(self) -> Node | None:
        """The tree of the whole file, or nothing when it cannot be read to its end."""
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            self._complain(error)
        except yaml.YAMLError:
            self._refuse((1, 1), 1, "this file cannot be read; write it anew in a plain text editor")
        except _TooDeep:
            pass
        return None

    def _document(self) -> Node | None:
        next(self._events)
        first, event = next(self._events), next(self._events, None)
        if event is None or (isinstance(event, yaml.ScalarEvent) and _start(event) == _end(event)):
            self._refuse((1, 1), 1, "this file is empty; write its content or delete the file")
            return None
        if isinstance(first, yaml.DocumentStartEvent) and (first.version or first.tags):
            line, column = _start(first)
            message = "a line that begins with `%` is not used in policy files; delete it"
            self._refuse((line, column), len(self._source.rest_of_line(line, column)), message)
        node = self._node(event)
        if isinstance(node, TextNode) and not node.quoted:
            without_space = crammed(self._source.rest_of_line(*_start(event)))
            if without_space:
                self.problems.append(self._source.problem(node.span, without_space))
        end = next(self._events)
        self._ended = isinstance(end, yaml.DocumentEndEvent) and bool(end.explicit)
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            message = "a second document begins here; delete this line, or make two files of this one"
            self._refuse(_start(following), 3, message)
        return node

    def _node(self, event: yaml.Event) -> Node | None:
        self._refuse_marks(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._text(event)
        if not isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            return None
        line, column = _start(event)
        if len(self._open) == MOST_LEVELS:
            message = f"this stands more than {MOST_LEVELS} levels deep; write it with fewer levels"
            self._refuse((line, column), 1, message)
            raise _TooDeep
        kind = "list" if isinstance(event, yaml.SequenceStartEvent) else "map"
        self._open.append(Collection(kind, line, column, bool(event.flow_style)))
        node = self._list(line, column) if kind == "list" else self._map(line, column)
        self._closed.append(self._open.pop())
        return node

    def _text(self, event: yaml.ScalarEvent) -> TextNode:
        (line, column), (end_line, end_column) = _start(event), _end(event)
        span = self._span_until(line, column, event)
        node = TextNode(event.value, bool(event.style), span)
        if _is_missing(node):
            return node
        self._last = Scalar(line, column, end_line, end_column, event.style or "")
        self._closed.clear()
        inside = self._open[-1] if self._open else None
        for place, message in in_text(self._source, self._last, event.value, inside):
            self.problems.append(self._source.problem(place, message))
        if not node.quoted:
            self._refuse_lost(end_line, end_column)
        return node

    def _list(self, line: int, column: int) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            at_line, at_column = _start(event)
            here = self._open[-1]
            if not here.flow and self._source.lines[at_line - 1].startswith("-", column - 1):
                self._open[-1] = replace(here, line=at_line)
            node = self._node(event)
            if node is None:
                continue
            if _is_missing(node) and not _marked(event):
                if not self._refuse_lost(at_line, at_column):
                    message = "nothing stands after this dash; write the entry behind it or delete the line"
                    self._refuse((at_line, at_column - 1), 1, message)
            else:
                items.append(node)
        span = (
            self._span_until(line, column, event) if self._open[-1].flow else self._source.span(line, column)
        )
        return ListNode(tuple(items), span)

    def _map(self, line: int, column: int) -> MapNode:
        entries: dict[str, Entry] = {}
        width = 0
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            if key is not None:
                width = width or key.span.width
                if not self._open[-1].flow:
                    self._open[-1] = replace(self._open[-1], line=key.span.line, name=key.value)
            following = next(self._events)
            value = self._node(following)
            if key is None or value is None:
                continue
            if _is_missing(value):
                if self._ended_a_number(key):
                    continue
                self._check_missing_value(key, *_start(following))
                value = TextNode("", quoted=False, span=key.span)
            earlier = entries.setdefault(key.value, Entry(key, value)).key
            if earlier is not key:
                first = f"on line {earlier.span.line}"
                if earlier.span.line == key.span.line:
                    first = f"in column {earlier.span.column}"
                message = f"`{key.value}` stands here a second time, the first is {first}; keep one of them"
                self.problems.append(self._source.problem(key.span, message))
        if self._open[-1].flow:
            return MapNode(entries, self._span_until(line, column, event))
        return MapNode(entries, self._source.span(line, column, width))

    def _key(self, event: yaml.Event) -> TextNode | None:
        line, column = _start(event)
        before = self._source.lines[line - 1][max(0, column - 20) : column - 1]
        if marked := _QUESTION.match(before[::-1]):
            message = "a question mark before a name is not used here; write `name: value`"
            self._refuse((line, column - marked.end()), 1, message)
        key = self._node(event)
        if isinstance(key, (ListNode, MapNode)):
            if self._has_colon(key):
                message = "a name is a plain text; brackets, braces and lists cannot stand before a colon"
                self._refuse((line, column), key.span.width, message)
            elif self._open[-1].flow:  # elsewhere the reader itself complains
                message = (
                    "a name and a colon are missing here; if this is part of a text, put all of it in quotes"
                )
                self._refuse((line, column), key.span.width, message)
        if not isinstance(key, TextNode):
            return None
        if not key.value and not _marked(event):
            self._refuse((line, column), 1, "the name before this colon is missing; write `name: value`")
            return None
        if key.value == "<<" and not key.quoted:
            message = "`<<` would merge other lines in, which policy files do not use; write them out here"
            self._refuse((line, column), 2, message)
            return None
        return key

    def _check_missing_value(self, key: TextNode, line: int, column: int) -> None:
        """Says so when text was meant to stand there, or when braces hold a text without a colon."""
        if self._refuse_lost(line, column) or not self._open[-1].flow:
            return
        if not self._has_colon(key):
            message = crammed(key.value) or (
                f"after `{key.value}` a colon and a value are missing; "
                "if this is part of a text, put the whole text in quotes"
            )
            self.problems.append(self._source.problem(key.span, message))

    def _ended_a_number(self, key: TextNode) -> bool:
        """Says so when digits stand alone in braces, because a comma ended the number that they belong to."""
        before = self._source.lines[key.span.line - 1][: key.span.column - 1]
        number = _NUMBER_AND_COMMA.search(before)
        if not self._open[-1].flow or key.quoted or number is None or not key.value.isdecimal():
            return False
        whole = f"`{number[1]}{key.value}`"
        remedy = whole if len(key.value) == 3 else f"`{number[1]}.{key.value}`"
        message = (
            f"a comma ends the value here, so that `{number[1]},{key.value}` is no number; write {remedy}"
        )
        self.problems.append(self._source.problem(key.span, message))
        return True

    def _has_colon(self, key: Node) -> bool:
        span = key.span
        return _COLON.match(self._source.lines[span.line - 1], span.column + span.width - 1) is not None

    def _span_until(self, line: int, column: int, event: yaml.Event) -> Span:
        """From a place to the end of an event, or to the end of the line when it ends further below."""
        end_line, end_column = _end(event)
        if end_line > line:
            return self._source.to_end_of_line(line, column)
        return self._source.span(line, column, end_column - column)

    def _refuse_lost(self, line: int, column: int) -> bool:
        if (lost := lost_note(self._source, line, column)) is None:
            return False
        self.problems.append(self._source.problem(*lost))
        self._lost_on.add(line)
        return True

    def _refuse_marks(self, event: yaml.Event) -> None:
        if _marked(event):
            flow = bool(self._open) and self._open[-1].flow
            self.problems.append(self._source.problem(*copy_or_tag(self._source, *_start(event), flow=flow)))

    def _refuse(self, place: tuple[int, int], width: int, message: str) -> None:
        self.problems.append(self._source.problem(self._source.span(*place, width), message))

    def _complain(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        began = error.context_mark or mark
        if mark is None or began is None:
            self._refuse((1, 1), 1, "this file cannot be read; check its quotes and brackets")
            return
        around = Surroundings(tuple(self._open), tuple(self._closed), self._last, self._ended)
        complaint = Complaint(
            problem=error.problem or "",
            context=error.context or "",
            line=mark.line + 1,
            column=mark.column + 1,
            began_line=began.line + 1,
            began_column=began.column + 1,
        )
        problem = in_words(self._source, complaint, around)
        where = problem.where
        if where.line in self._lost_on:
            return  # the lost text is why the reader stopped
        inside = range(where.column, where.column + problem.width)
        # what was found inside a text that lacks its quotes only confuses
        kept = [
            each for each in self.problems if each.where.line != where.line or each.where.column not in inside
        ]
        self.problems = [*kept, problem]


def _is_missing(node: Node) -> bool:
    return isinstance(node, TextNode) and not node.value and not node.quoted


def _marked(event: yaml.Event) -> bool:
    return bool(getattr(event, "anchor", None) or getattr(event, "tag", None))


def _start(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _end(event: yaml.Event) -> tuple[int, int]:
    mark = event.end_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
