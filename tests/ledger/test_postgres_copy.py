"""Copying a log from a file into PostgreSQL: it is the same log there, and nowhere else any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.errors import LogUnavailable, RecordConflict
from service.ledger.address import Address
from service.ledger.log import Asked, Log, Wanted
from service.ledger.postgres import copying
from service.ledger.postgres.copying import Copied, Progress
from tests.ledger.postgres import LOG, Cluster, wishes
from tests.ledger.records import a_record, record_id
from tests.ledger.test_every_store import a_log, erase

ASKED = Asked(kind="request_id", caller="key:workday", key="wf-1", body=bytes(32))
SIZE = 700


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A log with some of everything."""
    database = tmp_path / "log.db"
    with closing(a_log(database, tmp_path / "keys")) as log:
        log.append([replace(a_record(number), person=f"E-{number % 50}") for number in range(SIZE - 3)])
        log.append([replace(a_record(900), asked=(ASKED,), content=b"an archive")])
        log.append([replace(a_record(901), kind="decision", outcome="overridden", about=3)])
        log.add_checkpoint(300, b"three hundred")
        assert erase(log, "E-7", 902) == [SIZE - 1]
    return database


@pytest.fixture
def target(cluster: Cluster) -> Address:
    """An empty database."""
    return Address(cluster.url(cluster.new_database()))


def told(log: Log) -> list[object]:
    """What a log says, whatever keeps it."""
    head = log.head()
    return [
        log.name,
        head,
        list(log.entries(0, SIZE)),
        log.hashes.leaf_hashes(0, SIZE),
        [log.hashes.tile(0, index) for index in range(3)],
        log.hashes.tile_roots(0, 0, 3),
        log.issued(),
        log.checkpoints(0, 10),
        log.content("sha256:" + "0" * 64),
        log.find(Wanted(person="E-8"), limit=1000),
        log.find(Wanted(person="E-7"), limit=1000),
        log.find(Wanted(overridden=True), limit=1000),
    ]


def copied(source: Path, target: Address, progress: Progress | None = None) -> Copied:
    """Copy as `ladders log copy` does."""

    def silent(_what: str, _total: int) -> nullcontext[Callable[[float], None]]:
        return nullcontext(lambda _share: None)

    keys = source.with_name("keys")
    return copying.copy(source, target, wishes(keys, name=None), progress or silent)


def test_the_copy_is_the_same_log_and_goes_on(source: Path, target: Address) -> None:
    """Every entry, key, proof and search; and what is sent again is found there."""
    keys = source.with_name("keys")
    with closing(a_log(source, keys)) as log:
        before = told(log)
        root = log.head().root
    done = copied(source, target)
    assert (done.name, done.size, done.root) == (LOG, SIZE, root)
    assert done.keys >= 49
    with closing(a_log(target, keys)) as log:
        after = told(log)
        head = after.pop(1)
        assert head.size == SIZE + 1  # type: ignore[attr-defined]  # and how its schema was made
        before.pop(1)
        assert after == before
        entry = log.entry(SIZE)
        assert entry is not None
        assert entry.kind == "schema"
        assert log.append([replace(a_record(5), person="E-5")])[0].index == 5
        assert log.append([replace(a_record(990), asked=(ASKED,))])[0].index == SIZE - 3
        with pytest.raises(RecordConflict):
            log.append([replace(a_record(5), person="E-5", outcome="eligible")])
        [receipt] = log.append([replace(a_record(991), person="E-8")])
        assert receipt.index == SIZE + 1


def test_nothing_is_written_to_the_file_any_more(source: Path, target: Address) -> None:
    """There is one log: whoever still has the file open, or opens it, is told where it went."""
    keys = source.with_name("keys")
    with closing(a_log(source, keys)) as early:
        copied(source, target)
        with closing(a_log(source, keys)) as late:
            for log in (early, late):
                with pytest.raises(
                    LogUnavailable, match=r"was copied elsewhere \(`.*log\.db\.moved` says where\)"
                ):
                    log.append([a_record(1000)])
                with pytest.raises(LogUnavailable, match="copied elsewhere"):
                    log.check_writable()
                assert log.get(record_id(1)) is not None
    assert source.with_name("log.db.moved").read_text() == f"{target}\n"


def test_a_copy_that_was_cut_off_goes_on_where_it_was(
    source: Path, target: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Millions of entries are not copied twice; until it is whole, nobody can use it."""
    monkeypatch.setattr(copying, "_PAGE", 100)
    steps: list[float] = []

    @contextmanager
    def cut_off(_what: str, _total: int) -> Iterator[Callable[[float], None]]:
        def done(count: float) -> None:
            steps.append(count)
            if len(steps) == 4:
                raise KeyboardInterrupt

        yield done

    with pytest.raises(KeyboardInterrupt):
        copied(source, target, cut_off)
    assert steps == [0, 100, 100, 100]
    with pytest.raises(LogUnavailable, match="finish `ladders log copy`"):
        a_log(target, source.with_name("keys"))
    assert copied(source, target, cut_off).size == SIZE
    assert steps[4] == 300
    with closing(a_log(target, source.with_name("keys"))) as log:
        assert log.size() == SIZE + 1


def test_a_copy_with_another_root_is_not_opened(
    source: Path, target: Address, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went wrong on the way shows in the root, which is worked out from the leaves that arrived."""
    database = target.url.partition("@/")[2].partition("?")[0]
    original = copying._copy_keys

    def damaging(*given: Any) -> int:
        cluster.execute("ALTER TABLE ladders.entry DISABLE TRIGGER ALL", database=database)
        cluster.execute(
            "UPDATE ladders.entry SET leaf = overlay(leaf PLACING 'X' FROM 20) WHERE seq = 400",
            database=database,
        )
        return original(*given)

    monkeypatch.setattr(copying, "_copy_keys", damaging)
    with pytest.raises(LogUnavailable, match="another root than the log"):
        copied(source, target)
    with pytest.raises(LogUnavailable, match="finish `ladders log copy`"):
        a_log(target, source.with_name("keys"))


def test_a_database_with_a_log_is_left_alone(source: Path, cluster: Cluster, database: str) -> None:
    """Two logs cannot be made one."""
    with pytest.raises(LogUnavailable, match="another verdict log in this database"):
        copied(source, Address(cluster.url(database)))
    assert cluster.execute("SELECT size FROM ladders.head", database=database) == [(1,)]
