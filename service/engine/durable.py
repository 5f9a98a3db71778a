"""durable-rules: a decision network and numbers in; one letter per node out, or an `EngineFault` and nothing.

Knows nothing of facts and policies: `engine.compile` writes the network, `engine.proof` holds the answers
against its meaning. Only this imports `durable_rules_engine`, and it uses the little of it that is exact:

* One flat fact of whole numbers under names given here (`a0`, `a1`, ...). Nothing that a caller wrote gets
  here, and whole numbers read alike under every locale.
* The rules of a node are the paths of a decision tree, so that exactly one fires, whatever the numbers. One
  more rule fires always, and last. The firings, counted and in order, prove each evaluation complete.
* A group is decided over two counts, of the met and of the unmet among its nodes, by a later ruleset.
* One fact, under one constant name, in one state, under a lock, deleted before its answers are used. A state
  that was never drained holds uninitialised pointers: a ruleset whose first evaluation fails is left behind.
* Whatever is not as expected is a fault, and spoils the whole set: it is built and proved anew before it
  decides again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from string import ascii_lowercase
from typing import Any, Final, Protocol, cast

import durable_rules_engine

from service.engine.network import (
    BOUND,
    MET,
    OPPOSITE,
    UNKNOWN,
    UNMET,
    AtLeast,
    Measure,
    Network,
    Path,
    Step,
    Within,
    group_paths,
    leaf_paths,
)
from service.engine.proof import Counts, prove, prove_groups
from service.errors import EngineFault

#: Nodes in one ruleset. Each takes one of 64 places on the engine's stack, and beyond 24 each costs more.
MOST_NODES: Final = 24
#: Rules in one ruleset, where 512 conditions would hang. From about 150 on every evaluation moves the heap.
MOST_RULES: Final = 96

#: Who ask in vain at most before a build that failed again and again is tried once more.
MOST_REFUSED: Final = 64

SID: Final = "1"
LETTERS: Final = MET + UNKNOWN + UNMET
OPERATORS: Final = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte", "missing": "$nex"}


class Binding(Protocol):
    """The functions of durable-rules that are safe in the way in which they are used here."""

    def create_ruleset(self, name: str, rules: str, /) -> int: ...
    def delete_ruleset(self, handle: int, /) -> object: ...
    def assert_fact(self, handle: int, fact: str, /) -> tuple[int, int]: ...
    def start_action_for_state(self, handle: int, state: int, /) -> tuple[str, str] | None: ...
    def complete_and_start_action(self, handle: int, state: int, /) -> str | None: ...
    def delete_state(self, handle: int, sid: str, /) -> object: ...


_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


os.register_at_fork(after_in_child=_count_fork)


class DurableEngine:
    """Decides one network, from any thread, and in children forked at any moment.

    Raises:
        EngineFault: durable-rules cannot decide this network, or decides it wrongly.
    """

    def __init__(self, network: Network, binding: Binding = durable_rules_engine) -> None:
        self.rebuilds = 0  #: how often the rules were built again after a fault
        self._network = network
        self._binding = binding
        self._ranged = [node.ranged for node in network.nodes if isinstance(node, Within)]
        self._rulesets: list[Leaves | Groups] = []
        self._locks: dict[int, threading.Lock] = {}
        self._closed = False
        self._failures = 0  # of builds, in a row
        self._to_refuse = 0  # how many who ask are refused before the next build
        self._sound = False  # true between decisions: if not, there was a fault, or a fork within a decision
        self._build()

    def decide(self, measures: Sequence[Measure]) -> str:
        """One letter per node, in the order of the nodes; what `settle` would say.

        Args:
            measures: One per leaf, in the order of the leaves.

        Raises:
            EngineFault: durable-rules failed, a measure is not one, or the rules are closed.
        """
        numbers = self._numbers(measures)
        with self._lock():
            if self._closed:
                raise EngineFault("these rules are closed; ask those of the policy set in force")
            if not self._sound:
                self._build_again()
            self._sound = False
            letters = self._answer(numbers)
            self._sound = True
        return letters

    def close(self) -> None:
        """Give back the memory. Who asks afterwards gets an `EngineFault`."""
        with self._lock():
            self._closed = True
            self._discard()

    def _lock(self) -> threading.Lock:
        # each process has its own: a lock that another thread held at the fork is held in the child for ever
        return self._locks.get(_forks) or self._locks.setdefault(_forks, threading.Lock())

    def _numbers(self, measures: Sequence[Measure]) -> list[int | None]:
        """The numbers that become attributes, in order: what durable-rules may see, and nothing else."""
        if len(measures) != len(self._ranged):
            raise EngineFault(
                f"the network has {len(self._ranged)} leaves and was given {len(measures)} measures"
            )
        numbers: list[int | None] = []
        for leaf, (measure, ranged) in enumerate(zip(measures, self._ranged, strict=True)):
            low: int | None = None
            high: int | None = None
            if measure is not None:
                low, high = measure if type(measure) is tuple and len(measure) == 2 else (None, None)
                if not (type(low) is int and type(high) is int and -BOUND <= low <= high <= BOUND):
                    raise EngineFault(
                        f"measure {leaf} is not a lowest and a highest whole number up to {BOUND}"
                    )
                if low != high and not ranged:
                    raise EngineFault(f"measure {leaf} is a range, and its leaf was made for a single number")
            numbers.append(low)
            if ranged:
                numbers.append(high)
        return numbers

    def _answer(self, numbers: Sequence[int | None]) -> str:
        size = len(self._network.nodes)
        board = [""] * (2 * size)  # the letter of node i stands at i, its opposite at ~i
        for ruleset in self._rulesets:
            ruleset.answer(board, numbers)
        return "".join(board[:size])

    def _build_again(self) -> None:
        """Build after a fault. From the third failure in a row on, more and more of those who ask are refused
        before the next try: to build takes long, and a ruleset that fails at once cannot be given back."""
        if self._to_refuse:
            self._to_refuse -= 1
            raise EngineFault(
                "the rules could not be built again after a fault, and wait to be tried once more"
            )
        self.rebuilds += 1
        try:
            self._build()
        except BaseException:
            self._failures += 1
            self._to_refuse = min(1 << min(self._failures, 30) >> 3, MOST_REFUSED)
            raise
        self._failures = 0

    def _build(self) -> None:
        """Build every ruleset, and prove that together they decide as the network means."""
        self._discard()
        leaves: dict[int, Within] = {}
        groups: dict[int, AtLeast] = {}
        for index, node in enumerate(self._network.nodes):
            if isinstance(node, Within):
                leaves[index] = node
            else:
                groups[index] = node
        start = 0
        try:
            for part in _parts({index: len(leaf_paths(leaf, 0, 0)) for index, leaf in leaves.items()}):
                ruleset = Leaves({index: leaves[index] for index in part}, start, self._binding)
                self._rulesets.append(ruleset)
                start = ruleset.stop
            for layer in self._network.layers:
                for part in _parts(dict.fromkeys(layer, 3)):
                    self._rulesets.append(Groups({index: groups[index] for index in part}, self._binding))
            prove(self._network, lambda measures: self._answer(self._numbers(measures)))
        except BaseException:
            self._discard()
            raise
        self._sound = True

    def _discard(self) -> None:
        self._sound = False
        while self._rulesets:
            self._rulesets.pop().rules.discard()


def _parts(rules: Mapping[int, int]) -> Iterator[list[int]]:
    """Nodes in their order, each with its number of rules, in parts that fit one ruleset each."""
    part: list[int] = []
    left = MOST_RULES
    for node, needed in rules.items():
        if part and (len(part) == MOST_NODES or needed > left):
            yield part
            part, left = [], MOST_RULES
        part.append(node)
        left -= needed
    if part:
        yield part


class Leaves:
    """The ruleset of some leaves: numbers in, letters on the board out."""

    def __init__(self, leaves: dict[int, Within], start: int, binding: Binding) -> None:
        paths: list[list[Path]] = []
        size = 0  # how many numbers these leaves read: one each, and two for a range
        for leaf in leaves.values():
            low, high = size, size + leaf.ranged
            paths.append(leaf_paths(leaf, low, high))
            size = high + 1
        self.stop = start + size
        self._places = list(leaves)
        self._numbers = slice(start, self.stop)
        self._keys = [f',"a{attribute}":' for attribute in range(size)]
        self._all_known = _fact("".join(f"{key}%d" for key in self._keys))
        self.rules = Ruleset(paths, _fact(""), binding)

    def answer(self, board: list[str], numbers: Sequence[int | None]) -> None:
        """Put the letters of these leaves, and their opposites, on the board."""
        own = numbers[self._numbers]
        if None in own:
            known = [
                f"{key}{number}" for key, number in zip(self._keys, own, strict=True) if number is not None
            ]
            fact = _fact("".join(known))
        else:
            fact = self._all_known % tuple(own)
        _put(board, self._places, self.rules.decide(fact))


class Groups:
    """The ruleset of some groups: letters on the board in, letters on the board out."""

    def __init__(self, groups: dict[int, AtLeast], binding: Binding) -> None:
        self._places = list(groups)
        self._picks: list[tuple[Callable[[list[str]], Sequence[str]], int]] = [
            (cast(Any, itemgetter(*group.of)), len(group.of)) for group in groups.values()
        ]
        self._counts = _fact("".join(f',"a{2 * i}":%d,"a{2 * i + 1}":%d' for i in range(len(groups))))
        paths = [group_paths(group, 2 * i, 2 * i + 1) for i, group in enumerate(groups.values())]
        self.rules = Ruleset(paths, self._counts % ((0,) * (2 * len(groups))), binding)
        try:
            prove_groups(list(groups.values()), self._decide)
        except BaseException:
            self.rules.discard()
            raise

    def answer(self, board: list[str], _numbers: Sequence[int | None]) -> None:
        """Put the letters of these groups, and their opposites, on the board."""
        counts: list[int] = []
        for pick, size in self._picks:
            found = pick(board)
            met, unmet = found.count(MET), found.count(UNMET)
            if met + unmet + found.count(UNKNOWN) != size:
                raise EngineFault("a group was asked before every node in it had an answer")
            counts += met, unmet
        _put(board, self._places, self.rules.decide(self._counts % tuple(counts)))

    def _decide(self, counts: Sequence[Counts]) -> str:
        return self.rules.decide(self._counts % tuple(number for pair in counts for number in pair))


def _put(board: list[str], places: list[int], letters: str) -> None:
    for index, letter in zip(places, letters, strict=True):
        board[index] = letter
        board[~index] = OPPOSITE[letter]


def _fact(attributes: str) -> str:
    return f'{{"sid":"{SID}","id":"f","k":1{attributes}}}'


class Ruleset:
    """One ruleset in durable-rules: the text of one fact in, one letter per node out. Not for two threads.

    Args:
        nodes: The paths of each node.
        idle: A fact that every node answers; it primes the ruleset.

    Raises:
        EngineFault: durable-rules does not build this, or does not answer.
    """

    def __init__(self, nodes: Sequence[Sequence[Path]], idle: str, binding: Binding) -> None:
        # a rule is named by the letter and the place of its node, as in `Mc`; the last is `Z` and one more
        self._places = ascii_lowercase[: len(nodes) + 1]
        rules = [
            _rule(letter + place, steps)
            for place, paths in zip(self._places, nodes, strict=False)
            for letter, steps in paths
        ]
        if len(nodes) > MOST_NODES or len(rules) > MOST_RULES:
            raise EngineFault(f"{len(nodes)} nodes with {len(rules)} rules do not fit one ruleset")
        rules.append(_rule("Z" + self._places[-1]))
        self._binding = binding
        try:
            self._handle = binding.create_ruleset("ladders", "{" + ",".join(rules) + "}")
        except Exception as error:
            raise EngineFault(f"durable-rules did not build {len(rules)} rules: {error}") from error
        # If this fails nobody has the ruleset, so nobody deletes it: that would free uninitialised pointers.
        self.decide(idle)

    def decide(self, fact: str) -> str:
        """The letters of the nodes, in their order.

        Raises:
            EngineFault: it was not one firing for each node, in order, and the last; the ruleset is spoilt.
        """
        handle, proceed = self._handle, self._binding.complete_and_start_action
        fired = ""
        try:
            code, state = self._binding.assert_fact(handle, fact)
            started = self._binding.start_action_for_state(handle, state) if code == 0 else None
            if started is None:
                raise EngineFault(f"durable-rules did not take a fact (code {code})")
            firing: str | None = started[1]
            for _ in self._places:
                if firing is None:
                    break
                fired += firing[2:4]  # of {"Mc":{"sid":...
                firing = proceed(handle, state)
            self._binding.delete_state(handle, SID)
        except EngineFault:
            raise
        except Exception as error:
            raise EngineFault(f"durable-rules failed: {error}") from error
        letters = fired[::2]
        if firing is not None or fired[1::2] != self._places or letters.lstrip(LETTERS) != "Z":
            raise EngineFault("durable-rules did not fire one rule for each node, in order, and the last")
        return letters[:-1]

    def discard(self) -> None:
        """Give back the memory; what the engine says to that matters no more."""
        with suppress(Exception):
            self._binding.delete_state(self._handle, SID)  # there is a state only after a fault
        with suppress(Exception):
            self._binding.delete_ruleset(self._handle)


def _rule(name: str, steps: Sequence[Step] = ()) -> str:
    """A rule; the one without steps fires for every fact, after all others.

    `k` stands in every fact of ours; without it the engine's own facts would fire rules on what is missing.
    """
    if not steps:
        return f'"{name}":{{"all":[{{"m":{{"k":1}}}}],"pri":9}}'
    return f'"{name}":{{"all":[{{"m":{{"$and":[{{"k":1}},{",".join(map(_condition, steps))}]}}}}]}}'


def _condition(step: Step) -> str:
    equal = f'{{"a{step.attribute}":{step.number}}}'
    return equal if step.operator == "==" else f'{{"{OPERATORS[step.operator]}":{equal}}}'
