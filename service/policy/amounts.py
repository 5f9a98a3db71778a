"""Amounts: source nodes in; expressions with their types out, every name resolved and every literal typed.

An amount is a literal or lines with one head (`fact:`, `count:`, `table:`, …). Literals take their type
from what they are compared with; where nothing tells it, from their look. Amounts over records are in
`policy.gathered`.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from service.errors import did_you_mean
from service.facts.calendar import Duration, parse_day
from service.facts.types import Choice, Date, FactType, Number, Text, Time, YesNo
from service.facts.vocabulary import ALWAYS_THERE
from service.policy import conditions, gathered
from service.policy.condition import (
    Arithmetic,
    Choose,
    Condition,
    Constant,
    Expression,
    FiscalQuarter,
    PeriodStart,
    Whole,
    YearOf,
)
from service.policy.literals import Mistake, look_of, read_literal
from service.policy.operators import said, same_kind
from service.policy.reader import Fields, listed, quoted, unknown_word
from service.policy.scope import Amount, Bound, Scope
from service.policy.source import ListNode, MapNode, Node, TextNode
from service.policy.words import ARITHMETIC, SUBJECTS, WORDS, amount_heads
from service.policy.words import beside as beside_head

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
UNITS = {
    "years": Duration(months=12), "months": Duration(months=1),
    "weeks": Duration(days=7), "days": Duration(days=1),
}  # fmt: skip
_YES, _NO = Constant(True, YesNo()), Constant(False, YesNo())


def read(
    node: Node, scope: Scope, want: FactType | None = None, *, naming: str = "", equality: bool = False
) -> Amount | None:
    """An amount of the type wanted (any, when None); None, with a problem, when it is not one."""
    if isinstance(node, TextNode):
        return literal(node, scope, want, naming)
    if isinstance(node, ListNode):
        scope.report.at(node, "here stands a list, but one value or amount is wanted; take the brackets away")
        return None
    return expect(node, alone(node, scope, want), scope, want, equality=equality)


def alone(
    node: MapNode,
    scope: Scope,
    want: FactType | None = None,
    *,
    beside: tuple[str, ...] = (),
    what: str = "this amount",
) -> Amount | None:
    """An amount whose lines hold nothing else but the names in `beside`, which others read."""
    inner = scope.deeper(node)
    if inner is None:
        return None
    heads = amount_heads(node)
    own = sorted(beside_head(heads[0])) if heads else [*SUBJECTS, *ARITHMETIC]
    meant = [] if heads else [near for name in node.entries for near in get_close_matches(name, SUBJECTS, 1)]
    beside = (*beside, *(name for head in meant for name in beside_head(head)))
    strange = [name for name in node.entries if name not in (*heads, *own, *beside)]
    for name in strange:
        hint = did_you_mean(name, (*own, *beside)) or (
            f"; here may stand {listed(own)}" if own else "; take it out"
        )
        scope.report.at(node.entries[name].key, f"{quoted(name)} does not belong in {what}{hint}")
    if len(heads) > 1:
        second = node.entries[heads[1]].key
        remedy = "an amount has one of them"
        if heads[0] in ARITHMETIC:  # then so is the other
            remedy = f"put one inside the other: `{heads[1]}: [{{{heads[0]}: […]}}, …]`"
        scope.report.at(second, f"`{heads[0]}` and `{heads[1]}` both stand here; {remedy}")
        return None
    if not heads:
        if not strange:
            scope.report.missing(
                node, "an amount is missing here; write one such as `fact: …`, `count: …` or `sum: …`"
            )
        return None
    return subject(node, heads[0], inner, want)


def subject(node: MapNode, head: str, scope: Scope, want: FactType | None = None) -> Amount | None:
    """The amount with this head, and what is added to it or taken from it."""
    entry = node.entries[head]
    if isinstance(entry.value, TextNode) and not entry.value.value:
        example = {"fact": "level_since"}.get(head, "…")
        scope.report.missing(
            entry.key, f"`{head}` has no value; write one after the colon: `{head}: {example}`"
        )
        return None
    if head in ARITHMETIC:
        return _folded(node, head, scope, want)
    changes = [name for name in ARITHMETIC if name in node.entries]
    found = _plain(node, head, scope, None if changes else want)
    if len(changes) > 1:
        second = node.entries[changes[1]].key
        scope.report.at(
            second,
            f"`{changes[0]}` and `{changes[1]}` both stand here; put one inside the other: "
            f"`{changes[1]}: [{{{head}: …, {changes[0]}: …}}, …]`",
        )
        return None
    if not changes or found is None:
        return found
    change = node.entries[changes[0]].value
    want = _partner(changes[0], found.type, change) if isinstance(change, TextNode) else None
    right = read(change, scope, want)
    return None if right is None else _combined(changes[0], found, right, change, scope)


def _plain(node: MapNode, head: str, scope: Scope, want: FactType | None) -> Amount | None:
    if head in gathered.HEADS:
        return gathered.read(node, head, scope)
    match head:
        case "fact":
            name = Fields(node, scope.report, "").word("fact")
            return None if name is None else scope.resolve(name)
        case "table":
            return scope.names.tables.lookup(node, scope, want)
        case "figure":
            return scope.names.tables.figure(node, scope, want)
        case "choose":
            return _choose(node, scope, want)
        case "yes_when":
            when = conditions.read_all(node.entries[head].value, scope)
            return None if when is None else Amount(Choose(((when, _YES),), _NO), YesNo())
        case "full":
            return _full(node, scope)
        case "fiscal_quarter":
            return _fiscal_quarter(node, scope)
        case "period_start" | "next_period":
            return _period_start(node, head, scope)
        case "year_of":
            day = day_named(node.entries[head].value, scope)
            return None if day is None else Amount(YearOf(day.expr), Number())
        case _:
            return _param(node, scope, want)


def expect(
    node: Node, found: Amount | None, scope: Scope, want: FactType | None, *, equality: bool = False
) -> Amount | None:
    """The amount, when it has the type wanted."""
    if found is None or want is None or same_kind(want, found.type, equality=equality):
        return found
    wanted = said(want)
    if isinstance(want, Choice) and isinstance(found.type, Choice):
        wanted = f"a choice of {listed(want.choices)}"
    name = node.entries["fact"].value if isinstance(node, MapNode) and "fact" in node.entries else node
    alone = isinstance(name, TextNode) and (name is node or len(getattr(node, "entries", ())) == 1)
    if alone and isinstance(name, TextNode):
        what = "another choice" if wanted.startswith("a choice of") else said(found.type)
        scope.report.at(name, f"{quoted(name.value)} is {what}, but {wanted} is wanted here")
    else:
        scope.report.at(node, f"this is {said(found.type)}, but {wanted} is wanted here")
    return None


def literal(node: TextNode, scope: Scope, want: FactType | None, naming: str = "") -> Amount | None:
    """A value written in the policy."""
    type_ = want or look_of(node)
    value = read_literal(node, type_, spills=scope.names.spills)
    if isinstance(value, Mistake):
        message = value.message
        if node.value and not node.quoted and node.value in scope.names.known():
            message = (
                f"{quoted(node.value)} is the name of a fact, not {said(type_)}; write "
                f"`{{fact: {node.value}}}`"
            )
        elif not node.quoted and (written := scope.names.tables.written(node.value)):
            message = written
        scope.report.at(node, message)
        return None
    if naming and not _names_something(value, naming, node, scope):
        return None
    return Amount(Constant(value, type_), type_, naming)


def _names_something(value: object, naming: str, node: TextNode, scope: Scope) -> bool:
    """Whether a text compared with a track, level or place names one that exists in some version."""
    known = scope.names.naming.get(naming)
    if known is None or value in known:
        return True
    what = {"track": "a track", "level": "a level of any track", "place": "a place (`track/level`)"}[naming]
    scope.report.at(node, unknown_word(node.value, sorted(known), what))
    return False


def day_named(node: Node, scope: Scope) -> Amount | None:
    """A date: `{fact: …}`, the bare name of a date, or a day."""
    if isinstance(node, TextNode) and parse_day(node.value) is None and not node.value[:1].isdecimal():
        return expect(node, scope.resolve(node), scope, Date())
    return read(node, scope, Date())


# ── calculation ─────────────────────────────────────────────────────────────────────────────────────────────


def _partner(op: str, left: FactType, right: TextNode) -> FactType | None:
    """What may be added to or taken from a value, or multiply it."""
    if op == "times":
        length = isinstance(left, Number) and isinstance(look_of(right), Time)
        return Time() if length else Number()
    return Time() if isinstance(left, Date | Time) else Number() if isinstance(left, Number) else None


def _combined(op: str, left: Amount, right: Amount, where: Node, scope: Scope) -> Amount | None:
    kinds = (left.type, right.type)
    if op == "plus" and isinstance(left.type, Time) and isinstance(right.type, Date):
        left, right = right, left
    match (op, left.type, right.type):
        case (
            ("plus" | "minus", Number(), Number())
            | ("plus" | "minus", Time(), Time())
            | ("times", Number(), Number())
        ):
            type_: FactType = left.type
        case ("plus" | "minus", Date(), Time()) | ("times", Time(), Number()):
            type_ = left.type
        case ("times", Number(), Time()):
            type_ = right.type
        case ("minus", Date(), Date()):
            message = "the time between two days is not an amount here; use `for_at_least` or `time_in`"
            scope.report.at(where, message)
            return None
        case _:
            message = (
                f"`{op}` does not fit {said(kinds[0])} and {said(kinds[1])}; it takes numbers, "
                "or lengths of time"
            )
            scope.report.at(where, message)
            return None
    return Amount(Arithmetic(op, left.expr, right.expr), type_)  # type: ignore[arg-type]  # one of the three


def _folded(node: MapNode, op: str, scope: Scope, want: FactType | None) -> Amount | None:
    value = node.entries[op].value
    if not isinstance(value, ListNode) or len(value.items) < 2 or (op == "minus" and len(value.items) > 2):
        many = "two amounts" if op == "minus" else "a list of at least two amounts"
        scope.report.at(value, f"`{op}` takes {many} here: `{op}: [{{fact: …}}, …]`")
        return None
    total: Amount | None = None
    for place, item in enumerate(value.items):
        if place == 0:
            total = read(item, scope, None if isinstance(item, MapNode) else _literal_want(item, want))
            continue
        if total is None:
            read(item, scope, None)
            continue
        partner = _partner(op, total.type, item) if isinstance(item, TextNode) else None
        right = read(item, scope, partner)
        total = None if right is None else _combined(op, total, right, item, scope)
    return total


def _literal_want(item: Node, want: FactType | None) -> FactType | None:
    """A number or a length may begin a calculation of that type; otherwise the look of it tells."""
    return want if isinstance(want, Number) and isinstance(item, TextNode) else None


def _choose(node: MapNode, scope: Scope, want: FactType | None) -> Amount | None:
    report, lines = scope.report, Fields(node, scope.report, "`choose`", WORDS, rest=True)
    branches: list[tuple[Condition, Expression]] = []
    whole = True
    items = lines.items("choose")
    for item in items:
        branch = Fields.of(item, report, "a branch of `choose`", ("when", "then"), "{when: …, then: …}")
        if branch is None:
            whole = False
            continue
        when_node, then_node = branch.need("when", "when: {fact: …, is: …}"), branch.need("then", "then: 3")
        when = None if when_node is None else conditions.read_all(when_node, scope)
        then = None if then_node is None else read(then_node, scope, want)
        want = want or (then.type if then else None)
        if when is None or then is None:
            whole = False
        else:
            branches.append((when, then.expr))
    if isinstance(node.entries["choose"].value, ListNode) and not items:
        report.at(node.entries["choose"].value, "this list is empty; write at least one `{when: …, then: …}`")
    last_node = lines.need("otherwise", "otherwise: 0")
    last = None if last_node is None else read(last_node, scope, want)
    if last is None or not whole or not branches or want is None:
        return None
    return Amount(Choose(tuple(branches), last.expr), want)


def _full(node: MapNode, scope: Scope) -> Amount | None:
    """`full: years` since a day, or of a length of time."""
    lines = Fields(node, scope.report, "`full`", WORDS, rest=True)
    unit = lines.one_of("full", UNITS, "", "full: years")
    if "since" in lines and "of" in lines:
        scope.report.at(lines.key("of"), "`since` and `of` both stand here; keep one of them")
        return None
    if "of" in lines:
        of_node = lines.get("of")
        length = None if of_node is None else read(of_node, scope, Time())
        of = None if length is None else length.expr
        if "until" in lines:
            scope.report.at(
                lines.key("until"), "`until` goes with `since`; take it out, or put it inside `of:`"
            )
            return None
    else:
        since_node = lines.need("since", "since: {fact: level_since}")
        since = None if since_node is None else day_named(since_node, scope)
        end = _until(lines, scope)
        of = None if since is None or end is None else Arithmetic("minus", end, since.expr)
    if of is None or not unit:
        return None
    return Amount(Whole(replace(UNITS[unit], spills=scope.names.spills), of), Number())


def _until(lines: Fields, scope: Scope) -> Expression | None:
    """The day asked for, or an earlier one that is named: what lies ahead or still runs is not over."""
    as_of = scope.names.ref(ALWAYS_THERE["as_of"])
    if "until" not in lines:
        return as_of
    node = lines.get("until")
    day = None if node is None else day_named(node, scope)
    return None if day is None else Arithmetic("lowest", day.expr, as_of)


def _fiscal_quarter(node: MapNode, scope: Scope) -> Amount | None:
    lines = Fields(node, scope.report, "`fiscal_quarter`", WORDS, rest=True)
    month = lines.one_of("year_starts", MONTHS, "", "year_starts: february")
    day = day_named(node.entries["fiscal_quarter"].value, scope)
    if day is None or not month:
        return None
    return Amount(FiscalQuarter(day.expr, MONTHS.index(month) + 1), Number())


def _period_start(node: MapNode, head: str, scope: Scope) -> Amount | None:
    """The first day of a period that is counted from some day."""
    lines = Fields(node, scope.report, f"`{head}`", WORDS, rest=True)
    day = day_named(node.entries[head].value, scope)
    length = lines.word("period", "period: 6 months")
    begin = lines.need("counted_from", "counted_from: 2026-01-01")
    start = None if begin is None else day_named(begin, scope)
    value: Any = None if length is None else read_literal(length, Time(), spills=scope.names.spills)
    if isinstance(value, Mistake):
        scope.report.at(length or node, value.message)
    elif value is not None and not (value.months or value.days):
        scope.report.at(length or node, "a period is at least a day long; write one such as `6 months`")
    elif day is not None and start is not None and value is not None:
        period = PeriodStart(day.expr, value, start.expr, following=head == "next_period")
        return Amount(period, Date())
    return None


def _param(node: MapNode, scope: Scope, want: FactType | None) -> Amount | None:
    name = Fields(node, scope.report, "").word("param")
    if name is None:
        return None
    if scope.params is None:
        message = (
            "parameters exist only in shared requirements; write the value itself, or move this to `shared/`"
        )
        scope.report.at(name, message)
        return None
    bound = scope.params.get(name.value)
    if bound is None:
        if name.value not in scope.params:
            what = "a parameter of this shared requirement"
            hint = unknown_word(name.value, scope.params, what)
            scope.report.at(name, hint if scope.params else f"{hint}; declare it under `params:`")
        return None
    if isinstance(want, Choice) and isinstance(bound.type, Text):
        return _as_choice(bound, want, scope)
    return Amount(bound.value, bound.type)


def _as_choice(bound: Bound, want: Choice, scope: Scope) -> Amount | None:
    """A text parameter where a choice is wanted: its value must be one of the choices."""
    if bound.sample or bound.where is None:
        return Amount(Constant(want.choices[0], want), want)
    value = read_literal(bound.where, want)
    if isinstance(value, Mistake):
        scope.report.at(bound.where, value.message)
        return None
    return Amount(Constant(value, want), want)
