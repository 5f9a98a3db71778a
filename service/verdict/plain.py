"""Values in; what stands for them in JSON, out: exact, and the same in every language.

A number with decimals and a length of time are texts, a date is an ISO text.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from service.facts.calendar import STILL_RUNNING, Duration, spoken
from service.facts.types import NOTHING

_WIDEST = 2**53 - 1  #: a whole number beyond this is a text, so that every reader keeps it exact


def plain(value: Any) -> Any:
    """A value as JSON holds it.

    >>> plain(Decimal("3.50")), plain(date(2027, 1, 1)), plain(("slate", 2)), plain(NOTHING)
    ('3.50', '2027-01-01', ['slate', 2], 'none')
    """
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -_WIDEST <= value <= _WIDEST else str(value)
        case Decimal():
            return format(value, "f")
        case date():
            return spoken(value) if value == STILL_RUNNING else value.isoformat()
        case tuple():
            return [plain(item) for item in value]
        case Duration():
            return str(value)
        case _ if value is NOTHING:
            return str(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")
