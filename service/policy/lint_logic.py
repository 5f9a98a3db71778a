"""Advice that follows from the logic of conditions: a policy folder in; what can never be, or is always so,
out.

Only what is proved is said, so there are no false alarms; what is not said may still be so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations, pairwise
from typing import Any

from service.facts.vocabulary import Vocabulary
from service.policy.condition import Condition, Group, Place
from service.policy.goals import World, deciding, one, passes, stands
from service.policy.in_force import Ladders, Places, always, days_of_change
from service.policy.lint_model import Hint
from service.policy.load import Reading
from service.policy.logic import Logic
from service.policy.mentions import Mentions, conditions_of
from service.policy.model import Level, Requirement, TrackVersion
from service.policy.possible import NOT_YES, OPEN
from service.policy.reader import listed, quoted
from service.policy.source import Span
from service.policy.trees import walk

_MOST_BARRED = 3  #: levels named that nobody can reach
_NEVER = "this branch can never be met"


class Asked:
    """A level that can be asked for, with the logic of everybody who can come into it."""

    def __init__(
        self,
        version: TrackVersion,
        level: Level,
        days: list[Ladders],
        vocabulary: Vocabulary,
        mentions: Mentions,
    ) -> None:
        self.version, self.level = version, level
        told = {
            tuple(map(str, each.values())): each
            for ladders in days
            if version in ladders.versions
            for each in ladders.beginnings(level, mentions)
        }
        self.logics = [Logic(vocabulary, World(each)) for each in told.values()]

    def can(self, *goals: Any) -> bool:
        """Whether all goals can come true for somebody."""
        return any(logic.can(goals) for logic in self.logics)


def levels_asked(reading: Reading, today: date) -> Iterator[Asked]:
    """Every level of every version that has not ended."""
    policies, mentions = reading.policies, Mentions()
    days = days_of_change(policies.tracks)
    for version in (version for each in policies.tracks.values() for version in each):
        if version.end is None or version.end > today:
            for level in version.levels:
                yield Asked(version, level, days, policies.vocabulary, mentions)


class Everywhere:
    """Hints that hold only if they hold at every level at which the same lines are asked."""

    def __init__(self) -> None:
        self._found: dict[Any, list[Hint | None]] = {}

    def add(self, key: Any, hint: Hint | None) -> None:
        self._found.setdefault(key, []).append(hint)

    def hints(self) -> Iterator[Hint]:
        """The hint of every key that has one everywhere, and always of the same kind."""
        for found in self._found.values():
            rules = {None if hint is None else hint.rule for hint in found}
            if len(rules) == 1 and found[0] is not None:
                yield found[0]


def requirement_advice(reading: Reading, places: Places, today: date) -> Iterator[Hint]:
    """What there is to say of requirements, by themselves and beside each other."""
    mentions, everywhere = Mentions(), Everywhere()
    for asked in levels_asked(reading, today):
        if not asked.logics:
            continue
        sound: list[Requirement] = []
        for requirement in asked.level.requires[1:]:
            found = _by_itself(requirement, asked, reading.policies.vocabulary, mentions)
            where = places.of_requirement(asked.version, requirement)
            everywhere.add(requirement.place, None if found is None else Hint(found[0], where, *found[1:]))
            if found is not None:
                continue
            sound.append(requirement)
            for branch in _branches(requirement.condition):
                if branch.place is not None:
                    dead = Hint("never-met-branch", _span(branch.place), _NEVER, "change it, or take it out")
                    everywhere.add(branch.place, None if asked.can(one(branch)) else dead)
        required = [each for each in sound if each.kind == "required"]
        yield from _beside_each_other(asked, required, places, mentions, everywhere)
    yield from everywhere.hints()
    yield from _groups(reading)


def _by_itself(
    requirement: Requirement, asked: Asked, vocabulary: Vocabulary, mentions: Mentions
) -> tuple[str, str, str] | None:
    """What is to be said of one requirement alone."""
    condition, name = requirement.condition, quoted(requirement.id)
    if not asked.can(one(condition)):
        clash = _clash(requirement, asked)
        remedy = f"{clash}, so change one of them" if clash else "change what it asks for"
        return "never-met", f"{name} can never be met", remedy
    if not asked.can(one(condition, NOT_YES)):
        return "always-met", f"{name} is always met", "ask for more, or take it out"
    facts = (vocabulary.facts.get(fact) for fact in mentions.of(condition))
    silent = sorted(fact.name for fact in facts if fact is not None and fact.absent_means is None)
    if silent and not asked.can(one(condition, OPEN)):
        return (
            "never-unknown",
            f"{name} is never unknown, although {listed(silent)} may be missing",
            "ask for a value instead of `is_known`",
        )
    return None


def _clash(requirement: Requirement, asked: Asked) -> str:
    """Which two parts of a condition exclude each other."""
    condition = requirement.condition
    if not isinstance(condition, Group) or condition.kind != "all_of":
        return ""
    for first, second in combinations(condition.of, 2):
        lines = [part.place.line for part in (first, second) if part.place is not None]
        if len(lines) == 2 and not asked.can(one(first), one(second)):
            where = f"on lines {lines[0]} and {lines[1]}" if lines[0] != lines[1] else f"on line {lines[0]}"
            file = first.place.file if first.place is not None else ""
            where += "" if file == requirement.place.file else f" of `{file}`"
            return f"two conditions {where} exclude each other"
    return ""


def _branches(condition: Condition) -> Iterator[Condition]:
    """The ways that a condition offers; what is denied is none."""
    if isinstance(condition, Group) and condition.kind != "none_of":
        for part in condition.of:
            if condition.kind in ("any_of", "at_least"):
                yield part
            yield from _branches(part)


def _beside_each_other(
    asked: Asked, requirements: list[Requirement], places: Places, mentions: Mentions, everywhere: Everywhere
) -> Iterator[Hint]:
    """Requirements that exclude each other are told at once; those of which one says nothing new, if
    always."""
    told: set[str] = set()
    ever = {each.id: asked.can(*stands(each)) for each in requirements}
    for first, second in combinations(requirements, 2):
        if not _related(first, second, mentions):
            continue
        if not asked.can(passes(first), passes(second)):
            where = places.of_requirement(asked.version, second)
            what = f"{quoted(second.id)} and {quoted(first.id)} (line {first.place.line}) exclude each other"
            yield Hint("contradiction", where, what, "change one of the two")
            continue
        for weak, strong in ((second, first), (first, second)):
            key = (weak.place, strong.place)
            # where the stronger one is waived, the weaker one still stands
            idle = weak.id in told or strong.id in told or strong.waiver is not None
            if idle or not ever[weak.id] or asked.can(passes(strong), *stands(weak)):
                everywhere.add(key, None)
                continue
            where = places.of_requirement(asked.version, weak)
            what = f"whoever meets {quoted(strong.id)} (line {strong.place.line}) meets {quoted(weak.id)} too"
            remedy = f"take {quoted(weak.id)} out, or ask for something else in it"
            everywhere.add(key, Hint("redundant", where, what, remedy))
            told.add(weak.id)


def _related(first: Requirement, second: Requirement, mentions: Mentions) -> bool:
    """Whether two requirements are about a common fact, without which neither says anything of the other."""
    facts = [
        {name for condition in conditions_of(each) for name in mentions.of(condition)}
        for each in (first, second)
    ]
    return any(not name.startswith("to.") and name != "as_of" for name in facts[0] & facts[1])


# ── groups ──────────────────────────────────────────────────────────────────────────────────────────────────


def _groups(reading: Reading) -> Iterator[Hint]:
    """Groups whose form says something else than they do, in all conditions and derived facts."""
    policies = reading.policies
    roots: list[Any] = [each.of for each in policies.derived.values()]
    for version in (version for each in policies.tracks.values() for version in each):
        roots += [c for level in version.levels for asked in level.requires for c in conditions_of(asked)]
    told: set[Place] = set()
    for root in roots:
        for part in walk(root):
            if isinstance(part, Group) and part.place is not None and part.place not in told:
                told.add(part.place)
                yield from _group(part, part.place)


def _group(group: Group, place: Place) -> Iterator[Hint]:
    if group.kind == "any_of" and len(group.of) == 1:
        yield Hint(
            "one-branch", _span(place), "this `any_of` has one branch", "write the condition without `any_of`"
        )
    seen: list[Condition] = []
    for part in group.of:
        if part in seen and part.place is not None:
            line = next(each.place.line for each in seen if each == part and each.place is not None)
            yield Hint(
                "same-branch",
                _span(part.place),
                f"this is the same as on line {line}",
                "take one of them out",
            )
        seen.append(part)


def _span(place: Place) -> Span:
    return Span(place.file, place.line, place.column)


# ── levels ──────────────────────────────────────────────────────────────────────────────────────────────────


def grade_advice(reading: Reading, places: Places, today: date) -> Iterator[Hint]:
    """Levels with a lower grade than the one below them."""
    for version in (version for each in reading.policies.tracks.values() for version in each):
        for below, level in pairwise(version.levels):
            if level.grade < below.grade and (version.end is None or version.end > today):
                what = (
                    f"{quoted(level.name)} has grade {level.grade}, lower than {quoted(below.name)} below it"
                )
                remedy = "change one of the grades, or the order: the lowest level stands first"
                yield Hint("falling-grade", places.of_level(version, level, "grade"), what, remedy)


def entry_advice(reading: Reading, places: Places, today: date) -> Iterator[Hint]:
    """Levels that nobody can enter on any day, although each two of their requirements could be met
    together."""
    policies = reading.policies
    ways = _Ways(policies.vocabulary)
    days = days_of_change(policies.tracks)
    coming = [each for each, after in pairwise(days) if after.day > today] + days[-1:]
    reached = {(each.version_of(level).name, level.level) for each in coming for level in ways.reached(each)}
    told: set[tuple[str, str]] = set()
    for ladders in coming:
        for version in ladders.versions:
            for level in version.levels:
                key = (version.name, level.level)
                if key not in reached and key not in told:
                    told.add(key)
                    found = _not_entered(level, ladders, ways)
                    if found is not None:
                        where = places.of_level(version, level)
                        yield Hint("never-entered", where, f"nobody can enter {quoted(level.name)}", found)


def _not_entered(level: Level, ladders: Ladders, ways: _Ways) -> str | None:
    """Why nobody can enter a level; None when that was said already, of this level or of one that leads
    here."""
    standings = list(ladders.come_from(level))
    if standings and not any(ways.open(level, each) for each in standings):
        if any(ways.by_twos(level, standing) for standing in standings):
            return "its requirements cannot all be met together; change one of them"
        return None
    waiting, seen = [each for each in standings if each is not None], {level.name}
    while waiting:
        below = waiting.pop()
        if below.name in seen:
            continue
        seen.add(below.name)
        before = list(ladders.come_from(below))
        if before and not any(ways.open(below, each) for each in before):
            return None
        waiting += [each for each in before if each is not None]
    names = [each.name for each in standings if each is not None][:_MOST_BARRED]
    since = listed(names or level.enter_from or (), "or")
    return f"nobody ever stands on {since}, so name a level in `enter_from` where somebody does"


class _Ways:
    """Which level can be entered from which; every answer is worked out once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._mentions = Mentions()
        self._known: dict[Any, tuple[Level, bool]] = {}

    def reached(self, ladders: Ladders) -> list[Level]:
        """The levels that somebody can come to stand on, beginning on no ladder."""
        reached: dict[str, Level] = {}
        waiting = [level for version in ladders.versions for level in version.levels]
        while True:
            new = [
                level
                for level in waiting
                if any(
                    (standing is None or standing.name in reached) and self.open(level, standing)
                    for standing in ladders.come_from(level)
                )
            ]
            if not new:
                return list(reached.values())
            reached.update({level.name: level for level in new})
            waiting = [level for level in waiting if level.name not in reached]

    def open(self, level: Level, standing: Level | None) -> bool:
        """Whether somebody can come from one level into another."""
        matter = {
            name for asked in deciding(level) for c in conditions_of(asked) for name in self._mentions.of(c)
        }
        told = always(level, standing)
        key = (id(level), tuple(str(told[name]) for name in sorted(matter & told.keys())))
        if key not in self._known:
            logic = Logic(self._vocabulary, World(told))
            self._known[key] = (level, logic.can(passes(requirement) for requirement in deciding(level)))
        return self._known[key][1]

    def by_twos(self, level: Level, standing: Level | None) -> bool:
        """Whether each requirement can be passed by itself, and each two together."""
        logic = Logic(self._vocabulary, World(always(level, standing)))
        asked = deciding(level)
        return all(logic.can([passes(one_)]) for one_ in asked) and all(
            logic.can([passes(one_), passes(other)]) for one_, other in combinations(asked, 2)
        )
