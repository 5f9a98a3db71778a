"""What is told about one candidate, and what was already worked out from it, while a level is judged.

`engine.values` works out amounts in a scope, `engine.reference` conditions. Knows neither of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from service.engine.network import MET, UNKNOWN, UNMET
from service.engine.waivers import NO_WAIVERS, Waivers
from service.facts.known import Known
from service.policy.condition import Condition

#: a letter of `engine.network`, and the pointers that would settle an unknown
Truth = tuple[str, tuple[str, ...]]
Frame = tuple[tuple[str, Any], ...]  #: the entries at hand: JSON pointer and value, by slot
Counted = tuple[Frame, str, tuple[str, ...]]  #: an entry that may count: its frame, and its `Truth`


@dataclass(slots=True)
class Scope:
    """What is told about one candidate for one target on one day; remembers what was worked out from it.

    `facts` holds facts and the always-there ones by name; None is not known. What was worked out is
    remembered under the identity of an expression or condition, which `kept` keeps from being given to
    another one. Whoever makes a scope from another one must leave out what no longer holds.
    """

    facts: Mapping[str, Any]
    as_of: date
    truth: Callable[[Condition, Scope, Frame], Truth]
    waivers: Waivers = NO_WAIVERS
    memo: dict[int, Known] = field(default_factory=dict)
    truths: dict[int, Truth] = field(default_factory=dict)
    counted: dict[int, Sequence[Counted]] = field(default_factory=dict, init=False)
    kept: list[object] = field(default_factory=list, init=False)


def pointer_of(fact: str) -> str:
    """Where a fact stands in a request; the always-there ones that may be untold are all told by `from`."""
    return "/from" if fact.startswith("from.") else f"/facts/{fact}"


def both(one: Truth, other: Truth) -> Truth:
    """Strong Kleene `and`."""
    if one[0] == UNMET or other[0] == UNMET:
        return UNMET, ()
    if one[0] == MET:
        return other
    return one if other[0] == MET else (UNKNOWN, one[1] + other[1])
