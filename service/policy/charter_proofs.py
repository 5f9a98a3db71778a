"""Promises about what levels ask: the ladders of a day, and what facts stand for, in; what breaks a promise
out.

Each is proved over the logic of the conditions. A people level asks for training when nobody can enter it
while all that is told of training is as bad as it can be, whatever else is told. Rising needs no leading
when a level above can be entered while nothing at all is told of leading; here only what is proved
impossible counts as a breach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, Final

from service.facts.calendar import Duration
from service.facts.types import Choice, Date, ListOf, Number, Records, Text, Time, YesNo
from service.facts.vocabulary import Vocabulary
from service.policy.charter import (
    NOT_CRAFT_ALONE,
    RISE,
    SKILLED,
    TRAINED,
    WISHED,
    Carrier,
    Charter,
    Subject,
)
from service.policy.charter_ladders import Breach
from service.policy.condition import Comparison, Constant, FactRef, FieldRef
from service.policy.goals import Said, World, deciding, one, passes
from service.policy.in_force import Ladders, Places, always
from service.policy.logic import Logic
from service.policy.mentions import Mentions, conditions_of
from service.policy.model import Level, Requirement
from service.policy.possible import NO, NOT_NO, NOT_YES, YES
from service.policy.reader import listed, quoted
from service.policy.trees import walk

_AS_OF: Final = FactRef("as_of", Date(), "the day it would take effect")
_OTHER_SKILL: Final = "\0another"  #: a skill that no condition names
Entries = Mapping[str, Callable[[int], Said] | None]
Skill = tuple[Carrier, Any]  #: what carries a skill, and of records which value tells it


class Worst:
    """What is said of facts when they are as bad as they can be."""

    def __init__(self) -> None:
        self.said: list[tuple[Comparison, frozenset[str]]] = []
        self.entries: dict[str, Callable[[int], Said] | None] = {}

    def world(self, told: Mapping[str, Any]) -> World:
        return World(told, tuple(self.said), dict(self.entries))

    def add(self, carriers: Iterable[Carrier], people_tracks: tuple[str, ...] = ()) -> Worst:
        """Nothing that counts is told by any of these."""
        for carrier in carriers:
            if carrier.finished:
                self.entries[carrier.name] = _each_entry(
                    carrier, carrier.finished, "on_or_before", (_AS_OF,), NOT_YES
                )
            elif carrier.on_people_track and people_tracks:
                tracks = tuple(Constant(track, Text()) for track in people_tracks)
                self.entries[carrier.name] = _each_entry(
                    carrier, carrier.on_people_track, "one_of", tracks, NOT_YES
                )
            elif isinstance(carrier.type, Records | ListOf):
                self.entries[carrier.name] = None
            else:
                self.said.append((_more_than_nothing(carrier), NOT_YES))
        return self

    def only(self, skills: Iterable[Skill], all_skills: Iterable[Skill]) -> Worst:
        """Of all leadership skills only these are told."""
        skills = list(skills)
        kept = [carrier for carrier, value in skills if value is None]
        self.add(carrier for carrier, value in all_skills if value is None and carrier not in kept)
        for carrier in dict.fromkeys(carrier for carrier, value in all_skills if value is not None):
            values = tuple(Constant(value, Text()) for owner, value in skills if owner is carrier)
            self.entries[carrier.name] = (
                _each_entry(carrier, carrier.each, "one_of", values, NOT_NO) if values else None
            )
        return self


def _each_entry(
    carrier: Carrier, name: str, op: Any, right: tuple[Any, ...], want: frozenset[str]
) -> Callable[[int], Said]:
    type_ = carrier.type.fields[name].type if isinstance(carrier.type, Records) else Text()

    def said(slot: int) -> Said:
        return ((Comparison(FieldRef(slot, name, type_, name), op, right), want),)

    return said


def _more_than_nothing(carrier: Carrier) -> Comparison:
    """What is not so of a fact that tells of nothing."""
    amount, kind = carrier.amount, carrier.type
    if carrier.good is not None:
        return Comparison(amount, "is", (Constant(carrier.good, kind),))
    match kind:
        case YesNo():
            return Comparison(amount, "is", (Constant(True, kind),))
        case Number(minimum=minimum):
            return Comparison(amount, "more_than", (Constant(minimum or 0, kind),))
        case Time():
            return Comparison(amount, "more_than", (Constant(Duration(), kind),))
        case Choice(choices=choices, ordered=True):
            return Comparison(amount, "more_than", (Constant(choices[0], kind),))
        case _:
            return Comparison(amount, "is_known", ())


class Proofs:
    """The promises about what levels ask; what was proved of a level is remembered."""

    def __init__(self, charter: Charter, vocabulary: Vocabulary, places: Places) -> None:
        self._charter, self._vocabulary, self._places = charter, vocabulary, places
        self._mentions = Mentions()
        self._known: dict[Any, bool] = {}

    def breaches(self, ladders: Ladders) -> Iterator[Breach]:
        """Every breach of a promise about what the levels of one day ask."""
        promised = {promise.sentence for promise in self._charter.promises}
        for level in ladders.levels("people"):
            for sentence in (TRAINED, WISHED, *SKILLED, NOT_CRAFT_ALONE):
                if sentence in promised:
                    yield from self._asked(sentence, level, ladders)
        if RISE in promised:
            yield from self._rise(ladders)

    def _carriers(self, *subjects: Subject) -> list[Carrier]:
        return [carrier for subject in subjects for carrier in self._charter.stands_for.get(subject, ())]

    # ── what every people level asks ────────────────────────────────────────────────────────────────────────

    def _asked(self, sentence: str, level: Level, ladders: Ladders) -> Iterator[Breach]:
        subjects: tuple[Subject, ...] = ("training", "wish", "leadership")
        if sentence in (TRAINED, WISHED):
            subjects = ("training",) if sentence == TRAINED else ("wish",)
            without = (
                "without training before the start"
                if sentence == TRAINED
                else "without the person's own wish"
            )
            worsts = [Worst().add(self._carriers(*subjects))]
        elif sentence in SKILLED:
            word = sentence.split()[-3]
            subjects, without = ("leadership",), f"with fewer than {word} leadership skills"
            skills = list(self._skills(level))
            n = SKILLED[sentence] - 1
            worsts = [Worst().only(few, skills) for few in combinations(skills, min(n, len(skills)))]
        else:
            craft = listed(carrier.name for carrier in self._carriers("craft"))
            without = f"on craft alone ({craft}), with no training, wish or leadership skill"
            worsts = [Worst().add(self._carriers(*subjects))]
        if self._possible(sentence, level, ladders, worsts):
            what = f"{quoted(level.title)} can be entered {without}"
            yield self._pointed(sentence, level, ladders, self._carriers(*subjects), what, worsts)

    def _skills(self, level: Level) -> Iterator[Skill]:
        """Every leadership skill that can be told apart."""
        for carrier in self._carriers("leadership"):
            if not carrier.each or not isinstance(carrier.type, Records):
                yield carrier, None
                continue
            type_ = carrier.type.fields[carrier.each].type
            if isinstance(type_, Choice):
                yield from ((carrier, choice) for choice in type_.choices)
                continue
            named = (
                right.value
                for requirement in level.requires
                for condition in conditions_of(requirement)
                for part in walk(condition)
                if isinstance(part, Comparison)
                and isinstance(part.left, FieldRef)
                and part.left.name == carrier.each
                for right in part.right
                if isinstance(right, Constant)
            )
            yield from ((carrier, value) for value in (*dict.fromkeys(named), _OTHER_SKILL))

    def _possible(self, sentence: str, level: Level, ladders: Ladders, worsts: list[Worst]) -> bool:
        """Whether somebody can enter a level while things are as bad as that."""
        for told in ladders.beginnings(level, self._mentions):
            known = (sentence, _asked_of(level), tuple(map(str, told.values())))
            if known not in self._known:
                goals = [passes(requirement) for requirement in deciding(level)]
                can = any(Logic(self._vocabulary, worst.world(told)).can(goals) for worst in worsts)
                self._known[known] = can
            if self._known[known]:
                return True
        return False

    def _pointed(
        self,
        sentence: str,
        level: Level,
        ladders: Ladders,
        carriers: list[Carrier],
        what: str,
        worsts: list[Worst],
    ) -> Breach:
        """The breach, at the requirement that lets people through, or at the level when none speaks of it."""
        version = ladders.version_of(level)
        names = {carrier.name for carrier in carriers}
        about = [requirement for requirement in level.requires[1:] if self._speaks_of(requirement, names)]
        if not about:
            facts = listed(sorted(names), "or")
            remedy = f"nothing in it asks for {facts}; add a requirement that does"
            return Breach(sentence, self._places.of_level(version, level), what, remedy)
        requirement = about[0]
        told = ladders.beginnings(level, self._mentions)
        logics = [Logic(self._vocabulary, worst.world(each)) for worst in worsts for each in told]
        where = self._places.of_requirement(version, requirement)
        return Breach(
            sentence, where, what, _loophole(requirement, logics, _every_branch(sentence, carriers))
        )

    def _speaks_of(self, requirement: Requirement, names: set[str]) -> bool:
        for condition in conditions_of(requirement):
            if any(getattr(part, "name", "") in names for part in walk(condition)):
                return True
        return False

    # ── rising without leading ──────────────────────────────────────────────────────────────────────────────

    def _rise(self, ladders: Ladders) -> Iterator[Breach]:
        tracks = tuple(version.track for version in ladders.versions if version.kind == "people")
        worst = Worst().add(self._carriers("leadership", "leading"), tracks)
        craft = tuple(ladders.levels("craft"))
        open_to_all = any(each.enter_from is None for each in craft)
        entered: dict[str, list[Level]] = {}
        for each in craft:
            for name in each.enter_from or ():
                entered.setdefault(name, []).append(each)
        for level in craft:
            if level.mastery:
                continue
            version = ladders.version_of(level)
            above = [
                each
                for each in (craft if open_to_all else entered.get(level.name, ()))
                if each.grade > level.grade and (each.enter_from is None or level.name in each.enter_from)
            ]
            if not above:
                what = f"from {quoted(level.name)} no craft level above can be entered"
                what += ", and it is no mastery level"
                higher = [each for each in craft if each.grade > level.grade]
                remedy = "add a level above, or make it an end in itself with `mastery: yes`"
                if higher:
                    remedy = (
                        f"add {quoted(level.name)} to `enter_from` of a higher one, or write `mastery: yes`"
                    )
                yield Breach(RISE, self._places.of_level(version, level), what, remedy)
                continue
            if not any(self._open(each, level, worst, tracks) for each in above):
                yield self._barred(above[0], level, ladders, worst)

    def _open(self, above: Level, level: Level, worst: Worst, tracks: tuple[str, ...]) -> bool:
        """Whether somebody who never led may come from one level into another."""
        known = (RISE, _asked_of(above), tuple(always(above, level).items()), tracks)
        if known not in self._known:
            logic = Logic(self._vocabulary, worst.world(always(above, level)))
            self._known[known] = logic.can(passes(requirement) for requirement in deciding(above))
        return self._known[known]

    def _barred(self, above: Level, level: Level, ladders: Ladders, worst: Worst) -> Breach:
        """The breach, at the requirement that nobody can meet who never led."""
        logic = Logic(self._vocabulary, worst.world(always(above, level)))
        version = ladders.version_of(above)
        what = f"from {quoted(level.name)} one rises to {quoted(above.title)} only after leading people"
        barring = [requirement for requirement in deciding(above) if not logic.can([passes(requirement)])]
        if not barring:
            remedy = "make sure that its requirements can be met together without leading"
            return Breach(RISE, self._places.of_level(version, above), what, remedy)
        where = self._places.of_requirement(version, barring[0])
        remedy = f"add another way to meet {quoted(barring[0].id)} with `any_of:`, or take it out"
        return Breach(RISE, where, what, remedy)


def _asked_of(level: Level) -> tuple[Any, ...]:
    """What a level asks, equal for levels that ask the same, such as those of the next version."""
    return tuple((each.condition, each.applies_when, each.unless) for each in deciding(level))


def _every_branch(sentence: str, carriers: list[Carrier]) -> str:
    """What a requirement must ask for, whichever way it is met."""
    carrier = carriers[0]
    name = quoted(carrier.name)
    if sentence == TRAINED and carrier.finished:
        return f"ask in every branch for {name} with `{carrier.finished}` on or before `as_of`"
    if sentence in SKILLED and carrier.each:
        count = f"`count: {carrier.name}` and `once_per: {carrier.each}`"
        return f"ask in every branch for different skills, such as with {count}"
    return f"ask in every branch for {listed((each.name for each in carriers), 'or')}"


def _loophole(requirement: Requirement, logics: list[Logic], remedy: str) -> str:
    """How a requirement that speaks of something lets people through without it, and what to change."""
    name = quoted(requirement.id)
    if requirement.kind == "advisory":
        return f"{name} is only advisory; take `kind: advisory` out"
    if any(logic.can([one(requirement.condition, YES)]) for logic in logics):
        return f"{name} can be met all the same; {remedy}"
    for condition, want, line in (
        (requirement.applies_when, NO, "applies_when"),
        (requirement.unless, YES, "unless"),
    ):
        if condition is not None and any(logic.can([one(condition, want)]) for logic in logics):
            return f"{name} does not hold for everybody; take its `{line}` out"
    return f"{name} leaves a way; {remedy}"
