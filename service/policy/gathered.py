"""Amounts over entries: `count`, `sum`, `average`, `time_in`, `latest`, `earliest`, `highest`, `lowest`.

Their lines in; expressions out. Says which entries are meant (`where`), what is taken from each, and what
counts once or up to a ceiling. Knows nothing of operators: `policy.conditions` compares what comes out.
"""

from __future__ import annotations

from dataclasses import replace

from service.errors import did_you_mean
from service.facts.types import Choice, Date, FactType, ListOf, Number, Records, Time
from service.policy import amounts, conditions
from service.policy.condition import (
    Arithmetic,
    ArithmeticOp,
    Average,
    Ceiling,
    Condition,
    Count,
    Entries,
    Expression,
    Extreme,
    Sum,
    TimeIn,
    YearOf,
    type_of,
)
from service.policy.literals import Mistake, read_literal
from service.policy.operators import said
from service.policy.reader import NAME, Fields, checked, listed, quoted, within
from service.policy.scope import Amount, AtHand, Scope
from service.policy.source import ListNode, MapNode, Node, TextNode
from service.policy.words import ARITHMETIC, beside

HEADS = frozenset({"count", "sum", "time_in", "average", "latest", "earliest", "highest", "lowest"})
_DAYS = frozenset({"latest", "earliest"})
_OF_NUMBERS = ("sum", "average")
MOST_NEWEST = 1000
MOST_PLACES = 10
_RESERVED = frozenset({"this", "from", "to", "as_of", "submitted_on"})


def read(node: MapNode, head: str, scope: Scope) -> Amount | None:
    """The amount over entries with this head."""
    lines = Fields(node, scope.report, f"`{head}`")
    if head == "count":
        return _count(lines, scope)
    return _time_in(lines, scope) if head == "time_in" else _of_field(lines, head, scope)


def collection(node: Node, scope: Scope) -> Amount | None:
    """Records or a list, by name or as an amount."""
    found = scope.resolve(node) if isinstance(node, TextNode) else amounts.read(node, scope)
    if found is None or isinstance(found.type, Records | ListOf):
        return found
    what = quoted(node.value) if isinstance(node, TextNode) else "this"
    scope.report.at(node, f"{what} is {said(found.type)}; here records or a list are wanted")
    return None


def enter(node: Node | None, lines: Fields, scope: Scope, source: Amount | None = None) -> Entered | None:
    """The entries of a collection, with the `where` and `as` that stand beside it; None with a problem."""
    if source is None and node is not None:
        source = collection(node, scope)
    name = entry_name(lines, scope)
    if source is None or name is None:
        return None
    inner, entry = scope.inside(source, name)
    where: Condition | None = None
    if "where" in lines:
        where_node = lines.get("where")
        where = None if where_node is None else conditions.read_all(where_node, inner)
        if where is None:
            return None
    return Entered(Entries(source.expr, entry.slot, where, name=name), inner, entry)


class Entered:
    """Entries and the scope in which one of them is at hand."""

    def __init__(self, entries: Entries, scope: Scope, entry: AtHand) -> None:
        self.entries, self.scope, self.entry = entries, scope, entry


def entry_name(lines: Fields, scope: Scope) -> str | None:
    """What `as` calls one entry, "" without it; None, with a problem, when it cannot be called so."""
    if "as" not in lines:
        return ""
    node = lines.word("as")
    name = None if node is None else checked(node, NAME, scope.report, "the name of an entry")
    if node is None or name is None:
        return None
    taken = (
        name in _RESERVED or name in scope.names.known() or name in (entry.name for entry in scope.entries)
    )
    if taken:
        scope.report.at(node, f"{quoted(name)} already means something else; choose another name after `as:`")
        return None
    return name


def _count(lines: Fields, scope: Scope) -> Amount | None:
    entered = _narrowed(lines, "count", enter(lines.get("count"), lines, scope))
    if entered is None:
        return None
    has_node = lines.get("has")
    has = None if has_node is None else conditions.read_all(has_node, entered.scope)
    once, ceiling, whole = _limits(lines, entered)
    if not whole or ("has" in lines and has is None):
        return None
    return Amount(Count(entered.entries, has, once, ceiling), Number())


def _limits(lines: Fields, entered: Entered) -> tuple[Expression | None, Ceiling | None, bool]:
    """`once_per` and `at_most_per`, and whether both could be read."""
    once, whole = None, True
    if "once_per" in lines:
        node = lines.word("once_per")
        field = None if node is None else entered.scope.entry_field(node)
        once, whole = (None, False) if field is None else (field.expr, True)
    if "at_most_per" not in lines:
        return once, None, whole
    ceiling = _ceiling(lines, entered)
    return once, ceiling, whole and ceiling is not None


def _ceiling(lines: Fields, entered: Entered) -> Ceiling | None:
    report, node = lines.report, lines.get("at_most_per")
    if node is None:
        return None
    example = "at_most_per: {each: course, at_most: 1}"
    inner = Fields.of(node, report, "`at_most_per`", ("each", "at_most"), example)
    if inner is None:
        return None
    each_node, most_node = inner.need("each", "each: course"), inner.word("at_most", "at_most: 1")
    each: Expression | None = None
    if isinstance(each_node, TextNode):
        field = entered.scope.entry_field(each_node)
        each = None if field is None else field.expr
    elif each_node is not None:
        by_year = Fields.of(each_node, report, "`each`", ("year_of",), "each: {year_of: completed_on}")
        day = None if by_year is None else by_year.word("year_of", "year_of: completed_on")
        field = (
            None
            if day is None
            else amounts.expect(day, entered.scope.entry_field(day), entered.scope, Date())
        )
        each = None if field is None else YearOf(field.expr)
    if most_node is None or each is None:
        return None
    most = read_literal(most_node, Number())
    if isinstance(most, Mistake):
        report.at(most_node, most.message)
        return None
    return Ceiling(most, each)


def _of_field(lines: Fields, head: str, scope: Scope) -> Amount | None:
    """`sum`, `latest` and such: one amount of each entry, as `hours` with `of:` or `trainings.hours`."""
    node = lines.get(head)
    if node is None:
        return None
    if isinstance(node, ListNode):
        return _of_several(node, head, lines, scope)
    item: Amount | None
    if "of" in lines:
        entered = enter(lines.get("of"), lines, scope)
        if entered is None:
            return None
        item = _taken(node, entered)
    else:
        split = _split(node, head, scope)
        if split is None:
            return None
        source, field = split
        entered = enter(None, lines, scope, source)
        if entered is None:
            return None
        item = entered.scope.entry_field(field)
    if "by" in lines and head in _DAYS:
        return _of_one_entry(lines, head, entered, item, node)
    entered = _narrowed(lines, head, entered)
    if entered is None:
        return None
    once, ceiling, whole = _limits(lines, entered)
    if item is None or not whole or not _fits(head, item.type, node, scope):
        return None
    if head == "sum":
        return Amount(Sum(entered.entries, item.expr, once, ceiling), item.type)
    if head == "average":
        average = Average(entered.entries, item.expr, lines.whole("rounded_to", 0, MOST_PLACES))
        return Amount(average, type_of(average))
    return Amount(Extreme(head in ("latest", "highest"), entered.entries, item.expr), item.type)


def _narrowed(lines: Fields, head: str, entered: Entered | None) -> Entered | None:
    """Of the entries only the newest: `last: 3` with `by: held_on`."""
    if entered is None or ("by" not in lines and "last" not in lines):
        return entered
    if "by" not in lines:
        lines.report.missing(lines.key("last"), "`last` goes with `by`; add a line such as `by: held_on`")
        return None
    if "last" not in lines:
        message = "`by` goes with `last` here; add a line such as `last: 3`"
        if head in ("highest", "lowest"):
            message += ", or write `latest: …` for what the newest entry holds"
        lines.report.missing(lines.key("by"), message)
        return None
    by, last = lines.word("by"), lines.whole("last", 1, MOST_NEWEST)
    day = None if by is None else amounts.expect(by, entered.scope.entry_field(by), entered.scope, Date())
    if day is None or last is None:
        return None
    newest = replace(entered.entries, newest=last, newest_by=day.expr)
    return Entered(newest, entered.scope, entered.entry)


def _of_one_entry(
    lines: Fields, head: str, entered: Entered, item: Amount | None, node: Node
) -> Amount | None:
    """`latest: grade` with `by: from`: the grade of the entry with the latest `from`."""
    by = lines.word("by")
    day = None if by is None else amounts.expect(by, entered.scope.entry_field(by), entered.scope, Date())
    if item is None or day is None:
        return None
    if isinstance(item.type, Records | ListOf | Time):
        message = f"`{head}` with `by:` takes one value of the entry, not {said(item.type)}"
        lines.report.at(node, message)
        return None
    one = replace(entered.entries, newest=1, newest_by=day.expr, oldest=head == "earliest")
    return Amount(Extreme(True, one, item.expr), item.type)


def _of_several(node: ListNode, head: str, lines: Fields, scope: Scope) -> Amount | None:
    """`highest: [a, b]`: the highest of several amounts."""
    report = scope.report
    if head in _OF_NUMBERS:
        report.at(node, f"`{head}` is over entries; to add amounts to each other, write `plus: […]`")
        return None
    wrong = [name for name in lines.node.entries if name in beside(head) and name not in ARITHMETIC]
    for name in wrong:
        message = (
            f"`{name}` belongs to entries, but `{head}` has a list of amounts here; take one of them out"
        )
        report.at(lines.key(name), message)
    if len(node.items) < 2:
        report.at(node, f"`{head}` takes two amounts or more here: `{head}: [{{fact: …}}, {{fact: …}}]`")
    want, found = Date() if head in _DAYS else Number(), []
    for item in node.items:
        one = amounts.read(item, scope, want if isinstance(item, TextNode) else None)
        if one is not None and type(one.type) is not type(want) and _fits(head, one.type, item, scope):
            scope.report.at(item, f"`{head}` compares numbers or days here, not {said(one.type)}")
        found.append(one if one is not None and type(one.type) is type(want) else None)
    if wrong or len(found) < 2:
        return None
    op: ArithmeticOp = "highest" if head in ("highest", "latest") else "lowest"
    total: Amount | None = found[0]
    for each in found[1:]:
        both = total is not None and each is not None
        total = total and each and Amount(Arithmetic(op, total.expr, each.expr), total.type) if both else None
    return total


def _taken(node: Node, entered: Entered) -> Amount | None:
    return (
        entered.scope.entry_field(node) if isinstance(node, TextNode) else amounts.read(node, entered.scope)
    )


def _split(node: Node, head: str, scope: Scope) -> tuple[Amount, TextNode] | None:
    """`trainings.hours` as records and a field; a list stands for its items."""
    if not isinstance(node, TextNode):
        scope.report.missing(
            node, f"`{head}` needs the records it is about; add a line such as `of: trainings`"
        )
        return None
    records, _, field = node.value.rpartition(".")
    span = node.span
    head_entry = next((entry for entry in scope.entries if entry.name and entry.name == records), None)
    if records and head_entry is None:
        source = collection(TextNode(records, node.quoted, within(node, records)), scope)
        return (
            None if source is None else (source, TextNode(field, node.quoted, within(node, field, last=True)))
        )
    fact = scope.names.facts.get(node.value)
    in_entry = scope.entries and node.value in scope.entries[-1].fields(scope.names)
    if fact is None and head_entry is None and not in_entry and node.value not in scope.names.known():
        owners = [f"{name}.{node.value}" for name in _with_field(node.value, scope)]
        hint = f"; did you mean `{owners[0]}`?" if owners else did_you_mean(node.value, _dotted(scope))
        remedy = hint or "; write records and field, such as `trainings.hours`, or add `of:`"
        if scope.names.facts_whole:
            scope.report.at(node, f"{quoted(node.value)} alone does not say which records are meant{remedy}")
        return None
    source = collection(node, scope)
    if source is None:
        return None
    if isinstance(source.type, Records):
        fields = list(source.type.fields)
        example = fields[0] if fields else "…"
        scope.report.at(
            node,
            f"{quoted(node.value)} has several fields; say which one, such as `{head}: "
            f"{node.value}.{example}`",
        )
        return None
    return source, TextNode("it", node.quoted, span)


def _with_field(name: str, scope: Scope) -> list[str]:
    facts = scope.names.facts
    return [
        each
        for each, fact in facts.items()
        if fact and isinstance(fact.type, Records) and name in fact.type.fields
    ]


def _dotted(scope: Scope) -> list[str]:
    kinds = [(name, fact.type) for name, fact in scope.names.facts.items() if fact]
    return [
        f"{name}.{field}" for name, type_ in kinds if isinstance(type_, Records) for field in type_.fields
    ]


def _fits(head: str, type_: FactType, node: Node, scope: Scope) -> bool:
    fitting = Number | Time if head == "sum" else Number if head == "average" else Date
    if head in (*_OF_NUMBERS, *_DAYS) and isinstance(type_, fitting):
        return True
    if head in ("highest", "lowest") and (
        isinstance(type_, Number) or (isinstance(type_, Choice) and type_.ordered)
    ):
        return True
    twin = {"highest": "latest", "lowest": "earliest", "latest": "highest", "earliest": "lowest"}.get(head)
    better = (isinstance(type_, Date) and head in ("highest", "lowest")) or (
        head in _DAYS and (isinstance(type_, Number) or (isinstance(type_, Choice) and type_.ordered))
    )
    wanted = "numbers" if head in _OF_NUMBERS else "dates" if head in _DAYS else "numbers or ordered choices"
    remedy = f"; write `{twin}`" if better else f"; it takes {wanted}"
    scope.report.at(node, f"`{head}` does not fit {said(type_)}{remedy}")
    return False


def _time_in(lines: Fields, scope: Scope) -> Amount | None:
    entered = enter(lines.get("time_in"), lines, scope)
    if entered is None:
        return None
    start, end = _ends(lines, entered)
    since, until = (_day(lines, name, scope) for name in ("since", "until"))
    whole = all(name not in lines or day is not None for name, day in (("since", since), ("until", until)))
    if "within_last" in lines:
        if "since" in lines:
            lines.report.at(
                lines.key("within_last"), "`since` and `within_last` both stand here; keep one of them"
            )
            return None
        node = lines.get("within_last")
        length = None if node is None else amounts.read(node, scope, Time())
        as_of = scope.resolve(TextNode("as_of", False, lines.key("within_last")))
        if length is None or as_of is None:
            return None
        since = Arithmetic("minus", as_of.expr, length.expr)
    breaks: Amount | None = None
    if "breaks_at_most" in lines:
        breaks_node = lines.get("breaks_at_most")
        breaks = None if breaks_node is None else amounts.read(breaks_node, scope, Time())
        whole = whole and breaks is not None
    if start is None or end is None or not whole:
        return None
    return Amount(TimeIn(entered.entries, start, end, since, until, breaks and breaks.expr), Time())


def _ends(lines: Fields, entered: Entered) -> tuple[Expression | None, Expression | None]:
    """The fields that say when an entry starts and ends: `from` and `to`, unless others are named."""
    scope, entry = entered.scope, entered.entry
    fields = entry.fields(scope.names)
    missing = [name for name in ("from", "to") if name not in lines and name not in fields]
    if missing:
        what, remedy = listed(missing, "or"), listed(f"{name}: …" for name in missing)
        message = f"these entries have no field {what}; say which fields are meant: {remedy}"
        lines.report.missing(lines.key("time_in"), message)
        return None, None
    found: list[Expression | None] = []
    for name in ("from", "to"):
        node = lines.word(name) if name in lines else TextNode(name, False, lines.key("time_in"))
        field = None if node is None else amounts.expect(node, scope.entry_field(node), scope, Date())
        found.append(None if field is None else field.expr)
    return found[0], found[1]


def _day(lines: Fields, name: str, scope: Scope) -> Expression | None:
    node = lines.get(name)
    day = None if node is None else amounts.day_named(node, scope)
    return None if day is None else day.expr
