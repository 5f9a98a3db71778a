"""The embedded log and the list in memory give the same answers to the same calls, whatever these are."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from service.errors import LaddersError
from service.ledger.log import Log, Record, open_log
from tests.ledger.naive import NaiveLog
from tests.ledger.records import a_record

RECORDS = st.builds(a_record, st.integers(0, 12), st.sampled_from(["eligible", "not eligible"]))


class BothLogs(RuleBasedStateMachine):
    """Few ids and few contents, so that repeats and conflicts are common."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now = datetime(2026, 11, 20, tzinfo=UTC)
        self.drawn = 0
        self.naive = NaiveLog()
        self.log = self.opened()

    def opened(self) -> Log:
        database = Path(self.folder.name) / "log.db"
        return open_log(database, clock=lambda: self.now, random_bytes=self.random_bytes)

    def random_bytes(self, count: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(count, "big")

    @rule(records=st.lists(RECORDS, max_size=4))
    def append(self, records: list[Record]) -> None:
        assert self.answer(records) == self.wanted_answer(records)

    def answer(self, records: list[Record]) -> object:
        try:
            return [(receipt.index, receipt.committed_at) for receipt in self.log.append(records)]
        except LaddersError as error:
            return type(error)

    def wanted_answer(self, records: list[Record]) -> object:
        try:
            return self.naive.append(records, self.now)
        except LaddersError as error:
            return type(error)

    @rule(seconds=st.sampled_from([-3600, -5, -1, 0.000001, 1, 3600]))
    def the_clock_is_set(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def the_process_starts_anew(self) -> None:
        self.log.close()
        self.log = self.opened()

    @invariant()
    def every_entry_is_in_its_place(self) -> None:
        for index, (record, committed_at) in enumerate(self.naive.entries):
            entry = self.log.get(record.id)
            assert entry is not None
            assert (entry.receipt.index, entry.receipt.committed_at) == (index, committed_at)
            assert entry.private == record.private

    def teardown(self) -> None:
        self.log.close()
        self.folder.cleanup()


TestTheEmbeddedLogIsTheNaiveOne = BothLogs.TestCase
TestTheEmbeddedLogIsTheNaiveOne.settings = settings(
    max_examples=settings().max_examples * 2 // 5, stateful_step_count=25, deadline=None
)
