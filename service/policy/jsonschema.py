"""JSON Schema (2020-12) for requests: a level and the vocabulary go in; what one request to that level
looks like comes out.

Says the same as `facts.schema` and `facts.reading`, for those who check before they send. What JSON Schema
cannot say, such as how many decimals a number may have, stands in the descriptions. Knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from service.facts.strict import LONGEST_NAME
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
from service.facts.vocabulary import Vocabulary
from service.policy.mentions import Mentions
from service.policy.model import Level

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DAY: Final = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_NAME: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_NAME,
    "pattern": r"^[^\s\x00-\x1f]([^\x00-\x1f]*[^\s\x00-\x1f])?$",
}
_STANDING: Final = "where the candidate stands now; null: on no ladder yet; left out: not told"


def facts_for(level: Level, vocabulary: Vocabulary) -> tuple[Fact, ...]:
    """The facts that can matter for a level, in the order of the vocabulary; derived ones are taken apart."""
    used = Mentions().of_level(level)
    return tuple(fact for fact in vocabulary.facts.values() if fact.name in used)


def request_schema(level: Level, vocabulary: Vocabulary) -> dict[str, Any]:
    """The JSON Schema of a request to enter one level.

    Facts that cannot matter for it are not listed, and may be sent all the same unless `strict_facts`
    forbids it.
    """
    facts = facts_for(level, vocabulary)
    ids = [requirement.id for requirement in level.requires]
    to = {"track": {"const": level.track}, "level": {"const": level.level}}
    return {
        "$schema": DIALECT,
        "title": f"A request to enter {level.title} ({level.name})",
        **_object(
            {
                "request_id": {**_or_null(_NAME), "description": "your own id of this request"},
                "candidate": _object(
                    {"id": {**_NAME, "description": "your own id of the person"}}, required=["id"]
                ),
                "from": {**_or_null(_place(level)), "description": _STANDING},
                "to": _object(to, required=["track", "level"]),
                "as_of": {**_DAY, "description": "the day it would take effect"},
                "submitted_on": {**_DAY, "description": "the day of the request; left out: today (UTC)"},
                "version": {**_or_null(_NAME), "description": "the policy version to be judged by, if any"},
                "facts": {"type": "object", "properties": {fact.name: fact_schema(fact) for fact in facts}},
                "waivers": {"type": "array", "maxItems": 100, "items": _waiver(ids)},
                "strict_facts": {"type": "boolean", "description": "true: an unknown fact is an error"},
            },
            required=["candidate", "to", "as_of", "facts"],
        ),
        "examples": [example_request(level, facts)],
    }


def fact_schema(fact: Fact) -> dict[str, Any]:
    """The JSON Schema of one fact, which may always be null: then it counts as left out."""
    told = {
        "title": fact.label,
        "description": ". ".join(part for part in (fact.question, _decimals(fact.type)) if part),
    }
    return {**_or_null(_of_type(fact.type)), **{key: text for key, text in told.items() if text}}


def example_request(level: Level, facts: Iterable[Fact]) -> dict[str, Any]:
    """A request that is read without complaint; its facts are made up."""
    places = level.enter_from or ()
    track, _, name = places[0].partition("/") if places else ("", "", "")
    return {
        "request_id": "wf-1",
        "candidate": {"id": "E-1"},
        "from": {"track": track, "level": name} if places else None,
        "to": {"track": level.track, "level": level.level},
        "as_of": "2027-01-01",
        "facts": {fact.name: _example(fact.type) for fact in facts},
    }


def _of_type(kind: FactType) -> dict[str, Any]:
    match kind:
        case Number(decimals=decimals, minimum=minimum, maximum=maximum):
            bounds = {"minimum": minimum, "maximum": maximum}
            told = {name: _plain(bound) for name, bound in bounds.items() if bound is not None}
            return {"type": "integer" if decimals == 0 else "number", **told}
        case YesNo():
            return {"type": "boolean"}
        case Date():
            return dict(_DAY)
        case Text():
            return {"type": "string", "maxLength": LONGEST_TEXT}
        case Choice(choices=choices):
            return {"type": "string", "enum": list(choices)}
        case ListOf(of=of):
            return {"type": "array", "maxItems": MOST_ENTRIES, "items": _of_type(of)}
        case Records(fields=fields):
            entry = {
                "type": "object",
                "properties": {name: fact_schema(each) for name, each in fields.items()},
            }
            return {"type": "array", "maxItems": MOST_ENTRIES, "items": entry}
        case _:
            raise ValueError(f"callers never send a {kind.word}")


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    widened = {**schema, "type": [schema["type"], "null"]}
    return {**widened, "enum": [*schema["enum"], None]} if "enum" in schema else widened


def _object(properties: Mapping[str, Any], *, required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _place(level: Level) -> dict[str, Any]:
    """Any place may be told; the ones that lead to the level are named."""
    ways = ", ".join(level.enter_from or ())
    place = _object({"track": _NAME, "level": _NAME}, required=["track", "level"])
    return {**place, "title": f"leads here: {ways}"} if ways else place


def _waiver(ids: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "requirement": {"enum": ids},
        "by": {**_NAME, "description": "the role of the person who granted it"},
        "granted_on": _DAY,
        "until": {**_DAY, "description": "the last day on which it counts"},
        "reason": _NAME,
    }
    return _object(fields, required=list(fields))


def _decimals(kind: FactType) -> str:
    if isinstance(kind, Number) and kind.decimals:
        return f"At most {kind.decimals} decimals"
    return ""


def _plain(number: int | Decimal) -> int | float:
    """A bound as a JSON number; bounds are written by people and have few digits."""
    return number if isinstance(number, int) else float(number)


def _example(kind: FactType) -> Any:
    match kind:
        case Number(minimum=minimum, maximum=maximum):
            if minimum is not None:
                return _plain(minimum)
            return 1 if maximum is None or maximum >= 1 else _plain(maximum)
        case YesNo():
            return True
        case Date():
            return date(2026, 1, 31).isoformat()
        case Choice(choices=choices):
            return choices[-1]
        case ListOf(of=of):
            return [_example(of)]
        case Records(fields=fields):
            return [{name: _example(each.type) for name, each in fields.items()}]
        case _:
            return "text"
