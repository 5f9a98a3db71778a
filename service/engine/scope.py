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
Happened = tuple[Frame, Truth]  #: an entry that is not dated after `as_of`: its frame; is its day told?
Amount = Callable[["Scope", Frame], Known]  #: what gives an amount, made ready beforehand


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
    prepared: Mapping[int, Amount] = field(
        default_factory=dict
    )  #: by identity; none where all is worked out plainly
    memo: dict[int, Known] = field(default_factory=dict)
    truths: dict[int, Truth] = field(default_factory=dict)
    happened: dict[str, Sequence[Happened]] = field(default_factory=dict, init=False)
    counted: dict[int, Sequence[Counted]] = field(default_factory=dict, init=False)
    kept: list[object] = field(default_factory=list, init=False)

    def holds(self, condition: Condition, frame: Frame = ()) -> Truth:
        """Whether a condition holds, and what would settle it where that is not known."""
        told = None if frame else self.truths.get(id(condition))
        return told or self.truth(condition, self, frame)

    def told(self, facts: Mapping[str, Any], as_of: date, waivers: Waivers) -> Scope:
        """A scope in which other things are told, judged in the same way.

        It remembers nothing yet but which entries have happened, of facts that are told as they were.
        """
        scope = Scope(facts, as_of, self.truth, waivers, self.prepared)
        if as_of == self.as_of:
            was = self.facts
            scope.happened.update(
                (name, entries) for name, entries in self.happened.items() if facts.get(name) is was.get(name)
            )
        return scope


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
