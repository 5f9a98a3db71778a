"""Errors become answers here and nowhere else: an exception goes in; a problem document (RFC 9457), or the
response with it, comes out.

A response never repeats what an unexpected exception says, for that may hold facts about a person. The
service log gets its kind and the lines of code where it arose, and for an engine that could not decide the
level and the condition.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from service.errors import (
    AccessUnavailable,
    EngineError,
    Fault,
    KeyReused,
    LaddersError,
    LogUnavailable,
    NotFound,
    RecordConflict,
    RequestError,
)
from service.ledger import decision_record
from service.web import observe
from service.web.parts import parts
from service.web.problems import KINDS, MEDIA_TYPE, Kind, document, entry

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


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is answered to an error, and what the service log gets beside."""

    kind: Kind
    detail: str
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    noted: Mapping[str, Any] = field(default_factory=dict)

    def document(self, request_id: str) -> dict[str, Any]:
        """The problem document."""
        return document(self.kind, self.detail, request_id, map(entry, self.faults))


def register(app: Flask) -> None:
    """Let every error of the app be answered by this module."""
    for error in _TROUBLES:
        app.register_error_handler(error, _answer)


def trouble(error: Exception) -> Trouble:
    """What is answered to an error; engine errors are counted."""
    kind = next(kind for kind in type(error).__mro__ if kind in _TROUBLES)
    return _TROUBLES[kind](error)


def _answer(error: Exception) -> Response:
    return trouble_answer(trouble(error))


def trouble_answer(found: Trouble) -> Response:
    """The response that says what is wrong."""
    observe.note(problem=found.kind.name, **found.noted)
    told = orjson.dumps(found.document(observe.request_id()))
    return Response(told, found.kind.status, found.headers, content_type=MEDIA_TYPE)


def _refused(refused: Refused) -> Trouble:
    headers = {}
    if refused.kind == "wrong-content-type":
        headers["Accept"] = "application/json"
    if KINDS[refused.kind].status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if refused.challenge:
        headers["WWW-Authenticate"] = refused.challenge
    return Trouble(KINDS[refused.kind], str(refused), refused.faults, headers)


def _not_json(refused: NotJson) -> Trouble:
    return Trouble(KINDS["not-json"], refused.faults[0].message, refused.faults)


def _wrong_content(refused: RequestError) -> Trouble:
    count = len(refused.faults)
    detail = refused.faults[0].message if count == 1 else f"{count} things are wrong with the request"
    return Trouble(KINDS["wrong-content"], detail, refused.faults)


def _not_found(missing: NotFound) -> Trouble:
    return Trouble(KINDS["not-found"], str(missing))


def _conflict(conflict: RecordConflict) -> Trouble:
    return Trouble(KINDS["conflict"], str(conflict))


def _key_reused(reused: KeyReused) -> Trouble:
    match reused.kind:
        case "request_id":
            return Trouble(KINDS["request-id-reused"], str(reused))
        case decision_record.PREDECESSOR:
            return Trouble(
                KINDS["not-the-latest"], "something else has just followed the verdict that this replaces"
            )
        case _:
            return Trouble(KINDS["key-reused"], str(reused))


def _log_unavailable(unavailable: LogUnavailable) -> Trouble:
    why = str(unavailable)
    return Trouble(KINDS["log-unavailable"], why, (), {"Retry-After": str(RETRY_AFTER_S)}, {"why": why})


def _access_unavailable(unavailable: AccessUnavailable) -> Trouble:
    why = str(unavailable)
    return Trouble(KINDS["access-unavailable"], why, (), {"Retry-After": str(RETRY_AFTER_S)}, {"why": why})


def _no_verdict(failed: EngineError) -> Trouble:
    parts().metrics.count_engine_error(failed)
    detail = "the engine could not decide with certainty, so there is no verdict"
    noted = {"why": str(failed), "error": type(failed).__name__}
    return Trouble(KINDS["no-verdict"], detail, noted=noted)


def _http(refused: HTTPException) -> Trouble:
    """What Flask itself refuses: an address that is none, a method that does not fit."""
    if isinstance(refused, MethodNotAllowed):
        allowed = ", ".join(sorted(refused.valid_methods or ()))
        return Trouble(KINDS["wrong-method"], f"this address takes {allowed}", (), {"Allow": allowed})
    if refused.code == 404:
        return Trouble(KINDS["not-found"], "there is nothing at this address; `/docs` lists what there is")
    if refused.code is not None and 400 <= refused.code < 500:
        return Trouble(KINDS["bad-request"], "the request cannot be read")
    return _unexpected(refused)


def _unexpected(error: Exception) -> Trouble:
    noted = {"error": type(error).__qualname__, "at": _trail(error)}
    detail = "something in the service went wrong, so there is no answer"
    return Trouble(KINDS["internal-error"], detail, noted=noted)


def _trail(error: BaseException) -> list[str]:
    """The lines of code that an exception came through, innermost last, without any values."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]


_TROUBLES: dict[type[Exception], Callable[[Any], Trouble]] = {
    Refused: _refused,
    NotJson: _not_json,
    RequestError: _wrong_content,
    NotFound: _not_found,
    RecordConflict: _conflict,
    KeyReused: _key_reused,
    LogUnavailable: _log_unavailable,
    AccessUnavailable: _access_unavailable,
    EngineError: _no_verdict,
    HTTPException: _http,
    Exception: _unexpected,
}
