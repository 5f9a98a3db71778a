"""What can come out at all: a requirement or a condition of a level in; the results it may have, out.

Looks at the vocabulary (a fact whose silence has a meaning is never unknown) and at what the level itself
settles (`to.grade`), not at whether two conditions can hold together: what is left may still be impossible.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from service.engine.network import MET, OPPOSITE, UNKNOWN, UNMET
from service.engine.reference import truth
from service.engine.values import Scope
from service.facts.types import FactType, Records
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
from service.policy.mentions import Mentions, Node, parts_of
from service.policy.model import Level, Requirement

Frame = tuple[FactType, ...]  #: the types of the entries at hand, by slot
_ANY_DAY = date(2000, 1, 1)
_TOLD = frozenset({"as_of", "submitted_on", "to.track", "to.level", "to.place", "to.grade"})


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
    if isinstance(condition, Group):
        return _of_group(condition, [possible_letters(part, level, vocabulary) for part in condition.of])
    if Mentions().of(condition) <= _fixed(condition):
        told = {
            "to.track": level.track,
            "to.level": level.level,
            "to.place": level.name,
            "to.grade": level.grade,
        }
        scope = Scope(
            facts={**told, "as_of": _ANY_DAY, "submitted_on": _ANY_DAY}, as_of=_ANY_DAY, truth=truth
        )
        return frozenset(truth(condition, scope)[0])
    letters = {MET, UNMET}
    if may_be_unknown(condition, vocabulary):
        letters.add(UNKNOWN)
    return frozenset(letters)


def _fixed(condition: Comparison) -> frozenset[str]:
    """What settles a condition for a level when it depends on nothing else."""
    days = _TOLD if condition.op == "is_known" else frozenset[str]()
    return days | {name for name in _TOLD if name.startswith("to.")}


def _of_group(group: Group, parts: Sequence[frozenset[str]]) -> frozenset[str]:
    letters = set()
    if sum(MET in part for part in parts) >= group.needed:
        letters.add(MET)
    if sum(UNMET in part for part in parts) > len(parts) - group.needed:
        letters.add(UNMET)
    if any(UNKNOWN in part for part in parts):
        letters.add(UNKNOWN)
    return frozenset(map(OPPOSITE.__getitem__, letters)) if group.kind == "none_of" else frozenset(letters)


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
