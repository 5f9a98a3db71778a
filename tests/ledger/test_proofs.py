"""Proofs are those of RFC 6962, for every size and place, and nothing else passes for one."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import LogUnavailable, NotProven
from service.ledger.merkle import entry_hash
from service.ledger.proofs import (
    EMPTY,
    check_consistency,
    check_inclusion,
    consistency,
    inclusion,
    root_at,
)
from tests.ledger.trees import Memory, Naive, leaves

MOST = 300  #: entries; more than one full tile
MADE = {*range(70), *range(254, 260), MOST}  #: sizes for which every proof is also made from tiles
VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors/proofs.json").read_text())
PUBLISHED = [entry_hash(bytes.fromhex(entry)) for entry in VECTORS["entries"]]
TREE = leaves(MOST)
NAIVE, STORED = Naive(TREE), Memory(TREE)
LARGE = leaves(70_000)
LARGE_NAIVE, LARGE_STORED = Naive(LARGE), Memory(LARGE)


def proves(old: int, new: int, was: bytes, root: bytes, proof: list[bytes]) -> bool:
    """Whether a consistency proof is accepted."""
    try:
        check_consistency(old, new, was, root, proof)
    except NotProven:
        return False
    return True


def places(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Whether an inclusion proof is accepted."""
    try:
        check_inclusion(leaf, index, size, proof, root)
    except NotProven:
        return False
    return True


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda v: f"{v['index']} of {v['size']}")
def test_the_published_inclusion_proofs_are_ours_and_accepted(vector: dict[str, Any]) -> None:
    """An auditor's own tools must read our proofs, and we theirs."""
    proof, root = [b64decode(each) for each in vector["proof"]], b64decode(vector["root"])
    assert inclusion(Memory(PUBLISHED), vector["index"], vector["size"]) == proof
    check_inclusion(b64decode(vector["leaf"]), vector["index"], vector["size"], proof, root)


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda v: f"{v['old']} to {v['new']}")
def test_the_published_consistency_proofs_are_ours_and_accepted(vector: dict[str, Any]) -> None:
    """As above, between two sizes."""
    proof = [b64decode(each) for each in vector["proof"]]
    roots = b64decode(vector["old_root"]), b64decode(vector["new_root"])
    assert consistency(Memory(PUBLISHED), vector["old"], vector["new"]) == proof
    check_consistency(vector["old"], vector["new"], *roots, proof)


def test_every_entry_of_every_size_has_its_proof() -> None:
    """All pairs up to 300 are accepted, and for no neighbour; what is made is what the standard says."""
    for size in range(1, MOST + 1):
        root = NAIVE.root(0, size)
        assert root_at(STORED, size) == root
        for index in range(size):
            proof = NAIVE.path(index, 0, size)
            if size in MADE:
                assert inclusion(STORED, index, size) == proof
            check_inclusion(TREE[index], index, size, proof, root)
            assert not places(TREE[index], index + 1, size, proof, root)


def test_every_size_is_proved_to_begin_with_every_smaller_one() -> None:
    """All pairs up to 300, as above."""
    for new in range(MOST + 1):
        root = NAIVE.root(0, new)
        for old in range(new + 1):
            proof = NAIVE.proof(old, new) if old else []
            if new in MADE:
                assert consistency(STORED, old, new) == proof
            check_consistency(old, new, NAIVE.root(0, old), root, proof)
            if 0 < old < new:
                assert not proves(old, new, NAIVE.root(0, old - 1), root, proof)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 31, 33])
def test_a_proof_with_any_hash_changed_proves_nothing(size: int) -> None:
    """Each of its hashes counts: none may be another, be missing, or come twice."""
    root = NAIVE.root(0, size)
    for index in range(size):
        for wrong in spoilt(inclusion(STORED, index, size)):
            assert not places(TREE[index], index, size, wrong, root)
    for old in range(1, size):
        for wrong in spoilt(consistency(STORED, old, size)):
            assert not proves(old, size, NAIVE.root(0, old), root, wrong)


def spoilt(proof: list[bytes]) -> list[list[bytes]]:
    """Every proof that differs from a valid one in one hash."""
    changed = [bytes([each[0] ^ 1]) + each[1:] for each in proof]
    wrong = [[*proof[:at], changed[at], *proof[at + 1 :]] for at in range(len(proof))]
    wrong += [[*proof[:at], *proof[at + 1 :]] for at in range(len(proof))]
    wrong += [[*proof[:at], EMPTY, *proof[at:]] for at in range(len(proof) + 1)]
    return wrong


@given(st.data())
def test_proofs_over_several_levels_of_tiles_are_those_of_the_standard(data: st.DataObject) -> None:
    """Sizes at which tiles are full on two levels; whatever is changed in question or proof is refused."""
    size = data.draw(st.integers(1, len(LARGE)))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root, was = LARGE_NAIVE.root(0, size), LARGE_NAIVE.root(0, old)
    placed, grown = inclusion(LARGE_STORED, index, size), consistency(LARGE_STORED, old, size)
    assert placed == LARGE_NAIVE.path(index, 0, size)
    assert grown == LARGE_NAIVE.proof(old, size)
    check_inclusion(LARGE[index], index, size, placed, root)
    check_consistency(old, size, was, root, grown)
    elsewhere = data.draw(st.integers(0, size + 5).filter(lambda other: other != index))
    assert not places(LARGE[index], elsewhere, size, placed, root)
    if placed:
        assert not places(LARGE[index], index, size, data.draw(st.sampled_from(spoilt(placed))), root)
    if old < size:
        assert not proves(old, size, root, was, grown)
        assert not proves(old, size, was, root, data.draw(st.sampled_from(spoilt(grown))))


@given(st.integers(1, len(LARGE)), st.data())
def test_a_proof_reads_at_most_two_tiles_of_each_level(size: int, data: st.DataObject) -> None:
    """That is what makes it take the same time in a log of ten million: the way up, and the right edge."""
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    for ask, at in ((inclusion, index), (consistency, old)):
        LARGE_STORED.reads.clear()
        assert len(ask(LARGE_STORED, at, size)) <= 18
        levels = [level for level, _ in LARGE_STORED.reads]
        assert all(levels.count(level) <= 2 for level in set(levels))
        assert len(LARGE_STORED.reads) == len(set(LARGE_STORED.reads))


def test_a_question_that_has_no_answer_is_refused() -> None:
    """An entry that is not there has no proof, and a log cannot have begun with a larger one."""
    for ask, at in ((inclusion, 5), (inclusion, -1), (consistency, 6)):
        with pytest.raises(ValueError, match="log of 5"):
            ask(STORED, at, 5)
    assert not places(TREE[0], 0, 0, [], EMPTY)
    assert not proves(6, 5, NAIVE.root(0, 6), NAIVE.root(0, 5), [])


def test_the_empty_log_begins_every_log_and_has_one_root() -> None:
    """Otherwise anything could be said to have been there before the first entry."""
    check_consistency(0, 5, EMPTY, NAIVE.root(0, 5), [])
    assert not proves(0, 5, TREE[0], NAIVE.root(0, 5), [])
    assert not proves(0, 5, EMPTY, NAIVE.root(0, 5), [TREE[0]])
    assert root_at(STORED, 0) == EMPTY


def test_a_store_that_lacks_a_part_of_the_tree_is_reported() -> None:
    """A missing row must not become a wrong root in silence."""
    with pytest.raises(LogUnavailable, match="tile 1 on level 0"):
        root_at(STORED, MOST + 1)
