"""The shapes of the other answers, as the published OpenAPI tells them; they describe and do not convert.

Verdicts and requests have theirs in `verdict.schema` and `facts.schema`.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate


def _text(**more: Any) -> fields.String:
    return fields.String(required=True, **more)


def _day(description: str, **more: Any) -> fields.String:
    return fields.String(required=True, metadata={"description": description, "format": "date"}, **more)


_KIND = validate.OneOf(["craft", "people"])


class ProblemEntrySchema(Schema):
    """One thing that is wrong."""

    pointer = _text(metadata={"description": "RFC 6901, from the root of the body; empty: the whole of it"})
    message = _text(metadata={"description": "what is wrong, and what to send instead"})
    expected = _text(metadata={"description": "what may stand there"})
    came = _text(metadata={"description": "what kind of thing came"})


class ProblemSchema(Schema):
    """An error, as RFC 9457 has it."""

    type = _text(metadata={"description": "identifies the kind of problem; its page explains it"})
    title = _text()
    status = fields.Integer(required=True)
    detail = _text()
    request_id = _text(metadata={"description": "stands in the service log too"})
    problems = fields.List(fields.Nested(ProblemEntrySchema), required=True)


class LiveSchema(Schema):
    live = fields.Boolean(required=True)


class ReadySchema(Schema):
    ready = fields.Boolean(required=True)
    policy_set = _text(metadata={"description": "digest of the meaning of all policies"})
    tracks = fields.List(fields.String(), required=True)
    log = _text(metadata={"description": "the name of the verdict log"})


class RungSchema(Schema):
    level = _text()
    title = _text()
    grade = fields.Integer(
        required=True, metadata={"description": "standing that means the same on every track"}
    )


class SelfLinkSchema(Schema):
    self = _text()


class BriefTrackSchema(Schema):
    track = _text()
    title = _text()
    kind = _text(validate=_KIND)
    source = _text()
    version = _text(
        allow_none=True, metadata={"description": "the version in force on the day; null: none is"}
    )
    levels = fields.List(fields.Nested(RungSchema), required=True, metadata={"description": "lowest first"})
    links = fields.Nested(SelfLinkSchema, required=True)


class TracksSchema(Schema):
    on = _day("the day that is shown")
    policy_set = _text()
    tracks = fields.List(
        fields.Nested(BriefTrackSchema), required=True, metadata={"description": "craft first"}
    )


class SpanSchema(Schema):
    version = _text()
    begins = _day("its first day in force", data_key="from")
    until = _day("the first day on which it is no longer in force; null: open", allow_none=True)


class PaySchema(Schema):
    low = fields.Raw(required=True, data_key="from")
    high = fields.Raw(required=True, data_key="to")
    currency = _text()


class WayBackSchema(Schema):
    to = _text()
    months = fields.Integer(required=True)


class GrantSchema(Schema):
    by = fields.List(fields.String(), required=True, metadata={"description": "the roles that may grant it"})
    at_most = _text(allow_none=True, metadata={"description": "for how long"})


class RequirementSchema(Schema):
    id = _text()
    kind = _text(validate=validate.OneOf(["required", "advisory"]))
    text = _text(metadata={"description": "what is asked"})
    why = _text()
    source = _text()
    to_meet = _text()
    about = fields.List(fields.String(), required=True)
    waiver = fields.Nested(GrantSchema, required=True, allow_none=True)
    where = _text(metadata={"description": "the file and line of the policy"})


class DutySchema(Schema):
    id = _text()
    text = _text()
    within = _text(allow_none=True)


class FactsLinkSchema(Schema):
    facts = _text(metadata={"description": "what to send for this level"})


class LevelSchema(RungSchema):
    mastery = fields.Boolean(required=True, metadata={"description": "an end in itself"})
    pay = fields.Nested(PaySchema, required=True, allow_none=True)
    enter_from = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "the levels, as `track/level`, that lead here; null: anyone may come"},
    )
    way_back = fields.Nested(WayBackSchema, required=True, allow_none=True)
    requires = fields.List(fields.Nested(RequirementSchema), required=True)
    afterwards = fields.List(fields.Nested(DutySchema), required=True)
    links = fields.Nested(FactsLinkSchema, required=True)


class TrackSchema(BriefTrackSchema):
    on = _day("the day that is shown")
    policy_set = _text()
    versions = fields.List(
        fields.Nested(SpanSchema), required=True, metadata={"description": "earliest first"}
    )
    levels = fields.List(fields.Nested(LevelSchema), required=True, metadata={"description": "lowest first"})


class FactSchema(Schema):
    name = _text()
    type = _text(
        validate=validate.OneOf(["number", "yes_no", "date", "text", "choice", "list", "records"]),
    )
    unit = fields.String(allow_none=True)
    decimals = fields.Integer(allow_none=True, metadata={"description": "how many places may be sent"})
    minimum = fields.Raw(allow_none=True)
    maximum = fields.Raw(allow_none=True)
    choices = fields.List(fields.String())
    ordered = fields.Boolean(metadata={"description": "the choices stand lowest first and can be compared"})
    of = fields.Dict(metadata={"description": "the type of what is in the list"})
    fields_ = fields.List(fields.Nested(lambda: FactSchema()), data_key="fields")
    dated_by = fields.String(
        allow_none=True, metadata={"description": "entries dated after `as_of` are left out"}
    )
    label = _text()
    question = _text()
    source = _text()
    absent_means = fields.Raw(required=True, metadata={"description": "what silence stands for"})
    can_change = fields.Boolean(required=True)
    sensitive = fields.Boolean(required=True)
    protected = fields.Boolean(required=True, metadata={"description": "may never decide anything"})


class FactsSchema(Schema):
    policy_set = _text()
    level = fields.String(
        required=True, allow_none=True, data_key="for", metadata={"description": "the level asked about"}
    )
    facts = fields.List(fields.Nested(FactSchema), required=True)
    request_schema = fields.Dict(
        metadata={"description": "with `for`: JSON Schema 2020-12 of one request to that level"}
    )
