"""The shapes of what happened to a verdict, as the published OpenAPI tells them; they do not convert.

What is sent has its shapes in `verdict.decisions`.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from service.verdict.decisions import REPLIES, RULINGS


def _text(description: str = "", **more: Any) -> fields.String:
    return fields.String(required=True, metadata={"description": description}, **more)


class PlaceInLogSchema(Schema):
    """Where it stands in the verdict log."""

    index = fields.Integer(required=True)
    leaf = _text("the hash of its leaf")


class ShownBySchema(Schema):
    """Who did it."""

    id = fields.String(metadata={"description": "left out in the candidate view"})
    role = _text()


class _Recorded(Schema):
    by = fields.Nested(ShownBySchema, required=True)
    recorded_at = _text("when it was recorded, in UTC")
    log = fields.Nested(PlaceInLogSchema, metadata={"description": "left out in the candidate view"})


class ShownRulingSchema(_Recorded):
    """What a person decided after the verdict."""

    decision_id = _text()
    decision = _text(validate=validate.OneOf(RULINGS))
    departs = fields.Boolean(
        required=True, metadata={"description": "it is another than the verdict advises"}
    )
    decided_on = _text()
    reason = _text(allow_none=True)
    supersedes = _text("the decision that this one replaces", allow_none=True)
    superseded_by = _text("the decision that replaces this one; null: it stands", allow_none=True)


class ShownAnswerSchema(_Recorded):
    """What was answered to an objection."""

    answer_id = _text()
    reply = _text(validate=validate.OneOf(REPLIES))
    text = _text()
    verdict = _text("a new verdict that came of it", allow_none=True)


class ShownObjectionSchema(_Recorded):
    """What was said against the verdict, or against a decision."""

    objection_id = _text()
    text = _text()
    answers = fields.List(fields.Nested(ShownAnswerSchema), required=True)


class RulingsSchema(Schema):
    decisions = fields.List(
        fields.Nested(ShownRulingSchema),
        required=True,
        metadata={"description": "oldest first; the one that stands has `superseded_by` null"},
    )


class ObjectionsSchema(Schema):
    objections = fields.List(fields.Nested(ShownObjectionSchema), required=True)
