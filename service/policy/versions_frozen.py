"""Frozen versions: what each version of a track means, as digests; and which have changed since they judged.

A version that has issued a verdict means the same for ever. The verdict log keeps its digest: of everything
that decides by this version, and of nothing else. So a new track, a new fact, a row for another level, a
sentence in other words, the end of its time or a figure for a later period leave the digest as it is. Figures
by date are told as they stand on the day of a request, so that a version has one digest for each stretch of
days with the same figures. Knows nothing of logs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, Final

from service.errors import Position, Problem
from service.facts.types import Choice, Fact, FactType, ListOf, Number, Records
from service.policy.condition import Choose, Constant, Derived, FactRef, FieldRef, Lookup
from service.policy.figures import periods
from service.policy.meaning import Told, sha_of
from service.policy.mentions import conditions_of
from service.policy.model import Level, PolicySet, TrackVersion
from service.policy.trees import Part, walk

_TARGET: Final = frozenset({"to.track", "to.level", "to.place", "to.grade"})


class VersionDigests:
    """The digests of all versions of a policy set."""

    def __init__(self, policies: PolicySet) -> None:
        self._digests: dict[str, tuple[list[date], list[str]]] = {}
        for version in (*_all(policies), *policies.withdrawn):
            days = _turns(version)
            found = [_digest(version, policies, day) for day in (date.min, *days)]
            self._digests[version.name] = days, found

    def of(self, version: TrackVersion, submitted_on: date) -> str:
        """The digest of a version as it judges requests of one day."""
        days, digests = self._digests[version.name]
        return digests[bisect_right(days, submitted_on)]

    @property
    def names(self) -> Collection[str]:
        """The names of all versions, those taken back too."""
        return self._digests.keys()

    def every(self, name: str) -> Collection[str]:
        """All digests of a version, for the different figures of its time; none when there is no such
        version."""
        return self._digests[name][1] if name in self._digests else ()


def differing(old: VersionDigests, new: VersionDigests) -> set[str]:
    """The versions of two sets that mean in the old one something that they cannot mean in the new one."""
    return {name for name in new.names if not set(old.every(name)) <= set(new.every(name))}


def changed(
    policies: PolicySet, issued: Mapping[str, Collection[str]], digests: VersionDigests | None = None
) -> tuple[list[Problem], list[Problem]]:
    """Versions that no longer mean what they meant when they judged, and a warning for each that is gone.

    Args:
        policies: As they are now.
        issued: By the name of a version, the digests under which it has issued verdicts.
        digests: Of these policies, where they are known already.
    """
    digests = digests or VersionDigests(policies)
    versions = {version.name: version for version in (*_all(policies), *policies.withdrawn)}
    problems, warnings = [], []
    for name, known in sorted(issued.items()):
        version = versions.get(name)
        if version is None:
            message = (
                f"`{name}` has issued verdicts and is gone from this folder; put the file back, so that "
                "these "
                "verdicts can be explained and judged again"
            )
            warnings.append(Problem(Position(f"tracks/{name}.yaml", 1, 1), message))
        elif not set(known) <= set(digests.every(name)):
            place = version.place
            message = (
                "this version has issued verdicts and is frozen, but it, or something it uses from "
                "`facts.yaml` or "
                "`shared/`, no longer means the same; put that back as it was, and make a new version for "
                "the "
                f"change: a file `tracks/{version.track}/<first day>.yaml`, with that day as `to:` in "
                "`in_force` here"
            )
            problems.append(Problem(Position(place.file, place.line, place.column), message))
    return problems, warnings


def _all(policies: PolicySet) -> Iterator[TrackVersion]:
    for versions in policies.tracks.values():
        yield from versions


def _conditions(level: Level) -> Iterator[Part]:
    for requirement in level.requires:
        for condition in conditions_of(requirement):
            yield from walk(condition)


def _turns(version: TrackVersion) -> list[date]:
    """The days on which a figure that this version uses changes."""
    chosen = (part for level in version.levels for part in _conditions(level) if isinstance(part, Choose))
    days = (day for each in chosen if each.dated for start, end, _ in periods(each) for day in (start, end))
    return sorted({day for day in days if day is not None})


def _digest(version: TrackVersion, policies: PolicySet, submitted_on: date) -> str:
    meaning = {
        "track": version.track,
        "kind": version.kind,
        "start": version.start.isoformat(),
        "grandfathering": Told().of(version.grandfathering),
        "levels": [_level(level, policies, submitted_on) for level in version.levels],
    }
    return f"sha256:{sha_of(meaning)}"


def _level(level: Level, policies: PolicySet, submitted_on: date) -> Any:
    told = _ToldOn(level, submitted_on)
    facts, fields, derived = set(), set(), {}
    for part in _conditions(level):
        match part:
            case FactRef(name=name):
                facts.add(name)
            case FieldRef(name=name):
                fields.add(name)
            case Derived(name=name, of=of):
                derived[name] = told.of(of)
    used = {name: fact for name, fact in policies.vocabulary.facts.items() if name in facts}
    return {
        "level": told.of(level),
        "derived": derived,
        "facts": {name: _fact(fact, fields, told) for name, fact in used.items()},
    }


class _ToldOn(Told):
    """What a level means for requests of one day: only the rows that can matter for it are told."""

    def __init__(self, level: Level, submitted_on: date) -> None:
        super().__init__()
        self._submitted_on = submitted_on
        self._target = {
            "to.track": level.track, "to.level": level.level, "to.place": level.name, "to.grade": level.grade,
        }  # fmt: skip

    def _told(self, value: Any) -> Any:
        if isinstance(value, Choose) and value.dated:
            for start, end, amount in periods(value):
                if start <= self._submitted_on and (end is None or self._submitted_on < end):
                    return self.of(amount)
            return self.of(value.otherwise)
        if isinstance(value, Lookup) and isinstance(value.at, FactRef) and value.at.name in _TARGET:
            return self.of(Constant(_row(value, self._target[value.at.name]), value.type))
        return super()._told(value)


def _row(table: Lookup, key: Any) -> Any:
    found = [value for row, value in table.rows if (row <= key if table.bands else row == key)]
    return found[-1] if found else table.otherwise


def _fact(fact: Fact, fields: set[str], told: Told) -> Any:
    """What a fact means for those who judge by it; which other values one may send is no matter of theirs."""
    return {"absent": told.of(fact.absent_means), **_kind(fact.type, fields, told)}


def _kind(kind: FactType, fields: set[str], told: Told) -> dict[str, Any]:
    match kind:
        case Number(minimum=least, maximum=most):  # what is not told lies between them
            return {"kind": "number", "minimum": told.of(least), "maximum": told.of(most)}
        case Choice(choices=choices, ordered=True):
            return {"kind": "choice", "order": list(choices)}
        case ListOf(of=of):
            return {"kind": "list", "of": _kind(of, fields, told)}
        case Records(fields=every, dated_by=dated_by):
            used = {name: fact for name, fact in every.items() if name in fields or name == dated_by}
            return {
                "kind": "records",
                "dated_by": dated_by,
                "fields": {name: _fact(fact, fields, told) for name, fact in used.items()},
            }
        case _:
            return {"kind": kind.word}
