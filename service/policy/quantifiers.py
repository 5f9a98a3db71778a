"""Conditions over entries: `some`, `no`, `every`, `latest … by`, `for_each`.

Their lines in; comparisons of counts out, as `policy.condition.Comparison` describes them. What must hold
of an entry is itself a condition and is read with the entry at hand.
"""

from __future__ import annotations

from typing import cast

from service.errors import did_you_mean
from service.facts.types import Date, ListOf, Number, Records, Time, Value
from service.policy import amounts, conditions, gathered
from service.policy.condition import (
    Comparison,
    Condition,
    Constant,
    Count,
    Entries,
    Expression,
    Form,
    Operator,
    negated,
)
from service.policy.reader import Fields, listed, place_of, quoted
from service.policy.scope import Amount, Scope
from service.policy.source import ListNode, MapNode, Node, TextNode
from service.policy.words import WORDS


def is_newest(node: MapNode, scope: Scope) -> bool:
    """Whether `latest` asks something of the newest entries, and is not an amount taken from them."""
    value = node.entries["latest"].value
    if "of" in node.entries or not isinstance(value, TextNode):
        return False
    if "last" in node.entries or ("by" in node.entries and "." not in value.value):
        return True
    fact = scope.names.facts.get(value.value)
    return fact is not None and isinstance(fact.type, Records)


def read(node: MapNode, head: str, scope: Scope, beside: tuple[str, ...]) -> Condition | None:
    """The condition over entries with this head."""
    lines = Fields(node, scope.report, f"`{head}`")
    if head in ("some", "no"):
        return _some(lines, head, scope, beside)
    if head == "every":
        return _every(lines, scope, beside)
    return _latest(lines, scope, beside) if head == "latest" else _for_each(lines, scope, beside)


def _compared(entries: Entries, has: Condition | None, form: str, n: int, node: Node) -> Comparison:
    """A count of entries, at least n; at most none for the forms that allow none."""
    op: Operator = "at_least" if form in ("some", "latest") else "at_most"
    count = Constant(n, Number())
    return Comparison(Count(entries, has), op, (count,), cast(Form, form), place_of(node))


def _some(lines: Fields, head: str, scope: Scope, beside: tuple[str, ...]) -> Condition | None:
    whole = conditions.known_here(lines.node, scope, (head, "where", "as"), beside)
    entered = gathered.enter(_named(lines, head), lines, scope)
    if entered is None or not whole:
        return None
    return _compared(entered.entries, None, head, int(head == "some"), lines.node)


def _named(lines: Fields, head: str) -> Node | None:
    """What the quantifier ranges over, which must be said."""
    node = lines.node.entries[head].value
    if isinstance(node, TextNode) and not node.value:
        lines.report.missing(
            lines.key(head), f"`{head}` has no value; say which records: `{head}: trainings`"
        )
        return None
    return node


def _every(lines: Fields, scope: Scope, beside: tuple[str, ...]) -> Condition | None:
    if not conditions.known_here(lines.node, scope, ("every", "has", "where", "as"), beside):
        return None
    asked = "has" if "has" in lines else "where"
    if asked not in lines:
        message = "`every` needs what must be true of each entry; add `has:` with conditions"
        lines.report.missing(lines.key("every"), message)
        return None
    outer = lines if asked == "has" else _without(lines, ("where",))
    entered = gathered.enter(_named(lines, "every"), outer, scope)
    node = lines.get(asked)
    if entered is None or node is None:
        return None
    has = conditions.read_all(node, entered.scope)
    return None if has is None else _compared(entered.entries, negated(has), "every", 0, lines.node)


def _latest(lines: Fields, scope: Scope, beside: tuple[str, ...]) -> Condition | None:
    report = lines.report
    own = ("latest", "by", "last", "where", "has", "as")
    if "by" not in lines:
        value = lines.node.entries["latest"].value
        example = "held_on"
        fact = scope.names.facts.get(value.value) if isinstance(value, TextNode) else None
        if fact is not None and isinstance(fact.type, Records):
            dates = [name for name, field in fact.type.fields.items() if isinstance(field.type, Date)]
            example = fact.type.dated_by or (dates[0] if dates else example)
        report.missing(
            lines.key("latest"), f"`latest` needs the date that makes an entry newer; add `by: {example}`"
        )
        return None
    entered = gathered.enter(_named(lines, "latest"), lines, scope)
    if entered is None:
        return None
    by = lines.word("by")
    day = None if by is None else amounts.expect(by, entered.scope.entry_field(by), scope, Date())
    last = _last(lines)
    has = _has(lines, own, "latest", entered.scope, beside)
    if day is None or has is None or last is None:
        return None
    newest = Entries(
        entered.entries.of, entered.entries.slot, entered.entries.where, last, day.expr, entered.entries.name
    )
    return _compared(newest, has, "latest", last, lines.node)


def _last(lines: Fields) -> int | None:
    return lines.whole("last", 1, gathered.MOST_NEWEST) if "last" in lines else 1


def _has(
    lines: Fields, own: tuple[str, ...], head: str, scope: Scope, beside: tuple[str, ...]
) -> Condition | None:
    """What must hold of the entry: under `has`, or one condition written beside the quantifier."""
    inline = _without(lines, (*own, *beside)).node
    if "has" in lines:
        node = lines.get("has")
        has = None if node is None else conditions.read_all(node, scope)
        for name, entry in inline.entries.items():
            hint = "; move it under `has:`" if name in WORDS else did_you_mean(name, (*own, *beside))
            remedy = hint or f"; beside `{head}` may stand {listed(own[1:])}"
            lines.report.at(entry.key, f"{quoted(name)} does not belong in this condition{remedy}")
        return None if inline.entries else has
    if not inline.entries:
        message = f"`{head}` needs what must be true of each entry; add `has:` with conditions"
        lines.report.missing(lines.key(head), message)
        return None
    return conditions.read(inline, scope, (*own, *beside))


def _without(lines: Fields, names: tuple[str, ...]) -> Fields:
    """The lines without some of them; where they begin stays the same for whoever points at them."""
    kept = {name: entry for name, entry in lines.node.entries.items() if name not in names}
    return Fields(MapNode(kept, lines.node.span), lines.report, lines.what, kept)


def _for_each(lines: Fields, scope: Scope, beside: tuple[str, ...]) -> Condition | None:
    node = _named(lines, "for_each")
    source = _literal_list(node, scope) if isinstance(node, ListNode) else None
    inline = _without(lines, ("for_each", "as", "has", *beside)).node.entries
    outer = _without(lines, ("where",)) if "where" in inline else lines
    if source is None and (node is None or isinstance(node, ListNode)):
        return None
    entered = gathered.enter(None if source else node, outer, scope, source)
    if entered is None:
        return None
    has = _has(lines, ("for_each", "as", "has"), "for_each", entered.scope, beside)
    return None if has is None else _compared(entered.entries, negated(has), "for_each", 0, lines.node)


def _literal_list(node: ListNode, scope: Scope) -> Amount | None:
    """A list written in the policy, all items of the type that the first one looks like."""
    if not node.items:
        scope.report.at(node, "this list is empty; name at least one item, or a list fact")
        return None
    found: list[Constant] = []
    for item in node.items:
        type_ = found[0].type if found else None
        if not isinstance(item, TextNode):
            scope.report.at(item, "an item of this list must be a plain value, such as a text or a number")
            return None
        one = amounts.literal(item, scope, type_)
        if one is None or not isinstance(one.expr, Constant):
            return None
        found.append(one.expr)
    values: tuple[Value, ...] = tuple(each.value for each in found)
    if isinstance(found[0].type, Time):
        scope.report.at(node, "a list here holds texts, numbers or dates, not lengths of time")
        return None
    of: Expression = Constant(values, ListOf(found[0].type))  # type: ignore[arg-type]  # a scalar type, not Time
    return Amount(of, ListOf(found[0].type))  # type: ignore[arg-type]  # as above
