"""The bundled policies, judged: requests drawn for any of their levels, near what those levels ask."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from service.facts.types import Choice, Date, Fact, ListOf, Number, Records, YesNo
from service.policy.load import load
from service.policy.model import Level
from service.verdict.judge import Judge
from service.verdict.model import Verdict

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 20, 9, 14, 3, tzinfo=UTC)
AS_OF = date(2027, 1, 1)
ID = "019a9f2e-8c00-7000-8000-000000000000"


@cache
def judge() -> Judge:
    return Judge(load(ROOT / "policies"))


def verdict(raw: dict[str, Any]) -> Verdict:
    return judge().verdict(raw, verdict_id=ID, judged_at=NOW)


@cache
def levels() -> tuple[Level, ...]:
    """Every level but the first of each track, which people join from outside."""
    versions = (versions[0] for versions in judge().policies.tracks.values())
    return tuple(level for version in versions for level in version.levels[1:])


def _value(fact: Fact) -> st.SearchStrategy[Any]:
    match fact.type:
        case YesNo():
            return st.booleans()
        case Choice(choices=choices):
            return st.sampled_from(choices)
        case Number(minimum=minimum, maximum=maximum):
            low = 0 if minimum is None else int(minimum)
            high = low + 40 if maximum is None else int(maximum)
            return st.integers(low, min(high, low + 2_000_000)) | st.integers(low, min(high, low + 5))
        case Date():
            return st.integers(-1500, 200).map(lambda n: (AS_OF + timedelta(days=n)).isoformat())
        case ListOf(of=of):
            return st.lists(_value(Fact(name="item", type=of, label="item")), max_size=4)
        case Records(fields=fields):
            entry = {name: st.none() | _value(field) | _value(field) for name, field in fields.items()}
            return st.lists(st.fixed_dictionaries(entry), max_size=5)
        case _:
            return st.sampled_from(_texts())


@cache
def _texts() -> list[str]:
    """Texts that the policies know, and one that they do not."""
    known = {"something else"}
    for level in levels():
        for requirement in level.requires:
            known |= {
                value
                for node in _within(requirement.condition)
                if isinstance(value := getattr(node, "value", None), str)
            }
    return sorted(known)


def _within(node: Any) -> Any:
    from service.policy.trees import parts_of

    yield node
    for part in parts_of(node):
        yield from _within(part)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request for a level, from where it can be entered or from elsewhere, with what it asks about."""
    level = draw(st.sampled_from(levels()))
    ready = judge()
    asked = sorted(ready.mentions.of_level(level) & set(ready.policies.vocabulary.facts))
    places = [*(level.enter_from or ()), "software-craft/senior"]
    track, _, rung = draw(st.sampled_from(places)).partition("/")
    facts = {name: draw(_value(ready.policies.vocabulary[name])) for name in asked if draw(st.integers(0, 9))}
    return {
        "candidate": {"id": "E-1042"},
        "from": {"track": track, "level": rung},
        "to": {"track": level.track, "level": level.level},
        "submitted_on": "2026-11-20",
        "as_of": AS_OF.isoformat(),
        "facts": facts,
    }
