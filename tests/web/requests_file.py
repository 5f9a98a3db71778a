"""Requests to send from an editor: the published OpenAPI document goes in; `docs/ladders.http` comes out.

The form is the one that editors share: a request begins after `###`, and `{{name}}` is what a line
`@name = …` at the top says. Every operation is there once, with the first example of the document.
`make openapi` writes the file anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

HTTP_FILE = Path(__file__).parents[2] / "docs" / "ladders.http"
METHODS = ("get", "put", "post", "delete")
Json = Mapping[str, Any]
_HEAD = """\
# Every request that Ladders answers, to send from an editor or to import; `make openapi` makes it.
# Fill in what your service answers: a token or an API key, and the ids that come with the first verdict.
"""
#: What stands in a path until a reader puts in their own; other names say it in the document, by an example.
_PLACES = {
    "verdict_id": "00000000-0000-7000-8000-000000000000",
    "objection_id": "00000000-0000-7000-8000-000000000000",
    "which": "0",
    "subscriber": "workday",
    "index": "0",
}


def http_file(document: Json) -> str:
    """The file for a document."""
    operations = [
        (path, method, item[method], [*item.get("parameters", ()), *item[method].get("parameters", ())])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    given = {"host": "http://127.0.0.1:8080", "token": "paste-a-token-or-key"}
    for _, _, _, parameters in operations:
        for each in parameters:
            if each["in"] == "path":
                given.setdefault(each["name"], "")
                given[each["name"]] = (
                    each.get("example") or given[each["name"]] or _PLACES.get(each["name"], "")
                )
    variables = [f"@{name} = {value}" for name, value in given.items()]
    requests = ["\n".join(_request(*each)) for each in operations]
    return "\n".join([_HEAD, *variables, "", "\n\n".join(requests)]) + "\n"


def _request(path: str, method: str, operation: Json, parameters: list[Json]) -> Iterator[str]:
    yield f"### {operation['summary']}"
    asked = "&".join(
        f"{each['name']}={quote(str(value), safe='/')}"
        for each in parameters
        if each["in"] == "query" and (value := _value(each)) is not None
    )
    address = re.sub(r"\{(\w+)\}", r"{{\1}}", path)
    yield f"{method.upper()} {{{{host}}}}{address}{'?' if asked else ''}{asked}"
    if operation.get("security"):
        yield "Authorization: Bearer {{token}}"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        yield "Content-Type: application/json"
        yield ""
        yield json.dumps(next(iter(body["examples"].values()))["value"], indent=2, ensure_ascii=False)


def _value(parameter: Json) -> Any:
    """An example of a parameter, or the least that one without an example may be where it is needed."""
    least = parameter["schema"].get("minimum") if parameter.get("required") else None
    return parameter.get("example", least)
