"""Keys are changed, and losses accepted, on record: an auditor who reads the log knows whom to believe for
what.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from service.errors import LogUnavailable, NotProven
from service.ledger.anchor import Anchor
from service.ledger.checkpoint import read_checkpoint
from service.ledger.custody import Circumstances, accept_rollback, new_key, retire_key, trust_of
from service.ledger.log import Log
from service.ledger.log_keys import LogKeys
from service.ledger.publisher import refuse_unanchored
from service.ledger.signed_receipt import read_receipt
from service.ledger.trust import Trust, read_trust
from service.ledger.verified import verify_log
from service.ledger.verify import OK
from service.ledger.witness import Witness
from tests.ledger.attacking import NAME, NOON, copied, grown, opened, publisher
from tests.ledger.records import a_record, record_id
from tests.ledger.signing import Witness as Cosigner

IDS = itertools.count(50_000)


class Place:
    """A log with its keys and its anchor."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.log: Log = opened(database)
        self.keys = LogKeys(database.parent / "keys")
        self.anchor = Anchor(database.parent / "anchor")

    @property
    def now(self) -> Circumstances:
        return Circumstances(
            at=NOON, engine="ladders test", new_id=lambda: record_id(next(IDS)), random_bytes=os.urandom
        )

    def trust(self) -> Trust:
        """The trust file as the log tells it now."""
        return trust_of(self.log, self.keys, self.anchor, ())

    def grow(self, count: int) -> bytes:
        """So many entries more; the checkpoint over them."""
        first = self.log.size() + 1_000
        self.log.append([a_record(number) for number in range(first, first + count)])
        signed = publisher(self.log, self.database.parent).publish()
        assert signed is not None
        return bytes(signed.note)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(grown(tmp_path, (5, 10)))
    with closing(place.log):
        yield place


def believes(trust: Trust, note: bytes) -> bool:
    try:
        trust.check(note)
    except NotProven:
        return False
    return True


def test_a_key_is_changed_with_an_overlap_and_each_trust_file_says_for_which_sizes(place: Place) -> None:
    """Nobody has to change their trust file at the same moment as the operator."""
    before = place.trust()
    [old] = place.keys.signers(NAME)
    receipt, key = new_key(place.log, place.keys, place.anchor, place.now)
    overlapping = place.grow(3)
    between = place.trust()
    assert (believes(before, overlapping), believes(between, overlapping)) == (True, True)
    assert {signer.key for signer in place.keys.signers(NAME)} == {key, old.key}
    with pytest.raises(LogUnavailable, match="retire-key"):
        new_key(place.log, place.keys, place.anchor, place.now)
    retire_key(place.log, place.keys, place.anchor, place.now)
    after = place.grow(3)
    assert [believes(trust, after) for trust in (before, between, place.trust())] == [False, True, True]
    assert [(each.key, each.first, each.last) for each in place.trust().logs] == [
        (old.key, 0, 14),
        (key, receipt.index + 1, None),
    ]
    assert verify_log(place.log, place.trust(), [place.anchor.path]).outcome == OK
    assert verify_log(place.log, before, [place.anchor.path]).outcome != OK
    assert not (place.keys.folder / "log-old.key").exists()
    with pytest.raises(LogUnavailable, match="no old key"):
        retire_key(place.log, place.keys, place.anchor, place.now)


def test_a_key_can_be_changed_again_and_again(place: Place) -> None:
    """Every year, and the whole chain stands in the log."""
    for _ in range(3):
        new_key(place.log, place.keys, place.anchor, place.now)
        place.grow(1)
        retire_key(place.log, place.keys, place.anchor, place.now)
        place.grow(1)
    trust = place.trust()
    assert [each.last is None for each in trust.logs] == [False, False, False, True]
    assert verify_log(place.log, trust, [place.anchor.path]).outcome == OK
    kinds = [entry.kind for entry in place.log.entries(10)]
    assert kinds.count("key") == 6


def test_a_change_of_keys_that_died_half_way_is_begun_again(place: Place) -> None:
    """A next key that never signed is made anew; the present one goes on."""
    coming = place.keys.prepare(NAME, os.urandom)
    assert believes(place.trust(), place.grow(1))
    _, key = new_key(place.log, place.keys, place.anchor, place.now)
    assert key != coming.key
    assert not (place.keys.folder / "log-next.key").exists()


def test_a_loss_is_accepted_under_a_new_origin_and_key_and_told_to_everybody(tmp_path: Path) -> None:
    """The log goes on, and no two checkpoints of one origin ever contradict each other."""
    database = grown(tmp_path / "log", (5, 10))
    backup = copied(database, tmp_path / "backup")
    full = Place(database)
    with closing(full.log):
        lost = full.grow(20)
        before = full.trust()
    backup.parent.joinpath("anchor").write_bytes(full.anchor.path.read_bytes())
    place = Place(backup)
    with closing(place.log):
        with pytest.raises(LogUnavailable, match="accept-rollback"):
            refuse_unanchored(place.log, place.anchor)
        receipt, signed = accept_rollback(place.log, place.keys, place.anchor, "the disk died", place.now)
        refuse_unanchored(place.log, place.anchor)
        assert (receipt.index, signed.checkpoint.origin) == (10, f"{NAME}/2")
        [incident] = place.log.entries(10, 11)
        detail = orjson.loads(incident.leaf)["detail"]
        assert (detail["lost"]["size"], detail["held"]["size"], detail["origin"]) == (30, 10, f"{NAME}/2")
        assert b"the disk died" not in incident.leaf
        assert incident.private["/reason"] == b'"the disk died"'
        after = place.grow(100)
        trust = place.trust()
        assert (believes(before, lost), believes(before, after)) == (True, False)
        assert (believes(trust, lost), believes(trust, after)) == (True, True)
        report = verify_log(place.log, trust, [place.anchor.path])
        assert report.outcome == OK
        assert [note for note in report.notes if "entry 10 records that what `anchor`" in note]
        with pytest.raises(LogUnavailable, match="no loss to accept"):
            accept_rollback(place.log, place.keys, place.anchor, "again", place.now)


@pytest.mark.parametrize("keys", ["the newest", "those of the backup"])
def test_a_key_that_was_changed_in_what_is_lost_is_known_from_the_trust_file(
    tmp_path: Path, keys: str
) -> None:
    """The log is of before the change, its keys of before it or after: either way one of the two that signed
    is known to nothing that is left, and all that it signed would be called tampered with for ever.
    """
    database = grown(tmp_path / "log", (5, 10))
    backup = copied(database, tmp_path / "backup")
    full = Place(database)
    with closing(full.log):
        promised = full.log.signed(next(full.log.entries(7)).receipt)
        new_key(full.log, full.keys, full.anchor, full.now)
        full.grow(3)
        retire_key(full.log, full.keys, full.anchor, full.now)
        lost = full.grow(20)
        lost_receipt = full.log.signed(next(full.log.entries(12)).receipt)
        handed_out = full.trust()
    beside = backup.parent
    beside.joinpath("anchor").write_bytes(full.anchor.path.read_bytes())
    if keys == "the newest":
        shutil.rmtree(beside / "keys")
        shutil.copytree(full.keys.folder, beside / "keys")
    place = Place(backup)
    with closing(place.log):
        with pytest.raises(NotProven, match="--trust"):
            accept_rollback(place.log, place.keys, place.anchor, "lost", place.now)
        accept_rollback(place.log, place.keys, place.anchor, "lost", place.now, handed_out)
        after = place.grow(40)
        trust = place.trust()
        assert [believes(trust, note) for note in (lost, after)] == [True, True]
        assert verify_log(place.log, trust, [place.anchor.path]).findings == []
        for receipt in (promised, lost_receipt):
            trust.check_receipt(read_receipt(receipt))
        ends = {each.key.vkey: each.last for each in trust.logs}
        size = read_checkpoint(lost).checkpoint.size
        assert {ends[each.key.vkey] for each in handed_out.logs} <= {size, handed_out.logs[0].last}
        assert read_trust(str(trust)) == trust


def test_a_loss_may_be_accepted_without_the_key_that_is_lost_with_it(tmp_path: Path) -> None:
    """Whoever kept no trust file must not be left without a service."""
    database = grown(tmp_path / "log", (5,))
    backup = copied(database, tmp_path / "backup")
    full = Place(database)
    with closing(full.log):
        new_key(full.log, full.keys, full.anchor, full.now)
        retire_key(full.log, full.keys, full.anchor, full.now)
        full.grow(3)
    backup.parent.joinpath("anchor").write_bytes(full.anchor.path.read_bytes())
    place = Place(backup)
    with closing(place.log):
        accept_rollback(place.log, place.keys, place.anchor, "lost", place.now, unproven=True)
        assert believes(place.trust(), place.grow(1))


def test_the_second_loss_gets_the_next_origin(tmp_path: Path) -> None:
    """Each time a new history, never an old one again."""
    database = grown(tmp_path / "log", (5,))
    place = Place(database)
    place.log.close()
    for number in (2, 3):
        backup = copied(database, tmp_path / f"backup-{number}")
        place = Place(database)
        with closing(place.log):
            place.grow(10)
        backup.parent.joinpath("anchor").write_bytes(place.anchor.path.read_bytes())
        place = Place(backup)
        with closing(place.log):
            _, signed = accept_rollback(place.log, place.keys, place.anchor, "lost", place.now)
            assert signed.checkpoint.origin == f"{NAME}/{number}"
            assert len(place.trust().logs) == number
        database = backup


def test_the_trust_file_names_the_witnesses_of_the_settings(place: Place) -> None:
    """One of them is enough by default; an auditor may ask for more."""
    one, two = (Witness(Cosigner(f"w{number}.example").key, "https://w") for number in (1, 2))
    assert str(trust_of(place.log, place.keys, place.anchor, [one])).endswith("\nquorum w1.example\n")
    assert trust_of(place.log, place.keys, place.anchor, [one, two]).quorum == "any-witness"


def test_an_anchor_that_is_set_later_starts_with_the_last_checkpoint(place: Place) -> None:
    """Setting LADDERS_ANCHOR on a log that has published for years must neither fail nor start a new
    history.
    """
    place.anchor.path.unlink()
    publisher(place.log, place.database.parent).publish()
    note = place.anchor.last()
    assert note is not None
    assert note == place.log.last_checkpoint()
    assert read_checkpoint(note).checkpoint.size == 10
