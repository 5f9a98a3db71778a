"""What is seen of a request: its id, the time it took, and one line in the service log; and the headers of
every answer; and what of it is counted.

The log holds ids, outcomes and times, never anything about a person. Questions after the service's health
and its metrics are not logged when all is well.
"""

from __future__ import annotations

import os
import re
import time
from typing import Any, Final

from flask import Flask, Response, g, request

from service.web.journal import journal
from service.web.language import language_for
from service.web.parts import parts
from service.web.tracing import HEADER as TRACE
from service.web.tracing import trace_in

HEADER: Final = "X-Request-Id"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET: Final = ("health.", "metrics.")
_SANE: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_HEADERS: Final = {
    "Cache-Control": "no-store",  # what is answered may be about a person
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
}


def watch(app: Flask) -> None:
    """Give every request of the app an id, every answer its headers, and the service log its line."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """The id of the present request: the caller's own when it is a sane one."""
    return str(g.request_id)


def note(**told: Any) -> None:
    """Add something to the line that the service log will get for this request; nothing about a person."""
    g.told.update(told)


def _begin() -> None:
    g.began_ns = time.perf_counter_ns()
    g.told = {}
    given = request.headers.get(HEADER, "")
    g.request_id = given if _SANE.fullmatch(given) else os.urandom(16).hex()
    if trace_id := trace_in(request.headers.get(TRACE, "")):
        g.told["trace_id"] = trace_id


def _end(response: Response) -> Response:
    language = language_for(request.headers.get("Accept-Language"))
    told = {**_HEADERS, HEADER: g.request_id, "Content-Language": language}
    response.headers.extend(told)  # no view sets any of them
    elapsed_ns = time.perf_counter_ns() - g.began_ns
    route = request.url_rule.rule if request.url_rule else None
    parts().metrics.count_request(
        request.method if route else "any", route or "none", response.status_code, elapsed_ns / 1e9
    )
    failed = response.status_code >= 500
    if failed or request.endpoint is None or not request.endpoint.startswith(_QUIET):
        say = journal().error if failed else journal().info
        say(
            "request",
            request_id=g.request_id,
            method=request.method if request.method in _METHODS else "other",
            route=route,
            status=response.status_code,
            ms=elapsed_ns // 10_000 / 100,
            **g.told,
        )
    return response
