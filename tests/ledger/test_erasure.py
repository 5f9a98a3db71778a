"""Erasing a person: gone from every file and every backup, while all entries stay and every proof holds."""

from __future__ import annotations

import hmac
import os
import tempfile
import uuid
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random

import apsw
import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from service.errors import LogUnavailable, RecordConflict
from service.ledger import stored_log
from service.ledger.canonical import canonical
from service.ledger.commitments import commitments, in_base64
from service.ledger.fields import fields_of
from service.ledger.log import Asked, Log, Receipt, Wanted, open_log
from service.ledger.merkle import root_over
from service.ledger.record import Record, microseconds
from tests.ledger.older import write_older_log
from tests.ledger.records import a_record, record_id

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANN, BEN = "Ann Example", "Ben Other"


def new_id() -> str:
    return str(uuid.uuid4())


def opened(place: Path) -> Log:
    return open_log(place, clock=lambda: NOON, random_bytes=os.urandom)


def erase(log: Log, person: str) -> list[Receipt]:
    """The entries that say that somebody was erased."""
    return list(log.erase(person, erased_at=NOON, engine="ladders", new_id=new_id))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(place: Path) -> Iterator[Log]:
    with closing(opened(place)) as log:
        yield log


def files_of(place: Path) -> dict[str, bytes]:
    """Everything that lies beside the log, keys and journals too."""
    return {path.name: path.read_bytes() for path in place.parent.rglob("*") if path.is_file()}


def rows_of(place: Path, person: str) -> list[tuple[bytes, bytes, int]]:
    """Keyed hash, body and key of what is stored of a person, read past the log's own reader."""
    with closing(open_log(place, clock=lambda: NOON, random_bytes=os.urandom)) as log:
        subj = log._sealer.keys.subject(person)  # type: ignore[attr-defined]  # not part of what a log shows
    with closing(apsw.Connection(str(place))) as connection:
        return list(connection.execute("SELECT subj, body, kid FROM priv WHERE subj = ?", (subj,)))


def test_the_entries_stay_and_what_was_private_in_them_is_gone(log: Log) -> None:
    """The order of the log and the reasons of others are not the person's to remove; their data are."""
    log.append([a_record(1, person=ANN), a_record(2, person=BEN), a_record(3, person=ANN)])
    before = [entry.leaf for entry in log.entries()]
    [receipt] = erase(log, ANN)
    entries = list(log.entries())
    assert [entry.leaf for entry in entries[:3]] == before
    assert [(entry.erased, dict(entry.private)) for entry in (entries[0], entries[2])] == [(True, {})] * 2
    assert entries[1].private == a_record(2, person=BEN).private
    assert receipt.index == 3
    assert log.find(Wanted(person=ANN)) == []
    assert [entry.id for entry in log.find(Wanted(person=BEN))] == [record_id(2)]


def test_the_erasure_is_an_entry_that_names_places_and_nobody(log: Log) -> None:
    """That somebody was erased must be seen by auditors, and who it was by nobody."""
    log.append([a_record(number, person=ANN) for number in (1, 2)])
    [receipt] = erase(log, ANN)
    entry = log.entry(receipt.index)
    assert entry is not None
    assert (entry.kind, orjson.loads(entry.leaf)["detail"]["entries"]) == ("erasure", [0, 1])
    assert b"Ann" not in entry.leaf
    assert not entry.erased


def test_whoever_is_not_in_the_log_leaves_no_entry(log: Log) -> None:
    """Nor does being erased twice: the second time there is nothing any more."""
    log.append([a_record(1, person=ANN)])
    assert erase(log, "Nobody") == []
    assert len(erase(log, ANN)) == 1
    assert erase(log, ANN) == []
    assert log.size() == 2


def test_the_tree_over_everything_is_the_same_afterwards(log: Log) -> None:
    """Checkpoints that were given out before still hold, and so does every proof."""
    log.append([a_record(number, person=ANN if number % 3 else BEN) for number in range(300)])
    before = log.head()
    tile = log.hashes.tile(0, 0)
    erase(log, ANN)
    hashes = [hash_ for _, hash_ in log.leaves(0, 301)]
    assert root_over(hashes[:300]) == before.root
    assert root_over(hashes) == log.head().root
    assert log.hashes.tile(0, 0) == tile


@pytest.mark.parametrize("others", [0, 150])
def test_no_file_holds_anything_of_the_person_any_more(place: Path, others: int) -> None:
    """Deleted rows linger in pages, in the write-ahead log and in journals, unless they are overwritten."""
    with closing(opened(place)) as log, closing(opened(place)) as neighbour:
        people = [ANN if number % 4 == 0 else f"{BEN} {number}" for number in range(others + 1)]
        for number, person in enumerate(people):
            asked = (Asked(caller="key:workday", kind="request_id", key=str(number), body=b"digest"),)
            log.append([replace(a_record(number, person=person), asked=asked)])
        kids = {kid: log._sealer.subject_keys.open(kid) for _, _, kid in rows_of(place, ANN)}  # type: ignore[attr-defined]  # not part of what a log shows
        slots = files_of(place)["subjects.keys"]
        traces = [part for subj, body, _ in rows_of(place, ANN) for part in (subj, body, body[40:72])]
        traces += [slots[kid * 64 :][:64] for kid in kids] + [key for key in kids.values() if key]
        keys = log._sealer.keys  # type: ignore[attr-defined]  # not part of what a log shows
        traces += [
            keys.asked(("key:workday", "request_id", str(n))) for n, who in enumerate(people) if who == ANN
        ]
        assert all(any(trace in file for file in files_of(place).values()) for trace in traces[:3])
        neighbour.get(record_id(0))  # somebody else is reading
        erase(log, ANN)
        found = [name for name, file in files_of(place).items() for trace in traces if trace in file]
        assert found == []
        assert neighbour.get(record_id(0)).erased  # type: ignore[union-attr]  # it is there


def test_nothing_is_left_of_anybody_when_many_are_erased_one_after_the_other(place: Path) -> None:
    """SQLite moves rows between pages when some are removed, and leaves copies of their neighbours behind,
    whose turn comes later; so no row may ever move.
    """
    people = [f"E-{number}" for number in range(8)]
    chosen = Random(7)
    with closing(opened(place)) as log:
        for first in range(0, 800, 20):
            log.append([_asking(first + number, chosen.choice(people)) for number in range(20)])
        keys = log._sealer.keys  # type: ignore[attr-defined]  # not part of what a log shows
        for person in people:
            rows = rows_of(place, person)
            assert rows
            traces = [part for subj, body, _ in rows for part in (subj, body[:40])]
            numbers = [entry.receipt.index for entry in log.find(Wanted(person=person), limit=400)]
            traces += [keys.asked(("key:workday", "request_id", str(number))) for number in numbers]
            erase(log, person)
            files = files_of(place).items()
            assert [name for name, file in files for trace in traces if trace in file] == [], person


def _asking(number: int, person: str) -> Record:
    """A record of some size about a person, who asked for it."""
    asked = (Asked(caller="key:workday", kind="request_id", key=str(number), body=b"digest"),)
    says = os.urandom(number % 7 * 200).hex()
    return replace(a_record(number, says, person=person), asked=asked)


def test_without_the_key_nobody_can_test_a_guess(log: Log, place: Path) -> None:
    """The leaf keeps a root over salted commitments: a hundred guesses, the right one among them, look the
    same.
    """
    log.append([a_record(1, person=ANN)])
    [stored] = rows_of(place, ANN)
    key = log._sealer.subject_keys.open(stored[2])  # type: ignore[attr-defined]  # not part of what a log shows
    entry = log.get(record_id(1))
    assert entry is not None
    root = orjson.loads(entry.leaf)["private"]["root"]
    guesses = [dict(a_record(1, person=f"guess {number}").private) for number in range(99)]
    guesses.append(dict(a_record(1, person=ANN).private))

    def fitting(record_key: bytes) -> list[int]:
        roots = [in_base64(root_over(commitments(fields_of(guess), record_key))) for guess in guesses]
        return [number for number, guessed in enumerate(roots) if guessed == root]

    bound_to = sha256(b"\0" + entry.leaf).digest() + b"a2"
    body = zlib.decompress(AESGCM(key).decrypt(stored[1][:12], stored[1][12:], bound_to))
    assert fitting(body[:32]) == [99]  # with the key, the right guess is told from the others
    erase(log, ANN)
    assert all(fitting(key) == [] for key in (bytes(32), *(os.urandom(32) for _ in range(3))))
    for guess in guesses:  # nor does any plain hash of a part, or of the name, stand in the leaf
        for part in (*guess.values(), canonical(ANN), ANN.encode()):
            for digest in (
                sha256(part).digest(),
                sha256(b"\0" + part).digest(),
                hmac.digest(b"", part, "sha256"),
            ):
                for written in (digest, digest.hex().encode(), urlsafe_b64encode(digest)[:-1]):
                    assert written not in entry.leaf


def test_whoever_comes_back_gets_a_new_key(log: Log, place: Path) -> None:
    """A person may ask again later; what was erased stays so."""
    log.append([a_record(1, person=ANN)])
    [(_, _, before)] = rows_of(place, ANN)
    erase(log, ANN)
    log.append([a_record(2, person=ANN)])
    [(_, _, after)] = rows_of(place, ANN)
    assert before != after
    assert [entry.id for entry in log.find(Wanted(person=ANN))] == [record_id(2)]
    assert len(erase(log, ANN)) == 1


def test_a_worker_that_remembers_the_key_writes_nothing_with_it(place: Path) -> None:
    """Its record would be unreadable from the first moment on."""
    with closing(opened(place)) as one, closing(opened(place)) as two:
        one.append([a_record(1, person=ANN)])
        two.append([a_record(2, person=ANN)])
        assert len(erase(one, ANN)) == 1
        two.append([a_record(3, person=ANN)])
        for log in (one, two):
            entry = log.get(record_id(3))
            assert entry is not None
            assert entry.private == a_record(3, person=ANN).private
            assert log.get(record_id(2)).erased  # type: ignore[union-attr]  # it is there


def test_the_same_record_again_is_a_conflict(log: Log) -> None:
    """Nobody can tell any more whether it is the same, and it must not come back."""
    log.append([a_record(1, person=ANN)])
    erase(log, ANN)
    with pytest.raises(RecordConflict):
        log.append([a_record(1, person=ANN)])


@pytest.mark.parametrize("restored", [("keys",), ("rows",), ("keys", "rows")])
def test_a_restored_backup_is_erased_again_before_it_serves(place: Path, restored: tuple[str, ...]) -> None:
    """The backup of a day on which the person was still there must not bring them back."""
    with closing(opened(place)) as log:
        log.append([a_record(1, person=ANN), a_record(2, person=BEN)])
        keys = (place.parent / "keys/subjects.keys").read_bytes()
        with closing(apsw.Connection(str(place))) as connection:
            rows = list(
                connection.execute("SELECT seq, form, body, subj, caller, kid FROM priv WHERE seq = 0")
            )
        erase(log, ANN)
    if "keys" in restored:
        (place.parent / "keys/subjects.keys").write_bytes(keys)
    if "rows" in restored:
        with closing(apsw.Connection(str(place))) as connection:
            insert = (
                "INSERT OR REPLACE INTO priv (seq, form, body, subj, caller, kid) VALUES (?, ?, ?, ?, ?, ?)"
            )
            connection.executemany(insert, rows)
    with closing(opened(place)) as log:
        assert log.get(record_id(1)).erased  # type: ignore[union-attr]  # it is there
        assert not log.get(record_id(2)).erased  # type: ignore[union-attr]  # it is there
        slot, body = keys[rows[0][5] * 64 :][:64], rows[0][2]
        assert not [name for name, file in files_of(place).items() if slot in file or body in file]


def test_an_erasure_that_was_cut_off_before_the_key_was_destroyed_is_finished(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry says that it was erased, so it must be."""
    with closing(opened(place)) as log:
        log.append([a_record(1, person=ANN)])
        [(_, _, kid)] = rows_of(place, ANN)
        with monkeypatch.context() as cut_off:
            cut_off.setattr(log._sealer.subject_keys, "destroy", lambda _: 1 / 0)  # type: ignore[attr-defined]  # not part of what a log shows
            with pytest.raises(ZeroDivisionError):
                erase(log, ANN)
        assert log._sealer.subject_keys.open(kid)  # type: ignore[attr-defined]  # not part of what a log shows
    with closing(opened(place)) as log:
        assert log._sealer.subject_keys.open(kid) is None  # type: ignore[attr-defined]  # not part of what a log shows


def test_an_erasure_waits_for_readers_of_an_older_state_and_says_when_they_do_not_go(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They keep the write-ahead log from being emptied; meanwhile verdicts are recorded, and afterwards the
    next one empties it.
    """
    monkeypatch.setattr(stored_log, "_TRIES", 2)
    with closing(opened(place)) as log, closing(apsw.Connection(str(place))) as reader:
        log.append([a_record(1, person=ANN), a_record(2, person=BEN)])
        traces = [part for subj, body, _ in rows_of(place, ANN) for part in (subj, body)]
        with reader:
            reader.execute("SELECT count(*) FROM entry").fetchall()
            with pytest.raises(LogUnavailable, match="stop that program"):
                erase(log, ANN)
            log.append([a_record(3, person=BEN)])
            assert log.get(record_id(1)).erased  # type: ignore[union-attr]  # it is there
        for number in (4, 5):  # the second begins when all is done that the first left to do
            log.append([a_record(number, person=BEN)])
        assert not [name for name, file in files_of(place).items() for trace in traces if trace in file]


def test_what_an_older_release_wrote_in_the_clear_is_erased_as_well(place: Path) -> None:
    """Its bodies have no key to destroy, so overwriting them is all there is."""
    write_older_log(place, 2, [a_record(1, person=ANN), a_record(2, person=BEN)], microseconds(NOON))
    with closing(opened(place)) as log:
        assert [entry.id for entry in log.find(Wanted(person=ANN))] == [record_id(1)]
        assert len(erase(log, ANN)) == 1
        assert not [name for name, file in files_of(place).items() if ANN.encode() in file]
        entry = log.get(record_id(2))
        assert entry is not None
        assert entry.private == a_record(2, person=BEN).private


def test_more_entries_than_one_leaf_can_name_are_all_erased(log: Log) -> None:
    """Somebody may have been asked about every day for years."""
    for start in range(0, 4200, 600):
        log.append([a_record(number, person=ANN) for number in range(start, start + 600)])
    receipts = erase(log, ANN)
    assert len(receipts) == 2
    told = [orjson.loads(log.entry(receipt.index).leaf)["detail"]["entries"] for receipt in receipts]  # type: ignore[union-attr]  # it is there
    assert [place for places in told for place in places] == list(range(4200))
    assert log.get(record_id(4199)).erased  # type: ignore[union-attr]  # it is there


class Erasing(RuleBasedStateMachine):
    """The log against a list of who is in which entry, and who was erased after it."""

    people = st.sampled_from(["Ann", "Ben", "Cem"])

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.place = Path(self.folder.name) / "log.db"
        self.logs = [opened(self.place), opened(self.place)]
        self.there: dict[int, str] = {}  #: by index, whose private parts are there
        self.gone: set[int] = set()
        self.size = 0

    @rule(log=st.integers(0, 1), people=st.lists(people, min_size=1, max_size=3))
    def append(self, log: int, people: list[str]) -> None:
        records = [a_record(self.size + number, person=person) for number, person in enumerate(people)]
        receipts = self.logs[log].append(records)
        self.there |= {receipt.index: person for receipt, person in zip(receipts, people, strict=True)}
        self.size += len(people)

    @rule(log=st.integers(0, 1), person=people)
    def erase(self, log: int, person: str) -> None:
        indexes = [index for index, who in self.there.items() if who == person]
        assert len(erase(self.logs[log], person)) == bool(indexes)
        self.gone.update(indexes)
        self.there = {index: who for index, who in self.there.items() if who != person}
        self.size += bool(indexes)

    @rule(log=st.integers(0, 1))
    def start_anew(self, log: int) -> None:
        self.logs[log].close()
        self.logs[log] = opened(self.place)

    @rule()
    def wrap_the_keys_anew(self) -> None:
        self.logs[0]._sealer.subject_keys.rotate()  # type: ignore[attr-defined]  # not part of what a log shows

    @invariant()
    def everyone_else_is_readable(self) -> None:
        for log in self.logs:
            entries = list(log.entries())
            assert len(entries) == self.size
            for index, entry in enumerate(entries):
                assert entry.erased == (index in self.gone)
                if index in self.there:
                    assert orjson.loads(entry.private["/verdict"])["candidate"]["id"] == self.there[index]

    def teardown(self) -> None:
        for log in self.logs:
            log.close()
        self.folder.cleanup()


TestErasingIsTheNaiveOne = Erasing.TestCase
TestErasingIsTheNaiveOne.settings = settings(
    max_examples=settings().max_examples // 4, stateful_step_count=15, deadline=None
)
