"""Figures by date: the lines of a table or a figure in; what it says in each period, as written, out.

A table says a value for each key, a figure says one value. Either may stand alone, or in a list of `values`
with a period each; the day a request was submitted selects the period. Periods may not overlap, and days
between two of them are a warning. What keys are looked up by is `policy.tables`'s question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import cast

from service.facts.calendar import spoken
from service.facts.types import NOTHING, Date, FactType, Number, Text, Time, Value, YesNo
from service.facts.vocabulary import ALWAYS_THERE
from service.policy.condition import (
    Choose,
    Comparison,
    Condition,
    Constant,
    Expression,
    FactRef,
    Group,
    all_of,
)
from service.policy.literals import Mistake, look_of, read_literal, spoken_value
from service.policy.model import Figures, FiguresPeriod
from service.policy.reader import Fields, Report, place_of, quoted
from service.policy.scope import Names
from service.policy.source import ListNode, MapNode, Node, Span, TextNode

GIVES: dict[str, FactType] = {
    "time": Time(),
    "number": Number(),
    "text": Text(),
    "date": Date(),
    "yes_no": YesNo(),
}
PERIOD = ("from", "to", "source", "review_by")
OF_TABLE = ("rows", "bands", "otherwise")
OF_FIGURE = ("value",)
ABOUT = ("label", "source", "review_by", "gives", "values")
_SUBMITTED_ON = FactRef("submitted_on", Date(), ALWAYS_THERE["submitted_on"].label)
_EXAMPLES = {"table": "rows: {senior: 12 months}", "figure": "value: 12 months"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is written; `value` is typed by what the table gives."""

    key: TextNode
    value: Value
    written: TextNode


@dataclass(frozen=True, slots=True)
class Page:
    """What a table or a figure says in one period."""

    where: Span
    rows: tuple[Row, ...]
    bands: bool
    otherwise: Row | None  #: of a figure: its value
    start: date | None = None  #: None: it has no periods
    end: date | None = None  #: the first day on which it no longer holds; None: it has no end
    source: str = ""
    review_by: date | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table, or one figure, which has no keys."""

    name: str
    label: str
    where: Span
    gives: FactType
    pages: tuple[Page, ...]  #: earliest first
    figure: bool

    @property
    def kind(self) -> str:
        return "figure" if self.figure else "table"

    @property
    def dated(self) -> bool:
        return self.pages[0].start is not None

    def told(self) -> Figures:
        """What lint, `read` and `diff` want to know of it."""
        periods = tuple(_period(page) for page in self.pages)
        return Figures(
            name=self.name, kind=self.kind, label=self.label, place=place_of(self.where), periods=periods
        )


def read_table(key: TextNode, node: Node, names: Names, *, figure: bool) -> Table | None:
    """A table or a figure; None, with a problem, when it cannot be read."""
    own = OF_FIGURE if figure else OF_TABLE
    what = "figure" if figure else "table"
    lines = Fields.of(node, names.report, f"a {what}", (*ABOUT, *own), _EXAMPLES[what])
    if lines is None:
        return None
    label = lines.text("label")
    gives = GIVES.get(lines.one_of("gives", GIVES, "")) if "gives" in lines else None
    if "gives" in lines and gives is None:
        return None
    reading = _Reading(names, what, own, gives)
    pages = reading.dated(lines) if "values" in lines else reading.alone(lines, key.span)
    if pages is None or reading.gives is None:
        return None
    return Table(key.value, label, key.span, reading.gives, pages, figure)


class _Reading:
    """The pages of one table or figure, which all give the same type."""

    def __init__(self, names: Names, what: str, own: tuple[str, ...], gives: FactType | None) -> None:
        self._names, self._report, self._what, self._own = names, names.report, what, own
        self.gives = gives

    def alone(self, lines: Fields, where: Span) -> tuple[Page, ...] | None:
        """The one page of what holds at all times."""
        page = self._page(lines, where)
        return None if page is None else (page,)

    def dated(self, lines: Fields) -> tuple[Page, ...] | None:
        """One page for each period, earliest first."""
        for name in self._own:
            if name in lines:
                message = f"beside `values` there is no {quoted(name)}; write it into each period of the list"
                self._report.at(lines.key(name), message)
                return None
        example = f"values: [{{from: 2026-01-01, {_EXAMPLES[self._what]}}}]"
        items = lines.items("values", example)
        if isinstance(lines.get("values"), ListNode) and not items:
            self._report.at(lines.key("values"), f"this list is empty; write `{example}`")
        found = [self._dated_page(item) for item in items]
        pages = sorted((page for page in found if page is not None), key=lambda page: page.start or date.min)
        if not items or len(pages) < len(found):
            return None
        _check_periods(pages, self._report, self._what)
        return tuple(pages)

    def _dated_page(self, item: Node) -> Page | None:
        example = f"{{from: 2026-01-01, {_EXAMPLES[self._what]}}}"
        lines = Fields.of(item, self._report, "a period", (*PERIOD, *self._own), example)
        if lines is None:
            return None
        lines.need("from", "from: 2026-01-01")
        start, end = day_of(lines, "from"), day_of(lines, "to")
        page = self._page(lines, lines.key("from") if "from" in lines else item.span)
        if start is None or page is None or ("to" in lines and end is None):
            return None
        if end is not None and end <= start:
            message = f"`to` is the first day on which it no longer holds; it must lie after {start}"
            self._report.at(lines.node.entries["to"].value, message)
            return None
        return Page(
            page.where, page.rows, page.bands, page.otherwise, start, end, page.source, page.review_by
        )

    def _page(self, lines: Fields, where: Span) -> Page | None:
        source, review_by = lines.text("source"), day_of(lines, "review_by")
        if self._what == "figure":
            node = lines.need("value", "value: 12 months")
            value = None if node is None else self._row(lines.node.entries["value"].key, node)
            return None if value is None else Page(where, (), False, value, None, None, source, review_by)
        if "rows" in lines and "bands" in lines:
            message = "`rows` and `bands` both stand here; a table has one of them"
            self._report.at(lines.key("bands"), message)
            return None
        kind = "bands" if "bands" in lines else "rows"
        node = lines.need(kind, _EXAMPLES["table"])
        if node is None:
            return None
        if not isinstance(node, MapNode) or not node.entries:
            example = "5: 2" if kind == "bands" else "senior: 12 months"
            self._report.at(node, f"`{kind}` holds lines such as `{example}`")
            return None
        rows = [self._row(entry.key, entry.value) for entry in node.entries.values()]
        last = lines.get("otherwise")
        otherwise = None if last is None else self._row(lines.node.entries["otherwise"].key, last)
        read = tuple(row for row in rows if row is not None)
        if len(read) < len(rows) or ("otherwise" in lines and last is not None and otherwise is None):
            return None
        return Page(where, read, kind == "bands", otherwise, None, None, source, review_by)

    def _row(self, key: TextNode, node: Node) -> Row | None:
        if not isinstance(node, TextNode) or not node.value:
            example = "write a value such as `12 months`"
            what = "the row " if self._what == "table" else ""
            self._report.at(node, f"{what}{quoted(key.value)} takes one plain value; {example}")
            return None
        value = read_literal(node, self.gives or look_of(node), spills=self._names.spills)
        if isinstance(value, Mistake):
            self._report.at(node, value.message)
            return None
        self.gives = self.gives or look_of(node)
        return Row(key, value, node)


def day_of(lines: Fields, name: str) -> date | None:
    """The day that a line names; None, with a problem, when it is not one."""
    node = lines.word(name)
    value = None if node is None else read_literal(node, Date())
    if isinstance(value, Mistake) and node is not None:
        lines.report.at(node, value.message)
    return value if isinstance(value, date) else None


def _check_periods(pages: list[Page], report: Report, what: str) -> None:
    for earlier, later in pairwise(pages):
        start = later.start or date.min
        if earlier.end is None or earlier.end > start:
            until = "without an end" if earlier.end is None else f"up to {earlier.end}"
            message = (
                f"from {start} this {what} says two things: the period from {earlier.start} runs {until}; "
                f"end that one with `to: {start}`"
            )
            report.at(later.where, message)
        elif earlier.end < start:
            message = (
                f"this {what} says nothing from {spoken(earlier.end)} until {spoken(start)}; whoever asks "
                "then does not meet what rests on it"
            )
            report.warn(later.where, message)


def by_period(table: Table, amounts: list[Expression], type_: FactType) -> Expression:
    """The amount that the day of the request selects among those of the pages."""
    if not table.dated:
        return amounts[0]
    branches = tuple((_holds(page), amount) for page, amount in zip(table.pages, amounts, strict=True))
    label = table.label or table.name.replace("_", " ")
    return Choose(branches, Constant(NOTHING, type_), table.name, label)


def _holds(page: Page) -> Condition:
    place = place_of(page.where)
    bounds = [("on_or_after", page.start), ("before", page.end)]
    return all_of(
        tuple(
            Comparison(_SUBMITTED_ON, op, (Constant(day, Date()),), place=place)  # type: ignore[arg-type]  # the two are operators
            for op, day in bounds
            if day is not None
        ),
        place,
    )


def plainly(page: Page) -> Mapping[str, object]:
    """What a page says, for the digest; keys are typed by their look."""
    rows = {str(_seeming(row.key)): row.value for row in page.rows}
    told = {"rows": rows, "bands": page.bands, "otherwise": page.otherwise and page.otherwise.value}
    return told if page.start is None else {**told, "from": page.start, "to": page.end}


def _seeming(key: TextNode) -> Value | str:
    value = read_literal(key, look_of(key))
    return key.value if isinstance(value, Mistake) else value


def _period(page: Page) -> FiguresPeriod:
    last = [page.otherwise] if page.otherwise is not None else []
    said = tuple((row.key.value, spoken_value(row.value)) for row in (*page.rows, *last))
    return FiguresPeriod(
        start=page.start, end=page.end, source=page.source, review_by=page.review_by,
        place=place_of(page.where), bands=page.bands, said=said,
    )  # fmt: skip


def periods(chosen: Choose) -> list[tuple[date, date | None, Expression]]:
    """Of a table or figure by date: the first day, the day on which it no longer holds, and the amount."""
    found = []
    for condition, amount in chosen.branches:
        days: dict[str, date] = {}
        for part in condition.of if isinstance(condition, Group) else (condition,):
            if isinstance(part, Comparison) and isinstance(part.right[0], Constant):
                days[part.op] = cast(date, part.right[0].value)
        found.append((days["on_or_after"], days.get("before"), amount))
    return found
