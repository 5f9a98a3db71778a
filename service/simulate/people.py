"""The people of a test file: their lines in; persons with a standing and facts out, also when changed for a
case.

`like` makes a person from another of the same file. `with` tells facts anew, `also` adds entries to lists,
`without` leaves facts out: in that order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from service.facts.request import Standing
from service.facts.types import ListOf, Records
from service.policy.reader import Fields, Report, quoted, texts, unknown_word
from service.policy.source import MapNode, Node, TextNode
from service.simulate.told import Telling

PERSON = ("about", "like", "from", "facts", "also", "without")
NO_LADDER = "no ladder"
FROM = "from"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks; `facts` holds what is told, and nothing else."""

    name: str
    standing: Standing | None = None  #: None: not told
    standing_at: Node | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class People:
    """The people of one file, read as they are asked for."""

    def __init__(self, node: Node | None, telling: Telling, *, whole: bool = True) -> None:
        self._whole = whole  # False: people may be told of in a part of the file that could not be read
        self._telling = telling
        self._report = telling.report
        self._read: dict[str, Person | None] = {}
        self._entries = {}
        self.untold = {name: fact.absent_means for name, fact in telling.vocabulary.facts.items()}
        if isinstance(node, MapNode):
            self._entries = dict(node.entries)
        elif node is not None:
            Fields.of(node, self._report, "`people`", (), "mara: {from: software-craft/senior, facts: {…}}")

    def read_all(self) -> None:
        """Read everybody, so that mistakes are told of people whom no case names."""
        for name in self._entries:
            self._person(name)

    def find(self, word: TextNode) -> Person | None:
        """The person whom a case names."""
        if word.value in self._entries:
            return self._person(word.value)
        if self._whole:
            self._report.at(word, unknown_word(word.value, self._entries, "one of the people of this file"))
        return None

    def _person(self, name: str) -> Person | None:
        if name in self._read:
            return self._read[name]
        entry = self._entries[name]
        self._read[name] = None  # also while it is read: `like` in a circle ends here
        example = "from: software-craft/senior"
        lines = Fields.of(entry.value, self._report, "a person", PERSON, example)
        if lines is None:
            return None
        before = len(self._report.problems)
        lines.text("about")
        person: Person | None = Person(name)
        like = lines.word("like")
        if like is not None:
            person = self._other(like)
        told = self._telling.facts(lines, "facts")
        if person is None:
            return None
        person = replace(person, name=name, facts={**person.facts, **told})
        person = changed(person, lines, self._telling)
        if len(self._report.problems) == before:
            self._read[name] = person
        return self._read[name]

    def _other(self, like: TextNode) -> Person | None:
        """The person whom another one is like."""
        if like.value in self._read and self._read[like.value] is None:
            if like.value in self._open():
                message = f"{quoted(like.value)} is like this person in turn; say of one of them what is told"
                self._report.at(like, message)
            return None
        return self.find(like)

    def _open(self) -> Iterator[str]:
        """Everybody who is `like` somebody in a circle."""
        for name in self._entries:
            seen: list[str] = []
            now: str | None = name
            while now is not None and now not in seen:
                seen.append(now)
                now = self._like(now)
            if now == name:
                yield name

    def _like(self, name: str) -> str | None:
        entry = self._entries.get(name)
        like = (
            entry.value.entries.get("like")
            if entry is not None and isinstance(entry.value, MapNode)
            else None
        )
        return like.value.value if like is not None and isinstance(like.value, TextNode) else None


def changed(person: Person, lines: Fields, telling: Telling, *, whole: bool = True) -> Person:
    """The person as the lines of a case, or of somebody who is like them, change what is told.

    Args:
        person: Who it is.
        lines: The lines of a case or of a person.
        telling: Reads facts.
        whole: False: not all that is told of the person could be read, so that more may be told.
    """
    report, facts = telling.report, dict(person.facts)
    facts.update(telling.facts(lines, "with"))
    for name, value in telling.facts(lines, "also").items():
        if isinstance(telling.vocabulary.facts[name].type, ListOf | Records):
            facts[name] = (*facts.get(name, ()), *value)
        else:
            message = f"{quoted(name)} is not a list, so nothing can be added to it; write it under `with`"
            report.at(_key_in(lines, "also", name), message)
    standing, at = person.standing, person.standing_at
    word = lines.word(FROM)
    if word is not None:
        standing, at = _standing(word, report), word
    node = lines.get("without")
    for left_out in () if node is None else texts(node, report, "a fact"):
        if left_out.value == FROM:
            standing, at = None, None
        elif telling.fact(left_out) is not None and facts.pop(left_out.value, None) is None and whole:
            report.at(
                left_out,
                f"{quoted(left_out.value)} is not told of {quoted(person.name)}, so it cannot be left out",
            )
    return replace(person, standing=standing, standing_at=at, facts=facts)


def _key_in(lines: Fields, section: str, name: str) -> Any:
    node = lines.get(section)
    return node.entries[name].key if isinstance(node, MapNode) else lines.node


def _standing(word: TextNode, report: Report) -> Standing | None:
    if word.value == NO_LADDER:
        return Standing(track=None, level=None)
    track, slash, level = word.value.partition("/")
    if slash and track and level:
        return Standing(track=track, level=level)
    example = f"`track/level`, such as `software-craft/senior`, or `{NO_LADDER}`"
    report.at(word, f"{quoted(word.value)} is no level; write {example}")
    return None
