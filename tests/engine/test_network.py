"""What a decision network means, held against completions of the unknown and against its decision trees."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.network import (
    BOUND,
    MET,
    UNKNOWN,
    UNMET,
    AtLeast,
    Measure,
    Network,
    Path,
    Within,
    group_paths,
    leaf_paths,
    place,
    settle,
    tally,
)
from tests.engine.networks import leaves, measures, networks


@pytest.mark.parametrize(
    ("leaf", "measure", "letter"),
    [
        (Within(3, None), (3, 3), MET),
        (Within(3, None), (2, 2), UNMET),
        (Within(None, 3), (3, 3), MET),
        (Within(None, 3), (4, 4), UNMET),
        (Within(3, 5), (3, 3), MET),
        (Within(3, 5), (5, 5), MET),
        (Within(3, 5), (2, 2), UNMET),
        (Within(3, 5), (6, 6), UNMET),
        (Within(3, 5, ranged=True), (3, 5), MET),
        (Within(3, 5, ranged=True), (1, 2), UNMET),
        (Within(3, 5, ranged=True), (6, 9), UNMET),
        (Within(3, 5, ranged=True), (2, 3), UNKNOWN),
        (Within(3, 5, ranged=True), (5, 6), UNKNOWN),
        (Within(3, 5, ranged=True), (2, 6), UNKNOWN),
        (Within(3, 5), None, UNKNOWN),
    ],
)
def test_a_leaf_includes_both_of_its_ends(leaf: Within, measure: Measure, letter: str) -> None:
    """`between 3 and 5` holds at 3 and at 5, and is unknown only while the range straddles an end."""
    assert place(leaf, measure) == letter


@given(st.data())
def test_what_is_decided_stays_decided_when_more_becomes_known(data: st.DataObject) -> None:
    """Strong Kleene: a met or unmet node is so for every value that the unknown numbers may have."""
    network = data.draw(networks())
    before = data.draw(measures(network))
    after: list[Measure] = []
    for measure in before:
        value = data.draw(st.integers(*(measure or (-6, 6))))
        after.append((value, value))
    for now, then in zip(settle(network, before), settle(network, after), strict=True):
        assert then != UNKNOWN
        assert now in (UNKNOWN, then)


@given(st.integers(1, 6), st.data())
def test_a_group_is_unknown_only_while_it_can_still_turn_out_both_ways(
    size: int, data: st.DataObject
) -> None:
    """Counting what the unknown nodes could add at most and at least leaves no other case."""
    k = data.draw(st.integers(1, size))
    met = data.draw(st.integers(0, size))
    unmet = data.draw(st.integers(0, size - met))
    possible = {MET if met + more >= k else UNMET for more in range(size - met - unmet + 1)}
    assert tally(k, size, met, unmet) == (possible.pop() if len(possible) == 1 else UNKNOWN)


def test_a_negative_index_is_the_opposite_of_a_node() -> None:
    """`none_of` and `unless` need no nodes of their own: the opposite of unknown is unknown."""
    network = Network((Within(3, None), AtLeast(1, (~0,))))
    assert [settle(network, [measure]) for measure in ((3, 3), (2, 2), None)] == ["MN", "NM", "UU"]


def test_layers_follow_the_nodes_they_ask() -> None:
    """A layer can be decided once those before it are; a group of leaves does not wait for deeper ones."""
    leaf, any_leaf = Within(1, None), AtLeast(1, (0,))
    network = Network((leaf, any_leaf, AtLeast(2, (0, ~1)), leaf, AtLeast(1, (3,)), AtLeast(1, (4, 2))))
    assert network.leaves == (0, 3)
    assert network.layers == ((1, 4), (2,), (5,))


def _holding(paths: list[Path], numbers: dict[int, int]) -> list[str]:
    def holds(operator: str, attribute: int, number: int) -> bool:
        if attribute not in numbers:
            return operator == "missing"
        found = numbers[attribute]
        return {
            "==": found == number,
            "!=": found != number,
            "<": found < number,
            "<=": found <= number,
            ">": found > number,
            ">=": found >= number,
            "missing": False,
        }[operator]

    return [letter for letter, steps in paths if all(holds(*step) for step in steps)]


@given(leaves(), st.data())
def test_exactly_one_path_of_a_leaf_holds_and_it_has_the_right_letter(
    leaf: Within, data: st.DataObject
) -> None:
    """One firing for each node proves an evaluation complete, so no two rules may ever hold together."""
    (measure,) = data.draw(measures(Network((leaf,))))
    numbers = {} if measure is None else {0: measure[0], int(leaf.ranged): measure[1]}
    assert _holding(leaf_paths(leaf, 0, int(leaf.ranged)), numbers) == [place(leaf, measure)]


@given(leaves(), st.integers(-6, 6), st.integers(-6, 6))
def test_exactly_one_path_of_a_leaf_holds_even_where_the_numbers_make_no_sense(
    leaf: Within, low: int, high: int
) -> None:
    """A tree has one way down: even a highest value below the lowest makes the engine fire exactly once."""
    assert len(_holding(leaf_paths(leaf, 0, 1), {0: low, 1: high})) == 1


@given(leaves())
def test_paths_part_one_step_at_a_time(leaf: Within) -> None:
    """The engine's stack has room for 64 conditions that hold; two for each leaf would fill it with 32."""
    firsts = {steps[0] for _, steps in leaf_paths(leaf, 0, int(leaf.ranged))}
    assert len(firsts) <= 3
    assert len({step.attribute for step in firsts if step.operator != "missing"}) == 1


@given(st.integers(1, 6), st.data())
def test_exactly_one_path_of_a_group_holds_and_it_has_the_right_letter(
    size: int, data: st.DataObject
) -> None:
    """The same law for counts."""
    group = AtLeast(data.draw(st.integers(1, size)), tuple(range(size)))
    met = data.draw(st.integers(0, size))
    unmet = data.draw(st.integers(0, size - met))
    letter = tally(group.k, size, met, unmet)
    assert _holding(group_paths(group, 0, 1), {0: met, 1: unmet}) == [letter]


@pytest.mark.parametrize(
    ("ends", "complaint"),
    [
        ((None, None), "needs `at_least`"),
        ((5, 4), "nothing lies between 5 and 4"),
        ((BOUND + 1, None), "whole numbers"),
        ((None, -BOUND - 1), "whole numbers"),
        ((True, None), "whole numbers"),
        ((1.0, None), "whole numbers"),
        (("3", None), "whole numbers"),
    ],
)
def test_a_leaf_that_makes_no_sense_is_refused(ends: tuple[Any, Any], complaint: str) -> None:
    """An empty or inexact interval is a fault of the compiler, and is found where it is made."""
    with pytest.raises(ValueError, match=complaint):
        Within(*ends)


@pytest.mark.parametrize(("k", "of"), [(0, (0,)), (2, (0,)), (1, ()), (True, (0,)), (-1, (0, 0))])
def test_a_group_that_asks_for_none_or_too_many_is_refused(k: int, of: tuple[int, ...]) -> None:
    """At least 0 would always be met, and 2 of 1 never: neither is what anybody means."""
    with pytest.raises(ValueError, match="a group of"):
        AtLeast(k, of)


@pytest.mark.parametrize("of", [(1,), (~1,), (0, 2), (~2,)])
def test_a_group_names_only_earlier_nodes(of: tuple[int, ...]) -> None:
    """So there are no circles, and one pass from first to last decides everything."""
    with pytest.raises(ValueError, match="only earlier nodes"):
        Network((Within(1, None), AtLeast(1, of)))


def test_too_few_measures_are_refused() -> None:
    """A leaf without a measure would silently shift those of its neighbours."""
    with pytest.raises(ValueError, match="shorter"):
        settle(Network((Within(1, None), Within(1, None))), [None])
