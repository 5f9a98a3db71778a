"""Selection: which versions and which level a request is about, and where its candidate stands.

Which versions judge is `policy.versions`; here they are looked through for the level that is asked for, and
for the version that a request may name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.errors import Fault, did_you_mean
from service.facts.calendar import spoken
from service.facts.request import Request
from service.policy.model import Level, PolicySet, TrackVersion
from service.policy.versions import Judging, judging


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the policies hold for a request.

    `favourable` holds further versions that judge it as well: the most favourable of all counts. `compared`
    holds those that are judged and shown beside, without deciding. Both come with the level asked for.
    """

    version: TrackVersion  #: the newest of those that judge it
    level: Level  #: the level asked for
    standing: Level | None  #: the level the candidate holds; None for somebody on no ladder, or not told
    because: str = ""  #: why this version; without capital and full stop
    favourable: tuple[tuple[TrackVersion, Level], ...] = ()  #: newest first
    compared: tuple[tuple[TrackVersion, Level], ...] = ()  #: newest first


def select(request: Request, policies: PolicySet) -> tuple[Selection | None, list[Fault]]:
    """The versions that judge a request, with the level asked for, or all that stands in the way."""
    wrong: list[Fault] = []
    found = _judging(request.to_track, "/to", request, policies, wrong)
    if found is not None and request.version is not None:
        found = _named(request.version, found, request, policies, wrong)
    levels = [] if found is None else _with_level(found, request.to_level, wrong)
    standing = standing_of(request, policies, wrong)
    if levels and request.waivers:
        wrong += _unknown_waivers(request, levels)
    if found is None or not levels or wrong:
        return None, wrong
    compared = _having(found.compared, request.to_level)
    (version, level), favourable = levels[0], levels[1:]
    because = found.why
    if version not in found.by:
        because += f", but that one has no level `{request.to_level}`; `{version.name}` has it"
    selection = Selection(
        version=version, level=level, standing=standing, because=because, favourable=tuple(favourable),
        compared=tuple(each for each in compared if each[0] is not version),
    )  # fmt: skip
    return selection, wrong


def _judging(
    track: str, pointer: str, request: Request, policies: PolicySet, wrong: list[Fault]
) -> Judging | None:
    """The versions of a track that judge a request."""
    if track not in policies.tracks:
        message = f"there is no track `{track}`{did_you_mean(track, policies.tracks)}"
        wrong.append(
            Fault(f"{pointer}/track", message, f"one of {_listed(policies.tracks)}", "an unknown track")
        )
        return None
    versions = policies.tracks[track]
    found = judging(versions, request.submitted_on, request.as_of)
    if found is None:
        on, starts = spoken(request.submitted_on), spoken(versions[0].start)
        message = f"no version of `{track}` is in force on {on}; the first starts on {starts}"
        wrong.append(Fault(f"{pointer}/track", message, "a track with a version in force", "none in force"))
    return found


def _named(
    name: str, found: Judging, request: Request, policies: PolicySet, wrong: list[Fault]
) -> Judging | None:
    """The version that a request names, when it may."""
    version = found.version(name)
    if version is not None:
        in_force = version.holds_on(request.submitted_on)
        then = f"in force on {spoken(request.submitted_on)}, the day of the request"
        why = f"the request names this version, which is {then if in_force else 'honoured by grandfathering'}"
        return Judging(by=(version,), why=why, usable=found.usable)
    usable = _listed(each.name for each in found.usable)
    expected = f"one of {usable}" if len(found.usable) > 1 else usable
    message = f"{_why_not(name, request, policies)}; send {expected}, or leave `version` out"
    wrong.append(Fault("/version", message, expected, "another version"))
    return None


def _why_not(name: str, request: Request, policies: PolicySet) -> str:
    """Why a version may not be named by a request."""
    versions = policies.tracks[request.to_track]
    taken_back = next((version for version in policies.withdrawn if version.name == name), None)
    if taken_back is not None and taken_back.withdrawn is not None:
        why = f": {taken_back.withdrawn.why}" if taken_back.withdrawn.why else ""
        return f"`{name}` was withdrawn on {spoken(taken_back.withdrawn.on)}, before it began{why}"
    track = name.partition("/")[0]
    if track != request.to_track and track in policies.tracks:
        return f"`{name}` is a version of another track than `{request.to_track}`"
    if all(version.name != name for version in versions):
        return f"there is no version `{name}`"
    asked, effect = spoken(request.submitted_on), spoken(request.as_of)
    return f"`{name}` does not judge a request submitted on {asked} that takes effect on {effect}"


def _with_level(found: Judging, name: str, wrong: list[Fault]) -> list[tuple[TrackVersion, Level]]:
    """The versions that judge, newest first, with the level asked for.

    An older version that is honoured but has no such level leaves it to the newer ones.
    """
    newer = [version for version in found.compared if version.start > found.by[-1].start]
    levels = _having(found.by, name) or _having(newer[:1], name)
    if not levels:
        version = found.by[-1]
        known = [each.level for each in version.levels]
        message = f"`{version.track}` has no level `{name}`{did_you_mean(name, known)}"
        wrong.append(Fault("/to/level", message, f"one of {_listed(known)}", "an unknown level"))
    return levels


def _having(versions: Iterable[TrackVersion], name: str) -> list[tuple[TrackVersion, Level]]:
    """The versions that have a level, newest first."""
    levels = [(version, version.level(name)) for version in versions]
    return [(version, level) for version, level in reversed(levels) if level is not None]


def standing_of(request: Request, policies: PolicySet, wrong: list[Fault]) -> Level | None:
    """The level the candidate holds, as the version in force on the day of the request has it; what is wrong
    with it is added to `wrong`."""
    standing = request.standing
    if standing is None or standing.track is None or standing.level is None:
        return None
    version = policies.version(standing.track, request.submitted_on)
    if version is None:
        _judging(standing.track, "/from", request, policies, wrong)  # says why there is none
        return None
    level = version.level(standing.level)
    if level is None:
        known = [each.level for each in version.levels]
        message = f"`{version.track}` has no level `{standing.level}`{did_you_mean(standing.level, known)}"
        wrong.append(Fault("/from/level", message, f"one of {_listed(known)}", "an unknown level"))
    return level


def _unknown_waivers(request: Request, levels: list[tuple[TrackVersion, Level]]) -> Iterator[Fault]:
    """Waivers of requirements that none of the versions has."""
    known = list(dict.fromkeys(asked.id for _, level in levels for asked in level.requires))
    for index, waiver in enumerate(request.waivers):
        if waiver.requirement not in known:
            message = f"`{levels[0][1].name}` has no requirement `{waiver.requirement}`"
            message += did_you_mean(waiver.requirement, known)
            yield Fault(
                f"/waivers/{index}/requirement", message, f"one of {_listed(known)}", "an unknown requirement"
            )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
