"""Texts as they stand in a policy file in; what YAML would make of them behind the author's back, out.

These are no mistakes to YAML: it drops what follows ` #`, joins lines, and takes `text:Hello` for one word.
Knows the lines of the file, not what the texts mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.policy.characters import unreadable
from service.policy.span import Source, Span

_NOTE = re.compile(r"\s*(#+[^\s#].*)")
_CRAMMED = re.compile(r"([^\W\d][\w.-]*):(?!//)([^\s:].*)")
_UNUSUAL_SPACE = re.compile(r"([^\W\d][\w.-]*):[^\S \t]")
#: What people write who know signs from elsewhere, and the word that stands for it here.
SIGNS = {
    ">=": "at_least",
    ">": "more_than",
    "<=": "at_most",
    "<": "less_than",
    "=": "is",
    "==": "is",
    "!=": "is_not",
}
_COUNTED_BLOCK = re.compile(r"[|>][-+]?[1-9]")
_LOOKED_AT = 1000  #: characters of a text in which a trap is looked for
_SHOWN = 60  #: characters of the author's text that a message repeats

Finding = tuple[Span, str]  #: a place, and what to say there


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text in the file: from its first character to the one behind its last."""

    line: int
    column: int
    end_line: int
    end_column: int
    style: str  #: a quotation mark, `|`, `>`, or empty for a plain text


@dataclass(frozen=True, slots=True)
class Collection:
    """A list or map: its column, and the line of its latest dash or name."""

    kind: str  #: `list` or `map`
    line: int
    column: int
    flow: bool  #: in brackets or braces
    name: str = ""  #: of a map: the latest name


def in_text(source: Source, written: Scalar, value: str, inside: Collection | None) -> Iterator[Finding]:
    """What is wrong or swallowed in a text that YAML reads as `value`, in a list, a map or nothing."""
    if written.style in ("|", ">"):
        yield from _in_block(source, written, value)
    elif written.style:
        if message := unreadable(value):  # written with a backslash, so the file itself does not show it
            yield source.to_end_of_line(written.line, written.column), f"in this text, {message}"
    elif value:
        yield from _in_plain(source, written, value, inside)


def lost_note(source: Source, line: int, column: int) -> Finding | None:
    """What is lost from `column` on because a `#` stands right before a letter or number."""
    found = _NOTE.match(source.lines[line - 1], column - 1) if line <= len(source.lines) else None
    if found is None:
        return None
    note = found[1].rstrip()
    return (
        source.span(line, found.start(1) + 1, len(note)),
        f"`{cut(note)}` is read as a note and lost; put the whole text in quotes, "
        "or write `# ` with a space if it is a note",
    )


def crammed(text: str) -> str | None:
    """What to say of a text that looks like a name and a value without the space between them, if it does."""
    if found := _UNUSUAL_SPACE.match(text, 0, _LOOKED_AT):
        return f"the space after `{found[1]}:` is not an ordinary one; type it again with the space bar"
    if found := _CRAMMED.match(text, 0, _LOOKED_AT):
        return f"a space is missing after the colon: write `{found[1]}: {cut(found[2].rstrip())}`"
    return None


def copy_or_tag(source: Source, line: int, column: int, *, flow: bool) -> Finding:
    """What to say of `&name`, `*name` and `!name`."""
    rest = entry_text(source.rest_of_line(line, column), flow=flow)
    word = rest.split()[0].rstrip(":")
    meaning = "the kind of a value" if word.startswith("!") else "a copy of other lines"
    remedy = "write those lines out here" if word.startswith("*") else "delete it"
    return (
        source.span(line, column, len(word)),
        f"`{cut(word)}` would mean {meaning}, which policy files do not use; "
        f"{remedy}, or put the text in quotes: {in_quotes(rest)}",
    )


def entry_text(rest: str, *, flow: bool) -> str:
    """The text at the start of the rest of a line; in brackets or braces it ends at a comma or bracket."""
    return (re.split(r"[,\]}]", rest, maxsplit=1)[0].rstrip() or rest[:1]) if flow else rest


def in_quotes(text: str) -> str:
    """The text in the quotes that keep it as it is, to be shown in a message.

    >>> in_quotes('the "quiet" ones')
    '`\\'the "quiet" ones\\'`'
    """
    if len(text) > _SHOWN:
        return '`"…"`'
    if '"' in text or "\\" in text:
        return "`'" + text.replace("'", "''") + "'`"
    return f'`"{text}"`'


def cut(text: str) -> str:
    """As much of the author's text as a message repeats."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _in_block(source: Source, written: Scalar, value: str) -> Iterator[Finding]:
    head = source.rest_of_line(written.line, written.column)
    span = source.to_end_of_line(written.line, written.column)
    sign = written.style
    if _COUNTED_BLOCK.match(head):
        yield span, f"a text that begins with `{sign}` must stand in quotes: write {in_quotes(head)}"
    elif not value.strip():
        yield (
            span,
            f"no text follows this `{sign}`; write it on the next lines, indented further, "
            f"or put the `{sign}` in quotes",
        )


def _in_plain(source: Source, written: Scalar, value: str, inside: Collection | None) -> Iterator[Finding]:
    first, last = (written.line, written.column), (written.end_line, written.end_column - 1)
    for character, place in ((value[0], first), (value[-1], last)):
        if character.isspace():  # YAML has taken the ordinary ones away
            message = "this is not an ordinary space; type it again with the space bar, or delete it"
            yield source.span(*place), message
    if inside is not None and inside.flow:
        return
    for number in range(written.line + 1, written.end_line + 1):
        line = source.lines[number - 1]
        span = source.to_end_of_line(number, len(line) - len(line.lstrip()) + 1)
        text = line.lstrip()
        message = _dash_in_text(written, inside) if text.startswith("- ") else crammed(text) or ""
        if message:
            yield span, message


def _dash_in_text(written: Scalar, inside: Collection | None) -> str:
    if inside is not None and inside.kind == "list":
        return (
            "this line is indented differently from the list it belongs to; "
            f"begin it exactly below the dash on line {inside.line}"
        )
    return (
        f"this dash is read as part of the text that begins on line {written.line}; "
        "move that text into the list, or put the whole text in quotes"
    )
