"""Facts as a policy test tells them: YAML in; values with their types, as a request would bring them, out.

Words are those of the policy files: `yes`, `no`, days as 2026-03-01, numbers without quotes. `none` stands
for an empty list, and `repeat: 40` with an `entry` for forty like entries. Whatever does not fit the
vocabulary is a problem with its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.facts.calendar import STILL_RUNNING
from service.facts.reading import Faults, read_facts
from service.facts.types import MOST_ENTRIES, NOTHING, Date, Fact, FactType, ListOf, Records
from service.facts.vocabulary import ALWAYS_THERE, Vocabulary
from service.policy.literals import Mistake, read_literal
from service.policy.reader import Fields, Report, quoted, shape, unknown_word
from service.policy.source import ListNode, MapNode, Node, TextNode

NONE = "none"
_REPEATED = frozenset({"repeat", "entry"})
Nodes = dict[str, Node]  #: what stands at a JSON pointer


class Telling:
    """Reads the facts of all people and cases of a folder by one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, derived: Mapping[str, Any], report: Report) -> None:
        self.vocabulary = vocabulary
        self.report = report
        self._derived = derived

    def fact(self, key: TextNode) -> Fact | None:
        """The fact that a name means; None, with a problem, when callers cannot tell it."""
        name = key.value
        if name in self.vocabulary.facts:
            return self.vocabulary.facts[name]
        if name in self._derived:
            message = f"{quoted(name)} is calculated from other facts; tell those instead"
        elif name in ALWAYS_THERE:
            message = (
                f"{quoted(name)} is set by the case itself; write `from`, `to`, `as_of` or `submitted_on`"
            )
        else:
            message = unknown_word(name, self.vocabulary.facts, "a fact")
        self.report.at(key, message)
        return None

    def facts(self, lines: Fields, name: str) -> dict[str, Any]:
        """The facts told under `facts`, `with` or `also`, by name."""
        node = lines.get(name)
        if node is None:
            return {}
        if not isinstance(node, MapNode):
            message = (
                f"here stands {shape(node)}, but {quoted(name)} is written in lines such as `rating: meets`"
            )
            self.report.at(node, message)
            return {}
        told: dict[str, Any] = {}
        for each in node.entries:
            fact, value = self.fact(node.entries[each].key), Fields(node, self.report, "").get(each)
            if fact is not None and value is not None:
                read = self.value(fact, value)
                if read is not None:
                    told[each] = read
        return told

    def value(self, fact: Fact, node: Node) -> Any:
        """The value of a fact; None, with problems, when it cannot be one."""
        if (nothing := self._nothing(fact, node)) is not None:
            return nothing
        before, nodes = len(self.report.problems), Nodes()
        raw = self._raw(fact.type, node, f"/facts/{fact.name}", nodes)
        if raw is None or len(self.report.problems) > before:
            return None
        faults = Faults(strict=True)
        value = read_facts({fact.name: raw}, Vocabulary({fact.name: fact}), faults)[fact.name]
        for fault in faults.faults:
            at = nodes.get(fault.pointer, node)
            what = f"{quoted(at.value)} is not" if isinstance(at, TextNode) else "here is expected"
            self.report.at(at, f"{what} {fault.expected}")
        return None if faults.faults else value

    def _nothing(self, fact: Fact, node: Node) -> Any:
        """The value that a word stands for which says that there is nothing."""
        if not isinstance(node, TextNode) or node.quoted:
            return None
        if node.value == NONE and isinstance(fact.type, ListOf | Records):
            return ()
        return fact.absent_means if node.value in _words_for_absence(fact) else None

    def _raw(self, kind: FactType, node: Node, pointer: str, nodes: Nodes) -> Any:
        """The JSON value that a caller would send; None, with a problem, when there is none."""
        nodes[pointer] = node
        if isinstance(kind, ListOf | Records):
            if not isinstance(node, ListNode):
                hint = (
                    "begin each entry with a dash, or write `none`"
                    if kind.word == "records"
                    else "put it in brackets"
                )
                self.report.at(node, f"here stands {shape(node)}, but a list is needed; {hint}")
                return None
            return list(
                self._entries(kind, node, pointer, nodes)
                if isinstance(kind, Records)
                else self._items(kind, node, pointer, nodes)
            )
        if not isinstance(node, TextNode):
            self.report.at(node, f"here stands {shape(node)}, but a {kind.word} is needed")
            return None
        value = read_literal(node, kind)
        if isinstance(value, Mistake):
            self.report.at(node, value.message)
            return None
        return value.isoformat() if isinstance(kind, Date) and hasattr(value, "isoformat") else value

    def _items(self, kind: ListOf, node: ListNode, pointer: str, nodes: Nodes) -> Iterator[Any]:
        for number, item in enumerate(node.items):
            yield self._raw(kind.of, item, f"{pointer}/{number}", nodes)

    def _entries(self, kind: Records, node: ListNode, pointer: str, nodes: Nodes) -> Iterator[Any]:
        number = 0
        for item in node.items:
            times, entry = self._repeated(item)
            if not isinstance(entry, MapNode):
                if entry is not None:
                    example = f"{{{next(iter(kind.fields))}: …}}"
                    self.report.at(
                        entry, f"here stands {shape(entry)}, but an entry is written as `{example}`"
                    )
                continue
            nodes[f"{pointer}/{number}"] = entry
            raw = self._entry(kind, entry, f"{pointer}/{number}", nodes)
            for _ in range(times):
                yield raw
            number += times

    def _entry(self, kind: Records, node: MapNode, pointer: str, nodes: Nodes) -> dict[str, Any]:
        lines = Fields(node, self.report, "an entry", kind.fields)
        raw: dict[str, Any] = {}
        for name in node.entries:
            field, value = kind.fields.get(name), lines.get(name)
            if field is None or value is None:
                continue
            if isinstance(value, TextNode) and value.value in _words_for_absence(field) and not value.quoted:
                continue  # silence stands for the same
            raw[name] = self._raw(field.type, value, f"{pointer}/{name}", nodes)
        return raw

    def _repeated(self, node: Node) -> tuple[int, Node | None]:
        """How often an entry is told, and the entry."""
        if not isinstance(node, MapNode) or not _REPEATED & set(node.entries) or len(node.entries) > 2:
            return 1, node
        lines = Fields(node, self.report, "a repeated entry", ("repeat", "entry"))
        times = lines.whole("repeat", 1, MOST_ENTRIES, "repeat: 10")
        entry = lines.need("entry", "entry: {…}")
        return times or 1, entry


def _words_for_absence(fact: Fact) -> tuple[str, ...]:
    """How an author may write what silence stands for."""
    if fact.absent_means == STILL_RUNNING:
        return ("still running",)
    return (NONE,) if fact.absent_means is NOTHING or fact.absent_means == () else ()
