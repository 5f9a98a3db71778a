"""Names for completion: the trees of a policy folder in; every name that its files may use, out.

Taken from the files as they are written, so that a folder with problems still completes what is right in it.
Knows nothing of JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from service.facts.vocabulary import ALWAYS_THERE
from service.policy.source import ListNode, MapNode, Node, TextNode

_TRACK_FILE = re.compile(r"tracks/[^/]+/[^/]+\.yaml")
_SHARED_FILE = re.compile(r"shared/[^/]+\.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyNames:
    """The names of a policy folder, each list in the order of the files and without doubles."""

    facts: tuple[str, ...] = ()  #: what callers tell
    records: tuple[str, ...] = ()  #: facts that hold records or lists
    fields: tuple[str, ...] = ()  #: of any records, derived ones included
    dotted: tuple[str, ...] = ()  #: `trainings.hours`
    derived: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    places: tuple[str, ...] = ()  #: `track/level`
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: of facts and fields, by name

    @property
    def known(self) -> tuple[str, ...]:
        """Whatever may stand after `fact:`."""
        return tuple(dict.fromkeys((*self.facts, *self.derived, *ALWAYS_THERE, *self.fields)))


def names_in(trees: Mapping[str, Node]) -> PolicyNames:
    """The names that the files of a policy folder declare; files by path, relative to the folder."""
    root = trees.get("facts.yaml")
    facts = _lines(root, "facts")
    kept: dict[str, dict[str, None]] = {each: {} for each in ("fields", "dotted", "records")}
    choices: dict[str, tuple[str, ...]] = {}
    for name, node in facts.items():
        _note_choices(name, node, choices)
        if _word(node, "type") in ("records", "list"):
            kept["records"][name] = None
        for inner, each in (*_lines(node, "fields").items(), *_lines(node, "derived").items()):
            kept["fields"][inner] = None
            kept["dotted"][f"{name}.{inner}"] = None
            _note_choices(inner, each, choices)
    for name, node in _lines(root, "derived").items():
        _note_choices(name, node, choices)
    places: list[tuple[str, str]] = []
    requirements: list[str] = []
    duties: list[str] = []
    for file in sorted(trees):
        if _TRACK_FILE.fullmatch(file):
            track = _word(trees[file], "track")
            duties += [_word(each, "id") for each in _items(trees[file], "afterwards")]
            requirements += _ids(trees[file], "at_every_level")
            for level in _items(trees[file], "levels"):
                places.append((track, _word(level, "level")))
                requirements += _ids(level, "requires")
                duties += [_word(each, "id") for each in _items(level, "afterwards")]
    shared = [
        _word(each, "id")
        for file in sorted(trees)
        if _SHARED_FILE.fullmatch(file)
        for each in _items(trees[file], "requirements")
    ]
    return PolicyNames(
        facts=tuple(facts),
        records=tuple(kept["records"]),
        fields=tuple(kept["fields"]),
        dotted=tuple(kept["dotted"]),
        derived=tuple(_lines(root, "derived")),
        tables=tuple(_lines(root, "tables")),
        figures=tuple(_lines(root, "figures")),
        shared=_named(shared),
        requirements=_named(requirements),
        duties=_named(duties),
        tracks=_named(track for track, _ in places),
        levels=_named(level for _, level in places),
        places=_named(f"{track}/{level}" for track, level in places if track and level),
        choices=choices,
    )


def _named(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))


def _note_choices(name: str, node: Node, choices: dict[str, tuple[str, ...]]) -> None:
    """Fields of several records may share a name: then any of their choices may stand there."""
    found = tuple(item.value for item in _items(node, "choices") if isinstance(item, TextNode))
    if found:
        choices[name] = tuple(dict.fromkeys((*choices.get(name, ()), *found)))


def _value(node: Node | None, name: str) -> Node | None:
    entry = node.entries.get(name) if isinstance(node, MapNode) else None
    return None if entry is None else entry.value


def _lines(node: Node | None, name: str) -> dict[str, Node]:
    value = _value(node, name)
    return {key: entry.value for key, entry in value.entries.items()} if isinstance(value, MapNode) else {}


def _items(node: Node | None, name: str) -> Iterator[Node]:
    value = _value(node, name)
    yield from value.items if isinstance(value, ListNode) else ()


def _ids(node: Node | None, name: str) -> Iterator[str]:
    for each in _items(node, name):
        yield _word(each, "id") or _word(each, "use")


def _word(node: Node | None, name: str) -> str:
    value = _value(node, name)
    return value.value if isinstance(value, TextNode) else ""
