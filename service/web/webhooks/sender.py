"""Sending: an event and who is to get it go in; whether it arrived, or what to do about it, comes out.

Whatever has a status of 2xx has arrived. Redirections are not followed: a subscriber is where the operator
said. What a receiver answers is read no further than its status.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import httpx

from service import __version__
from service.web.tracing import Traces
from service.web.webhooks.events import CONTENT_TYPE, Event, signed
from service.web.webhooks.subscriptions import Subscription

_LIMIT_S: Final = 10.0
_LATER: Final = frozenset({408, 425, 429})
_LONGEST_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not arrive."""

    why: str
    for_good: bool  #: asking again would give the same
    after_s: int = 0  #: the receiver asks for so much time


class Sender:
    """Sends to one subscriber, over connections that it keeps."""

    def __init__(self, subscription: Subscription, traces: Traces) -> None:
        self._subscription = subscription
        self._traces = traces
        self._http = httpx.Client(timeout=_LIMIT_S, follow_redirects=False)

    def send(self, event: Event, at_s: int) -> Failed | None:
        """Send an event; None when it has arrived."""
        with self._traces.step("tell"):
            return self._sent(event, at_s)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _sent(self, event: Event, at_s: int) -> Failed | None:
        headers = {
            "Content-Type": CONTENT_TYPE,
            "User-Agent": f"ladders/{__version__}",
            **self._traces.onward(),
            **signed(event, self._subscription.secrets, at_s),
        }
        try:
            with self._http.stream(
                "POST", self._subscription.url, content=event.body, headers=headers
            ) as response:
                return _judged(response)
        except httpx.HTTPError as broken:
            return Failed(f"no answer ({type(broken).__name__})", for_good=False)


def _judged(response: httpx.Response) -> Failed | None:
    status = response.status_code
    if response.is_success:
        return None
    asked = response.headers.get("Retry-After", "")
    after_s = min(int(asked), _LONGEST_S) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 0
    for_good = 300 <= status < 500 and status not in _LATER
    return Failed(f"answered {status}", for_good=for_good, after_s=after_s)
