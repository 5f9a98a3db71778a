"""JSON text in; plain values out, with numbers exact and nothing that JSON leaves open.

Refused, each with one clear fault: text that is not UTF-8 or not JSON, the same name twice in one object, NaN
and Infinity, numbers beyond any use, half characters, and nesting deeper than `DEEPEST`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, NoReturn

import orjson

from service.errors import Fault, RequestError

DEEPEST = 20  #: lists and objects inside each other
MOST_DIGITS = 30  #: of a number, before or after the decimal point
_DEEPEST_AROUND = 100  #: in a text of several values: what the parser may follow to find the end of a bad one


def read_json(text: bytes) -> Any:
    """The value of a JSON text: dict, list, str, int, Decimal, bool or None.

    Raises:
        RequestError: with the one reason why it cannot be read.
    """
    quickly = _quickly(text)
    return slowly(text) if quickly is _UNUSUAL else quickly


def slowly(text: bytes) -> Any:
    """The same for every text, by the parser that knows how to complain."""
    decoded = _decoded(text)
    _check_depth(text, DEEPEST)
    try:
        value = _DECODER.decode(decoded)
    except json.JSONDecodeError as broken:
        _refuse_as_broken(broken)
    if "\\u" in decoded:
        _check_characters(value)
    return value


def write_json(value: Any) -> bytes:
    """A JSON text that `read_json` reads as this value, every number exact."""
    return _written(value).encode()


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


_UNUSUAL = object()


def _quickly(text: bytes) -> Any:
    """The value of a text with whole numbers alone and no colons but those behind names; `_UNUSUAL` for
    others.

    The parser used here takes fractions, and the same name twice. It reads a fraction, or a number beyond 64
    bits, as a float, which is looked for. A name that stands twice leaves fewer names than there are colons.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _UNUSUAL
    names, depth, level = 0, 0, [value]
    while level:
        objects = [node for node in level if type(node) is dict]
        lists = [node for node in level if type(node) is list]
        if float in set(map(type, level)) or (depth >= DEEPEST and (objects or lists)):
            return _UNUSUAL
        names += sum(map(len, objects))
        level = list(chain.from_iterable(map(dict.values, objects)))
        level.extend(chain.from_iterable(lists))
        depth += 1
    return value if names == text.count(b":") else _UNUSUAL


def read_items(text: bytes, name: str) -> Iterator[tuple[bytes, Any]]:
    """The items of the list under one name, the only one, in a JSON object: of each the text as it was sent,
    and its value, or the `RequestError` that `read_json` would raise for it.

    Raises:
        RequestError: the whole is not JSON, or not an object with such a list.
    """
    decoded = _decoded(text)
    _check_depth(text, _DEEPEST_AROUND)
    opened = _match(_opening(name), decoded, 0, name)
    at, closed = opened, _CLOSING.match(decoded, opened)
    while closed is None:
        try:
            end = _LENIENT.raw_decode(decoded, at)[1]
        except json.JSONDecodeError:
            _refuse_shape(decoded, name)
        item = decoded[at:end].encode()
        yield item, _value_or_why_not(item)
        closed = _CLOSING.match(decoded, end)
        if closed is None:
            at = _match(_COMMA, decoded, end, name)
    if closed.end() != len(decoded):
        _refuse_shape(decoded, name)


def _value_or_why_not(item: bytes) -> Any:
    try:
        return read_json(item)
    except RequestError as refused:
        return refused


def _match(pattern: re.Pattern[str], decoded: str, at: int, name: str) -> int:
    """The place behind what must stand here."""
    found = pattern.match(decoded, at)
    return found.end() if found else _refuse_shape(decoded, name)


def _refuse_shape(decoded: str, name: str) -> NoReturn:
    """Say what is wrong with a text that is not one list under one name."""
    try:
        _LENIENT.decode(decoded)
    except json.JSONDecodeError as broken:
        _refuse_as_broken(broken)
    message = f"expected an object with the one name `{name}`, and a list there"
    raise RequestError([Fault("", message, f"an object with `{name}`", "something else")])


def _opening(name: str) -> re.Pattern[str]:
    return re.compile(rf'[ \t\n\r]*\{{[ \t\n\r]*"{name}"[ \t\n\r]*:[ \t\n\r]*\[[ \t\n\r]*')


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as broken:
        _refuse(f"the body is not UTF-8 text (at byte {broken.start + 1}); send JSON in UTF-8")


def _refuse(message: str, pointer: str = "") -> NoReturn:
    raise RequestError([Fault(pointer, message, expected="JSON", came="other text")])


def _refuse_as_broken(broken: json.JSONDecodeError) -> NoReturn:
    complaint = _complaint(broken.msg)
    _refuse(f"the body is not JSON: {complaint} at line {broken.lineno}, column {broken.colno}")


def _complaint(message: str) -> str:
    words = message.rstrip(":").removesuffix(" at").removesuffix(" starting")
    return words[:1].lower() + words[1:].replace(
        "property name enclosed in double quotes", "a name in double quotes"
    )


#: Whatever is no bracket and does not begin, end or go on a text.
_PLAIN = bytes(set(range(256)) - set(b'[]{}"\\'))
#: Texts, also one that never ends, and everything else that is not a bracket.
_NO_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[^][{}"]+', re.DOTALL)


def _check_depth(text: bytes, deepest: int) -> None:
    """Count brackets outside texts, before any parser meets them: a deep text is refused, not followed."""
    if text.count(b"[") + text.count(b"{") <= deepest:
        return
    brackets = text.translate(None, _PLAIN).replace(b'""', b"")
    if b'"' in brackets or b"\\" in brackets:  # a text with a bracket in it, or with something escaped
        brackets = _NO_BRACKET.sub(b"", text)
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        if depth > deepest:
            _refuse(f"the body is nested more than {deepest} deep")


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


def is_of_use(number: int | Decimal) -> bool:
    """Whether a number has no more digits, before or after the point, than one that is sent may have."""
    exact = Decimal(number)
    return (
        exact.is_finite()
        and len(exact.as_tuple().digits) <= MOST_DIGITS
        and abs(exact.adjusted()) <= MOST_DIGITS
    )


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > MOST_DIGITS:
        _refuse(f"a number has more than {MOST_DIGITS} digits")
    return int(text)


def _fraction(text: str) -> int | Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # its exponent alone is beyond what decimals hold
        number = Decimal("Infinity")
    if not is_of_use(number):
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
#: Finds the end of a value, whatever is wrong with it: nothing in it is too large or stands twice.
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_CLOSING = re.compile(r"[ \t\n\r]*\][ \t\n\r]*\}[ \t\n\r]*")
