"""Tables and figures of the vocabulary: their lines in; look-ups with typed keys and values out.

The values of a table have the type it `gives`; its keys take the type of whatever they are looked up by, so
they are typed at each use. What they say in which period is `policy.figures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.facts.types import Choice, Date, FactType, Number, Text, Value, YesNo
from service.policy import amounts
from service.policy.condition import Constant, Count, Expression, FactRef, Lookup
from service.policy.figures import Page, Row, Table, by_period, plainly, read_table
from service.policy.literals import Mistake, read_literal
from service.policy.model import Figures
from service.policy.operators import said
from service.policy.reader import NAME, Fields, Report, checked, quoted, unknown_word
from service.policy.scope import Amount, Names, Scope
from service.policy.source import MapNode, Node, TextNode
from service.policy.words import WORDS

_TARGET = frozenset({"to.track", "to.level", "to.place", "to.grade"})
_EXAMPLE = {
    "tables": "`tables` holds one group of lines for each table: `months_in_grade:` and below it `rows:`",
    "figures": "`figures` holds one group of lines for each figure: `waiting_time:` and below it `value:`",
}


class Tables:
    """All tables and figures by name; one that was declared wrongly is known, but gives nothing."""

    def __init__(self, tables: Node | None, figures: Node | None, names: Names) -> None:
        self._names = names
        self._tables = self._declared("tables", tables, {})
        self._figures = self._declared("figures", figures, self._tables)

    def _declared(
        self, section: str, node: Node | None, taken: Mapping[str, Table | None]
    ) -> dict[str, Table | None]:
        found: dict[str, Table | None] = {}
        report = self._names.report
        if node is not None and not isinstance(node, MapNode):
            report.at(node, _EXAMPLE[section])
        for entry in node.entries.values() if isinstance(node, MapNode) else ():
            figure = section == "figures"
            name = checked(entry.key, NAME, report, f"the name of a {section.removesuffix('s')}")
            table = read_table(entry.key, entry.value, self._names, figure=figure)
            if name in taken:
                report.at(entry.key, f"{quoted(entry.key.value)} is a table already; give one another name")
            found[name or entry.key.value] = table if name else None
        return found

    def written(self, name: str) -> str:
        """How the value of a figure or table is asked for; nothing, where the name is neither."""
        if name in self._figures:
            return f"{quoted(name)} is a figure; write `{{figure: {name}}}`"
        return f"{quoted(name)} is a table; write `{{table: {name}, at: …}}`" if name in self._tables else ""

    def lookup(self, node: MapNode, scope: Scope, want: FactType | None) -> Amount | None:
        """The amount `{table: …, at: …}`."""
        lines = Fields(node, scope.report, "a look-up in a table", WORDS, rest=True)
        name = lines.word("table")
        at_node = lines.need("at", "at: {fact: to.level}")
        if name is None:
            return None
        table = self._named(name, self._tables, "a table", scope)
        if name.value not in self._tables:
            return None
        inner = Scope(
            scope.names, scope.entries, scope.first_slot, scope.params, scope.depth, scope.judging,
            (*scope.through, f"table {name.value}"), scope.using, scope.tainted,
        )  # fmt: skip
        at = None if at_node is None else _at(at_node, inner)
        if table is None or at is None:
            return None
        return self._typed(table, at, want, at_node or name)

    def figure(self, node: MapNode, scope: Scope, want: FactType | None) -> Amount | None:
        """The amount `{figure: …}`."""
        name = Fields(node, scope.report, "a figure", WORDS, rest=True).word("figure")
        table = None if name is None else self._named(name, self._figures, "a figure", scope)
        if table is None:
            return None
        type_ = _type(table, want)
        written = [page.otherwise for page in table.pages]
        values = [None if row is None else _value(row, type_, scope.report) for row in written]
        constants: list[Expression] = [Constant(value, type_) for value in values if value is not None]
        return Amount(by_period(table, constants, type_), type_) if len(constants) == len(values) else None

    def plainly(self) -> Mapping[str, Any]:
        """What each table and figure says, whether or not it is used; keys are typed by their look."""
        tables = {**self._tables, **{f"figure {name}": table for name, table in self._figures.items()}}
        return {
            name: tuple(plainly(page) for page in table.pages) if table.dated else plainly(table.pages[0])
            for name, table in tables.items()
            if table is not None
        }

    def told(self) -> Mapping[str, Figures]:
        """Each table and figure as people know it."""
        every = {**self._tables, **self._figures}
        return {name: table.told() for name, table in every.items() if table is not None}

    def _named(
        self, name: TextNode, among: Mapping[str, Table | None], what: str, scope: Scope
    ) -> Table | None:
        if name.value in among:
            return among[name.value]
        other, section = (self._tables, "table") if among is self._figures else (self._figures, "figure")
        if name.value in other:
            example = f"{{table: {name.value}, at: …}}" if section == "table" else f"{{figure: {name.value}}}"
            scope.report.at(name, f"{quoted(name.value)} is a {section}; write `{example}`")
        elif scope.names.facts_whole:
            scope.report.at(name, unknown_word(name.value, among, what))
        return None

    def _typed(self, table: Table, at: Amount, want: FactType | None, where: Node) -> Amount | None:
        bands = any(page.bands for page in table.pages)
        if not isinstance(at.type, Number | Text | Choice | Date | YesNo) or (
            bands and not isinstance(at.type, Number)
        ):
            wanted = "a number" if bands else "a text, a choice, a number, a date or yes or no"
            message = f"`{table.name}` cannot be looked up by {said(at.type)}; it takes {wanted}"
            self._names.report.at(where, message)
            return None
        type_ = _type(table, want)
        lookups = [self._lookup(table, page, at, type_) for page in table.pages]
        whole: list[Expression] = [each for each in lookups if each is not None]
        return Amount(by_period(table, whole, type_), type_) if len(whole) == len(lookups) else None

    def _lookup(self, table: Table, page: Page, at: Amount, type_: FactType) -> Lookup | None:
        """One page of a table, looked up."""
        report = self._names.report
        rows: list[tuple[Value, Value]] = []
        for row in page.rows:
            key, value = _key(row.key, at, report, self._names), _value(row, type_, report)
            if key is None or value is None:
                continue
            if any(key == earlier for earlier, _ in rows):
                report.at(
                    row.key, f"{quoted(row.key.value)} is the same key as one above; keep one of the two rows"
                )
                continue
            rows.append((key, value))
        otherwise = None if page.otherwise is None else _value(page.otherwise, type_, report)
        if page.otherwise is None and not _covered(page, at, rows):
            which = "keys below the lowest row" if page.bands else "keys without a row of their own"
            message = f"the table `{table.name}` needs `otherwise:` for {which}; add it below the rows"
            report.missing(page.where, message)
            return None
        if len(rows) < len(page.rows):
            return None
        if page.bands:
            rows.sort()  # keys are numbers, each once
        return Lookup(table.name, at.expr, tuple(rows), otherwise, type_, page.bands, table.label)


def _type(table: Table, want: FactType | None) -> FactType:
    return want if isinstance(want, Choice) and isinstance(table.gives, Text) else table.gives


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


def _covered(page: Page, at: Amount, rows: list[tuple[Value, Value]]) -> bool:
    """Whether a table without `otherwise` has a row for every key; for `to.level`, levels see to it."""
    if len(rows) < len(page.rows):
        return True  # a row could not be read, and that was said
    if page.bands:
        least = 0 if isinstance(at.expr, Count) else getattr(at.type, "minimum", None)
        lowest = min(key for key, _ in rows)  # type: ignore[type-var]  # the keys of bands are numbers
        return least is not None and bool(lowest <= least)  # type: ignore[operator]  # both are numbers
    if isinstance(at.expr, FactRef) and at.expr.name in _TARGET:
        return True
    keys = {key for key, _ in rows}
    if isinstance(at.type, Choice):
        return keys.issuperset(at.type.choices)
    return isinstance(at.type, YesNo) and keys == {True, False}
