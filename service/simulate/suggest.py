"""Suggestions: tests and policies in; the boundary cases that no test holds yet, as YAML to paste, out.

Each condition is brought just below, to and just above what it asks, to the ends of months, and to where a
fact is missing; the rest is told as of a person from the tests. What `expect` says is what the policy gives
today: whether it should, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from service.engine.evaluate import judge as judged
from service.engine.evaluate import scope_for
from service.engine.scope import Scope
from service.facts.calendar import LAST_DAY
from service.facts.request import Request, Standing
from service.policy.condition import Comparison, Condition, Group
from service.policy.mentions import conditions_of
from service.policy.model import Level, PolicySet, Requirement, TrackVersion
from service.policy.selection import Selection
from service.simulate.attempts import STANDING, Attempt, attempts
from service.simulate.model import PolicyTest
from service.simulate.people import NO_LADDER
from service.simulate.writing import told, words
from service.verdict.judge import Judge


@dataclass(frozen=True, slots=True)
class _Base:
    """Somebody from whom the cases of a level start."""

    name: str
    request: Request
    selection: Selection


def suggested(tests: Sequence[PolicyTest], judge: Judge, only: Sequence[str] = ()) -> Iterator[str]:
    """The lines of a test file with the boundary cases that are missing.

    Args:
        tests: What there is already.
        judge: The policies.
        only: Levels (`track/level`) to look at; all when empty.
    """
    policies = judge.policies
    people: dict[str, _Base] = {}
    cases: list[str] = []
    for version, level in _levels(policies):
        if only and level.name not in only:
            continue
        own = [test for test in tests if test.selection.level is level]
        base = _base(own, version, level, policies)
        if base is None:
            continue
        name = base.name
        if name in people and people[name].request != base.request:
            name = f"{name}-{level.track}-{level.level}"
        lines = list(_cases(replace(base, name=name), own, judge, people))
        if lines:
            cases += ["", f"  # {level.name}", *lines]
            people[name] = base
    if not cases:
        yield "# Every boundary that can be built is tested already."
        return
    yield "# Boundary cases that were missing. `expect` and `findings` say what the policy gives today:"
    yield "# read each one, and keep it when that is right."
    first = next(iter(people.values())).request
    yield f"as_of: {first.as_of}"
    if first.submitted_on != first.as_of:
        yield f"submitted_on: {first.submitted_on}"
    yield ""
    yield "people:"
    for name, base in people.items():
        yield from _person(name, base.request, policies)
    yield ""
    yield "cases:"
    yield from cases


def _levels(policies: PolicySet) -> Iterator[tuple[TrackVersion, Level]]:
    for versions in policies.tracks.values():
        for version in versions:
            for level in version.levels:
                yield version, level


def _base(
    tests: Sequence[PolicyTest], version: TrackVersion, level: Level, policies: PolicySet
) -> _Base | None:
    """The person of a test who is eligible, or of any test, or somebody of whom nothing is told."""
    test = next((test for test in tests if test.expected.outcome == "eligible"), next(iter(tests), None))
    if test is not None:
        return _Base(test.person, replace(test.request, waivers=()), test.selection)
    standing, held = Standing(track=None, level=None), None
    if level.enter_from:
        track, _, name = level.enter_from[0].partition("/")
        now = policies.version(track, version.start)
        standing, held = Standing(track=track, level=name), None if now is None else now.level(name)
    request = Request(
        candidate="somebody", standing=standing, to_track=level.track, to_level=level.level,
        submitted_on=version.start, as_of=version.start,
        facts={name: fact.absent_means for name, fact in policies.vocabulary.facts.items()},
    )  # fmt: skip
    return _Base("somebody", request, Selection(version=version, level=level, standing=held))


def _cases(base: _Base, tests: Sequence[PolicyTest], judge: Judge, people: dict[str, _Base]) -> Iterator[str]:
    """The cases that a level lacks."""
    level, standing = base.selection.level, base.selection.standing
    scope = scope_for(base.request, level, standing)
    scopes = [scope_for(test.request, level, test.selection.standing) for test in tests]
    names: set[str] = set()
    first = next(iter(people.values()), base).request
    for requirement in level.requires:
        leaves = {id(leaf): leaf for condition in conditions_of(requirement) for leaf in _leaves(condition)}
        for number, leaf in enumerate(leaves.values(), 1):
            which = f"{requirement.id} ({number})" if len(leaves) > 1 else requirement.id
            for attempt in _missing(leaf, scope, scopes, judge, beside=len(leaves) > 1):
                name = f"{level.title}, {which}: {attempt.thing}, {attempt.position}"
                if name not in names and (attempt.as_of is None or attempt.as_of <= LAST_DAY):
                    names.add(name)
                    yield from _case(name, attempt, base, requirement, first, judge.policies)


def _missing(
    leaf: Comparison, scope: Scope, scopes: Iterable[Scope], judge: Judge, *, beside: bool
) -> Iterator[Attempt]:
    """The boundaries of a condition at which nobody of whom the tests tell stands."""
    vocabulary = judge.policies.vocabulary
    wanted = list(attempts(leaf, scope, vocabulary, beside=beside))
    by_day = {scope.as_of: wanted}
    seen: set[tuple[str, str]] = set()
    for other in scopes:
        if other.as_of not in by_day:
            by_day[other.as_of] = list(attempts(leaf, other, vocabulary))
        seen.update((each.thing, each.position) for each in by_day[other.as_of] if each.held(other))
    for each in wanted:
        if (each.thing, each.position) not in seen:
            yield each


def _leaves(condition: Condition) -> Iterator[Comparison]:
    if isinstance(condition, Group):
        for part in condition.of:
            yield from _leaves(part)
    else:
        yield condition


def _case(
    name: str, attempt: Attempt, base: _Base, requirement: Requirement, first: Request, policies: PolicySet
) -> Iterator[str]:
    request, standing = base.request, base.selection.standing
    facts = {**request.facts, **attempt.told}
    untold = [each for each in attempt.untold if each != STANDING]
    facts.update({each: policies.vocabulary[each].absent_means for each in untold})
    changed = replace(request, facts=facts, as_of=attempt.as_of or request.as_of)
    if STANDING in attempt.untold:
        changed, standing = replace(changed, standing=None), None
    level = base.selection.level
    judgement = judged(level, scope_for(changed, level, standing))
    result = next(result for asked, result in judgement.results if asked is requirement)
    facts_known = policies.vocabulary.facts
    yield f"  - case: {words(name)}"
    yield f"    given: {base.name}"
    yield f"    to: {level.name}"
    if changed.as_of != first.as_of:
        yield f"    as_of: {changed.as_of}"
    said = changed.as_of if first.submitted_on == first.as_of else first.submitted_on
    if request.submitted_on != said:
        yield f"    submitted_on: {request.submitted_on}"
    if attempt.told:
        yield "    with:"
        yield from told(attempt.told, facts_known, "      ")
    left_out = [each for each in attempt.untold if each == STANDING or request.facts[each] != facts[each]]
    if left_out:
        yield f"    without: [{', '.join(left_out)}]"
    yield f"    expect: {judgement.outcome}"
    yield f"    findings: {{{requirement.id}: {result}}}"


def _person(name: str, request: Request, policies: PolicySet) -> Iterator[str]:
    facts = {
        each: value
        for each, value in request.facts.items()
        if value is not None and value != policies.vocabulary[each].absent_means
    }
    place = request.standing and (request.standing.place or NO_LADDER)
    yield f"  {name}:{'' if place or facts else ' {}'}"
    if place:
        yield f"    from: {place}"
    if facts:
        yield "    facts:"
        yield from told(facts, policies.vocabulary.facts, "      ")
