"""The keys of people in PostgreSQL: shared by all machines, bound to a folder that each of them has."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import LogUnavailable
from service.ledger.address import Address
from service.ledger.keys import open_keys
from service.ledger.postgres.connections import Connection, Connections
from service.ledger.postgres.keys import PostgresSubjectKeys
from tests.ledger.postgres import Cluster
from tests.ledger.records import a_record, record_id
from tests.ledger.test_every_store import a_log, erase, of


@pytest.fixture
def here(cluster: Cluster, database: str, tmp_path: Path) -> Path:
    """The folder of keys of this machine."""
    assert database
    return Path(shutil.copytree(cluster.keys, tmp_path / "here"))


@pytest.fixture
def elsewhere(here: Path, tmp_path: Path) -> Path:
    """The folder of keys of another machine."""
    return Path(shutil.copytree(here, tmp_path / "elsewhere"))


def test_another_machine_refuses_until_it_has_the_new_wrapping_key(
    address: Address, here: Path, elsewhere: Path
) -> None:
    """It can neither read nor add what nobody else could open; it says which file it lacks, and heals."""
    with closing(a_log(address, here)) as log, closing(a_log(address, elsewhere)) as other:
        log.append([of("E-1", 1)])
        log.rotate_keys()
        with pytest.raises(LogUnavailable, match=r"kek-2\.key` cannot be read"):
            other.get(record_id(1))
        with pytest.raises(LogUnavailable, match=r"kek-2\.key` cannot be read"):
            other.append([of("E-2", 2)])
        with pytest.raises(LogUnavailable, match=r"kek-2\.key` cannot be read"):
            other.rotate_keys()
        assert not (elsewhere / "kek-2.key").exists()
        shutil.copytree(here, elsewhere, dirs_exist_ok=True)
        found = other.get(record_id(1))
        assert found is not None
        assert found.private == of("E-1", 1).private
        other.append([of("E-2", 2)])
        assert log.get(record_id(2)) is not None


def test_keys_that_are_not_there_any_more_give_nobody_the_number_of_somebody_else(
    address: Address, here: Path, cluster: Cluster, database: str
) -> None:
    """A dump without the keys was put back: with numbers given anew, erasing one would erase another."""
    with closing(a_log(address, here)) as log:
        log.append([of(f"E-{number}", number) for number in range(40)])
    for lost in ("TRUNCATE ladders_keys.subject_key", "ALTER SEQUENCE ladders_keys.kid RESTART"):
        cluster.execute(lost, database=database)
    with closing(a_log(address, here)) as log:
        log.append([of(f"F-{number}", 100 + number) for number in range(40)])
        erase(log, "E-7", 200)
        found = [log.get(record_id(number)) for number in range(100, 140)]
        assert [entry is not None and entry.erased for entry in found] == [False] * 40


@pytest.mark.parametrize("committed", [True, False])
def test_a_rotation_that_was_cut_off_loses_no_key(
    address: Address, here: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """All keys are wrapped anew or none is, and the old wrapping key stays until that is for sure."""
    with closing(a_log(address, here)) as log:
        log.append([of("E-1", 1), of("E-2", 2)])
        real = PostgresSubjectKeys._rewrap

        def cut_off(keys: PostgresSubjectKeys, connection: Connection) -> tuple[int, int]:
            if committed:
                real(keys, connection)
                raise LogUnavailable("the power failed")
            with connection.transaction():
                real(keys, connection)
                raise LogUnavailable("the power failed")

        with monkeypatch.context() as failing:
            failing.setattr(PostgresSubjectKeys, "_rewrap", cut_off)
            with pytest.raises(LogUnavailable, match="the power failed"):
                log.rotate_keys()
        assert {path.name for path in here.glob("kek-*.key")} == {"kek-1.key", "kek-2.key"}
        assert log.get(record_id(1)) is not None
        assert log.rotate_keys() >= 2
        assert {path.name for path in here.glob("kek-*.key")} == {"kek-3.key"}
        assert log.get(record_id(2)) is not None


def test_a_restored_backup_brings_nobody_back(
    address: Address, here: Path, cluster: Cluster, database: str
) -> None:
    """Opening the log does again what its erasures say, with the rights of a service alone."""
    tables = ("ladders.priv", "ladders.asked", "ladders_keys.subject_key")
    with closing(a_log(address, here)) as log:
        [receipt] = log.append([of("E-1", 1)])
        for table in tables:
            name = table.replace(".", "_")
            cluster.execute(f"CREATE TABLE backup_{name} AS TABLE {table}", database=database)
        erase(log, "E-1", 2)
    for table in tables:
        name = table.replace(".", "_")
        rows = f"INSERT INTO {table} SELECT * FROM backup_{name} ON CONFLICT DO NOTHING"
        cluster.execute(rows, database=database)
    with closing(a_log(address, here)) as log:
        entry = log.entry(receipt.index)
        assert entry is not None
        assert entry.erased
    assert cluster.execute("SELECT count(*) FROM ladders.priv", database=database) == [(0,)]


def test_a_key_opens_under_its_own_number_alone(
    address: Address, here: Path, cluster: Cluster, database: str
) -> None:
    """Whoever can write to the database must not be able to show one person's data as another's."""
    with closing(Connections(address, limit_s=5)) as connections:
        keys = PostgresSubjectKeys(open_keys(here, lambda count: bytes(count)), connections)
        first, second = keys.fresh(), keys.fresh()
        assert keys.open(first[0]) == first[1]
        cluster.execute(
            "UPDATE ladders_keys.subject_key s SET wrapped = o.wrapped FROM ladders_keys.subject_key o"
            " WHERE s.kid = %s AND o.kid = %s",
            first[0],
            second[0],
            database=database,
        )
        with pytest.raises(LogUnavailable, match=f"key {first[0]} of the keys of people is damaged"):
            keys.open(first[0])
        keys.destroy([second[0]])
        keys.destroy([second[0]])
        assert keys.open(second[0]) is None


def test_the_database_holds_nobody_in_clear(
    address: Address, here: Path, cluster: Cluster, database: str
) -> None:
    """Neither an id, nor what was said, nor who asked can be found in any table or index."""
    with closing(a_log(address, here)) as log:
        log.append(
            [replace(a_record(1, person="Ada-Lovelace"), person="Ada-Lovelace", caller="key:Workday-One")]
        )
    cluster.execute("CHECKPOINT")
    [(folder,)] = cluster.execute("SELECT 'base/' || oid FROM pg_database WHERE datname = %s", database)
    files = [path.read_bytes() for path in (cluster.files / folder).iterdir() if path.is_file()]
    assert any(record_id(1).encode() in content for content in files)
    for secret in (b"Ada-Lovelace", b"Workday-One", b"not eligible yet"):
        assert not any(secret in content for content in files)
