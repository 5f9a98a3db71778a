"""The request as it comes over the wire: JSON values in; a `Request` and everything wrong with it out.

The marshmallow schema is also what the published OpenAPI says of a request. Its lenient fields are not used:
`"yes"` is not true, `" 5 "` is not 5, `2026-W01-1` is not a day. Whether tracks and levels exist is
`policy.selection`'s question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from service.errors import Fault, did_you_mean
from service.facts.calendar import FIRST_DAY, LAST_DAY, parse_day
from service.facts.reading import Faults, came_as, escape, read_facts
from service.facts.request import GrantedWaiver, Request, Standing
from service.facts.vocabulary import Vocabulary

LONGEST_NAME = 200
MOST_WAIVERS = 100
MOST_FAULTS = 100  #: of the frame that are told of
_A_DAY = f"a day as YYYY-MM-DD that exists, from {FIRST_DAY} to {LAST_DAY}"


class Name(fields.String):
    """A text of 1 to 200 characters, none of them a control character, without spaces around it."""

    default_error_messages = {"invalid": "expected a text"}  # noqa: RUF012 - marshmallow's way to say it

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = str(super()._deserialize(value, None, None))
        if not 0 < len(text) <= LONGEST_NAME:
            raise ValidationError(f"expected a text of 1 to {LONGEST_NAME} characters")
        if text != text.strip() or not text.isprintable():
            raise ValidationError("expected a text without spaces around it and without control characters")
        return text


class Day(fields.Date):
    """An ISO day; nothing else that a date field would let in."""

    default_error_messages = {"invalid": f"expected {_A_DAY}"}  # noqa: RUF012 - marshmallow's way to say it

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date:
        day = parse_day(value) if isinstance(value, str) else None
        if day is None:
            raise self.make_error("invalid")
        return day


class TrueFalse(fields.Boolean):
    """JSON true or false; nothing that looks like them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("expected true or false, without quotes")
        return value


class Facts(fields.Dict):
    """An object; what is in it is read by the vocabulary, not here."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, dict):
            raise ValidationError("expected an object with facts by name")
        return value


class _Strict(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "this name is not part of a request", "type": "expected an object"}  # noqa: RUF012 - marshmallow's way to say it


class CandidateSchema(_Strict):
    id = Name(required=True, metadata={"description": "your own id of the person", "example": "E-1042"})


class PlaceSchema(_Strict):
    """A level of a track."""

    track = Name(required=True, metadata={"example": "software-craft"})
    level = Name(required=True, metadata={"example": "senior"})


class WaiverSchema(_Strict):
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


class RequestSchema(_Strict):
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


_SCHEMA = RequestSchema()
_KNOWN = {schema_field.data_key or name for name, schema_field in _SCHEMA.fields.items()}


def read_request(raw: Any, vocabulary: Vocabulary, *, today: date) -> tuple[Request | None, list[Fault]]:
    """The request as far as it can be read, and everything wrong with it (also with its facts).

    Where something is wrong, the request only serves to find what else is: it names the level asked for and
    the day of the request, and is None when even these cannot be read. It must not be judged.
    """
    wrong: list[Fault] = []
    try:
        told = _SCHEMA.load(raw)
    except ValidationError as refused:
        messages = refused.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow gives no type
        wrong = list(islice(_faults(messages, raw), MOST_FAULTS))
        told = _readable(refused.valid_data, messages)
    strict = isinstance(raw, dict) and raw.get("strict_facts") is True
    reading = Faults(strict=strict)
    sent = raw.get("facts") if isinstance(raw, dict) else None
    facts = read_facts(sent, vocabulary, reading) if isinstance(sent, dict) else {}
    wrong += reading.faults
    if told is None:
        return None, wrong
    submitted_on = told.get("submitted_on", today)
    request = Request(
        request_id=told.get("request_id"),
        candidate=told.get("candidate", {}).get("id", ""),
        standing=_standing(told),
        to_track=told["to"]["track"],
        to_level=told["to"]["level"],
        submitted_on=submitted_on,
        as_of=told.get("as_of", submitted_on),
        facts=facts,
        waivers=tuple(told.get("waivers", ())),
        warnings=tuple(reading.warnings),
        version=told.get("version"),
    )
    return request, wrong


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


def _faults(messages: Any, raw: Any, pointer: str = "") -> Iterator[Fault]:
    """One fault for each of marshmallow's messages, with the pointer it belongs to."""
    if isinstance(messages, list):
        for message in messages:
            yield _fault(pointer, str(message), raw)
        return
    for name, inner in messages.items():
        if name == "_schema":
            yield from _faults(inner, raw, pointer)
            continue
        held = raw[name] if isinstance(raw, list) else raw.get(name) if isinstance(raw, dict) else None
        yield from _faults(inner, held, f"{pointer}/{escape(str(name))}")


def _fault(pointer: str, message: str, came: Any) -> Fault:
    name = pointer.rpartition("/")[2]
    if message.startswith("this name"):
        message += did_you_mean(name[:100], _KNOWN)
        return Fault(pointer, message, "a name of the request", "an unknown name")
    if message.startswith(("Missing", "Field may not be null")):
        return Fault(pointer, f"`{name}` is missing; send it", f"`{name}`", came_as(came))
    expected = message.removeprefix("expected ")
    return Fault(pointer, f"expected {expected}, but {came_as(came)} came", expected, came_as(came))
