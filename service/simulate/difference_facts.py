"""Differences of the vocabulary: two policy sets in; what changed in facts, derived facts, tables and
figures, in sentences, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.facts.calendar import spoken
from service.facts.types import Choice, Fact, FactType, ListOf, Number, Records
from service.policy.meaning import Told
from service.policy.model import Figures, FiguresPeriod, PolicySet
from service.simulate.difference_said import Change, moved
from service.verdict.text import amount_text


def facts_changed(old: PolicySet, new: PolicySet) -> Iterator[Change]:
    """What changed in `facts.yaml`."""
    yield from _facts(old.vocabulary.facts, new.vocabulary.facts)
    for name, derived in new.derived.items():
        before = old.derived.get(name)
        if before is None:
            said = f"the derived fact `{name}` is new: {amount_text(derived.of)}"
            yield Change("added", "derived", name, said)
        elif Told().of(before.of) != Told().of(derived.of):
            was, now = amount_text(before.of), amount_text(derived.of)
            said = (
                f"`{name}` is “{now}”; before: “{was}”" if was != now else f"`{name}` is calculated otherwise"
            )
            yield Change("changed", "derived", name, said)
    for name in old.derived:
        if name not in new.derived:
            yield Change("removed", "derived", name, f"the derived fact `{name}` is gone")
    for name, figures in new.figures.items():
        yield from _figures(old.figures.get(name), figures)
    for name, figures in old.figures.items():
        if name not in new.figures:
            said = f"the {figures.kind} `{name}` is gone"
            yield Change("removed", figures.kind, name, said, figures.place)


def _facts(old: Mapping[str, Fact], new: Mapping[str, Fact]) -> Iterator[Change]:
    for name, fact in new.items():
        if name not in old:
            yield Change("added", "fact", name, f"the fact `{name}` ({fact.label}) is new")
            continue
        for what, was, now in _sides(old[name], fact):
            if was != now:
                yield Change("changed", "fact", name, f"`{name}`: {moved(what, was, now)}")
    for name, fact in old.items():
        if name not in new:
            yield Change("removed", "fact", name, f"the fact `{name}` ({fact.label}) is gone")


def _sides(old: Fact, new: Fact) -> Iterator[tuple[str, str, str]]:
    """What a fact is, in words, before and after."""
    yield "type", _type(old.type), _type(new.type)
    yield "left out, it means", _absent(old.absent_means), _absent(new.absent_means)
    for name in ("protected", "sensitive", "can_change"):
        was, now = ("yes" if getattr(fact, name) else "no" for fact in (old, new))
        yield name.replace("_", " "), was, now
    if isinstance(old.type, Records) and isinstance(new.type, Records):
        fields = {**old.type.fields, **new.type.fields}
        for name in fields:
            was, now = (_field(kind.fields.get(name)) for kind in (old.type, new.type))
            yield f"the field `{name}`", was, now


def _field(fact: Fact | None) -> str:
    return "" if fact is None else f"{_type(fact.type)}, left out: {_absent(fact.absent_means)}"


def _absent(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value == () else str(value)


def _type(kind: FactType) -> str:
    match kind:
        case Number(unit=unit, decimals=decimals, minimum=least, maximum=most):
            parts = [
                f"in {unit}" if unit else "", "" if decimals is None else f"with {decimals} decimals",
                "" if least is None else f"from {least}", "" if most is None else f"up to {most}",
            ]  # fmt: skip
            return " ".join(["number", *(part for part in parts if part)])
        case Choice(choices=choices, ordered=ordered):
            return f"choice of {', '.join(choices)}{' (lowest first)' if ordered else ''}"
        case ListOf(of=of):
            return f"list of {_type(of)}"
        case Records(dated_by=dated_by):
            return f"records{f' dated by {dated_by}' if dated_by else ''}"
        case _:
            return kind.word


def _figures(old: Figures | None, new: Figures) -> Iterator[Change]:
    what = f"{new.kind} `{new.name}`"
    if old is None:
        yield Change("added", new.kind, new.name, f"the {what} is new", new.place)
        return
    before = {period.start: period for period in old.periods}
    after = {period.start: period for period in new.periods}
    if set(before) == {None} and len(after) == 1 and None not in after:
        (period,) = after.values()
        yield Change(
            "changed", new.kind, new.name, f"the {what} says something {_when(period)} only", period.place
        )
        before = {period.start: before[None]}
    for start, period in after.items():
        was = before.get(start)
        when = "" if start is None else f" {_when(period)}"
        if was is None:
            said = f"the {what} has a new period {_when(period)}: {_said(period)}"
            yield Change("added", new.kind, new.name, said, period.place)
            continue
        if start is not None and was.start is not None and was.end != period.end:
            said = f"the {what} holds {_when(period)}; before: {_when(was)}"
            yield Change("changed", new.kind, new.name, said, period.place)
        if was.bands != period.bands and new.kind != "figure":
            said = f"the {what} is looked up by {'bands' if period.bands else 'rows'}"
            yield Change("changed", new.kind, new.name, said, period.place)
        rows, earlier = dict(period.said), dict(was.said)
        for key in dict.fromkeys((*rows, *earlier)):
            if rows.get(key) != earlier.get(key):
                told = moved(f"{what}{_key(key)}{when}", earlier.get(key, ""), rows.get(key, ""))
                yield Change("changed", new.kind, new.name, told, period.place)
    for start, was in before.items():
        if start not in after:
            said = f"the {what} no longer has a period {_when(was)}"
            yield Change("removed", new.kind, new.name, said, was.place)


def _key(key: str) -> str:
    return "" if key == "value" else f" for {key}"


def _said(period: FiguresPeriod) -> str:
    return ", ".join(value if key == "value" else f"{value} for {key}" for key, value in period.said)


def _when(period: FiguresPeriod) -> str:
    if period.start is None:
        return "at all times"
    until = "" if period.end is None else f" until {spoken(period.end)}"
    return f"from {spoken(period.start)}{until}"
