"""Facts: what can be told about a candidate, and what to tell for one level."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from flask import Response
from flask_smorest import Blueprint

from service.errors import NotFound, did_you_mean
from service.facts.types import Choice, Fact, FactType, ListOf, Number, Records
from service.policy.jsonschema import facts_for, request_schema
from service.policy.model import Level
from service.web.answers import documented, in_json, plain
from service.web.api.schemas import FactsSchema
from service.web.asked import day, query, unfit
from service.web.parts import parts

_FOR: Final = {
    "name": "for",
    "in": "query",
    "description": "a level as `track/level`: what can matter for it, and a JSON Schema for one request",
    "schema": {"type": "string"},
    "example": "people-lead/team-lead",
}
_ON: Final = {
    "name": "on",
    "in": "query",
    "description": "the day, YYYY-MM-DD, whose version of the level is meant; without it, today (UTC)",
    "schema": {"type": "string", "format": "date"},
}

blueprint = Blueprint("facts", __name__, url_prefix="/v1/facts", description="What to send")


@blueprint.get("")
@blueprint.doc(parameters=[_FOR, _ON])
@blueprint.response(200, FactsSchema)
@documented(400, 404)
def list_facts() -> Response:
    """List the facts that may be sent, or with `for` those that one level asks about"""
    asked = query("for", "on")
    on, policies = day(asked, "on", parts().today()), parts().policies
    if "for" not in asked:
        told = policies.vocabulary.facts.values()
        return in_json({"policy_set": policies.digest, "for": None, "facts": [_fact(fact) for fact in told]})
    level = _level(asked["for"], on)
    vocabulary = policies.vocabulary
    return in_json(
        {
            "policy_set": policies.digest,
            "for": level.name,
            "facts": [_fact(fact) for fact in facts_for(level, vocabulary)],
            "request_schema": request_schema(level, vocabulary),
        }
    )


def _level(place: str, on: date) -> Level:
    """The level at a place, in the version of the day."""
    track, slash, name = place.partition("/")
    if not slash:
        raise unfit("for", "a level as `track/level`")
    policies = parts().policies
    if track not in policies.tracks:
        raise NotFound(f"there is no track `{track[:100]}`{did_you_mean(track[:100], policies.tracks)}")
    version = policies.version(track, on)
    if version is None:
        raise NotFound(f"no version of `{track}` is in force on {on}")
    level = version.level(name)
    if level is None:
        known = [each.level for each in version.levels]
        raise NotFound(f"`{track}` has no level `{name[:100]}`{did_you_mean(name[:100], known)}")
    return level


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "name": fact.name,
        **_type(fact.type),
        "label": fact.label,
        "question": fact.question,
        "source": fact.source,
        "absent_means": "unknown" if fact.absent_means is None else plain(fact.absent_means),
        "can_change": fact.can_change,
        "sensitive": fact.sensitive,
        "protected": fact.protected,
    }


def _type(kind: FactType) -> dict[str, Any]:
    """The type by its name in the vocabulary, with what belongs to it."""
    match kind:
        case Number(unit=unit, decimals=decimals, minimum=least, maximum=most):
            bounds = {"minimum": plain(least), "maximum": plain(most)}
            return {"type": "number", "unit": unit or None, "decimals": decimals, **bounds}
        case Choice(choices=choices, ordered=ordered):
            return {"type": "choice", "choices": list(choices), "ordered": ordered}
        case ListOf(of=of):
            return {"type": "list", "of": _type(of)}
        case Records(fields=fields, dated_by=dated_by):
            return {
                "type": "records",
                "fields": [_fact(each) for each in fields.values()],
                "dated_by": dated_by,
            }
        case _:
            return {"type": kind.word.replace(" or ", "_")}
