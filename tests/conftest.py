"""How random examples are drawn: the same ones in every `make test`, many new ones in `make soak`; and a real
PostgreSQL server for those who ask for one.

LADDERS_TEST_PROFILE chooses: `ci` (the default) or `soak`. Knows nothing of what is tested.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from service.ledger.address import Address
    from tests.ledger.postgres import Cluster

settings.register_profile("ci", deadline=None, derandomize=True, max_examples=100)
settings.register_profile(
    "soak",
    deadline=None,
    derandomize=False,
    max_examples=10_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # a long run shares its machine with other runs
)
settings.load_profile(os.environ.get("LADDERS_TEST_PROFILE", "ci"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that keeps what it commits, started when first wanted; every test makes a database
    of its own on it.
    """
    from tests.ledger.postgres import Cluster

    cluster = Cluster()
    try:
        yield cluster.create()
    finally:
        cluster.remove()


@pytest.fixture
def database(cluster: Cluster) -> str:
    """The name of a database with an empty log in it."""
    from tests.ledger.postgres import new_log

    return new_log(cluster)


@pytest.fixture
def address(cluster: Cluster, database: str) -> Address:
    """Where a service reaches that log."""
    from service.ledger.address import Address

    return Address(cluster.url(database, "service"))
