"""Openings: the levels, on any track, to which this person's present level leads, and what each still lacks.

A case in; judgements out, craft tracks first. Judged by the reference; what does not depend on the level
asked for is not worked out again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.engine.evaluate import PASSED, Judgement, Result, judge
from service.facts.request import Request
from service.policy.model import Level, PolicySet, Requirement, TrackVersion
from service.policy.versions import judged_by
from service.verdict.case import Case
from service.verdict.settled import RANK


@dataclass(frozen=True, slots=True)
class Opening:
    """A level that the candidate could ask for, judged as of the same day."""

    version: TrackVersion
    level: Level
    judgement: Judgement

    @property
    def open_ends(self) -> Iterator[tuple[Requirement, Result]]:
        """Each required requirement that is not passed, with its result."""
        for requirement, result in self.judgement.results:
            if requirement.kind == "required" and result not in PASSED:
                yield requirement, result

    @property
    def lacking(self) -> Iterator[tuple[str, str, str]]:
        """Id, sentence and result of each of these."""
        for requirement, result in self.open_ends:
            yield requirement.id, requirement.text, result


def open_to_you(case: Case) -> list[Opening]:
    """Every level but the one asked for whose `enter_from` names the candidate's present level."""
    if case.request.standing is None:
        return []  # where the candidate stands was not told
    openings: dict[str, Opening] = {}
    for version, level in reachable(case.policies, case.request, case.selection.standing):
        if level.name != case.selection.level.name:
            opening = Opening(version, level, judge(level, case.for_level(level)))
            known = openings.get(level.name)
            if known is None or RANK[opening.judgement.outcome] < RANK[known.judgement.outcome]:
                openings[level.name] = opening  # of several versions that judge, the most favourable
    return sorted(openings.values(), key=rank)


def rank(opening: Opening) -> tuple[bool, int, int, str]:
    """Craft before people, open before closed, then by grade and name."""
    closed = RANK[opening.judgement.outcome]
    return opening.version.kind == "people", closed, opening.level.grade, opening.level.name


def reachable(
    policies: PolicySet, request: Request, standing: Level | None
) -> Iterator[tuple[TrackVersion, Level]]:
    """The levels whose `enter_from` names a level, in every version that judges; those that begin a track for
    people on no ladder."""
    place = None if standing is None else standing.name
    for versions in policies.tracks.values():
        for version in reversed(judged_by(versions, request.submitted_on, request.as_of)):
            for index, level in enumerate(version.levels):
                if place is None:
                    reached = (
                        not level.enter_from and index == 0
                    )  # the first level of a track: for people on no ladder
                else:
                    reached = level.enter_from is not None and place in level.enter_from
                if reached:
                    yield version, level
