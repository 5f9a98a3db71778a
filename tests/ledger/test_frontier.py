"""The frontier: a tree that grows by its right edge alone is the tree over all of its leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import LogUnavailable
from service.ledger.frontier import Frontier, Full, frontier_of
from service.ledger.merkle import entry_hash, root_over

LEAVES = [entry_hash(number.to_bytes(4, "big")) for number in range(256 * 257 + 1)]


@given(st.lists(st.integers(0, 40), max_size=30))
def test_however_it_grows_the_root_is_that_of_the_whole_tree(steps: list[int]) -> None:
    """Groups of any size are committed one after the other; the root must not show where they ended."""
    frontier = Frontier()
    for step in steps:
        frontier, _ = frontier.extended(LEAVES[frontier.size : frontier.size + step])
        frontier = frontier_of(frontier.size, frontier.written())
    assert frontier.size == sum(steps)
    assert frontier.root() == root_over(LEAVES[: sum(steps)])


def test_tiles_become_full_in_order_each_with_the_root_over_its_hashes() -> None:
    """The root of a tile stands for 256 leaves on the level above, where 256 of them make the next tile."""
    frontier, full = Frontier().extended(LEAVES)
    roots = [root_over(LEAVES[start : start + 256]) for start in range(0, 256 * 257, 256)]
    below = [Full(0, index, root) for index, root in enumerate(roots)]
    assert full == [*below[:256], Full(1, 0, root_over(roots[:256])), below[256]]
    assert frontier.root() == root_over(LEAVES)


def test_a_frontier_that_does_not_fit_its_size_is_refused() -> None:
    """Entries would be put under a root that has nothing to do with the log."""
    frontier, _ = Frontier().extended(LEAVES[:7])
    with pytest.raises(LogUnavailable, match="does not fit its size"):
        frontier_of(8, frontier.written())
