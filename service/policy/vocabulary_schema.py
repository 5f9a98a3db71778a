"""The vocabulary file: the tree of `facts.yaml` in; facts by name, with their types, out.

Derived facts and tables of the same file are read by `policy.derivations` and `policy.tables`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from service.facts.calendar import STILL_RUNNING
from service.facts.types import (
    NOTHING,
    Choice,
    Date,
    Fact,
    FactType,
    ListOf,
    Number,
    Records,
    Text,
    YesNo,
)
from service.facts.vocabulary import ALWAYS_THERE
from service.policy.literals import Mistake, read_literal
from service.policy.reader import NAME, Fields, Report, checked, quoted, shape, texts, unknown_word
from service.policy.source import MapNode, Node, TextNode

SECTIONS = ("facts", "derived", "tables", "figures", "calendar")
ABOUT = ("type", "label", "question", "source", "protected", "sensitive", "can_change", "absent_means")
OF_TYPE = {
    "number": ("unit", "decimals", "minimum", "maximum"), "yes_no": (), "date": (), "text": (),
    "choice": ("choices", "ordered"),
    "list": ("of", "choices", "ordered", "unit", "decimals", "minimum", "maximum"),
    "records": ("fields", "dated_by", "derived"),
}  # fmt: skip
EVERY = tuple(dict.fromkeys(name for names in OF_TYPE.values() for name in names))
RESERVED = frozenset({"this", "it", "from", "to"})
MOST_DECIMALS = 10
_MOST_INSIDE = 3  #: records inside each other, the outermost included
SHORT_MONTHS = ("last day", "next day")  #: 31 August + 6 months = 28 February, or 1 March


def read_facts(node: Node | None, report: Report) -> dict[str, Fact | None]:
    """The section `facts:`; a fact that is declared wrongly is None, so that its name is known."""
    facts: dict[str, Fact | None] = {}
    if node is None:
        return facts
    if not isinstance(node, MapNode):
        report.at(node, "`facts` holds one group of lines for each fact: `rating: {type: number, label: …}`")
        return facts
    for entry in node.entries.values():
        name, key = entry.key.value, entry.key
        facts[name] = None
        if name in ALWAYS_THERE or name in RESERVED:
            report.at(key, f"{quoted(name)} always has a meaning of its own; give the fact another name")
        elif checked(key, NAME, report, "the name of a fact"):
            facts[name] = _fact(key, entry.value, report, inside=0)
    return facts


def read_calendar(node: Node | None, report: Report) -> bool:
    """The section `calendar:`; whether months end on the next day in a month that is too short."""
    example = "calendar: {short_months: last day}"
    lines = None if node is None else Fields.of(node, report, "the calendar", ("short_months",), example)
    if lines is None:
        return False
    return lines.one_of("short_months", SHORT_MONTHS, "", "short_months: last day") == "next day"


def derived_fields(node: Node | None) -> Iterator[tuple[str, Node]]:
    """The sections `derived:` of records facts, by the name of the fact."""
    if isinstance(node, MapNode):
        for name, entry in node.entries.items():
            if isinstance(entry.value, MapNode) and "derived" in entry.value.entries:
                yield name, entry.value.entries["derived"].value


def _fact(key: TextNode, node: Node, report: Report, *, inside: int) -> Fact | None:
    """A fact, or a field that stands inside so many records."""
    kind = "field" if inside else "fact"
    what = f"the {kind} {quoted(key.value)}"
    lines = Fields.of(node, report, what, (*ABOUT, *EVERY), "type: number")
    if lines is None:
        return None
    word = _type_word(lines, inside)
    if "label" in lines or inside:
        label = lines.text("label") or key.value.replace("_", " ")
    else:
        label = lines.text("label", f"label: {key.value.replace('_', ' ')}")
    about = {name: lines.text(name) for name in ("question", "source")}
    protected, sensitive = lines.yes_no("protected"), lines.yes_no("sensitive")
    can_change = lines.yes_no("can_change", default=True)
    if not word:
        return None
    for name in lines.node.entries:
        if name in EVERY and name not in OF_TYPE[word]:
            owners = [owner for owner, names in OF_TYPE.items() if name in names]
            report.at(
                lines.key(name), f"{quoted(name)} belongs to the type {owners[0]}, not to {word}; take it out"
            )
    if inside and "derived" in lines and word == "records":
        message = "only a fact has derived fields; derive it beside the outer records, or from them"
        report.at(lines.key("derived"), message)
    type_ = _type(word, lines, inside)
    if type_ is None:
        return None
    return Fact(
        name=key.value,
        type=type_,
        label=label,
        protected=protected,
        sensitive=sensitive,
        can_change=can_change,
        absent_means=_absent_means(lines, type_),
        **about,
    )


def _type_word(lines: Fields, inside: int) -> str:
    node = lines.word("type", "type: number")
    words = [word for word in OF_TYPE if word != "records" or inside < _MOST_INSIDE]
    if node is None or node.value in words:
        return "" if node is None else node.value
    if node.value == "records":
        message = "these records stand inside too many others; make them a fact of their own, or use a list"
        lines.report.at(node, message)
    elif node.value == "time":
        lines.report.at(
            node, "nobody tells a length of time; declare the dates, and derive it with `time_in`"
        )
    else:
        lines.report.at(node, unknown_word(node.value, words, "a type of fact"))
    return ""


def _type(word: str, lines: Fields, inside: int) -> FactType | None:
    match word:
        case "list":
            of = lines.one_of("of", ("text", "number", "date", "yes_no", "choice"), "", "of: text")
            for name in lines.node.entries:
                if of and name in EVERY and name != "of" and name not in OF_TYPE[of]:
                    lines.report.at(
                        lines.key(name), f"{quoted(name)} does not go with a list of {of}; take it out"
                    )
            item = _scalar(of, lines) if of else None
            return None if item is None else ListOf(item)
        case "records":
            return _records(lines, inside)
        case _:
            return _scalar(word, lines)


def _scalar(word: str, lines: Fields) -> Number | YesNo | Date | Text | Choice | None:
    match word:
        case "number":
            return _number(lines)
        case "choice":
            return _choice(lines)
        case "yes_no":
            return YesNo()
        case "date":
            return Date()
        case _:
            return Text()


def _number(lines: Fields) -> Number:
    minimum, maximum = (_bound(lines, name) for name in ("minimum", "maximum"))
    if minimum is not None and maximum is not None and minimum > maximum:
        lines.report.at(lines.key("maximum"), "`maximum` is below `minimum`; exchange the two")
    decimals = lines.whole("decimals", 0, MOST_DECIMALS)
    return Number(lines.text("unit"), decimals, minimum, maximum)


def _bound(lines: Fields, name: str) -> int | Decimal | None:
    node = lines.word(name)
    value = None if node is None else read_literal(node, Number())
    if isinstance(value, Mistake) and node is not None:
        lines.report.at(node, value.message)
    return value if isinstance(value, int | Decimal) else None


def _choice(lines: Fields) -> Choice | None:
    report, node = lines.report, lines.need("choices", "choices: [below, meets, exceeds]")
    lowest_first = ("lowest first",)
    ordered = lines.one_of("ordered", lowest_first, "", "ordered: lowest first") if "ordered" in lines else ""
    if node is None:
        return None
    found: list[str] = []
    for item in texts(node, report, "a choice"):
        if item.value in found:
            report.at(item, f"the choice {quoted(item.value)} stands twice; keep one of them")
        else:
            found.append(item.value)
    return Choice(tuple(found), bool(ordered)) if found else None


def _records(lines: Fields, inside: int) -> Records | None:
    report, node = lines.report, lines.need("fields", "fields: {course: {type: text}, …}")
    if node is None:
        return None
    if not isinstance(node, MapNode) or not node.entries:
        report.at(
            node,
            f"`fields` holds one line for each field, such as `course: {{type: text}}`, not {shape(node)}",
        )
        return None
    fields: dict[str, Fact] = {}
    whole = True
    for entry in node.entries.values():
        name = entry.key.value
        if name in ("this", "it"):
            report.at(
                entry.key, f"{quoted(name)} always has a meaning of its own; give the field another name"
            )
            whole = False
            continue
        named = checked(entry.key, NAME, report, "the name of a field")
        field = _fact(entry.key, entry.value, report, inside=inside + 1)
        if field is None or named is None:
            whole = False
        else:
            fields[name] = field
    dated = lines.word("dated_by")
    if dated is None:
        return Records(fields) if whole else None
    if whole and (dated.value not in fields or not isinstance(fields[dated.value].type, Date)):
        dates = [name for name, field in fields.items() if isinstance(field.type, Date)]
        report.at(dated, unknown_word(dated.value, dates, "a date field of these records"))
        return None
    return Records(fields, dated.value) if whole else None


def _absent_means(lines: Fields, type_: FactType) -> Any:
    """The value that silence stands for; None: it stands for nothing, the fact is unknown."""
    node, report = lines.get("absent_means"), lines.report
    if node is None:
        return None
    if not isinstance(node, TextNode):
        report.at(node, f"`absent_means` takes `unknown`, `none` or one value, not {shape(node)}")
        return None
    word = node.value
    if word == "unknown" and not (isinstance(type_, Choice) and word in type_.choices):
        return None
    if isinstance(type_, Records | ListOf):
        if word == "none":
            return ()
        report.at(
            node,
            f"for {'records' if isinstance(type_, Records) else 'a list'}, write `none` or `unknown`, "
            f"not {quoted(word)}",
        )
        return None
    if isinstance(type_, Date) and word == "still running":
        return STILL_RUNNING
    if word == "none" and not node.quoted:
        if isinstance(type_, Number):
            report.at(
                node, "a number cannot be `none`; write the number that silence stands for, such as `0`"
            )
            return None
        if isinstance(type_, YesNo):
            report.at(node, "an answer cannot be `none`; write `no`, `yes` or `unknown`")
            return None
        if not (isinstance(type_, Choice) and word in type_.choices):
            return NOTHING
    value = read_literal(node, type_)
    if isinstance(value, Mistake):
        report.at(node, value.message)
        return None
    return value
