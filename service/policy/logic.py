"""Whether conditions can hold together: conditions and the answers wanted of them in; yes or no out.

`no` is proved: in no case that the policy language allows do all of them give those answers. `yes` means
only that nothing was found to stand against it, because different amounts are taken to be independent
unless one is seen to be part of the other. Strong Kleene, as the engine decides. Knows nothing of promises,
advice or files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, Final, NamedTuple

from service.facts.types import NOTHING, Date, Records
from service.facts.vocabulary import Vocabulary
from service.policy.condition import (
    Comparison,
    Condition,
    Count,
    Derived,
    Entries,
    FactRef,
    FieldRef,
    type_of,
)
from service.policy.goals import Ask, Goal, World, one
from service.policy.natures import Natures
from service.policy.possible import (
    MET,
    NO,
    NOT_NO,
    NOT_YES,
    OPEN,
    OPPOSITE,
    UNKNOWN,
    UNMET,
    YES,
    Case,
    Test,
    Want,
    remaining,
)  # fmt: skip
from service.policy.shapes import Atom, Chosen, Entry, Frame, Shape, Tally, Unclear, at_hand

#: Days that stand for `as_of`: after a short month, after long ones, beside a leap day, so that a length of
#: months is tried as short and as long as it can be.
DAYS: Final = (date(2026, 3, 1), date(2027, 8, 31), date(2028, 3, 1))
MOST_STEPS: Final = 5_000  #: of one search; beyond it the answer is yes
MOST_CHOSEN: Final = 3  #: `choose` inside each other that are looked through before one of them is settled
_ANY: Final[Want] = frozenset({MET, UNMET, UNKNOWN})
_AS_OF: Final = FactRef("as_of", Date(), "the day it would take effect")


class Logic:
    """Answers for one world; what was worked out is remembered as long as it lives."""

    def __init__(self, vocabulary: Vocabulary, world: World) -> None:
        self._searches = [_Search(vocabulary, world, day) for day in DAYS]

    def can(self, goals: Iterable[Goal]) -> bool:
        """Whether all goals can come true together."""
        goals = tuple(goals)
        return any(search.can(goals) for search in self._searches)


class _Asked(NamedTuple):
    """What is asked of one amount so far."""

    atom: Atom
    tests: tuple[tuple[Test, Want], ...]


class _State:
    """What is asked of each amount, and which answer each unclear comparison gives."""

    def __init__(self, asked: dict[Any, _Asked], unclear: dict[Any, Want]) -> None:
        self.asked, self.unclear = asked, unclear

    def copy(self) -> _State:
        return _State(dict(self.asked), dict(self.unclear))


class _Search:
    """The search with one day for `as_of`."""

    def __init__(self, vocabulary: Vocabulary, world: World, day: date) -> None:
        self._world, self._day, self._steps = world, day, 0
        self._natures = Natures(vocabulary, world.always, day, self._entry_can)
        self._shapes: dict[
            Any, tuple[Condition, Shape | Tally]
        ] = {}  # with the condition, whose id must stay its own
        self._left: dict[Any, tuple[Case, ...]] = {}
        self._ways: dict[Any, Goal] = {}
        self._entry_answers: dict[Any, tuple[Any, bool]] = {}
        self._parts: dict[Any, tuple[Any, bool]] = {}

    def can(self, goals: tuple[Goal, ...]) -> bool:
        self._steps = 0
        return self._run([*(one(*said) for said in self._world.said), *goals], _State({}, {}))

    def _run(self, pending: list[Goal], state: _State) -> bool:
        self._steps += 1
        if self._steps > MOST_STEPS:
            return True
        while True:
            settled = False
            waiting: list[Goal] = []
            new: list[Goal] = []
            for goal in pending:
                live = tuple(way for way in goal.ways if self._feasible(way, state))
                if len(live) < goal.needed:
                    return False
                if len(live) > goal.needed:
                    waiting += [Goal(goal.needed, live)] if goal.needed > 0 else []
                    continue
                settled = True
                if not all(self._impose(ask, state, new) for way in live for ask in way):
                    return False
            pending = waiting + new
            if not settled:
                break
        if not pending or self._at_once(pending, state):
            return True
        chosen = min(pending, key=lambda goal: len(goal.ways))
        others = [goal for goal in pending if goal is not chosen]
        for index, way in enumerate(chosen.ways):
            rest = chosen.ways[index + 1 :]
            if len(rest) < chosen.needed - 1:
                break
            tried, more = state.copy(), list(others)
            if chosen.needed > 1:
                more.append(Goal(chosen.needed - 1, rest))
            if all(self._impose(ask, tried, more) for ask in way) and self._run(more, tried):
                return True
        return False

    def _at_once(self, pending: list[Goal], state: _State) -> bool:
        """Whether all goals come true when each goes the first way that is open, as they mostly do."""
        waiting = list(pending)
        while waiting:
            goal = waiting.pop()
            needed = goal.needed
            for way in goal.ways if needed > 0 else ():
                tried, more = state.copy(), list[Goal]()
                if all(self._impose(ask, tried, more) for ask in way):
                    state, needed = tried, needed - 1
                    waiting += more
                if needed == 0:
                    break
            if needed > 0:
                return False
        return True

    def _feasible(self, way: tuple[Ask, ...], state: _State, depth: int = 0) -> bool:
        return all(self._may(ask, state, depth) for ask in way)

    def _may(self, ask: Ask, state: _State, depth: int = 0) -> bool:
        """Whether a condition may give an answer wanted, as far as can be seen without trying ways.

        Looks through no more than a few `choose` inside each other, which would double the work each time.
        """
        shape = self._shape(ask.condition, ask.frame)
        match shape:
            case str():
                return shape in ask.want
            case Unclear(key=key):
                return bool(state.unclear.get(key, _ANY) & ask.want)
            case Atom():
                asked = state.asked.get(shape.key)
                tests = () if asked is None else asked.tests
                return bool(self._cases(shape, (*tests, (shape.test, ask.want))))
            case _:
                depth += isinstance(shape, Chosen)
                return depth > MOST_CHOSEN or all(
                    sum(self._feasible(way, state, depth) for way in goal.ways) >= goal.needed
                    for goal in self._instead(shape, ask)
                )

    def _impose(self, ask: Ask, state: _State, goals: list[Goal]) -> bool:
        """Take it that a condition gives an answer wanted; what this leads to is added to the goals."""
        shape = self._shape(ask.condition, ask.frame)
        match shape:
            case str():
                return shape in ask.want
            case Unclear(key=key):
                state.unclear[key] = state.unclear.get(key, _ANY) & ask.want
                return bool(state.unclear[key])
            case Atom():
                earlier = state.asked.get(shape.key)
                tests = () if earlier is None else earlier.tests
                asked = _Asked(shape, tuple(dict.fromkeys((*tests, (shape.test, ask.want)))))
                state.asked[shape.key] = asked
                return bool(self._cases(*asked)) and self._fits_others(asked, state)
            case _:
                goals.extend(self._instead(shape, ask))
                return True

    def _cases(self, atom: Atom, tests: tuple[tuple[Test, Want], ...]) -> tuple[Case, ...]:
        """The ways an amount can be, given everything that is asked of it."""
        known = (atom.key, frozenset(tests))
        if known not in self._left:
            self._left[known] = remaining(atom.nature, tuple(dict.fromkeys(tests)), self._day)
        return self._left[known]

    # ── conditions that come down to others ─────────────────────────────────────────────────────────────────

    def _shape(self, condition: Condition, frame: Frame) -> Shape:
        known = self._shapes.get((id(condition), frame))
        if known is None:
            if isinstance(condition, Comparison):
                shape = self._natures.shape(condition, frame)
            else:
                parts = tuple((each, frame) for each in condition.of)
                shape = Tally(condition.needed, parts, condition.kind == "none_of")
            known = self._shapes[id(condition), frame] = (condition, shape)
        return known[1]

    def _instead(self, shape: Tally | Chosen, ask: Ask) -> tuple[Goal, ...]:
        """What must come true so that a condition gives an answer wanted."""
        if isinstance(shape, Chosen):
            known = (id(ask.condition), ask.frame, ask.want)
            if known not in self._ways:
                self._ways[known] = self._chosen(shape, ask)
            return (self._ways[known],)
        want = frozenset(OPPOSITE[letter] for letter in ask.want) if shape.denied else ask.want
        if want == _ANY:
            return ()
        goals = []
        for part in [want] if want != OPEN else [NOT_YES, NOT_NO]:
            needed = shape.needed if MET in part else len(shape.parts) - shape.needed + 1
            goals.append(
                Goal(max(needed, 0), tuple((Ask(each, part, frame),) for each, frame in shape.parts))
            )
        return tuple(goals)

    def _chosen(self, chosen: Chosen, ask: Ask) -> Goal:
        """A comparison of a `choose` is that of one of its branches; while it is open which, it may be any
        of them."""
        ways: list[tuple[Ask, ...]] = []
        before: tuple[Ask, ...] = ()
        for condition, compared in chosen.branches:
            own = () if condition is None else (Ask(condition, YES, chosen.frame),)
            ways.append((*before, *own, Ask(compared, ask.want, chosen.frame)))
            before = (*before, *(() if condition is None else (Ask(condition, NO, chosen.frame),)))
        agreeing = sum(self._may(way[-1], _State({}, {})) for way in ways)
        undecided = UNMET if chosen.branches[0][1].op == "is_known" else UNKNOWN
        if undecided in ask.want or agreeing > 1:
            open_ = (condition for condition, _ in chosen.branches if condition is not None)
            ways += [(Ask(condition, OPEN, chosen.frame),) for condition in open_]
        return Goal(1, tuple(ways))

    # ── entries ─────────────────────────────────────────────────────────────────────────────────────────────

    def _entry_can(self, entries: Entries, has: Condition | None, frame: Frame, certain: bool) -> bool:
        """Whether there can be an entry that is among these and meets `has`, for certain or perhaps."""
        name = _records_of(entries)
        if name in self._world.entries and self._world.entries[name] is None:
            return False
        known = (id(entries), id(has), frame, certain)
        if known not in self._entry_answers:
            asked = [each for each in (entries.where, has) if each is not None]
            goals = [(each, YES if certain else NOT_NO) for each in asked]
            self._entry_answers[known] = ((entries, has), self._entry(entries, goals, frame, certain))
        return self._entry_answers[known][1]

    def _entry(
        self, entries: Entries, said: list[tuple[Condition, Want]], frame: Frame, certain: bool
    ) -> bool:
        """Whether an entry can be of which something is said, besides what is so of every entry of its
        kind."""
        name, kind, slot = _records_of(entries), type_of(entries.of), entries.slot
        item = kind.fields if isinstance(kind, Records) else None
        type_ = kind if item is not None else getattr(kind, "of", kind)
        inner = at_hand(frame, slot, Entry(name, type_))
        asks = [Ask(condition, want, inner) for condition, want in said]
        limit = self._world.entries.get(name)
        if limit is not None:
            asks += [Ask(condition, want, inner) for condition, want in limit(slot)]
        if (
            isinstance(kind, Records)
            and kind.dated_by
            and kind.fields[kind.dated_by].absent_means is not NOTHING
        ):
            day = FieldRef(slot, kind.dated_by, kind.fields[kind.dated_by].type, "")
            happened = Comparison(day, "on_or_before", (_AS_OF,))
            asks.append(Ask(happened, YES if certain else NOT_NO, inner))
        return self._run([Goal(1, ((ask,),)) for ask in asks], _State({}, {}))

    def _fits_others(self, asked: _Asked, state: _State) -> bool:
        """Whether a count can stand beside the others: entries that meet more are never more of them."""
        if isinstance(type_of(asked.atom.amount), Date):
            return self._told_alike(asked, state)
        if not isinstance(asked.atom.amount, Count):
            return True
        for other in state.asked.values():
            if (
                other is asked
                or not isinstance(other.atom.amount, Count)
                or other.atom.frame != asked.atom.frame
            ):
                continue
            if not (self._in_order(asked, other) and self._in_order(other, asked)):
                return False
        return True

    def _told_alike(self, asked: _Asked, state: _State) -> bool:
        """Whether a day is told, or not, on the calendar as it is in days before `as_of`."""
        for other in state.asked.values():
            if other.atom.amount == asked.atom.amount and other.atom.frame == asked.atom.frame:
                told = [
                    {(case.certain, case.low is NOTHING) for case in self._cases(*each)}
                    for each in (asked, other)
                ]
                if told[0].isdisjoint(told[1]):
                    return False
        return True

    def _in_order(self, fewer: _Asked, more: _Asked) -> bool:
        """Whether two counts can be, where every entry that counts in the one counts in the other too."""
        one_, other = fewer.atom.amount, more.atom.amount
        if not isinstance(one_, Count) or not isinstance(other, Count) or not _comparable(one_, other):
            return True
        if not (fewer.atom.nature.whole and more.atom.nature.whole):
            return True
        lower, upper = self._cases(*fewer), self._cases(*more)
        least_low, most_low = min(case.low for case in lower), max(case.low for case in upper)
        least_high, most_high = min(case.high for case in lower), max(case.high for case in upper)
        if least_low > most_low and self._part_of(one_, other, fewer.atom.frame, True):
            return False
        return not (least_high > most_high and self._part_of(one_, other, fewer.atom.frame, False))

    def _part_of(self, one_: Count, other: Count, frame: Frame, certain: bool) -> bool:
        """Whether every entry that counts in the one counts in the other."""
        known = (id(one_), id(other), frame, certain)
        if known not in self._parts:
            had = [part for part in (one_.entries.where, one_.has) if part is not None]
            wanted = [part for part in (other.entries.where, other.has) if part is not None]
            had_so = [(part, YES if certain else NOT_NO) for part in had]
            against = NOT_YES if certain else NO
            within = not any(
                self._entry(one_.entries, [*had_so, (part, against)], frame, certain) for part in wanted
            )
            self._parts[known] = ((one_, other), within)
        return self._parts[known][1]


def _records_of(entries: Entries) -> str:
    return entries.of.name if isinstance(entries.of, FactRef | FieldRef | Derived) else ""


def _comparable(one_: Count, other: Count) -> bool:
    """Whether two counts look at the same entries in the same way, but for the conditions on each entry."""
    mine, its = one_.entries, other.entries
    same = mine.of == its.of and mine.slot == its.slot
    alike = one_.once_per == other.once_per and one_.ceiling == other.ceiling
    return same and alike and (its.newest is None or replace(mine, name="") == replace(its, name=""))
