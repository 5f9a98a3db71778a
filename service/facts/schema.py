"""The request as it comes over the wire: JSON values in; a `Request` and everything wrong with it out.

The marshmallow schema is also what the published OpenAPI says of a request. Whether tracks and levels exist
is `policy.selection`'s question.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, missing, post_load, validate

from service.errors import Fault
from service.facts.calendar import parse_day
from service.facts.reading import Faults, read_facts
from service.facts.request import GrantedWaiver, Request, Standing
from service.facts.strict import LONGEST_NAME, Day, Name, Strict, TrueFalse, read_strictly
from service.facts.vocabulary import Vocabulary

MOST_WAIVERS = 100


class Facts(fields.Dict):
    """An object; what is in it is read by the vocabulary, not here."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, dict):
            raise ValidationError("expected an object with facts by name")
        return value


class _OfRequest(Strict):
    error_messages = {"unknown": "this name is not part of a request"}  # noqa: RUF012 - marshmallow's way to say it


class CandidateSchema(_OfRequest):
    id = Name(required=True, metadata={"description": "your own id of the person", "example": "E-1042"})


class PlaceSchema(_OfRequest):
    """A level of a track."""

    track = Name(required=True, metadata={"example": "software-craft"})
    level = Name(required=True, metadata={"example": "senior"})


class WaiverSchema(_OfRequest):
    """A waiver that a person with the right to do so has granted."""

    requirement = Name(required=True, metadata={"example": "manager-training"})
    by = Name(
        required=True,
        metadata={"description": "the role of the person who granted it", "example": "people-director"},
    )
    granted_on = Day(required=True)
    until = Day(required=True, metadata={"description": "the last day on which it counts"})
    reason = Name(required=True)

    @post_load
    def granted(self, told: dict[str, Any], **_: Any) -> GrantedWaiver:
        return GrantedWaiver(**told)


class RequestSchema(_OfRequest):
    """May this candidate enter that level, as of that day?"""

    request_id = Name(
        load_default=None, allow_none=True, metadata={"description": "your own id of this request"}
    )
    candidate = fields.Nested(CandidateSchema, required=True)
    standing = fields.Nested(
        PlaceSchema,
        data_key="from",
        allow_none=True,
        metadata={
            "description": "where the candidate stands now; null: on no ladder yet; left out: not told"
        },
    )
    to = fields.Nested(PlaceSchema, required=True)
    as_of = Day(required=True, metadata={"description": "the day the promotion would take effect"})
    submitted_on = Day(
        metadata={
            "description": "the day of the request, which selects the policy version; default: today (UTC)"
        }
    )
    version = Name(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "the policy version to be judged by; refused when it may not judge this request; "
            "left out: the one that the policies select",
            "example": "people-lead/2026-01-01",
        },
    )
    supersedes = Name(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "the `verdict_id` of an earlier verdict on this candidate, which this one, on"
            " corrected facts, replaces"
        },
    )
    facts = Facts(required=True, metadata={"description": "facts by name, as `GET /v1/facts` lists them"})
    waivers = fields.List(
        fields.Nested(WaiverSchema),
        load_default=list,
        validate=validate.Length(max=MOST_WAIVERS, error=f"expected at most {MOST_WAIVERS} waivers"),
        error_messages={"invalid": "expected a list of waivers"},
    )
    strict_facts = TrueFalse(
        load_default=False,
        metadata={"description": "true: a fact that no policy declares is an error, not a warning"},
    )


class OptionsRequestSchema(RequestSchema):
    """Where may this candidate go from here, as of that day?"""

    class Meta(Strict.Meta):
        exclude = ("request_id", "to", "version", "waivers")

    standing = fields.Nested(
        PlaceSchema,
        data_key="from",
        required=True,
        allow_none=True,
        metadata={"description": "where the candidate stands now; null: on no ladder yet"},
    )


_SCHEMA = RequestSchema()
_OPTIONS = OptionsRequestSchema()
_NOWHERE = {"track": "", "level": ""}
_PLACE = frozenset(("track", "level"))
#: What `quick_frame` knows; a request that says anything else is read by the schema.
_OWN_NAMES = ("request_id", "version", "supersedes")
_KNOWN = frozenset(("candidate", "from", "to", "as_of", "submitted_on", "facts", "strict_facts", *_OWN_NAMES))
_NEEDED = frozenset(("candidate", "to", "as_of", "facts"))
_UNSAID = {
    name: field.load_default
    for name, field in _SCHEMA.fields.items()
    if field.load_default is not missing and name != "waivers"
}


def read_options_request(
    raw: Any, vocabulary: Vocabulary, *, today: date
) -> tuple[Request | None, list[Fault]]:
    """As `read_request`, for a request that asks for no level: `to_track` and `to_level` are empty."""
    return read_request(raw, vocabulary, today=today, schema=_OPTIONS)


def read_request(
    raw: Any, vocabulary: Vocabulary, *, today: date, schema: Strict = _SCHEMA
) -> tuple[Request | None, list[Fault]]:
    """The request as far as it can be read, and everything wrong with it (also with its facts).

    Where something is wrong, the request only serves to find what else is: it names the level asked for and
    the day of the request, and is None when even these cannot be read. It must not be judged.
    """
    wrong: list[Fault] = []
    told = quick_frame(raw) if schema is _SCHEMA else None
    if told is None:
        told, messages, wrong = read_strictly(schema, raw)
        if wrong:
            told = _readable(told, messages)
    strict = isinstance(raw, dict) and raw.get("strict_facts") is True
    reading = Faults(strict=strict)
    sent = raw.get("facts") if isinstance(raw, dict) else None
    facts = read_facts(sent, vocabulary, reading) if isinstance(sent, dict) else {}
    wrong += reading.faults
    if told is None:
        return None, wrong
    submitted_on, to = told.get("submitted_on", today), told.get("to", _NOWHERE)
    request = Request(
        request_id=told.get("request_id"),
        candidate=told.get("candidate", {}).get("id", ""),
        standing=_standing(told),
        to_track=to["track"],
        to_level=to["level"],
        submitted_on=submitted_on,
        as_of=told.get("as_of", submitted_on),
        facts=facts,
        waivers=tuple(told.get("waivers", ())),
        warnings=tuple(reading.warnings),
        version=told.get("version"),
    )
    return request, wrong


def quick_frame(raw: Any) -> dict[str, Any] | None:
    """What `RequestSchema` loads, of a request without waivers whose frame is all right; None for others."""
    if type(raw) is not dict:
        return None
    told = {**_UNSAID, **raw}
    if told.pop("waivers", []) != [] or not told.keys() <= _KNOWN or not told.keys() >= _NEEDED:
        return None
    told["waivers"] = []
    candidate, to, standing = told["candidate"], told["to"], told.get("from")
    told["as_of"] = as_of = _day(told["as_of"])
    if "from" in told:
        told["standing"] = told.pop("from")
    if "submitted_on" in told:
        told["submitted_on"] = _day(told["submitted_on"])
    right = (
        type(candidate) is dict
        and candidate.keys() == {"id"}
        and _is_name(candidate["id"])
        and _is_place(to)
        and (standing is None or _is_place(standing))
        and as_of is not None
        and told.get("submitted_on", as_of) is not None
        and all(told[name] is None or _is_name(told[name]) for name in _OWN_NAMES)
        and type(told["facts"]) is dict
        and type(told["strict_facts"]) is bool
    )
    return told if right else None


def _day(sent: Any) -> date | None:
    return parse_day(sent) if type(sent) is str else None


def _is_place(sent: Any) -> bool:
    return type(sent) is dict and sent.keys() == _PLACE and all(map(_is_name, sent.values()))


def _is_name(sent: Any) -> bool:
    return type(sent) is str and 0 < len(sent) <= LONGEST_NAME and sent == sent.strip() and sent.isprintable()


def _readable(told: Any, messages: Any) -> dict[str, Any] | None:
    """Of a request that is wrong, what says which level is asked for; None where that cannot be read."""
    if not isinstance(told, dict) or not isinstance(messages, dict) or {"to", "submitted_on"} & set(messages):
        return None
    kept = {name: told[name] for name in ("to", "submitted_on") if name in told}
    if "from" not in messages and "standing" in told:
        kept["standing"] = told["standing"]
    return kept if "to" in kept else None


def _standing(told: Mapping[str, Any]) -> Standing | None:
    if "standing" not in told:
        return None
    place = told["standing"]
    return Standing(track=None, level=None) if place is None else Standing(**place)
