"""Errors become responses here and nowhere else: an exception goes in; a problem document (RFC 9457) comes
out.

A response never repeats what an unexpected exception says, for that may hold facts about a person. The
service log gets its kind and the lines of code where it arose, and for an engine that could not decide the
level and the condition.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from service.errors import (
    EngineError,
    Fault,
    LaddersError,
    LogUnavailable,
    NotFound,
    RecordConflict,
    RequestError,
)
from service.web import observe
from service.web.parts import parts
from service.web.problems import KINDS, MEDIA_TYPE, document, entry

RETRY_AFTER_S = 2


class NotJson(RequestError):
    """The body is not JSON that can be read."""


class Refused(LaddersError):
    """A request is refused for what it is in HTTP, by the name of a kind of problem."""

    def __init__(self, kind: str, detail: str, faults: Iterable[Fault] = (), *, challenge: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.faults = tuple(faults)
        self.challenge = challenge  #: for `WWW-Authenticate`


def register(app: Flask) -> None:
    """Let every error of the app be answered by this module."""
    for error, answer in _ANSWERS.items():
        app.register_error_handler(error, answer)


def problem(name: str, detail: str, faults: Iterable[Fault] = ()) -> Response:
    """The response of one problem."""
    kind = KINDS[name]
    observe.note(problem=kind.name)
    told = document(kind, detail, observe.request_id(), map(entry, faults))
    return Response(orjson.dumps(told), kind.status, content_type=MEDIA_TYPE)


def _refused(refused: Refused) -> Response:
    response = problem(refused.kind, str(refused), refused.faults)
    if refused.kind == "wrong-content-type":
        response.headers["Accept"] = "application/json"
    if refused.challenge:
        response.headers["WWW-Authenticate"] = refused.challenge
    return response


def _not_json(refused: NotJson) -> Response:
    return problem("not-json", refused.faults[0].message, refused.faults)


def _wrong_content(refused: RequestError) -> Response:
    count = len(refused.faults)
    detail = refused.faults[0].message if count == 1 else f"{count} things are wrong with the request"
    return problem("wrong-content", detail, refused.faults)


def _not_found(missing: NotFound) -> Response:
    return problem("not-found", str(missing))


def _conflict(conflict: RecordConflict) -> Response:
    return problem("conflict", str(conflict))


def _log_unavailable(unavailable: LogUnavailable) -> Response:
    observe.note(why=str(unavailable))
    response = problem("log-unavailable", str(unavailable))
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _no_verdict(failed: EngineError) -> Response:
    observe.note(why=str(failed), error=type(failed).__name__)
    parts().metrics.count_engine_error(failed)
    return problem("no-verdict", "the engine could not decide with certainty, so there is no verdict")


def _http(refused: HTTPException) -> Response:
    """What Flask itself refuses: an address that is none, a method that does not fit."""
    if isinstance(refused, MethodNotAllowed):
        allowed = ", ".join(sorted(refused.valid_methods or ()))
        response = problem("wrong-method", f"this address takes {allowed}")
        response.headers["Allow"] = allowed
        return response
    if refused.code == 404:
        return problem("not-found", "there is nothing at this address")
    if refused.code is not None and 400 <= refused.code < 500:
        return problem("bad-request", "the request cannot be read")
    return _unexpected(refused)


def _unexpected(error: Exception) -> Response:
    observe.note(error=type(error).__qualname__, at=_trail(error))
    return problem("internal-error", "something in the service went wrong, so there is no answer")


def _trail(error: BaseException) -> list[str]:
    """The lines of code that an exception came through, innermost last, without any values."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]


_ANSWERS: dict[type[Exception], Callable[[Any], Response]] = {
    Refused: _refused,
    NotJson: _not_json,
    RequestError: _wrong_content,
    NotFound: _not_found,
    RecordConflict: _conflict,
    LogUnavailable: _log_unavailable,
    EngineError: _no_verdict,
    HTTPException: _http,
    Exception: _unexpected,
}
