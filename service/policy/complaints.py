"""A complaint of the YAML reader in; the same in words for those who write policies, where they mend it, out.

The reader notices a mistake where it can no longer go on, often lines below that place; what was read just
before (`Surroundings`) leads back to it. Knows the lines of the file, and nothing of policies.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from service.errors import Problem
from service.policy.span import Source
from service.policy.traps import SIGNS, Collection, Finding, Scalar, crammed, cut, entry_text, in_quotes

_KEY = re.compile(r"""(?:"[^"]*"\s*|'[^']*'\s*|[^\s"'\[{#][^#]*?):(?:\s|$)""")
_EQUALS = re.compile(r"([^\W\d][\w.-]*)\s*=\s*(.+)")
_SIGN = re.compile(r"(>=?)\s*:?\s*([^\s:].*)")
_TOO_LONG = 1000  #: characters of a name; YAML gives up a little later
_CLOSING = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What the reader said, where it stopped, and where the thing began in which it stopped."""

    problem: str
    context: str
    line: int  #: counted from 1, like all of these
    column: int
    began_line: int
    began_column: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What had been read when the reader stopped."""

    open: tuple[Collection, ...]  #: outermost first
    closed: tuple[Collection, ...]  #: since the last text, innermost first
    last: Scalar | None
    ended: bool  #: a line `...` said that the document is over


def in_words(source: Source, complaint: Complaint, around: Surroundings) -> Problem:
    """The problem to show for a complaint."""
    words = _Words(source, complaint, around)
    said = f"{complaint.context}: {complaint.problem}"
    explain = next((explain for pattern, explain in _EXPLAINED if re.search(pattern, said)), _Words.unclear)
    return source.problem(*explain(words))


class _Words:
    """One complaint, looked at from all sides."""

    def __init__(self, source: Source, complaint: Complaint, around: Surroundings) -> None:
        self._source = source
        self._open, self._closed, self._last, self._ended = (
            around.open,
            around.closed,
            around.last,
            around.ended,
        )
        self._line, self._column = complaint.line, complaint.column
        if self._line > len(source.lines):
            self._line, self._column = len(source.lines), len(source.lines[-1]) + 1
        self._began = (complaint.began_line, complaint.began_column)
        self._before = source.lines[self._line - 1][: self._column - 1]
        self._rest = source.rest_of_line(self._line, self._column)
        self._character = self._rest[:1]
        self._in_brackets = any(each.flow for each in around.open)

    def unclear(self) -> Finding:
        return self._from_here(
            "this cannot be read from here on; "
            "check the indentation, quotes and brackets of this line and the one above"
        )

    def second_colon(self) -> Finding:
        """`name: text: more`, or a line that is indented so far that it continues the text above."""
        last = self._last
        if self._before.startswith("---"):
            message = "`---` must stand on a line of its own; begin a new line after it, or delete it"
            return self._source.to_end_of_line(self._line, 1), message
        if self._before.rstrip().endswith(":"):
            message = "one colon too many stands here; delete it, or put the text in quotes"
            return self._source.span(self._line, self._column), message
        if last is None or last.end_line != self._line or self._before[last.end_column - 1 :].strip():
            message = "this colon makes a name of what stands before it; put the whole text in quotes"
            return self._source.span(self._line, self._column), message
        if last.line == self._line:
            return self._colon_in_text(last)
        if not self._source.lines[last.line - 1][: last.column - 1].strip(" -"):
            return self._no_colon(last.line, last.column)
        above = self._open[-1] if self._open else None
        text = f"`{cut(above.name)}` on line {above.line}" if above and above.name else f"line {last.line}"
        indentation = len(self._before) - len(self._before.lstrip())
        return (
            self._source.to_end_of_line(self._line, indentation + 1),
            f"this line is indented further than {text}, so it is read as part of that text; "
            "begin it exactly below, or put the whole text in quotes",
        )

    def name_without_colon(self) -> Finding:
        return self._no_colon(*self._began)

    def needs_quotes_here(self) -> Finding:
        return self._needs_quotes(self._line, self._column)

    def needs_quotes_where_it_began(self) -> Finding:
        return self._needs_quotes(*self._began)

    def directive(self) -> Finding:
        return self._percent(self._began[0])

    def unclosed_quote(self) -> Finding:
        message = "this quote is opened here and never closed; add the closing quote"
        return self._source.to_end_of_line(*self._began), message

    def backslash(self) -> Finding:
        return (
            self._source.span(self._line, self._column, min(2, len(self._rest))),
            "a backslash has a meaning of its own between double quotes; "
            "put the text in single quotes (`'…'`), or write `\\\\`",
        )

    def dash_after_name(self) -> Finding:
        return self._from_here(
            "a list begins on a line of its own; move this dash to the next line, "
            f"or put the text in quotes: {in_quotes(self._rest)}"
        )

    def nothing_to_read(self) -> Finding:
        brackets = [each for each in self._open if each.flow]
        if not self._character and brackets:
            return self._unclosed(brackets[-1].line, brackets[-1].column)
        if not brackets:
            return self._needs_quotes(self._line, self._column)
        if self._character == ":":
            return self._nameless()
        message = f"an entry is missing before this `{self._character}`; write it, or delete the comma"
        return self._source.span(self._line, self._column), message

    def bracket(self) -> Finding:
        """Where a comma or a closing bracket should stand, something else does."""
        line, column = self._began
        opening = self._source.rest_of_line(line, column)[:1]
        closing = _CLOSING.get(opening, "]")
        last = self._last
        if self._character in ("]", "}"):
            where = f"the `{opening}` on line {line} is still open"
            message = f"`{self._character}` stands where `{closing}` is needed: {where}"
            return self._source.span(self._line, self._column), message
        outside = self._line > line and self._indentation(self._line) <= self._indentation(line)
        if not self._character or outside:
            return self._unclosed(line, column)
        if self._character == ":" and last and last.line == last.end_line == self._line:
            text = entry_text(self._source.rest_of_line(last.line, last.column), flow=True)
            remedy = f"put it in quotes ({in_quotes(text)}), or add the comma that is missing"
            span = self._source.span(last.line, last.column, len(text))
            return span, f"this text has a colon inside; {remedy}"
        return self._from_here(f"a comma or the closing `{closing}` is missing before this")

    def out_of_place(self) -> Finding:
        """Something stands where a name, a dash or the end of the file should."""
        if self._rest == ":" or self._rest.startswith(": "):
            return self._nameless()
        if self._ended:
            return self._from_here(
                "the file goes on after `...`; delete the `...`, or make two files of this one"
            )
        if self._character in ("]", "}"):
            message = f"this `{self._character}` has no opening bracket; delete it, or put the text in quotes"
            return self._source.span(self._line, self._column), message
        return self._after_text() if self._before.strip() else self._on_a_new_line()

    def _on_a_new_line(self) -> Finding:
        rest, last = self._rest, self._last
        if rest.startswith("%"):
            return self._percent(self._line)
        if last is None and not self._open:  # only such a line can stand before a file's first text
            above = range(1, self._line)
            return self._percent(
                next((line for line in above if self._source.lines[line - 1][:1] == "%"), self._line)
            )
        if last and not self._open and not self._closed:
            return self._no_colon(last.line, last.column)  # the file begins with a text that is no name
        if rest == "-" or rest.startswith("- "):
            return self._from_here(self._dash_elsewhere())
        if _KEY.match(rest):
            return self._differently_indented()
        if last and last.style in ("|", ">") and last.end_line == self._line:
            return self._from_here(
                "this line is indented less than the first line of the text it belongs to; "
                "begin it exactly below that"
            )
        if last and last.style in ("'", '"'):
            where = f"the closing quote on line {last.end_line}"
            return self._from_here(f"this line goes on after {where}; move it inside the quotes")
        if last and " #" in self._source.rest_of_line(last.end_line, last.end_column):
            return self._from_here(
                f"the note (`#`) on line {last.end_line} ends the text that this line goes on with; "
                "move the note to a line of its own"
            )
        if self._open and self._open[-1].kind == "list":
            return self._from_here(f"{self._no_dash()}; begin it with `- `")
        return self._no_colon(self._line, self._column)

    def _after_text(self) -> Finding:
        last = self._last
        brackets = [each for each in self._closed if each.flow and each.line == self._line]
        if brackets and _KEY.match(self._rest):
            return self._from_here("a new name begins here; move it to a line of its own")
        if brackets:
            return self._needs_quotes(self._line, brackets[-1].column)
        if last is None or last.style not in ("'", '"') or last.end_line != self._line:
            return self.unclear()
        if last.line < self._line:
            where = f"closed only on line {self._line}"
            message = f"this quote is opened here and {where}; add the closing quote where the text ends"
            return self._source.to_end_of_line(last.line, last.column), message
        return self._colon_in_text(last)

    def _colon_in_text(self, last: Scalar) -> Finding:
        rest = self._source.rest_of_line(last.line, last.column)
        span = self._source.to_end_of_line(last.line, last.column)
        if last.style:
            message = "the text goes on after its closing quote; put all of it in quotes"
            inside = rest[1:-1] if len(rest) > 1 and rest.endswith(last.style) else rest
            return span, f"{message}: write {in_quotes(inside)}"
        if last.end_column - last.column > _TOO_LONG:
            return span, f"this name is too long; a name has at most {_TOO_LONG:,} characters"
        return span, f"this text has a colon inside; put it in quotes: write {in_quotes(rest)}"

    def _no_colon(self, line: int, column: int) -> Finding:
        text = self._source.rest_of_line(line, column)
        span = self._source.to_end_of_line(line, column)
        if message := crammed(text):
            return span, message
        if len(text) > _TOO_LONG:
            return span, f"this name is too long; a name has at most {_TOO_LONG:,} characters"
        if " #" in text:
            return span, "the colon is missing before the note (`#`); write `name: value # note`"
        if found := _EQUALS.match(text):
            return span, f"a colon is needed, not an equals sign: write `{found[1]}: {cut(found[2])}`"
        if "\uff1a" in text:
            return span, "this is not an ordinary colon (`\uff1a`); type `: ` instead"
        remedy = "write `name: value`, or indent the line further if it continues the text above"
        return span, f"`{cut(text)}` has no colon; {remedy}"

    def _needs_quotes(self, line: int, column: int) -> Finding:
        text = entry_text(self._source.rest_of_line(line, column), flow=self._in_brackets)
        word = _SIGN.match(text)
        if word is not None and not self._source.lines[line - 1][: column - 1].strip(" -"):
            span, operator = self._source.span(line, column, len(text)), SIGNS[word[1]]
            return span, f"`{word[1]}` is not used here; write it as a word: `{operator}: {cut(word[2])}`"
        sign = "a backtick" if text.startswith("`") else f"`{text[:1]}`"
        span = self._source.span(line, column, len(text))
        return span, f"a text that begins with {sign} must stand in quotes: write {in_quotes(text)}"

    def _percent(self, line: int) -> Finding:
        message = (
            "a line that begins with `%` is not used in policy files; delete it, or put the text in quotes"
        )
        return self._source.to_end_of_line(line, 1), message

    def _dash_elsewhere(self) -> str:
        lists = [each for each in self._closed if each.kind == "list" and not each.flow]
        if lists:
            below = f"begin it exactly below the dash on line {lists[-1].line}"
            return f"this line is indented differently from the list it belongs to; {below}"
        return (
            "this line begins with a dash, but the lines around it are no list; "
            "indent it below the name it belongs to, or delete the dash"
        )

    def _differently_indented(self) -> Finding:
        closed = [each for each in self._closed if each.name]
        above = [each for each in self._open if each.name and each.column != self._column]
        places = [f"`{cut(each.name)}` on line {each.line}" for each in (*closed[-1:], *above[-1:])]
        if self._open and self._open[-1].kind == "list" and not closed:
            return self._from_here(f"{self._no_dash()}; begin it with `- `, or indent it differently")
        if not places:
            return self.unclear()
        below = f"begin it exactly below {' or '.join(places)}"
        return self._from_here(f"this line is indented differently from the lines it belongs to; {below}")

    def _nameless(self) -> Finding:
        message = "the name before this colon is missing; write `name: value`"
        return self._source.span(self._line, self._column), message

    def _unclosed(self, line: int, column: int) -> Finding:
        opening = self._source.rest_of_line(line, column)[:1]
        message = f"this `{opening}` is opened here and never closed; add `{_CLOSING.get(opening, ']')}`"
        remedy = "or put the text in quotes if it is one"
        return self._source.to_end_of_line(line, column), f"{message}, {remedy}"

    def _no_dash(self) -> str:
        return f"this line stands in the list with a dash on line {self._open[-1].line}, but has no dash"

    def _from_here(self, message: str) -> Finding:
        return self._source.to_end_of_line(self._line, self._column), message

    def _indentation(self, line: int) -> int:
        text = self._source.lines[line - 1]
        return len(text) - len(text.lstrip())


#: What the reader says, in the order in which it is looked for, and what explains it.
_EXPLAINED: tuple[tuple[str, Callable[[_Words], Finding]], ...] = (
    ("mapping values are not allowed", _Words.second_colon),
    ("expected ':'", _Words.name_without_colon),
    ("cannot start any token|mapping keys are not allowed", _Words.needs_quotes_here),
    ("directive", _Words.directive),
    ("an alias|an anchor|a tag|tag handle|block scalar", _Words.needs_quotes_where_it_began),
    ("quoted scalar.*(end of stream|document)", _Words.unclosed_quote),
    ("quoted scalar", _Words.backslash),
    ("block sequence entries", _Words.dash_after_name),
    ("node content", _Words.nothing_to_read),
    ("expected ',' or", _Words.bracket),
    ("expected key|expected '-'|document start", _Words.out_of_place),
)
