"""Cases: the lines of one case, or the rows of a table, in; policy tests, and every mistake in them, out.

A row is read as the case it stands for, so that both forms mean the same and say the same about mistakes.
Whether tracks and levels exist is asked of `policy.selection`, in the words that callers hear.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from service.facts.calendar import spoken
from service.facts.request import GrantedWaiver, Request
from service.facts.types import Date
from service.policy.literals import Mistake, read_literal
from service.policy.model import PolicySet
from service.policy.reader import Fields, Report, opening, place_of, quoted, shape, texts, within
from service.policy.selection import Selection, select
from service.policy.source import Entry, ListNode, MapNode, Node, Source, TextNode
from service.simulate.expectations import EXPECTED, read_expected
from service.simulate.model import PolicyTest, Skip
from service.simulate.people import People, Person, changed
from service.simulate.told import Telling

SETTING = ("given", "from", "to", "as_of", "submitted_on", "with", "also", "without", "waivers")
CASE = ("case", *SETTING, *EXPECTED, "skip")
TABLE = ("table", *SETTING, *EXPECTED, "skip", "columns", "rows")
AS_GIVEN, LEFT_OUT = "as given", "left out"
_WAIVER = ("requirement", "by", "granted_on", "until", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a file says for all of its cases."""

    policies: PolicySet
    telling: Telling
    people: People
    source: Source
    as_of: date
    submitted_on: date | None  #: None: the day on which the promotion would take effect
    shared: Mapping[str, Entry]  #: `given` and `to`, where the file says them for all

    @property
    def report(self) -> Report:
        return self.telling.report


def day_of(lines: Fields, name: str, example: str | None = None) -> date | None:
    """The day that a line names."""
    node = lines.word(name, example)
    if node is None:
        return None
    day = read_literal(node, Date())
    if isinstance(day, Mistake):
        lines.report.at(node, day.message)
    return day if isinstance(day, date) else None


def read_case(node: Node, setting: Setting) -> tuple[PolicyTest, ...]:
    """One case, once for each level it is about; none, with problems, when it cannot be judged."""
    report = setting.report
    before = len(report.problems)
    lines = Fields.of(node, report, "a case", CASE, "case: …")
    if lines is None:
        return ()
    own = MapNode({**setting.shared, **lines.node.entries}, lines.node.span)
    asked = Fields(own, report, "a case")
    name = lines.text("case", "case: a trained engineer may lead a team")
    given = asked.word("given", "given: mara")
    levels = _levels(asked)
    lines.need("expect", "expect: eligible")
    as_of = day_of(lines, "as_of") or setting.as_of
    submitted_on = day_of(lines, "submitted_on") or setting.submitted_on or as_of
    skip = _skip(lines, setting.source)
    waivers = tuple(_waivers(lines))
    person = None if given is None else setting.people.find(given)
    person = changed(person or Person(""), lines, setting.telling, whole=person is not None)
    told = len(report.problems)
    tests: list[PolicyTest] = []
    for to, (track, level) in levels:
        request = Request(
            candidate=person.name,
            standing=person.standing,
            to_track=track,
            to_level=level,
            submitted_on=submitted_on,
            as_of=as_of,
            facts={**setting.people.untold, **person.facts},
            waivers=tuple(waiver for waiver, _ in waivers),
        )
        selection = _selected(request, setting, to, person, [at for _, at in waivers])
        expected = None
        if selection is not None:
            expected = read_expected(lines, selection, setting.policies, setting.telling)
        if len(report.problems) > told:
            return ()  # the same lines would be wrong for the next level, and be told once more
        if selection is not None and expected is not None:
            tests.append(
                PolicyTest(
                    name=name if len(levels) == 1 else f"{name} ({to.value})",
                    person=person.name, request=request, selection=selection, expected=expected,
                    place=place_of(lines.node), skip=skip,
                )
            )  # fmt: skip
    return tuple(tests) if len(report.problems) == before else ()


def _levels(asked: Fields) -> list[tuple[TextNode, tuple[str, str]]]:
    """The levels that a case is about, each with its track and its own name."""
    report = asked.report
    node = asked.need("to", "to: people-lead/team-lead")
    found: dict[str, tuple[TextNode, tuple[str, str]]] = {}
    for word in () if node is None else texts(node, report, "a level"):
        place = _place(word, report)
        if word.value in found:
            report.at(word, f"{quoted(word.value)} stands here already; keep it once")
        elif place is not None:
            found[word.value] = word, place
    return list(found.values())


def _place(node: TextNode, report: Report) -> tuple[str, str] | None:
    track, slash, level = node.value.partition("/")
    if slash and track and level and "/" not in level:
        return track, level
    report.at(node, f"{quoted(node.value)} is no level; write `track/level`, such as `people-lead/team-lead`")
    return None


def _selected(
    request: Request, setting: Setting, to: TextNode, person: Person, waivers: list[Node]
) -> Selection | None:
    """What the policies hold for a request, or the problems that a caller would be told."""
    selection, faults = select(request, setting.policies)
    if selection is None and all(fault.pointer.startswith("/from") for fault in faults):
        # the level asked for is known all the same, so that the rest of the case can be read
        selection, _ = select(replace(request, standing=None), setting.policies)
    for fault in faults:
        _, where, part, *_ = (*fault.pointer.split("/"), "", "")
        at = {"to": to, "from": person.standing_at}.get(where) or (
            waivers[int(part)] if part.isdigit() else to
        )
        span = opening(at)
        if isinstance(at, TextNode):
            track, _, level = at.value.partition("/")
            span = within(at, track if part == "track" else level or track, last=part != "track")
        setting.report.at(span, fault.message)
    return selection


def _waivers(lines: Fields) -> Iterator[tuple[GrantedWaiver, Node]]:
    for item in lines.items("waivers"):
        waiver = Fields.of(item, lines.report, "a waiver", _WAIVER, "requirement: manager-training")
        if waiver is None:
            continue
        requirement = waiver.word("requirement", "requirement: manager-training")
        by = waiver.word("by", "by: people-director")
        granted_on = day_of(waiver, "granted_on", "granted_on: 2026-12-01")
        until = day_of(waiver, "until", "until: 2027-02-15")
        reason = waiver.text("reason", "reason: the course in January is full")
        if requirement is not None and by is not None and granted_on and until:
            yield (
                GrantedWaiver(
                    requirement=requirement.value,
                    by=by.value,
                    granted_on=granted_on,
                    until=until,
                    reason=reason,
                ),
                requirement,
            )


def _skip(lines: Fields, source: Source) -> Skip | None:
    node = lines.get("skip")
    if node is None:
        return None
    example = "skip: {reason: the rule is under review, until: 2027-01-31}"
    skip = Fields.of(node, lines.report, "`skip`", ("reason", "until"), example)
    if skip is None:
        return None
    reason = skip.text("reason", "reason: the rule is under review")
    until = day_of(skip, "until", "until: 2027-01-31")
    if until is None:
        return None
    ended = f"this skip ended on {spoken(until)}; mend the case, or say anew why it waits and until when"
    return Skip(reason=reason, until=until, overdue=source.problem(opening(skip.node), ended))


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────


def cases_of_table(node: Node, setting: Setting) -> Iterator[MapNode]:
    """Each row of a table as the lines of the case it stands for."""
    report = setting.report
    lines = Fields.of(node, report, "a table", TABLE, "table: …")
    if lines is None:
        return
    name = lines.text("table", "table: months in the level")
    columns = _columns(lines, setting)
    rows = lines.items("rows", "rows: [[…], […]]")
    if columns is None:
        return
    for number, row in enumerate(rows, 1):
        if not isinstance(row, ListNode) or len(row.items) != len(columns):
            held = f"{len(row.items)} values" if isinstance(row, ListNode) else shape(row)
            said = f"here stands {held}, but a row has {len(columns)} values in brackets, one per column"
            if isinstance(row, ListNode) and len(row.items) > len(columns):
                said += "; a text with a comma in it needs quotes"
            report.at(row, said)
            continue
        yield _row(name, number, lines, columns, row)


def _columns(lines: Fields, setting: Setting) -> list[TextNode] | None:
    report, before = setting.report, len(setting.report.problems)
    columns: list[TextNode] = []
    for item in lines.items("columns", "columns: [case, rating, expect]"):
        if not isinstance(item, TextNode):
            report.at(
                item, f"here stands {shape(item)}, but a column is the name of a fact or of a line of a case"
            )
        elif any(item.value == column.value for column in columns):
            report.at(item, f"{quoted(item.value)} is a column already; keep one of them")
        else:
            if item.value not in CASE:
                setting.telling.fact(item)
            columns.append(item)
    if "expect" not in lines and not any(column.value == "expect" for column in columns):
        report.missing(
            lines.node, "a table needs `expect`; add it to `columns`, or a line such as `expect: eligible`"
        )
    return None if len(report.problems) > before else columns


def _row(name: str, number: int, lines: Fields, columns: list[TextNode], row: ListNode) -> MapNode:
    entries = {
        key: entry for key, entry in lines.node.entries.items() if key not in ("table", "columns", "rows")
    }
    told: dict[str, Entry] = {}
    untold: list[Node] = []
    title = TextNode(f"{name}, row {number}", quoted=True, span=opening(row))
    for column, cell in zip(columns, row.items, strict=True):
        key = replace(column, span=opening(cell))
        word = cell.value if isinstance(cell, TextNode) and not cell.quoted else ""
        if word == AS_GIVEN:
            continue
        if word == LEFT_OUT:
            untold.append(key)
        elif column.value == "case" and isinstance(cell, TextNode):
            title = replace(cell, value=f"{name}: {cell.value}")
        elif column.value in CASE:
            entries[column.value] = Entry(key, cell)
        else:
            told[column.value] = Entry(key, cell)
    if told:
        beside = entries.get("with")
        also = beside.value.entries if beside is not None and isinstance(beside.value, MapNode) else {}
        key = TextNode("with", quoted=False, span=row.span)
        entries["with"] = Entry(key, MapNode({**also, **told}, row.span))
    if untold:
        beside = entries.get("without")
        more = beside.value.items if beside is not None and isinstance(beside.value, ListNode) else ()
        key = TextNode("without", quoted=False, span=row.span)
        entries["without"] = Entry(key, ListNode((*more, *untold), row.span))
    first = Entry(TextNode("case", quoted=False, span=opening(row)), title)
    return MapNode({"case": first, **entries}, row.span)
