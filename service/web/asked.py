"""The query of an address: its parameters go in; checked values come out, or one refusal that names
everything wrong.

A misspelt parameter is refused, never passed over: `?veiw=candidate` would otherwise show more than was
asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, overload

from flask import request

from service.errors import Fault, did_you_mean
from service.facts.calendar import FIRST_DAY, LAST_DAY, parse_day
from service.web.errors import Refused

LARGEST: Final = 2**53  #: whole number that every JSON reader keeps exact

Parameter = str | Mapping[str, Any]  #: a name, or all that is published of it, by which its value is checked


def query(*known: Parameter) -> dict[str, str]:
    """The parameters of the present address, of which only `known` ones may be given.

    Raises:
        Refused: With each that is not known, is given twice, or has a value that does not fit.
    """
    if faults := list(_faults(known)):
        raise refusal(faults)
    return request.args.to_dict()


@overload
def day(asked: dict[str, str], name: str, otherwise: date) -> date: ...
@overload
def day(asked: dict[str, str], name: str, otherwise: None) -> date | None: ...
def day(asked: dict[str, str], name: str, otherwise: date | None) -> date | None:
    """A day that was asked for, or another when none was."""
    if name not in asked:
        return otherwise
    found = parse_day(asked[name])
    if found is None:
        wanted = f"a day as YYYY-MM-DD that exists, from {FIRST_DAY} to {LAST_DAY}"
        raise unfit(name, wanted)
    return found


def one_of(asked: dict[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    """One of some words, or None when none was asked for."""
    if name in asked and asked[name] not in choices:
        raise unfit(name, " or ".join(f"`{choice}`" for choice in choices))
    return asked.get(name)


def number(asked: dict[str, str], name: str, otherwise: int | None, least: int, most: int) -> int | None:
    """A whole number that was asked for, or another when none was."""
    if name not in asked:
        return otherwise
    text = asked[name]
    if not re.fullmatch(r"[0-9]{1,16}", text) or not least <= int(text) <= most:
        raise unfit(name, f"a whole number from {least} to {most}")
    return int(text)


def name(asked: dict[str, str], parameter: str, longest: int) -> str | None:
    """A name that was asked for, or None when none was."""
    text = asked.get(parameter)
    if text is not None and not (0 < len(text) <= longest and text.isprintable()):
        raise unfit(parameter, f"a name of 1 to {longest} characters")
    return text


def unfit(name: str, wanted: str) -> Refused:
    """The refusal of a parameter whose value does not fit."""
    message = f"the query parameter `{name}` is not {wanted}"
    return Refused("wrong-query", message, [Fault("", message, wanted, "something else")])


def no_such(
    asked: dict[str, str], name: str, known: Collection[str], otherwise: Callable[[str], bool]
) -> Iterator[Fault]:
    """What is wrong with a parameter that names nothing known, and nothing that there is otherwise."""
    if name in asked and asked[name] not in known and not otherwise(asked[name]):
        shown = asked[name][:100]
        message = f"the query parameter `{name}` says `{shown}`, and there is no such {name}"
        yield Fault("", f"{message}{did_you_mean(shown, known)}", f"the name of a {name}", "an unknown name")


def refusal(faults: Sequence[Fault]) -> Refused:
    """The refusal of a query with everything that is wrong with it."""
    several = f"{len(faults)} things are wrong with the query"
    return Refused("wrong-query", several if faults[1:] else faults[0].message, faults)


def _faults(known: tuple[Parameter, ...]) -> Iterator[Fault]:
    schemas: dict[str, Mapping[str, Any]] = {}
    for each in known:
        schemas |= {each: {}} if isinstance(each, str) else {each["name"]: each["schema"]}
    taken = ", ".join(f"`{name}`" for name in schemas) or "none"
    for called, values in request.args.lists():
        shown = called[:50]
        if called not in schemas:
            message = f"there is no query parameter `{shown}`{did_you_mean(shown, schemas)}"
            yield Fault("", message, f"the parameters taken here: {taken}", "an unknown name")
        elif len(values) > 1:
            yield Fault("", f"the query parameter `{shown}` is given twice", "one value", "several")
        else:
            try:
                _check({called: values[0]}, called, schemas[called])
            except Refused as refused:
                yield from refused.faults


def _check(asked: dict[str, str], called: str, schema: Mapping[str, Any]) -> None:
    """Hold a value to what is published of it."""
    match schema:
        case {"enum": choices}:
            one_of(asked, called, tuple(choices))
        case {"type": "integer"}:
            number(asked, called, None, schema["minimum"], schema.get("maximum", LARGEST))
        case {"format": "date"}:
            day(asked, called, None)
        case {"maxLength": longest}:
            name(asked, called, longest)
