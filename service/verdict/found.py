"""What stands beside a comparison: what was found, and what is needed.

A comparison in; functions out that say it for one candidate, with everything that is always the same made
ready beforehand. Knows nothing of requirements. What is given out is plain JSON; parts of it are shared
between verdicts, so nobody may change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from service.engine.network import MET, UNMET
from service.engine.scope import Scope
from service.engine.values import amount
from service.facts.known import Known
from service.facts.types import FactType, Records
from service.facts.vocabulary import Vocabulary
from service.policy.condition import (
    Arithmetic,
    Average,
    Choose,
    Comparison,
    Condition,
    Constant,
    Count,
    Derived,
    Entries,
    Expression,
    Extreme,
    FactRef,
    FieldRef,
    FiscalQuarter,
    Group,
    Lookup,
    PeriodStart,
    Sum,
    TimeIn,
    Whole,
    YearOf,
    type_of,
)
from service.policy.trees import Node, parts_of
from service.verdict.entries import gathered_in, sorting
from service.verdict.plain import plain
from service.verdict.telling import Telling
from service.verdict.text import amount_text, condition_text, counted_text
from service.verdict.wording import ENTRIES, WORDS

Json = dict[str, Any]
Found = Callable[[Known, Telling], Json]
Needed = Callable[[Scope], Json]
Step = tuple[str, Callable[[Scope], Any]]

#: A derived fact shows no more than so many of the things that it is made of.
MOST_STEPS = 6
_OF_THE_REQUEST = frozenset({"as_of", "submitted_on", "to.track", "to.level", "to.place", "to.grade"})


def found_of(comparison: Comparison, vocabulary: Vocabulary) -> Found:
    """What says the amount that was found: `value`, or `at_least` and `at_most` where it is partly known.

    `label` calls it by name, `from` names the facts it comes from, `entries` sorts the entries it looks at,
    `steps` shows how a derived fact came about. `sensitive` stands there only where it is true.
    """
    label, sources = counted_text(comparison), list(sources_of([comparison.left]))
    sort_out, steps = sorting(comparison), tuple(_steps(comparison.left))[:MOST_STEPS]
    sensitive = is_sensitive([comparison.left], vocabulary)
    counted = isinstance(type_of(comparison.left), Records)  # records are told by their number

    def found(known: Known, telling: Telling) -> Json:
        low, high, missing = known
        if not missing:
            value = len(low) if counted and isinstance(low, tuple) else plain(low)
            told: Json = {"value": value, "label": label, "from": sources}
        else:
            told = {**_partly(low, high), "label": label, "from": sources}
        if sort_out is not None:
            told["entries"] = sort_out(known, telling)
        if steps:
            told["steps"] = [{"label": name, "value": value(telling.scope)} for name, value in steps]
        if sensitive:
            told["sensitive"] = True
        return told

    return found


def _partly(low: Any, high: Any) -> Json:
    if low is None and high is None:
        return {"value": None}
    return {"value": None, "at_least": plain(low), "at_most": plain(high)}


def needed_of(comparison: Comparison, vocabulary: Vocabulary) -> Needed:
    """What says what is needed, by operator; a value that is not fixed comes with its `label`."""
    op, right = comparison.op, comparison.right
    if op == "is_known":
        return _always({op: True})
    several = op in ("one_of", "none_of", "includes_all", "includes_any", "between")
    if all(isinstance(expression, Constant) for expression in right):
        values = [plain(expression.value) for expression in right if isinstance(expression, Constant)]
        return _always({op: values if several else values[0]})
    moving = [expression for expression in right if not isinstance(expression, Constant)]
    label = WORDS["comma"].join(map(amount_text, moving))
    sensitive = is_sensitive(moving, vocabulary)

    def needed(scope: Scope) -> Json:
        values = [_settled(amount(expression, scope)) for expression in right]
        told: Json = {op: values if several else values[0], "label": label}
        if sensitive:
            told["sensitive"] = True
        return told

    return needed


def _always(told: Json) -> Needed:
    return lambda scope: told  # noqa: ARG005 - the same for every candidate


def _settled(known: Known) -> Any:
    return plain(known.low) if known.certain else None


# ── where it comes from ─────────────────────────────────────────────────────────────────────────────────────


def sources_of(nodes: Iterable[Node]) -> Iterator[str]:
    """The facts that something comes from, each once, in the order in which the policy names them."""
    named = (node.name for node in within(nodes) if isinstance(node, FactRef))
    for name in dict.fromkeys(named):
        if name not in _OF_THE_REQUEST:
            yield name if name.startswith("from.") else f"facts.{name}"


def is_sensitive(nodes: Iterable[Node], vocabulary: Vocabulary) -> bool:
    """Whether a sensitive fact or field has a part in something."""
    fields: set[str] = set()
    sensitive: set[str] = set()
    for node in within(nodes):
        if isinstance(node, FactRef):
            if node.name in vocabulary and vocabulary[node.name].sensitive:
                return True
            sensitive |= set(_sensitive_fields(node.type))
        elif isinstance(node, FieldRef):
            fields.add(node.name)
    return not fields.isdisjoint(sensitive)


def _sensitive_fields(kind: FactType) -> Iterator[str]:
    """The sensitive fields of records, and of records inside them."""
    for field in kind.fields.values() if isinstance(kind, Records) else ():
        if field.sensitive:
            yield field.name
        yield from _sensitive_fields(field.type)


def within(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every part of some conditions and amounts, each once, from left to right."""
    seen: set[int] = set()
    waiting = list(nodes)[::-1]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting.extend(list(parts_of(node))[::-1])


# ── how a derived fact came about ───────────────────────────────────────────────────────────────────────────


def _steps(left: Expression) -> Iterator[Step]:
    """The things that a derived fact is made of, each with what gives its value."""
    if not isinstance(left, Derived):
        return
    gathered = gathered_in(left)
    if gathered is not None:
        yield _step(_entries_label(gathered.entries), gathered.entries.of)
        return
    made_of: dict[str, Step] = {}
    for step in _made_of(left.of):
        made_of.setdefault(step[0], step)
    yield from made_of.values()


def _entries_label(entries: Entries) -> str:
    return ENTRIES["of"].format(noun=WORDS["entries"], label=amount_text(entries.of))


def _made_of(expression: Expression) -> Iterator[Step]:
    match expression:
        case Derived() | Count() | Sum() | TimeIn() | Extreme() | Average():
            yield _step(amount_text(expression), expression)
        case FactRef(name=name) if name not in ("as_of", "submitted_on"):
            yield _step(amount_text(expression), expression)
        case Arithmetic(left=left, right=right):
            yield from _made_of(left)
            yield from _made_of(right)
        case Lookup(at=of) | FiscalQuarter(of=of) | YearOf(of=of) | Whole(of=of):
            yield from _made_of(of)
        case PeriodStart(of=of, counted_from=begin):
            yield from _made_of(of)
            yield from _made_of(begin)
        case Choose(branches=branches, dated=dated) if dated:
            yield from _made_of(branches[0][1])
        case Choose(branches=branches, otherwise=otherwise):
            for condition, branch in branches:
                yield from _asked(condition)
                yield from _made_of(branch)
            yield from _made_of(otherwise)


def _asked(condition: Condition) -> Iterator[Step]:
    if isinstance(condition, Group) and condition.kind == "all_of":
        for part in condition.of:
            yield from _asked(part)
    else:
        yield condition_text(condition), lambda scope: _HOLDS.get(scope.holds(condition)[0])


_HOLDS = {MET: True, UNMET: False}


def _step(label: str, expression: Expression) -> Step:
    if isinstance(type_of(expression), Records):
        return label, lambda scope: _number_of(amount(expression, scope))
    return label, lambda scope: _settled(amount(expression, scope))


def _number_of(known: Known) -> int | None:
    return len(known.low) if known.certain and isinstance(known.low, tuple) else None
