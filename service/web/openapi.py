"""The published interface: the views' own words go in; one OpenAPI 3.1 document comes out.

Served at /openapi.json, made once when the app is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from flask import Flask
from flask_smorest import Api
from marshmallow import fields

from service import __version__
from service.facts.strict import LONGEST_NAME, Name
from service.verdict.views import LEFT_OUT
from service.web.answers import problem_examples, problem_response
from service.web.api import (
    authzen,
    batches,
    decisions,
    facts,
    health,
    log,
    options,
    own_verdicts,
    policies,
    simulations,
    status,
    tracks,
    verdicts,
    webhooks,
)
from service.web.api.schemas import ProblemSchema
from service.web.openapi_access import with_access

BLUEPRINTS: Final = (
    verdicts.blueprint,
    own_verdicts.blueprint,
    batches.blueprint,
    options.blueprint,
    simulations.blueprint,
    decisions.blueprint,
    tracks.blueprint,
    facts.blueprint,
    policies.blueprint,
    status.blueprint,
    webhooks.blueprint,
    authzen.blueprint,
    log.blueprint,
    health.blueprint,
)
#: Shapes of which a view may leave something out, and what they are to it.
_SEEN: Final = {
    "Verdict": "verdict",
    "Simulation": "verdict",
    "VerdictPolicy": "policy",
    "Finding": "finding",
    "Node": "node",
}
_BEFORE_ANY_VIEW: Final = (414, 431)  #: what the server itself may refuse, whatever is asked
_DESCRIPTION: Final = """\
Promotion requests are judged against a written policy, and every verdict explains itself.

`POST /v1/verdicts` is all that a workflow system needs. `GET /v1/facts?for=people-lead/team-lead` says what
to send for a level. Every outcome is a verdict with status 201; every error is a problem document (RFC
9457) that names all that is wrong at once, and then nothing was recorded. Numbers are read exactly; nothing
is converted: `"3"` is not 3. Every answer has an `X-Request-Id`, the caller's own when it sends one; the
service log has it too.
"""


class _Api(Api):
    """Every status that can occur is documented with its view; there is no other error."""

    DEFAULT_ERROR_RESPONSE_NAME = None


def publish(app: Flask) -> dict[str, Any]:
    """Register all views with the app, and tell what they do.

    Returns:
        The OpenAPI document.
    """
    app.config.update(API_TITLE="Ladders", API_VERSION=__version__, OPENAPI_VERSION="3.1.0")
    api = _Api(app, spec_kwargs={"info": {"description": _DESCRIPTION}})
    api.spec.components.schema("Problem", schema=ProblemSchema)
    api.spec.plugins[-1].converter.add_attribute_function(_names)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    document: dict[str, Any] = api.spec.to_dict()
    return with_access(_named_operations(_tidied(document), app), app)


def _names(_converter: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """What a `Name` may be, which marshmallow cannot know."""
    if isinstance(field, Name):
        return {"minLength": 1, "maxLength": LONGEST_NAME}
    return {}


def _tidied(document: dict[str, Any]) -> dict[str, Any]:
    """Without the responses and parameters that flask-smorest brings for what is not used here. What is
    answered may get more names later, so that only what is sent says that it has no others.
    """
    schemas = document["components"]["schemas"]
    operations = [
        operation
        for item in document["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    for operation in operations:
        for early in _BEFORE_ANY_VIEW:
            operation["responses"].setdefault(str(early), problem_response(early))
    bodies = [operation["requestBody"] for operation in operations if "requestBody" in operation]
    sent = set(_named(bodies, schemas))
    for name, schema in schemas.items():
        if name not in sent:
            schema.pop("additionalProperties", None)
        if left_out := LEFT_OUT.get(_SEEN.get(name, "")):
            schema["required"] = [each for each in schema["required"] if each not in left_out]
    return {**document, "components": {"schemas": schemas, "examples": problem_examples()}}


def _named_operations(document: dict[str, Any], app: Flask) -> dict[str, Any]:
    """With a name for every operation, of which generators make a method: that of its view, which therefore
    says by itself what it does and is not changed any more.
    """
    for rule in app.url_map.iter_rules():
        item = document["paths"].get(rule.rule.replace("<", "{").replace(">", "}"), {})
        first, *others = rule.endpoint.rpartition(".")[2].split("_")
        for method in rule.methods or ():
            if method.lower() in item:
                item[method.lower()]["operationId"] = first + "".join(map(str.capitalize, others))
    return document


def _named(told: Any, schemas: dict[str, Any]) -> Iterator[str]:
    """The schemas that something refers to, and those that they refer to."""
    waiting, seen = [told], set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            waiting += each.values()
            name = str(each.get("$ref", "")).rpartition("/")[2]
            if name in schemas and name not in seen:
                seen.add(name)
                waiting.append(schemas[name])
                yield name
