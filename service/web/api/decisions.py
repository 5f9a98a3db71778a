"""Decisions: record what a person did after a verdict, what was said against it, and what was answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Response, request
from flask_smorest import Blueprint

from service.errors import Fault, KeyReused, NotFound, RequestError
from service.ledger.decision_record import (
    PREDECESSOR,
    answer_in,
    answer_record,
    decision_in,
    decision_record,
    objection_in,
    objection_record,
    verdict_of,
)
from service.ledger.log import Asked, Entry, Record
from service.verdict.decision_schema import (
    ObjectionsSchema,
    RulingsSchema,
    ShownAnswerSchema,
    ShownObjectionSchema,
    ShownRulingSchema,
)
from service.verdict.decisions import (
    AnswerSchema,
    ObjectionSchema,
    RulingSchema,
    read_answer,
    read_decision,
    read_objection,
)
from service.verdict.judge import ENGINE
from service.verdict.views import happened_in_view
from service.web import observe
from service.web.access import caller
from service.web.answers import documented, in_canonical_json
from service.web.asked import query
from service.web.body import json_body
from service.web.errors import Refused
from service.web.parts import parts
from service.web.receipts import in_header
from service.web.repeats import CREATED, PARAMETER, REPLAYED, said_under
from service.web.visible import Visible, visible

MOST_OBJECTIONS: Final = 100  #: to one verdict: more would hide from readers what else happened to it
_WHICH: Final = {
    "name": "verdict_id",
    "in": "path",
    "required": True,
    "description": "the `verdict_id` of a verdict",
    "schema": {"type": "string", "format": "uuid"},
}
_OBJECTION: Final = {
    "name": "objection_id",
    "in": "path",
    "required": True,
    "description": "the `objection_id` of an objection to it",
    "schema": {"type": "string", "format": "uuid"},
}
_BY: Final = {"id": "M-77", "role": "people-director"}
_DECIDED: Final = {"decision": "declined", "by": _BY}
_OBJECTED: Final = {"by": {"id": "E-1042", "role": "candidate"}, "text": "I finished the course on 3 May."}
_ANSWERED: Final = {"reply": "upheld", "by": _BY, "text": "The certificate was found; a new verdict follows."}

blueprint = Blueprint(
    "decisions", __name__, url_prefix="/v1/verdicts/<verdict_id>", description="What happened after a verdict"
)


def _body(schema: type, example: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": schema, "examples": {"plain": {"value": example}}}
    return {"required": True, "content": {"application/json": content}}


@blueprint.post("/decisions")
@blueprint.doc(requestBody=_body(RulingSchema, _DECIDED), parameters=[_WHICH, PARAMETER])
@blueprint.response(201, ShownRulingSchema, headers=CREATED)
@documented(400, 404, 409, 410, 413, 415, 422, 503)
def record_decision(verdict_id: str) -> Response:
    """Record what a person decided

    A verdict advises; a person decides, and says why when that is something else. One decision stands at a
    time: a later one names it in `supersedes`. The same decision sent again is the same decision; with an
    `Idempotency-Key` also on another day, and when another has replaced it.
    """
    found, raw = _asked(verdict_id)
    today = parts().today()
    decision = read_decision(raw, found.document["outcome"], today=today)
    asked = said_under(raw, caller().asker, None)  # it has the verdict, or the decision before, for a name
    if asked and (entry := parts().log.asked(asked)) is not None:  # whatever has happened since
        return _created(found, decision_in(entry), entry, before=True)
    happened = _not_replaced(found)
    known = {each["decision_id"]: each for each in happened["decisions"]}
    if decision.supersedes is not None and decision.supersedes not in known:
        message = "there is no such decision on this verdict; send its `decision_id`"
        raise RequestError(
            [Fault("/supersedes", message, "the `decision_id` of the present decision", "another id")]
        )
    entry, before = _recorded(decision_record, found, asked, decision)
    observe.note(decision_id=entry.id, decision=decision.ruling)
    return _created(found, decision_in(entry), entry, before=before)


@blueprint.get("/decisions")
@blueprint.doc(parameters=[_WHICH])
@blueprint.response(200, RulingsSchema)
@documented(400, 404, 410, 503)
def list_decisions(verdict_id: str) -> Response:
    """Read what was decided after a verdict"""
    query()
    return in_canonical_json({"decisions": _seen(visible(verdict_id))["decisions"]})


@blueprint.post("/objections")
@blueprint.doc(requestBody=_body(ObjectionSchema, _OBJECTED), parameters=[_WHICH, PARAMETER])
@blueprint.response(201, ShownObjectionSchema, headers=CREATED)
@documented(400, 404, 410, 413, 415, 422, 503)
def record_objection(verdict_id: str) -> Response:
    """Record an objection

    By the candidate, in their own name, or by somebody for them: to the verdict, to a fact that it rests on,
    or to a decision.
    The same objection sent again by the same caller is the same objection, unless it comes under another
    `Idempotency-Key`. A verdict takes up to 100 of them.
    """
    found, raw = _asked(verdict_id)
    objection = read_objection(raw)
    if caller().candidate not in (None, objection.by.id):
        message = "a candidate objects in their own name; send their own id"
        raise RequestError([Fault("/by/id", message, "the id of the candidate", "another id")])
    asked = said_under(raw, caller().asker, "objection")
    if parts().log.asked(asked) is None and len(found.happened()["objections"]) >= MOST_OBJECTIONS:
        message = f"there are {MOST_OBJECTIONS} objections to this verdict already; wait for answers to them"
        raise RequestError([Fault("", message, f"at most {MOST_OBJECTIONS} objections", "another one")])
    entry, before = _recorded(objection_record, found, asked, objection)
    observe.note(objection_id=entry.id)
    return _created(found, objection_in(entry), entry, before=before)


@blueprint.get("/objections")
@blueprint.doc(parameters=[_WHICH])
@blueprint.response(200, ObjectionsSchema)
@documented(400, 404, 410, 503)
def list_objections(verdict_id: str) -> Response:
    """Read the objections to a verdict, with what was answered"""
    query()
    return in_canonical_json({"objections": _seen(visible(verdict_id))["objections"]})


@blueprint.post("/objections/<objection_id>/answers")
@blueprint.doc(requestBody=_body(AnswerSchema, _ANSWERED), parameters=[_WHICH, _OBJECTION, PARAMETER])
@blueprint.response(201, ShownAnswerSchema, headers=CREATED)
@documented(400, 404, 410, 413, 415, 422, 503)
def answer_objection(verdict_id: str, objection_id: str) -> Response:
    """Record what is answered to an objection

    When corrected facts led to another verdict, that one names the old one in `supersedes`, and is named
    here. The same answer sent again by the same caller is the same answer, unless it comes under another
    `Idempotency-Key`.
    """
    found, raw = _asked(verdict_id)
    answer = read_answer(raw)
    if objection_id not in {each["objection_id"] for each in found.happened()["objections"]}:
        raise NotFound("there is no such objection to this verdict")
    if answer.verdict is not None:
        _see_verdict(answer.verdict, found)
    asked = said_under(raw, caller().asker, "answer")
    entry, before = _recorded(answer_record, found, asked, answer, objection_id)
    observe.note(answer_id=entry.id)
    return _created(found, answer_in(entry), entry, before=before)


def _asked(verdict_id: str) -> tuple[Visible, Any]:
    """The verdict that is spoken about, and what is said."""
    query()
    return visible(verdict_id), json_body(request, parts().body_limit).value


def _recorded(
    make: Callable[..., Record], found: Visible, asked: tuple[Asked, ...], *said: Any
) -> tuple[Entry, bool]:
    """Record what is said about a verdict; the entry that stands in the log, and whether it stood there."""
    log, id_ = parts().log, parts().new_id()
    who = {
        "id_": id_,
        "decided_at": parts().now(),
        "engine": ENGINE,
        "caller": caller().owner,
        "asked": asked,
    }
    try:
        receipt = log.append([make(*said, found.entry, found.document, **who)])[0]
    except KeyReused as reused:
        if reused.kind != PREDECESSOR:
            raise
        standing = [each for each in _not_replaced(found)["decisions"] if each["superseded_by"] is None]
        named = f"`{standing[0]['decision_id']}`" if standing else "another one"
        detail = f"the decision {named} stands on this verdict; name it in `supersedes` to replace it"
        raise Refused("not-the-latest", detail) from reused
    entry = log.entry(receipt.index)
    assert entry is not None  # noqa: S101 - it has just been recorded
    return entry, entry.id != id_


def _not_replaced(found: Visible) -> dict[str, Any]:
    """What happened to a verdict since, of which nothing else has taken the place."""
    happened = found.happened()
    newer = happened["superseded_by"]
    if newer is not None:
        raise Refused(
            "not-the-latest", f"this verdict was replaced; decide on `{newer}`, which stands in its place"
        )
    return happened


def _see_verdict(verdict_id: str, found: Visible) -> None:
    """See that the verdict that an answer names is there, and about the same candidate."""
    try:
        other = visible(verdict_id).document["candidate"]
    except (NotFound, Refused):  # or it was erased
        other = None
    if other != found.document["candidate"]:
        message = "there is no verdict with this id on this candidate; leave `verdict` out"
        raise RequestError([Fault("/verdict", message, "the `verdict_id` of the new verdict", "another id")])


def _seen(found: Visible) -> dict[str, Any]:
    return happened_in_view(found.happened(), found.views[0])


def _created(found: Visible, told: dict[str, Any], entry: Entry, *, before: bool) -> Response:
    many = "decisions" if entry.kind == "decision" else "objections"
    headers = {"Location": f"/v1/verdicts/{verdict_of(entry)}/{many}", **(REPLAYED if before else {})}
    return in_canonical_json(happened_in_view(told, found.views[0]), 201, headers | in_header(entry.receipt))
