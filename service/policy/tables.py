"""Tables of the vocabulary: their lines in; look-ups with typed keys and values out.

The values of a table have the type it `gives`; its keys take the type of whatever they are looked up by, so
they are typed at each use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.facts.types import Choice, Date, FactType, Number, Text, Time, Value, YesNo
from service.policy import amounts
from service.policy.condition import Count, FactRef, Lookup
from service.policy.literals import Mistake, look_of, read_literal
from service.policy.operators import said
from service.policy.reader import NAME, Fields, Report, checked, quoted, unknown_word
from service.policy.scope import Amount, Names, Scope
from service.policy.source import MapNode, Node, Span, TextNode
from service.policy.words import WORDS

GIVES: dict[str, FactType] = {
    "time": Time(),
    "number": Number(),
    "text": Text(),
    "date": Date(),
    "yes_no": YesNo(),
}
_KEYS = ("label", "source", "gives", "rows", "bands", "otherwise")
_TARGET = frozenset({"to.track", "to.level", "to.place", "to.grade"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is written; `value` is typed by what the table gives."""

    key: TextNode
    value: Value
    written: TextNode


@dataclass(frozen=True, slots=True)
class Table:
    """One table."""

    name: str
    label: str
    where: Span
    gives: FactType
    rows: tuple[Row, ...]
    bands: bool
    otherwise: Row | None


class Tables:
    """All tables by name; one that was declared wrongly is known, but gives nothing."""

    def __init__(self, node: Node | None, names: Names) -> None:
        self._names = names
        self._tables: dict[str, Table | None] = {}
        if node is None:
            return
        if not isinstance(node, MapNode):
            names.report.at(
                node,
                "`tables` holds one group of lines for each table: `months_in_grade:` and below it `rows:`",
            )
            return
        for entry in node.entries.values():
            name = checked(entry.key, NAME, names.report, "the name of a table")
            table = self._read(entry.key, entry.value)
            self._tables[name or entry.key.value] = table if name else None

    def lookup(self, node: MapNode, scope: Scope, want: FactType | None) -> Amount | None:
        """The amount `{table: …, at: …}`."""
        lines = Fields(node, scope.report, "a look-up in a table", WORDS, rest=True)
        name = lines.word("table")
        at_node = lines.need("at", "at: {fact: to.level}")
        if name is None:
            return None
        if name.value not in self._tables:
            if scope.names.facts_whole:
                scope.report.at(name, unknown_word(name.value, self._tables, "a table"))
            return None
        table = self._tables[name.value]
        inner = Scope(
            scope.names, scope.entries, scope.first_slot, scope.params, scope.depth, scope.judging,
            (*scope.through, f"table {name.value}"), scope.using, scope.tainted,
        )  # fmt: skip
        at = None if at_node is None else _at(at_node, inner)
        if table is None or at is None:
            return None
        return self._typed(table, at, want, at_node or name)

    def plainly(self) -> Mapping[str, Any]:
        """What each table says, whether or not it is used; keys are typed by their look."""
        found = {}
        for name, table in self._tables.items():
            if table is not None:
                rows = {str(_seeming(row.key)): row.value for row in table.rows}
                last = table.otherwise and table.otherwise.value
                found[name] = {"rows": rows, "bands": table.bands, "otherwise": last}
        return found

    def _typed(self, table: Table, at: Amount, want: FactType | None, where: Node) -> Amount | None:
        report = self._names.report
        if not isinstance(at.type, Number | Text | Choice | Date | YesNo) or (
            table.bands and not isinstance(at.type, Number)
        ):
            wanted = "a number" if table.bands else "a text, a choice, a number, a date or yes or no"
            report.at(where, f"`{table.name}` cannot be looked up by {said(at.type)}; it takes {wanted}")
            return None
        type_ = want if isinstance(want, Choice) and isinstance(table.gives, Text) else table.gives
        rows: list[tuple[Value, Value]] = []
        for row in table.rows:
            key, value = _key(row.key, at, report, self._names), _value(row, type_, report)
            if key is None or value is None:
                continue
            if any(key == earlier for earlier, _ in rows):
                report.at(
                    row.key, f"{quoted(row.key.value)} is the same key as one above; keep one of the two rows"
                )
                continue
            rows.append((key, value))
        otherwise = None if table.otherwise is None else _value(table.otherwise, type_, report)
        if table.otherwise is None and not _covered(table, at, rows):
            which = "keys below the lowest row" if table.bands else "keys without a row of their own"
            report.missing(
                table.where, f"the table `{table.name}` needs `otherwise:` for {which}; add it below the rows"
            )
            return None
        if len(rows) < len(table.rows):
            return None
        if table.bands:
            rows.sort()  # keys are numbers, each once
        return Amount(
            Lookup(table.name, at.expr, tuple(rows), otherwise, type_, table.bands, table.label), type_
        )

    def _read(self, key: TextNode, node: Node) -> Table | None:
        report = self._names.report
        lines = Fields.of(node, report, "a table", _KEYS, "rows: {senior: 12 months}")
        if lines is None:
            return None
        label, _ = lines.text("label"), lines.text("source")
        gives = GIVES.get(lines.one_of("gives", GIVES, "")) if "gives" in lines else None
        whole = gives is not None or "gives" not in lines
        if "rows" in lines and "bands" in lines:
            report.at(lines.key("bands"), "`rows` and `bands` both stand here; a table has one of them")
            return None
        kind = "bands" if "bands" in lines else "rows"
        rows_node = lines.need(kind, "rows: {senior: 12 months}")
        if rows_node is None or not whole:
            return None
        if not isinstance(rows_node, MapNode) or not rows_node.entries:
            report.at(
                rows_node,
                f"`{kind}` holds lines such as `{'5: 2' if kind == 'bands' else 'senior: 12 months'}`",
            )
            return None
        written = [(entry.key, entry.value) for entry in rows_node.entries.values()]
        if "otherwise" in lines:
            last = lines.get("otherwise")
            written += [(key, last)] if last is not None else []
        rows: list[Row] = []
        for row_key, value_node in written:
            row = _row(row_key, value_node, gives, self._names)
            if row is None:
                whole = False
                continue
            gives = gives or look_of(row.written)
            rows.append(row)
        if not whole or gives is None:
            return None
        otherwise = rows.pop() if "otherwise" in lines and len(rows) > len(rows_node.entries) else None
        return Table(key.value, label, key.span, gives, tuple(rows), kind == "bands", otherwise)


def _row(key: TextNode, node: Node, gives: FactType | None, names: Names) -> Row | None:
    if not isinstance(node, TextNode) or not node.value:
        example = "write a value such as `12 months`"
        names.report.at(node, f"the row {quoted(key.value)} takes one plain value; {example}")
        return None
    value = read_literal(node, gives or look_of(node), spills=names.spills)
    if isinstance(value, Mistake):
        names.report.at(node, value.message)
        return None
    return Row(key, value, node)


def _seeming(key: TextNode) -> Value | str:
    value = read_literal(key, look_of(key))
    return key.value if isinstance(value, Mistake) else value


def _at(node: Node, scope: Scope) -> Amount | None:
    """What a table is looked up by: an amount, or the bare name of a fact or field."""
    return scope.resolve(node) if isinstance(node, TextNode) else amounts.read(node, scope)


def _key(key: TextNode, at: Amount, report: Report, names: Names) -> Value | None:
    value = read_literal(key, at.type)
    if isinstance(value, Mistake):
        report.at(key, value.message)
        return None
    known = names.naming.get(at.naming)
    if known is not None and value not in known:
        what = {"track": "a track", "level": "a level of any track", "place": "a place (`track/level`)"}[
            at.naming
        ]
        report.at(key, unknown_word(key.value, sorted(known), what))
        return None
    return value


def _value(row: Row, type_: FactType, report: Report) -> Value | None:
    if not isinstance(type_, Choice):
        return row.value
    value = read_literal(row.written, type_)
    if isinstance(value, Mistake):
        report.at(row.written, value.message)
        return None
    return value


def _covered(table: Table, at: Amount, rows: list[tuple[Value, Value]]) -> bool:
    """Whether a table without `otherwise` has a row for every key; for `to.level`, levels see to it."""
    if len(rows) < len(table.rows):
        return True  # a row could not be read, and that was said
    if table.bands:
        least = 0 if isinstance(at.expr, Count) else getattr(at.type, "minimum", None)
        lowest = min(key for key, _ in rows)  # type: ignore[type-var]  # the keys of bands are numbers
        return least is not None and bool(lowest <= least)  # type: ignore[operator]  # both are numbers
    if isinstance(at.expr, FactRef) and at.expr.name in _TARGET:
        return True
    keys = {key for key, _ in rows}
    if isinstance(at.type, Choice):
        return keys.issuperset(at.type.choices)
    return isinstance(at.type, YesNo) and keys == {True, False}
