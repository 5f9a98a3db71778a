"""JSON with exact numbers: plain values, decimals and days go in, and come out of it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def written(value: Any) -> str:
    """A value as JSON text.

    Raises:
        TypeError: It holds something that has no one way of being written: a float, a moment, an object.

    >>> written({"score": Decimal("4.10"), "since": date(2026, 1, 31)})
    '{"score":4.10,"since":"2026-01-31"}'
    """
    match value:
        case None | bool() | int() | str():
            return json.dumps(value, ensure_ascii=False)
        case Decimal() if value.is_finite():
            return f"{value:f}"
        case date() if not isinstance(value, datetime):
            return f'"{value.isoformat()}"'
        case Mapping():
            members = (
                f"{json.dumps(str(name), ensure_ascii=False)}:{written(value[name])}" for name in value
            )
            return f"{{{','.join(members)}}}"
        case list() | tuple():
            return f"[{','.join(map(written, value))}]"
        case float():
            raise TypeError("a float is not exact; give a `Decimal`, such as Decimal('0.7')")
        case _:
            raise TypeError(f"a value of the kind `{type(value).__name__}` cannot be sent as JSON")


def read(text: bytes | str) -> Any:
    """What a JSON text says, its decimals exact."""
    return json.loads(text, parse_float=Decimal)
