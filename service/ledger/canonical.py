"""Canonical JSON: a plain value goes in; the one sequence of bytes that stands for it comes out.

The profile is narrow, so that every implementation of RFC 8785 writes the same bytes: objects with ASCII
keys, arrays, text, whole numbers within ±(2^53 - 1), true, false and null. A decimal is given as text.
Knows nothing of verdicts or of the log.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, cast

import orjson

WIDEST: Final = 2**53 - 1  #: the largest whole number that every JSON reader keeps exact

# dataclasses, dates and subclasses would otherwise be written in orjson's own way
_OPTIONS: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_ALLOWED: Final = frozenset({str, int, bool, type(None), dict, list, tuple})
_ARRAYS: Final = frozenset({list, tuple})
_NESTED: Final = frozenset({dict, list, tuple})
# every number that orjson writes with a fraction or an exponent has one of these; so have some texts
_FRACTION: Final = re.compile(rb"\.[0-9]+[,\]}]")
_NEGATIVE: Final = re.compile(rb"-[0-9]+[,\]}]")  #: an exponent below zero, or a whole number
_LARGE: Final = b"e+"


def canonical(value: object) -> bytes:
    """The canonical bytes of `value`.

    Args:
        value: Nested `dict`, `list` or `tuple` of text, whole numbers, true, false and None; to 254 deep.

    Raises:
        ValueError: Something in it is outside the profile; the message names the place, never the value.

    >>> canonical({"b": [1, True, None], "a": "é"}).decode()
    '{"a":"é","b":[1,true,null]}'
    """
    try:
        written = orjson.dumps(value, option=_OPTIONS)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(_complaint(value)) from error
    if not _inside_profile(value):  # orjson also writes floats, NaN (as null), enumerations and UUIDs
        raise ValueError(_complaint(value))
    return written


def seems_canonical(written: bytes) -> bool:
    """Whether nothing outside the profile shows in what orjson wrote with its keys in order; a doubt is a no.

    Many times faster than looking at every value, for documents whose values are known to be plain.
    """
    return not _FRACTION.search(written) and (written.isascii() or not _has_wide_key(written))


def _has_wide_key(written: bytes) -> bool:
    """Whether a key holds something that is not ASCII: behind the end of a text that is one stands `:`."""
    rest = written
    while not rest.isascii():
        try:
            rest.decode("ascii")
        except UnicodeDecodeError as wide:
            end = rest.find(b'"', wide.start)
            while rest[end - 1 : end] == b"\\":  # a quote inside the text, or a stroke at its end: go on
                end = rest.find(b'"', end + 1)
            if rest[end + 1 : end + 2] == b":":
                return True
            rest = rest[end:]
    return False


def _inside_profile(value: object) -> bool:
    """Whether a value that orjson could write is inside the profile.

    orjson itself has refused keys that are not text, wide numbers, half characters and circles, and whatever
    is too deep to be followed here.
    """
    return _all_inside((value,))


def _all_inside(values: Collection[object]) -> bool:
    kinds = set(map(type, values))
    if not kinds <= _ALLOWED:
        return False
    if kinds.isdisjoint(_NESTED):
        return True
    for value in values:
        kind = type(value)
        if kind is dict:
            held = cast("dict[str, object]", value)
            if not ("".join(held).isascii() and _all_inside(held.values())):
                return False
        elif kind in _ARRAYS and value and not _all_inside(cast("list[object]", value)):
            return False
    return True


def _complaint(value: object) -> str:
    """What is wrong with a value that `canonical` refuses, and where."""
    for where, fault in _faults(value, "", 0):
        return f"`{where or '/'}` {fault}"
    return "the value cannot be written as canonical JSON"


def _faults(value: object, where: str, depth: int) -> Iterator[tuple[str, str]]:
    kind = type(value)
    if kind not in _ALLOWED:
        fraction = isinstance(value, float)
        yield where, "holds a fraction; write decimals as text" if fraction else "is not plain JSON"
    elif depth > 254:
        yield where, "is nested more than 254 deep"
    elif isinstance(value, str):
        if not _is_unicode(value):
            yield where, "holds half of a surrogate pair; send whole characters"
    elif isinstance(value, dict):
        for key, below in value.items():
            if type(key) is not str or not key.isascii():
                yield where, "has a key that is not ASCII text"
            else:
                yield from _faults(below, f"{where}/{key.replace('~', '~0').replace('/', '~1')}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, below in enumerate(value):
            yield from _faults(below, f"{where}/{index}", depth + 1)
    elif isinstance(value, int) and abs(value) > WIDEST:
        yield where, "is beyond 2^53 - 1; write such a number as text"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_canonical(written: bytes) -> bool:
    """Whether some bytes are what `canonical` writes for an object.

    >>> is_canonical(b'{"a":1,"b":"2.5"}'), is_canonical(b'{"b":1,"a":2}'), is_canonical(b'{"a":2.5}')
    (True, False, False)
    """
    try:
        value = orjson.loads(written)
        again = orjson.dumps(value, option=_OPTIONS)
    except (TypeError, ValueError):
        return False
    if again != written or type(value) is not dict:
        return False
    return _holds_no_fraction(written) or _inside_profile(value)


def _holds_no_fraction(written: bytes) -> bool:
    """Whether that can be seen in ASCII that orjson wrote, without a look at every value; a doubt is a no."""
    return written.isascii() and not (
        _LARGE in written or _FRACTION.search(written) or _NEGATIVE.search(written)
    )
