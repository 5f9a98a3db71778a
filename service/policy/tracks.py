"""Track files: the tree of one version of one track in; its levels with what they ask for, out.

In two steps: `read_header` finds out which tracks and levels there are, so that conditions may name them;
`read_levels` reads what the levels ask. How levels of all tracks lead to each other is `policy.routes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, cast

from service.facts.calendar import parse_day
from service.facts.types import Date, Number
from service.policy import requirements
from service.policy.condition import FactRef, Lookup
from service.policy.literals import Mistake, read_literal
from service.policy.model import Duty, Grandfathering, Pay, Requirement, TrackKind, WayBack, Withdrawal
from service.policy.reader import ID, Fields, Report, checked, opening, quoted, shape
from service.policy.scope import Names, Scope
from service.policy.source import ListNode, MapNode, Node, TextNode
from service.policy.trees import walk
from service.policy.versions_terms import TERMS, read_grandfathering, read_withdrawal

TRACK = ("track", "title", "kind", "in_force", *TERMS, "source", "at_every_level", "afterwards", "levels")
LEVEL = ("level", "title", "grade", "pay", "enter_from", "way_back", "mastery", "requires", "afterwards")
HIGHEST_GRADE = 100
MOST_MONTHS = 1200


@dataclass(slots=True)
class LevelDraft:
    """A level as far as it is known by itself."""

    lines: Fields
    level: str
    title: str
    grade: int
    requires: tuple[Requirement, ...] = ()
    pay: Pay | None = None
    way_back: WayBack | None = None
    mastery: bool = False
    afterwards: tuple[Duty, ...] = ()


@dataclass(slots=True)
class TrackDraft:
    """A version of a track; `whole` says whether everything in it could be read."""

    file: str
    track: str
    title: str
    kind: TrackKind
    source: str
    start: date
    end: date | None
    start_at: TextNode
    lines: Fields
    levels: list[LevelDraft] = field(default_factory=list)
    named_well: bool = True  #: False: the file is named after another day
    levels_whole: bool = True  #: False: a level may be missing because it could not be read
    withdrawn: Withdrawal | None = None
    grandfathering: Grandfathering | None = None


def read_header(file: str, node: Node, report: Report) -> TrackDraft | None:
    """Which version of which track a file holds, and its levels without what they ask."""
    lines = Fields.of(node, report, "a track", TRACK, "track: people-lead")
    if lines is None:
        return None
    folder, name = file.split("/")[-2:]
    word = lines.word("track", f"track: {folder}")
    track = None if word is None else checked(word, ID, report, "the name of a track")
    if word is not None and track and track != folder:
        report.at(
            word,
            f"this file lies in the folder {quoted(folder)}, but says {quoted(track)}; make both the same",
        )
        track = folder
    title = lines.text("title", f"title: {folder.replace('-', ' ').capitalize()}")
    kind = lines.one_of("kind", ("craft", "people"), "craft", "kind: craft")
    period = _in_force(lines, name.removesuffix(".yaml"))
    source = lines.text("source")
    if period is None or track is None:
        _levels(lines, report)
        return None
    start, end, start_at = period
    levels, whole = _levels(lines, report)
    return TrackDraft(
        file, track, title, cast(TrackKind, kind), source, start, end, start_at, lines, levels,
        named_well=name == f"{start}.yaml", levels_whole=whole and file not in report.damaged,
        withdrawn=read_withdrawal(lines, start), grandfathering=read_grandfathering(lines, start),
    )  # fmt: skip


def _in_force(lines: Fields, name: str) -> tuple[date, date | None, TextNode] | None:
    """The period a version is in force, and the text of its first day."""
    report, node = lines.report, lines.need("in_force", f"in_force: {{from: {name}}}")
    if node is None:
        return None
    inner = Fields.of(node, report, "`in_force`", ("from", "to"), "in_force: {from: 2026-01-01}")
    if inner is None:
        return None
    first, last = inner.word("from", f"from: {name}"), inner.word("to")
    start, end = (None if word is None else _day(word, report) for word in (first, last))
    if start is None or first is None:
        return None
    if last is not None and end is None:
        return None
    if parse_day(name) is None:
        report.at(
            first,
            f"the file is named {quoted(name)}; name it after the first day it is in force: `{start}.yaml`",
        )
    elif name != start.isoformat():
        report.at(
            first, f"the file is named `{name}.yaml`, but is in force from `{start}`; make both the same day"
        )
    if end is not None and end <= start:
        report.at(last or first, f"`to` is the first day it is no longer in force; it must lie after {start}")
        return None
    return start, end, first


def _day(node: TextNode, report: Report) -> date | None:
    value = read_literal(node, Date())
    if isinstance(value, Mistake):
        report.at(node, value.message)
    return value if isinstance(value, date) else None


def _levels(lines: Fields, report: Report) -> tuple[list[LevelDraft], bool]:
    """The levels, lowest first, and whether each could be told."""
    levels: list[LevelDraft] = []
    items = lines.items("levels", "levels: [{level: senior, …}]")
    whole = bool(items)
    value = lines.node.entries["levels"].value if "levels" in lines else None
    if isinstance(value, ListNode) and not items:
        report.at(value, "a track has at least one level; write it below `levels:`, beginning with a dash")
    for item in items:
        one = Fields.of(item, report, "a level", LEVEL, "level: senior")
        if one is None:
            whole = False
            continue
        word = one.word("level", "level: senior")
        level = None if word is None else checked(word, ID, report, "the name of a level")
        title = one.text("title", "title: Senior engineer")
        grade = one.whole("grade", 0, HIGHEST_GRADE, "grade: 6")
        if level is None or word is None:
            whole = False
            continue
        earlier = next((each for each in levels if each.level == level), None)
        if earlier is not None:
            line = earlier.lines.key("level").line
            report.at(
                word,
                f"the level {quoted(level)} stands already on line {line}; give one of them another name",
            )
            continue
        levels.append(LevelDraft(one, level, title, grade if grade is not None else 0))
    return levels, whole


def read_levels(draft: TrackDraft, names: Names) -> None:
    """Read what the levels of a version ask for and bring with them."""
    everywhere = _read(draft.lines.items("at_every_level"), Scope(names))
    after_all = _duties(draft.lines, names)
    for level in draft.levels:
        level.pay = _pay(level.lines)
        level.way_back = _way_back(level.lines)
        level.mastery = level.lines.yes_no("mastery")
        level.afterwards = _duties(level.lines, names, after_all)
        asked = [*everywhere, *_read(level.lines.items("requires"), Scope(names))]
        level.requires = tuple(_requires(draft, level, asked, names.report))


def _read(items: Iterable[Node], scope: Scope) -> list[tuple[MapNode, Requirement | None]]:
    """Requirements, each with its lines; None for those that could not be read."""
    found: list[tuple[MapNode, Requirement | None]] = []
    for item in items:
        if not isinstance(item, MapNode):
            message = f"a requirement is written in lines such as `id: own-wish`, not {shape(item)}"
            scope.report.at(item, message)
        elif "use" in item.entries:
            found.append((item, scope.names.shared.use(item, scope)))
        else:
            found.append((item, requirements.read_requirement(item, scope)))
    return found


def _requires(
    draft: TrackDraft, level: LevelDraft, asked: list[tuple[MapNode, Requirement | None]], report: Report
) -> list[Requirement]:
    """What a level asks for, each under an id of its own."""
    found: list[Requirement] = []
    lines_of: dict[str, int] = {}
    for item, requirement in asked:
        id_ = requirement.id if requirement else _given_id(item)
        if id_ and id_ in lines_of:
            key = item.entries.get("id") or item.entries["use"]
            other = f"on line {lines_of[id_]}; give one of them another `id:`"
            report.at(key.value, f"the requirement {quoted(id_)} stands already in this level, {other}")
            continue
        if id_:
            lines_of[id_] = opening(item).line
        if requirement is not None:
            found.append(requirement)
            _rows_for(requirement, draft, level, item, report)
    return found


def _given_id(item: MapNode) -> str:
    """The id under which a requirement that could not be read would stand."""
    entry = item.entries.get("id") or item.entries.get("use")
    return entry.value.value if entry is not None and isinstance(entry.value, TextNode) else ""


def _rows_for(
    requirement: Requirement, draft: TrackDraft, level: LevelDraft, item: MapNode, report: Report
) -> None:
    """A table looked up by the level asked for, and without `otherwise`, must have a row for this level."""
    own: dict[str, Any] = {
        "to.track": draft.track, "to.level": level.level, "to.place": f"{draft.track}/{level.level}",
        "to.grade": level.grade,
    }  # fmt: skip
    told: set[str] = set()
    for condition in (requirement.condition, requirement.applies_when, requirement.unless):
        for part in walk(condition) if condition else ():
            if not isinstance(part, Lookup) or part.otherwise is not None or not isinstance(part.at, FactRef):
                continue
            key = own.get(part.at.name)
            if (
                key is not None
                and not part.bands
                and part.table not in told
                and all(row != key for row, _ in part.rows)
            ):
                told.add(part.table)
                message = (
                    f"the table {quoted(part.table)} has no row for `{key}`; add one, or "
                    "`otherwise:`, to the table"
                )
                report.at(item, message)


def _pay(lines: Fields) -> Pay | None:
    node, report = lines.get("pay"), lines.report
    if node is None:
        return None
    inner = Fields.of(
        node, report, "a pay band", ("from", "to", "currency"), "pay: {from: 68000, to: 92000, currency: GBP}"
    )
    if inner is None:
        return None
    low, high = _money(inner, "from", "from: 68000"), _money(inner, "to", "to: 92000")
    currency = inner.word("currency", "currency: GBP")
    if currency is not None and not (
        len(currency.value) == 3 and currency.value.isascii() and currency.value.isupper()
    ):
        report.at(
            currency,
            f"{quoted(currency.value)} is not a currency; write its three capital letters, such as `GBP`",
        )
        return None
    if low is None or high is None or currency is None:
        return None
    if low > high:
        report.at(inner.key("to"), "the pay band ends below its beginning; exchange `from` and `to`")
        return None
    return Pay(low=low, high=high, currency=currency.value)


def _money(lines: Fields, name: str, example: str) -> int | Decimal | None:
    node = lines.word(name, example)
    value = None if node is None else read_literal(node, Number())
    if node is None or isinstance(value, Mistake):
        if node is not None and isinstance(value, Mistake):
            lines.report.at(node, value.message)
        return None
    if not isinstance(value, int | Decimal) or value < 0:
        lines.report.at(node, f"pay cannot be {quoted(node.value)}; write an amount of 0 or more")
        return None
    return value


def _way_back(lines: Fields) -> WayBack | None:
    node, report = lines.get("way_back"), lines.report
    if node is None:
        return None
    example = "way_back: {months: 12, to: same grade on the craft track left}"
    inner = Fields.of(node, report, "a way back", ("months", "to"), example)
    if inner is None:
        return None
    months = inner.whole("months", 1, MOST_MONTHS, "months: 12")
    to = inner.text("to", "to: same grade on the craft track left")
    return None if months is None else WayBack(to=to, months=months)


def _duties(lines: Fields, names: Names, after_all: tuple[Duty, ...] = ()) -> tuple[Duty, ...]:
    """What is owed after a promotion: after every one on the track, then after one to this level."""
    report = lines.report
    found = {duty.id: duty for duty in after_all}
    for item in lines.items("afterwards"):
        one = Fields.of(
            item, report, "a duty", ("id", "text", "within"), "{id: check-in, text: …, within: 90 days}"
        )
        if one is None:
            continue
        word = one.word("id", "id: check-in")
        id_ = None if word is None else checked(word, ID, report, "an id")
        text = one.text("text", "text: A check-in on how the person and the team are doing")
        within = requirements.length_of(one, "within", names)
        if id_ is None or word is None:
            continue
        if id_ in found:
            where = "for every level" if any(duty.id == id_ for duty in after_all) else "in this level"
            message = f"the duty {quoted(id_)} stands already {where}; give one of them another id"
            report.at(word, message)
        found[id_] = Duty(id=id_, text=text, within=within)
    return tuple(found.values())
