"""Logs of older forms: opened by this release, they are carried on, and nothing in them changes."""

from __future__ import annotations

import json
import lzma
import os
import tarfile
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import apsw
import orjson
import pytest

from service.errors import KeyReused, LogUnavailable
from service.ledger.canonical import canonical
from service.ledger.embedded.schema import FORM, STEPS
from service.ledger.log import Asked, Log, Wanted, open_log, read_log
from service.ledger.merkle import root_over
from service.ledger.record import microseconds
from service.ledger.verdict_record import answer, caller_in, document_in
from tests.ledger.older import write_older_log
from tests.ledger.records import a_record

LOGS = Path(__file__).with_name("logs")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def opened(place: Path) -> Log:
    return open_log(place, clock=lambda: NOON, random_bytes=os.urandom)


def leaves(place: Path) -> list[tuple[bytes, bytes]]:
    """Leaf and hash of every entry, read past the log's own reader."""
    with closing(apsw.Connection(str(place))) as connection:
        return list(connection.execute("SELECT leaf, leaf_hash FROM entry ORDER BY seq"))


@pytest.mark.parametrize("form", [1, 2])
def test_an_older_log_is_carried_on_and_keeps_every_leaf(place: Path, form: int) -> None:
    """Years of verdicts must stay provable: the tree is put over what is there, and goes on from there."""
    records = [replace(a_record(number), policy_digest="sha256:" + "cd" * 32) for number in range(600)]
    write_older_log(place, form, records, microseconds(NOON))
    before = leaves(place)
    with closing(opened(place)) as log:
        log.append([a_record(1000)])
        changes = [log.entry(index) for index in range(600, 600 + FORM - form)]
        assert [log.get(record.id).private for record in records] == [  # type: ignore[union-attr]  # it is there
            record.private for record in records
        ]
        told = [orjson.loads(change.leaf) for change in changes if change]
        assert [(each["kind"], each["detail"]) for each in told] == [
            ("schema", {"form": number, "sha256": sha256(STEPS[number].encode()).hexdigest()})
            for number in range(form + 1, FORM + 1)
        ]
        after = leaves(place)
        assert after[:600] == before
        assert log.head().root == root_over([hash_ for _, hash_ in after])
        assert [log.hashes.tile(0, index) for index in (0, 1, 2)] == [
            b"".join(hash_ for _, hash_ in before[:256]),
            b"".join(hash_ for _, hash_ in before[256:512]),
            None,
        ]
        assert log.append([records[7]])[0].index == 7
    with closing(opened(place)) as log:
        assert log.size() == 601 + FORM - form  # it is carried on once


def test_how_a_form_came_about_is_never_written_anew() -> None:
    """Entries in the logs of others name the digests of these steps."""
    digests = {form: sha256(sql.encode()).hexdigest()[:16] for form, sql in STEPS.items()}
    assert digests == {2: "1b807a2be9e78a76", 3: "aec37f16a55a13e8", 4: "66a2f7330a517832"}


def test_a_log_stored_by_an_earlier_release_is_answered_as_it_was_then(place: Path) -> None:
    """The file was written by that release: all that it answered is answered now, byte for byte."""
    place.write_bytes(lzma.decompress((LOGS / "form-2.db.xz").read_bytes()))
    verdicts = json.loads((LOGS / "form-2.json").read_text("utf-8"))
    with closing(opened(place)) as log:
        for index, told in enumerate(verdicts):
            entry = log.get(told["id"])
            assert entry is not None
            document = document_in(entry)
            assert document is not None
            assert (entry.receipt.index, entry.receipt.leaf_hash) == (index, told["leaf"])
            assert caller_in(entry) == "key:workday"
            now = answer(document, entry.receipt)
            links = {name: now["links"][name] for name in ("self", "track")}  # all that there were then
            answered = canonical({**document, "log": now["log"], "links": links})
            assert sha256(answered).hexdigest() == told["answer"]
        assert len(log.find(Wanted(kind="verdict"), limit=50)) == len(verdicts)


def test_what_an_earlier_release_encrypted_is_read_as_it_was_then(place: Path) -> None:
    """That release encrypted without compressing; whom it erased stays erased, in the file too."""
    with tarfile.open(LOGS / "form-3.tar.xz") as stored:
        stored.extractall(place.parent, filter="data")
    *verdicts, erased = json.loads((LOGS / "form-3.json").read_text("utf-8"))
    with closing(opened(place)) as log:
        for told in verdicts:
            entry = log.get(told["id"])
            assert entry is not None
            answered = canonical(answer(document_in(entry) or {}, entry.receipt))
            assert (entry.receipt.leaf_hash, sha256(answered).hexdigest()) == (told["leaf"], told["answer"])
            asked = Asked(caller="key:workday", kind="request_id", key=told["id"], body=b"something else")
            with pytest.raises(KeyReused):
                log.asked([asked])
        assert log.get(erased["id"]).erased  # type: ignore[union-attr]  # it is there
        assert [found.id for found in log.find(Wanted(person="E-1042"))] == [verdicts[0]["id"]]
        log.erase("E-1042", erased_at=NOON, engine="ladders", new_id=lambda: str(uuid.uuid4()))
        assert log.get(verdicts[0]["id"]).erased  # type: ignore[union-attr]  # it is there


def test_a_log_with_keys_is_not_carried_on_without_them(place: Path) -> None:
    """New keys in their place would make everything in it unreadable for good."""
    with tarfile.open(LOGS / "form-3.tar.xz") as stored:
        stored.extract("log.db", place.parent, filter="data")
    before = place.read_bytes()
    with pytest.raises(LogUnavailable, match="restore the folder of keys"):
        opened(place)
    assert place.read_bytes() == before


def test_an_older_log_is_not_changed_by_being_read(place: Path) -> None:
    """Whoever only looks must not need the right to write, nor surprise the service that runs."""
    write_older_log(place, 2, [a_record(1)], microseconds(NOON))
    before = place.read_bytes()
    with pytest.raises(LogUnavailable, match="has the older form 2; start the service with it once"):
        read_log(place)
    assert place.read_bytes() == before
