"""What may be asked of the logic of conditions: answers wanted, goals, and the world they are to come true
in.

Requirements and levels in; goals out. `policy.logic` says whether they can come true together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from service.policy.condition import Condition
from service.policy.model import Level, Requirement
from service.policy.possible import NO, NOT_NO, NOT_YES, YES, Want
from service.policy.shapes import Frame


class Ask(NamedTuple):
    """That a condition gives one of the answers wanted; `frame` holds the entries at hand."""

    condition: Condition
    want: Want = YES
    frame: Frame = ()


class Goal(NamedTuple):
    """That at least `needed` of some ways come true; of each way, all it asks."""

    needed: int
    ways: tuple[tuple[Ask, ...], ...]


Said = tuple[tuple[Condition, Want], ...]  #: conditions, with the answers they give


@dataclass(frozen=True, slots=True)
class World:
    """What is taken for granted about a candidate and a target."""

    always: Mapping[str, Any] = field(default_factory=dict)  #: always-there facts; left out: anything
    said: Said = ()  #: what is so besides
    #: Of records, what is so of every entry, for the slot it stands in; None: there are no entries.
    entries: Mapping[str, Callable[[int], Said] | None] = field(default_factory=dict)


def one(condition: Condition, want: Want = YES) -> Goal:
    """That a condition gives one of the answers wanted."""
    return Goal(1, ((Ask(condition, want),),))


def passes(requirement: Requirement) -> Goal:
    """That a requirement does not stand in the way. Waivers are left aside: each is one person's signed
    exception."""
    ways = [(Ask(requirement.condition),)]
    if requirement.applies_when is not None:
        ways.append((Ask(requirement.applies_when, NO),))
    if requirement.unless is not None:
        ways.append((Ask(requirement.unless),))
    return Goal(1, tuple(ways))


def stands(requirement: Requirement) -> tuple[Goal, ...]:
    """That a requirement stands in the way, unmet or unknown."""
    goals = [one(requirement.condition, NOT_YES)]
    if requirement.applies_when is not None:
        goals.append(one(requirement.applies_when, NOT_NO))
    if requirement.unless is not None:
        goals.append(one(requirement.unless, NOT_YES))
    return tuple(goals)


def deciding(level: Level) -> tuple[Requirement, ...]:
    """The requirements that decide, without the way in: where people come from is part of the world."""
    return tuple(each for each in level.requires[1:] if each.kind == "required")
