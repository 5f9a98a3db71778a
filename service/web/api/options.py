"""Options: where somebody may go from here, on every track."""

from __future__ import annotations

from typing import Final

from flask import Response, request
from flask_smorest import Blueprint

from service.facts.schema import OptionsRequestSchema
from service.verdict.schema import OptionsSchema
from service.web import observe
from service.web.answers import documented, in_json
from service.web.api.examples import OPTIONS_EXAMPLE
from service.web.asked import query
from service.web.body import JSON, json_body
from service.web.parts import parts

_BODY: Final = {
    "required": True,
    "content": {
        JSON: {"schema": OptionsRequestSchema, "examples": {"brilliant-coder": {"value": OPTIONS_EXAMPLE}}}
    },
}

blueprint = Blueprint(
    "options", __name__, url_prefix="/v1/options", description="Where somebody may go from here"
)


@blueprint.post("")
@blueprint.doc(requestBody=_BODY)
@blueprint.response(200, OptionsSchema)
@documented(400, 413, 415, 422)
def list_options() -> Response:
    """List what a candidate may ask for next

    Every level, on every track, to which the candidate's present level leads: whether it is open, what it
    still asks, what would change that and from when time alone would be enough; craft tracks first. Nobody
    has asked for any of them, so there is no verdict and nothing is recorded. A level that is an end in
    itself may have no options, and nothing is wrong with that.
    """
    query()
    body = json_body(request, parts().body_limit)
    told = parts().judge.options(body.value, judged_at=parts().now())
    observe.note(policy_set=told["policy"]["set"], options=len(told["options"]))
    return in_json(told)
