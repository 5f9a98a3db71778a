"""The vocabulary: every fact a request may carry, by name, and the facts that are always there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.facts.quick import Read, quick_reader
from service.facts.types import Date, Fact, Number, Text, YesNo

#: Set by the request itself, never sent among its facts. `from.place` and `to.place` are `track/level` in one
#: word.
ALWAYS_THERE: Mapping[str, Fact] = {
    fact.name: fact
    for fact in (
        Fact(name="as_of", type=Date(), label="the day it would take effect", can_change=False),
        Fact(name="submitted_on", type=Date(), label="the day of the request", can_change=False),
        Fact(name="from.track", type=Text(), label="present track", can_change=False),
        Fact(name="from.level", type=Text(), label="present level", can_change=False),
        Fact(name="from.place", type=Text(), label="present level", can_change=False),
        Fact(name="from.on_ladder", type=YesNo(), label="already on a ladder", can_change=False),
        Fact(name="from.grade", type=Number(), label="present grade", can_change=False),
        Fact(name="to.track", type=Text(), label="track asked for", can_change=False),
        Fact(name="to.level", type=Text(), label="level asked for", can_change=False),
        Fact(name="to.place", type=Text(), label="level asked for", can_change=False),
        Fact(name="to.grade", type=Number(minimum=0), label="grade asked for", can_change=False),
    )
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The facts that callers may send; derived facts are not among them."""

    facts: Mapping[str, Fact]
    read: Read = field(init=False, repr=False, compare=False)  #: facts as they are sent, when all is right

    def __post_init__(self) -> None:
        object.__setattr__(self, "read", quick_reader(self.facts))

    def __reduce__(self) -> tuple[Any, ...]:
        return Vocabulary, (self.facts,)  # how facts are read is made anew: functions cannot be packed

    def __contains__(self, name: str) -> bool:
        return name in self.facts or name in ALWAYS_THERE

    def __getitem__(self, name: str) -> Fact:
        return self.facts.get(name) or ALWAYS_THERE[name]
