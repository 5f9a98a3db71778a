"""Compiling: one level of a policy in; a decision network with a measure for each of its leaves, out.

A requirement is met when its condition holds, or it does not apply, or an exception lifts it, or it is
waived; the verdict is all required ones together. Equal conditions become one node.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from service.engine.measures import Leaf, leaf_of, splits
from service.engine.network import AtLeast, Measure, Network, Within
from service.engine.prepared import Prepared
from service.engine.scope import Frame, Scope
from service.policy.condition import Comparison, Condition, Group
from service.policy.model import Level, Requirement


@dataclass(frozen=True, slots=True)
class Passing:
    """Where the parts of one requirement stand in the network (`~i` is the negation of node i)."""

    requirement: Requirement
    passed: int  #: met, lifted, waived or not applicable


@dataclass(frozen=True, slots=True)
class Plan:
    """One level, ready to be decided."""

    level: Level
    prepared: Prepared  #: its amounts and conditions
    network: Network
    measures: tuple[Callable[[Scope, Frame], Measure], ...]  #: for the leaves of the network, in order
    conditions: tuple[
        tuple[Condition, int], ...
    ]  #: every condition of the level and its node, parts before groups
    passings: tuple[Passing, ...]  #: in policy order
    outcome: int  #: the node of the verdict

    def measured(self, scope: Scope) -> list[Measure]:
        return [measure(scope, ()) for measure in self.measures]


@dataclass(slots=True)
class _Builder:
    prepared: Prepared
    nodes: list[Within | AtLeast] = field(default_factory=list)
    measures: list[Callable[[Scope, Frame], Measure]] = field(default_factory=list)
    leaves: dict[Comparison, int] = field(default_factory=dict)
    groups: dict[tuple[int, tuple[int, ...]], int] = field(default_factory=dict)
    conditions: dict[int, tuple[Condition, int]] = field(default_factory=dict)

    def condition(self, condition: Condition) -> int:
        """The node of a condition, made if it is new."""
        if id(condition) in self.conditions:
            return self.conditions[id(condition)][1]
        if isinstance(condition, Group):
            node = self.at_least(condition.needed, [self.condition(part) for part in condition.of])
            node = ~node if condition.kind == "none_of" else node
        elif splits(condition):
            low, high = condition.right
            halves = (
                replace(condition, op="at_least", right=(low,)),
                replace(condition, op="at_most", right=(high,)),
            )
            node = self.at_least(2, [self.comparison(half) for half in halves])
        else:
            node = self.comparison(condition)
        self.prepared.test(condition)
        self.conditions[id(condition)] = condition, node
        return node

    def comparison(self, comparison: Comparison) -> int:
        if comparison not in self.leaves:
            leaf = leaf_of(comparison, self.prepared.amount)
            node = self.leaf(leaf)
            self.leaves[comparison] = ~node if leaf.negated else node
        return self.leaves[comparison]

    def leaf(self, leaf: Leaf) -> int:
        self.nodes.append(leaf.within)
        self.measures.append(leaf.measure)
        return len(self.nodes) - 1

    def at_least(self, needed: int, of: list[int]) -> int:
        if len(of) == 1:
            return of[0]
        key = needed, tuple(of)
        if key not in self.groups:
            self.nodes.append(AtLeast(*key))
            self.groups[key] = len(self.nodes) - 1
        return self.groups[key]

    def requirement(self, requirement: Requirement) -> int:
        ways = [self.condition(requirement.condition)]
        if requirement.applies_when is not None:
            ways.append(~self.condition(requirement.applies_when))
        if requirement.unless is not None:
            ways.append(self.condition(requirement.unless))
        if requirement.waiver is not None:
            ways.append(self.leaf(Leaf(Within(1, None), _waived(requirement.id))))
        return self.at_least(1, ways)


def _waived(requirement: str) -> Callable[[Scope, Frame], Measure]:
    def measure(scope: Scope, _: Frame) -> Measure:
        return (1, 1) if requirement in scope.waivers.accepted else (0, 0)

    return measure


def compile_level(level: Level, prepared: Prepared | None = None) -> Plan:
    """The plan that decides one level.

    Args:
        level: What is asked.
        prepared: Where what is made ready for other levels stands, too; it is added to.
    """
    builder = _Builder(Prepared() if prepared is None else prepared)
    passings = tuple(Passing(requirement, builder.requirement(requirement)) for requirement in level.requires)
    required = [passing.passed for passing in passings if passing.requirement.kind == "required"]
    outcome = builder.at_least(len(required), required)
    return Plan(
        level=level,
        prepared=builder.prepared,
        network=Network(tuple(builder.nodes)),
        measures=tuple(builder.measures),
        conditions=tuple(builder.conditions.values()),
        passings=passings,
        outcome=outcome,
    )
