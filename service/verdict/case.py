"""A case: one request with what the policies hold for it, and every "what if" that advice asks of it.

Advice is judged by the reference; what does not depend on a changed fact is not worked out again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from service.engine.evaluate import PASSED, Judgement, result_of, scope_for
from service.engine.scope import Scope
from service.engine.waivers import weigh
from service.facts.request import Request
from service.policy.mentions import Mentions
from service.policy.model import Level, PolicySet, Requirement
from service.policy.selection import Selection
from service.policy.ways import Ways
from service.verdict.settled import Beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request, judged."""

    request: Request
    selection: Selection
    policies: PolicySet
    mentions: Mentions
    ways: Ways
    judgement: Judgement  #: as the engine decided it
    also_judged: tuple[Beside, ...] = ()  #: other versions that were judged, newest first
    turnings: dict[int, Any] = field(default_factory=dict)  #: what `verdict.days` keeps of the policies
    days: dict[date, Scope] = field(default_factory=dict)  #: what is told, on other days that were asked for
    met_from: dict[str, date | None] = field(default_factory=dict)  #: by requirement, where it was asked for

    @property
    def scope(self) -> Scope:
        return self.judgement.scope

    def failing(self) -> list[Requirement]:
        """The required requirements that are not passed, in policy order."""
        return [
            requirement
            for requirement, result in self.judgement.results
            if requirement.kind == "required" and result not in PASSED
        ]

    def on(self, day: date, scope: Scope | None = None) -> Scope:
        """What is told, on another day."""
        if scope is not None and scope is not self.scope:
            return self.told({"as_of": day}, scope)
        known = self.days.get(day)
        if known is None:
            known = self.days[day] = self.told({"as_of": day})
        return known

    def told(self, changes: Mapping[str, Any], scope: Scope | None = None) -> Scope:
        """What is told, with some facts told differently."""
        base = self.scope if scope is None else scope
        changed = frozenset(changes)
        day = changes.get("as_of", base.as_of)
        waivers = weigh(self.request.waivers, self.selection.level, day)
        return self._remembering(base.told({**base.facts, **changes}, day, waivers), base, changed)

    def for_level(self, level: Level) -> Scope:
        """The same candidate, judged for another level."""
        plain = scope_for(self.request, level, self.selection.standing)
        scope = self.scope.told(plain.facts, plain.as_of, plain.waivers)
        return self._remembering(scope, self.scope, _TARGET)

    def _remembering(self, scope: Scope, base: Scope, changed: frozenset[str]) -> Scope:
        """A new scope that remembers what another one worked out from facts that are told alike."""
        kept = self.mentions.apart_from(changed)
        scope.memo.update((key, known) for key, known in base.memo.items() if key in kept)
        scope.truths.update((key, known) for key, known in base.truths.items() if key in kept)
        return scope

    def eligible(self, scope: Scope) -> bool:
        """Whether every required requirement of the level asked for is passed."""
        return self.first_failing(scope) is None

    def first_failing(self, scope: Scope) -> Requirement | None:
        for requirement in self.selection.level.requires:
            if requirement.kind == "required" and result_of(requirement, scope) not in PASSED:
                return requirement
        return None


_TARGET = frozenset({"to.track", "to.level", "to.place", "to.grade"})
