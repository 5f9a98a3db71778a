"""The shapes of what operators get, as the published OpenAPI tells them; they describe and do not convert."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from service.web.metrics import RESULTS
from service.web.reload import STAGES


def _text(description: str = "", **more: Any) -> fields.String:
    return fields.String(required=True, metadata={"description": description}, **more)


def _number(description: str = "", **more: Any) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description}, **more)


class StatusLinkSchema(Schema):
    status = _text()


class AskedSchema(Schema):
    asked = _number("how often a reload has been asked for, this one included")
    links = fields.Nested(StatusLinkSchema, required=True)


class ReloadCountsSchema(Schema):
    swapped = _number("a new set came into force")
    unchanged = _number("the files say what is in force already")
    refused = _number("something was wrong, and the old set stayed in force")


class ReloadSchema(Schema):
    now = _text("what is being done", validate=validate.OneOf(STAGES))
    asked = _number("how often a reload has been asked for")
    answered = _number("the last of these questions that has its answer")
    result = _text("what came of the last reload", validate=validate.OneOf(["started", *RESULTS]))
    at = _text("when that was")
    took_s = fields.Float(required=True)
    problems = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "why it was refused: `file:line:column: message`, the first 100"},
    )
    problem_count = _number("how many there are")
    counts = fields.Nested(ReloadCountsSchema, required=True)


class WorkerSchema(Schema):
    pid = _number()
    started_at = _text()
    policy_set = _text("the digest of the set that it judges by; null: it is starting", allow_none=True)
    rebuilds = _number("rulesets built anew after a fault")


class LogStatusSchema(Schema):
    name = _text(allow_none=True)
    size = _number("entries", allow_none=True)
    last_index = _number("null: there is no entry yet", allow_none=True)
    why = _text("why it cannot be read; null: it can", allow_none=True)


class WitnessStatusSchema(Schema):
    size = _number("entries of the last checkpoint that it cosigned", allow_none=True)
    at = _text("when that was", allow_none=True)
    why = _text("why it did not cosign the last one; null: it did", allow_none=True)


class PublishedSchema(Schema):
    size = _number("entries of the last checkpoint", allow_none=True)
    anchored = _number("entries of the last one in the anchor; null: there is no anchor", allow_none=True)
    behind = _number("entries that the anchor lacks", allow_none=True)
    at = _text("when that was published", allow_none=True)
    why = _text("why nothing can be published; null: it can", allow_none=True)
    witnesses = fields.Dict(
        keys=fields.String(), values=fields.Nested(WitnessStatusSchema), required=True,
        metadata={"description": "by name"},
    )  # fmt: skip


class StatusSchema(Schema):
    version = _text()
    engine = _text()
    started_at = _text()
    uptime_s = _number()
    policy_set = _text("the digest of the set in force")
    policy_files = _text("the digest of its files, titles and comments included")
    in_force_since = _text()
    warnings = _number("what the policies are warned of; `ladders check` shows it")
    reload = fields.Nested(ReloadSchema, required=True)
    workers = fields.List(fields.Nested(WorkerSchema), required=True)
    rebuilds = _number("of all living workers")
    log = fields.Nested(LogStatusSchema, required=True)
    published = fields.Nested(PublishedSchema, required=True)
