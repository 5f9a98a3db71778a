"""Derived facts, of candidates and of single entries: their lines in; what each is calculated from out.

Each is read when it is first needed. One that needs another, not yet read, waits for it on a stack; what
waits for itself is a cycle. So no chain of definitions, however long, nests calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.facts.types import Choice, Date, FactType, Number, Records, Text, Time, YesNo
from service.facts.vocabulary import ALWAYS_THERE
from service.policy import amounts
from service.policy.condition import Derived, Expression
from service.policy.operators import said, same_kind
from service.policy.reader import NAME, Fields, checked, quoted
from service.policy.scope import Amount, AtHand, Names, Scope
from service.policy.source import MapNode, Node, Span, TextNode
from service.policy.trees import MOST_DIGITS, TOO_LONG, extent
from service.policy.words import WORDS, amount_heads

BESIDE = ("label", "type", "unit", "choices", "ordered", "source")
_KNOWN = (*BESIDE, *WORDS)
TYPES: Mapping[str, FactType] = {
    "number": Number(), "time": Time(), "date": Date(), "text": Text(), "yes_no": YesNo(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settled:
    """A derived fact that was read: what it is calculated from, and how it rests on protected facts."""

    of: Expression
    type: FactType
    label: str
    tainted: tuple[tuple[str, ...], ...]
    ref: Derived


class _Awaits(Exception):
    def __init__(self, name: str, where: Span) -> None:
        self.name, self.where = name, where


class Derivations:
    """All derived facts by name; a derived field of `trainings` goes by `trainings.<field>`."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._nodes: dict[str, tuple[TextNode, Node]] = {}
        self._settled: dict[str, Settled | None] = {}

    def declare(self, node: Node | None) -> None:
        """The section `derived:` of the vocabulary."""
        report = self._names.report
        if node is None:
            return
        if not isinstance(node, MapNode):
            report.at(
                node,
                "`derived` holds one group of lines for each derived fact: `service: {label: …, time_in: …}`",
            )
            return
        for entry in node.entries.values():
            name, taken = (
                entry.key.value,
                entry.key.value in self._names.facts or entry.key.value in ALWAYS_THERE,
            )
            if taken:
                report.at(entry.key, f"{quoted(name)} is already a fact; give the derived fact another name")
            elif checked(entry.key, NAME, report, "the name of a derived fact"):
                self._nodes[name] = (entry.key, entry.value)
            else:
                self._nodes[name], self._settled[name] = (entry.key, entry.value), None

    def declare_fields(self, records: str, type_: Records, node: Node) -> None:
        """The derived fields of one records fact."""
        report = self._names.report
        if not isinstance(node, MapNode):
            report.at(
                node,
                "`derived` holds one group of lines for each derived field: `credit: {label: …, choose: …}`",
            )
            return
        for entry in node.entries.values():
            if entry.key.value in type_.fields:
                report.at(
                    entry.key,
                    f"{quoted(entry.key.value)} is already a field; give the derived field another name",
                )
            elif checked(entry.key, NAME, report, "the name of a derived field"):
                self._nodes[f"{records}.{entry.key.value}"] = (entry.key, entry.value)

    def names(self) -> Iterator[str]:
        return (name for name in self._nodes if "." not in name)

    def fields_of(self, records: str) -> list[str]:
        return [name.partition(".")[2] for name in self._nodes if records and name.startswith(f"{records}.")]

    def has(self, name: str) -> bool:
        return name in self._nodes and "." not in name

    def has_field(self, records: str, name: str) -> bool:
        return bool(records) and f"{records}.{name}" in self._nodes

    def fact(self, name: str, where: Span) -> Settled | None:
        """A derived fact; None when it was declared wrongly."""
        if name not in self._settled:
            raise _Awaits(name, where)
        return self._settled[name]

    def field(self, records: str, name: str, where: Span) -> Settled | None:
        return self.fact(f"{records}.{name}", where)

    def settle(self) -> Mapping[str, Derived]:
        """Read all of them."""
        for first in self._nodes:
            waiting = [first]
            while waiting:
                self._step(waiting)
        found = ((name, self._settled[name]) for name in self.names())
        return {name: settled.ref for name, settled in found if settled is not None}

    def fields(self) -> Mapping[str, Derived]:
        """The derived fields of all records, once they are settled, as `trainings.long`."""
        return {name: settled.ref for name, settled in self._settled.items() if settled and "." in name}

    def _step(self, waiting: list[str]) -> None:
        """Read the last one waiting, or put before it what it needs."""
        name, report = waiting[-1], self._names.report
        if name in self._settled:
            waiting.pop()
            return
        before = len(report.problems)
        try:
            self._settled[name] = self._read(name)
        except _Awaits as awaits:
            del report.problems[before:]
            if awaits.name not in waiting:
                waiting.append(awaits.name)
                return
            cycle = waiting[waiting.index(awaits.name) :]
            way = " → ".join([*cycle, awaits.name])
            message = f"{quoted(awaits.name)} is calculated from itself ({way}); take one of these steps out"
            report.at(awaits.where, message)
            self._settled.update(dict.fromkeys(cycle))

    def _read(self, name: str) -> Settled | None:
        key, node = self._nodes[name]
        names, report = self._names, self._names.report
        records, _, field = name.rpartition(".")
        example = f"{field}: {{label: …, count: trainings}}"
        if not isinstance(node, MapNode):
            report.at(
                node, f"a derived {'field' if records else 'fact'} is written in lines such as `{example}`"
            )
            return None
        lines = Fields(
            node, report, f"the derived {'field' if records else 'fact'} {quoted(field)}", _KNOWN, rest=True
        )
        label = lines.text("label") or ("" if "label" in lines or not records else field.replace("_", " "))
        if "label" not in lines and not records:
            lines.need("label", f"label: {field.replace('_', ' ')}")
        lines.text("source")
        want = self._wanted(lines)
        tainted: list[tuple[str, ...]] = []
        entries: tuple[AtHand, ...] = ()
        if records:
            fact = names.facts[records]
            if fact is None:
                return None
            entries = (AtHand(0, "this", fact.type, fact.label, records),)
        scope = Scope(names, entries, tainted=tainted)
        rest = MapNode({each: entry for each, entry in node.entries.items() if each not in BESIDE}, node.span)
        found = self._amount(lines, rest, scope, want)
        if found is None:
            return None
        type_ = want if want is not None and same_kind(want, found.type, equality=True) else found.type
        if isinstance(type_, Records):
            report.at(
                key,
                f"a derived {'field' if records else 'fact'} is one value; count, sum or choose among "
                "the records",
            )
            return None
        reach = extent(found.expr, names.extents)
        if not reach.fits:
            report.at(
                key, f"{quoted(field)} builds on too much; make it, or what it is calculated from, simpler"
            )
            return None
        if reach.digits > MOST_DIGITS:
            report.at(key, f"{quoted(field)} {TOO_LONG}")
            return None
        names.extents[id(found.expr)] = reach
        ref = Derived(name, found.expr, type_, label)
        return Settled(found.expr, type_, label, tuple(dict.fromkeys(tainted)), ref)

    def _amount(self, lines: Fields, rest: MapNode, scope: Scope, want: FactType | None) -> Amount | None:
        if not rest.entries:
            message = f"{lines.what} needs what it is calculated from, such as `count: trainings`"
            scope.report.missing(lines.node, message)
            return None
        found = amounts.alone(rest, scope, want, beside=BESIDE, what=lines.what)
        head = next(iter(amount_heads(rest)), "")
        where = rest.entries[head].key.span if head else rest.span
        if (
            found is None
            or want is None
            or same_kind(want, found.type, equality=isinstance(want, Choice | Text))
        ):
            return found
        scope.report.at(where, f"this gives {said(found.type)}, but `type:` says {said(want)}")
        return None

    def _wanted(self, lines: Fields) -> FactType | None:
        """The type a derived fact declares, if it does."""
        report = lines.report
        if "type" not in lines:
            if "choices" in lines:
                report.at(lines.key("choices"), "`choices` needs `type: choice` beside it")
            unit = lines.text("unit")
            return Number(unit=unit) if unit else None
        word = lines.one_of("type", (*TYPES, "choice"), "")
        if word == "choice":
            items = [
                item for item in lines.items("choices", "choices: [low, high]") if isinstance(item, TextNode)
            ]
            order = lines.one_of("ordered", ("lowest first",), "") if "ordered" in lines else ""
            return Choice(tuple(item.value for item in items), bool(order)) if items else None
        if word == "number":
            return Number(unit=lines.text("unit"))
        return TYPES.get(word)
