"""Verdicts: judge a request, and read a verdict again."""

from __future__ import annotations

from time import perf_counter
from typing import Final, cast, get_args

from flask import Response, request
from flask_smorest import Blueprint

from service.errors import LaddersError
from service.facts.schema import RequestSchema
from service.ledger.decision_record import superseded_in, superseding
from service.ledger.record import Entry
from service.ledger.verdict_record import answer, document_in, record_of
from service.verdict.schema import VerdictSchema
from service.verdict.views import ViewName, view
from service.web import observe
from service.web.access import caller, chosen_view, own_view
from service.web.answers import documented, in_canonical_json
from service.web.api.examples import REQUEST_EXAMPLE, VERDICT_EXAMPLE
from service.web.asked import one_of, query
from service.web.body import json_body
from service.web.parts import parts
from service.web.repeats import PARAMETER, REPLAYED, asked_under, idempotency_key, recorded_before
from service.web.visible import replaced, visible

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
_CREATED: Final = {
    "Location": {"description": "where to read it again", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "`true`: this verdict was recorded when the same was asked before",
        "schema": {"type": "string", "enum": ["true"]},
    },
}

blueprint = Blueprint(
    "verdicts", __name__, url_prefix="/v1/verdicts", description="Judge requests and read verdicts"
)


@blueprint.post("")
@blueprint.doc(requestBody=_BODY, parameters=[VIEW, PARAMETER])
@blueprint.response(201, VerdictSchema, headers=_CREATED, example=VERDICT_EXAMPLE)
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
    asked = asked_under(body.value, caller().owner, key)
    judged_at = parts().now()
    began = perf_counter()
    try:
        parts().keeper.keep(parts().policies)
        with parts().traces.step("judge"):
            verdict = parts().judge.verdict(body.value, verdict_id=parts().new_id(), judged_at=judged_at)
        old = replaced(body.value, verdict.document["candidate"]["id"])
    except LaddersError:  # what could be judged then stays answered, whatever the policies say now
        before = recorded_before(asked)
        if before is None:
            raise
        return _created(before, seen)
    judged = perf_counter()
    record = record_of(
        verdict,
        body.text,
        judged_at=judged_at,
        caller=caller().owner,
        asked=asked,
        request=body.value,
    )
    if old is not None:
        record = superseding(record, old)
    with parts().traces.step("append"):
        receipt = parts().log.append([record])[0]
    if receipt.id != verdict.id and (before := recorded_before(asked)):
        return _created(before, seen)
    parts().metrics.count_verdict(verdict, judged - began, perf_counter() - judged)
    observe.note(
        verdict_id=verdict.id,
        outcome=verdict.outcome,
        version=verdict.version,
        policy_set=verdict.policy_set,
        index=receipt.index,
    )
    whole = answer(verdict.document, receipt, supersedes=None if old is None else old.id)
    return in_canonical_json(view(whole, seen), 201, {"Location": whole["links"]["self"]})


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


def _created(before: Entry, seen: ViewName) -> Response:
    """The answer to a request that was judged before: what was answered then."""
    observe.note(verdict_id=before.id, index=before.receipt.index, replayed=True)
    whole = answer(document_in(before) or {}, before.receipt, supersedes=superseded_in(before))
    return in_canonical_json(view(whole, seen), 201, {"Location": whole["links"]["self"], **REPLAYED})


def _asked() -> ViewName | None:
    return cast("ViewName | None", one_of(query("view"), "view", VIEWS))
