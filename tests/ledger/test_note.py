"""Signed notes and checkpoints are those of C2SP, so that what leaves the box can be read without us."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from service.errors import NotProven
from service.ledger.checkpoint import Checkpoint, read_checkpoint
from service.ledger.note import (
    COSIGNATURE,
    ED25519,
    ML_DSA_COSIGNATURE,
    Key,
    Signer,
    cosigned_text,
    decoded,
    read_note,
    read_vkey,
    signed,
)
from service.ledger.proof_file import ProofFile, read_proof_file
from service.ledger.proofs import inclusion
from tests.ledger.signing import ORIGIN, Witness, checkpoint, log_signer
from tests.ledger.trees import Memory, Naive, leaves

VECTORS = Path(__file__).parent / "vectors"
ROOT = sha256(b"root").digest()


def vector(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return found


def test_the_published_note_is_signed_to_the_byte_and_accepted() -> None:
    """Ed25519 is deterministic: whoever signs the same text with the same key writes the same note."""
    given = vector("note")
    _, _, name, _, key64 = given["skey"].split("+", 4)
    signer = Signer(name, decoded(key64, 33)[1:])
    assert signer.key.vkey == given["vkey"]
    note = read_note(given["note"].encode())
    assert bytes(signed(note.text, [signer])) == signer.note(note.text) == given["note"].encode()
    assert note.checked([read_vkey(given["vkey"])]) == {signer.key: None}


def test_the_published_checkpoint_is_read() -> None:
    """The example of the specification, with the time of its cosignature and the text that was cosigned."""
    given = vector("cosignature")
    read = read_checkpoint(given["checkpoint"].encode())
    assert (read.checkpoint.origin, read.checkpoint.size) == (given["origin"], given["size"])
    assert bytes(read.note) == given["checkpoint"].encode()
    assert read.checkpoint.text == read.note.text
    when = int.from_bytes(read.note.signatures[1].content[:8], "big")
    assert when == given["timestamp"]
    assert cosigned_text(read.note.text, when) == given["cosigned"].encode()


def test_the_published_ml_dsa_signature_is_accepted() -> None:
    """Witnesses move to ML-DSA-44; their cosignatures count from the first day."""
    given = vector("mldsa")
    private = MLDSA44PrivateKey.from_seed_bytes(bytes.fromhex(given["seed"]))
    key = Key(given["name"], ML_DSA_COSIGNATURE, private.public_key().public_bytes_raw())
    assert key.id.hex() == given["key_id"]
    assert key.vkey.startswith(f"{given['name']}+{given['key_id']}+{given['public_begins']}")
    assert read_vkey(key.vkey) == key
    note = read_checkpoint((VECTORS / "mldsa-checkpoint.txt").read_bytes()).note
    assert note.checked([key]) == {key: 0}
    moved = read_checkpoint(bytes(note).replace(b"\n1\n", b"\n2\n", 1)).note
    with pytest.raises(NotProven, match=r"example\.com/mldsa-log"):
        moved.checked([key])


@pytest.mark.parametrize("kind", [COSIGNATURE, ML_DSA_COSIGNATURE])
def test_a_cosignature_says_when_it_was_given_and_holds_for_that_time_alone(kind: int) -> None:
    """The time is signed too, so nobody can make an old cosignature look new."""
    witness = Witness("witness.example/w1", kind)
    note = checkpoint(7, ROOT)
    line = witness.cosign(note, 1_790_000_000)
    assert note.with_more([line]).checked([witness.key]) == {witness.key: 1_790_000_000}
    later = line.content[:7] + bytes([line.content[7] ^ 1]) + line.content[8:]
    forged = type(line)(line.name, line.key_id, later)
    with pytest.raises(NotProven, match=r"witness\.example/w1"):
        note.with_more([forged]).checked([witness.key])


def test_a_signature_by_an_unknown_key_is_passed_over_and_a_wrong_one_by_a_known_key_is_not() -> None:
    """The first allows other witnesses and the next key; the second is an attack or a broken file."""
    ours, theirs = log_signer(), log_signer("other")
    note = checkpoint(7, ROOT, ours, theirs)
    assert note.checked([ours.key]) == {ours.key: None}
    assert note.checked([]) == {}
    first = note.signatures[0]
    wrong = type(first)(first.name, first.key_id, bytes(64))
    with pytest.raises(NotProven, match=ORIGIN):
        note.with_more([wrong]).checked([ours.key])


@given(st.data())
def test_a_note_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    """Text and signature hold each other fast."""
    signer = log_signer()
    written = bytes(checkpoint(7, ROOT))
    at = data.draw(st.integers(0, len(written) - 1))
    changed = written[:at] + bytes([written[at] ^ data.draw(st.integers(1, 255))]) + written[at + 1 :]
    try:
        found = read_checkpoint(changed).note.checked([signer.key])
    except NotProven:
        return
    assert found == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\nno signature\n",
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— name AAAAAAA=".encode(),
        "text\n\n— na+me AAAAAAA=\n".encode(),
        "text\n\n— name AAAAAAA= \n".encode(),
        "te\txt\n\n— name AAAAAAA=\n".encode(),
        b"text\xff\n\n\xe2\x80\x94 name AAAAAAA=\n",
        "text\n\n— name AAAAAAB=\n".encode(),
        ("text\n\n" + "— name AAAAAAA=\n" * 65).encode(),
    ],
)
def test_what_is_no_note_is_refused(content: bytes) -> None:
    """Two readers must never see two notes in the same bytes."""
    with pytest.raises(NotProven):
        read_note(content)


@pytest.mark.parametrize(
    "text",
    [
        "log\n1\n",
        "log\n01\n{root}\n",
        "log\n-1\n{root}\n",
        "log\n1\nAAAA\n",
        "log\n1\n{root}\nmore\n",
        "\n1\n{root}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """Origin, size and root, a line each, and nothing that only we could read."""
    root = Checkpoint("log", 1, ROOT).text.decode().split("\n")[2]
    with pytest.raises(NotProven):
        read_checkpoint(bytes(signed(text.format(root=root).encode(), [log_signer()])))


@pytest.mark.parametrize(
    "vkey",
    [
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_what_is_no_key_is_refused(vkey: str) -> None:
    """A typing error in a trust file must not become a key that nobody has."""
    with pytest.raises(NotProven):
        read_vkey(vkey)


def test_a_key_needs_a_name_that_fits_into_a_note() -> None:
    """A space or a plus sign would end the name early."""
    for name in ("", "a b", "a+b"):
        with pytest.raises(ValueError, match="name of a key"):
            Key(name, ED25519, bytes(32))


def test_a_proof_file_is_read_as_it_was_written_and_proves_its_entry_alone() -> None:
    """What an employee is handed must stand for itself, offline."""
    tree = leaves(300)
    note = checkpoint(300, Naive(tree).root(0, 300))
    proof = tuple(inclusion(Memory(tree), 41, 300))
    for extra in (b"", b"context"):
        written = ProofFile(41, proof, read_checkpoint(bytes(note)), extra)
        read = read_proof_file(bytes(written))
        assert read == written
        read.check(tree[41])
        with pytest.raises(NotProven, match="entry 41"):
            read.check(tree[42])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tlog-proof@v1", "tlog-proof@v2"),
        ("index 41", "index 041"),
        ("index 41\n", ""),
        ("\n\n", "\n\n\n"),
        ("=\n", "\n"),
    ],
)
def test_what_is_no_proof_file_is_refused(old: str, new: str) -> None:
    """A form that nobody agreed on proves nothing."""
    tree = leaves(300)
    note = checkpoint(300, Naive(tree).root(0, 300))
    written = bytes(ProofFile(41, tuple(inclusion(Memory(tree), 41, 300)), read_checkpoint(bytes(note))))
    with pytest.raises(NotProven):
        read_proof_file(written.decode().replace(old, new, 1).encode())
