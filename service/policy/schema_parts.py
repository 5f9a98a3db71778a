"""Pieces of JSON Schema for policy files: texts, answers, numbers, days, lengths, names and groups of lines.

An editor reads YAML by its own rules: `yes` is a text to one and true to another, `2026-01-01` a text, `6` a
number. What the loader reads as text may therefore come as any plain value. Knows nothing of the language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from service.policy.reader import ID, LONGEST_NAME, LONGEST_TEXT, NAME

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PLAIN: Final[Schema] = {"type": ["string", "number", "boolean"]}  #: any plain value; nothing is none
WORD: Final[Schema] = {**PLAIN, "pattern": r"\S"}
TEXT: Final[Schema] = {**WORD, "maxLength": LONGEST_TEXT}
YES_NO: Final[Schema] = {"enum": ["yes", "no", True, False]}
NUMBER: Final[Schema] = {"type": "number"}
DAY: Final[Schema] = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
LENGTH: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9]{1,5} (day|week|month|year)s?$",
    "examples": ["12 months", "52 weeks", "90 days", "2 years"],
}
ID_TEXT: Final[Schema] = {"type": "string", "pattern": f"^{ID.pattern}$", "maxLength": LONGEST_NAME}
NAME_TEXT: Final[Schema] = {"type": "string", "pattern": f"^{NAME.pattern}$", "maxLength": LONGEST_NAME}


def whole(low: int, high: int) -> Schema:
    """A whole number from `low` to `high`."""
    return {"type": "integer", "minimum": low, "maximum": high}


def one_of(words: Iterable[str]) -> Schema:
    """One of a few fixed words."""
    return {"enum": list(words)}


def known(names: Iterable[str], otherwise: Schema = WORD) -> Schema:
    """One of these names, which an editor offers, or another one: the folder grows, and the loader judges."""
    listed = list(names)
    return {"anyOf": [{"enum": listed}, otherwise]} if listed else dict(otherwise)


def ref(name: str) -> Schema:
    """Whatever `name` is defined as in the same schema."""
    return {"$ref": f"#/$defs/{name}"}


def some_of(items: Schema, at_least: int = 1, at_most: int | None = None) -> Schema:
    """A list."""
    most = {} if at_most is None else {"maxItems": at_most}
    return {"type": "array", "minItems": at_least, **most, "items": items}


def one_or_several(item: Schema) -> Schema:
    """One thing, or a list of at least one."""
    return {"anyOf": [item, some_of(item)]}


def lines(values: Mapping[str, Schema], *needed: str, notes: Mapping[str, str] | None = None) -> Schema:
    """Lines `name: value`, with these names and no others."""
    told = notes or {}
    properties = {
        name: {**value, "description": told[name]} if name in told else value
        for name, value in values.items()
    }
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": list(needed)} if needed else {}),
    }


def by_name(names: Schema, values: Schema, at_least: int = 0) -> Schema:
    """Lines whose names the author chooses."""
    return {
        "type": "object",
        "propertyNames": names,
        "additionalProperties": values,
        **({"minProperties": at_least} if at_least else {}),
    }


def has(*names: str) -> Schema:
    """All of these names are there."""
    return {"required": list(names)}


def has_any(names: Iterable[str]) -> Schema:
    """At least one of these names is there."""
    return {"anyOf": [has(name) for name in names]}


def has_one(names: Iterable[str]) -> Schema:
    """Exactly one of these names is there."""
    return {"oneOf": [has(name) for name in names]}


def lacks(*names: str) -> Schema:
    """None of these names is there."""
    return {"not": has_any(names)}


def both(*schemas: Schema) -> Schema:
    """All of these hold."""
    return {"allOf": list(schemas)}


def when(condition: Schema, then: Schema, otherwise: Schema | None = None) -> Schema:
    """One thing holds only where another does."""
    return {"if": condition, "then": then, **({"else": otherwise} if otherwise is not None else {})}


def only(names: Iterable[str]) -> Schema:
    """No other names than these."""
    return {"propertyNames": {"enum": list(names)}}
