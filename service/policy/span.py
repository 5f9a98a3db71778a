"""Places in a policy file: its text in; spans, and problems that show the line they speak of, out.

Knows nothing of YAML, and reads no files.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.errors import Position, Problem


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands; line and column count characters from 1."""

    file: str  #: relative to the policy folder, with forward slashes
    line: int
    column: int
    width: int = 1  #: how many characters the caret underlines on that line


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file."""

    file: str  #: relative to the policy folder, with forward slashes
    text: str  #: without a byte order mark, lines ended by `\\n`; empty when the file cannot be read as text
    lines: tuple[str, ...]  #: without their ends; never empty

    @classmethod
    def of(cls, file: str, text: str) -> Source:
        """The source that holds `text`, whose lines end with `\\n` alone."""
        return cls(file, text, tuple(text.split("\n")))

    def span(self, line: int, column: int, width: int = 1) -> Span:
        """A span of this file, at least one character wide."""
        return Span(self.file, line, column, max(1, width))

    def rest_of_line(self, line: int, column: int) -> str:
        """What stands on `line` from `column` on, without spaces at its end; empty beyond the end."""
        return self.lines[line - 1][column - 1 :].rstrip() if 1 <= line <= len(self.lines) else ""

    def to_end_of_line(self, line: int, column: int) -> Span:
        """From `column` to the last visible character of `line`."""
        return self.span(line, column, len(self.rest_of_line(line, column)))

    def problem(self, span: Span, message: str) -> Problem:
        """What is wrong at `span`, with the line as it stands in the file.

        >>> print(Source.of("facts.yaml", "gade: 6").problem(Span("facts.yaml", 1, 1, 4), "no such name"))
        facts.yaml:1:1: no such name
            gade: 6
            ^^^^
        """
        excerpt = self.lines[span.line - 1] if 1 <= span.line <= len(self.lines) else ""
        return Problem(Position(span.file, span.line, span.column), message, excerpt, span.width)
