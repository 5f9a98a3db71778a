"""What tests of the ledger share: a real PostgreSQL server per test process, started when first wanted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.ledger.address import Address
from tests.ledger.postgres import Cluster, new_log


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server that keeps what it commits; every test makes a database of its own on it."""
    cluster = Cluster()
    try:
        yield cluster.create()
    finally:
        cluster.remove()


@pytest.fixture
def database(cluster: Cluster) -> str:
    """The name of a database with an empty log in it."""
    return new_log(cluster)


@pytest.fixture
def address(cluster: Cluster, database: str) -> Address:
    """Where the service reaches that log."""
    return Address(cluster.url(database, "service"))
