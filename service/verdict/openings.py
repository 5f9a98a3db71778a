"""Openings: the levels, on any track, to which this person's present level leads, and what each still lacks.

A case in; judgements out, craft tracks first. Judged by the reference; what does not depend on the level
asked for is not worked out again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.engine.evaluate import PASSED, Judgement, Result, judge
from service.policy.model import Level, Requirement, TrackVersion
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
    request = case.request
    for version, level in case.ways.onward(case.selection.standing, request.submitted_on, request.as_of):
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
