"""Status: how the whole service stands, for the people who operate it."""

from __future__ import annotations

from flask import Response
from flask_smorest import Blueprint

from service.web.answers import documented, in_json
from service.web.api.operating_schemas import StatusSchema
from service.web.asked import query
from service.web.parts import parts
from service.web.status import status_of

blueprint = Blueprint(
    "status", __name__, url_prefix="/v1/status", description="How the service stands, for its operators"
)


@blueprint.get("")
@blueprint.response(200, StatusSchema)
@documented(400)
def show_status() -> Response:
    """Show the policy set that each worker judges by, the last reload, and the verdict log"""
    query()
    return in_json(status_of(parts().runtime, parts().log, parts().now()))
