"""Later versions: a case in; the same by the versions that judge on a later day, and the first day on which
it is eligible, out.

With grandfathering, the day on which a promotion takes effect decides which versions judge it. Each stretch
of days with the same versions is looked at for itself. Knows nothing of how a day is found within one:
`verdict.days`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise

from service.engine.evaluate import judge, scope_for
from service.facts.calendar import LAST_DAY, add
from service.policy.selection import Selection, select
from service.policy.versions import turning_days
from service.verdict import days
from service.verdict.case import Case


def eligible_from(case: Case, met: dict[str, date]) -> date | None:
    """The first day on which the same facts would be eligible by the versions that judge on that day; `met`
    holds `met_from` of each failing requirement."""
    if case.judgement.outcome == "eligible":
        return None
    stretches = same_versions(case)
    alone = days.eligible_from(case, met)
    if len(stretches) == 1 and not case.also_judged:
        return alone
    for begins, ends in stretches:
        found = [day for each in by_version(case, begins) if (day := _first(each)) is not None and day < ends]
        if found:
            return min(found)
    return None


def same_versions(case: Case) -> list[tuple[date, date]]:
    """The stretches of days to come, each up to the day before the second, that the same versions judge."""
    request = case.request
    turns = turning_days(case.policies.tracks.get(request.to_track, ()), request.as_of)
    last = min(LAST_DAY, add(request.as_of, days.AHEAD))
    return list(pairwise([request.as_of, *(day for day in turns if day <= last), last + days.ONE_DAY]))


def _first(case: Case) -> date | None:
    """The first day, that of the case included, on which it is eligible by its version."""
    if case.judgement.outcome == "eligible":
        return case.request.as_of
    met = {
        requirement.id: day
        for requirement in case.failing()
        if (day := days.met_from(case, requirement)) is not None
    }
    return days.eligible_from(case, met)


def by_version(case: Case, day: date) -> Iterator[Case]:
    """The case on another day, by each version that judges it then."""
    request = replace(case.request, as_of=day)
    selection, _ = select(request, case.policies)
    if selection is None:
        return  # the level does not exist then, or the version that was named may no longer judge
    for version, level in ((selection.version, selection.level), *selection.favourable):
        case.mentions.of_level(level)
        judgement = judge(level, scope_for(request, level, selection.standing))
        chosen = Selection(version=version, level=level, standing=selection.standing)
        yield replace(
            case, request=request, selection=chosen, judgement=judgement, also_judged=(), days={}, met_from={}
        )
