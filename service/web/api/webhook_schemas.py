"""The shapes of what operators are told of webhooks, as the published OpenAPI tells them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from service.web.webhooks.subscriptions import EVENTS


class DeadSchema(Schema):
    index = fields.Integer(required=True, metadata={"description": "of the entry"})
    at = fields.String(required=True, metadata={"description": "when it was given up"})
    why = fields.String(required=True)
    again = fields.Boolean(required=True, metadata={"description": "it will be tried once more"})


class SubscriberSchema(Schema):
    subscriber = fields.String(required=True)
    events = fields.List(fields.String(validate=validate.OneOf(EVENTS)), required=True)
    next = fields.Integer(required=True, metadata={"description": "the first entry it was not told of"})
    lag = fields.Integer(required=True, metadata={"description": "how many entries those are"})
    tries = fields.Integer(required=True, metadata={"description": "how often telling of `next` has failed"})
    due_at = fields.String(required=True, allow_none=True, metadata={"description": "not tried before that"})
    why = fields.String(required=True, allow_none=True, metadata={"description": "what went wrong last"})
    dead = fields.List(
        fields.Nested(DeadSchema), required=True, metadata={"description": "what was given up, oldest first"}
    )


class WebhooksSchema(Schema):
    subscribers = fields.List(fields.Nested(SubscriberSchema), required=True)


class AllRevivedSchema(Schema):
    subscriber = fields.String(required=True)
    entries = fields.Integer(required=True, metadata={"description": "how many will be told once more"})


class RevivedSchema(Schema):
    subscriber = fields.String(required=True)
    index = fields.Integer(required=True)
    again = fields.Boolean(required=True)
