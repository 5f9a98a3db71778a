"""durable-rules decides what a network means, and rules that would not are never used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.durable import DurableEngine
from service.engine.network import BOUND, AtLeast, Measure, Network, Within, settle
from service.errors import EngineFault
from tests.engine.bindings import Watched
from tests.engine.networks import measures, networks

EVERY_SHAPE = (
    Within(3, None),
    Within(None, 5),
    Within(3, 5),
    Within(4, 4),
    Within(3, None, ranged=True),
    Within(None, 5, ranged=True),
    Within(3, 5, ranged=True),
    Within(4, 4, ranged=True),
)


def near(leaf: Within) -> list[Measure]:
    """Every measure of small numbers that the leaf can be given, and none."""
    pairs = product(range(1, 8), repeat=2)
    return [None, *((low, high) for low, high in pairs if low == high or (low < high and leaf.ranged))]


@given(networks(), st.data())
def test_durable_rules_decides_what_the_network_means(network: Network, data: st.DataObject) -> None:
    """Both are asked the same, at boundaries more often than not: one letter off is a wrong verdict."""
    cases = data.draw(st.lists(measures(network), min_size=1, max_size=12))
    with closing(DurableEngine(network)) as engine:
        for case in cases:
            assert engine.decide(case) == settle(network, case)
        assert engine.rebuilds == 0


@pytest.mark.parametrize("leaf", EVERY_SHAPE)
def test_every_shape_of_leaf_is_decided_right_at_every_measure(leaf: Within) -> None:
    """Small enough to try them all: exact, ranged, straddling, missing."""
    network = Network((leaf,))
    with closing(DurableEngine(network)) as engine:
        for measure in near(leaf):
            assert engine.decide([measure]) == settle(network, [measure])


@pytest.mark.parametrize("number", [-BOUND, 1 - BOUND, -1, 0, 1, BOUND - 1, BOUND])
def test_whole_numbers_are_exact_up_to_the_bound(number: int) -> None:
    """One more or less than the largest number is another number."""
    network = Network((Within(number, None), Within(None, number), Within(number, number)))
    beside = [value for value in (number - 1, number, number + 1) if abs(value) <= BOUND]
    with closing(DurableEngine(network)) as engine:
        for value in beside:
            case: list[Measure] = [(value, value)] * 3
            assert engine.decide(case) == settle(network, case)


def test_groups_may_stand_between_leaves_and_on_each_other() -> None:
    """The order of a network is the compiler's; layers follow from who asks whom."""
    leaf = Within(1, None)
    network = Network(
        (leaf, AtLeast(1, (~0,)), leaf, AtLeast(2, (1, 2)), AtLeast(1, (~3, 0)), AtLeast(3, (4, 4, ~1)))
    )
    with closing(DurableEngine(network)) as engine:
        for case in product([None, (0, 0), (1, 1)], repeat=2):
            assert engine.decide(case) == settle(network, case)


def test_a_chain_of_groups_may_be_long() -> None:
    """Each layer is a ruleset of its own; nothing recurses."""
    nodes: list[Within | AtLeast] = [Within(1, None)]
    nodes += [AtLeast(1, (~index,)) for index in range(40)]
    network = Network(tuple(nodes))
    with closing(DurableEngine(network)) as engine:
        assert engine.decide([(1, 1)]) == "M" + "NM" * 20


def test_a_network_without_questions_has_no_answers() -> None:
    """A level may ask for nothing."""
    with closing(DurableEngine(Network(()))) as engine:
        assert engine.decide([]) == ""


def test_one_engine_keeps_nothing_of_one_question_for_the_next() -> None:
    """Each evaluation starts from nothing: equal questions have equal answers, whatever was asked between."""
    network = Network((*EVERY_SHAPE, AtLeast(4, tuple(range(8)))))
    known: list[Measure] = [(4, 4)] * 8
    with closing(DurableEngine(network)) as engine:
        for between in ([None] * 8, [(9, 9)] * 8, [(0, 0)] * 4 + [(0, 9)] * 4):
            assert engine.decide(known) == settle(network, known)
            assert engine.decide(between) == settle(network, between)


def test_closing_gives_everything_back_and_ends_it() -> None:
    """A reload closes the old set: its memory is for the new one, and nobody may be judged by it any more."""
    binding = Watched()
    engine = DurableEngine(Network((*EVERY_SHAPE, AtLeast(1, (0, 1)))), binding)
    assert len(binding.live) == 2
    engine.close()
    engine.close()
    assert binding.live == set()
    with pytest.raises(EngineFault, match="closed"):
        engine.decide([None] * 8)


CONDITION = re.compile(r'\{"(\$\w+)":\{"a(\d+)":(-?\d+)\}\}|\{"a(\d+)":(-?\d+)\}')
OTHER_OPERATOR = {
    "$lt": "$lte",
    "$lte": "$lt",
    "$gt": "$gte",
    "$gte": "$gt",
    "$neq": "$lt",
    "$nex": "$ex",
    None: "$gte",
}


def wrong_conditions(rules: str) -> Iterator[tuple[str, str]]:
    """A text of rules with one condition changed, again and again, and what was changed."""
    for found in CONDITION.finditer(rules):
        operator, attribute, number = found[1], int(found[2] or found[4]), int(found[3] or found[5])
        changes = [(operator, other, number) for other in range(6) if other != attribute]
        changes += [(operator, attribute, number + step) for step in (-1, 1) if operator != "$nex"]
        changes.append((OTHER_OPERATOR[operator], attribute, number))
        for change in changes:
            name, other, value = change
            equal = f'{{"a{other}":{value}}}'
            text = equal if name is None else f'{{"{name}":{equal}}}'
            yield rules[: found.start()] + text + rules[found.end() :], f"{found[0]} became {text}"


def test_rules_with_a_single_wrong_condition_are_never_used() -> None:
    """The proof at load stands between a damaged ruleset and a person: it finds every change that matters.

    Some do not, such as one in a first step that the second step implies; those rules must decide right.
    """
    leaves = (Within(3, None), Within(3, 5), Within(4, 4), Within(2, 6, ranged=True))
    network = Network((*leaves, AtLeast(2, (0, 1, ~2))))
    watched = Watched()
    DurableEngine(network, watched).close()
    cases = list(
        product(*([None, (3, 3)] if leaf.ranged else near(leaf)[::2] for leaf in leaves[:3]), near(leaves[3]))
    )
    found_out = harmless = 0
    for place, rules in enumerate(watched.rules):
        for wrong, change in wrong_conditions(rules):
            binding = Watched()
            binding.instead["create_ruleset"] = lambda real, name, text, wrong=wrong, rules=rules: real(
                name, wrong if text == rules else text
            )
            try:
                engine = DurableEngine(network, binding)
            except EngineFault:
                found_out += 1
                continue
            harmless += 1
            with closing(engine):
                for case in cases[:: 1 + place]:
                    assert engine.decide(case) == settle(network, case), change
    assert found_out > 100
    assert harmless < found_out / 10
