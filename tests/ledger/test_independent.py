"""What leaves the box is accepted by Go's x/mod/sumdb, which nobody here wrote, and what is wrong is not."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from service.ledger.merkle import entry_hash
from service.ledger.note import Signer, encoded, read_note, read_vkey, signed
from service.ledger.proofs import consistency, inclusion, root_at
from service.ledger.tile_folder import tile_path
from tests.ledger.exported import leaves_of, write
from tests.ledger.independent import answers, built
from tests.ledger.signing import ORIGIN, Witness, checkpoint, log_signer, seed
from tests.ledger.trees import Memory, leaves

SIZES = (1, 2, 3, 5, 8, 200, 255, 256, 257, 300, 513, 1000)
TREE = leaves(SIZES[-1])
STORED = Memory(TREE)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("independent"))


def text(content: bytes) -> str:
    return b64encode(content).decode()


def inclusions() -> list[dict[str, Any]]:
    return [
        {
            "kind": "inclusion", "index": index, "size": size, "leaf": text(TREE[index]),
            "root": text(root_at(STORED, size)), "proof": [*map(text, inclusion(STORED, index, size))],
        }
        for size in SIZES
        for index in sorted({0, 1, size // 3, size // 2, size - 2, size - 1} & {*range(size)})
    ]  # fmt: skip


def consistencies() -> list[dict[str, Any]]:
    return [
        {
            "kind": "consistency", "old": old, "size": size, "was": text(root_at(STORED, old)),
            "root": text(root_at(STORED, size)), "proof": [*map(text, consistency(STORED, old, size))],
        }
        for size in SIZES
        for old in sorted({1, 2, size // 3, size // 2, size - 1, size} & {*range(1, size + 1)})
    ]  # fmt: skip


def test_our_proofs_are_accepted(program: Path) -> None:
    """Sizes around the edges of tiles and powers of two."""
    questions = inclusions() + consistencies()
    assert len(questions) > 100
    assert answers(program, questions) == ["ok"] * len(questions)


def test_our_proofs_are_refused_once_anything_in_them_is_changed(program: Path) -> None:
    """The other implementation must look, or its agreement says nothing."""
    wrong = []
    for question in inclusions() + consistencies():
        proof = question["proof"]
        wrong += [
            {**question, "proof": [*proof[:at], text(bytes(32)), *proof[at + 1 :]]}
            for at in range(len(proof))
        ]
        wrong.append({**question, "proof": [*proof, text(bytes(32))]})
    said = answers(program, wrong)
    assert len(said) > 500
    assert "ok" not in said


def test_our_checkpoints_are_accepted_under_the_key_that_we_hand_out(program: Path) -> None:
    """Also when another key of ours or a witness has signed beside it."""
    ours, witness = log_signer(), Witness("witness.example/w1")
    note = checkpoint(300, root_at(STORED, 300), ours, log_signer("next"))
    note = note.with_more([witness.cosign(note)])
    for key in (ours.key, log_signer("next").key):
        question = {"kind": "note", "vkey": key.vkey, "note": bytes(note).decode()}
        assert answers(program, [question]) == ["ok"]
        moved = {**question, "note": question["note"].replace("\n300\n", "\n301\n")}
        assert answers(program, [moved]) != ["ok"]


def test_their_notes_are_accepted_by_us_and_are_the_same_to_the_byte(program: Path) -> None:
    """The two agree in both directions: on the key's id, on what is signed, on how it is written."""
    key = Signer(ORIGIN, seed("theirs")).key
    secret = encoded(b"\x01" + seed("theirs"))
    said = f"{ORIGIN}\n5\n{text(bytes(32))}\n"
    question = {"kind": "sign", "skey": f"PRIVATE+KEY+{ORIGIN}+{key.id.hex()}+{secret}", "note": said}
    [made] = answers(program, [question])
    theirs = json.loads(made).encode()
    assert read_note(theirs).checked([read_vkey(key.vkey)]) == {key: None}
    assert theirs == bytes(signed(said.encode(), [Signer(ORIGIN, seed("theirs"))]))


@pytest.mark.parametrize("size", [1, 256, 1000])
def test_our_exports_are_read_through_their_tiles(program: Path, tmp_path: Path, size: int) -> None:
    """Every entry is found in its bundle and proved from tiles, by a reader that believes the root alone."""
    entries = leaves_of(size)
    export = write(tmp_path / "export", entries, [size])
    root = text(root_at(Memory([entry_hash(entry) for entry in entries]), size))
    question = {"kind": "tiles", "at": str(export), "size": size, "root": root}
    assert answers(program, [question]) == ["ok"]
    bundle = export / tile_path("entries", 0, min(size, 256))
    bundle.write_bytes(bundle.read_bytes().replace(b"entry-0", b"entry-O"))
    assert answers(program, [question]) == ["entry 0: invalid transparency proof"]
