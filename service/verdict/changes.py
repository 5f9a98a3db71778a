"""What would change: a smallest set of changes that leads to `eligible`, or none.

A case in; remedies out. The search takes the first requirement that fails, tries each remedy for it, and goes
on with what fails then; it ends where, judged again with all changes made, nothing fails. What it finds first
is given unless a smaller set is found: with as few changes as there are requirements apart from each other,
then with one more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from service.engine.scope import Scope
from service.facts.vocabulary import ALWAYS_THERE
from service.policy.model import Requirement
from service.verdict.case import Case
from service.verdict.days import met_from
from service.verdict.later import by_version, same_versions
from service.verdict.remedies import remedies
from service.verdict.remedy import Remedy

#: More changes than this are no advice.
MOST_CHANGES = 12
#: How many states the search may look at. Cases with a few requirements in the way need far fewer; where more
#: are needed, the advice is what was found first, or none.
MOST_LOOKED_AT = 80

Chosen = tuple[tuple[str, Remedy], ...]  #: requirement id and the remedy chosen for it


def what_would_change(case: Case) -> Chosen:
    """A smallest set of changes with which the same request would be eligible; empty where there is none.

    Whoever waits until other versions judge is advised by these.
    """
    failing = case.failing()
    if not failing:
        return ()
    (_, ends), *later = same_versions(case)
    chosen = _within_one_version(case, ends)
    for begins, ends in later:
        for other in by_version(case, begins):
            changes = _within_one_version(other, ends)
            if changes or other.judgement.outcome == "eligible":
                waits = any(remedy.how == "wait" for _, remedy in changes)
                whole = changes if waits else ((failing[0].id, _wait(begins)), *changes)
                chosen = whole if not chosen or len(whole) < len(chosen) else chosen
    return chosen


def _wait(day: date) -> Remedy:
    return Remedy(fact="as_of", how="wait", value=day, key=("as_of",), label=ALWAYS_THERE["as_of"].label)


def _within_one_version(case: Case, ends: date) -> Chosen:
    failing = case.failing()
    search = _Search(case, ends)
    if not failing or not all(any(True for _ in search.as_it_stands(asked)) for asked in failing):
        return ()
    found = search.within(MOST_CHANGES)
    for limit in range(max(1, _apart(case, failing)), MOST_CHANGES if found is None else len(found)):
        smaller = search.within(limit)
        if smaller is not None:
            return tuple(smaller.values())
        if not search.cut or search.looked_at > MOST_LOOKED_AT:
            break
    return () if found is None else tuple(found.values())


def _apart(case: Case, failing: list[Requirement]) -> int:
    """How many failing requirements share no fact that could change: each needs a change of its own."""
    seen: set[str] = set()
    count = 0
    for requirement in failing:
        names = {
            name
            for name in case.mentions.of_requirement(requirement)
            if name == "as_of" or (name not in ALWAYS_THERE and case.policies.vocabulary[name].can_change)
        }
        if names.isdisjoint(seen):
            count += 1
        seen |= names
    return count


def _remedies(case: Case, requirement: Requirement, scope: Scope, ends: date) -> Iterator[Remedy]:
    """Waiting, where that is enough while the version judges; then what would meet the requirement, lift it,
    or put it out of scope."""
    mentioned = case.mentions.of_requirement(requirement)
    if "as_of" in mentioned or any(waiver.requirement == requirement.id for waiver in case.request.waivers):
        day = met_from(case, requirement, scope)
        if day is not None and day < ends:
            yield _wait(day)
    vocabulary = case.policies.vocabulary
    yield from remedies(requirement.condition, True, scope, vocabulary, case.mentions)
    if requirement.unless is not None:
        yield from remedies(requirement.unless, True, scope, vocabulary, case.mentions)
    if requirement.applies_when is not None:
        yield from remedies(requirement.applies_when, False, scope, vocabulary, case.mentions)


class _Kept:
    """What an iterator gives, as far as somebody asked; kept for whoever asks again."""

    def __init__(self, found: Iterator[Remedy]) -> None:
        self._found = found
        self._kept: list[Remedy] = []

    def __iter__(self) -> Iterator[Remedy]:
        place = 0
        while True:
            if place == len(self._kept):
                remedy = next(self._found, None)
                if remedy is None:
                    return
                self._kept.append(remedy)
            yield self._kept[place]
            place += 1


_Chosen = dict[tuple[str, ...], tuple[str, Remedy]]


class _Search:
    """A depth-first search with a limit on the number of different changes; no state is looked at twice."""

    def __init__(self, case: Case, ends: date) -> None:
        self.case, self.ends = case, ends  #: from that day on other versions judge
        self.looked_at = 0
        self.cut = False  #: whether the limit kept something from being tried
        self.seen: set[frozenset[Any]] = set()
        self._as_it_stands: dict[str, _Kept] = {}

    def as_it_stands(self, requirement: Requirement) -> _Kept:
        """The remedies for a requirement while nothing is changed."""
        kept = self._as_it_stands.get(requirement.id)
        if kept is None:
            kept = _Kept(_remedies(self.case, requirement, self.case.scope, self.ends))
            self._as_it_stands[requirement.id] = kept
        return kept

    def _remedies(self, requirement: Requirement, scope: Scope, chosen: _Chosen) -> Iterable[Remedy]:
        """The remedies for a requirement when some changes are made."""
        changed = {remedy.fact for _, remedy in chosen.values()}
        if "as_of" in changed or not changed.isdisjoint(self.case.mentions.of_requirement(requirement)):
            return _remedies(self.case, requirement, scope, self.ends)
        return self.as_it_stands(requirement)

    def within(self, limit: int) -> _Chosen | None:
        self.cut, self.seen = False, set()
        return self._from(self.case.scope, {}, limit)

    def _from(self, scope: Scope, chosen: _Chosen, limit: int) -> _Chosen | None:
        requirement = self.case.first_failing(scope)
        if requirement is None:
            return chosen
        for remedy in self._remedies(requirement, scope, chosen):
            if remedy.key not in chosen and len(chosen) == limit:
                self.cut = True
                continue
            again = chosen.get(remedy.key)
            if again is not None and again[1].how == "add" and again[1].repeated:
                continue  # more of the same did not help
            # asked for again, a remedy goes to the end: its value holds all that was told before it
            others = {key: each for key, each in chosen.items() if key != remedy.key}
            before = scope
            if remedy.how == "wait" and (lasting := _lasting(others)) is not None:
                others = lasting
                before = self.case.told({each.fact: each.value for _, each in others.values()})
            now = {**others, remedy.key: (requirement.id, _together(remedy, again))}
            state = frozenset((key, _new_in(each)) for key, (_, each) in now.items())
            if state in self.seen:
                continue
            self.seen.add(state)
            self.looked_at += 1
            if self.looked_at > MOST_LOOKED_AT:
                return None
            found = self._from(self.case.told({remedy.fact: remedy.value}, before), now, limit)
            if found is not None:
                return found
        return None


def _lasting(chosen: _Chosen) -> _Chosen | None:
    """What stays of the changes when the day moves on: entries were added for the day before, and may count
    no longer. None where all of it stays."""
    added = {remedy.fact for _, remedy in chosen.values() if remedy.how == "add"}
    if not added or any(remedy.how == "edit" and remedy.fact in added for _, remedy in chosen.values()):
        return None
    return {key: each for key, each in chosen.items() if each[1].how != "add"}


def _together(remedy: Remedy, earlier: tuple[str, Remedy] | None) -> Remedy:
    """A remedy that is asked for again: what is added comes on top of what was added before."""
    if earlier is None or remedy.how != "add":
        return remedy
    return replace(remedy, times=remedy.times + earlier[1].times, repeated=True)


def _new_in(remedy: Remedy) -> Any:
    """What tells two remedies with the same key apart."""
    return remedy.times if remedy.how == "add" else remedy.entry if remedy.how == "edit" else remedy.value
