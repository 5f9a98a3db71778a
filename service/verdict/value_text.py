"""Values in; the words that a reader gets for them, out.

Texts and choices are said exactly as they are. Knows nothing of conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from service.facts.calendar import Duration, spoken
from service.facts.types import NOTHING, FactType, ListOf, Number, Records
from service.verdict.wording import WORDS, counted, plural


def value_text(value: Any, type_: FactType) -> str:
    """A value as one says it, with the unit of its type.

    >>> value_text(Decimal("1.50"), Number(unit="points")), value_text(True, Number())
    ('1.50 points', 'yes')
    """
    match value:
        case bool():
            return WORDS["yes"] if value else WORDS["no"]
        case int() | Decimal():
            number = format(value, "f") if isinstance(value, Decimal) else str(value)
            unit = type_.unit if isinstance(type_, Number) else ""
            return WORDS["counted"].format(n=number, noun=plural(value, unit)) if unit else number
        case date():
            return spoken(value)
        case Duration():
            return str(value)
        case tuple() if isinstance(type_, Records):
            return counted(len(value), WORDS["entries"])
        case tuple():
            of = type_.of if isinstance(type_, ListOf) else type_
            return listed([value_text(item, of) for item in value]) if value else WORDS["nothing"]
        case _:
            return WORDS["none"] if value is NOTHING else str(value)


def listed(texts: Sequence[str], last: str = "and") -> str:
    """Several things in a row.

    >>> listed(["slate", "tile", "metal"], "or")
    'slate, tile or metal'
    """
    if len(texts) < 2:
        return "".join(texts)
    return WORDS["comma"].join(texts[:-1]) + WORDS[last] + texts[-1]
