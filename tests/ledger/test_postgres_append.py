"""The function that writes in PostgreSQL: its tree is ours, what is held stays, and nobody gets past it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from hashlib import sha256

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import LogUnavailable
from service.ledger.address import Address
from service.ledger.frontier import Frontier, frontier_of
from service.ledger.postgres.writer import PostgresWriter
from service.ledger.rows import Held, Stale, Written
from service.ledger.sealing import Removal, Sealed, seal
from service.ledger.tiles import TILE_BYTES
from tests.ledger.postgres import LOG, Cluster, new_log
from tests.ledger.records import a_record, record_id


@pytest.fixture
def writer(address: Address) -> Iterator[PostgresWriter]:
    writer = PostgresWriter(address, limit_s=5)
    yield writer
    writer.close()


def sealed(number: int, says: str = "not eligible yet", **changed: object) -> Sealed:
    """The record of this number as it is stored; its key follows from the number."""
    key = sha256(str(number).encode()).digest()
    return replace(seal(a_record(number, says), log=LOG, record_key=key), **changed)  # type: ignore[arg-type]  # whatever a test changes


def erasure(number: int, person: bytes, *indexes: int) -> Sealed:
    """The record of an erasure, and what it takes away."""
    record = replace(a_record(number), kind="erasure", private={}, detail={"entries": indexes, "keys": []})
    return replace(seal(record, log=LOG, record_key=bytes(32)), removes=Removal(person, indexes))


def entries(cluster: Cluster, database: str) -> list[str]:
    """The ids of everything but the entry about the schema, in order."""
    rows = cluster.execute("SELECT id FROM ladders.entry WHERE seq > 0 ORDER BY seq", database=database)
    return [id_ for (id_,) in rows]


def stored_tree(cluster: Cluster, database: str) -> tuple[Frontier, list[tuple[int, int, bytes, bytes]]]:
    """Frontier and tiles as they are stored."""
    [(size, written)] = cluster.execute("SELECT size, frontier FROM ladders.head", database=database)
    tiles = cluster.execute(
        "SELECT level, idx, root, hashes FROM ladders.tile ORDER BY 1, 2", database=database
    )
    return frontier_of(size, written), [(level, idx, root, hashes) for level, idx, root, hashes in tiles]


def wanted_tree(leaf_hashes: Sequence[bytes]) -> tuple[Frontier, list[tuple[int, int, bytes, bytes]]]:
    """Frontier and tiles as Python makes them of all the leaf hashes."""
    frontier, full = Frontier().extended(leaf_hashes)
    rows = {0: list(leaf_hashes)}
    for tile in full:
        rows.setdefault(tile.level + 1, []).append(tile.root)
    return frontier, [
        (tile.level, tile.index, tile.root, b"".join(rows[tile.level][tile.index * 256 :][:256]))
        for tile in sorted(full, key=lambda tile: (tile.level, tile.index))
    ]


@settings(max_examples=12)
@given(
    groups=st.lists(st.integers(1, 3) | st.integers(200, 300) | st.integers(500, 800), min_size=1, max_size=4)
)
def test_frontier_and_tiles_are_those_of_python(groups: list[int], cluster: Cluster) -> None:
    """Two ways to the same tree: whatever the sizes of the groups, roots and proofs are the same."""
    database = new_log(cluster)
    writer = PostgresWriter(Address(cluster.url(database, "service")), limit_s=20)
    leaves = [leaf for (leaf,) in cluster.execute("SELECT leaf_hash FROM ladders.entry", database=database)]
    for size in groups:
        records = [sealed(len(leaves) + nth) for nth in range(size)]
        assert writer.write([records]) == [Written(len(leaves), writer_time(cluster, database))]
        leaves += [record.leaf_hash for record in records]
    writer.close()
    assert stored_tree(cluster, database) == wanted_tree(leaves)


def writer_time(cluster: Cluster, database: str) -> int:
    [(last_us,)] = cluster.execute("SELECT last_us FROM ladders.head", database=database)
    return int(last_us)


def test_tiles_of_the_second_level_are_those_of_python(cluster: Cluster, database: str) -> None:
    """A tile on level 1 stands above 65,536 entries, more than a test writes one by one, so that the function
    which makes the tree is called with hashes alone.
    """
    hashes = [sha256(str(number).encode()).digest() for number in range(65_536 + 300)]
    made = cluster.execute(
        "WITH entries AS ("
        "INSERT INTO ladders.entry (seq, id, kind, committed_us, decided_us, leaf_hash, leaf)"
        " SELECT nth, 'n' || nth, 'verdict', 0, 0, hash, '' FROM unnest(%s::bytea[]) WITH ORDINALITY AS"
        " given (hash, nth) RETURNING 1) SELECT count(*) FROM entries",
        hashes[1:],
        database=database,
    )
    assert made == [(len(hashes) - 1,)]
    [(first,)] = cluster.execute("SELECT leaf_hash FROM ladders.entry WHERE seq = 0", database=database)
    leaves = [first, *hashes[1:]]
    [(written,)] = cluster.execute(
        "SELECT ladders.grown(1, (SELECT frontier FROM ladders.head), %s::bytea[])",
        leaves[1:],
        database=database,
    )
    frontier, tiles = wanted_tree(leaves)
    assert frontier_of(len(leaves), written) == frontier
    rows = cluster.execute(
        "SELECT level, idx, root, hashes FROM ladders.tile ORDER BY 1, 2", database=database
    )
    assert rows == tiles
    assert [level for level, *_ in rows].count(1) == 1
    assert {len(hashes) for *_, hashes in rows} == {TILE_BYTES}


def test_the_columns_repeat_what_the_leaf_says(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """The database takes them from the leaf itself, so that no caller can have it found as something else."""
    writer.write([[sealed(1)]])
    columns = "seq, id, kind, decided_us, track, level, outcome, policy, about"
    assert cluster.execute(f"SELECT {columns} FROM ladders.entry WHERE seq = 1", database=database) == [
        (
            *(1, record_id(1), "verdict", 1_795_166_043_250_000),
            *("people-lead", "team-lead", "not_eligible", bytes.fromhex("ab" * 32), None),
        )
    ]


def test_the_database_hashes_the_leaf_itself(writer: PostgresWriter, cluster: Cluster, database: str) -> None:
    """What a caller says about the hash does not matter, so the tree stands above what is stored."""
    writer.write([[replace(sealed(1), leaf_hash=bytes(32))]])
    rows = cluster.execute("SELECT leaf_hash = sha256('\\x00' || leaf) FROM ladders.entry", database=database)
    assert rows == [(True,), (True,)]


def test_nothing_is_written_of_a_call_that_is_held(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """All or none, and never twice: not even the new record beside one that is there."""
    first, other = sealed(1), sealed(1, "something else")
    assert [type(answer) for answer in writer.write([[first]])] == [Written]
    answers = writer.write([[sealed(2), first], [sealed(3)], [other], [sealed(4), sealed(5)]])
    assert answers[0] == Held((None, 1))
    assert answers[2] == Held((1,))
    assert [type(answer) for answer in answers] == [Held, Written, Held, Written]
    assert entries(cluster, database) == [record_id(number) for number in (1, 3, 4, 5)]


def test_the_second_of_two_equal_calls_in_one_group_is_held(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """Who asks twice at once meets itself in one group."""
    answers = writer.write([[sealed(1)], [sealed(1)], [sealed(2)]])
    assert [type(answer) for answer in answers] == [Written, Held, Written]
    assert answers[1] == Held((1,))
    assert entries(cluster, database) == [record_id(1), record_id(2)]


def test_what_was_asked_under_one_key_is_written_once(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """An idempotency key holds in the transaction of the entry, whoever asks and wherever."""
    key, body = b"k" * 32, b"b" * 32
    writer.write([[sealed(1, asked=((key, body),))]])
    again = writer.write(
        [[sealed(2, asked=((b"n" * 32, body), (key, body)))], [sealed(3, asked=((key, body),))]]
    )
    assert again == [Held((1,)), Held((1,))]
    assert entries(cluster, database) == [record_id(1)]
    assert cluster.execute("SELECT key, seq, body FROM ladders.asked", database=database) == [(key, 1, body)]


def test_what_was_sealed_before_an_erasure_is_stale(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """It may be encrypted with a key that is gone."""
    person = b"p" * 16
    writer.write([[sealed(1, subj=person, kid=7)], [sealed(2, subj=b"q" * 16, asked=((b"k" * 32, b""),))]])
    answers = writer.write([[erasure(3, person, 1)], [sealed(4)], [sealed(5, erasures=1)]])
    assert [type(answer) for answer in answers] == [Written, Stale, Written]
    assert entries(cluster, database) == [record_id(number) for number in (1, 2, 3, 5)]
    assert cluster.execute("SELECT seq FROM ladders.priv ORDER BY 1", database=database) == [(2,), (4,)]
    assert cluster.execute("SELECT erasures FROM ladders.head", database=database) == [(1,)]


def test_an_erasure_that_does_not_know_of_an_entry_is_stale(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """The list of what was erased stands in the log for ever, so it has to be whole."""
    person = b"p" * 16
    writer.write([[sealed(1, subj=person)], [sealed(2, subj=person)]])
    assert writer.write([[erasure(3, person, 1)]]) == [Stale()]
    assert cluster.execute("SELECT count(*) FROM ladders.priv", database=database) == [(2,)]


def test_nothing_is_removed_without_a_word_in_the_log(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """Whoever takes over the service can erase, but not in silence."""
    person = b"p" * 16
    writer.write([[sealed(1, subj=person)], [sealed(2, subj=b"q" * 16)]])
    with pytest.raises(LogUnavailable, match="only what the record of an erasure names is removed"):
        writer.write([[replace(erasure(3, person, 1), removes=Removal(person, (1, 2)))]])
    with pytest.raises(LogUnavailable, match="does not say that all of these were erased"):
        writer.remove([1])
    writer.write([[erasure(3, person, 1)]])
    cluster.execute("INSERT INTO ladders.priv VALUES (1, NULL, NULL, 7, 'a1', 'restored')", database=database)
    writer.remove([1])
    assert cluster.execute("SELECT seq FROM ladders.priv", database=database) == [(2,)]


def test_an_erased_persons_keys_of_asking_go_too(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """They are made from what the caller wrote about that person."""
    person = b"p" * 16
    writer.write([[sealed(1, subj=person, asked=((b"k" * 32, b"b"),))]])
    writer.write([[erasure(2, person, 1)]])
    assert cluster.execute("SELECT count(*) FROM ladders.asked", database=database) == [(0,)]


def test_a_policy_set_is_kept_once_under_its_digest(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """A replay years later finds it there."""
    policy = replace(sealed(1), record=replace(a_record(1), content=b"an archive"))
    writer.write([[policy], [replace(sealed(2), record=replace(a_record(2), content=b"an archive"))]])
    kept = cluster.execute("SELECT digest, bytes FROM ladders.content", database=database)
    assert kept == [(sha256(b"an archive").digest(), b"an archive")]


@pytest.mark.parametrize("how", ["off", "local"])
def test_a_session_that_does_not_wait_for_the_disk_is_refused(
    how: str, cluster: Cluster, database: str
) -> None:
    """Acknowledged means durable, so the weaker modes are no way to write."""
    url = cluster.url(database, "service", options=f"-c%20synchronous_commit%3D{how}")
    with (
        closing(PostgresWriter(Address(url), limit_s=5)) as writer,
        pytest.raises(LogUnavailable, match=f"synchronous_commit is `{how}`; the verdict log needs `on`"),
    ):
        writer.write([[sealed(1)]])
    assert entries(cluster, database) == []


def test_a_record_for_another_log_is_refused(writer: PostgresWriter, cluster: Cluster, database: str) -> None:
    """Its leaf would name the other one for ever."""
    stray = seal(a_record(1), log="ladders/other", record_key=bytes(32))
    with pytest.raises(LogUnavailable, match="meant for another verdict log"):
        writer.write([[stray]])
    assert entries(cluster, database) == []


def test_the_time_of_an_entry_is_never_before_the_last(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """A clock that was set back a little must not make a later entry look earlier."""
    now_us = int(time.time() * 1e6)
    cluster.execute("UPDATE ladders.head SET last_us = %s", now_us + 3_000_000, database=database)
    assert writer.write([[sealed(1)]]) == [Written(1, now_us + 3_000_000)]


def test_a_clock_that_went_far_back_is_refused(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """Somebody has to look at it: times that lag by more than seconds prove nothing."""
    ahead_us = int((time.time() + 60) * 1e6)
    cluster.execute("UPDATE ladders.head SET last_us = %s", ahead_us, database=database)
    with pytest.raises(LogUnavailable, match="clock of the database server lies behind the last entry"):
        writer.write([[sealed(1)]])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ladders.entry SET outcome = 'eligible'",
        "DELETE FROM ladders.entry",
        "TRUNCATE ladders.entry",
        "UPDATE ladders.tile SET root = ''",
        "DELETE FROM ladders.checkpoint",
        "DELETE FROM ladders.content",
        "DELETE FROM ladders.head",
    ],
)
def test_what_was_written_is_never_changed_or_removed(
    statement: str, cluster: Cluster, database: str
) -> None:
    """A slip at a database prompt must not rewrite what was decided, not even by the owner."""
    with pytest.raises(psycopg.errors.RestrictViolation, match="never changed or removed"):
        cluster.execute(statement, database=database)


@pytest.mark.parametrize(
    ("user", "statement"),
    [
        ("service", "INSERT INTO ladders.meta VALUES ('x', 'y')"),
        ("service", "UPDATE ladders.head SET size = 0"),
        ("service", "DELETE FROM ladders.priv"),
        ("service", "CREATE TABLE ladders_keys.mine ()"),
        ("service", "INSERT INTO ladders.checkpoint VALUES (1, '')"),
        ("service", "SELECT ladders.grown(0, '', '{}')"),
        ("service", "CREATE TABLE ladders.mine ()"),
        ("service", "DROP FUNCTION ladders.ladders_append"),
        ("service", "ALTER TABLE ladders.entry DISABLE TRIGGER ALL"),
        ("service", "SET ROLE ladders_owner"),
        ("auditor", "SELECT * FROM ladders.priv"),
        ("auditor", "SELECT * FROM ladders.asked"),
        ("auditor", "SELECT * FROM ladders_keys.subject_key"),
        ("auditor", "SELECT ladders.ladders_checkpoint(1, '')"),
    ],
)
def test_no_role_may_more_than_it_needs(user: str, statement: str, cluster: Cluster, database: str) -> None:
    """Whoever takes over the service, or an auditor's login, still cannot rewrite or read past it."""
    with (
        psycopg.connect(cluster.url(database, user), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_an_auditor_reads_entries_and_the_tree(cluster: Cluster, database: str) -> None:
    """That is all that a proof needs."""
    with psycopg.connect(cluster.url(database, "auditor")) as connection:
        for table in ("meta", "migration", "entry", "tile", "head", "content", "checkpoint", "issued"):
            connection.execute(f"SELECT * FROM ladders.{table}".encode())


def test_a_note_with_more_signatures_takes_the_place_of_the_first(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """A witness signs a checkpoint that is there already."""
    writer.add_checkpoint(1, b"first")
    writer.add_checkpoint(1, b"second")
    assert cluster.execute("SELECT size, note FROM ladders.checkpoint", database=database) == [(1, b"second")]


def test_every_version_that_issues_a_verdict_is_noted_with_the_first(
    writer: PostgresWriter, cluster: Cluster, database: str
) -> None:
    """From then on it may not change its meaning."""
    digest = "sha256:" + "cd" * 32
    records = [replace(a_record(number), policy_digest=digest) for number in (1, 2)]
    writer.write([[seal(record, log=LOG, record_key=bytes(32))] for record in records])
    rows = cluster.execute("SELECT * FROM ladders.issued", database=database)
    assert rows == [("people-lead/2026-01-01", bytes.fromhex("cd" * 32), 1)]


def test_a_probe_commits_and_adds_nothing(writer: PostgresWriter, cluster: Cluster, database: str) -> None:
    """Whether writing works is found out by writing."""
    before = cluster.execute("SELECT value FROM ladders.meta WHERE name = 'probed'", database=database)
    writer.write([[]])
    assert (
        cluster.execute("SELECT value FROM ladders.meta WHERE name = 'probed'", database=database) != before
    )
    assert entries(cluster, database) == []
