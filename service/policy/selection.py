"""Selection: which version and which level a request is about, and where its candidate stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.errors import Fault, did_you_mean
from service.facts.calendar import spoken
from service.facts.request import Request
from service.policy.model import Level, PolicySet, TrackVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the policies hold on the day a request was submitted."""

    version: TrackVersion
    level: Level  #: the level asked for
    standing: Level | None  #: the level the candidate holds; None for somebody on no ladder, or not told


def select(request: Request, policies: PolicySet) -> tuple[Selection | None, list[Fault]]:
    """The version in force on `submitted_on` with the level asked for, or all that stands in the way."""
    wrong: list[Fault] = []
    version, level = _find(request.to_track, request.to_level, "/to", request, policies, wrong)
    standing = None
    if (
        request.standing is not None
        and request.standing.track is not None
        and request.standing.level is not None
    ):
        _, standing = _find(request.standing.track, request.standing.level, "/from", request, policies, wrong)
    if level is not None:
        wrong += _unknown_waivers(request, level)
    if version is None or level is None or wrong:
        return None, wrong
    return Selection(version=version, level=level, standing=standing), wrong


def _find(
    track: str, name: str, pointer: str, request: Request, policies: PolicySet, wrong: list[Fault]
) -> tuple[TrackVersion | None, Level | None]:
    if track not in policies.tracks:
        message = f"there is no track `{track}`{did_you_mean(track, policies.tracks)}"
        wrong.append(
            Fault(f"{pointer}/track", message, f"one of {_listed(policies.tracks)}", "an unknown track")
        )
        return None, None
    version = policies.version(track, request.submitted_on)
    if version is None:
        first = policies.tracks[track][0].start
        on, starts = spoken(request.submitted_on), spoken(first)
        message = f"no version of `{track}` is in force on {on}; the first starts on {starts}"
        wrong.append(Fault(f"{pointer}/track", message, "a track with a version in force", "none in force"))
        return None, None
    level = version.level(name)
    if level is None:
        known = [each.level for each in version.levels]
        message = f"`{track}` has no level `{name}`{did_you_mean(name, known)}"
        wrong.append(Fault(f"{pointer}/level", message, f"one of {_listed(known)}", "an unknown level"))
    return version, level


def _unknown_waivers(request: Request, level: Level) -> Iterator[Fault]:
    known = [requirement.id for requirement in level.requires]
    for index, waiver in enumerate(request.waivers):
        if waiver.requirement not in known:
            message = f"`{level.name}` has no requirement `{waiver.requirement}`"
            message += did_you_mean(waiver.requirement, known)
            yield Fault(
                f"/waivers/{index}/requirement", message, f"one of {_listed(known)}", "an unknown requirement"
            )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
