"""What the views work with: the judge, the verdict log, the clock and new ids, handed in when the app is
made.

Knows nothing of HTTP. Tests hand in their own parts; nothing is looked up in the environment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol, cast

from flask import Flask, current_app

from service.ledger.log import Log
from service.policy.model import PolicySet
from service.verdict.model import Verdict

_NAME: Final = "ladders"


class Judging(Protocol):
    """What judges: `service.verdict.judge.Judge`."""

    @property
    def policies(self) -> PolicySet:
        """What is judged by."""

    def verdict(self, raw: Any, *, verdict_id: str, judged_at: datetime) -> Verdict:
        """Judge one request; raises `RequestError` or `EngineError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that a view needs beside the request."""

    judge: Judging
    log: Log
    now: Callable[[], datetime]  #: in UTC
    new_id: Callable[[], str]  #: a UUIDv7
    body_limit: int  #: bytes

    def put_into(self, app: Flask) -> None:
        """Make these the parts of an app."""
        app.extensions[_NAME] = self

    @property
    def policies(self) -> PolicySet:
        """The policies in force."""
        return self.judge.policies

    def today(self) -> date:
        """The day it is, in UTC."""
        return self.now().date()


def parts() -> Parts:
    """The parts of the app that answers the present request."""
    return cast(Parts, current_app.extensions[_NAME])
