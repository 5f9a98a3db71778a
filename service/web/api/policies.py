"""Policies: ask that the policy folder be read again."""

from __future__ import annotations

from flask import Response
from flask_smorest import Blueprint

from service.web import observe
from service.web.answers import documented, in_json
from service.web.api.operating_schemas import AskedSchema
from service.web.asked import query
from service.web.parts import parts

blueprint = Blueprint("policies", __name__, url_prefix="/v1/policies", description="Change while running")


@blueprint.post("/reload")
@blueprint.response(202, AskedSchema)
@documented(400)
def reload_policies() -> Response:
    """Ask that the policies be read again

    They are checked and proved in the background, and put in force in all workers at once when all is well;
    otherwise everything stays as it is. `/v1/status` has the answer when its `reload.answered` has reached
    the `asked` of this one.
    """
    query()
    asked = parts().runtime.ask()
    observe.note(asked=asked)
    response = in_json({"asked": asked, "links": {"status": "/v1/status"}})
    response.status_code = 202
    return response
