"""Random candidates: what is written in a level in; facts that lie at it, just below it and just above it
out.

Facts are missing, fields are missing, lists are empty, entries lie ahead. `completed` fills in whatever is
missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from service.engine.evaluate import scope_for
from service.engine.scope import Scope
from service.facts.calendar import STILL_RUNNING, add
from service.facts.request import GrantedWaiver, Request, Standing
from service.facts.types import NOTHING, Choice, Date, Fact, FactType, ListOf, Number, Records, Text, YesNo
from service.policy.model import Level
from tests.engine.naive import World
from tests.engine.random_policies import FACTS, HERE, NUMBERS, TEXTS, Pool, some_day

STEPS: tuple[int | Decimal, ...] = (
    0,
    0,
    0,
    1,
    -1,
    Decimal("0.01"),
    Decimal("-0.01"),
    Decimal("1e-20"),
    Decimal("-1e-20"),
)
STANDINGS = tuple(
    Level(track=track, level=level, title=level, grade=grade, place=HERE, enter_from=None, requires=())
    for track, level, grade in (("craft", "junior", 5), ("craft", "senior", 6), ("people", "lead", 6))
)


class Candidates:
    """Draws candidates for one level."""

    def __init__(self, chance: Random, pool: Pool, level: Level) -> None:
        self.chance, self.pool, self.level = chance, pool, level
        self.as_of = some_day(chance)

    def candidate(self, missing: float) -> Scope:
        """What is told of one candidate; `missing` is the share of facts and fields that are not."""
        chance = self.chance
        if chance.random() < 0.3:
            self.as_of = some_day(chance)
        facts = {name: self.told(fact, missing) for name, fact in FACTS.items()}
        standing = None if chance.random() < 0.15 else chance.choice(STANDINGS)
        untold = chance.random() < missing / 2
        told = (
            Standing(track=standing.track, level=standing.level)
            if standing
            else Standing(track=None, level=None)
        )
        request = Request(
            candidate="E-1", standing=None if untold else told, to_track="craft", to_level="principal",
            submitted_on=self.as_of - timedelta(days=chance.choice((0, 30))), as_of=self.as_of, facts=facts,
            waivers=tuple(self.waivers()),
        )  # fmt: skip
        return scope_for(request, self.level, None if untold else standing)

    def waivers(self) -> list[GrantedWaiver]:
        waived = [asked for asked in self.level.requires if asked.waiver and self.chance.random() < 0.5]
        days = timedelta(days=self.chance.choice((0, 10, 90, 91)))
        start = self.as_of - timedelta(days=self.chance.choice((-1, 0, 5)))
        return [
            GrantedWaiver(
                requirement=asked.id, by=self.chance.choice(("director", "lead")), granted_on=start,
                until=start + days, reason="reason",
            )
            for asked in waived
        ]  # fmt: skip

    def told(self, fact: Fact, missing: float) -> Any:
        """The value of a fact, None where it is missing."""
        if self.chance.random() < (missing if fact.absent_means is None else 0.4):
            return fact.absent_means
        return self.value(fact.type, missing)

    def value(self, kind: FactType, missing: float = 0.0) -> Any:
        chance = self.chance
        match kind:
            case Number():
                return self.number(kind)
            case YesNo():
                return chance.random() < 0.5
            case Date():
                return self.day()
            case Text():
                return chance.choice(TEXTS)
            case Choice():
                return chance.choice(kind.choices)
            case ListOf():
                return tuple(self.value(kind.of) for _ in range(chance.choice((0, 1, 2, 3))))
            case Records():
                return tuple(
                    {name: self.told(each, missing) for name, each in kind.fields.items()}
                    for _ in range(chance.choice((0, 1, 1, 2, 3, 4)))
                )
        raise AssertionError(kind)

    def number(self, kind: Number) -> int | Decimal:
        """At a number of the policy, or a step beside it; within the bounds of the fact."""
        chance = self.chance
        number: int | Decimal = chance.choice(self.pool.numbers)
        if chance.random() < 0.03:
            number = chance.choice(NUMBERS)()
        elif chance.random() < 0.3:
            number = chance.randint(0, 12)
        step: int | Decimal = chance.choice(STEPS)
        if step and -(10**7) < number < 10**7:
            number = number + step
        if kind.minimum is not None and number < kind.minimum:
            return kind.minimum
        if kind.maximum is not None and number > kind.maximum:
            return kind.maximum
        return number

    def day(self) -> date:
        """At a day of the policy, or so long before `as_of` as a length of time in it; or a day beside."""
        chance, draw = self.chance, self.chance.random()
        if draw < 0.25:
            day = chance.choice(self.pool.dates)
        elif draw < 0.6:
            day = add(self.as_of, chance.choice(self.pool.lengths), -1)
        elif draw < 0.7:
            day = self.as_of
        else:
            day = some_day(chance)
        return day + timedelta(days=chance.choice((0, 0, 0, 1, -1)))

    def completed(self, scope: Scope) -> World:
        """One way in which everything could be that is not told."""
        facts = {
            name: self.filled(FACTS[name], value) for name, value in scope.facts.items() if name in FACTS
        }
        told = {name: value for name, value in scope.facts.items() if name not in FACTS}
        if told["from.place"] is None:
            standing = self.chance.choice((None, *STANDINGS))
            told |= {
                "from.track": standing.track if standing else NOTHING,
                "from.level": standing.level if standing else NOTHING,
                "from.place": standing.name if standing else NOTHING,
                "from.grade": standing.grade if standing else NOTHING,
                "from.on_ladder": standing is not None,
            }
        return World(facts={**facts, **told}, told=scope.facts, as_of=scope.as_of)

    def filled(self, fact: Fact, told: Any) -> Any:
        if told is None:
            return self.filled(fact, self.value(fact.type))
        if isinstance(fact.type, Records):
            return tuple(self.filled_entry(fact.type, entry) for entry in told)
        return told

    def filled_entry(self, kind: Records, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.filled(kind.fields[name], value) for name, value in entry.items()}


__all__ = ["STANDINGS", "STILL_RUNNING", "Candidates"]
