"""A log in PostgreSQL is published, verified, exported and refused like one in a file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from service.errors import LogRolledBack, LogTampered
from service.ledger.address import Address
from service.ledger.anchor import Anchor
from service.ledger.custody import Circumstances, accept_rollback, new_key, retire_key, trust_of
from service.ledger.log import Log, open_log
from service.ledger.log_keys import LogKeys
from service.ledger.publisher import Publisher, refuse_unanchored
from service.ledger.tile_folder import TileWriter
from service.ledger.verified import verify_export, verify_log, verify_private
from service.ledger.verify import OK, ROLLED_BACK, TAMPERED
from tests.ledger.postgres import LOG, Cluster
from tests.ledger.records import a_record

Open = Callable[[str], Log]


@pytest.fixture
def keys(cluster: Cluster, database: str, tmp_path: Path) -> LogKeys:
    """The keys of the logs of this test, which may change them."""
    assert database
    shutil.copytree(cluster.keys, tmp_path / "keys")
    return LogKeys(tmp_path / "keys")


@pytest.fixture
def opened(cluster: Cluster, keys: LogKeys) -> Iterator[Open]:
    """Opens the log in a database, and closes it after the test."""
    with ExitStack() as stack:

        def opened(database: str) -> Log:
            log = open_log(
                Address(cluster.url(database, "service")),
                keys=keys.folder,
                clock=lambda: datetime.now(UTC),
                random_bytes=os.urandom,
                name=LOG,
            )
            return stack.enter_context(closing(log))

        yield opened


def now() -> Circumstances:
    return Circumstances(
        at=datetime.now(UTC), engine="test", new_id=lambda: str(uuid4()), random_bytes=os.urandom
    )


def grow(log: Log, first: int, count: int) -> None:
    log.append([a_record(number, person=f"E-{number % 5}") for number in range(first, first + count)])


def test_it_is_published_verified_and_exported(
    database: str, keys: LogKeys, opened: Open, tmp_path: Path
) -> None:
    """Tiles, checkpoints and proofs are the same whatever they lie in."""
    log, anchor = opened(database), Anchor(tmp_path / "anchor")
    publisher = Publisher(log, anchor, keys.signers)
    for first in (0, 300):
        grow(log, first, 300)
        signed = publisher.publish()
    assert signed is not None
    new_key(log, keys, anchor, now())
    retire_key(log, keys, anchor, now())
    refuse_unanchored(log, anchor)
    trust = trust_of(log, keys, anchor, ())
    assert len(trust.logs) == 2
    report = verify_log(log, trust, [anchor.path])
    verify_private(log, report)
    assert (report.outcome, report.entries) == (OK, log.size())
    note = log.last_checkpoint()
    assert note is not None
    leaves = (leaf for leaf, _ in log.leaves(0, log.size()))
    TileWriter(tmp_path / "export").write(log.size(), log.hashes, leaves, log.checkpoints(-1, 100), note)
    assert verify_export(tmp_path / "export", trust, [anchor.path]).outcome == OK


def test_an_older_copy_in_its_place_is_refused_and_can_be_accepted_on_record(
    cluster: Cluster, database: str, keys: LogKeys, opened: Open, tmp_path: Path
) -> None:
    """As after a failover to a standby that had not got everything."""
    anchor = Anchor(tmp_path / "anchor")
    with closing(opened(database)) as log:
        grow(log, 0, 10)
    older = cluster.new_database(database)
    log = opened(database)
    grow(log, 10, 10)
    Publisher(log, anchor, keys.signers).publish()
    copy = opened(older)
    with pytest.raises(LogRolledBack, match="accept-rollback"):
        refuse_unanchored(copy, anchor)
    assert verify_log(copy, None, [anchor.path]).outcome == ROLLED_BACK
    accept_rollback(copy, keys, anchor, "the primary burnt down", now())
    refuse_unanchored(copy, anchor)
    assert verify_log(copy, trust_of(copy, keys, anchor, ()), [anchor.path]).outcome == OK


def test_what_a_database_administrator_changes_is_found(
    cluster: Cluster, database: str, keys: LogKeys, opened: Open, tmp_path: Path
) -> None:
    """They may do anything there, and cannot reach the anchor."""
    anchor, log = Anchor(tmp_path / "anchor"), opened(database)
    grow(log, 0, 300)
    Publisher(log, anchor, keys.signers).publish()
    edited = "replace(convert_from(leaf, 'UTF8'), 'not_eligible', 'eligible')"
    edit = f"UPDATE ladders.entry SET leaf = convert_to({edited}, 'UTF8')"
    cluster.execute("ALTER TABLE ladders.entry DISABLE TRIGGER ALL", database=database)
    cluster.execute(f"{edit} WHERE seq = 150", database=database)
    report = verify_log(log, None, [anchor.path])
    assert [(each.kind, each.index) for each in report.findings] == [(TAMPERED, 150)]
    hashed = "UPDATE ladders.entry SET leaf_hash = sha256('\\x00'::bytea || leaf) WHERE seq = 290"
    cluster.execute(f"{edit} WHERE seq = 290", database=database)
    cluster.execute(hashed, database=database)
    with pytest.raises(LogTampered):
        refuse_unanchored(log, anchor)
