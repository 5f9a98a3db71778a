"""Health: whether this process lives, and whether it could give a verdict now."""

from __future__ import annotations

from flask import Response
from flask_smorest import Blueprint

from service.web.answers import documented, in_json
from service.web.api.schemas import LiveSchema, ReadySchema
from service.web.parts import parts

blueprint = Blueprint(
    "health", __name__, url_prefix="/health", description="For whatever keeps the service running"
)


@blueprint.get("/live")
@blueprint.response(200, LiveSchema)
def check_live() -> Response:
    """Say that the process lives"""
    return in_json({"live": True})


@blueprint.get("/ready")
@blueprint.response(200, ReadySchema)
@documented(503)
def check_ready() -> Response:
    """Say whether the policies are valid and a verdict could be recorded now"""
    log = parts().log
    log.check_writable()
    policies = parts().policies
    return in_json(
        {"ready": True, "policy_set": policies.digest, "tracks": list(policies.tracks), "log": log.name}
    )
