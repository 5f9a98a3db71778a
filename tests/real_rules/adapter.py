"""Cases in plain language in; requests out, by renaming alone.

A table of names says what each fact of a case is called in the policy folder. `group.field` reaches into a
group of facts; a group told by its own keys (`{"9": 72000}`) becomes entries. Nothing is calculated here: no
date, no sum, no comparison, and no fact is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.facts.json_text import read_json

HERE = Path(__file__).parent
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """What the policy folder calls things.

    `facts`: case fact → fact of the folder; "" where the target says it already. `entries`: case fact → the
    fields for its keys and its values. `levels`: what a case calls a target or a present level →
    `track/level`.
    """

    facts: Mapping[str, str]
    entries: Mapping[str, tuple[str, str]]
    levels: Mapping[str, str]
    present: str = ""  #: the case fact that names the present level


def read_names(system: str) -> Names:
    told = read_json((HERE / f"names_{system}.json").read_bytes())
    entries = {name: (keys, values) for name, (keys, values) in told["entries"].items()}
    return Names(told["facts"], entries, told["levels"], told["present"])


def cases(system: str) -> list[Json]:
    lines = (HERE / f"cases_{system}.jsonl").read_text(encoding="utf-8").splitlines()
    return [read_json(line.encode()) for line in lines]


def request(case: Json, names: Names) -> Json:
    """The request that a case stands for."""
    told = dict(case["facts"])
    standing = names.levels[told.pop(names.present)] if names.present in told else ""
    facts = {names.facts.get(name, name): value for name, value in _flat(told, names)}
    facts.pop("", None)
    request: Json = {
        "candidate": {"id": case["id"]},
        "to": _place(names.levels[case["target"]]),
        "submitted_on": case["as_of"],
        "as_of": case["as_of"],
        "facts": facts,
        "strict_facts": True,
    }
    return {**request, "from": _place(standing)} if standing else request


def _place(name: str) -> Json:
    track, level = name.split("/")
    return {"track": track, "level": level}


def _flat(told: Mapping[str, Any], names: Names, group: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in told.items():
        name = f"{group}{key}"
        match value:
            case dict() if name in names.entries:
                yield name, _entries(value, *names.entries[name])
            case dict():
                yield from _flat(value, names, f"{name}.")
            case [dict(), *_]:
                yield name, [_entry(entry, names) for entry in value]
            case _:
                yield name, value


def _entry(entry: Mapping[str, Any], names: Names) -> Json:
    """An entry of a list; what it holds by keys becomes entries inside it."""
    return {
        key: _entries(value, *names.entries[key]) if key in names.entries else value
        for key, value in entry.items()
    }


def _entries(told: Mapping[str, Any], key_field: str, value_field: str) -> list[Json]:
    """`{"9": 72000}` as `[{"grade": 9, "rate": 72000}]`: a key of digits is the number that it names."""
    return [
        {key_field: int(key) if key.isdigit() else key, value_field: value} for key, value in told.items()
    ]
