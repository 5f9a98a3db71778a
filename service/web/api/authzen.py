"""AuthZEN: the same judging and recording, for programs that speak OpenID AuthZEN Authorization API 1.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from service.errors import Fault, RequestError
from service.verdict.schema import OUTCOMES
from service.web import observe
from service.web.answers import documented, in_json
from service.web.asked import query
from service.web.authzen import (
    ACTIONS,
    SEMANTICS,
    Evaluation,
    EvaluationSchema,
    Open,
    decision_of,
    evaluation_of,
    with_defaults,
)
from service.web.batch import MOST_ITEMS
from service.web.body import JSON, json_body
from service.web.errors import Refused, Trouble, trouble
from service.web.parts import parts
from service.web.problems import KINDS
from service.web.receipts import DESCRIPTION, as_member
from service.web.recording import Recorded, judged, recorded


class OptionsOfEvaluationsSchema(Open):
    evaluations_semantic = fields.String(validate=validate.OneOf(SEMANTICS))


class EvaluationsSchema(Open):
    """Several of them; what is told for the whole is the default for each. Without `evaluations`: one."""

    subject = fields.Dict()
    action = fields.Dict()
    resource = fields.Dict()
    context = fields.Dict()
    evaluations = fields.List(fields.Dict(), metadata={"maxItems": MOST_ITEMS})
    options = fields.Nested(OptionsOfEvaluationsSchema)


class ReasonSchema(Schema):
    id = fields.String(required=True, metadata={"description": "of the requirement"})
    result = fields.String(required=True, validate=validate.OneOf(["unmet", "unknown"]))
    text = fields.String(required=True)
    to_meet = fields.String(required=True)


class DecisionLinksSchema(Schema):
    verdict = fields.String(required=True)


class DecisionErrorSchema(Schema):
    status = fields.Integer(required=True)
    message = fields.String(required=True)


class DecisionContextSchema(Schema):
    """Why: the verdict in short, or why there is none."""

    verdict_id = fields.String()
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    reason = fields.String(metadata={"description": "one sentence"})
    reasons = fields.List(fields.Nested(ReasonSchema), metadata={"description": "what stands in the way"})
    missing_facts = fields.List(fields.String())
    eligible_from = fields.String(allow_none=True, metadata={"format": "date"})
    links = fields.Nested(DecisionLinksSchema)
    receipt = fields.String(metadata={"description": DESCRIPTION})
    error = fields.Nested(DecisionErrorSchema)
    problem = fields.Dict(metadata={"description": "the problem document, with `error`"})


class DecisionSchema(Schema):
    decision = fields.Boolean(required=True, metadata={"description": "true: eligible, and nothing else"})
    context = fields.Nested(DecisionContextSchema)


class DecisionsSchema(DecisionSchema):
    """A decision for each evaluation, in their order; or one, when one was asked for."""

    decision = fields.Boolean()
    evaluations = fields.List(fields.Nested(DecisionSchema))


class ConfigurationSchema(Schema):
    policy_decision_point = fields.String(required=True)
    access_evaluation_endpoint = fields.String(required=True)
    access_evaluations_endpoint = fields.String(required=True)


EXAMPLE: Final = {
    "subject": {"type": "candidate", "id": "E-1042"},
    "action": {"name": ACTIONS[0]},
    "resource": {"type": "level", "id": "people-lead/team-lead"},
    "context": {
        "from": {"track": "software-craft", "level": "senior"},
        "as_of": "2027-01-01",
        "facts": {"wants_people_role": True},
    },
}

blueprint = Blueprint(
    "authzen", __name__, description="OpenID AuthZEN Authorization API 1.0, as a way to the same verdicts"
)


def _takes(schema: type[Schema], example: Mapping[str, Any]) -> dict[str, Any]:
    content = {"schema": schema, "examples": {"promotion": {"value": example}}}
    return {"required": True, "content": {JSON: content}}


@blueprint.post("/access/v1/evaluation")
@blueprint.doc(requestBody=_takes(EvaluationSchema, EXAMPLE))
@blueprint.response(200, DecisionSchema)
@documented(400, 409, 413)
def evaluate_access() -> Response:
    """Decide whether a candidate may enter a level (AuthZEN)

    Judged and recorded as `POST /v1/verdicts` does it. The decision is true for `eligible` alone; the context
    has the reasons, and the id of the verdict.
    """
    query()
    return in_json(_one(_sent()))


@blueprint.post("/access/v1/evaluations")
@blueprint.doc(
    requestBody=_takes(EvaluationsSchema, {**EXAMPLE, "evaluations": [{"action": {"name": ACTIONS[1]}}]})
)
@blueprint.response(200, DecisionsSchema)
@documented(400, 409, 413)
def evaluate_accesses() -> Response:
    """Decide whether candidates may enter levels (AuthZEN)

    Up to 1,000 evaluations, recorded together. One that is wrong is answered in its place, with the decision
    false and an `error` in its context.
    """
    query()
    raw = _sent()
    if not isinstance(raw, dict) or not raw.get("evaluations"):
        return in_json(_one(raw))
    several, semantic = _several(raw)
    given = _answered(several, semantic)
    observe.note(evaluations=len(given))
    return in_json({"evaluations": given})


@blueprint.get("/.well-known/authzen-configuration")
@blueprint.response(200, ConfigurationSchema)
@documented(400)
def show_authzen_configuration() -> Response:
    """Say where AuthZEN evaluations go

    The addresses are those under which this service was asked.
    """
    query()
    if not request.host:
        raise Refused("bad-request", "the `Host` header names no host")
    here = request.root_url.rstrip("/")
    return in_json(
        {
            "policy_decision_point": here,
            "access_evaluation_endpoint": f"{here}/access/v1/evaluation",
            "access_evaluations_endpoint": f"{here}/access/v1/evaluations",
        }
    )


def _sent() -> Any:
    """The JSON that was sent; the standard has no other status for what is wrong with it than 400."""
    try:
        return json_body(request, parts().batch_limit).value
    except Refused as refused:
        if refused.kind == "wrong-content-type":
            raise Refused("wrong-evaluation", str(refused)) from refused
        raise


def _one(raw: Any) -> dict[str, Any]:
    given = next(_judged(iter([raw])))
    found = recorded([given[1]])[0]
    if isinstance(found, Trouble):
        told = _at_its_place(found, given[0])
        observe.note(**told.noted)
        raise Refused(told.kind.name, told.detail, told.faults)
    document = found.document
    observe.note(verdict_id=document["verdict_id"], outcome=document["outcome"])
    return _receipted(found)


def _several(raw: Mapping[str, Any]) -> tuple[list[Any], str]:
    """The evaluations, each with the defaults of the whole, and when to stop."""
    several, options = raw["evaluations"], raw.get("options", {})
    semantic = options.get("evaluations_semantic", SEMANTICS[0]) if isinstance(options, dict) else None
    if not isinstance(several, list):
        raise _wrong("/evaluations", "expected a list of evaluations")
    if semantic not in SEMANTICS:
        choices = ", ".join(f"`{each}`" for each in SEMANTICS)
        raise _wrong("/options/evaluations_semantic", f"expected one of {choices}")
    if len(several) > MOST_ITEMS:
        raise Refused(
            "too-large", f"`evaluations` has more than {MOST_ITEMS} items; send them in several parts"
        )
    return [with_defaults(raw, one) for one in several], semantic


def _judged(several: Iterator[Any]) -> Iterator[tuple[Evaluation | None, Any]]:
    """Each evaluation with its verdict, which is not recorded yet, or what is wrong with it."""
    judge, today = parts().judge, parts().today()
    for raw in several:
        try:
            evaluation = evaluation_of(raw, today)
        except RequestError as wrong:
            yield None, trouble(wrong)
        else:
            found = judged(evaluation.body, judge)
            if evaluation.faults:
                others = found.faults if isinstance(found, Trouble) else ()
                yield None, trouble(RequestError([*evaluation.faults, *evaluation.where(others)]))
            else:
                yield evaluation, found


def _answered(several: list[Any], semantic: str) -> list[dict[str, Any]]:
    """The decisions, as many as the semantic wants."""
    ends_with = {"deny_on_first_deny": False, "permit_on_first_permit": True}.get(semantic)
    found: list[tuple[Evaluation | None, Any]] = []
    for each in _judged(iter(several)):
        found.append(each)
        if ends_with is not None and _permits(each[1]) is ends_with:
            break
    given = recorded([each for _, each in found])
    return [_told(one, evaluation) for (evaluation, _), one in zip(found, given, strict=True)]


def _told(given: Recorded | Trouble, evaluation: Evaluation | None) -> dict[str, Any]:
    """One decision of several; where nothing can be recorded, there is none at all."""
    if isinstance(given, Recorded):
        return _receipted(given)
    if given.kind.status == 503:
        observe.note(**given.noted)
        raise Refused(given.kind.name, given.detail)
    told = _at_its_place(given, evaluation)
    context = {
        "error": {"status": told.kind.status, "message": told.detail},
        "problem": told.document(observe.request_id()),
    }
    return {"decision": False, "context": context}


def _receipted(given: Recorded) -> dict[str, Any]:
    """The decision for which a verdict stands, with the receipt for that verdict in its context."""
    told = decision_of(given.document)
    return {**told, "context": {**told["context"], **as_member(given.receipt)}}


def _permits(found: Any) -> bool:
    """Whether what was judged will be a decision for it."""
    if isinstance(found, Trouble):
        return False
    document = found.document if isinstance(found, Recorded) else found[0].document
    return bool(document["outcome"] == "eligible")


def _at_its_place(found: Trouble, evaluation: Evaluation | None) -> Trouble:
    """What is wrong with a request, said of the evaluation that it stands for."""
    if found.kind.name != "wrong-content":
        return found
    faults = found.faults if evaluation is None else tuple(evaluation.where(found.faults))
    return Trouble(KINDS["wrong-evaluation"], found.detail, faults, noted=found.noted)


def _wrong(pointer: str, message: str) -> Refused:
    fault = Fault(pointer, message, message.removeprefix("expected "), "something else")
    return Refused("wrong-evaluation", message, [fault])
