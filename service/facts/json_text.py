"""JSON text in; plain values out, with numbers exact and nothing that JSON leaves open.

Refused, each with one clear fault: text that is not UTF-8 or not JSON, the same name twice in one object, NaN
and Infinity, numbers beyond any use, half characters, and nesting deeper than `DEEPEST`.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from service.errors import Fault, RequestError

DEEPEST = 20  #: lists and objects inside each other
MOST_DIGITS = 30  #: of a number, before or after the decimal point


def read_json(text: bytes) -> Any:
    """The value of a JSON text: dict, list, str, int, Decimal, bool or None.

    Raises:
        RequestError: with the one reason why it cannot be read.
    """
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as broken:
        _refuse(f"the body is not UTF-8 text (at byte {broken.start + 1}); send JSON in UTF-8")
    _check_depth(decoded)
    try:
        value = _DECODER.decode(decoded)
    except json.JSONDecodeError as broken:
        _refuse(
            f"the body is not JSON: {_complaint(broken.msg)} at line {broken.lineno}, column {broken.colno}"
        )
    if "\\u" in decoded:
        _check_characters(value)
    return value


def _refuse(message: str, pointer: str = "") -> NoReturn:
    raise RequestError([Fault(pointer, message, expected="JSON", came="other text")])


def _complaint(message: str) -> str:
    words = message.rstrip(":").removesuffix(" at").removesuffix(" starting")
    return words[:1].lower() + words[1:].replace(
        "property name enclosed in double quotes", "a name in double quotes"
    )


#: Texts, also one that never ends, and everything else that is not a bracket.
_NO_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[^][{}"]+', re.DOTALL)


def _check_depth(text: str) -> None:
    """Count brackets outside texts, before any parser meets them: a deep text is refused, not followed."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for bracket in _NO_BRACKET.sub("", text):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            _refuse(f"the body is nested more than {DEEPEST} deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        once = set(value)
        for twice, _ in pairs:
            if twice not in once:
                break
            once.remove(twice)
        _refuse(f"the name `{twice[:100]}` stands twice in one object; send it once")
    return value


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > MOST_DIGITS:
        _refuse(f"a number has more than {MOST_DIGITS} digits")
    return int(text)


def _fraction(text: str) -> int | Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # its exponent alone is beyond what decimals hold
        number = Decimal("Infinity")
    digits = number.as_tuple().digits
    if not number.is_finite() or len(digits) > MOST_DIGITS or abs(number.adjusted()) > MOST_DIGITS:
        _refuse(f"a number has more than {MOST_DIGITS} digits, or is too large or too small to be of use")
    return int(number) if number == number.to_integral_value() else number


def _constant(text: str) -> NoReturn:
    _refuse(f"`{text}` is not a number; send a number, or leave the fact out when it is not known")


def _check_characters(value: Any) -> None:
    """A half character (a lone surrogate) has no UTF-8 form, so it could not be recorded."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError:
        _refuse("a text holds half a character (a lone surrogate)")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction, parse_constant=_constant
)
