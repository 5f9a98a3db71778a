"""Telling subscribers: nothing is left out, nothing overtakes, and what cannot be told stays visible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.ledger.deliveries import EmbeddedDeliveries
from service.ledger.record import Entry, Receipt
from service.web.webhooks.dispatcher import PAUSES_S, Teller
from service.web.webhooks.events import Event
from service.web.webhooks.sender import Failed
from service.web.webhooks.subscriptions import Subscription

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DOCUMENT: dict[str, object] = {
    "verdict_id": "v",
    "request_id": None,
    "outcome": "eligible",
    "summary": "Eligible.",
    "candidate": {"id": "E-1"},
    "from": None,
    "to": {"track": "t", "level": "l"},
    "dates": {"submitted_on": "2026-11-20"},
    "unmet": [],
    "unknown": [],
    "waived": [],
    "eligible_from": None,
}


def entry(index: int, kind: str = "verdict", *, erased: bool = False) -> Entry:
    private = {} if erased else {"/verdict": orjson.dumps(DOCUMENT)}
    id_ = f"id-{index}"
    return Entry(Receipt(index, "sha256:0", NOON, id_), id_, kind, b"{}", private)


class FakeLog:
    """A log in memory."""

    name = "ladders/test"

    def __init__(self, entries: list[Entry]) -> None:
        self.list = entries

    def size(self) -> int:
        return len(self.list)

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        return iter(self.list[start:stop])


@dataclass
class FakeReceiver:
    """Answers as it was told, and then takes everything."""

    answers: list[Failed | None] = field(default_factory=list)
    got: list[int] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)

    def send(self, event: Event, at_s: int) -> Failed | None:  # noqa: ARG002 - the real one signs it
        index = int(event.id.rpartition("/")[2])
        self.tried.append(index)
        answer = self.answers.pop(0) if self.answers else None
        if answer is None:
            self.got.append(index)
        return answer

    def close(self) -> None:
        """Nothing to let go of."""


class World:
    """A subscriber of a log, and a clock that is moved by hand."""

    def __init__(
        self, place: Path, entries: list[Entry], *, events: frozenset[str] = frozenset({"verdict"})
    ) -> None:
        self.place, self.log, self.receiver, self.now = place, FakeLog(entries), FakeReceiver(), NOON
        self.counted: list[str] = []
        self.subscription = Subscription(
            name="workday", url="http://localhost/", secrets=(b"x" * 32,), events=events, from_start=True
        )
        self.deliveries = EmbeddedDeliveries(place)
        self.restart()

    def restart(self) -> None:
        """Another process goes on."""
        self.deliveries.close()
        self.deliveries = EmbeddedDeliveries(self.place)
        self.teller = Teller(
            self.subscription,
            self.log,
            self.deliveries,
            self.receiver,
            lambda: self.now,
            self,
        )

    def count_delivery(self, subscriber: str, result: str) -> None:
        assert subscriber == self.subscription.name
        self.counted.append(result)

    def note_webhook_lag(self, subscriber: str, entries: int) -> None:
        assert subscriber == self.subscription.name
        self.lag = entries

    def run(self, steps: int = 400) -> None:
        """Step until nothing is left, letting the time pass that each pause asks for."""
        for _ in range(steps):
            self.teller.step()
            if self.deliveries.cursor("workday", 0).next >= self.log.size():
                return
            self.now += timedelta(hours=1)
        raise AssertionError("it never came to an end")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "deliveries.db"


LATER = Failed("answered 503", for_good=False)
NEVER = Failed("answered 422", for_good=True)


def test_entries_arrive_in_the_order_of_the_log(place: Path) -> None:
    """A decision must not arrive before the verdict that it is about."""
    world = World(place, [entry(index) for index in range(250)])
    world.run()
    assert world.receiver.got == list(range(250))


def test_what_was_not_asked_for_and_what_was_erased_is_passed_over(place: Path) -> None:
    """A subscriber of verdicts is not told of keys; what was erased is told to nobody."""
    world = World(place, [entry(0), entry(1, "policy"), entry(2, erased=True), entry(3)])
    world.run()
    assert world.receiver.got == [0, 3]


def test_a_receiver_that_is_away_gets_everything_when_it_is_back(place: Path) -> None:
    """Later entries wait, so that nothing overtakes."""
    world = World(place, [entry(index) for index in range(3)])
    world.receiver.answers = [LATER, LATER]
    assert world.teller.step() == 0
    assert world.receiver.tried == [0]
    assert world.teller.step() > 0  # not before the pause is over
    assert world.receiver.tried == [0]
    world.run()
    assert world.receiver.tried == [0, 0, 0, 1, 2]
    assert world.receiver.got == [0, 1, 2]


def test_the_pause_that_a_receiver_asks_for_is_kept(place: Path) -> None:
    """It knows best when it can take more."""
    world = World(place, [entry(0)])
    world.receiver.answers = [Failed("answered 429", for_good=False, after_s=90)]
    world.teller.step()
    world.now += timedelta(seconds=89)
    world.teller.step()
    assert world.receiver.tried == [0]
    world.now += timedelta(seconds=1)
    world.teller.step()
    assert world.receiver.got == [0]


def test_what_is_refused_for_good_is_given_up_and_holds_up_nothing(place: Path) -> None:
    """One event that a receiver cannot read must not stop all that come after it."""
    world = World(place, [entry(0), entry(1)])
    world.receiver.answers = [NEVER]
    world.run()
    assert world.receiver.got == [1]
    assert [(dead.index, dead.why) for dead in world.deliveries.dead("workday")] == [(0, "answered 422")]
    assert world.counted == ["failed", "dead", "delivered"]


def test_after_a_day_of_trying_an_event_is_given_up(place: Path) -> None:
    """The ones behind it have waited long enough."""
    world = World(place, [entry(0), entry(1)])
    world.receiver.answers = [LATER] * (len(PAUSES_S) + 1)
    world.run()
    assert world.receiver.got == [1]
    assert sum(PAUSES_S) >= 86_000
    assert [dead.index for dead in world.deliveries.dead("workday")] == [0]


def test_a_dead_event_is_tried_once_more_when_somebody_asks(place: Path) -> None:
    """The receiver was mended; nobody should have to find the event by hand."""
    world = World(place, [entry(0), entry(1)])
    world.receiver.answers = [NEVER]
    world.run()
    assert not world.deliveries.revive("workday", 1)
    assert world.deliveries.revive("workday", 0)
    world.receiver.answers = [NEVER]
    world.teller.step()
    assert [dead.again for dead in world.deliveries.dead("workday")] == [False]
    world.deliveries.revive("workday", 0)
    world.teller.step()
    assert world.receiver.got == [1, 0]
    assert world.deliveries.dead("workday") == []


def test_all_that_is_dead_is_told_once_more_and_keeps_nobody_waiting(place: Path) -> None:
    """A receiver that was set up wrongly for an hour has refused hundreds. Where it is away again, each of
    them may take as long as a receiver is waited for, and what was never told is not to wait for all.
    """
    world = World(place, [entry(index) for index in range(4)])
    world.receiver.answers = [NEVER, NEVER, NEVER]
    world.run()
    assert world.deliveries.revive("other", None) == 0
    assert world.deliveries.revive("workday", None) == 3
    world.log.list.append(entry(4))
    world.receiver.answers = [NEVER, LATER]
    world.teller.step()
    assert world.receiver.got == [3, 4]
    assert [dead.again for dead in world.deliveries.dead("workday")] == [False, False, True]
    assert world.deliveries.revive("workday", None) == 3
    world.teller.step()
    assert world.receiver.got == [3, 4, 0, 1, 2]
    assert world.deliveries.dead("workday") == []


def test_a_new_subscriber_begins_where_the_log_ends(place: Path) -> None:
    """Years of verdicts are not poured over somebody who has only just subscribed."""
    world = World(place, [entry(0)])
    world.subscription = Subscription(
        name="new",
        url="http://localhost/",
        secrets=(b"x" * 32,),
        events=frozenset({"verdict"}),
        from_start=False,
    )
    world.restart()
    world.teller.step()
    world.log.list.append(entry(1))
    world.teller.step()
    assert world.receiver.got == [1]
    assert world.lag == 0


@settings(max_examples=25)
@given(
    answers=st.lists(st.sampled_from([None, None, LATER, NEVER]), max_size=20),
    restarts=st.sets(st.integers(0, 40), max_size=5),
    size=st.integers(1, 15),
)
def test_everything_arrives_or_is_dead_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, answers: list[Failed | None], restarts: set[int], size: int
) -> None:
    """Receivers fail and processes die at any moment: no entry is lost between the two."""
    world = World(tmp_path_factory.mktemp("law") / "deliveries.db", [entry(index) for index in range(size)])
    world.receiver.answers = list(answers)
    for step in range(60):
        world.teller.step()
        world.now += timedelta(minutes=30)
        if step in restarts:
            world.deliveries.close()
            world.restart()
    dead = {each.index for each in world.deliveries.dead("workday")}
    assert set(world.receiver.got) | dead == set(range(size))
    assert not set(world.receiver.got) & dead
    assert world.receiver.got == sorted(world.receiver.got)
    world.deliveries.close()
