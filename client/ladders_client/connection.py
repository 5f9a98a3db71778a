"""The connection: questions go in; answers come out, asked again as often as it makes sense.

A question is asked again when no answer came or the service said that it cannot answer now, with pauses that
grow and, where the service names a time, at that time. Every verdict is asked for under one idempotency key,
so whatever is sent again is judged and recorded once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import date
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import httpx

from ladders_client.answers import Verdict, verdict
from ladders_client.numbers import read, written
from ladders_client.problems import LaddersProblem, LaddersUnreachable

_AGAIN: Final = frozenset({429, 502, 503, 504})  #: the service, or what stands before it, cannot answer now
_JSON: Final = "application/json"
_LONGEST_PAUSE_S: Final = 30.0


class Ladders:
    """A service of Ladders; to be closed, or used in a `with` block. Usable from several threads.

    Args:
        address: Such as `https://ladders.example.com`.
        token: A bearer token or an API key; None where the service is open.
        tries: How often a question is asked at most.
        timeout_s: Seconds to wait for the service each time.
        pause: Waits so many seconds; tests give their own.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        tries: int = 4,
        timeout_s: float = 10.0,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {"Accept": f"{_JSON}, application/problem+json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(base_url=address, headers=headers, timeout=timeout_s)
        self._tries, self._pause = tries, pause

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def judge(
        self,
        *,
        candidate: str,
        to: str,
        as_of: date,
        facts: Mapping[str, Any],
        standing: str | None = None,
        submitted_on: date | None = None,
        request_id: str | None = None,
        waivers: list[Mapping[str, Any]] | None = None,
        version: str | None = None,
        idempotency_key: str | None = None,
    ) -> Verdict:
        """Ask whether a candidate may enter a level; the verdict is recorded before it is answered.

        Args:
            candidate: Your own id of the person.
            to: The level asked for, as `track/level`.
            as_of: The day on which the promotion would take effect.
            facts: What is known, by the names of the vocabulary; what is not known is left out.
            standing: The level that the person holds now, as `track/level`.
            submitted_on: The day of the request, which selects the version of the policy; without it, today.
            request_id: Your own id of the request. Asking again with it gives the same verdict.
            waivers: Waivers that were granted.
            version: The version that the request is to be judged by, as `track/day`.
            idempotency_key: Your own, where you keep one; without it, a new one for each call.

        Raises:
            LaddersProblem: The service refused; `wrong` names everything that is wrong.
            LaddersUnreachable: No answer came; it is safe to call again with the same key.
        """
        track, _, level = to.partition("/")
        request: dict[str, Any] = {
            "candidate": {"id": candidate},
            "to": {"track": track, "level": level},
            "as_of": as_of,
            "facts": facts,
        }
        if standing is not None:
            track, _, level = standing.partition("/")
            request["from"] = {"track": track, "level": level}
        told = {
            "submitted_on": submitted_on,
            "request_id": request_id,
            "waivers": waivers,
            "version": version,
        }
        request |= {name: value for name, value in told.items() if value is not None}
        return self.judge_request(request, idempotency_key=idempotency_key)

    def judge_request(self, request: Mapping[str, Any], *, idempotency_key: str | None = None) -> Verdict:
        """As `judge`, for a request that is written already, with the names that `GET /v1/facts` gives."""
        key = idempotency_key or str(uuid4())
        return verdict(self._ask("POST", "/v1/verdicts", request, {"Idempotency-Key": key}))

    def verdict(self, verdict_id: str) -> Verdict:
        """Read a verdict again."""
        return verdict(self._ask("GET", f"/v1/verdicts/{verdict_id}"))

    def facts_for(self, level: str) -> dict[str, Any]:
        """What to send for a level, given as `track/level`, with a JSON Schema for one request."""
        return self._ask("GET", f"/v1/facts?for={level}")

    def _ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The object that is answered."""
        content = None if body is None else written(body)
        sent = {**(headers or {}), **({} if body is None else {"Content-Type": _JSON})}
        refused: Exception | None = None
        named_s = 0.0
        for tried in range(self._tries):
            if tried:
                self._pause(named_s or _growing(tried))
            named_s = 0.0
            try:
                response = self._http.request(method, path, content=content, headers=sent)
            except httpx.TransportError as broken:
                refused = broken
                continue
            if response.status_code in _AGAIN:
                refused = _problem(response)
                named_s = _seconds(response.headers.get("Retry-After", ""))
                continue
            if response.is_success:
                answer: dict[str, Any] = read(response.content)
                return answer
            raise _problem(response)
        if isinstance(refused, LaddersProblem):
            raise refused
        raise LaddersUnreachable(f"no answer from {self._http.base_url} in {self._tries} tries") from refused


def _problem(response: httpx.Response) -> LaddersProblem:
    """What a refusal says; something that stands before the service may answer without a document."""
    try:
        document = read(response.content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        document = {"title": response.reason_phrase, "detail": "the answer is no problem document"}
    return LaddersProblem(response.status_code, document)


def _seconds(named: str) -> float:
    """The pause that a `Retry-After` in seconds asks for; 0 without one."""
    return min(float(named), _LONGEST_PAUSE_S) if named.isdecimal() else 0.0


def _growing(tried: int) -> float:
    """A pause that doubles each time, and is never quite the same for two callers that failed together."""
    return random.uniform(0.5, 1) * min(0.1 * 2.0**tried, _LONGEST_PAUSE_S)  # noqa: S311 - no secret is made of it
