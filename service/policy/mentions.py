"""Mentions: which facts a condition or an amount depends on.

A condition in; names of facts out. `as_of` is among them wherever the day matters, written or not: lengths of
time up to `as_of`, and records whose later entries have not happened yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.types import Records, Time
from service.policy.condition import (
    Average,
    Comparison,
    Condition,
    Count,
    Extreme,
    FactRef,
    Sum,
    TimeIn,
    Whole,
    type_of,
)
from service.policy.model import Level, Requirement
from service.policy.trees import Node, parts_of

_MOST_REMEMBERED = 1_000


class Mentions:
    """Answers for the trees of one policy set, each worked out once."""

    def __init__(self) -> None:
        self._known: dict[
            int, tuple[Node, frozenset[str]]
        ] = {}  # holds the node, so that its id stays its own
        self._apart: dict[frozenset[str], frozenset[int]] = {}
        self._written: dict[int, tuple[Node, str]] = {}

    def of(self, node: Node) -> frozenset[str]:
        """The facts that a condition or amount depends on."""
        known = self._known.get(id(node))
        if known is None:
            names = frozenset().union(*map(self.of, parts_of(node)), _own(node))
            known = self._known[id(node)] = node, names
        return known[1]

    def of_requirement(self, requirement: Requirement) -> frozenset[str]:
        """The facts that a requirement depends on."""
        return frozenset().union(*map(self.of, conditions_of(requirement)))

    def of_level(self, level: Level) -> frozenset[str]:
        """The facts that a level depends on."""
        return frozenset().union(*map(self.of_requirement, level.requires))

    def written(self, node: Node) -> str:
        """A tree in full, with its place: what tells it from every other one."""
        known = self._written.get(id(node))
        if known is None:
            known = self._written[id(node)] = node, repr(node)
        return known[1]

    def apart_from(self, names: frozenset[str]) -> frozenset[int]:
        """The ids of all trees asked for so far that depend on none of some facts."""
        apart = self._apart.get(names)
        if apart is None or len(self._apart) > _MOST_REMEMBERED:
            apart = frozenset(
                key for key, (_, mentioned) in self._known.items() if names.isdisjoint(mentioned)
            )
            self._apart = (
                {**self._apart, names: apart} if len(self._apart) <= _MOST_REMEMBERED else {names: apart}
            )
        return apart


def conditions_of(requirement: Requirement) -> Iterator[Condition]:
    """The condition of a requirement, then `applies_when` and `unless` where it has them."""
    yield requirement.condition
    if requirement.applies_when is not None:
        yield requirement.applies_when
    if requirement.unless is not None:
        yield requirement.unless


def _own(node: Node) -> frozenset[str]:
    """What a node depends on by itself."""
    match node:
        case FactRef(name=name):
            return frozenset({name})
        case Comparison(op="for_at_least" | "within_last") | TimeIn() | Whole():
            return frozenset({"as_of"})
        case Comparison(left=left) if isinstance(type_of(left), Time):
            return frozenset({"as_of"})  # months are counted from it where there is no other day
        case (
            Count(entries=entries)
            | Sum(entries=entries)
            | Extreme(entries=entries)
            | Average(entries=entries)
        ):
            kind = type_of(entries.of)
            return frozenset({"as_of"}) if isinstance(kind, Records) and kind.dated_by else frozenset()
        case _:
            return frozenset()
