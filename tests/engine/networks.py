"""Random decision networks, and measures near their boundaries, for laws of the engine. Holds no tests."""

from __future__ import annotations

from hypothesis import strategies as st

from service.engine.network import BOUND, AtLeast, Measure, Network, Within

#: Small numbers meet the boundaries often; the largest show that every digit counts.
NUMBERS = st.one_of(st.integers(-4, 4), st.sampled_from([-BOUND, 1 - BOUND, BOUND - 1, BOUND]))


@st.composite
def leaves(draw: st.DrawFn) -> Within:
    """Any leaf: one end or both, a single number or a range."""
    low, high = sorted((draw(NUMBERS), draw(NUMBERS)))
    ends = draw(st.sampled_from([(low, None), (None, high), (low, high), (low, low)]))
    return Within(*ends, ranged=draw(st.booleans()))


@st.composite
def networks(draw: st.DrawFn, most_leaves: int = 8, most_groups: int = 6) -> Network:
    """Any network: groups over leaves, groups and their opposites, some of them named twice."""
    nodes: list[Within | AtLeast] = [*draw(st.lists(leaves(), min_size=1, max_size=most_leaves))]
    for _ in range(draw(st.integers(0, most_groups))):
        of = draw(st.lists(st.integers(-len(nodes), len(nodes) - 1), min_size=1, max_size=5))
        nodes.append(AtLeast(draw(st.integers(1, len(of))), tuple(of)))
    return Network(tuple(nodes))


def measures(network: Network) -> st.SearchStrategy[list[Measure]]:
    """Measures for the leaves of a network, most of them at or beside a boundary."""
    return st.tuples(*(_measure(leaf) for leaf in network.nodes if isinstance(leaf, Within))).map(list)


def _measure(leaf: Within) -> st.SearchStrategy[Measure]:
    ends = [end for end in (leaf.at_least, leaf.at_most) if end is not None]
    beside = st.sampled_from([end + step for end in ends for step in (-1, 0, 1) if abs(end + step) <= BOUND])
    number = st.one_of(beside, NUMBERS)
    exact = number.map(lambda value: (value, value))
    ranges = st.tuples(number, number).map(lambda pair: (min(pair), max(pair)))
    return st.one_of(st.none(), exact, ranges if leaf.ranged else exact)
