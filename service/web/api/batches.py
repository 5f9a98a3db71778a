"""Batches: judge many requests in one go, each for itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final, cast

import orjson
from flask import Response, request, stream_with_context
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from service.facts.schema import RequestSchema
from service.verdict.schema import VerdictSchema
from service.web.access import own_view
from service.web.answers import documented
from service.web.api.examples import REQUEST_EXAMPLE
from service.web.api.schemas import ProblemSchema
from service.web.api.verdicts import VIEW, VIEWS
from service.web.asked import one_of, query
from service.web.batch import MOST_ITEMS, answers
from service.web.body import JSON, LINES, check_content_type, json_items, json_lines
from service.web.judges import Judging
from service.web.parts import parts
from service.web.receipts import DESCRIPTION
from service.web.repeats import PARAMETER, idempotency_key


class BatchSchema(Schema):
    requests = fields.List(
        fields.Nested(RequestSchema),
        required=True,
        metadata={"description": "each is judged for itself, in this order", "maxItems": MOST_ITEMS},
    )


class BatchItemSchema(Schema):
    """The answer to one request: its verdict, or its problem."""

    index = fields.Integer(required=True, metadata={"description": "its place in the batch, from 0"})
    request_id = fields.String(
        required=True, allow_none=True, metadata={"description": "as it was sent; null: none"}
    )
    status = fields.Integer(
        required=True, metadata={"description": "the status that it would have had alone: 201 for a verdict"}
    )
    verdict = fields.Nested(VerdictSchema, metadata={"description": "with the status 201"})
    receipt = fields.String(metadata={"description": DESCRIPTION})
    problem = fields.Nested(
        ProblemSchema, metadata={"description": "with any other; pointers begin at the request"}
    )


class BatchAnswerSchema(Schema):
    results = fields.List(
        fields.Nested(BatchItemSchema),
        required=True,
        metadata={"description": "in the order of the requests"},
    )


_BODY: Final = {
    "required": True,
    "content": {
        JSON: {
            "schema": BatchSchema,
            "examples": {"two": {"value": {"requests": [REQUEST_EXAMPLE, REQUEST_EXAMPLE]}}},
        },
        LINES: {"schema": RequestSchema},
    },
}
_ANSWERS: Final = {
    "200": {
        "description": "Every request has its answer. As NDJSON: one a line",
        "content": {JSON: {"schema": BatchAnswerSchema}, LINES: {"schema": BatchItemSchema}},
    }
}
_KEY: Final = {
    **PARAMETER,
    "description": "a name for this batch of at most 255 characters, such as a new UUID. Sent again with it,"
    " the same request at the same place gets the same verdict and is recorded once; another one at that"
    " place is answered with 422",
}

blueprint = Blueprint(
    "batches", __name__, url_prefix="/v1/verdicts", description="Judge many requests in one go"
)


@blueprint.post("/batch")
@blueprint.doc(requestBody=_BODY, parameters=[VIEW, _KEY], responses=_ANSWERS)
@documented(400, 413, 415, 422)
def judge_batch() -> Response:
    """Judge many promotion requests

    As JSON up to 1,000 of them; as NDJSON (`application/x-ndjson`, one request a line) as many as there are:
    verdicts are answered, one a line, while requests still come, so read while you send. Each request is
    judged and recorded for itself and answered in its place, with its verdict or its own problem document; a
    bad one never fails the rest.

    A batch that broke off is sent again as a whole: each request is known again by its `request_id`, and
    under an `Idempotency-Key` by its place.
    """
    seen = own_view(cast("Any", one_of(query("view"), "view", VIEWS)))
    key = idempotency_key()
    check_content_type(request, JSON, LINES)
    if request.mimetype == LINES:
        lines = answers(json_lines(request, parts().body_limit), seen, _judge_of_a_chunk, key)
        return _streamed((_text(each) + b"\n" for each in lines), LINES)
    bodies = json_items(request, "requests", parts().batch_limit, MOST_ITEMS)
    judge = parts().judge
    return _streamed(_listed(answers(iter(bodies), seen, lambda: nullcontext(judge), key)), JSON)


@contextmanager
def _judge_of_a_chunk() -> Iterator[Judging]:
    """The judge in force now: a stream may last longer than a policy set does."""
    held = parts().judges.lease()
    try:
        yield held.judge
    finally:
        parts().judges.give_back(held)


def _listed(items: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    before = b'{"results":['
    for each in items:
        yield before + _text(each)
        before = b","
    yield b"]}" if before == b"," else before + b"]}"


def _text(item: dict[str, Any]) -> bytes:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)


def _streamed(pieces: Iterator[bytes], content_type: str) -> Response:
    return Response(stream_with_context(pieces), content_type=content_type)
