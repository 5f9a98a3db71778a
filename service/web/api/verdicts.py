"""Verdicts: judge a request, and read a verdict again."""

from __future__ import annotations

from typing import Final, cast, get_args

from flask import Response, request
from flask_smorest import Blueprint

from service.facts.schema import RequestSchema
from service.ledger.verdict_record import answer
from service.verdict.schema import VerdictSchema
from service.verdict.views import ViewName, view
from service.web import observe
from service.web.access import chosen_view, own_view
from service.web.answers import documented, in_canonical_json
from service.web.api.examples import REQUEST_EXAMPLE, VERDICT_EXAMPLE
from service.web.asked import one_of, query
from service.web.body import json_body
from service.web.errors import Trouble, trouble_answer
from service.web.parts import parts
from service.web.receipts import in_header
from service.web.recording import Recorded, judged, recorded
from service.web.repeats import CREATED, PARAMETER, REPLAYED, idempotency_key
from service.web.visible import visible

VIEWS: Final = get_args(ViewName)
VIEW: Final = {
    "name": "view",
    "in": "query",
    "description": "leave out what this reader does not need; without it, the fullest view that the caller"
    " may have: `audit` with that scope, `workflow` for one's own verdicts, `candidate` for candidates",
    "schema": {"type": "string", "enum": list(VIEWS)},
}
_WHICH: Final = {
    "name": "verdict_id",
    "in": "path",
    "required": True,
    "description": "the `verdict_id` of a verdict",
    "schema": {"type": "string", "format": "uuid"},
}
_BODY: Final = {
    "required": True,
    "content": {
        "application/json": {
            "schema": RequestSchema,
            "examples": {"brilliant-coder": {"value": REQUEST_EXAMPLE}},
        }
    },
}
blueprint = Blueprint(
    "verdicts", __name__, url_prefix="/v1/verdicts", description="Judge requests and read verdicts"
)


@blueprint.post("")
@blueprint.doc(requestBody=_BODY, parameters=[VIEW, PARAMETER])
@blueprint.response(201, VerdictSchema, headers=CREATED, example=VERDICT_EXAMPLE)
@documented(400, 409, 413, 415, 422, 503)
def judge_request() -> Response:
    """Judge one promotion request

    The verdict is recorded before it is answered. Every outcome is 201: `eligible`, `not_eligible` and
    `needs_information` are all verdicts.

    The same request sent again, under the same `Idempotency-Key` or with the same `request_id`, gets the very
    verdict that was recorded, with the same status and `Idempotent-Replayed: true`.
    """
    seen = own_view(_asked())
    key = idempotency_key()
    body = json_body(request, parts().body_limit)
    with parts().traces.step("judge"):
        found = judged(body, parts().judge, key)
    with parts().traces.step("append"):
        (given,) = recorded([found])
    if isinstance(given, Trouble):
        return trouble_answer(given)
    return _created(given, seen)


@blueprint.get("/<verdict_id>")
@blueprint.doc(parameters=[_WHICH, VIEW])
@blueprint.response(200, VerdictSchema, example=VERDICT_EXAMPLE)
@documented(400, 404, 410, 503)
def read_verdict(verdict_id: str) -> Response:
    """Read a verdict again

    The answer is the same, byte for byte, as when the request was judged, until something happens to it: then
    `decisions`, `objections` and `superseded_by` say what. The verdict on a request of another caller is not
    found, just as one that does not exist.
    """
    asked = _asked()
    found = visible(verdict_id)
    seen = chosen_view(asked, found.views)
    observe.note(verdict_id=verdict_id)
    return in_canonical_json(view(found.whole(), seen))


def _created(given: Recorded, seen: ViewName) -> Response:
    """The answer to a request that was judged now, or before: what was answered then."""
    document, index = given.document, given.receipt.index
    if given.before:
        observe.note(verdict_id=document["verdict_id"], index=index, replayed=True)
    else:
        observe.note(
            verdict_id=document["verdict_id"],
            outcome=document["outcome"],
            version=document["policy"]["version"],
            policy_set=document["policy"]["set"],
            index=index,
        )
    whole = answer(document, given.receipt, supersedes=given.supersedes)
    replayed = REPLAYED if given.before else {}
    headers = {"Location": whole["links"]["self"], **replayed, **in_header(given.receipt)}
    return in_canonical_json(view(whole, seen), 201, headers)


def _asked() -> ViewName | None:
    return cast("ViewName | None", one_of(query("view"), "view", VIEWS))
