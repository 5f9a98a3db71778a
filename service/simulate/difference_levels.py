"""Differences of levels: two versions of a track in; what changed in what they ask and bring, in
sentences, out."""

from __future__ import annotations

from collections.abc import Iterator

from service.policy.condition import Choose, Condition, Group, Lookup
from service.policy.meaning import Told, canonical
from service.policy.model import Level, Requirement, TrackVersion, Waiver
from service.policy.requirements import ROUTE
from service.policy.trees import walk
from service.simulate.difference_said import Change, moved
from service.verdict.text import condition_text


def levels_changed(old: TrackVersion, new: TrackVersion) -> Iterator[Change]:
    """What changed from one version to another, level by level."""
    before = {level.level: level for level in old.levels}
    after = {level.level: level for level in new.levels}
    for name, level in after.items():
        of = f"{new.name} {name}"
        if name not in before:
            said = f"the level {level.title} (grade {level.grade}) is new"
            yield Change("added", "level", of, said, level.place)
        else:
            yield from _level(before[name], level, of)
    for name, level in before.items():
        if name not in after:
            said = f"the level {level.title} (grade {level.grade}) is gone"
            yield Change("removed", "level", f"{new.name} {name}", said, level.place)
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        said = f"the levels stand in another order: {', '.join(after)}"
        yield Change("changed", "version", new.name, said, new.place)


def _level(old: Level, new: Level, of: str) -> Iterator[Change]:
    for what, before, after in _sides(old, new):
        if before != after:
            yield Change("changed", "level", of, moved(what, before, after), new.place)
    before_ids, after_ids = ({asked.id: asked for asked in level.requires} for level in (old, new))
    for id_, asked in after_ids.items():
        if id_ not in before_ids:
            said = f"`{id_}` is asked for as well: {asked.text}"
            yield Change("added", "requirement", of, said, asked.place, id_)
        elif id_ != ROUTE:
            yield from _requirement(before_ids[id_], asked, of)
    for id_, asked in before_ids.items():
        if id_ not in after_ids:
            said = f"`{id_}` is no longer asked for: {asked.text}"
            yield Change("removed", "requirement", of, said, asked.place, id_)


def _sides(old: Level, new: Level) -> Iterator[tuple[str, str, str]]:
    """What a level brings, in words, before and after."""
    yield "grade", str(old.grade), str(new.grade)
    yield "pay", _pay(old), _pay(new)
    yield "entered from", _way_in(old), _way_in(new)
    yield "way back, in months", _way_back(old), _way_back(new)
    yield "an end in itself", _yes_no(old.mastery), _yes_no(new.mastery)
    yield "afterwards", _duties(old), _duties(new)


def _pay(level: Level) -> str:
    return "" if level.pay is None else f"{level.pay.low} to {level.pay.high} {level.pay.currency}"


def _way_in(level: Level) -> str:
    if level.enter_from is None:
        return "anywhere"
    return ", ".join(level.enter_from) or "no ladder yet"


def _way_back(level: Level) -> str:
    return "" if level.way_back is None else str(level.way_back.months)


def _yes_no(answer: bool) -> str:
    return "yes" if answer else "no"


def _duties(level: Level) -> str:
    return ", ".join(
        f"{duty.id}{f' within {duty.within}' if duty.within else ''}" for duty in level.afterwards
    )


def _requirement(old: Requirement, new: Requirement, of: str) -> Iterator[Change]:
    place, id_ = new.place, new.id
    for what, before, after in (
        ("asks", old.condition, new.condition),
        ("applies when", old.applies_when, new.applies_when),
        ("is lifted when", old.unless, new.unless),
    ):
        said = _condition(id_, what, before, after)
        if said:
            yield Change("changed", "requirement", of, said, place, id_)
    sides = (
        ("kind", old.kind, new.kind),
        ("waiver", _waiver(old.waiver), _waiver(new.waiver)),
        ("about", ", ".join(old.about), ", ".join(new.about)),
    )
    for what, before_text, after_text in sides:
        if before_text != after_text:
            said = f"`{id_}`: {moved(what, before_text, after_text)}"
            yield Change("changed", "requirement", of, said, place, id_)


def _condition(id_: str, what: str, old: Condition | None, new: Condition | None) -> str:
    """What changed in one condition; empty when nothing did, or when it is told of the table it looks
    into."""
    if Told().of(old) == Told().of(new):
        return ""
    before, after = ("always" if each is None else f"“{condition_text(each)}”" for each in (old, new))
    if what == "is lifted when":
        before, after = (text.replace("always", "never") for text in (before, after))
    if before != after:
        parts = _parts(old, new)
        return f"`{id_}` {what}: {parts}" if parts else f"`{id_}` {what} {after}; before: {before}"
    if _looked_up(old) != _looked_up(new):
        return ""  # the table says it
    return f"`{id_}` {what} {after}, as before in these words, but something inside means something else"


def _parts(old: Condition | None, new: Condition | None) -> str:
    """What changed among the parts of a group; empty where it is better to say both conditions whole."""
    if not isinstance(old, Group) or not isinstance(new, Group) or old.kind != new.kind:
        return ""
    before, after = ({canonical(Told().of(part)): part for part in group.of} for group in (old, new))
    if not before.keys() & after.keys():
        return ""
    said = []
    if new.kind == "at_least":
        said.append(f"at least {new.needed} of {len(new.of)}, before at least {old.needed} of {len(old.of)}")
    else:
        said.append(
            {"all_of": "all of several", "any_of": "one of several", "none_of": "none of several"}[new.kind]
        )
    for word, here, there in (("new among them", after, before), ("no longer among them", before, after)):
        texts = [f"“{condition_text(part)}”" for key, part in here.items() if key not in there]
        said += [f"{word}: {', '.join(texts)}"] if texts else []
    return "; ".join(said)


def _looked_up(condition: Condition | None) -> list[bytes]:
    """What a condition looks up in tables and figures by date."""
    parts = () if condition is None else walk(condition)
    looks = [part for part in parts if isinstance(part, Lookup) or (isinstance(part, Choose) and part.dated)]
    return sorted(canonical(Told().of(part)) for part in looks)


def _waiver(waiver: Waiver | None) -> str:
    if waiver is None:
        return ""
    return f"by {', '.join(waiver.by)}" + (f" for at most {waiver.at_most}" if waiver.at_most else "")
