"""Signed receipts: whoever keeps one can show what the log promised, and that it was not kept, even where no
checkpoint had left the machine.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import LogUnavailable, NotProven
from service.ledger import signed_receipt
from service.ledger.anchor import Anchor
from service.ledger.custody import Circumstances, accept_rollback, new_key, retire_key, trust_of
from service.ledger.group import Group
from service.ledger.kept import held_against, present_tree
from service.ledger.log import Log, Receipt, Wanted, open_log, read_log
from service.ledger.log_keys import LogKeys
from service.ledger.merkle import root_over
from service.ledger.note import Signer, signed
from service.ledger.proofs import check_inclusion
from service.ledger.receipt_key import ReceiptKey
from service.ledger.rows import Answer, Held, Written, in_groups
from service.ledger.sealing import Sealed, seal
from service.ledger.signed_receipt import (
    Promise,
    SignedReceipt,
    in_one_line,
    key_name,
    read_receipt,
    written,
)
from service.ledger.trust import LogKey, Trust, read_trust
from service.ledger.verified import verify_log
from service.ledger.verify import OK, ROLLED_BACK, TAMPERED
from tests.ledger.attacking import NAME, Row, copied, other, publisher, rewrite
from tests.ledger.postgres import Cluster, new_log
from tests.ledger.records import a_record, record_id
from tests.ledger.signing import log_signer, seed
from tests.ledger.test_every_store import Place, a_log

SIGNER = Signer(key_name(NAME), seed("receipts"))
TRUST = Trust((LogKey(log_signer().key),), receipts=(LogKey(SIGNER.key),))
IDS = itertools.count(70_000)


def circumstances() -> Circumstances:
    return Circumstances(
        at=datetime.now(UTC),
        engine="ladders test",
        new_id=lambda: record_id(next(IDS)),
        random_bytes=os.urandom,
    )


def sealed(number: int) -> Sealed:
    return seal(a_record(number), log=NAME, record_key=bytes(32))


def opened(database: Path) -> Log:
    return open_log(database, clock=lambda: datetime.now(UTC), random_bytes=os.urandom, name=NAME)


def trust(log: Log, database: Path) -> Trust:
    """The trust file as the log tells it, written and read."""
    keys = LogKeys(database.parent / "keys")
    return read_trust(str(trust_of(log, keys, Anchor(database.parent / "anchor"), ())))


def believed(text: bytes, trust: Trust) -> SignedReceipt:
    read = read_receipt(text)
    trust.check_receipt(read)
    return read


def believes(trust: Trust, text: bytes) -> bool:
    try:
        believed(text, trust)
    except NotProven:
        return False
    return True


def outcome(text: bytes, log: Log) -> int:
    """What became in a log of what was promised."""
    return held_against(read_receipt(text), present_tree(log)).outcome


# ── the form ──


def promised(first: int, count: int, behind: int = 0, signer: Signer = SIGNER) -> list[bytes]:
    """The receipts for a group of so many entries, in a log that had grown by some more."""
    leaf_hashes = [sha256(b"%d" % index).digest() for index in range(count)]
    group = Group(first, leaf_hashes, 1_795_798_504_984_615)
    size = first + count + behind

    def sign(group: Group) -> bytes:
        promise = Promise(
            NAME, first, count, group.root(), size, sha256(b"root").digest(), group.committed_us
        )
        return bytes(signed(promise.text, [signer]))

    note = group.signed_by(sign)
    assert group.root() == root_over(leaf_hashes)
    return [
        written(first + at, leaf_hash, group.path(first + at), note)
        for at, leaf_hash in enumerate(leaf_hashes)
    ]


@given(st.integers(0, 2**40), st.integers(1, 70), st.integers(0, 9))
def test_every_receipt_of_every_group_is_believed(first: int, count: int, behind: int) -> None:
    """Whoever was written together with others has as good a receipt as whoever was alone."""
    for at, text in enumerate(promised(first, count, behind)):
        for came in (text, in_one_line(text).encode(), in_one_line(text).encode() + b"\n"):
            read = believed(came, TRUST)
            assert (read.index, read.leaf_hash) == (first + at, sha256(b"%d" % at).digest())
            assert bytes(read) == text


@given(st.integers(0, 300), st.integers(1, 20), st.data())
def test_a_receipt_with_any_byte_changed_is_not_believed(first: int, count: int, draw: st.DataObject) -> None:
    """What is signed, and what merely leads to it: no part of it can be made to say something else."""
    text = bytearray(draw.draw(st.sampled_from(promised(first, count))))
    at = draw.draw(st.integers(0, len(text) - 1))
    text[at] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(NotProven):
        believed(bytes(text), TRUST)


@given(st.integers(2, 20), st.data())
def test_a_receipt_cannot_be_put_together_of_two(count: int, draw: st.DataObject) -> None:
    """The place and the hash of one entry with the path of another promise nothing."""
    one, two = draw.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True))
    receipts = [read_receipt(text) for text in promised(5, count)]
    mixed = SignedReceipt(
        receipts[one].index, receipts[two].leaf_hash, receipts[one].path, receipts[one].note
    )
    with pytest.raises(NotProven, match=f"does not promise the entry {receipts[one].index}"):
        believed(bytes(mixed), TRUST)


def test_without_the_path_being_checked_a_forged_receipt_would_be_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mutant that the tests above must catch: the signature alone says nothing of the entry."""
    text = promised(5, 8)[3].replace(b"index 8", b"index 9")
    assert not believes(TRUST, text)
    monkeypatch.setattr(signed_receipt, check_inclusion.__name__, lambda *_: None)
    assert believes(TRUST, text)


@pytest.mark.parametrize(
    ("trusted", "why"),
    [
        (LogKey(Signer(key_name("ladders/e"), seed("receipts")).key), "of the log `ladders/test`, for which"),
        (LogKey(Signer(key_name(NAME), seed("other")).key), "is not signed by a key of receipts"),
        (LogKey(SIGNER.key, 0, 12), "that the trust file allows at 13 entries"),
        (LogKey(SIGNER.key, 14), "that the trust file allows at 13 entries"),
    ],
)  # fmt: skip
def test_only_a_key_of_receipts_of_this_log_and_size_is_believed(trusted: LogKey, why: str) -> None:
    """A key that was replaced promises nothing more, nor does that of another log."""
    [*_, text] = promised(5, 8)
    assert believes(Trust(TRUST.logs, receipts=(LogKey(SIGNER.key, 13, 13),)), text)
    with pytest.raises(NotProven, match=why):
        believed(text, Trust(TRUST.logs, receipts=(trusted,)))


def test_a_key_of_checkpoints_signs_no_receipt_and_the_other_way_round() -> None:
    """Each worker holds the key of receipts; whoever has it must not speak for the whole log."""
    [text] = promised(5, 1, signer=log_signer())
    assert not believes(TRUST, text)
    with pytest.raises(NotProven):
        TRUST.check(bytes(signed(f"{NAME}\n1\n{'A' * 43}=\n".encode(), [SIGNER])))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"index 7", b"index 07"),
        (b"index 7\n", b"index 7\nindex 7\n"),
        (b"receipt/v1\n", b"receipt/v2\n"),
        (b"\n5\n8\n", b"\n5\n0\n"),
        (b"\n5\n8\n", b"\n5\n9\n"),
        (b"\n5\n8\n", b"\n05\n8\n"),
        (b"\n1795798504984615\n", b"\n999999999999999999\n"),
        (b"\n1795798504984615\n", b"\n1795798504984615\nmore\n"),
        (b"ladders-receipt@v1", b"\xff"),
        (b"leaf ", b"leaf \xc3\xa9"),
    ],
)
def test_what_is_no_receipt_is_refused_even_if_it_is_signed(old: bytes, new: bytes) -> None:
    """One text has one meaning."""
    text = promised(5, 8)[2].replace(old, new)
    assert old in promised(5, 8)[2]
    head, _, note = text.partition(b"\n\n")
    resigned = bytes(signed(note.partition(b"\n\n")[0] + b"\n", [SIGNER]))
    with pytest.raises(NotProven):
        believed(head + b"\n\n" + resigned, TRUST)


def test_the_receipt_in_the_description_of_the_format_is_one() -> None:
    """Whoever writes a checker of their own tries it on that one first."""
    page = Path(__file__).parents[2].joinpath("docs/verdict-log.md").read_text("utf-8")
    [text] = re.findall(r"```\n(ladders-receipt@v1\n.*?)```", page, re.DOTALL)
    [vkey] = re.findall(r"key `(ladders/\S+/receipts\+\S+)`", page)
    read = believed(
        text.encode(), read_trust(f"log {log_signer().key.vkey}\n#! receipts {vkey}\nquorum none\n")
    )
    assert (read.index, len(read.path), read.promise.count) == (88121, 3, 8)


def test_only_what_was_committed_together_and_side_by_side_shares_a_group() -> None:
    """A store may need several transactions for what it is given, and another process may write between
    them.
    """
    calls = [
        [sealed(number * 10 + at) for at in range(count)] for number, count in enumerate((1, 2, 1, 3, 1))
    ]
    given_out: list[Answer] = [Written(9, 70), Written(5, 50), Held((3,)), Written(10, 70), Written(7, 60)]
    answers = in_groups(calls, given_out, None)
    assert answers == given_out
    groups = [each.group if isinstance(each, Written) else None for each in answers]
    assert groups[0] is groups[3]
    assert [(each.first, each.count, each.committed_us) for each in groups if each] == [
        (9, 4, 70),
        (5, 2, 50),
        (9, 4, 70),
        (7, 1, 60),
    ]
    together = [each.leaf_hash for each in (*calls[0], *calls[3])]
    assert groups[0] is not None
    assert groups[0].root() == root_over(together)


# ── a log ──


@pytest.fixture(params=["embedded", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Log]:
    """Opens a log, again and again."""
    keys = tmp_path / "keys"
    place: Place = tmp_path / "log.db"
    if request.param == "postgres":
        cluster: Cluster = request.getfixturevalue("cluster")
        from service.ledger.address import Address

        place = Address(cluster.url(new_log(cluster), "service"))
        shutil.copytree(cluster.keys, keys)
    return lambda: a_log(place, keys)


def test_each_of_many_callers_gets_a_receipt_that_is_believed(
    store: Callable[[], Log], tmp_path: Path
) -> None:
    """Written together or alone, by one process or two, in either store."""
    with closing(store()) as log, closing(store()) as second, ThreadPoolExecutor(8) as threads:

        def one(number: int) -> list[tuple[Receipt, bytes]]:
            each = second if number % 5 == 0 else log
            count = 1 + number % 3
            receipts = each.append([a_record(number * 10 + at) for at in range(count)])
            return [(receipt, each.signed(receipt)) for receipt in receipts]

        given_out = [pair for pairs in threads.map(one, range(60)) for pair in pairs]
        trust = read_trust(str(trust_of(log, LogKeys(tmp_path / "keys"), None, ())))
        for receipt, text in given_out:
            read = believed(text, trust)
            assert (read.index, f"sha256:{read.leaf_hash.hex()}") == (receipt.index, receipt.leaf_hash)
            assert read.committed_at <= receipt.committed_at
            assert outcome(text, log) == OK
        assert any(read_receipt(text).promise.count > 1 for _, text in given_out)
        assert len(log.find(Wanted(kind="key"))) == 1
        assert len(trust.receipts) == 1


def test_a_store_says_what_it_grew_to_unless_somebody_else_wrote(store: Callable[[], Log]) -> None:
    """So that signing need not read the head again, which would cost more than all else of it."""
    with closing(store()) as log, closing(store()) as second:
        for number in range(4):
            each = second if number == 2 else log
            *_, receipt = each.append([a_record(number * 10 + at) for at in range(3)])
            assert receipt.group is not None
            assert receipt.group.frontier is not None
            head = log.head()
            assert (receipt.group.frontier.size, receipt.group.frontier.root()) == (head.size, head.root)


def test_what_was_recorded_before_gets_a_receipt_for_itself(store: Callable[[], Log], tmp_path: Path) -> None:
    """The first answer was lost on its way, and with it the receipt."""
    with closing(store()) as log:
        log.append([a_record(number) for number in range(3)])
        [again] = log.append([a_record(1)])
        text = log.signed(again)
        trust = read_trust(str(trust_of(log, LogKeys(tmp_path / "keys"), None, ())))
        read = believed(text, trust)
        assert (read.index, read.promise.count, read.path) == (again.index, 1, ())
        entry = log.entry(again.index)
        assert entry is not None
        assert believed(log.signed(entry.receipt), trust).leaf_hash == read.leaf_hash
        assert read.committed_at == again.committed_at


def test_a_log_that_is_only_read_promises_nothing(tmp_path: Path) -> None:
    """An auditor's copy must not speak for the log."""
    with closing(opened(tmp_path / "log.db")) as log:
        [receipt] = log.append([a_record()])
    with closing(read_log(tmp_path / "log.db")) as log, pytest.raises(LogUnavailable, match="to be read"):
        log.signed(receipt)


def test_the_entry_that_names_the_key_stands_in_all_that_it_signs(tmp_path: Path) -> None:
    """Also for what was written before anybody asked: the trust file allows the key only from there on."""
    database = tmp_path / "log.db"
    with closing(opened(database)) as log:
        before = [receipt for number in range(5) for receipt in log.append([a_record(number)])]
        texts = [log.signed(receipt) for receipt in before]
        [after] = log.append([a_record(50)])
        texts.append(log.signed(after))
        assert all(believes(trust(log, database), text) for text in texts)
        assert min(read_receipt(text).promise.size for text in texts) == 6
        [entry] = log.find(Wanted(kind="key"))
        assert orjson.loads(entry.leaf)["detail"]["receipts"] == {
            "vkey": trust(log, database).receipts[0].key.vkey
        }
    with closing(opened(database)) as log:  # another process finds it named
        [receipt] = log.append([a_record(51)])
        assert believes(trust(log, database), log.signed(receipt))
        assert len(log.find(Wanted(kind="key"))) == 1


def test_a_log_of_an_earlier_release_gets_its_key_when_it_is_opened(tmp_path: Path) -> None:
    """Nobody has to run a command for it."""
    database = tmp_path / "log.db"
    opened(database).close()
    (tmp_path / "keys/receipt.key").unlink()  # as the release before left it
    read_log(database).close()
    assert not (tmp_path / "keys/receipt.key").exists()
    with closing(opened(database)) as log:
        assert (tmp_path / "keys/receipt.key").stat().st_mode & 0o777 == 0o400
        before = trust(log, database)
        [receipt] = log.append([a_record()])
        text = log.signed(receipt)
        assert (believes(before, text), believes(trust(log, database), text)) == (True, True)


def test_a_key_that_cannot_be_made_or_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    """The operator reads this at the start, or in the service's log."""
    with pytest.raises(LogUnavailable, match=r"cannot make the key .*receipt\.key.*let Ladders write"):
        ReceiptKey(tmp_path / "missing", NAME).make(os.urandom)
    with pytest.raises(LogUnavailable, match=r"receipt\.key` cannot be read .*backup"):
        ReceiptKey(tmp_path, NAME).present()
    (tmp_path / "receipt.key").write_bytes(b"short")
    with pytest.raises(LogUnavailable, match="not a key of 32 bytes"):
        ReceiptKey(tmp_path, NAME).present()


# ── what became of it ──


def _decided_otherwise(row: Row) -> Row:
    return {**row, "leaf": row["leaf"].replace(b'"not_eligible"', b'"eligible"')}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda rows: [_decided_otherwise(row) if row["seq"] == 7 else row for row in rows], TAMPERED),
        (lambda rows: [other(row, record_id(99)) if row["seq"] == 7 else row for row in rows], TAMPERED),
        (lambda rows: [row for row in rows if row["seq"] != 3], ROLLED_BACK),
        (lambda rows: [rows[0], *rows], TAMPERED),
        (lambda rows: [_decided_otherwise(row) if row["seq"] == 2 else row for row in rows], TAMPERED),
        (lambda rows: rows[:7], ROLLED_BACK),
        (lambda rows: [*rows, rows[0]], OK),
    ],
    ids=["changed", "replaced", "removed before", "added before", "changed before", "cut off", "goes on"],
)  # fmt: skip
def test_a_log_rewritten_before_any_checkpoint_is_caught_by_a_receipt(
    tmp_path: Path, change: Callable[[list[Row]], list[Row]], found: int
) -> None:
    """Nothing had left the machine but the answer to one caller. All else is made to fit, so verifying finds
    nothing; the receipt does, whatever in the log was changed.
    """
    database = tmp_path / "log.db"
    with closing(opened(database)) as log:
        [warm] = log.append([a_record(0)])
        log.signed(warm)  # the key is named now, in entry 1
        receipts = log.append([a_record(number) for number in range(1, 9)])
        text = log.signed(receipts[5])
        trusted = trust(log, database)
        assert outcome(text, log) == OK
        assert log.last_checkpoint() is None

    def renamed(rows: list[Row]) -> list[Row]:
        return [{**row, "id": f"{at}-{row['id']}"} for at, row in enumerate(change(rows))]

    rewrite(database, renamed)
    with closing(read_log(database)) as log:
        assert verify_log(log).outcome == OK
        assert receipts[5].index == 7
        assert believed(text, trusted).index == 7
        assert outcome(text, log) == found


def test_a_receipt_of_another_log_proves_nothing_against_this_one(tmp_path: Path) -> None:
    """A mistaken accusation would be as bad as a missed one."""
    with closing(opened(tmp_path / "log.db")) as log:
        log.append([a_record(number) for number in range(3)])
        tree = replace(present_tree(log), origin="ladders/e")
        with pytest.raises(NotProven, match="is of the log `ladders/test`, and this is `ladders/e`"):
            held_against(read_receipt(promised(0, 1)[0]), tree)


# ── other keys ──


def test_the_key_changes_with_that_of_the_log_while_the_service_goes_on(tmp_path: Path) -> None:
    """What either key promised stays provable, and the old one promises nothing new."""
    database = tmp_path / "log.db"
    keys, anchor = LogKeys(tmp_path / "keys"), Anchor(tmp_path / "anchor")
    with closing(opened(database)) as service, closing(opened(database)) as operator:
        [waiting] = service.append([a_record(0)])
        [first] = service.append([a_record(1)])
        texts = [service.signed(first)]
        old = ReceiptKey(tmp_path / "keys", NAME).present()
        before = trust(service, database)
        publisher(service, tmp_path).publish()
        new_key(operator, keys, anchor, circumstances())
        [second] = service.append([a_record(2)])
        texts += [service.signed(waiting), service.signed(second)]
        after = trust(service, database)
        assert [believes(before, text) for text in texts] == [True, False, False]
        assert [believes(after, text) for text in texts] == [True, True, True]
        [was, now] = after.receipts
        assert (was.key, was.last, now.last) == (old.key, 3, None)
        assert now.key != old.key
        head = service.head()
        late = Promise(NAME, second.index, 1, b"x" * 32, head.size, head.root, 1)
        forged = written(second.index, b"x" * 32, [], bytes(signed(late.text, [old])))
        assert (believes(before, forged), believes(after, forged)) == (True, False)
        retire_key(operator, keys, anchor, circumstances())
        assert trust(service, database).receipts == after.receipts
        assert not [path for path in (tmp_path / "keys").iterdir() if "next" in path.name]


def test_what_a_log_promised_before_a_loss_stays_provable_after_it_was_accepted(tmp_path: Path) -> None:
    """The operator may go on, but not have the lost promises forgotten."""
    database = tmp_path / "log" / "log.db"
    with closing(opened(database)) as log:
        log.append([a_record(number) for number in range(5)])
    backup = copied(database, tmp_path / "backup")
    with closing(opened(database)) as log:
        [lost] = log.append([a_record(77)])
        text = log.signed(lost)
        publisher(log, database.parent).publish()
    shutil.copy(database.parent / "anchor", backup.parent / "anchor")
    with closing(opened(backup)) as log:
        accept_rollback(
            log, LogKeys(backup.parent / "keys"), Anchor(backup.parent / "anchor"), "lost", circumstances()
        )
        [new] = log.append([a_record(78)])
        again = log.signed(new)
        trusted = trust(log, backup)
        assert believes(trusted, text)
        assert believes(trusted, again)
        assert (outcome(text, log), outcome(again, log)) == (TAMPERED, OK)
        assert len(trusted.receipts) == 2
