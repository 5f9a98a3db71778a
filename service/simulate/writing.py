"""Values as an author writes them in a test file: typed values in; YAML that reads back the same, out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from service.facts.calendar import STILL_RUNNING
from service.facts.types import Fact, Records
from service.simulate.told import NONE

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/.()&-]*( [A-Za-z0-9_/.()&-]+)*", re.ASCII)
_WORDS = frozenset(
    {
        "yes",
        "no",
        "true",
        "false",
        "on",
        "off",
        "y",
        "n",
        "null",
        NONE,
        "still running",
        "left out",
        "as given",
    }
)
_WIDTH = 100


def text(value: Any) -> str:
    """A single value, or a short list, on one line.

    >>> text(True), text(Decimal("2.50")), text(date(2027, 1, 1)), text("yes"), text("E-1042")
    ('yes', '2.50', '2027-01-01', '"yes"', 'E-1042')
    """
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | Decimal():
            return format(value, "f") if isinstance(value, Decimal) else str(value)
        case date():
            return "still running" if value == STILL_RUNNING else value.isoformat()
        case tuple():
            return f"[{', '.join(map(text, value))}]" if value else NONE
        case str():
            return words(value)
        case _:
            return str(value)


def words(value: str) -> str:
    """A text, in quotes where it would otherwise be read as something else."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
    return f'"{escaped}"'


def told(facts: Mapping[str, Any], vocabulary: Mapping[str, Fact], indent: str) -> Iterator[str]:
    """Lines `name: value` for facts."""
    for name, value in facts.items():
        kind = vocabulary[name].type
        if not isinstance(kind, Records) or not value:
            yield f"{indent}{name}: {text(value)}"
            continue
        yield f"{indent}{name}:"
        for entry, same in groupby(value):
            times = len(list(same))
            line = entry_text(entry, kind)
            if times == 1:
                yield f"{indent}  - {line}"
            else:
                yield f"{indent}  - repeat: {times}"
                yield f"{indent}    entry: {line}"


def entry_text(entry: Mapping[str, Any], kind: Records) -> str:
    """One entry of records in braces, without what silence says anyway."""
    fields = [
        f"{name}: {text(value)}"
        for name, value in entry.items()
        if value is not None and value != kind.fields[name].absent_means
    ]
    return f"{{{', '.join(fields)}}}"
