"""What can come out at all: a requirement or a condition of a level in; the results it may have, out.

Looks at the vocabulary (a fact whose silence has a meaning is never unknown) and at what the level itself
settles (`to.grade`). Answers and choices are tried in all ways they can be told; of other facts it is not
asked whether two conditions can hold together, so that what is left may still be impossible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import product
from math import prod
from typing import Any

from service.engine.network import MET, OPPOSITE, UNKNOWN, UNMET
from service.engine.reference import truth
from service.engine.scope import Scope
from service.facts.types import Choice, FactType, Records, YesNo
from service.facts.vocabulary import Vocabulary
from service.policy.condition import (
    Comparison,
    Condition,
    Constant,
    DerivedField,
    Entries,
    FactRef,
    FieldRef,
    Group,
    type_of,
)
from service.policy.mentions import Mentions
from service.policy.model import Level, Requirement
from service.policy.trees import Node, parts_of

Frame = tuple[FactType, ...]  #: the types of the entries at hand, by slot
_ALWAYS, _NEVER = frozenset(MET), frozenset(UNMET)
_ANY_DAY = date(2000, 1, 1)
_DAYS = frozenset({"as_of", "submitted_on"})
_TOLD = _DAYS | {"to.track", "to.level", "to.place", "to.grade"}
_MOST_WORLDS = 200  #: that are looked at one by one


def possible_results(requirement: Requirement, level: Level, vocabulary: Vocabulary) -> frozenset[str]:
    """Which of `met`, `unmet` and `unknown` a requirement can be."""
    holds = possible_letters(requirement.condition, level, vocabulary)
    applies = frozenset(MET)
    if requirement.applies_when is not None:
        applies = possible_letters(requirement.applies_when, level, vocabulary)
    lifted = frozenset(UNMET)
    if requirement.unless is not None:
        lifted = possible_letters(requirement.unless, level, vocabulary)
    results = set()
    if MET in holds and applies != {UNMET}:
        results.add("met")
    if UNMET in holds and MET in applies and UNMET in lifted:
        results.add("unmet")
    if holds != {MET} and applies != {UNMET} and lifted != {MET} and UNKNOWN in holds | applies | lifted:
        results.add("unknown")
    return frozenset(results)


def possible_letters(condition: Condition, level: Level, vocabulary: Vocabulary) -> frozenset[str]:
    """Whether a condition can be met, unmet and unknown when somebody asks for a level."""
    worlds = _worlds(condition, level, vocabulary)
    if worlds is not None:
        return frozenset(truth(condition, scope)[0] for scope in worlds)
    if isinstance(condition, Group):
        return _of_group(condition, [possible_letters(part, level, vocabulary) for part in condition.of])
    letters = {MET, UNMET}
    if may_be_unknown(condition, vocabulary):
        letters.add(UNKNOWN)
    return frozenset(letters)


def _worlds(condition: Condition, level: Level, vocabulary: Vocabulary) -> list[Scope] | None:
    """Everything that can be told of the facts of a condition, one scope each; None where that is too much.

    Answers and choices can be told one by one, and a level settles what is asked of it.
    """
    days = _DAYS if isinstance(condition, Comparison) and condition.op == "is_known" else frozenset[str]()
    told: dict[str, tuple[Any, ...]] = {
        "to.track": (level.track,),
        "to.level": (level.level,),
        "to.place": (level.name,),
        "to.grade": (level.grade,),
        **dict.fromkeys(days, (_ANY_DAY,)),
    }
    for name in Mentions().of(condition) - told.keys():
        fact = vocabulary.facts.get(name)
        if fact is None or not isinstance(fact.type, YesNo | Choice):
            return None
        values = fact.type.choices if isinstance(fact.type, Choice) else (True, False)
        told[name] = (*values, fact.absent_means)
    if prod(map(len, told.values())) > _MOST_WORLDS:
        return None
    return [
        Scope(facts=dict(zip(told, values, strict=True)), as_of=_ANY_DAY, truth=truth)
        for values in product(*told.values())
    ]


def _of_group(group: Group, parts: Sequence[frozenset[str]]) -> frozenset[str]:
    letters, spare = set(), len(parts) - group.needed
    if sum(MET in part for part in parts) >= group.needed:
        letters.add(MET)
    if sum(UNMET in part for part in parts) > spare:
        letters.add(UNMET)
    settled = parts.count(_ALWAYS) >= group.needed or parts.count(_NEVER) > spare
    if any(UNKNOWN in part for part in parts) and not settled:
        letters.add(UNKNOWN)
    return frozenset(map(OPPOSITE.__getitem__, letters)) if group.kind == "none_of" else frozenset(letters)


def can_decide(group: Group, number: int, level: Level, vocabulary: Vocabulary) -> bool:
    """Whether a branch (by its number, from 0) can decide its group by itself, at this level."""
    worlds = _worlds(group, level, vocabulary)
    if worlds is not None:
        return any(
            number in deciding(group, [truth(part, scope)[0] for part in group.of]) for scope in worlds
        )
    parts = [possible_letters(part, level, vocabulary) for part in group.of]
    own, others = parts[number], [*parts[:number], *parts[number + 1 :]]
    if not others:
        return False
    if group.kind == "all_of":
        return UNMET in own and _NEVER not in others
    enough = sum(MET in part for part in others) >= group.needed - 1
    return MET in own and others.count(_ALWAYS) < group.needed <= len(others) + 1 and enough


def is_asked(requirement: Requirement, level: Level, vocabulary: Vocabulary) -> bool:
    """Whether a requirement can apply at this level: one for other grades has nothing to show here."""
    asked = requirement.applies_when
    return asked is None or possible_letters(asked, level, vocabulary) != _NEVER


def may_be_unknown(node: Node | Entries, vocabulary: Vocabulary, frame: Frame = ()) -> bool:
    """Whether something that was not told can keep a condition or an amount from being known."""
    match node:
        case Comparison(op="is_known") | Constant():
            return False
        case FactRef(name=name):
            return name not in _TOLD and vocabulary[name].absent_means is None
        case FieldRef(slot=slot, name=name):
            kind = frame[slot] if slot < len(frame) else None
            if not name or not isinstance(kind, Records):
                return False
            return kind.fields[name].absent_means is None
        case DerivedField(slot=slot, of=of):
            return may_be_unknown(of, vocabulary, frame[slot : slot + 1])
        case Entries():
            return _entries(node, vocabulary, frame)
    entries = getattr(node, "entries", None)
    if entries is None:
        return any(may_be_unknown(part, vocabulary, frame) for part in parts_of(node))
    if _entries(entries, vocabulary, frame):
        return True
    inner = (*frame[: entries.slot], type_of(entries.of))
    own = {id(part) for part in parts_of(entries)}
    return any(may_be_unknown(part, vocabulary, inner) for part in parts_of(node) if id(part) not in own)


def _entries(entries: Entries, vocabulary: Vocabulary, frame: Frame) -> bool:
    """Whether it may be unknown which entries there are."""
    if may_be_unknown(entries.of, vocabulary, frame):
        return True
    kind = type_of(entries.of)
    if isinstance(kind, Records) and kind.dated_by and kind.fields[kind.dated_by].absent_means is None:
        return True
    inner = (*frame[: entries.slot], kind)
    asked = [part for part in (entries.where, entries.newest_by) if part is not None]
    return any(may_be_unknown(part, vocabulary, inner) for part in asked)


def deciding(group: Group, letters: Sequence[str]) -> Iterator[int]:
    """The branches without which the group would have come out otherwise.

    >>> from service.policy.condition import Comparison
    >>> one: Condition = Comparison(None, "is", ())  # type: ignore[arg-type]
    >>> any_of = Group("any_of", 1, (one, one))
    >>> list(deciding(any_of, "MN")), list(deciding(any_of, "MM"))
    ([0], [])
    """
    whole, wanted = _settled(group, letters), (UNMET if group.kind == "all_of" else MET)
    for number, letter in enumerate(letters):
        if letter == wanted and whole != UNKNOWN:
            turned = (*letters[:number], OPPOSITE[letter], *letters[number + 1 :])
            if _settled(group, turned) != whole:
                yield number


def _settled(group: Group, letters: Iterable[str]) -> str:
    """The letter of a group whose branches have these."""
    all_letters = tuple(letters)
    letter = UNKNOWN
    if all_letters.count(MET) >= group.needed:
        letter = MET
    elif all_letters.count(UNMET) > len(all_letters) - group.needed:
        letter = UNMET
    return OPPOSITE[letter] if group.kind == "none_of" else letter
