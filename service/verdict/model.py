"""A verdict: what is answered, recorded and read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.engine.evaluate import Outcome, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One verdict; `document` is what the caller gets, apart from `log` and `links`, which come with the
    record.

    The document holds texts, whole numbers, true, false, null, lists and objects only: a number with decimals
    is written as text, exactly.
    """

    id: str
    outcome: Outcome
    track: str
    level: str
    version: str
    policy_set: str
    version_digest: str  #: digest of what that version means, with the figures of the day of the request
    policy_files: str
    engine: str
    results: tuple[tuple[str, Result], ...]  #: requirement id → result, in policy order
    document: Mapping[str, Any]
