"""What holds for every store of the verdict log: the same calls get the same answers, whichever it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import LogUnavailable, RecordConflict
from service.ledger import searching
from service.ledger.address import Address
from service.ledger.embedded.rows import EmbeddedRows
from service.ledger.log import Log, Record, Wanted, open_log, read_log
from service.ledger.postgres.rows import PostgresRows
from service.ledger.proofs import check_inclusion, inclusion
from tests.ledger.postgres import LOG, Cluster, new_log
from tests.ledger.records import JUDGED_AT, a_record, record_id

Place = Path | Address


@pytest.fixture(params=["embedded", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a log lies."""
    if request.param == "embedded":
        return tmp_path / "log.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    return Address(cluster.url(new_log(cluster), "service"))


Open = Callable[[], Log]


def a_log(place: Place, keys: Path, name: str = LOG, limit_s: float = 5) -> Log:
    return open_log(
        place,
        keys=keys,
        clock=lambda: datetime.now(UTC),
        random_bytes=os.urandom,
        name=name,
        limit_s=limit_s,
    )


@pytest.fixture
def keys(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> Path:
    """The folder of its keys."""
    if isinstance(place, Address):
        cluster: Cluster = request.getfixturevalue("cluster")
        shutil.copytree(cluster.keys, tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def opening(place: Place, keys: Path) -> Iterator[Open]:
    """Opens the log, and closes it after the test."""
    opened: list[Log] = []

    def opening() -> Log:
        opened.append(a_log(place, keys))
        return opened[-1]

    yield opening
    for log in opened:
        log.close()


@pytest.fixture
def log(opening: Open) -> Log:
    return opening()


def ids(log: Log, wanted: Wanted | None = None) -> list[str]:
    """The ids of the verdicts and decisions, oldest first: how a log was made is an entry too."""
    return [entry.id for entry in log.find(wanted or Wanted(), limit=1000) if entry.kind != "schema"]


def test_what_was_appended_is_found_again_byte_for_byte(log: Log) -> None:
    """The verdict is answered again as it was given."""
    record = a_record(1, says="noch nicht — ein Jahr fehlt")
    [receipt] = log.append([record])
    entry = log.get(record.id)
    assert entry is not None
    assert entry == log.entry(receipt.index)
    assert (entry.receipt, entry.id, entry.kind) == (receipt, record.id, "verdict")
    assert entry.private == record.private
    assert log.get(record_id(2)) is None
    assert log.entry(receipt.index + 1) is None


def test_the_same_record_again_gets_the_receipt_that_it_got(log: Log, opening: Open) -> None:
    """A caller whose answer was lost asks again, perhaps elsewhere, and must not be in the log twice."""
    receipts = log.append([a_record(1)])
    assert list(opening().append([a_record(1), a_record(2), a_record(1)]))[::2] == [*receipts, *receipts]
    assert ids(log) == [record_id(1), record_id(2)]


@pytest.mark.parametrize(
    "other",
    [
        a_record(1, says="eligible"),
        replace(a_record(1), outcome="eligible"),
        replace(a_record(1), private={}),
    ],
)
def test_other_content_under_the_same_id_is_a_conflict(log: Log, other: Record) -> None:
    """What was answered under that id stays the answer, and nothing of the call is kept."""
    log.append([a_record(1)])
    with pytest.raises(RecordConflict, match=record_id(1)):
        log.append([a_record(2), other])
    assert ids(log) == [record_id(1)]


def test_entries_come_in_their_order_in_pages(log: Log) -> None:
    """A reader of the whole log sees each entry once."""
    before = log.size()
    log.append([a_record(number) for number in range(300)])
    assert [entry.id for entry in log.entries(before)] == [record_id(number) for number in range(300)]
    assert [entry.receipt.index for entry in log.entries(before + 10, before + 20)] == [
        *range(before + 10, before + 20)
    ]


def test_every_entry_is_proved_by_what_the_store_keeps_of_the_tree(log: Log) -> None:
    """Receipts, tiles and head describe one tree."""
    log.append([a_record(number) for number in range(600)])
    head = log.head()
    hashes = log.hashes.leaf_hashes(0, head.size)
    assert len(hashes) == head.size > 600 - 1
    for index in (0, 1, 255, 256, 511, 512, head.size - 1):
        proof = inclusion(log.hashes, index, head.size)
        check_inclusion(hashes[index], index, head.size, proof, head.root)


def test_leaves_are_read_as_they_are_stored(log: Log) -> None:
    """Whoever verifies the log hashes the stored bytes."""
    log.append([a_record(number) for number in range(20)])
    leaves = list(log.leaves(0, log.size()))
    assert [leaf_hash for _, leaf_hash in leaves] == log.hashes.leaf_hashes(0, log.size())
    assert record_id(19).encode() in leaves[-1][0]


def test_a_decision_says_what_it_is_about(log: Log) -> None:
    """It is a new entry that names the place and the hash of the other; nothing is edited."""
    [verdict] = log.append([a_record(1)])
    [decision] = log.append(
        [replace(a_record(2), kind="decision", outcome="overridden", about=verdict.index)]
    )
    entry = log.entry(decision.index)
    assert entry is not None
    assert entry.about == verdict.index
    assert ids(log, Wanted(about=verdict.index)) == [record_id(2)]
    assert ids(log, Wanted(overridden=True)) == [record_id(1)]


def test_checkpoints_are_kept_by_the_size_of_their_tree(log: Log) -> None:
    """They are published in order, and a witness may add to one; of what it adds nothing is lost when another
    replica keeps the same without it.
    """
    assert log.last_checkpoint() is None
    for size, note in (
        (1, b"one"),
        (7, b"seven"),
        (300, b"three hundred"),
        (7, b"seven, seen"),
        (7, b"seven"),
    ):
        log.add_checkpoint(size, note)
    assert log.last_checkpoint() == b"three hundred"
    assert log.checkpoints(0, 10) == [b"one", b"seven, seen", b"three hundred"]
    assert log.checkpoints(1, 1) == [b"seven, seen"]


def test_a_policy_set_is_found_by_its_digest(log: Log) -> None:
    """A replay needs the very files."""
    log.append([replace(a_record(1), content=b"an archive")])
    assert log.content(f"sha256:{sha256(b'an archive').hexdigest()}") == b"an archive"
    assert log.content(f"sha256:{sha256(b'another').hexdigest()}") is None


def test_versions_that_issued_verdicts_are_told(log: Log) -> None:
    """They are frozen from then on."""
    one, two = ("sha256:" + digit * 64 for digit in "12")
    log.append([replace(a_record(1), policy_digest=one), replace(a_record(2), policy_digest=two)])
    assert log.issued() == {"people-lead/2026-01-01": {one, two}}


def test_a_log_that_is_only_read_takes_nothing(log: Log, place: Place, keys: Path) -> None:
    """Whoever audits changes nothing, and needs no right to."""
    [receipt] = log.append([a_record(1)])
    reader = read_log(place, keys)
    assert reader.name == LOG
    assert reader.entry(receipt.index) == log.entry(receipt.index)
    with pytest.raises(LogUnavailable, match="opened to be read"):
        reader.append([a_record(2)])
    reader.close()


def test_a_log_with_another_name_is_refused(log: Log, place: Place, keys: Path) -> None:
    """It is probably another company's, or a copy."""
    with pytest.raises(LogUnavailable, match=f"is named `{log.name}`, not `other`"):
        a_log(place, keys, "other")


def test_a_closed_log_refuses(log: Log) -> None:
    """Nothing may be acknowledged by a log that is no longer there."""
    log.close()
    for attempt in (lambda: log.append([a_record(1)]), lambda: log.get(record_id(1)), log.check_writable):
        with pytest.raises(LogUnavailable):
            attempt()


def erase(log: Log, person: str, number: int) -> list[int]:
    """Erase a person; the places of the entries that say so."""
    receipts = log.erase(person, erased_at=JUDGED_AT, engine="ladders", new_id=lambda: record_id(number))
    return [receipt.index for receipt in receipts]


def of(person: str, number: int) -> Record:
    """A verdict about somebody whose key encrypts what is private in it."""
    return replace(a_record(number, person=person), person=person)


def test_a_person_is_erased_for_every_service(log: Log, opening: Open) -> None:
    """The key is gone and so is what it encrypts; places, proofs and everybody else stay."""
    other = opening()
    mine, theirs = log.append([of("E-1", 1), of("E-2", 2)])
    assert other.get(record_id(1)) is not None
    assert erase(other, "E-1", 3) == [theirs.index + 1]
    for each in (log, other):
        entry, neighbour = each.entry(mine.index), each.entry(theirs.index)
        assert entry is not None
        assert neighbour is not None
        assert (entry.erased, entry.private) == (True, {})
        assert neighbour.private == of("E-2", 2).private
    [again] = log.append([of("E-1", 4)])  # sealed with the key that is gone, until the log says so
    found = other.entry(again.index)
    assert found is not None
    assert found.private == of("E-1", 4).private
    assert ids(other, Wanted(person="E-1")) == [record_id(4)]
    assert erase(log, "E-9", 5) == []


def test_all_keys_are_wrapped_anew(log: Log, opening: Open, keys: Path) -> None:
    """What was erased is then out of reach of older copies, and everything else can still be read."""
    other = opening()
    log.append([of("E-1", 1), of("E-2", 2)])
    before = {path.name for path in keys.glob("kek-*.key")}
    assert log.rotate_keys() > 1
    after = {path.name for path in keys.glob("kek-*.key")}
    assert len(after) == 1
    assert before.isdisjoint(after)
    for each in (log, other):
        entry = each.get(record_id(1))
        assert entry is not None
        assert entry.private == of("E-1", 1).private
        each.append([of("E-3", 3), of("E-1", 4)])


def test_the_keys_of_another_log_are_refused(log: Log, place: Place, keys: Path, tmp_path: Path) -> None:
    """With them nobody would be found, and nothing opened."""
    a_log(tmp_path / "other" / "log.db", tmp_path / "other keys").close()
    with pytest.raises(LogUnavailable, match="are not those of this verdict log"):
        a_log(place, tmp_path / "other keys")
    assert log.size() >= 0
    assert keys.is_dir()


KINDS = ("verdict", "verdict", "verdict", "decision", "objection")
TRACKS = ("people-lead", "software-craft")
OUTCOMES = ("eligible", "not_eligible", "overridden")
RESULTS = ("met", "unmet", "unknown", "waived")
RULES = ("route", "manager-training", "route-2")
SETS = ("sha256:" + "ab" * 32, "sha256:" + "cd" * 32)


def some_records() -> list[Record]:
    """Entries of every sort, made the same way each time."""
    records = []
    for number in range(120):
        kind = KINDS[number % len(KINDS)]
        records.append(
            replace(
                a_record(number),
                kind=kind,
                track=TRACKS[number % 2],
                level=("team-lead", "senior", None)[number % 3],
                outcome=OUTCOMES[number % 3],
                policy_set=SETS[number % 7 % 2],
                decided_at=JUDGED_AT + timedelta(hours=number % 11),
                rules=(
                    (RULES[number % 3], RESULTS[number % 4]),
                    (RULES[(number + 1) % 3], RESULTS[number % 3]),
                ),
                about=number - 3 if kind == "decision" else None,
            )
        )
    return records


def sometimes(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.none() | values


@pytest.fixture(scope="module")
def both(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Log, Log]]:
    """The same entries in an embedded log and in one in PostgreSQL."""
    folder = tmp_path_factory.mktemp("both")
    address = Address(cluster.url(new_log(cluster), "service"))
    logs = [a_log(folder / "log.db", folder / "keys"), a_log(address, cluster.keys)]
    for number in range(logs[1].size()):  # how that log was made
        made = replace(a_record(990 + number), kind="schema", rules=(), track=None, level=None, outcome=None)
        logs[0].append([made])
    for record in some_records():
        for log in logs:
            log.append([record])
    yield logs[0], logs[1]
    for log in logs:
        log.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=st.builds(
        Wanted,
        kind=sometimes(st.sampled_from(KINDS)),
        track=sometimes(st.sampled_from(TRACKS)),
        level=sometimes(st.sampled_from(["team-lead", "senior", "none"])),
        policy_set=sometimes(st.sampled_from(SETS)),
        outcome=sometimes(st.sampled_from(OUTCOMES)),
        requirement=sometimes(st.sampled_from(RULES)),
        result=sometimes(st.sampled_from(RESULTS)),
        since=sometimes(st.integers(0, 11).map(lambda hours: JUDGED_AT + timedelta(hours=hours))),
        until=sometimes(st.integers(0, 11).map(lambda hours: JUDGED_AT + timedelta(hours=hours))),
        about=sometimes(st.integers(0, 40)),
        overridden=sometimes(st.booleans()),
    ),
    after=sometimes(st.integers(0, 121)),
    limit=st.integers(1, 150),
    looked_at=st.sampled_from([1, 2, 7, 40]),
    few=st.sampled_from([0, 25, 1000]),
)
def test_both_stores_find_the_same(
    both: tuple[Log, Log], wanted: Wanted, after: int | None, limit: int, looked_at: int, few: int
) -> None:
    """An auditor's question has one answer, wherever the log lies, and in however many parts it is given."""
    embedded, postgres = (
        [
            (entry.receipt.index, entry.id)
            for entry in log.find(wanted, after, limit)
            if entry.kind != "schema"
        ]
        for log in both
    )
    assert embedded == postgres
    with patch.object(searching, "LOOKED_AT", looked_at), patch.object(searching, "FEW", few):
        for log in both:
            found = log.search(wanted, after, limit)
            parts, whole = found.entries, log.find(wanted, after, limit)
            while found.after is not None and len(parts) < limit:
                found = log.search(wanted, found.after, limit - len(parts))
                parts += found.entries
            assert parts == whole
            assert [entry.receipt.index for entry in whole if entry.kind != "schema"] == [
                index for index, _ in embedded
            ]


def test_an_answer_looks_at_a_part_of_the_log_and_says_where_to_go_on(both: tuple[Log, Log]) -> None:
    """A rare requirement in millions of entries: each answer comes soon, and nobody takes it for the end."""
    nothing = Wanted(requirement="no-such-requirement")
    with patch.object(searching, "LOOKED_AT", 2):
        for log in both:
            answers = [log.search(nothing)]
            while answers[-1].after is not None:
                answers.append(log.search(nothing, answers[-1].after))
            assert not any(answer.entries for answer in answers)
            places = [*range(19, log.size(), 20), None]  # ten questions of two entries each
            assert [answer.after for answer in answers] == places


def test_days_and_a_track_lead_to_few_entries_and_bound_an_answer_on_many(both: tuple[Log, Log]) -> None:
    """An index has their entries in another order. Few are put in order, so that those of today are found at
    once in a log of years; to put many in order would keep the caller waiting.
    """
    nothing = Wanted(requirement="no-such-requirement")
    many = (replace(nothing, since=JUDGED_AT + timedelta(hours=5)), replace(nothing, track=TRACKS[0]))
    none = (replace(nothing, since=JUDGED_AT + timedelta(days=1)), replace(nothing, track="no-such-track"))
    for log in both:
        with patch.object(searching, "LOOKED_AT", 2), patch.object(searching, "FEW", 5):
            assert [log.search(wanted).after for wanted in many] == [19, 19], "ten questions, two places each"
            assert [log.search(wanted).after for wanted in none] == [None, None]
        for wanted, looked_at in zip(many, (2, 10), strict=True):  # those of a track lie apart
            with patch.object(searching, "LOOKED_AT", looked_at), patch.object(searching, "FEW", 100):
                assert (log.search(wanted).after or 0) > 30, "every other place is passed"


@pytest.mark.parametrize("before", [1, 2])
@pytest.mark.parametrize(
    "wanted", [Wanted(level="team-lead"), Wanted(level="team-lead", track="people-lead")]
)
def test_what_is_recorded_during_a_search_is_not_passed_over(
    log: Log, wanted: Wanted, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that skips what was recorded while it was asked for would hide a verdict from its caller."""
    log.append([a_record(number) for number in range(before)])
    numbers = iter(range(before, 9))

    def recording(ask: Callable[..., list[int]]) -> Callable[..., list[int]]:
        def asked(*given: Any) -> list[int]:
            answer = ask(*given)
            log.append([a_record(number) for number in [next(numbers, None)] if number is not None])
            return answer

        return asked

    monkeypatch.setattr(EmbeddedRows, "_seqs", recording(EmbeddedRows._seqs))
    monkeypatch.setattr(PostgresRows, "_seqs", recording(PostgresRows._seqs))
    monkeypatch.setattr(searching, "LOOKED_AT", 2)
    found = ids(log, wanted)
    assert len(found) >= before
    assert found == ids(log)[: len(found)]
