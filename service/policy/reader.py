"""Typed access to the source tree: nodes in; words and texts out, and a problem for whatever does not fit.

Problems are collected, never raised, so that one run tells everything. A part that is missing or wrong
comes out as None (or empty), and whoever gets None stays silent: one mistake, one problem. Knows nothing of
rules or facts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from service.errors import Problem, did_you_mean
from service.policy.condition import Place
from service.policy.source import ListNode, MapNode, Node, Source, Span, TextNode

LONGEST_TEXT = 500  #: characters of a text that people read
ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST_NAME = 60


class Report:
    """What was found in all files; `damaged` names those that could not be read to the end."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.damaged: set[str] = set()
        self.headless: set[str] = set()  #: track files that do not even say which levels they hold
        self._sources: dict[str, Source] = {}

    def add_source(self, source: Source, problems: Iterable[Problem]) -> None:
        """A file as `policy.source` has read it, with what was wrong in it."""
        self._sources[source.file] = source
        before = len(self.problems)
        self.problems.extend(problems)
        if len(self.problems) > before:
            self.damaged.add(source.file)

    def problem(self, where: Node | Span, message: str) -> Problem:
        """What is to be said of a place, with the line as it stands in its file."""
        span = where if isinstance(where, Span) else opening(where)
        return self._sources[span.file].problem(span, message)

    def at(self, where: Node | Span, message: str) -> None:
        self.problems.append(self.problem(where, message))

    def missing(self, where: Node | Span, message: str) -> None:
        """Something is not there; in a damaged file it may stand in a part that could not be read."""
        span = where if isinstance(where, Span) else opening(where)
        if span.file not in self.damaged:
            self.at(span, message)

    def warn(self, where: Node | Span, message: str) -> None:
        self.warnings.append(self.problem(where, message))


def opening(node: Node) -> Span:
    """Where a node begins: of lines with names, the first name."""
    if isinstance(node, MapNode) and node.entries:
        return next(iter(node.entries.values())).key.span
    return node.span


def within(node: TextNode, part: str, *, last: bool = False) -> Span:
    """Where a part of a text stands; the whole text, when it is not written on one line as it is read."""
    span, marks = node.span, int(node.quoted)
    start = node.value.rfind(part) if last else node.value.find(part)
    if start < 0 or span.width != len(node.value) + 2 * marks:
        return span
    return Span(span.file, span.line, span.column + marks + start, len(part))


def place_of(node: Node | Span) -> Place:
    span = node if isinstance(node, Span) else opening(node)
    return Place(span.file, span.line, span.column)


def quoted(word: str) -> str:
    """The author's words in backticks, short and on one line."""
    word = " ".join(word.split()).replace("`", "'")
    return f"`{word[:57]}…`" if len(word) > 58 else f"`{word}`"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as one says them: `a`, `b` and `c`."""
    marked = [quoted(word) for word in words]
    if len(marked) < 2:
        return "".join(marked)
    return f"{', '.join(marked[:-1])} {last} {marked[-1]}"


def unknown_word(word: str, known: Collection[str], what: str) -> str:
    """What to say of a word that names nothing: the nearest one, or all there are while these are few."""
    hint = did_you_mean(word, known)
    if not hint and 0 < len(known) <= 24:
        hint = f"; there {'is' if len(known) == 1 else 'are'} {listed(known)}"
    return f"{quoted(word)} is not {what}{hint}"


class Fields:
    """The lines `name: value` of one thing.

    A name that does not belong there is a problem at once, unless it is left to whoever reads the `rest`.
    """

    def __init__(
        self, node: MapNode, report: Report, what: str, known: Collection[str] = (), *, rest: bool = False
    ) -> None:
        self.node, self.report, self.what, self.known = node, report, what, known
        for name, entry in node.entries.items() if known and not rest else ():
            if name not in known:
                hint = did_you_mean(name, known) or f"; here may stand {listed(known)}"
                report.at(entry.key, f"{quoted(name)} does not belong in {what}{hint}")

    @classmethod
    def of(cls, node: Node, report: Report, what: str, known: Collection[str], example: str) -> Fields | None:
        """The lines of `node`; None, with a problem, when it is a text or a list."""
        if isinstance(node, MapNode):
            return cls(node, report, what, known)
        report.at(node, f"here stands {shape(node)}, but {what} is written in lines such as `{example}`")
        return None

    def __contains__(self, name: str) -> bool:
        return name in self.node.entries

    def get(self, name: str) -> Node | None:
        """The value of `name`; None, with a problem, when its value is missing."""
        entry = self.node.entries.get(name)
        if entry is None:
            return None
        if isinstance(entry.value, TextNode) and not entry.value.value and not entry.value.quoted:
            self.report.missing(
                entry.key, f"{quoted(name)} has no value; write one after the colon or delete the line"
            )
            return None
        return entry.value

    def key(self, name: str) -> Span:
        return self.node.entries[name].key.span

    def need(self, name: str, example: str) -> Node | None:
        """The value of a name that must be there."""
        if name in self.node.entries:
            return self.get(name)
        strange = [each for each in self.node.entries if self.known and each not in self.known]
        if not get_close_matches(name, strange):  # else it is there, misspelt, and that was said
            self.report.missing(
                self.node, f"{self.what} needs {quoted(name)}; add a line such as `{example}`"
            )
        return None

    def word(self, name: str, example: str | None = None) -> TextNode | None:
        """A plain text; `example` says that it must be there."""
        node = self.get(name) if example is None else self.need(name, example)
        if node is None or isinstance(node, TextNode):
            return node
        self.report.at(node, f"{quoted(name)} takes one text, not {shape(node)}")
        return None

    def text(self, name: str, example: str | None = None) -> str:
        """A text that people read; "" when it is not there."""
        node = self.word(name, example)
        if node is None:
            return ""
        text = " ".join(node.value.split())
        if not text:
            self.report.at(node, f"{quoted(name)} is empty; write a text or delete the line")
        if len(text) > LONGEST_TEXT:
            too_long = f"{quoted(name)} has {len(text)} characters; shorten it to {LONGEST_TEXT}"
            self.report.at(node, too_long)
        return text

    def items(self, name: str, example: str | None = None) -> tuple[Node, ...]:
        """The items of a list; none when it is not there."""
        node = self.get(name) if example is None else self.need(name, example)
        if node is None:
            return ()
        if isinstance(node, ListNode):
            return node.items
        remedy = "put it in brackets: `[…]`" if isinstance(node, TextNode) else "begin each with a dash"
        self.report.at(node, f"{quoted(name)} takes a list, not {shape(node)}; {remedy}")
        return ()

    def names(self, name: str, what: str) -> tuple[TextNode, ...]:
        """One text or a list of texts."""
        node = self.get(name)
        return () if node is None else tuple(texts(node, self.report, what))

    def one_of(self, name: str, words: Collection[str], default: str, example: str | None = None) -> str:
        """One of a few fixed words."""
        node = self.word(name, example)
        if node is None:
            return default
        if node.value in words:
            return node.value
        hint = did_you_mean(node.value, words) or f"; write {listed(words, 'or')}"
        self.report.at(node, f"{quoted(name)} cannot be {quoted(node.value)}{hint}")
        return default

    def yes_no(self, name: str, default: bool = False) -> bool:
        """`yes` or `no`."""
        node = self.word(name)
        if node is None:
            return default
        value = as_yes_no(node)
        if isinstance(value, bool):
            return value
        self.report.at(node, value)
        return default

    def whole(self, name: str, low: int, high: int, example: str | None = None) -> int | None:
        """A whole number from `low` to `high`."""
        node = self.word(name, example)
        if node is None:
            return None
        if (
            re.fullmatch(r"0|[1-9]\d{0,8}", node.value, re.ASCII)
            and not node.quoted
            and low <= int(node.value) <= high
        ):
            return int(node.value)
        message = f"{quoted(name)} must be a whole number from {low} to {high}, not {quoted(node.value)}"
        if re.fullmatch(r"0+[1-9]\d{0,8}", node.value, re.ASCII):
            message = (
                f"write `{int(node.value)}` instead of {quoted(node.value)}: a number does not begin with 0"
            )
        elif node.quoted and node.value.isdecimal():
            message = f"{quoted(name)} takes a number; write it without quotes: `{node.value}`"
        self.report.at(node, message)
        return None


def texts(node: Node, report: Report, what: str) -> Iterator[TextNode]:
    """The text that `node` is, or the texts in the list that it is."""
    for item in node.items if isinstance(node, ListNode) else (node,):
        if isinstance(item, TextNode) and item.value.strip():
            yield item
        else:
            report.at(item, f"here stands {shape(item)}, but {what} is a text")
    if isinstance(node, ListNode) and not node.items:
        report.at(
            node, f"this list is empty; name at least one {what.removeprefix('a ').removeprefix('an ')}"
        )


def shape(node: Node) -> str:
    """What a node looks like to its author."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a group of `name: value` lines" if node.entries else "an empty pair of braces"
    return quoted(node.value) if node.value else "an empty text"


def checked(node: TextNode, pattern: re.Pattern[str], report: Report, what: str) -> str | None:
    """The id or name a text gives; None, with a problem, when it cannot be one."""
    if pattern.fullmatch(node.value) and len(node.value) <= LONGEST_NAME:
        return node.value
    joint, other = ("_", "-") if pattern is NAME else ("-", "_")
    tidy = re.sub(r"[^a-z0-9]+", joint, node.value.lower()).strip(joint)
    tidy = tidy if pattern.fullmatch(tidy) else ""
    if len(node.value) > LONGEST_NAME:
        report.at(node, f"{quoted(node.value)} is too long for {what}; use at most {LONGEST_NAME} characters")
        return None
    rule = f"small letters, digits and `{joint}`, a letter first"
    hint = f"; write `{tidy}`" if tidy and (other in node.value or tidy != node.value) else ""
    report.at(node, f"{quoted(node.value)} cannot be {what}: it takes {rule}{hint}")
    return None


def as_yes_no(node: TextNode) -> bool | str:
    """The answer a text gives, or what is wrong with it."""
    word = node.value
    if word in ("yes", "true", "no", "false"):
        if not node.quoted:
            return word in ("yes", "true")
        return f"{quoted(word)} is a text because of its quotes; write `{word}` without them"
    plain = word.lower()
    if plain in ("yes", "true", "on", "y"):
        return f"{quoted(word)} is neither `yes` nor `no`; write `yes`"
    if plain in ("no", "false", "off", "n"):
        return f"{quoted(word)} is neither `yes` nor `no`; write `no`"
    return f"{quoted(word)} is neither `yes` nor `no`; write one of them"
