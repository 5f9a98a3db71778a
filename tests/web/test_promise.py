"""The compatibility promise: what is published keeps what was published before, and what tells them apart
knows every way to break it.
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.web.promise import PUBLISHED, breaks, document_now, text_of

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "incompatible.yaml").read_text("utf-8"))
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/things": {
            "parameters": [{"in": "path", "name": "id", "required": True, "schema": {"type": "string"}}],
            "get": {
                "security": [{"bearer": ["a", "b"]}],
                "parameters": [
                    {"in": "query", "name": "on", "schema": {"type": "string", "enum": ["today", "tomorrow"]}}
                ],
                "responses": {
                    "200": {
                        "description": "things",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
                            }
                        },
                    },
                    "404": {"description": "none"},
                },
            },
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}}
                },
                "responses": {"201": {"description": "made", "headers": {"Location": {}}}},
            },
        }
    },
    "components": {
        "schemas": {
            "Sent": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": ["string", "null"], "maxLength": 10},
                    "size": {"type": "number", "minimum": 0},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "list": {"type": "array", "items": {"type": "string"}},
                    "inner": {"anyOf": [{"$ref": "#/components/schemas/Sent"}, {"type": "null"}]},
                    "any": {},
                },
            },
            "Thing": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "size": {"type": "number"},
                    "day": {"type": "string", "format": "date"},
                    "outcome": {"type": "string", "enum": ["yes", "no"]},
                    "open": {"type": "object", "additionalProperties": {"type": "integer"}},
                },
            },
        }
    },
}


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """The document with other values in places."""
    document = deepcopy(DOCUMENT)
    for pointer, value in changes.items():
        *steps, name = (step.replace("~1", "/") for step in pointer.split("/")[1:])
        holder: Any = document
        for step in steps:
            holder = holder[int(step) if isinstance(holder, list) else step]
        if isinstance(holder, list):
            holder[int(name) : int(name) + 1] = [] if value is None else [value]
        elif value is None:
            del holder[name]
        else:
            holder[name] = value
    return document


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_way_to_break_a_promise_is_seen(case: dict[str, Any]) -> None:
    """A rule that nobody has seen fail is no rule; and what keeps the promise must be free to change."""
    assert breaks(changed(case.get("was", {})), changed(case.get("set", {}))) == case["says"]


def test_there_are_enough_cases() -> None:
    """The table is the test."""
    assert len({case["name"] for case in CASES}) == len(CASES) > 50


def test_nothing_that_was_promised_is_broken() -> None:
    """A workflow system that was written for an earlier release goes on working: docs/compatibility.md."""
    assert breaks(json.loads(PUBLISHED.read_text("utf-8")), document_now()) == []


def test_the_document_in_the_repository_is_the_one_that_is_served() -> None:
    """Clients are generated from the file; a new address becomes a promise with it. To write it anew:
    `make openapi`, or `python -m tests.web.promise`.
    """
    assert PUBLISHED.read_text("utf-8") == text_of(document_now())
