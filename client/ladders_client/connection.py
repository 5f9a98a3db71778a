"""The connection: what is asked goes in; what is answered comes out, asked again as often as it
makes sense.

A question is asked again when no answer came or the service said that it cannot answer now, with pauses that
grow and, where the service names a time, at that time. Knows nothing of what the questions mean.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Final

import httpx

from ladders_client.numbers import read
from ladders_client.problems import LaddersProblem, LaddersUnreachable

AGAIN: Final = frozenset(
    {408, 429, 502, 503, 504}
)  #: the service, or what stands before it, cannot answer now
JSON: Final = "application/json"
_LONGEST_PAUSE_S: Final = 30.0


class Connection:
    """One service; `Ladders` says what the arguments are. Usable from several threads."""

    def __init__(
        self,
        address: str,
        *,
        token: str | None,
        tries: int,
        timeout_s: float,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        if not address.startswith(("http://", "https://")):
            raise ValueError("the address of a service begins with https:// or http://")
        headers = {"Accept": f"{JSON}, application/x-ndjson, application/problem+json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(base_url=address, headers=headers, timeout=timeout_s)
        self.tries, self._timeout_s, self._pause = tries, timeout_s, pause

    def close(self) -> None:
        """Let go of the sockets."""
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: str | None = None,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> httpx.Response:
        """A good answer.

        Args:
            method: As in HTTP.
            path: The address, from the root of the service.
            content: What is sent, as text.
            headers: What stands beside it.
            parameters: What is asked for in the address.
            timeout_s: Seconds to wait at least, where the answer takes long.

        Raises:
            LaddersProblem: The service refused.
            LaddersUnreachable: No answer came.
        """
        refused: Exception | None = None
        named_s = 0.0
        for tried in range(self.tries):
            if tried:
                self.wait(tried, named_s)
            named_s = 0.0
            try:
                response = self._http.request(
                    method,
                    path,
                    content=content,
                    headers=headers,
                    params=parameters,
                    timeout=max(self._timeout_s, timeout_s or 0),
                )
            except httpx.TransportError as broken:
                refused = broken
                continue
            if response.is_success:
                return response
            refused = _problem(response)
            if response.status_code not in AGAIN:
                raise refused
            named_s = _seconds(response.headers.get("Retry-After", ""))
        if isinstance(refused, LaddersProblem):
            raise refused
        raise LaddersUnreachable(f"no answer from {self._http.base_url} in {self.tries} tries") from refused

    def wait(self, tried: int, named_s: float = 0.0) -> None:
        """Wait before something is tried again, longer each time, or as long as the service named."""
        self._pause(named_s or _growing(tried))


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
