"""Condition and amount trees as such: a tree in; its parts, and how large and how high it is, out.

What stands in several places of a tree is looked at once, so that trees whose parts are shared cost no more
than what was written. Knows nothing of meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from service.policy.condition import (
    Arithmetic,
    Ceiling,
    Choose,
    Comparison,
    Condition,
    Count,
    Derived,
    DerivedField,
    Entries,
    Expression,
    Extreme,
    FiscalQuarter,
    Group,
    Lookup,
    Sum,
    TimeIn,
    Whole,
    YearOf,
)

LARGEST = 5000  #: conditions and amounts in one requirement or derived fact, with all it builds on
HIGHEST = 100  #: of them inside each other

Part = Condition | Expression | Entries | Ceiling

_BELOW: Mapping[type, tuple[str, ...]] = {
    Comparison: ("left", "right"), Group: ("of",), Derived: ("of",), DerivedField: ("of",),
    Arithmetic: ("left", "right"), Lookup: ("at",), Choose: ("branches", "otherwise"), FiscalQuarter: ("of",),
    YearOf: ("of",), Whole: ("of",), Entries: ("of", "where", "newest_by"), Ceiling: ("each",),
    Count: ("entries", "has", "once_per", "ceiling"), Sum: ("entries", "amount", "once_per", "ceiling"),
    TimeIn: ("entries", "start", "end", "since", "until", "breaks"), Extreme: ("entries", "amount"),
}  # fmt: skip


class Extent(NamedTuple):
    """How many parts a tree has, shared ones counted each time, and how many stand inside each other."""

    size: int
    height: int


def parts(node: Part) -> Iterator[Part]:
    """The parts right below a node."""
    for name in _BELOW.get(type(node), ()):
        value = getattr(node, name)
        if isinstance(value, tuple):
            for each in value:
                yield from each if isinstance(each, tuple) else (each,)
        elif value is not None:
            yield value


def walk(root: Part) -> Iterator[Part]:
    """Every part of a tree, itself included, once."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting.extend(parts(node))


def extent(root: Part, known: Mapping[int, Extent]) -> Extent:
    """The extent of a tree; `known` holds those of trees it builds on, by identity."""
    found: dict[int, Extent] = {}

    def of(node: Part) -> Extent:
        measured = known.get(id(node)) or found.get(id(node))
        if measured is None:
            below = [of(part) for part in parts(node)]
            measured = Extent(
                1 + sum(each.size for each in below), 1 + max((each.height for each in below), default=0)
            )
            found[id(node)] = measured
        return measured

    return of(root)
