"""What is remembered of deliveries: a file and a database give the same answers to the same calls."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.ledger.address import Address
from service.ledger.deliveries import Cursor, Deliveries, EmbeddedDeliveries
from service.ledger.postgres.deliveries import PostgresDeliveries
from tests.ledger.postgres import Cluster, new_log

INDEX = st.integers(0, 3)
CALLS = st.one_of(
    st.tuples(st.just("advance"), INDEX),
    st.tuples(
        st.just("postpone"), st.builds(Cursor, INDEX, st.integers(0, 9), st.integers(0, 2**50), st.text("ab"))
    ),
    st.tuples(st.just("give_up"), INDEX, st.integers(0, 2**50), st.text("ab")),
    st.tuples(st.just("revive"), INDEX),
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


def test_what_was_kept_in_a_file_is_there_again(tmp_path: Path) -> None:
    """A restart must not tell everything anew."""
    with closing(EmbeddedDeliveries(tmp_path / "kept.db")) as first:
        first.cursor("me", 3)
        first.advance("me", 5)
    with closing(EmbeddedDeliveries(tmp_path / "kept.db")) as second:
        assert second.cursor("me", 0) == Cursor(5)
