"""The past: the place of a verdict log in; every request that was judged, as it came, with its day, out.

Reads the log without opening it for writing. What was erased is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from service.facts.json_text import read_json
from service.ledger.address import Place
from service.ledger.log import Wanted, read_log
from service.ledger.verdict_record import request_in


@dataclass(frozen=True, slots=True)
class Past:
    """A request that was judged."""

    id: str  #: of its verdict
    raw: Any
    judged_on: date


def past_requests(place: Place, keys: Path | None = None) -> Iterator[Past]:
    """Every request in the log, oldest first.

    Args:
        place: Of the log.
        keys: The folder of its keys; without it, `keys` beside the log.

    Raises:
        LogUnavailable: There is no verdict log at this place, or it cannot be read.
    """
    with closing(read_log(place, keys)) as log:
        after: int | None = None
        while page := log.find(Wanted(kind="verdict"), after):
            for entry in page:
                text = request_in(entry)
                if text is not None:
                    judged_at: str = orjson.loads(entry.leaf)["decided_at"]
                    yield Past(entry.id, read_json(text), date.fromisoformat(judged_at[:10]))
            after = page[-1].receipt.index
