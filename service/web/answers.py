"""Answers: values go in; responses, and what the OpenAPI document says of them, come out.

Knows nothing of single views.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar

import orjson
from flask import Response

from service.facts.calendar import STILL_RUNNING
from service.facts.types import Nothing
from service.ledger.canonical import WIDEST
from service.web.problems import KINDS, MEDIA_TYPE, Kind

View = TypeVar("View", bound=Callable[..., Response])

_WITH_A_BODY: Final = (408, 503)  #: where a body is read, it may come too slowly, or be one too many
_JSON: Final = "application/json"


def in_json(value: Mapping[str, Any]) -> Response:
    """A response with a JSON object, its names in the order given."""
    return Response(orjson.dumps(value), content_type=_JSON)


def in_canonical_json(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A response with a JSON object that is always the same bytes, wherever it was kept meanwhile.

    The value is inside the canonical profile: what is answered here was recorded before, which saw to that.
    """
    return Response(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), status, headers, content_type=_JSON)


def plain(value: Any) -> Any:
    """A value of the policy as JSON tells it: days and decimals as text, what is known to be nothing as
    `none`.
    """
    match value:
        case bool() | str() | None:
            return value
        case int():
            return value if abs(value) <= WIDEST else str(value)
        case date():
            return "still running" if value == STILL_RUNNING else value.isoformat()
        case Decimal() | Nothing():
            return str(value)
        case tuple() | list():
            return [plain(part) for part in value] or "none"
        case _:
            return str(value)


def documented(*statuses: int) -> Callable[[View], View]:
    """Say in the OpenAPI document that a view may answer with these problems; 500 may always happen, and
    where a body may be too large it may also come too slowly or be one too many."""

    def add(view: View) -> View:
        told: dict[str, Any] = view.__dict__.setdefault("_apidoc", {})
        manual = told.setdefault("manual_doc", {}).setdefault("responses", {})
        for status in sorted({*statuses, 500, *(_WITH_A_BODY if 413 in statuses else ())}):
            manual[str(status)] = problem_response(status)
        return view

    return add


def problem_response(status: int) -> dict[str, Any]:
    """How the OpenAPI document describes the problems of one status."""
    kinds = [kind for kind in KINDS.values() if kind.status == status]
    response: dict[str, Any] = {
        "description": "; or: ".join(kind.title for kind in kinds),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {kind.name: {"$ref": f"#/components/examples/{kind.name}"} for kind in kinds},
            }
        },
    }
    if status == 503:
        response["headers"] = {
            "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}}
        }
    return response


def problem_examples() -> dict[str, Any]:
    """An example of each kind of problem, which the responses refer to."""
    return {name: {"value": _example(kind)} for name, kind in KINDS.items()}


def _example(kind: Kind) -> dict[str, Any]:
    problems = []
    if kind.status == 422:
        problems = [
            {
                "pointer": "/facts/wants_people_role",
                "message": "expected true or false, but a text came; without quotes",
                "expected": "true or false",
                "came": "a text",
            }
        ]
    return {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": problems[0]["message"] if problems else kind.title[:1].lower() + kind.title[1:],
        "request_id": "3f0e6c1a8d0b4b6f9a57c0a4d2f3b1e9",
        "problems": problems,
    }
