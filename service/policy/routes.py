"""How levels lead to each other: all versions of all tracks in; versions with a `route` per level, out.

Versions of one track must follow each other without overlap, and a level may only be entered from levels
that exist while it is in force. The way in is itself a requirement, always the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise

from service.errors import did_you_mean
from service.facts.calendar import spoken
from service.facts.types import Text, YesNo
from service.facts.vocabulary import ALWAYS_THERE
from service.policy.condition import Comparison, Condition, Constant, FactRef, Place
from service.policy.model import Level, Requirement, TrackVersion
from service.policy.reader import Report, place_of, quoted, shape, unknown_word, within
from service.policy.requirements import ROUTE
from service.policy.source import ListNode, TextNode
from service.policy.tracks import LevelDraft, TrackDraft

ANYONE = "anyone"
_MOST_NAMED = 6  #: levels named in the sentence of a route
_AS_OF, _FROM_PLACE, _ON_LADDER = (
    FactRef(fact.name, fact.type, fact.label)
    for fact in map(ALWAYS_THERE.__getitem__, ("as_of", "from.place", "from.on_ladder"))
)


def check_periods(drafts: Mapping[str, list[TrackDraft]], report: Report) -> None:
    """Versions that are in force on the same day are a problem; days between two versions a warning."""
    for versions in drafts.values():
        for earlier, later in pairwise(version for version in versions if version.named_well):
            if earlier.end is None or earlier.end > later.start:
                until = "without an end" if earlier.end is None else f"up to {earlier.end}"
                message = (
                    f"from {later.start} two versions of {quoted(later.track)} are in force: this one "
                    f"and `{earlier.file}`, "
                    f"which runs {until}; end that one with `to: {later.start}`"
                )
                report.at(later.start_at, message)
            elif earlier.end < later.start:
                message = (
                    f"no version of {quoted(later.track)} is in force from {spoken(earlier.end)} "
                    f"until {spoken(later.start)}, "
                    f"between `{earlier.file}` and this one"
                )
                report.warn(later.start_at, message)
            if earlier.kind != later.kind:
                message = (
                    f"{quoted(later.track)} is a {earlier.kind} track in `{earlier.file}`; a "
                    "track keeps its kind"
                )
                report.at(later.lines.key("kind"), message)


def with_routes(draft: TrackDraft, drafts: Mapping[str, list[TrackDraft]], report: Report) -> TrackVersion:
    """A version with its levels, each with its way in."""
    levels = []
    below: LevelDraft | None = None
    for level in draft.levels:
        enter_from = _enter_from(draft, level, below, drafts, report)
        place = place_of(level.lines.node)
        route = _route(enter_from, draft, drafts, place)
        levels.append(
            Level(
                track=draft.track,
                level=level.level,
                title=level.title,
                grade=level.grade,
                place=place,
                enter_from=enter_from,
                requires=(route, *level.requires),
                pay=level.pay,
                way_back=level.way_back,
                mastery=level.mastery,
                afterwards=level.afterwards,
            )
        )
        below = level
    return TrackVersion(
        track=draft.track,
        title=draft.title,
        kind=draft.kind,
        start=draft.start,
        end=draft.end,
        levels=tuple(levels),
        place=place_of(draft.lines.node),
        source=draft.source,
        grandfathering=draft.grandfathering,
        withdrawn=draft.withdrawn,
    )


def _enter_from(
    draft: TrackDraft,
    level: LevelDraft,
    below: LevelDraft | None,
    drafts: Mapping[str, list[TrackDraft]],
    report: Report,
) -> tuple[str, ...] | None:
    """The places from which a level is entered, the level below first; None: anyone may come."""
    first = () if below is None else (f"{draft.track}/{below.level}",)
    node = level.lines.get("enter_from")
    if node is None:
        return first
    if isinstance(node, TextNode) and node.value == ANYONE:
        return None
    places = list(first)
    if not isinstance(node, ListNode):
        here = (
            f"here stands {shape(node)}"
            if not isinstance(node, TextNode)
            else f"{quoted(node.value)} is no list"
        )
        report.at(node, f"{here}; write a list such as `[software-craft/senior]`, or `{ANYONE}`")
        return first
    if not node.items:
        report.at(
            node, "this list is empty; name a level such as `software-craft/senior`, or delete the line"
        )
    for item in node.items:
        if not isinstance(item, TextNode):
            report.at(
                item,
                f"here stands {shape(item)}; write a level as `track/level`, such as `software-craft/senior`",
            )
            continue
        part, message = _unreachable(item.value, draft, level, drafts, report)
        if message:
            report.at(within(item, part, last=part != item.value.partition("/")[0]), message)
        elif item.value not in places:
            places.append(item.value)
    return tuple(places)


def _unreachable(
    place: str, draft: TrackDraft, level: LevelDraft, drafts: Mapping[str, list[TrackDraft]], report: Report
) -> tuple[str, str]:
    """Why nobody can come from a place, and the part of it that is wrong; empty texts when somebody can."""
    track, slash, name = place.partition("/")
    if place == f"{draft.track}/{level.level}":
        return place, f"{quoted(place)} is this level itself; a level is entered from others"
    if place == ANYONE:
        return place, f"`{ANYONE}` stands alone: write `enter_from: {ANYONE}`"
    if not slash:
        owners = [each for each in _places(drafts) if each.endswith(f"/{place}")]
        hint = (
            f"; did you mean `{owners[0]}`?"
            if owners
            else "; write `track/level`, such as `software-craft/senior`"
        )
        return place, f"{quoted(place)} names no track{hint}"
    if any(file.startswith(f"tracks/{track}/") for file in report.headless):
        return "", ""
    if track not in drafts:
        hint = did_you_mean(place, _places(drafts)) or did_you_mean(track, drafts)
        return (
            track,
            f"{quoted(track)} is not a track{hint or '; make a folder for it in `tracks/`, or take it out'}",
        )
    if not all(version.levels_whole for version in drafts[track]):
        return "", ""
    there = [version for version in drafts[track] if any(one.level == name for one in version.levels)]
    if not there:
        return name, unknown_word(name, _levels_of(drafts[track]), f"a level of {quoted(track)}")
    if not any(_meet(version, draft) for version in there):
        when = f"while this version is in force (from {draft.start})"
        return place, f"{quoted(place)} does not exist {when}; take it out"
    return "", ""


def _places(drafts: Mapping[str, list[TrackDraft]]) -> list[str]:
    return [f"{track}/{level}" for track, versions in drafts.items() for level in _levels_of(versions)]


def _levels_of(versions: list[TrackDraft]) -> list[str]:
    return list(dict.fromkeys(level.level for version in versions for level in version.levels))


def _meet(one: TrackDraft, other: TrackDraft) -> bool:
    """Whether two versions are in force on a common day."""
    return one.start < (other.end or date.max) and other.start < (one.end or date.max)


def _route(
    enter_from: tuple[str, ...] | None,
    draft: TrackDraft,
    drafts: Mapping[str, list[TrackDraft]],
    place: Place,
) -> Requirement:
    """The way into a level, as its first requirement."""
    condition: Condition
    if enter_from is None:
        text, why = (
            "Open to everyone, from any level and from outside",
            "Nobody has to come from another level.",
        )
        condition = Comparison(_AS_OF, "is_known", (), place=place)
    elif not enter_from:
        text, why = "Open to people who are on no ladder yet", "This is where the track begins."
        condition = Comparison(_ON_LADDER, "is", (Constant(False, YesNo()),), place=place)
    else:
        text, why = (
            f"Comes from {_named(enter_from, draft, drafts)}",
            "A level is reached from the levels that lead to it.",
        )
        right = tuple(Constant(each, Text()) for each in enter_from)
        condition = Comparison(_FROM_PLACE, "one_of", right, place=place)
    return Requirement(id=ROUTE, text=text, why=why, condition=condition, place=place)


def _named(places: tuple[str, ...], draft: TrackDraft, drafts: Mapping[str, list[TrackDraft]]) -> str:
    if len(places) > _MOST_NAMED:
        return f"one of the {len(places)} levels that lead here"
    titles = list(dict.fromkeys(_title(place, draft, drafts) for place in places))
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} or {titles[-1]}"


def _title(place: str, draft: TrackDraft, drafts: Mapping[str, list[TrackDraft]]) -> str:
    """The title of a level, as it is called when this version begins, or later in its time."""
    track, _, name = place.partition("/")
    versions = [version for version in drafts.get(track, ()) if _meet(version, draft)]
    return next((one.title for version in versions for one in version.levels if one.level == name), name)
