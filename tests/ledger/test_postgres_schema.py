"""Making a log in PostgreSQL and bringing it up to date: whole steps, each of them in the log."""

from __future__ import annotations

import shutil
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from service.errors import LogUnavailable
from service.ledger.address import Address
from service.ledger.making import Made, make_log
from service.ledger.postgres import migrations
from service.ledger.postgres.migrations import Migration
from tests.ledger.postgres import LOG, Cluster, wishes
from tests.ledger.records import a_record
from tests.ledger.test_every_store import a_log, erase

NEXT = b"SET LOCAL ROLE ladders_owner; ALTER TABLE ladders.entry ADD COLUMN colour text"


@pytest.fixture
def admin(cluster: Cluster, database: str) -> Address:
    """Where an administrator reaches the log."""
    return Address(cluster.url(database))


@pytest.fixture
def keys(cluster: Cluster, database: str, tmp_path: Path) -> Path:
    """The keys of the log."""
    assert database
    return Path(shutil.copytree(cluster.keys, tmp_path / "keys"))


def later(monkeypatch: pytest.MonkeyPatch, *steps: bytes) -> None:
    """As if this were a later Ladders, with these steps behind those of today."""
    now = migrations.migrations()
    more = (Migration(now[-1].form + number, sql) for number, sql in enumerate(steps, start=1))
    everything = (*now, *more)
    monkeypatch.setattr(migrations, "migrations", lambda: everything)


def made(place: Address, keys: Path, **others: object) -> Made:
    return make_log(place, wishes(keys, **others))


def test_every_step_is_an_entry_with_the_digest_of_its_sql(address: Address, cluster: Cluster) -> None:
    """Whoever asks later what was done to the log finds it in the log."""
    with closing(a_log(address, cluster.keys)) as log:
        told = [orjson.loads(leaf)["detail"] for leaf, _ in log.leaves(0, log.size())]
    assert told == [
        {"store": "postgresql", "form": step.form, "sha256": sha256(step.sql).hexdigest()}
        for step in migrations.migrations()
    ]


def test_a_log_that_is_there_is_left_as_it_is(
    admin: Address, keys: Path, cluster: Cluster, database: str
) -> None:
    """Whoever is not sure runs it again."""
    before = cluster.execute("SELECT * FROM ladders.meta ORDER BY 1", database=database)
    assert made(admin, keys) == Made(LOG, ())
    assert made(admin, keys, name=None, may_make=False) == Made(LOG, ())
    assert cluster.execute("SELECT * FROM ladders.meta ORDER BY 1", database=database) == before
    with pytest.raises(LogUnavailable, match=f"is named `{LOG}`, not `other`"):
        made(admin, keys, name="other")


def test_a_later_step_is_added_to_a_log_with_entries_and_erasures(
    admin: Address, address: Address, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service of the new release waits for it; the log goes on behind it."""
    with closing(a_log(address, keys)) as log:
        log.append([a_record(1)])
        erase(log, "E-1042", 2)
    later(monkeypatch, NEXT)
    with pytest.raises(LogUnavailable, match=r"has form 1, this Ladders needs 2; run `ladders log migrate`"):
        a_log(address, keys)
    assert made(admin, keys, name=None, may_make=False).steps == (2,)
    with closing(a_log(address, keys)) as log:
        [receipt] = log.append([a_record(3)])
        assert [entry.kind for entry in log.entries()] == [
            "schema",
            "verdict",
            "erasure",
            "schema",
            "verdict",
        ]
        assert receipt.index == 4


def test_a_step_that_fails_leaves_nothing_behind(
    admin: Address, keys: Path, cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps before it are whole, and the log works on as it is."""
    later(monkeypatch, NEXT, NEXT.replace(b"colour", b"size") + b"; SELECT 1/0")
    with pytest.raises(LogUnavailable, match="division by zero"):
        made(admin, keys)
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'entry'"
    names = {name for (name,) in cluster.execute(columns, database=database)}
    assert "colour" in names
    assert "size" not in names
    assert cluster.execute("SELECT version FROM ladders.migration ORDER BY 1", database=database) == [
        (1,),
        (2,),
    ]
    assert cluster.execute("SELECT size FROM ladders.head", database=database) == [(2,)]


def test_a_log_of_a_newer_ladders_is_refused(
    admin: Address, address: Address, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This one would not carry on what that one keeps."""
    with monkeypatch.context() as newer:
        later(newer, NEXT)
        made(admin, keys)
    with pytest.raises(LogUnavailable, match="has form 2, this Ladders knows 1; use the newer one"):
        a_log(address, keys)
    with pytest.raises(LogUnavailable, match="use the newer one"):
        made(admin, keys)


def test_a_step_that_was_made_otherwise_is_refused(
    admin: Address, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that were used once are never changed; two logs of one form must be alike."""
    changed = [Migration(step.form, step.sql + b"-- changed") for step in migrations.migrations()]
    monkeypatch.setattr(migrations, "migrations", lambda: tuple(changed))
    with pytest.raises(LogUnavailable, match="step 1 of the schema was not made by this Ladders"):
        made(admin, keys)


def test_a_log_is_made_by_whoever_may_make_roles(cluster: Cluster, tmp_path: Path) -> None:
    """Nobody needs the superuser of the database for it."""
    database = cluster.new_database()
    cluster.execute("CREATE ROLE maker LOGIN CREATEROLE")
    cluster.execute(f"GRANT CREATE ON DATABASE {database} TO maker")
    if cluster.execute("SELECT 1 FROM pg_roles WHERE rolname = 'ladders_owner'"):
        cluster.execute("GRANT ladders_owner TO maker")
    place = Address(cluster.url(database, "maker"))
    assert made(place, tmp_path / "keys", name="made/here").name == "made/here"
    assert made(place, tmp_path / "keys", name=None) == Made("made/here", ())


def test_nothing_is_opened_where_no_log_was_made(cluster: Cluster, tmp_path: Path) -> None:
    """A service has no right to make one, so it says who has."""
    address = Address(cluster.url(cluster.new_database()))
    with pytest.raises(LogUnavailable, match="run `ladders log init` first"):
        a_log(address, tmp_path / "keys")
    with pytest.raises(LogUnavailable, match=r"there is no verdict log at .*; run `ladders log init`"):
        made(address, tmp_path / "keys", may_make=False)
    assert not (tmp_path / "keys").exists()


def test_a_user_without_the_role_is_refused(cluster: Cluster, database: str) -> None:
    """It says so when the log is opened, not at the first verdict."""
    with pytest.raises(LogUnavailable, match="made a member of `ladders_app`"):
        a_log(Address(cluster.url(database, "auditor")), cluster.keys)


def test_a_server_that_does_not_wait_for_its_disk_is_refused() -> None:
    """What it acknowledges may be gone after a power cut."""
    cluster = Cluster(fsync="off")
    try:
        cluster.create()
        made(Address(cluster.url("postgres")), cluster.keys)
        with pytest.raises(LogUnavailable, match="set `fsync = on` there"):
            a_log(Address(cluster.url("postgres")), cluster.keys)
    finally:
        cluster.remove()
