"""What the OpenAPI document says of access: the document and the table go in; the document comes out with
what each operation needs, and how it refuses.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Flask

from service.access.callers import SCOPES
from service.web.access_table import TABLE, Need
from service.web.answers import problem_response

_REFUSALS: Final = (401, 403, 503)
_SCHEME: Final = "bearer"
_CHALLENGE: Final = {
    "WWW-Authenticate": {
        "description": "what to send, or what is wrong with what was sent",
        "schema": {"type": "string"},
    }
}
_DESCRIPTION: Final = (
    "A token (JWT) of the company's identity provider, or an API key made with `ladders keys new`. A service"
    " without access control answers its own machine alone, and asks for neither.\n\nScopes: "
    + "; ".join(f"`{scope}`: {told}" for scope, told in SCOPES.items())
    + ". A candidate's token needs none."
)


def with_access(document: dict[str, Any], app: Flask) -> dict[str, Any]:
    """The document with the security of every operation."""
    for rule in app.url_map.iter_rules():
        item = document["paths"].get(rule.rule.replace("<", "{").replace(">", "}"), {})
        need = TABLE.get(rule.endpoint)
        for method in rule.methods or ():
            if need is not None and method.lower() in item:
                _say(item[method.lower()], need)
    document["components"]["securitySchemes"] = {
        _SCHEME: {"type": "http", "scheme": "bearer", "description": _DESCRIPTION}
    }
    return document


def _say(operation: dict[str, Any], need: Need) -> None:
    if need.open:
        operation["security"] = []
        return
    # nothing at all is enough where the service has no access control
    operation["security"] = [{_SCHEME: sorted(need.scopes)}, {}]
    for status in _REFUSALS:
        refusal = problem_response(status)
        if status < 500:
            refusal.setdefault("headers", {}).update(_CHALLENGE)
        operation["responses"].setdefault(str(status), refusal)
    operation["responses"] = dict(sorted(operation["responses"].items()))
