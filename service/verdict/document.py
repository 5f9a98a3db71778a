"""The document of a verdict: a decided case in; the JSON value that callers get and the log keeps, out.

Lists are there even when they are empty. Numbers with decimals are written as text, so that nothing passes
through a binary float. `log` and `links` come later, with the record.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from service.policy.model import Level
from service.verdict.case import Case
from service.verdict.change_text import change_document
from service.verdict.changes import what_would_change
from service.verdict.days import met_from
from service.verdict.explanation import Explainer
from service.verdict.later import eligible_from
from service.verdict.openings import Opening, open_to_you


def document_of(
    case: Case,
    explainer: Explainer,
    *,
    verdict_id: str,
    judged_at: datetime,
    engine: str,
    version_digest: str,
) -> dict[str, Any]:
    """Everything a verdict says."""
    request, selection, judgement = case.request, case.selection, case.judgement
    level, version = selection.level, selection.version
    met = days_met(case)
    named: dict[str, list[str]] = {"unmet": [], "unknown": [], "waived": []}
    for requirement, result in judgement.results:
        if result in named and requirement.kind == "required":
            named[result].append(requirement.id)
    return {
        "verdict_id": verdict_id,
        "request_id": request.request_id,
        "outcome": judgement.outcome,
        "summary": explainer.summary(judgement),
        "candidate": {"id": request.candidate},
        "from": _standing(case),
        "to": {"track": level.track, "level": level.level, "title": level.title, "grade": level.grade},
        "dates": {
            "submitted_on": request.submitted_on.isoformat(),
            "as_of": request.as_of.isoformat(),
            "judged_at": judged_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "policy": {
            "set": case.policies.digest,
            "files": case.policies.files_digest,
            "version": version.name,
            "digest": version_digest,
            "in_force_from": version.start.isoformat(),
            "selected_because": selection.because,
            "also_judged": [
                {"version": other.name, "in_force_from": other.start.isoformat(), "outcome": outcome}
                for other, outcome in case.also_judged
            ],
        },
        "findings": explainer.findings(judgement, met),
        **named,
        "missing_facts": explainer.questions(judgement),
        "eligible_from": _iso(eligible_from(case, met)),
        "what_would_change": changes_of(case),
        "open_to_you": [_opening(opening) for opening in open_to_you(case)],
        "way_back": way_back_of(level),
        "afterwards": [
            {"id": duty.id, "text": duty.text, "within": None if duty.within is None else str(duty.within)}
            for duty in level.afterwards
        ],
        "warnings": _warnings(case),
        "engine": engine,
    }


def days_met(case: Case) -> dict[str, date]:
    """For every requirement that is not passed: the day from which it would be, where there is one."""
    days: dict[str, date] = {}
    for requirement, result in case.judgement.results:
        if result in ("unmet", "unknown"):
            day = met_from(case, requirement)
            if day is not None:
                days[requirement.id] = day
    return days


def changes_of(case: Case) -> list[dict[str, Any]]:
    """A smallest set of changes that leads to `eligible`."""
    return [
        {"requirement": requirement, **change_document(remedy)}
        for requirement, remedy in what_would_change(case)
    ]


def _standing(case: Case) -> dict[str, Any] | None:
    level = case.selection.standing
    return None if level is None else {"track": level.track, "level": level.level, "grade": level.grade}


def _opening(opening: Opening) -> dict[str, Any]:
    return {
        "to": opening.level.name,
        "title": opening.level.title,
        "track": opening.version.title,
        "kind": opening.version.kind,
        "grade": opening.level.grade,
        "outcome": opening.judgement.outcome,
        "lacking": [
            {"requirement": name, "text": text, "result": result} for name, text, result in opening.lacking
        ],
    }


def way_back_of(level: Level) -> dict[str, Any] | None:
    """Where somebody may return to from a level, and until when."""
    return None if level.way_back is None else {"to": level.way_back.to, "months": level.way_back.months}


def _warnings(case: Case) -> list[dict[str, str]]:
    warnings = [{"pointer": fault.pointer, "message": fault.message} for fault in case.request.warnings]
    for waiver, reason in case.scope.waivers.refused:
        place = case.request.waivers.index(waiver)
        warnings.append(
            {
                "pointer": f"/waivers/{place}",
                "message": f"the waiver of `{waiver.requirement}` does not count: {reason}",
            }
        )
    return warnings


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
