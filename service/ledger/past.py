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

import apsw
import orjson

from service.errors import LogUnavailable
from service.facts.json_text import read_json
from service.ledger import tables
from service.ledger.record import moment, opened
from service.ledger.verdict_record import REQUEST


@dataclass(frozen=True, slots=True)
class Past:
    """A request that was judged."""

    id: str  #: of its verdict
    raw: Any
    judged_on: date


def past_requests(place: Path) -> Iterator[Past]:
    """Every request in the log, oldest first.

    Raises:
        LogUnavailable: There is no verdict log at this place, or it cannot be read.
    """
    try:
        with closing(tables.connect_reader(place)) as reader:
            if not tables.exists(reader):
                raise LogUnavailable(f"`{place}` is not a verdict log; check the path")
            for id_, decided_us, body in tables.verdicts(reader):
                text = opened(body)[1].get(REQUEST)
                if text is not None:
                    yield Past(id_, read_json(orjson.loads(text).encode()), moment(decided_us).date())
    except apsw.Error as error:
        raise LogUnavailable(f"the verdict log `{place}` could not be read ({error})") from error
