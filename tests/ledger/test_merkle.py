"""Merkle hashes are those of RFC 6962, so that independent tools can check them."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.merkle import entry_hash, tree_root

# the well-known example entries and roots that implementations of RFC 6962 are tested with
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        *("", "00", "10", "2021", "3031", "40414243"),
        *("5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("size", ROOTS)
def test_the_roots_are_the_published_ones(size: int) -> None:
    """The standard's tree, bit for bit."""
    assert tree_root(ENTRIES[:size]).hex() == ROOTS[size]


def _by_definition(entries: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word: split at the largest power of two below the size."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return sha256(b"\x01" + _by_definition(entries[:split]) + _by_definition(entries[split:])).digest()


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_the_root_is_the_one_that_the_standard_defines(entries: list[bytes]) -> None:
    """Pairing level by level is faster than splitting, and must give the same tree for every size."""
    assert tree_root(entries) == _by_definition(entries)


def test_an_entry_cannot_pass_for_a_node() -> None:
    """Without the first byte, two hashes side by side would be an entry with the same hash as their node."""
    left, right = entry_hash(b"a"), entry_hash(b"b")
    assert entry_hash(left + right) != tree_root([b"a", b"b"])
