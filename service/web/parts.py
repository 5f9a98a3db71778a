"""What the views work with: the judge, the verdict log, the clock and new ids, handed in when the app is
made.

A request has one judge, from its first question after it to its end, whatever is reloaded meanwhile.
Tests hand in their own parts; nothing is looked up in the environment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, cast

from flask import Flask, current_app, g

from service.access.known import KnownAccess
from service.ledger.log import Log
from service.policy.model import PolicySet
from service.web.judges import Held, Judges, Judging
from service.web.keeping import Keeper
from service.web.metrics import Metrics
from service.web.runtime import Runtime
from service.web.tracing import Traces
from service.web.webhooks.subscribers import Subscribers

_NAME: Final = "ladders"
_HELD: Final = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that a view needs beside the request."""

    judges: Judges
    runtime: Runtime
    metrics: Metrics
    traces: Traces
    access: KnownAccess | None  #: None: anyone may do everything
    metrics_open: bool  #: whoever asks gets the metrics
    webhooks: Subscribers
    log: Log
    keeper: Keeper
    now: Callable[[], datetime]  #: in UTC
    new_id: Callable[[], str]  #: a UUIDv7
    body_limit: int  #: bytes
    batch_limit: int  #: bytes of a batch that is sent as one JSON text

    def put_into(self, app: Flask) -> None:
        """Make these the parts of an app."""
        app.extensions[_NAME] = self
        app.teardown_request(self._give_back)

    def _give_back(self, _error: BaseException | None) -> None:
        held: Held | None = g.pop(_HELD, None)
        if held is not None:
            self.judges.give_back(held)

    @property
    def judge(self) -> Judging:
        """The judge of the present request."""
        held: Held | None = g.get(_HELD)
        if held is None:
            held = g.held = self.judges.lease()
        return held.judge

    @property
    def policies(self) -> PolicySet:
        """The policies in force for the present request."""
        return self.judge.policies

    def today(self) -> date:
        """The day it is, in UTC."""
        return self.now().date()


def parts() -> Parts:
    """The parts of the app that answers the present request."""
    return cast(Parts, current_app.extensions[_NAME])
