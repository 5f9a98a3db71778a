"""The reference: the OpenAPI document goes in; one page of plain HTML comes out, and one for each kind of
problem.

No script and nothing from elsewhere: the page works on a machine without a network. What stands open to
everybody is made once. Knows nothing of requests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from flask import Blueprint, Response, render_template
from markupsafe import Markup

from service.errors import NotFound, did_you_mean
from service.web.problems import KINDS

_STYLE = Path(__file__).parent / "reference.css"
_METHODS = ("get", "post", "put", "patch", "delete")


def pages(document: dict[str, Any]) -> Blueprint:
    """The pages about an OpenAPI document, and the document itself."""
    blueprint = Blueprint("pages", __name__, template_folder="templates")
    blueprint.add_app_template_filter(marked, "marked")
    text = orjson.dumps(document)

    def openapi() -> Response:
        return Response(text, content_type="application/json")

    def style() -> Response:
        return Response(_STYLE.read_bytes(), content_type="text/css; charset=utf-8")

    @cache
    def docs() -> str:
        return render_template(
            "reference.html", document=document, operations=operations(document), kinds=KINDS.values()
        )

    def problem(name: str) -> str:
        kind = KINDS.get(name)
        if kind is None:
            raise NotFound(f"there is no problem `{name[:100]}`{did_you_mean(name[:100], KINDS)}")
        return render_template("problem.html", kind=kind)

    views: list[tuple[str, Callable[..., Response | str]]] = [
        ("/openapi.json", openapi),
        ("/docs", docs),
        ("/docs/reference.css", style),
        ("/problems/<name>", problem),
    ]
    for rule, view in views:
        blueprint.add_url_rule(rule, view_func=view)
    return blueprint


def marked(text: str) -> Markup:
    """A text in HTML, with what stands between backticks as code.

    >>> str(marked("send `facts` & more"))
    'send <code>facts</code> &amp; more'
    """
    parts = text.split("`")
    shown = (Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))
    return Markup("").join(shown)


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every operation of an OpenAPI document, in its order, as the page shows it."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": told.get("summary", ""),
            "description": told.get("description", ""),
            "scopes": [
                scope for way in told.get("security", []) for scopes in way.values() for scope in scopes
            ],
            "parameters": [*item.get("parameters", []), *told.get("parameters", [])],
            "body": _shown(told.get("requestBody")),
            "responses": [
                {"status": status, "description": answer.get("description", ""), **_shown(answer)}
                for status, answer in sorted(told["responses"].items())
            ],
        }
        for path, item in document["paths"].items()
        for method, told in item.items()
        if method in _METHODS
    ]


def _shown(holder: dict[str, Any] | None) -> dict[str, Any]:
    """The schema of a body by its name, and an example of it as text."""
    if not holder or not holder.get("content"):
        return {}
    media_type, content = next(iter(holder["content"].items()))
    named = content.get("examples", {}).values()
    examples = [example["value"] for example in named if "value" in example]  # problems are shown once
    examples += [content["example"]] if "example" in content else []
    return {
        "media_type": media_type,
        "schema": content.get("schema", {}).get("$ref", "").rpartition("/")[2],
        "examples": [orjson.dumps(example, option=orjson.OPT_INDENT_2).decode() for example in examples],
    }
