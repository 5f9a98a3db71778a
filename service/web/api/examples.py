"""What the OpenAPI document shows: the brilliant coder who asks to lead without training, and the verdict,
shortened.
"""

from __future__ import annotations

from typing import Any, Final

REQUEST_EXAMPLE: Final[dict[str, Any]] = {
    "request_id": "wf-8812",
    "candidate": {"id": "E-1042"},
    "from": {"track": "software-craft", "level": "senior"},
    "to": {"track": "people-lead", "level": "team-lead"},
    "submitted_on": "2026-11-20",
    "as_of": "2027-01-01",
    "facts": {
        "wants_people_role": True,
        "trainings": [{"course": "secure-coding", "completed_on": "2026-02-10", "hours": 8}],
    },
}
OPTIONS_EXAMPLE: Final = {
    name: REQUEST_EXAMPLE[name] for name in ("candidate", "from", "submitted_on", "as_of", "facts")
}
_TRAINED: Final[dict[str, Any]] = {
    "found": {
        "value": 0,
        "label": "number of matching entries of finished trainings",
        "from": ["facts.trainings"],
        "entries": {"matching": [], "not_matching": ["/facts/trainings/0"], "unknown": []},
    },
    "needed": {"at_least": 1},
    "shortfall": {"value": 1, "unit": "entries"},
}
VERDICT_EXAMPLE: Final[dict[str, Any]] = {
    "verdict_id": "01a1fbf8-e3b5-7517-b435-4a29f3d2837b",
    "request_id": "wf-8812",
    "outcome": "not_eligible",
    "summary": "Not eligible for Team lead yet: 1 of 7 requirements is not met.",
    "candidate": {"id": "E-1042"},
    "from": {"track": "software-craft", "level": "senior", "grade": 6},
    "to": {"track": "people-lead", "level": "team-lead", "title": "Team lead", "grade": 6},
    "dates": {"submitted_on": "2026-11-20", "as_of": "2027-01-01", "judged_at": "2026-11-20T09:14:03Z"},
    "policy": {
        "set": "sha256:5d4c4bf5c99f95a38936f99c505f46990b5e4ce9262368ceb6ead78dc06c7b8e",
        "files": "sha256:4c5081fed9281db62ccf4296d16613577153a4742ea7eb8f8ea1fb28227e0701",
        "version": "people-lead/2026-01-01",
        "digest": "sha256:079c8e92b720b2f9ba4c935a5f6b975d0ff638af5a6a47bf863c5a8ba5915b3e",
        "in_force_from": "2026-01-01",
        "selected_because": "the request was submitted on 20 November 2026; this version is in force"
        " from 1 January 2026",
        "also_judged": [],
    },
    "findings": [
        {
            "id": "manager-training",
            "result": "unmet",
            "kind": "required",
            "text": "Manager training is finished before the role starts",
            "why": "Only about a third of new managers are trained before they start. Here everyone is.",
            "source": "People handbook 4.2",
            "where": "tracks/people-lead/2026-01-01.yaml:31",
            "about": ["training"],
            **_TRAINED,
            "met_from": None,
            "to_meet": "Book Manager Foundations. It takes two days and runs every month.",
            "because": [
                {
                    "role": "condition",
                    "text": "at least one entry of finished trainings where course is manager-foundations and"
                    " day of completion is on or before the day it would take effect",
                    "result": "unmet",
                    **_TRAINED,
                    "missing": [],
                    "of": [],
                }
            ],
            "waiver": None,
            "exception": None,
            "left_out": [],
        }
    ],
    "unmet": ["manager-training"],
    "unknown": [],
    "waived": [],
    "missing_facts": [],
    "eligible_from": None,
    "what_would_change": [
        {
            "requirement": "manager-training",
            "change": "1 more entry in finished trainings where course is manager-foundations and day of"
            " completion is on or before 1 January 2027",
            "how": "add",
            "fact": "trainings",
            "entry": {"course": "manager-foundations", "completed_on": "2027-01-01"},
            "times": 1,
        }
    ],
    "open_to_you": [
        {
            "to": "software-craft/staff",
            "title": "Staff engineer",
            "track": "Software craft",
            "kind": "craft",
            "grade": 7,
            "outcome": "eligible",
            "lacking": [],
        }
    ],
    "way_back": {"to": "The craft level of grade 6 on the track left, such as Senior engineer", "months": 12},
    "afterwards": [
        {
            "id": "check-in",
            "text": "A check-in on how the person and the team are doing",
            "within": "90 days",
        }
    ],
    "warnings": [],
    "engine": "ladders 0.1.0 / durable-rules 2.0.28",
    "log": {
        "index": 88121,
        "leaf": "sha256:3d8e735d193a49f34de0421333bdd5ba73250a12e80148ef56d06c181a7d6cf8",
    },
    "links": {
        "self": "/v1/verdicts/01a1fbf8-e3b5-7517-b435-4a29f3d2837b",
        "track": "/v1/tracks/people-lead?on=2026-11-20",
        "decisions": "/v1/verdicts/01a1fbf8-e3b5-7517-b435-4a29f3d2837b/decisions",
    },
    "supersedes": None,
    "superseded_by": None,
    "decisions": [],
    "objections": [],
}
