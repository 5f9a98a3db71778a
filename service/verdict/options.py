"""Options: a candidate with their present level in; every level to which it leads, judged, with what each
still asks, out.

Decided as a verdict is, by durable-rules and the reference; but nobody has asked for any of these levels, so
there is no verdict and nothing to record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from service.errors import RequestError
from service.facts.request import Request
from service.facts.schema import read_options_request
from service.policy.model import Level, PolicySet
from service.policy.selection import Selection, select, standing_of
from service.policy.ways import Ways
from service.verdict.case import Case
from service.verdict.document import changes_of, days_met, way_back_of
from service.verdict.explanation import Explainer
from service.verdict.later import eligible_from
from service.verdict.openings import Opening, rank


def options_of(
    raw: Any,
    policies: PolicySet,
    ways: Ways,
    *,
    judged_at: datetime,
    engine: str,
    judge: Callable[[Request, Selection], tuple[Case, Explainer]],
) -> dict[str, Any]:
    """What a candidate may ask for next.

    Args:
        raw: The JSON value of the request, numbers exact.
        policies: What is judged by.
        ways: Where one may go by them.
        judged_at: Now, in UTC.
        engine: What decides, with its version.
        judge: Decides a request; gives the case, and what explains its level.

    Raises:
        RequestError: everything that is wrong with the request.
        EngineError: the engine could not decide with certainty.
    """
    request, wrong = read_options_request(raw, policies.vocabulary, today=judged_at.date())
    standing = None if request is None else standing_of(request, policies, wrong)
    if request is None or wrong:
        raise RequestError(wrong)
    onward = ways.onward(standing, request.submitted_on, request.as_of)
    places = dict.fromkeys((level.track, level.level) for _, level in onward)
    found: list[tuple[Opening, dict[str, Any]]] = []
    for track, level in places:
        asked = replace(request, to_track=track, to_level=level)
        selection, _ = select(asked, policies)
        if selection is not None:
            case, explainer = judge(asked, selection)
            settled = case.selection
            opening = Opening(settled.version, settled.level, case.judgement)
            found.append((opening, _option(opening, case, explainer)))
    found.sort(key=lambda each: rank(each[0]))
    return {
        "candidate": {"id": request.candidate},
        "from": None if standing is None else _standing(standing),
        "dates": {
            "submitted_on": request.submitted_on.isoformat(),
            "as_of": request.as_of.isoformat(),
            "judged_at": judged_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "policy": {"set": policies.digest, "files": policies.files_digest},
        "options": [option for _, option in found],
        "warnings": [{"pointer": fault.pointer, "message": fault.message} for fault in request.warnings],
        "engine": engine,
    }


def _standing(level: Level) -> dict[str, Any]:
    return {
        "track": level.track,
        "level": level.level,
        "title": level.title,
        "grade": level.grade,
        "mastery": level.mastery,
    }


def _option(opening: Opening, case: Case, explainer: Explainer) -> dict[str, Any]:
    level, version, days = opening.level, opening.version, days_met(case)
    from_day = eligible_from(case, days)
    return {
        "to": level.name,
        "title": level.title,
        "track": version.title,
        "kind": version.kind,
        "grade": level.grade,
        "version": version.name,
        "outcome": opening.judgement.outcome,
        "summary": explainer.summary(opening.judgement),
        "lacking": [
            {
                "requirement": requirement.id,
                "text": requirement.text,
                "result": result,
                "why": requirement.why,
                "to_meet": requirement.to_meet,
                "met_from": days[requirement.id].isoformat() if requirement.id in days else None,
            }
            for requirement, result in opening.open_ends
        ],
        "missing_facts": explainer.questions(opening.judgement),
        "eligible_from": None if from_day is None else from_day.isoformat(),
        "what_would_change": changes_of(case),
        "way_back": way_back_of(level),
        "links": {
            "facts": f"/v1/facts?for={level.name}&on={case.request.submitted_on}",
            "track": f"/v1/tracks/{level.track}?on={case.request.submitted_on}",
        },
    }
