"""Condition and amount trees as such: a tree in; its parts, and how large and how high it is, out.

What stands in several places of a tree is looked at once, so that trees whose parts are shared cost no more
than what was written. Knows nothing of meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from service.facts.averages import PLACES
from service.facts.totals import EXACT
from service.policy.condition import (
    Arithmetic,
    Average,
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
    PeriodStart,
    Sum,
    TimeIn,
    Whole,
    YearOf,
)

LARGEST = 5000  #: conditions and amounts in one requirement or derived fact, with all it builds on
HIGHEST = 100  #: of them inside each other
MOST_DIGITS = EXACT.prec  #: of a number that is calculated
TOLD = 91  #: of a number that somebody wrote or sent: 31 before the point and 60 after it
SUMMED = 7  #: digits more of a sum: a request holds fewer than ten million entries

TOO_LONG = (
    f"multiplies so many numbers with each other that the result may have more than {MOST_DIGITS:,} digits; "
    f"multiply at most {MOST_DIGITS // TOLD} of them"
)

Node = Condition | Expression
Part = Node | Entries | Ceiling

_BELOW: Mapping[type, tuple[str, ...]] = {
    Comparison: ("left", "right"), Group: ("of",), Derived: ("of",), DerivedField: ("of",),
    Arithmetic: ("left", "right"), Lookup: ("at",), Choose: ("branches", "otherwise"), FiscalQuarter: ("of",),
    YearOf: ("of",), Whole: ("of",), Entries: ("of", "where", "newest_by"), Ceiling: ("each",),
    Count: ("entries", "has", "once_per", "ceiling"), Sum: ("entries", "amount", "once_per", "ceiling"),
    TimeIn: ("entries", "start", "end", "since", "until", "breaks"), Extreme: ("entries", "amount"),
    Average: ("entries", "amount"), PeriodStart: ("of", "counted_from"),
}  # fmt: skip


class Extent(NamedTuple):
    """How many parts a tree has, shared ones counted each time; how many stand inside each other; how many
    digits a number may take that is calculated in it."""

    size: int
    height: int
    digits: int

    @property
    def fits(self) -> bool:
        """Whether it is small enough to be judged and explained."""
        return self.size <= LARGEST and self.height <= HIGHEST


def parts(node: Part) -> Iterator[Part]:
    """The parts right below a node."""
    for name in _BELOW.get(type(node), ()):
        value = getattr(node, name)
        if isinstance(value, tuple):
            for each in value:
                yield from each if isinstance(each, tuple) else (each,)
        elif value is not None:
            yield value


def parts_of(node: Part) -> Iterator[Node]:
    """The conditions and amounts right below a node; those that pick or limit entries count as below it,
    too."""
    for part in parts(node):
        if isinstance(part, Entries | Ceiling):
            yield from parts_of(part)
        else:
            yield part


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
                1 + sum(each.size for each in below),
                1 + max((each.height for each in below), default=0),
                _digits(node, [each.digits for each in below]),
            )
            found[id(node)] = measured
        return measured

    return of(root)


def _digits(node: Part, below: list[int]) -> int:
    """How many digits a number may take, before and after the point, that is calculated from such numbers."""
    if isinstance(node, Arithmetic) and node.op == "times":
        return sum(below)
    longer = SUMMED if isinstance(node, Sum) else isinstance(node, Arithmetic)
    return max(below, default=TOLD) + (SUMMED + PLACES if isinstance(node, Average) else longer)
