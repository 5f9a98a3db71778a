"""Asking again under the same key: answered with what was recorded, by every worker, and recorded once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from service.errors import KeyReused
from service.ledger.log import Asked, Log, Record, open_log
from tests.ledger.records import a_record, record_id

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_key(
    key: str = "wf-1", body: bytes = b"one", caller: str = "key:workday", kind: str = "request_id"
) -> Asked:
    return Asked(caller=caller, kind=kind, key=key, body=body)


def asked(number: int, *keys: Asked, person: str = "E-1042") -> Record:
    """A record under the id of this number that was asked for under some keys."""
    return replace(a_record(number, person=person), asked=keys)


def opened(place: Path) -> Log:
    return open_log(place, clock=lambda: NOON, random_bytes=os.urandom)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(place: Path) -> Iterator[Log]:
    with closing(opened(place)) as log:
        yield log


def test_what_is_asked_again_is_answered_with_what_was_recorded(log: Log) -> None:
    """The first answer was lost on its way; the second must be the same, not another verdict."""
    [first] = log.append([asked(1, a_key())])
    [again] = log.append([asked(2, a_key())])
    assert again == first
    assert again.id == record_id(1)
    assert log.size() == 1
    entry = log.asked([a_key()])
    assert entry is not None
    assert entry.id == record_id(1)
    assert log.asked([a_key("wf-2")]) is None


def test_another_question_under_the_same_key_is_a_conflict(log: Log) -> None:
    """Answering it with the old verdict would pass one person's verdict for another's."""
    log.append([asked(1, a_key())])
    for attempt in (
        lambda: log.append([asked(2, a_key(body=b"two"))]),
        lambda: log.append([a_record(3), asked(2, a_key(body=b"two"))]),
        lambda: log.asked([a_key(body=b"two")]),
    ):
        with pytest.raises(KeyReused, match="under this request_id; choose a new one"):
            attempt()
    assert log.size() == 1


def test_keys_of_other_callers_and_of_other_kinds_are_other_keys(log: Log) -> None:
    """Two workflow systems number their requests alike."""
    keys = [a_key(), a_key(caller="key:other", body=b"two"), a_key(kind="idempotency key", body=b"three")]
    log.append([asked(number, key) for number, key in enumerate(keys)])
    assert [log.asked([key]).id for key in keys] == [record_id(number) for number in range(3)]  # type: ignore[union-attr]  # it is there


def test_either_of_two_keys_is_enough(log: Log) -> None:
    """A retry may carry a new header and the request's own id, or the other way round."""
    header = a_key("k-1", kind="idempotency key")
    [first] = log.append([asked(1, header, a_key())])
    assert log.append([asked(2, a_key())]) == [first]
    assert log.append([asked(3, header)]) == [first]
    assert log.append([asked(4, a_key("k-2", kind="idempotency key"), a_key())]) == [first]
    assert log.size() == 1


def test_within_one_call_the_same_is_recorded_once(log: Log) -> None:
    """A batch may hold a request twice."""
    receipts = log.append(
        [asked(1, a_key()), asked(2, a_key("wf-2")), asked(3, a_key()), asked(4, a_key("wf-2"))]
    )
    assert [receipt.index for receipt in receipts] == [0, 1, 0, 1]
    with pytest.raises(KeyReused):
        log.append([asked(5, a_key("wf-3")), asked(6, a_key("wf-3", body=b"two"))])
    assert log.size() == 2


def test_what_is_new_in_a_call_is_recorded_beside_what_was_asked_before(log: Log) -> None:
    """A batch that is sent again after a break goes on where it broke."""
    log.append([asked(1, a_key("wf-1"))])
    receipts = log.append([asked(11, a_key("wf-1")), asked(12, a_key("wf-2"))])
    assert [(receipt.index, receipt.id) for receipt in receipts] == [(0, record_id(1)), (1, record_id(12))]


def test_it_holds_across_workers_and_restarts(place: Path) -> None:
    """The retry comes to whoever listens."""
    with closing(opened(place)) as one, closing(opened(place)) as two:
        [first] = one.append([asked(1, a_key())])
        assert two.append([asked(2, a_key())]) == [first]
    with closing(opened(place)) as anew:
        assert anew.append([asked(3, a_key())]) == [first]


def test_who_asks_at_the_same_moment_gets_the_same_answer(place: Path) -> None:
    """An impatient client has two requests under way; the log decides in its transaction which one counts."""
    with closing(opened(place)) as one, closing(opened(place)) as two, ThreadPoolExecutor(16) as threads:
        logs = [one, two]

        def ask(number: int) -> tuple[int, str]:
            record = replace(a_record(number), id=str(uuid4()), asked=(a_key(f"wf-{number % 5}"),))
            [receipt] = logs[number % 2].append([record])
            return number % 5, receipt.id

        answers = set(threads.map(ask, range(200)))
        assert len(answers) == one.size() == 5


def test_what_was_asked_goes_with_the_person(log: Log) -> None:
    """After an erasure the key is free again, and nothing tells that it was used."""
    log.append([asked(1, a_key(), person="Ann"), asked(2, a_key("wf-2"), person="Ben")])
    log.erase("Ann", erased_at=NOON, engine="ladders", new_id=lambda: str(uuid4()))
    assert log.asked([a_key(body=b"two")]) is None
    assert log.append([asked(3, a_key(body=b"two"), person="Cem")])[0].id == record_id(3)
    assert log.append([asked(4, a_key("wf-2"))])[0].id == record_id(2)


def test_neither_key_nor_caller_lies_in_a_file_in_the_clear(log: Log, place: Path) -> None:
    """A request's own id may be made of a name, and a digest of few possible bodies can be guessed."""
    log.append([asked(1, a_key("ann-example-2026", body=b"digest of the body"))])
    for path in place.parent.rglob("*"):
        if path.is_file():
            for trace in (b"ann-example", b"workday", b"digest of the body"):
                assert trace not in path.read_bytes()
