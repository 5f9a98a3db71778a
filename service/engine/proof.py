"""Proofs: rules that decide, held against what they mean, before anybody is judged by them.

In: a network or its groups, and what decides it. Out: nothing, or an `EngineFault` that names the node.
Knows nothing of durable-rules: it only asks and compares.

Every answer of every node is asked for at each boundary, one below and one above. While a node shows an
answer, each other node in turn lies idle (nothing known, nothing counted), so that a rule which reads its
neighbour's number is found out. The questions grow with the logarithm of the nodes: 12 to 32 for 12 leaves,
22 to 55 for 300.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, count, islice
from math import comb
from typing import TypeVar

from service.engine.network import (
    BOUND,
    MET,
    UNKNOWN,
    UNMET,
    AtLeast,
    Measure,
    Network,
    Within,
    bounded,
    settle,
    tally,
)
from service.errors import EngineFault

Counts = tuple[int, int]  #: how many nodes of a group are met, and how many are unmet

Probe = TypeVar("Probe")
Answers = Sequence[
    Sequence[Probe]
]  #: the probes of one node; those that should lead to one answer stand together


def prove(network: Network, decide: Callable[[Sequence[Measure]], str]) -> None:
    """Hold `decide` against `settle`, at every boundary of every leaf.

    Raises:
        EngineFault: a node came out differently.
    """
    leaves = [node for node in network.nodes if isinstance(node, Within)]
    for measures in rounds([leaf_probes(leaf) for leaf in leaves], None):
        _compare(decide(measures), settle(network, measures))


def prove_groups(groups: Sequence[AtLeast], decide: Callable[[Sequence[Counts]], str]) -> None:
    """Hold `decide` against `tally`, at every count where the answer of a group turns.

    Raises:
        EngineFault: a group came out differently.
    """
    for counts in rounds([group_probes(group) for group in groups], (0, 0)):
        wanted = [tally(group.k, len(group.of), *found) for group, found in zip(groups, counts, strict=True)]
        _compare(decide(counts), "".join(wanted))


def _compare(came: str, wanted: str) -> None:
    if came == wanted:
        return
    node = next(
        (i for i, (one, other) in enumerate(zip(came, wanted, strict=False)) if one != other), len(wanted)
    )
    raise EngineFault(
        f"durable-rules does not decide as it should: node {node} of {len(wanted)} came out "
        f"`{came[node : node + 1]}` where `{wanted[node : node + 1]}` is right, so it gives no verdict"
    )


def leaf_probes(leaf: Within) -> list[list[Measure]]:
    """The measures that show every answer of a leaf at its boundaries, grouped by answer and side.

    >>> leaf_probes(Within(at_least=5, at_most=5, ranged=True))
    [[(5, 5)], [(4, 4), (3, 4)], [(6, 6), (6, 7)], [(4, 5), (4, 6)], [(5, 6)]]
    """
    low = -BOUND - 1 if leaf.at_least is None else leaf.at_least
    high = BOUND + 1 if leaf.at_most is None else leaf.at_most
    inside = [
        value
        for value in dict.fromkeys((low, high, low + 1, high - 1))
        if low <= value <= high and bounded(value)
    ]
    met = [(value, value) for value in inside]
    below = [(low - 1, low - 1)]
    above = [(high + 1, high + 1)]
    into: list[Counts] = []
    out_of: list[Counts] = []
    if leaf.ranged:
        met.append((min(inside), max(inside)))
        below.append((low - 2, low - 1))
        above.append((high + 1, high + 2))
        into = [(low - 1, min(inside)), (low - 1, max(inside)), (low - 1, high + 1)]
        out_of = [(max(inside), high + 1), (min(inside), high + 1)]
    answers = [
        [(first, last) for first, last in dict.fromkeys(answer) if bounded(first) and bounded(last)]
        for answer in (met, below, above, into, out_of)
    ]
    return [list(answer) for answer in answers if answer]


def group_probes(group: AtLeast) -> list[list[Counts]]:
    """The counts that show every answer of a group where it turns, grouped by answer."""
    k, size = group.k, len(group.of)
    answers: dict[str, list[Counts]] = {MET: [], UNKNOWN: [], UNMET: []}
    for met in sorted({0, k - 1, k, size}):
        for unmet in sorted({0, size - k, size - k + 1, size}):
            if met + unmet <= size:
                answers[tally(k, size, met, unmet)].append((met, unmet))
    return [counts for counts in answers.values() if counts]


def rounds(nodes: Sequence[Answers[Probe]], idle: Probe) -> Iterator[list[Probe]]:
    """One probe per node, until every probe was shown, and every answer while each other node lay idle.

    Each node lies idle in its own choice of blocks. No choice holds another, so that for any two nodes there
    is a block in which the one shows all of its answers while the other lies idle.

    >>> [len(list(rounds([[[1], [2, 3]]] * nodes, 0))) for nodes in (1, 12, 300)]
    [5, 12, 22]
    """
    blocks = next(blocks for blocks in count(2) if comb(blocks, blocks // 2) >= len(nodes))
    idle_in = list(islice(combinations(range(blocks), blocks // 2), len(nodes)))
    unseen = [[len(answer) for answer in answers] for answers in nodes]

    def show(node: int, answer: int) -> Probe:
        probes = nodes[node][answer]
        unseen[node][answer] -= 1
        return probes[-1 - unseen[node][answer] % len(probes)]

    for block in range(blocks):
        for turn in range(max(map(len, nodes), default=0)):
            yield [
                idle if block in idle_in[node] else show(node, (turn + node) % len(answers))
                for node, answers in enumerate(nodes)
            ]
    while any(left > 0 for answers in unseen for left in answers):
        yield [show(node, answers.index(max(answers))) for node, answers in enumerate(unseen)]
