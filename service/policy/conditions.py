"""Conditions: source nodes in; condition trees out, with every name resolved and every operator fitting.

A condition is one subject with one operator, a quantifier over entries (`policy.quantifiers`), a group, or
the `use` of a shared requirement's condition. A list of conditions means all of them.
"""

from __future__ import annotations

import re
from typing import cast

from service.errors import did_you_mean
from service.facts.types import Date, FactType, ListOf, Time
from service.policy import amounts, quantifiers, words
from service.policy.condition import (
    Comparison,
    Condition,
    Constant,
    Expression,
    Form,
    Group,
    GroupKind,
    all_of,
    negated,
)
from service.policy.operators import EQUALITY, LISTED, OPERATORS, as_operator, fitting, misfit
from service.policy.reader import as_yes_no, listed, place_of, quoted, shape
from service.policy.scope import Amount, Scope
from service.policy.source import ListNode, MapNode, Node, TextNode
from service.policy.traps import SIGNS
from service.policy.words import ARITHMETIC, QUANTIFIERS, WORDS, condition_heads

_FORMS = {"count": "count", "sum": "sum", "time_in": "time_in"}


def read_all(node: Node, scope: Scope) -> Condition | None:
    """One condition, or a list of which all must hold."""
    if not isinstance(node, ListNode):
        return read(node, scope)
    if not node.items:
        scope.report.at(node, "this list is empty; write at least one condition, or delete the line")
        return None
    parts = [read(item, scope) for item in node.items]
    found = tuple(part for part in parts if part is not None)
    return all_of(found, place_of(node.items[0])) if len(found) == len(parts) else None


def read(node: Node, scope: Scope, beside: tuple[str, ...] = ()) -> Condition | None:
    """One condition; `beside` names what else may stand among its lines and is read by others."""
    if not isinstance(node, MapNode):
        remedy = "write it as `fact: …` with an operator, such as `{fact: rating, is: meets}`"
        if isinstance(node, ListNode):
            return read_all(node, scope)
        scope.report.at(node, f"here stands {shape(node)}, but a condition is wanted; {remedy}")
        return None
    inner = scope.deeper(node, judging=True)
    if inner is None:
        return None
    heads = condition_heads(node)
    if len(heads) > 1:
        second = node.entries[heads[1]].key
        message = (
            f"`{heads[0]}` and `{heads[1]}` both stand in one condition; make each a condition of its own"
        )
        scope.report.at(second, message)
        return None
    if not heads:
        _without_head(node, inner, beside)
        return None
    head = heads[0]
    if head in ("all_of", "any_of", "none_of", "of"):
        return _group(node, head, inner, beside)
    if head == "use":
        known_here(node, inner, ("use", "with"), beside)
        return inner.names.shared.condition_of(node, inner)
    if head in QUANTIFIERS or (head == "latest" and quantifiers.is_newest(node, inner)):
        return quantifiers.read(node, head, inner, beside)
    return _comparison(node, head, inner, beside)


def _without_head(node: MapNode, scope: Scope, beside: tuple[str, ...]) -> None:
    """What to say of lines that have no subject."""
    report = scope.report
    strange = [name for name in node.entries if name not in OPERATORS and name not in beside]
    known = (*WORDS, *beside)
    for name in strange:
        key = node.entries[name].key
        if name in ("where", "has", "by", "as", "last", "with", "at", "otherwise"):
            message = f"{quoted(name)} stands alone here; say what it belongs to, such as `some: trainings`"
            report.missing(key, message)
            continue
        if name in scope.names.known():
            message = (
                f"{quoted(name)} is the name of a fact; write `fact: {name}` and an operator such as `is:`"
            )
            report.at(key, message)
            continue
        hint = (
            did_you_mean(name, known) or "; begin with `fact:`, `some:`, `count:`, `any_of:` or another one"
        )
        report.at(key, f"{quoted(name)} does not belong in a condition{hint}")
    if strange:
        return
    operators = [name for name in node.entries if name in OPERATORS]
    if operators == ["at_least"]:
        message = "`at_least` stands alone here; add what it is about: `fact: …`, or `of: […]` for a group"
        report.missing(node.entries["at_least"].key, message)
    elif operators:
        message = f"`{operators[0]}` stands alone here; say which fact is meant: `fact: …`"
        report.missing(node.entries[operators[0]].key, message)
    else:
        report.missing(node, "a condition is missing here; write one such as `fact: rating` with `is: meets`")


def known_here(node: MapNode, scope: Scope, known: tuple[str, ...], beside: tuple[str, ...]) -> bool:
    """Whether every name may stand here; each that may not is a problem."""
    strange = [name for name in node.entries if name not in known and name not in beside]
    for name in strange:
        hint = did_you_mean(name, (*known, *beside))
        if not hint and name in OPERATORS:
            hint = f"; for a number of entries, write `count:` instead of `{known[0]}:`"
            hint = hint if known[0] in ("some", "no", "every") else f"; {quoted(known[0])} takes no operator"
        elif not hint:
            hint = (
                f"; beside {quoted(known[0])} may stand {listed(known[1:])}" if known[1:] else "; take it out"
            )
        scope.report.at(node.entries[name].key, f"{quoted(name)} does not belong in {_this(beside)}{hint}")
    return not strange


def _this(beside: tuple[str, ...]) -> str:
    """What the author writes when a condition stands among other lines."""
    return "this requirement" if "text" in beside else "this condition"


# ── one subject, one operator ───────────────────────────────────────────────────────────────────────────────


def _comparison(node: MapNode, head: str, scope: Scope, beside: tuple[str, ...]) -> Condition | None:
    keys = words.beside(head)
    operators = [name for name in node.entries if name in OPERATORS and name not in keys]
    others = [name for name in node.entries if name != head and name not in keys and name not in operators]
    strange = [name for name in others if name not in beside]
    left = amounts.subject(node, head, scope)
    usable = fitting(left.type) if left else OPERATORS
    for name in strange:
        hint = f"; write `{SIGNS[name]}`" if name in SIGNS else ""
        hint = hint or did_you_mean(name, (*keys, *usable, *beside)) or did_you_mean(name, OPERATORS)
        if not hint:
            hint = f"; beside `{head}` may stand {listed((*sorted(keys - set(ARITHMETIC)), *usable))}"
        scope.report.at(node.entries[name].key, f"{quoted(name)} does not belong in {_this(beside)}{hint}")
    if len(operators) > 1:
        _two_operators(node, operators, scope)
        return None
    if not operators:
        if not strange and left is not None:
            _no_operator(node, head, left, scope)
        return None
    operator = operators[0]
    entry = node.entries[operator]
    if left is None or strange:
        return None
    if operator not in fitting(left.type):
        message = misfit(operator, left.type)
        if isinstance(left.type, Date) and operator == "at_least" and _is_length(entry.value):
            message = "`at_least` does not fit a date; write `for_at_least` for how long ago it lies"
        scope.report.at(entry.key, message)
        return None
    if isinstance(entry.value, TextNode) and not entry.value.value and not entry.value.quoted:
        scope.report.missing(entry.key, f"`{operator}` has no value; write one after the colon")
        return None
    form = cast(Form, _FORMS.get(head, "fact"))
    return _with_operator(left, operator, entry.value, scope, form, node)


def _two_operators(node: MapNode, operators: list[str], scope: Scope) -> None:
    first, second = operators[:2]
    both = {first, second} == {"at_least", "at_most"}
    remedy = "write `between: [lowest, highest]`" if both else "make each a condition of its own"
    message = f"`{first}` and `{second}` both stand in one condition; {remedy}"
    scope.report.at(node.entries[second].key, message)


def _no_operator(node: MapNode, head: str, left: Amount, scope: Scope) -> None:
    usable = listed(fitting(left.type), "or")
    value = node.entries[head].value
    what = quoted(value.value) if isinstance(value, TextNode) else f"`{head}`"
    scope.report.missing(value, f"nothing is asked of {what}; add a line with {usable}")


def _is_length(node: Node) -> bool:
    return isinstance(node, TextNode) and bool(re.match(r"\d+ ?[A-Za-z]", node.value))


def _with_operator(
    left: Amount, operator: str, node: Node, scope: Scope, form: Form, whole: MapNode
) -> Condition | None:
    place = place_of(whole)
    if operator == "is_known":
        return _is_known(left, node, scope, form, whole)
    want: FactType = left.type
    if operator in ("for_at_least", "within_last"):
        want = Time()
    elif isinstance(left.type, ListOf):
        want = left.type.of
    if operator in LISTED or operator == "between":
        right = _several(left, operator, node, want, scope)
    else:
        one = amounts.read(node, scope, want, naming=left.naming, equality=_is_equality(operator))
        right = None if one is None else (one.expr,)
    return None if right is None else Comparison(left.expr, as_operator(operator), right, form, place)


def _is_equality(operator: str) -> bool:
    return operator in EQUALITY or operator.startswith("includes")


def _is_known(left: Amount, node: Node, scope: Scope, form: Form, whole: MapNode) -> Condition | None:
    answer = as_yes_no(node) if isinstance(node, TextNode) else "`is_known` takes `yes` or `no`"
    if isinstance(answer, str):
        scope.report.at(node, answer)
        return None
    known = Comparison(left.expr, "is_known", (), form, place_of(whole))
    return known if answer else negated(known)


def _several(
    left: Amount, operator: str, node: Node, want: FactType, scope: Scope
) -> tuple[Expression, ...] | None:
    """The values of `one_of` and its like, or the two ends of `between`."""
    example = "[lowest, highest]" if operator == "between" else "[…, …]"
    if not isinstance(node, ListNode):
        message = f"`{operator}` takes a list in brackets: `{operator}: {example}`"
        if operator == "one_of" and isinstance(node, MapNode):
            message += "; to look into a list fact, write `fact:` with its name and `includes:`"
        scope.report.at(node, message)
        return None
    if operator == "between" and len(node.items) != 2:
        scope.report.at(node, "`between` takes two values, the lowest and the highest: `between: [3, 5]`")
        return None
    if not node.items:
        scope.report.at(node, f"this list is empty; `{operator}` needs at least one value")
        return None
    read_items = [
        amounts.read(item, scope, want, naming=left.naming, equality=_is_equality(operator))
        for item in node.items
    ]
    items = tuple(item.expr for item in read_items if item is not None)
    if len(items) < len(node.items):
        return None
    if operator == "between" and _upside_down(items, want):
        scope.report.at(node, "the first value of `between` is the lowest; exchange the two")
        return None
    return items


def _upside_down(ends: tuple[Expression, ...], type_: FactType) -> bool:
    low, high = ends
    if not (isinstance(low, Constant) and isinstance(high, Constant)) or isinstance(type_, Time):
        return False
    rank = getattr(type_, "choices", None)
    if rank:
        return bool(rank.index(low.value) > rank.index(high.value))
    return bool(low.value > high.value)  # type: ignore[operator]  # both are numbers or both are dates


# ── groups ──────────────────────────────────────────────────────────────────────────────────────────────────


def _group(node: MapNode, head: str, scope: Scope, beside: tuple[str, ...]) -> Condition | None:
    if not known_here(node, scope, (head, *(("at_least",) if head == "of" else ())), beside):
        return None
    entry = node.entries[head]
    needed = _needed(node, scope) if head == "of" else None
    if not isinstance(entry.value, ListNode):
        empty = isinstance(entry.value, TextNode) and not entry.value.value
        what = "has no value; write" if empty else "takes"
        scope.report.at(entry.value, f"`{head}` {what} a list of conditions, each beginning with a dash")
        return None
    if not entry.value.items:
        scope.report.at(entry.value, f"`{head}` is empty; write at least one condition, or delete it")
        return None
    if head == "none_of" and all(isinstance(item, TextNode) for item in entry.value.items):
        scope.report.at(entry.key, "`none_of` stands alone here; say which fact is meant: `fact: …`")
        return None
    parts = [read(item, scope) for item in entry.value.items]
    found = tuple(part for part in parts if part is not None)
    size = len(parts)
    if head == "of" and needed is not None and needed > size:
        where = node.entries["at_least"].value
        scope.report.at(
            where, f"`at_least: {needed}` can never be met; the group has {size} condition{'s' * (size > 1)}"
        )
        return None
    if len(found) < size or (head == "of" and needed is None):
        return None
    kind = cast(GroupKind, "at_least" if head == "of" else head)
    return Group(
        kind, {"all_of": size, "any_of": 1, "none_of": 1}.get(head, needed or 1), found, place_of(node)
    )


def _needed(node: MapNode, scope: Scope) -> int | None:
    """The number after `at_least` of a group."""
    entry = node.entries.get("at_least")
    if entry is None:
        scope.report.missing(
            node.entries["of"].key, "`of` needs to know how many; add a line such as `at_least: 2`"
        )
        return None
    value = entry.value
    if (
        isinstance(value, TextNode)
        and re.fullmatch(r"[1-9]\d{0,3}", value.value, re.ASCII)
        and not value.quoted
    ):
        return int(value.value)
    what = shape(value)
    scope.report.at(value, f"{what} cannot be how many conditions are met; write a whole number, 1 or more")
    return None
