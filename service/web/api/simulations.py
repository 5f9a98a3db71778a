"""Simulations: what the verdict would be, if."""

from __future__ import annotations

from typing import Any, Final, cast

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from service.errors import RequestError
from service.facts.schema import RequestSchema
from service.facts.strict import Strict
from service.simulate.what_if import ChangesSchema, Simulation, SimulationRequestSchema, read_simulation
from service.verdict.schema import OUTCOMES, VerdictSchema
from service.verdict.views import view
from service.web import observe
from service.web.access import caller, not_allowed, own_view
from service.web.answers import documented, in_json
from service.web.api.examples import REQUEST_EXAMPLE
from service.web.api.verdicts import VIEW, VIEWS
from service.web.asked import one_of, query
from service.web.body import JSON, json_body
from service.web.drafting import judge_by_draft
from service.web.parts import parts

PREFIX: Final = "simulation-"  #: no id of a verdict begins so


class SimulationBodySchema(Strict):
    """What would the verdict be, if? As it is published: the request and the changes with their shapes."""

    request = fields.Nested(RequestSchema, required=True)
    what_if = fields.Nested(ChangesSchema)
    policies = SimulationRequestSchema().fields["policies"]


class AsAskedSchema(Schema):
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    summary = fields.String(required=True)
    unmet = fields.List(fields.String(), required=True)
    waiting = fields.List(fields.String(), required=True, data_key="unknown")
    policy_set = fields.String(required=True)


class SimulationSchema(VerdictSchema):
    """What the verdict would be. Not a verdict: it is not in the log and has no `verdict_id`."""

    class Meta:
        exclude = (
            "verdict_id", "log", "links",
            "supersedes", "superseded_by", "decisions", "objections",  # nobody can answer to it
        )  # fmt: skip

    simulation = fields.Boolean(required=True, metadata={"enum": [True], "description": "always true"})
    simulation_id = fields.String(required=True, metadata={"description": f"begins with `{PREFIX}`"})
    draft = fields.Boolean(
        required=True, metadata={"description": "judged by the draft policies that were sent"}
    )
    policy_warnings = fields.List(
        fields.String(), required=True, metadata={"description": "what `ladders check` warns of in a draft"}
    )
    as_asked = fields.Nested(
        AsAskedSchema,
        required=True,
        allow_none=True,
        metadata={
            "description": "what the request comes to as it is, by the policies in force; null: nothing"
        },
    )


_BODY: Final = {
    "required": True,
    "content": {
        JSON: {
            "schema": SimulationBodySchema,
            "examples": {
                "trained": {
                    "value": {
                        "request": REQUEST_EXAMPLE,
                        "what_if": {
                            "facts": {
                                "trainings": [{"course": "manager-foundations", "completed_on": "2026-12-15"}]
                            }
                        },
                    }
                }
            },
        }
    },
}

blueprint = Blueprint(
    "simulations", __name__, url_prefix="/v1/simulations", description="What the verdict would be, if"
)


@blueprint.post("")
@blueprint.doc(requestBody=_BODY, parameters=[VIEW])
@blueprint.response(200, SimulationSchema)
@documented(400, 413, 415, 422, 503)
def simulate() -> Response:
    """Say what the verdict would be, if

    If facts were otherwise, on another day, for another level; or by a whole draft policy set, which is
    checked and proved first and judged apart from the policies in force. Nothing is recorded, and the answer
    cannot be mistaken for a verdict: `simulation` is true, and it has neither a `verdict_id` nor a place in
    the log. A draft needs the scope `author`.
    """
    asked = cast("Any", one_of(query("view"), "view", VIEWS))
    seen = own_view(asked)
    simulation = read_simulation(json_body(request, parts().body_limit).value)
    if simulation.files is not None and "author" not in caller().scopes:
        raise not_allowed("a draft policy set needs the scope `author`", "author")
    document, warnings = _judged(simulation)
    del document["verdict_id"]
    document = view(document, seen)
    simulation_id = PREFIX + parts().new_id()
    observe.note(simulation_id=simulation_id, draft=simulation.files is not None)
    return in_json(
        {
            "simulation": True,
            "simulation_id": simulation_id,
            "draft": simulation.files is not None,
            "as_asked": _as_asked(simulation),
            "policy_warnings": warnings,
            **document,
        }
    )


def _judged(simulation: Simulation) -> tuple[dict[str, Any], list[str]]:
    """The document of the verdict that would be, and what a draft is warned of."""
    now = parts().now()
    try:
        if simulation.files is not None:
            return judge_by_draft(simulation, PREFIX, now)
        verdict = parts().judge.verdict(simulation.changed, verdict_id=PREFIX, judged_at=now)
    except RequestError as wrong:
        raise RequestError([*simulation.faults, *simulation.where(wrong.faults)]) from wrong
    if simulation.faults:
        raise RequestError(simulation.faults)
    return dict(verdict.document), []


def _as_asked(simulation: Simulation) -> dict[str, Any] | None:
    """What the request comes to as it is; None where it cannot be judged, or nothing is told differently."""
    if not simulation.what_if and simulation.files is None:
        return None
    try:
        verdict = parts().judge.verdict(simulation.request, verdict_id=PREFIX, judged_at=parts().now())
    except RequestError:
        return None
    document = verdict.document
    told = {name: document[name] for name in ("outcome", "summary", "unmet", "unknown")}
    return {**told, "policy_set": verdict.policy_set}
