"""The shape of a verdict, as the published OpenAPI tells it; a test holds real documents to it.

Describes only: documents are made by `verdict.document` and `verdict.explanation`, and never pass through
here, for they must be the same bytes whenever they are read.
"""

from __future__ import annotations

from typing import Any, get_args

from marshmallow import Schema, fields, validate

from service.engine.evaluate import Outcome, Result
from service.verdict.decision_schema import ShownObjectionSchema, ShownRulingSchema

OUTCOMES = get_args(Outcome)
RESULTS = get_args(Result)


def _text(description: str = "", **more: Any) -> fields.String:
    return fields.String(required=True, metadata={"description": description} if description else {}, **more)


def _text_or_null(description: str = "") -> fields.String:
    return _text(description, allow_none=True)


def _day_or_null(description: str) -> fields.String:
    metadata = {"description": description, "format": "date"}
    return fields.String(required=True, allow_none=True, metadata=metadata)


def _list(of: type[Schema], description: str) -> fields.List[Any]:
    return fields.List(fields.Nested(of), required=True, metadata={"description": description})


def _texts(description: str, **more: Any) -> fields.List[Any]:
    return fields.List(fields.String(), required=True, metadata={"description": description}, **more)


def _open(description: str, **more: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(), required=True, metadata={"description": description}, **more)


class VerdictCandidateSchema(Schema):
    id = _text("the caller's own id of the person")


class VerdictFromSchema(Schema):
    track = _text()
    level = _text()
    grade = fields.Integer(required=True)


class VerdictToSchema(VerdictFromSchema):
    title = _text("what the level is called")


class VerdictDatesSchema(Schema):
    submitted_on = _text("the day of the request, which selected the version")
    as_of = _text("the day the promotion would take effect, on which time is judged")
    judged_at = _text("when it was judged, in UTC")


class AlsoJudgedSchema(Schema):
    """Another version of the track, and what comes out by it."""

    version = _text()
    in_force_from = _text()
    outcome = _text(validate=validate.OneOf(OUTCOMES))


class VerdictPolicySchema(Schema):
    set = _text("digest of the meaning of all policies")
    files = _text("digest of the files as they are written")
    version = _text("the version of the track that was used")
    digest = _text("digest of what that version means, with the figures of the day of the request")
    in_force_from = _text()
    selected_because = _text("why this version was used")
    also_judged = _list(AlsoJudgedSchema, "other versions that were judged, newest first: grandfathering")


class NodeSchema(Schema):
    """One condition, with the conditions that it is made of."""

    text = _text("the condition in words")
    role = fields.String(
        metadata={"description": "what the condition is for: condition, applies_when or unless"}
    )
    result = _text(validate=validate.OneOf(["met", "unmet", "unknown"]))
    found = _open("what was found", allow_none=True)
    needed = _open("what was needed", allow_none=True)
    shortfall = _open("what is lacking", allow_none=True)
    missing = _texts("JSON pointers of the facts that would settle it")
    of = fields.List(
        fields.Nested(lambda: NodeSchema()), required=True, metadata={"description": "the conditions inside"}
    )


class FindingSchema(Schema):
    """What was found for one requirement."""

    id = _text()
    result = _text(validate=validate.OneOf(RESULTS))
    kind = _text("advisory findings never decide", validate=validate.OneOf(["required", "advisory"]))
    text = _text("what is asked")
    why = _text("why it is asked")
    source = _text("where it is written")
    where = _text("the file and line of the policy")
    about = _texts("what it is about, in a word each")
    found = _open("what was found: `value`, or `at_least` and `at_most` when partly known", allow_none=True)
    needed = _open("what was needed, by operator", allow_none=True)
    shortfall = _open("what is lacking, where that is a number or a time", allow_none=True)
    met_from = _day_or_null("the first day on which it is met if only time passes")
    to_meet = _text("how to meet it")
    because = fields.List(
        fields.Nested(NodeSchema), required=True, metadata={"description": "the condition tree"}
    )
    waiver = _open("the waiver that lifts it", allow_none=True)
    exception = _text_or_null("the exception that lifts it")
    left_out = fields.List(
        fields.Raw(), required=True, metadata={"description": "entries that were not looked at, and why"}
    )


class QuestionSchema(Schema):
    """A fact that is missing and could still change the outcome."""

    fact = _text()
    pointer = _text("where it would stand in the request")
    question = _text()
    label = _text()
    type = _text()
    choices = fields.List(fields.String())
    requirements = _texts("the requirements that wait for it")


class ChangeSchema(Schema):
    """One change; all of them together lead to `eligible`."""

    requirement = _text()
    change = _text("the change in words")
    how = _text(validate=validate.OneOf(["set", "add", "edit", "wait"]))
    fact = _text()
    to = fields.Raw(metadata={"description": "the new value"})
    entry = fields.Raw(metadata={"description": "the entry to add"})
    each_another = fields.List(
        fields.String(),
        metadata={
            "description": "fields in which each entry differs from the others and from those there are"
        },
    )
    field = fields.String(metadata={"description": "the field to put right"})
    times = fields.Integer(metadata={"description": "in how many entries, or how many of them"})


class LackingSchema(Schema):
    requirement = _text()
    text = _text()
    result = _text(validate=validate.OneOf(["unmet", "unknown"]))


class OpeningSchema(Schema):
    """A level to which the present one leads, judged as of the same day."""

    to = _text("track/level")
    title = _text()
    track = _text("what the track is called")
    kind = _text(validate=validate.OneOf(["craft", "people"]))
    grade = fields.Integer(required=True)
    outcome = _text(validate=validate.OneOf(OUTCOMES))
    lacking = _list(LackingSchema, "what it asks and is not there yet")


class VerdictWayBackSchema(Schema):
    to = _text()
    months = fields.Integer(required=True)


class VerdictDutySchema(Schema):
    id = _text()
    text = _text()
    within = _text_or_null("how long after the promotion")


class WarningSchema(Schema):
    pointer = _text("where it stands in the request")
    message = _text()


class VerdictLogSchema(Schema):
    index = fields.Integer(required=True, metadata={"description": "its place in the verdict log, from 0"})
    leaf = _text("the hash that stands there")


class VerdictLinksSchema(Schema):
    self = _text("this verdict")
    track = _text("the track as it was judged")
    decisions = _text("what persons decided after it")


class VerdictSchema(Schema):
    """A verdict: the outcome with everything that led to it. It advises; a person decides."""

    verdict_id = _text("a UUIDv7")
    request_id = _text_or_null("the caller's own id of the request")
    outcome = _text(validate=validate.OneOf(OUTCOMES))
    summary = _text("one sentence")
    candidate = fields.Nested(VerdictCandidateSchema, required=True)
    standing = fields.Nested(VerdictFromSchema, required=True, allow_none=True, data_key="from")
    to = fields.Nested(VerdictToSchema, required=True)
    dates = fields.Nested(VerdictDatesSchema, required=True)
    policy = fields.Nested(VerdictPolicySchema, required=True)
    findings = _list(FindingSchema, "one for every requirement, in the policy's order")
    unmet = _texts("ids of the requirements that are not met")
    waiting = _texts("ids of the requirements that wait for facts", data_key="unknown")
    waived = _texts("ids of the requirements that a waiver lifts")
    missing_facts = _list(QuestionSchema, "the questions whose answers could still change the outcome")
    eligible_from = _day_or_null("the first day on which the same facts give `eligible` if only time passes")
    what_would_change = _list(ChangeSchema, "a smallest set of changes that leads to `eligible`")
    open_to_you = _list(OpeningSchema, "where else the present level leads, craft tracks first")
    way_back = fields.Nested(VerdictWayBackSchema, required=True, allow_none=True)
    afterwards = _list(VerdictDutySchema, "what is owed after the promotion")
    warnings = _list(WarningSchema, "what was sent but not used, and waivers that do not count")
    engine = _text("what decided, with its version")
    supersedes = _text_or_null("the verdict, on facts since corrected, that this one replaces")
    superseded_by = _text_or_null("the verdict that has replaced this one")
    decisions = _list(ShownRulingSchema, "what persons decided after it, oldest first")
    objections = _list(ShownObjectionSchema, "what was said against it, with what was answered")
    log = fields.Nested(VerdictLogSchema, required=True)
    links = fields.Nested(VerdictLinksSchema, required=True)


class OptionsStandingSchema(VerdictFromSchema):
    title = _text()
    mastery = fields.Boolean(required=True, metadata={"description": "the level is an end in itself"})


class OptionsPolicySchema(Schema):
    set = _text("digest of the meaning of all policies")
    files = _text("digest of the files as they are written")


class OptionLackingSchema(LackingSchema):
    why = _text("why it is asked")
    to_meet = _text("how to meet it")
    met_from = _day_or_null("the first day on which it is met if only time passes")


class OptionLinksSchema(Schema):
    facts = _text("what to send for this level")
    track = _text("the track as it was judged")


class OptionSchema(Schema):
    """A level to which the present one leads, and what it still asks."""

    to = _text("track/level")
    title = _text()
    track = _text("what the track is called")
    kind = _text(validate=validate.OneOf(["craft", "people"]))
    grade = fields.Integer(required=True)
    version = _text("the version of the track that was used")
    outcome = _text(validate=validate.OneOf(OUTCOMES))
    summary = _text("one sentence")
    lacking = _list(OptionLackingSchema, "what it asks and is not there yet")
    missing_facts = _list(QuestionSchema, "the questions whose answers could still change the outcome")
    eligible_from = _day_or_null("the first day on which the same facts give `eligible` if only time passes")
    what_would_change = _list(ChangeSchema, "a smallest set of changes that leads to `eligible`")
    way_back = fields.Nested(VerdictWayBackSchema, required=True, allow_none=True)
    links = fields.Nested(OptionLinksSchema, required=True)


class OptionsSchema(Schema):
    """Where somebody may go from here. Not a verdict: nothing is recorded."""

    candidate = fields.Nested(VerdictCandidateSchema, required=True)
    standing = fields.Nested(OptionsStandingSchema, required=True, allow_none=True, data_key="from")
    dates = fields.Nested(VerdictDatesSchema, required=True)
    policy = fields.Nested(OptionsPolicySchema, required=True)
    options = _list(OptionSchema, "craft tracks first, then what is open, then by grade")
    warnings = _list(WarningSchema, "what was sent but not used")
    engine = _text("what decided, with its version")
