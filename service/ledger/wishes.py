"""How a log is to be opened: what `open_log` is given, for every store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a log is to be opened; as the arguments of `open_log`."""

    keys: Path | None
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    name: str | None
    limit_s: float
    may_make: bool
