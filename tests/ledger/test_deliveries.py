"""What is remembered of deliveries: a file and a database give the same answers to the same calls."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import LogUnavailable
from service.ledger.address import Address, Place
from service.ledger.deliveries import Cursor, Deliveries, EmbeddedDeliveries
from service.ledger.postgres import turn
from service.ledger.postgres.deliveries import PostgresDeliveries
from tests.ledger.postgres import Cluster, new_log

INDEX = st.integers(0, 3)
CALLS = st.one_of(
    st.tuples(st.just("advance"), INDEX),
    st.tuples(
        st.just("postpone"), st.builds(Cursor, INDEX, st.integers(0, 9), st.integers(0, 2**50), st.text("ab"))
    ),
    st.tuples(st.just("give_up"), INDEX, st.integers(0, 2**50), st.text("ab")),
    st.tuples(st.just("revive"), st.none() | INDEX),
    st.tuples(st.just("settle"), INDEX, st.none() | st.text("ab"), st.integers(0, 2**50)),
)
_examples = itertools.count()


@pytest.fixture(scope="module")
def both(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Deliveries, Deliveries]]:
    """Deliveries in a file and in a database."""
    address = Address(cluster.url(new_log(cluster), "service"))
    with (
        closing(EmbeddedDeliveries(tmp_path_factory.mktemp("deliveries") / "kept.db")) as embedded,
        closing(PostgresDeliveries(address)) as postgres,
    ):
        yield embedded, postgres


@settings(max_examples=settings().max_examples // 4)
@given(calls=st.lists(CALLS, max_size=12), begin=INDEX)
def test_both_remember_the_same(
    both: tuple[Deliveries, Deliveries], calls: list[tuple[object, ...]], begin: int
) -> None:
    """Where to go on, and what was given up, is the same wherever the log lies."""
    me, neighbour = (f"{name} {next(_examples)}" for name in ("me", "neighbour"))
    for deliveries in both:
        assert deliveries.take(me)
        assert deliveries.take(neighbour)
        deliveries.cursor(neighbour, 0)
        deliveries.give_up(neighbour, 1, 7, "gone")
    assert both[0].cursor(me, begin) == both[1].cursor(me, begin) == Cursor(begin)
    for name, *values in calls:
        embedded, postgres = (getattr(deliveries, str(name))(me, *values) for deliveries in both)
        assert embedded == postgres
        assert both[0].cursor(me, 99) == both[1].cursor(me, 99)
        for again in (False, True):
            assert both[0].dead(me, again=again) == both[1].dead(me, again=again)
    assert both[0].dead(neighbour) == both[1].dead(neighbour) != []
    for deliveries in both:
        deliveries.leave(me)
        deliveries.leave(neighbour)


def test_what_was_kept_in_a_file_is_there_again(tmp_path: Path) -> None:
    """A restart must not tell everything anew."""
    with closing(EmbeddedDeliveries(tmp_path / "kept.db")) as first:
        first.cursor("me", 3)
        first.advance("me", 5)
    with closing(EmbeddedDeliveries(tmp_path / "kept.db")) as second:
        assert second.cursor("me", 0) == Cursor(5)


@pytest.fixture(params=["file", "postgres"])
def place(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path) -> Place:
    """Where deliveries are remembered."""
    if request.param == "file":
        return tmp_path / "kept.db"
    return Address(cluster.url(new_log(cluster), "service"))


def opened(place: Place) -> Deliveries:
    """Another service's view of the same deliveries."""
    return EmbeddedDeliveries(place) if isinstance(place, Path) else PostgresDeliveries(place)


def test_one_service_at_a_time_tells_a_subscriber(place: Place) -> None:
    """Two that tell would tell everything twice; each may tell somebody else meanwhile, and goes on when the
    other leaves.
    """
    with closing(opened(place)) as one, closing(opened(place)) as two:
        assert one.take("workday")
        assert one.take("workday"), "whoever has the turn keeps it"
        assert not two.take("workday")
        assert two.take("payroll")
        one.leave("workday")
        assert two.take("workday")
        assert not one.take("workday")
    with closing(opened(place)) as three:
        assert three.take("workday"), "a service that has stopped left its turns"


def test_a_service_that_lost_its_turn_moves_no_cursor(cluster: Cluster) -> None:
    """It stood still for so long that the database ended its connection, and another took over. When it comes
    back, in the middle of telling, it must not move the cursor back, or tell what has been told.
    """
    database = new_log(cluster)
    place = Address(cluster.url(database, "service"))
    with closing(PostgresDeliveries(place)) as stood_still, closing(PostgresDeliveries(place)) as other:
        assert stood_still.take("workday")
        stood_still.cursor("workday", 0)
        stood_still.advance("workday", 3)
        cluster.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
            " WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = %s)",
            database,
        )
        assert other.take("workday")
        other.advance("workday", 9)
        moves: list[Callable[[], None]] = [
            lambda: stood_still.advance("workday", 4),
            lambda: stood_still.check_turn("workday"),
            lambda: stood_still.give_up("workday", 4, 7, "gone"),
            lambda: stood_still.settle("workday", 4, None, 7),
        ]
        for move in moves:
            with pytest.raises(LogUnavailable):
                move()
        assert not stood_still.take("workday")
        assert stood_still.cursor("workday", 0) == other.cursor("workday", 0) == Cursor(9)
        assert stood_still.dead("workday") == []


def test_the_database_takes_the_turn_from_whoever_stands_still(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that was stopped, on a machine that lives, keeps its connection for ever; its turn must not
    stay with it.
    """
    monkeypatch.setattr(turn, "STILL_S", 1)
    place = Address(cluster.url(new_log(cluster), "service"))
    with closing(PostgresDeliveries(place)) as still, closing(PostgresDeliveries(place)) as other:
        assert still.take("workday")
        give_up_at = time.monotonic() + 30
        while not other.take("workday"):
            assert time.monotonic() < give_up_at
            time.sleep(0.1)
