"""Facts as they come in a request; facts with their types, and everything that is wrong with them, out.

A wrong type is never coerced: `"3"` is not 3, `"yes"` is not true, 2026-02-30 is not a date. A fact that is
left out or null stands for what its `absent_means` says. Faults never repeat the value of a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from service.errors import Fault, did_you_mean
from service.facts.calendar import FIRST_DAY, LAST_DAY, parse_day
from service.facts.quick import Unusual
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
from service.facts.vocabulary import ALWAYS_THERE, Vocabulary

_TEXTS = ("a text", "a date", "a day", "a digest", "a level", "one of")  #: what begins so is a text in JSON
MOST_UNKNOWN_NAMES = 100  #: that are told of; looking for the word that was meant takes time


class Faults:
    """Collects what is wrong (`faults`) and what is merely not used (`warnings`)."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self._unknown_names = 0

    def wrong(self, pointer: str, expected: str, came: object, remedy: str = "") -> None:
        kind = came_as(came, expected)
        message = f"expected {expected}, but {kind} came"
        self.faults.append(Fault(pointer, message + (f"; {remedy}" if remedy else ""), expected, kind))

    def not_known(self, name: str, pointer: str, known: Iterable[str], noun: str) -> None:
        self._unknown_names += 1
        if self._unknown_names > MOST_UNKNOWN_NAMES + 1:
            return
        if self._unknown_names > MOST_UNKNOWN_NAMES:
            pointer, message = "/facts", f"only the first {MOST_UNKNOWN_NAMES} unknown names are listed"
        elif noun == "fact" and name in ALWAYS_THERE:
            message = f"`{name}` is set by the request itself and is not sent among the facts"
        else:
            message = f"`{name[:100]}` is not a {noun} that the policies declare, so it was not used"
            message += did_you_mean(name[:100], known)
        kept = self.faults if self.strict else self.warnings
        kept.append(Fault(pointer, message, "a fact that the policies declare", "an unknown name"))


def came_as(value: object, expected: str = "") -> str:
    """What kind of JSON value came, in words; of a text in the place of a certain one, that it is another."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | Decimal():
            return "a number"
        case "":
            return "an empty text"
        case str():
            return "another text" if expected.startswith(_TEXTS) else "a text"
        case list():
            return "a list"
        case _:
            return "an object"


def escape(name: str) -> str:
    """A name as it stands in a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def read_facts(raw: Mapping[str, Any], vocabulary: Vocabulary, faults: Faults) -> dict[str, Any]:
    """Every fact of the vocabulary by name: its value, or None where it is not known."""
    try:
        values: dict[str, Any] = vocabulary.read(raw)
    except Unusual:
        return slowly(raw, vocabulary, faults)
    return values


def slowly(raw: Mapping[str, Any], vocabulary: Vocabulary, faults: Faults) -> dict[str, Any]:
    """The same, whatever was sent, and all that is wrong with it."""
    for name in raw:
        if name not in vocabulary.facts:
            faults.not_known(name, f"/facts/{escape(name)}", vocabulary.facts, "fact")
    return _read_named(raw, vocabulary.facts.values(), "/facts", faults)


def _read_named(raw: Mapping[str, Any], facts: Iterable[Fact], base: str, faults: Faults) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for fact in facts:
        value = raw.get(fact.name)
        if value is None:
            values[fact.name] = fact.absent_means
        else:
            values[fact.name] = _READ[type(fact.type)](fact.type, value, f"{base}/{fact.name}", faults)
    return values


def _number(kind: Number, value: Any, pointer: str, faults: Faults) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return faults.wrong(
            pointer, _number_words(kind), value, "send it without quotes" if isinstance(value, str) else ""
        )
    if kind.decimals is not None and decimal_places(value) > kind.decimals:
        faults.wrong(pointer, _number_words(kind), value, f"it has {_decimals(decimal_places(value))}")
    elif (kind.minimum is not None and value < kind.minimum) or (
        kind.maximum is not None and value > kind.maximum
    ):
        faults.wrong(pointer, _number_words(kind), value, "it lies outside these bounds")
    else:
        return value
    return None


def _number_words(kind: Number) -> str:
    words = "a whole number" if kind.decimals == 0 else "a number"
    if kind.decimals:
        words += f" with at most {_decimals(kind.decimals)}"
    if kind.minimum is not None:
        words += f" from {kind.minimum}"
    if kind.maximum is not None:
        words += f" up to {kind.maximum}"
    return words


def _decimals(places: int) -> str:
    return f"{places} decimal" if places == 1 else f"{places} decimals"


def _yes_no(kind: YesNo, value: Any, pointer: str, faults: Faults) -> Any:
    return (
        value if isinstance(value, bool) else faults.wrong(pointer, "true or false", value, "without quotes")
    )


def _date(kind: Date, value: Any, pointer: str, faults: Faults) -> Any:
    day = parse_day(value) if isinstance(value, str) else None
    if day is None:
        remedy = f"write YYYY-MM-DD, a day that exists, from {FIRST_DAY} to {LAST_DAY}"
        return faults.wrong(pointer, "a date", value, remedy)
    return day


def _text(kind: Text, value: Any, pointer: str, faults: Faults) -> Any:
    if not isinstance(value, str):
        return faults.wrong(pointer, "a text", value)
    if len(value) > LONGEST_TEXT:
        return faults.wrong(pointer, f"a text of at most {LONGEST_TEXT} characters", value, "it is longer")
    return value


def _choice(kind: Choice, value: Any, pointer: str, faults: Faults) -> Any:
    if isinstance(value, str) and value in kind.choices:
        return value
    return faults.wrong(
        pointer,
        f"one of {', '.join(f'`{choice}`' for choice in kind.choices)}",
        value,
        "write one of these exactly",
    )


def _list(kind: ListOf, value: Any, pointer: str, faults: Faults) -> Any:
    if not _is_list(value, pointer, faults):
        return None
    read = _READ[type(kind.of)]
    values = []
    for index, item in enumerate(value):
        if item is None:
            faults.wrong(f"{pointer}/{index}", f"a {kind.of.word}", item, "leave the item out")
        else:
            values.append(read(kind.of, item, f"{pointer}/{index}", faults))
    return tuple(values)


def _records(kind: Records, value: Any, pointer: str, faults: Faults) -> Any:
    if not _is_list(value, pointer, faults):
        return None
    entries = []
    for index, entry in enumerate(value):
        place = f"{pointer}/{index}"
        if not isinstance(entry, dict):
            faults.wrong(place, "an object", entry, f"with the fields {', '.join(kind.fields)}")
            continue
        for name in entry:
            if name not in kind.fields:
                faults.not_known(name, f"{place}/{escape(name)}", kind.fields, "field")
        entries.append(_read_named(entry, kind.fields.values(), place, faults))
    return tuple(entries)


def _is_list(value: Any, pointer: str, faults: Faults) -> bool:
    if not isinstance(value, list):
        faults.wrong(pointer, "a list", value)
    elif len(value) > MOST_ENTRIES:
        faults.wrong(pointer, f"a list of at most {MOST_ENTRIES} entries", value, f"it has {len(value)}")
    else:
        return True
    return False


_READ: dict[type[FactType], Callable[[Any, Any, str, Faults], Any]] = {
    Number: _number, YesNo: _yes_no, Date: _date, Text: _text, Choice: _choice,
    ListOf: _list, Records: _records,
}  # fmt: skip
