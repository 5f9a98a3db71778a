"""The verdict log as a list in memory: what every store must do, in the plainest words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from service.errors import LogUnavailable, RecordConflict
from service.ledger.record import Record


class NaiveLog:
    """Records in the order in which they were appended, each with the time of its commit."""

    def __init__(self) -> None:
        self.entries: list[tuple[Record, datetime]] = []

    def append(self, records: Sequence[Record], now: datetime) -> list[tuple[int, datetime]]:
        """Place and time of each record; all are appended or none."""
        if not records:
            return []
        if any(one.id == other.id and one != other for one in records for other in records):
            raise RecordConflict("two contents in one call")
        last = self.entries[-1][1] if self.entries else now
        if now < last - timedelta(seconds=5):
            raise LogUnavailable("the clock went back")
        extended = list(self.entries)
        for record in records:
            there = [held for held, _ in extended if held.id == record.id]
            if there and there != [record]:
                raise RecordConflict("other content")
            if not there:
                extended.append((record, max(now, last)))
        self.entries = extended
        return [self.place_of(record.id) for record in records]

    def place_of(self, id_: str) -> tuple[int, datetime]:
        """Where the record with this id stands, and since when."""
        [place] = [(index, at) for index, (record, at) in enumerate(self.entries) if record.id == id_]
        return place
