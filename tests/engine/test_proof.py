"""Proofs must find every way in which rules could differ from what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.network import AtLeast, Measure, Network, Within, place, settle, tally
from service.engine.proof import Counts, group_probes, leaf_probes, prove, prove_groups, rounds
from service.errors import EngineFault
from tests.engine.networks import networks

LEAVES = (
    Within(3, None),
    Within(3, None),
    Within(None, 7),
    Within(3, 7),
    Within(4, 4),
    Within(3, None, ranged=True),
    Within(None, 7, ranged=True),
    Within(3, 7, ranged=True),
    Within(3, 4, ranged=True),
    Within(4, 4, ranged=True),
)


def meaning(network: Network) -> Callable[[Sequence[Measure]], str]:
    """An engine that decides as it should."""
    return lambda measures: settle(network, measures)


@given(networks())
def test_rules_that_are_right_pass(network: Network) -> None:
    """A proof that refuses what is right would keep a good policy from being loaded."""
    prove(network, meaning(network))


def _off_by_one() -> list[tuple[Within, Within]]:
    """Every leaf, with each of its ends moved by one both ways, as far as something still lies inside."""
    pairs: list[tuple[Within, Within]] = []
    for leaf in LEAVES:
        for low, high in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            at_least = None if leaf.at_least is None else leaf.at_least + low
            at_most = None if leaf.at_most is None else leaf.at_most + high
            if at_least is None or at_most is None or at_least <= at_most:
                pairs.append((leaf, Within(at_least, at_most, leaf.ranged)))
    return [(leaf, wrong) for leaf, wrong in pairs if leaf != wrong]


@pytest.mark.parametrize(("leaf", "wrong"), _off_by_one())
def test_a_boundary_that_is_off_by_one_is_found_out(leaf: Within, wrong: Within) -> None:
    """The likeliest fault of all, at every end of every shape of leaf, between others that are right."""
    right, off = (Network((*LEAVES[:3], node, *LEAVES[:2])) for node in (leaf, wrong))
    with pytest.raises(EngineFault, match="node 3 of 6"):
        prove(right, meaning(off))


@pytest.mark.parametrize("leaf", LEAVES)
@pytest.mark.parametrize("wrong", ["M", "N"])
def test_a_leaf_that_decides_without_a_measure_is_found_out(leaf: Within, wrong: str) -> None:
    """Missing is not false, and it is not true either."""
    with pytest.raises(EngineFault):
        prove(Network((leaf,)), lambda measures: wrong if measures[0] is None else place(leaf, measures[0]))


@pytest.mark.parametrize("leaf", [leaf for leaf in LEAVES if leaf.ranged])
@pytest.mark.parametrize("end", [0, 1])
def test_a_leaf_that_reads_one_value_of_a_range_is_found_out(leaf: Within, end: int) -> None:
    """A range may begin met and end unmet, or the other way round: neither of its ends alone decides."""

    def one_end(measures: Sequence[Measure]) -> str:
        measure = measures[0]
        return place(leaf, measure and (measure[end], measure[end]))

    with pytest.raises(EngineFault):
        prove(Network((leaf,)), one_end)


def test_leaves_that_read_each_others_measures_are_found_out() -> None:
    """Crossed wires show even between equal leaves, since no two lie idle at the same times."""
    network = Network(LEAVES)
    for one, other in permutations(range(len(LEAVES)), 2):

        def crossed(measures: Sequence[Measure], one: int = one, other: int = other) -> str:
            wired = list(measures)
            wired[one] = measures[other]
            return settle(network, wired)

        with pytest.raises(EngineFault, match=f"node {one} of"):
            prove(network, crossed)


@pytest.mark.parametrize("wrong", [AtLeast(1, (0, 1, 2)), AtLeast(3, (0, 1, 2)), AtLeast(2, (0, 1, ~2))])
def test_a_group_that_asks_for_something_else_is_found_out(wrong: AtLeast) -> None:
    """Groups are held against their meaning together with the leaves."""
    leaves = (Within(3, None), Within(None, 5), Within(3, 9))
    with pytest.raises(EngineFault, match="node 3 of 4"):
        prove(Network((*leaves, AtLeast(2, (0, 1, 2)))), meaning(Network((*leaves, wrong))))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.data())
def test_groups_whose_counts_turn_at_another_place_are_found_out(
    sizes: list[int], data: st.DataObject
) -> None:
    """One too many or too few, or the count of a neighbour."""
    groups = [AtLeast(data.draw(st.integers(1, size)), (0,) * size) for size in sizes]
    at = data.draw(st.integers(0, len(groups) - 1))
    other = data.draw(st.integers(0, len(groups) - 1))
    wrong_k = data.draw(st.integers(0, sizes[at] + 1).filter(lambda k: k != groups[at].k))

    def right(counts: Sequence[Counts]) -> str:
        return "".join(tally(g.k, len(g.of), *pair) for g, pair in zip(groups, counts, strict=True))

    def off(counts: Sequence[Counts]) -> str:
        letters = list(right(counts))
        letters[at] = tally(wrong_k, sizes[at], *counts[at])
        return "".join(letters)

    def crossed(counts: Sequence[Counts]) -> str:
        wired = list(counts)
        wired[at] = counts[other]
        return right(wired)

    prove_groups(groups, right)
    with pytest.raises(EngineFault, match=f"node {at} of"):
        prove_groups(groups, off)
    if at != other:
        with pytest.raises(EngineFault, match=f"node {at} of"):
            prove_groups(groups, crossed)


def test_an_answer_of_the_wrong_length_is_found_out() -> None:
    """Too short, and nothing at all."""
    network = Network(LEAVES)
    for cut in (len(LEAVES) - 1, 0):

        def short(measures: Sequence[Measure], cut: int = cut) -> str:
            return settle(network, measures)[:cut]

        with pytest.raises(EngineFault):
            prove(network, short)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 12, 24, 300])
def test_every_answer_is_shown_while_each_other_node_lies_idle(count: int) -> None:
    """This is what finds a single rule with a crossed wire: it cannot fire on a number that is not there."""
    nodes = [leaf_probes(LEAVES[i % len(LEAVES)]) for i in range(count)]
    shown: dict[int, list[int]] = {}  # for each answer of each node, the rounds in which it is shown
    idle = [0] * count  # for each node, the rounds in which it lies idle: both as bits
    for number, probes in enumerate(rounds(nodes, None)):
        for node, probe in enumerate(probes):
            if probe is None:
                idle[node] |= 1 << number
                continue
            for answer, wanted in enumerate(nodes[node]):
                if probe in wanted:
                    seen = shown.setdefault(node, [0] * len(nodes[node]))
                    seen[answer] |= 1 << number
    for node in range(count):
        for times in shown[node]:
            assert all(times & idle[other] for other in range(count) if other != node)
        assert all(idle[node] & ~idle[other] for other in range(count) if other != node)


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_probe_is_shown(leaf: Within) -> None:
    """A boundary that is never asked about is not proved."""
    nodes = [leaf_probes(leaf), *map(leaf_probes, LEAVES)]
    seen = {probes[0] for probes in rounds(nodes, None)}
    assert seen == {None, *(probe for answer in nodes[0] for probe in answer)}


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_probes_of_a_group_are_counts_that_can_be(size: int) -> None:
    """More met and unmet nodes than there are would prove nothing, and all three answers must be there."""
    for k in range(1, size + 1):
        probes = group_probes(AtLeast(k, (0,) * size))
        assert len(probes) == 3
        assert all(min(pair) >= 0 and sum(pair) <= size for answer in probes for pair in answer)


@pytest.mark.parametrize(("count", "most"), [(1, 12), (12, 32), (40, 45), (300, 60)])
def test_the_proof_grows_mildly(count: int, most: int) -> None:
    """It runs for every level at every load and reload, so it grows with the logarithm of the leaves."""
    asked = 0
    network = Network(tuple(LEAVES[i % len(LEAVES)] for i in range(count)))

    def counted(measures: Sequence[Measure]) -> str:
        nonlocal asked
        asked += 1
        return settle(network, measures)

    prove(network, counted)
    assert asked <= most
