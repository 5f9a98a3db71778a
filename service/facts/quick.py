"""Quick reading: facts that are all as declared go in; their values come out, and nothing of anything else.

What a type lets in is made into a function once, for a whole vocabulary. Whoever sends anything else, an
unknown name included, is `Unusual`, and `facts.reading` says what it is. Tests hold the two to the same
answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from service.facts.calendar import parse_day
from service.facts.totals import decimal_places
from service.facts.types import (
    LONGEST_TEXT,
    MOST_ENTRIES,
    Choice,
    Date,
    Fact,
    FactType,
    ListOf,
    Number,
    Records,
    Text,
    YesNo,
)

Read = Callable[[Any], Any]


class Unusual(Exception):
    """Something that is wrong, or not declared."""


def quick_reader(facts: Mapping[str, Fact]) -> Read:
    """What reads an object with these facts or fields: all of them by name, in the order declared.

    Raises:
        Unusual: when asked to read anything that is not wholly right.
    """
    unsaid = {name: fact.absent_means for name, fact in facts.items()}
    readers = {name: _READER[type(fact.type)](fact.type) for name, fact in facts.items()}

    def read(sent: Any) -> dict[str, Any]:
        if type(sent) is not dict:
            raise Unusual
        values = unsaid.copy()
        for name, value in sent.items():
            if name not in readers:
                raise Unusual
            if value is not None:
                values[name] = readers[name](value)
        return values

    return read


def _number(kind: Number) -> Read:
    decimals, minimum, maximum = kind.decimals, kind.minimum, kind.maximum

    def read(value: Any) -> Any:
        if type(value) is not int and (
            type(value) is not Decimal or (decimals is not None and decimal_places(value) > decimals)
        ):
            raise Unusual
        if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
            raise Unusual
        return value

    return read


def _yes_no(_: YesNo) -> Read:
    def read(value: Any) -> Any:
        if value is True or value is False:
            return value
        raise Unusual

    return read


def _date(_: Date) -> Read:
    def read(value: Any) -> Any:
        day = parse_day(value) if type(value) is str else None
        if day is None:
            raise Unusual
        return day

    return read


def _text(_: Text) -> Read:
    def read(value: Any) -> Any:
        if type(value) is str and len(value) <= LONGEST_TEXT:
            return value
        raise Unusual

    return read


def _choice(kind: Choice) -> Read:
    choices = frozenset(kind.choices)

    def read(value: Any) -> Any:
        if type(value) is str and value in choices:
            return value
        raise Unusual

    return read


def _list(kind: ListOf) -> Read:
    return _each(_READER[type(kind.of)](kind.of))


def _records(kind: Records) -> Read:
    return _each(quick_reader(kind.fields))


def _each(one: Read) -> Read:
    def read(value: Any) -> Any:
        if type(value) is list and len(value) <= MOST_ENTRIES:
            return tuple(map(one, value))
        raise Unusual

    return read


_READER: Final[Mapping[type[FactType], Callable[[Any], Read]]] = {
    Number: _number, YesNo: _yes_no, Date: _date, Text: _text, Choice: _choice,
    ListOf: _list, Records: _records,
}  # fmt: skip
