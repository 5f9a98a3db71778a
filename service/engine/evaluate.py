"""Evaluating: a level and what is told about a candidate in; a finding for every requirement, and the
outcome, out.

`Evaluator.evaluate` lets durable-rules decide and holds every node of its answer against the reference: a
difference is a `Disagreement`, never a verdict. `judge` is the reference alone, for advice and for what is
not recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from service.engine.compile import Plan
from service.engine.network import MET, OPPOSITE, UNKNOWN, UNMET, Measure
from service.engine.reference import truth
from service.engine.scope import Scope, Truth
from service.engine.waivers import weigh
from service.errors import Disagreement
from service.facts.request import Request
from service.facts.types import NOTHING
from service.policy.condition import Condition
from service.policy.model import Level, Requirement

Result = Literal["met", "unmet", "unknown", "waived", "not_applicable"]
Outcome = Literal["eligible", "not_eligible", "needs_information"]

PASSED: frozenset[Result] = frozenset({"met", "waived", "not_applicable"})
_LETTER: Mapping[Result, str] = {
    "unmet": UNMET,
    "unknown": UNKNOWN,
    "met": MET,
    "waived": MET,
    "not_applicable": MET,
}


class Decider(Protocol):
    """What decides a network: `DurableEngine`."""

    def decide(self, measures: list[Measure]) -> str: ...


def scope_for(request: Request, level: Level, standing: Level | None, *, as_of: date | None = None) -> Scope:
    """What is told about a candidate when judged for `level`, on the day asked for or another."""
    day = request.as_of if as_of is None else as_of
    on_no_ladder = request.standing is not None and standing is None
    told = {
        **request.facts,
        "as_of": day,
        "submitted_on": request.submitted_on,
        "from.track": standing.track if standing else NOTHING if on_no_ladder else None,
        "from.level": standing.level if standing else NOTHING if on_no_ladder else None,
        "from.place": standing.name if standing else NOTHING if on_no_ladder else None,
        "from.on_ladder": True if standing else False if on_no_ladder else None,
        "from.grade": standing.grade if standing else NOTHING if on_no_ladder else None,
        "to.track": level.track,
        "to.level": level.level,
        "to.place": level.name,
        "to.grade": level.grade,
    }
    return Scope(facts=told, as_of=day, truth=truth, waivers=weigh(request.waivers, level, day))


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result for every requirement of a level, in policy order, and the outcome."""

    level: Level
    scope: Scope
    results: tuple[tuple[Requirement, Result], ...]
    outcome: Outcome

    def letter(self, condition: Condition) -> str:
        """Whether a condition of this level holds: a letter of `engine.network`."""
        return self.scope.holds(condition)[0]

    def missing(self, condition: Condition) -> tuple[str, ...]:
        """The pointers of the facts that would settle a condition of this level."""
        return self.scope.holds(condition)[1]


def judge(level: Level, scope: Scope) -> Judgement:
    """Judge by what the scope judges with; by the reference, unless it was prepared."""
    results = tuple((requirement, result_of(requirement, scope)) for requirement in level.requires)
    return Judgement(level, scope, results, outcome_of(results))


def result_of(requirement: Requirement, scope: Scope) -> Result:
    """What the reference finds for one requirement."""
    letter = scope.holds(requirement.condition)[0]
    applies = MET if requirement.applies_when is None else scope.holds(requirement.applies_when)[0]
    if applies == UNMET:
        return "not_applicable"
    if letter == MET:
        return "met"
    lifted = UNMET if requirement.unless is None else scope.holds(requirement.unless)[0]
    if lifted == MET:
        return "not_applicable"
    if requirement.waiver is not None and requirement.id in scope.waivers.accepted:
        return "waived"
    return "unknown" if UNKNOWN in (letter, applies, lifted) else "unmet"


def outcome_of(results: tuple[tuple[Requirement, Result], ...]) -> Outcome:
    """One unmet required requirement decides; otherwise one unknown leaves it open."""
    deciding = [result for requirement, result in results if requirement.kind == "required"]
    if "unmet" in deciding:
        return "not_eligible"
    return "needs_information" if "unknown" in deciding else "eligible"


_SETTLED: Mapping[str, Truth] = {MET: (MET, ()), UNMET: (UNMET, ())}
_OPPOSITE = str.maketrans(OPPOSITE)
_OUTCOME: Mapping[Outcome, str] = {"eligible": MET, "not_eligible": UNMET, "needs_information": UNKNOWN}


def evaluate(plan: Plan, decider: Decider, scope: Scope) -> Judgement:
    """Let the engine decide, and confirm every node by the reference.

    The scope of the judgement remembers what the engine decided; the reference works everything out anew.

    Raises:
        EngineFault: durable-rules did something unexpected.
        Disagreement: it and the reference differ.
    """
    told = plan.prepared.scope(scope)
    letters = decider.decide(plan.measured(told))
    confirmed = judge(plan.level, Scope(scope.facts, scope.as_of, truth, scope.waivers))
    # a node stands at its index, and the opposite of it at `~index`, which counts from the end
    _confirm(plan, confirmed, letters + letters[::-1].translate(_OPPOSITE), told)
    return Judgement(plan.level, told, confirmed.results, confirmed.outcome)


def _confirm(plan: Plan, judgement: Judgement, decided: str, told: Scope) -> None:
    """Hold what was decided against a judgement of the reference; `told` is to remember it."""
    for condition, node in plan.conditions:
        letter = decided[node]
        if truth(condition, judgement.scope)[0] != letter:
            raise Disagreement(
                f"{plan.level.name}: the condition at {condition.place} is decided differently"
            )
        if letter != UNKNOWN:
            told.truths[id(condition)] = _SETTLED[letter]
    for passing, (requirement, result) in zip(plan.passings, judgement.results, strict=True):
        if _LETTER[result] != decided[passing.passed]:
            raise Disagreement(f"{plan.level.name}: requirement {requirement.id} is decided differently")
    if _OUTCOME[judgement.outcome] != decided[plan.outcome]:
        raise Disagreement(f"{plan.level.name}: the outcome is decided differently")
