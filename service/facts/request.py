"""A request, once read: may this candidate enter that level, as of that day?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.errors import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedWaiver:
    """A waiver that a person with the right to do so has granted for one requirement."""

    requirement: str
    by: str
    granted_on: date
    until: date  #: the last day on which it counts
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a candidate stands now; `track` and `level` are None for somebody who is on no ladder."""

    track: str | None
    level: str | None

    @property
    def place(self) -> str | None:
        return f"{self.track}/{self.level}" if self.track else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `facts` holds every fact of the vocabulary by name: its value, or None where it is not
    known."""

    candidate: str
    standing: Standing | None  #: None: not told
    to_track: str
    to_level: str
    submitted_on: date
    as_of: date
    facts: Mapping[str, Any]
    waivers: tuple[GrantedWaiver, ...] = ()
    request_id: str | None = None
    version: str | None = None  #: the version that the caller wants to be judged by, as `track/day`
    warnings: tuple[Fault, ...] = ()  #: what was sent but not used
