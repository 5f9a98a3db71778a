"""Trust: an auditor believes exactly the keys, sizes and witnesses that the trust file names."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from service.errors import NotProven
from service.ledger.note import COSIGNATURE, ML_DSA_COSIGNATURE
from service.ledger.trust import LogKey, Trust, read_trust
from tests.ledger.signing import Witness, checkpoint, log_signer

ROOT = sha256(b"root").digest()
OLD, NEW, STRANGER = log_signer("old"), log_signer("new"), log_signer("stranger")
WITNESSES = {
    name: Witness(f"{name}.example", ML_DSA_COSIGNATURE if name == "X3" else COSIGNATURE)
    for name in ("X1", "X2", "X3", "Y1", "Y2")
}
POLICY = (
    (Path(__file__).parent / "vectors/policy.txt")
    .read_text()
    .format(old=OLD.key.vkey, new=NEW.key.vkey, **{name: each.key.vkey for name, each in WITNESSES.items()})
)
TRUST = read_trust(POLICY)
SMALL = f"log {OLD.key.vkey}\nwitness w {WITNESSES['X1'].key.vkey}\n"


@pytest.mark.parametrize(
    ("who", "enough"),
    [
        ("", False),
        ("X1", False),
        ("X1 X2", False),
        ("X1 X2 Y1", True),
        ("X3 X2 Y2", True),
        ("X1 Y1 Y2", False),
    ],
)
def test_the_quorum_is_the_one_that_the_file_asks_for(who: str, enough: bool) -> None:
    """Two of three here and one of two there; neither side can stand in for the other."""
    note = checkpoint(50, ROOT, OLD)
    note = note.with_more(WITNESSES[name].cosign(note) for name in who.split())
    believed = TRUST.check(bytes(note))
    assert (set(believed.cosigned), believed.enough) == (set(who.split()), enough)


def test_a_replaced_key_is_believed_for_its_own_sizes_alone() -> None:
    """Both sign while they overlap; whoever steals the old one afterwards cannot extend the log with it."""
    for size, accepted in ((0, [OLD]), (79, [OLD]), (80, [OLD, NEW]), (99, [OLD, NEW]), (100, [NEW])):
        for signer in (OLD, NEW):
            note = bytes(checkpoint(size, ROOT, signer))
            if signer in accepted:
                TRUST.check(note)
            else:
                with pytest.raises(NotProven, match=f"checkpoint of {size} entries is not signed"):
                    TRUST.check(note)
        TRUST.check(bytes(checkpoint(size, ROOT, OLD, NEW, STRANGER)))


def test_an_unknown_key_and_another_log_are_refused() -> None:
    """A valid signature by somebody else is no reason to believe."""
    with pytest.raises(NotProven, match="is not signed by a key"):
        TRUST.check(bytes(checkpoint(50, ROOT, STRANGER)))
    with pytest.raises(NotProven, match="of the log `ladders/other`"):
        TRUST.check(bytes(checkpoint(50, ROOT, log_signer("old", "ladders/other"), origin="ladders/other")))


def test_a_log_key_cannot_cosign_and_a_witness_cannot_sign() -> None:
    """Otherwise the log could witness itself."""
    with pytest.raises(NotProven, match="line 2 of the trust file: the key of a witness"):
        read_trust(f"log {OLD.key.vkey}\nwitness w {NEW.key.vkey}\nquorum w\n")
    with pytest.raises(NotProven, match="line 1 of the trust file: the key of a log"):
        read_trust(f"log {WITNESSES['X1'].key.vkey}\nquorum none\n")


def test_the_file_is_written_as_it_is_read() -> None:
    """`ladders log trust` writes it, an auditor keeps it for years."""
    assert read_trust(str(TRUST)) == TRUST
    assert TRUST.origins == {OLD.key.name}
    alone = Trust((LogKey(OLD.key),))
    assert str(alone) == f"log {OLD.key.vkey}\nquorum none\n"
    assert read_trust(str(alone)).check(bytes(checkpoint(5, ROOT, OLD))).enough


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("quorum none\n", "names no log"),
        (f"log {OLD.key.vkey}\n", "names no quorum"),
        (f"log {OLD.key.vkey}\nlog {OLD.key.vkey}\nquorum none\n", "line 2 .*twice"),
        (f"log {OLD.key.vkey} a b\nquorum none\n", "line 1 .*write `log VKEY`"),
        (f"{SMALL}quorum w\nquorum w\n", "line 4 .*named already"),
        (f"{SMALL}quorum v\n", "line 3 .*`v` is not defined above"),
        (f"{SMALL}group w any w\nquorum w\n", "line 3 .*`w` is taken"),
        (f"{SMALL}group g 2 w\nquorum g\n", "line 3 .*from 1 to 1"),
        (f"{SMALL}group g 0 w\nquorum g\n", "line 3 .*from 1 to 1"),
        (f"{SMALL}group g any\nquorum g\n", "line 3 .*write `log VKEY`"),
        (f"{SMALL}group g any w\ngroup h any w\nquorum h\n", "line 4 .*counts once"),
        (f"{SMALL}group g any none\nquorum g\n", "line 3 .*`none` is not defined"),
        (f"#! sizes 5\n{SMALL}quorum w\n", "line 1 .*sizes FROM TO"),
        (f"#! size 5 9\n{SMALL}quorum w\n", "line 1 .*sizes FROM TO"),
        (f"{SMALL}#! sizes 5 9\nquorum w\n", "line 4 .*directly above a `log`"),
        (f"{SMALL}quorum w\n#! sizes 5 9\n", "ends with"),
        (f"{SMALL}quorum w\x07\n", "line 3 .*character"),
        ("log nonsense\nquorum none\n", "line 1 "),
    ],
)
def test_what_is_no_trust_file_is_refused_with_the_line(text: str, why: str) -> None:
    """A slip in this file would be a slip in what is believed."""
    with pytest.raises(NotProven, match=why):
        read_trust(text)
