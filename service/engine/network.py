"""Decision networks: the questions about numbers that one level asks, and what their answers are.

In: numbers, each known, known within limits, or not known. Out: one letter per node, met, unknown or unmet.
Knows nothing of facts, policies or durable-rules: `engine.compile` writes a network, `engine.durable` decides
it along the paths drawn here, and `settle` is what it means (strong Kleene: missing is not false).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

UNMET: Final = "N"
UNKNOWN: Final = "U"
MET: Final = "M"

OPPOSITE: Final = {MET: UNMET, UNKNOWN: UNKNOWN, UNMET: MET}

#: The largest magnitude of a number in a network: up to here a binary float holds every whole number exactly.
BOUND: Final = 2**53

#: The lowest and the highest value that a number can have, the same when it is known; None: nothing is known.
Measure = tuple[int, int] | None


def bounded(number: object) -> bool:
    """Whether this is a whole number that a network may hold; yes and no are not numbers.

    >>> [bounded(value) for value in (3, -(2**53), 2**53 + 1, 3.0, True, "3")]
    [True, True, False, False, False, False]
    """
    return type(number) is int and -BOUND <= number <= BOUND


@dataclass(frozen=True, slots=True)
class Within:
    """Leaf: is a measure inside `at_least`..`at_most`, both ends included?

    Raises:
        ValueError: no end is given, an end is not a whole number within the bound, or nothing can lie inside.
    """

    at_least: int | None  #: None leaves this end open
    at_most: int | None  #: None leaves this end open
    ranged: bool = False  #: the measure may be partly known, so that its low and high value differ

    def __post_init__(self) -> None:
        ends = [end for end in (self.at_least, self.at_most) if end is not None]
        if not ends:
            raise ValueError("a leaf needs `at_least`, `at_most` or both")
        if not all(map(bounded, ends)):
            raise ValueError(f"the ends of a leaf are whole numbers up to {BOUND}, not {ends}")
        if ends[0] > ends[-1]:
            raise ValueError(f"nothing lies between {ends[0]} and {ends[-1]}; write the smaller number first")


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Group: are at least `k` of these nodes met? All of N is `k=N`, any of them is `k=1`.

    Raises:
        ValueError: `k` is not between 1 and the number of nodes.
    """

    k: int
    of: tuple[int, ...]  #: earlier nodes by index; `~i` is the opposite of node i

    def __post_init__(self) -> None:
        if not (bounded(self.k) and 1 <= self.k <= len(self.of)):
            raise ValueError(
                f"a group of {len(self.of)} asks for at least 1 and at most {len(self.of)}, not {self.k}"
            )


@dataclass(frozen=True, slots=True)
class Network:
    """The nodes of one level, leaves and groups in any order in which a group names only earlier nodes.

    The measures of a network belong to its leaves, in the order of the leaves.

    Raises:
        ValueError: a group names itself, a later node or no node at all.
    """

    nodes: tuple[Within | AtLeast, ...]
    leaves: tuple[int, ...] = field(
        init=False, repr=False, compare=False
    )  #: indexes of the leaves, ascending
    layers: tuple[tuple[int, ...], ...] = field(
        init=False, repr=False, compare=False
    )  #: groups, deepest last

    def __post_init__(self) -> None:
        depths: list[int] = []
        for index, node in enumerate(self.nodes):
            if isinstance(node, Within):
                depths.append(0)
                continue
            named = [child if child >= 0 else ~child for child in node.of]
            if max(named) >= index:
                raise ValueError(f"node {index} asks for node {max(named)}; a group names only earlier nodes")
            depths.append(1 + max(depths[child] for child in named))
        layers = (
            tuple(i for i, of in enumerate(depths) if of == depth)
            for depth in range(1, max(depths, default=0) + 1)
        )
        object.__setattr__(self, "leaves", tuple(i for i, of in enumerate(depths) if of == 0))
        object.__setattr__(self, "layers", tuple(layers))


def place(leaf: Within, measure: Measure) -> str:
    """The letter of one leaf.

    >>> leaf = Within(at_least=3, at_most=None, ranged=True)
    >>> [place(leaf, measure) for measure in ((3, 5), (1, 2), (2, 3), None)]
    ['M', 'N', 'U', 'U']
    """
    if measure is None:
        return UNKNOWN
    low, high = measure
    at_least = -BOUND if leaf.at_least is None else leaf.at_least
    at_most = BOUND if leaf.at_most is None else leaf.at_most
    if at_least <= low and high <= at_most:
        return MET
    if high < at_least or low > at_most:
        return UNMET
    return UNKNOWN


def tally(k: int, size: int, met: int, unmet: int) -> str:
    """The letter of a group that asks for `k` of `size` nodes, of which so many are met and unmet so far.

    >>> [tally(2, 3, met, unmet) for met, unmet in ((2, 0), (1, 1), (1, 2))]
    ['M', 'U', 'N']
    """
    if met >= k:
        return MET
    return UNMET if unmet > size - k else UNKNOWN


def settle(network: Network, measures: Sequence[Measure]) -> str:
    """What the network means: one letter per node, in the order of the nodes.

    Args:
        network: The questions.
        measures: One per leaf, in the order of `network.leaves`.

    Raises:
        ValueError: there are more or fewer measures than leaves.

    >>> both = Network((Within(3, None), Within(None, 9), AtLeast(2, (0, ~1))))
    >>> settle(both, [(4, 4), None])
    'MUU'
    """
    measured = dict(zip(network.leaves, measures, strict=True))
    letters: list[str] = []
    for index, node in enumerate(network.nodes):
        if isinstance(node, Within):
            letters.append(place(node, measured[index]))
        else:
            found = [letters[child] if child >= 0 else OPPOSITE[letters[~child]] for child in node.of]
            letters.append(tally(node.k, len(found), found.count(MET), found.count(UNMET)))
    return "".join(letters)


class Step(NamedTuple):
    """One comparison on the way down a decision tree; it fails when the attribute is missing."""

    operator: str  #: `==`, `!=`, `<`, `<=`, `>`, `>=`; or `missing`, which holds when it is missing
    attribute: int
    number: int


Path = tuple[str, tuple[Step, ...]]  #: a letter, and the steps that lead to it


def leaf_paths(leaf: Within, low: int, high: int) -> list[Path]:
    """The decision tree of a leaf, over the attributes that hold its measure's lowest and highest value.

    Exactly one path holds, whatever the numbers; paths share their first steps until the tree branches.

    >>> [(letter, *(" ".join(map(str, step)) for step in steps))
    ...  for letter, steps in leaf_paths(Within(3, None, ranged=True), 0, 1)]
    [('N', '< 0 3', '< 1 3'), ('U', '< 0 3', '>= 1 3'), ('M', '>= 0 3'), ('U', 'missing 0 1')]
    """
    at_least, at_most = leaf.at_least, leaf.at_most
    missing: Path = (UNKNOWN, (Step("missing", low, 1),))
    if at_least is not None and at_least == at_most and not leaf.ranged:
        return [(MET, (Step("==", low, at_least),)), (UNMET, (Step("!=", low, at_least),)), missing]
    paths: list[Path] = []
    enough: tuple[Step, ...] = ()
    if at_least is not None:
        short, enough = (Step("<", low, at_least),), (Step(">=", low, at_least),)
        if leaf.ranged:
            paths.append((UNMET, (*short, Step("<", high, at_least))))
            paths.append((UNKNOWN, (*short, Step(">=", high, at_least))))
        else:
            paths.append((UNMET, short))
    if at_most is None:
        paths.append((MET, enough))
    else:
        beyond = (*enough, Step(">", high, at_most))
        paths.append((MET, (*enough, Step("<=", high, at_most))))
        if leaf.ranged:
            paths.append((UNMET, (*beyond, Step(">", low, at_most))))
            paths.append((UNKNOWN, (*beyond, Step("<=", low, at_most))))
        else:
            paths.append((UNMET, beyond))
    return [*paths, missing]


def group_paths(group: AtLeast, met: int, unmet: int) -> list[Path]:
    """The decision tree of a group, over the attributes that count the met and the unmet among its nodes.

    >>> [letter for letter, steps in group_paths(AtLeast(2, (0, 1, 2)), 0, 1)]
    ['M', 'N', 'U']
    """
    short, hopeless = Step("<", met, group.k), len(group.of) - group.k + 1
    return [
        (MET, (Step(">=", met, group.k),)),
        (UNMET, (short, Step(">=", unmet, hopeless))),
        (UNKNOWN, (short, Step("<", unmet, hopeless))),
    ]
