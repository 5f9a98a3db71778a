"""The shapes of what auditors send and get, as the published OpenAPI tells them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from service.facts.strict import Day, Name, Strict, TrueFalse

MOST: int = 1000


def _text(description: str = "", **more: Any) -> fields.String:
    return fields.String(required=True, metadata={"description": description}, **more)


class _OfSearch(Strict):
    error_messages = {"unknown": "this name is not part of a search"}  # noqa: RUF012 - marshmallow's way to say it


class SearchSchema(_OfSearch):
    """What to look for; all conditions must fit."""

    person = Name(metadata={"description": "about this candidate"})
    track = Name()
    level = Name()
    policy_set = fields.String(
        validate=validate.Regexp("sha256:[0-9a-f]{64}$", error="expected a digest, `sha256:` and 64 digits"),
        metadata={"description": "judged by the policy set with this digest"},
    )
    outcome = Name()
    kind = Name()
    requirement = Name(metadata={"description": "that was decided on; without `result`, that decided"})
    result = Name()
    since = Day(metadata={"description": "decided on this day or later (UTC)"})
    until = Day(metadata={"description": "decided before this day (UTC)"})
    overridden = TrueFalse(metadata={"description": "a person decided otherwise"})
    after = fields.Integer(
        strict=True,
        validate=validate.Range(0, 2**53 - 1, error="expected an index"),
        metadata={"description": "go on behind this index"},
    )
    limit = fields.Integer(
        strict=True,
        load_default=100,
        validate=validate.Range(1, MOST, error=f"expected a number from 1 to {MOST}"),
    )


class DisclosureRequestSchema(Strict):
    """What is to be shown to whom, and what for."""

    fields_ = fields.List(
        fields.String(validate=validate.Length(1, 300)),
        data_key="fields",
        required=True,
        validate=validate.Length(1, 500, error="expected 1 to 500 pointers"),
        error_messages={"invalid": "expected a list of pointers such as `/facts/rating`"},
        metadata={"description": "JSON pointers such as `/facts/rating` or `/verdict/outcome`"},
    )
    to = Name(required=True, metadata={"description": "who gets it"})
    purpose = Name(required=True, metadata={"description": "what for"})


class EnvelopePolicySchema(Schema):
    set = _text(allow_none=True)
    version = _text(allow_none=True)
    digest = _text(allow_none=True)


class EnvelopePrivateSchema(Schema):
    alg = _text("how the private fields are committed to")
    n = fields.Integer(required=True, metadata={"description": "how many commitments, rounded up"})
    root = _text("over the commitments")


class EnvelopeSchema(Schema):
    """What everybody may see of an entry: it tells nothing about a person."""

    index = fields.Integer(required=True)
    id = _text()
    kind = _text()
    committed_at = _text()
    decided_at = _text()
    leaf_hash = _text()
    erased = fields.Boolean(required=True, metadata={"description": "what was private in it is gone"})
    track = _text(allow_none=True)
    level = _text(allow_none=True)
    outcome = _text(allow_none=True)
    policy = fields.Nested(EnvelopePolicySchema, required=True)
    engine = _text()
    rules = fields.List(
        fields.List(fields.String()), required=True, metadata={"description": "requirement and result"}
    )
    private = fields.Nested(EnvelopePrivateSchema, required=True)
    about = fields.Dict(allow_none=True, metadata={"description": "the entry that this one is about"})
    detail = fields.Dict(metadata={"description": "what else the leaf says"})
    content = fields.String(allow_none=True, metadata={"description": "digest of what is kept beside"})
    overrides = fields.Raw(allow_none=True, metadata={"description": "in entries of form 1"})


class FoundSchema(Schema):
    entries = fields.List(fields.Nested(EnvelopeSchema), required=True)
    after = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "where to go on, also when `entries` is empty; null: this is the end"},
    )


class EntrySchema(Schema):
    envelope = fields.Nested(EnvelopeSchema, required=True)
    contents = fields.Dict(required=True, metadata={"description": "what is private in it, by pointer"})
    happened = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "of a verdict: decisions, objections, and what replaced it"},
    )


class DifferenceSchema(Schema):
    pointer = _text()
    recorded = fields.Raw(required=True, allow_none=True)
    now = fields.Raw(required=True, allow_none=True)


class ReplaySchema(Schema):
    result = _text(
        validate=validate.OneOf(["match", "mismatch", "erased", "policy-unavailable", "engine-unavailable"])
    )
    engine = _text("that judged then")
    why = _text()
    differences = fields.List(fields.Nested(DifferenceSchema), required=True)


class DisclosedFieldSchema(Schema):
    pointer = _text()
    value = fields.Raw(required=True, allow_none=True)
    salt = _text()
    position = fields.Integer(required=True)
    path = fields.List(fields.String(), required=True)


class DisclosureSchema(Schema):
    """Fields with their proofs; docs/verdict-log.md says how to check them."""

    index = fields.Integer(required=True)
    leaf = _text("base64 of the leaf of the entry")
    fields_ = fields.List(fields.Nested(DisclosedFieldSchema), data_key="fields", required=True)
    recorded = fields.Integer(required=True, metadata={"description": "index of the entry that says so"})


class LogSchema(Schema):
    name = _text()
    size = fields.Integer(required=True)
    root = _text("base64 of the root of the tree")
    last_entry_at = _text("when the last entry was committed", allow_none=True)
    checkpoint = _text("the last signed checkpoint", allow_none=True)
