"""Ask Ladders for promotion verdicts.

    from datetime import date
    from ladders_client import Ladders

    with Ladders("http://127.0.0.1:8080") as ladders:
        verdict = ladders.judge(
            candidate="E-1042", standing="software-craft/senior", to="people-lead/team-lead",
            as_of=date(2027, 1, 1), facts={"wants_people_role": True, "trainings": []},
        )
    print(verdict.outcome, verdict.summary)

Whatever is sent again after a broken connection is recorded once. Numbers with decimals go as `Decimal`.
"""

from __future__ import annotations

from ladders_client.answers import (
    Answer,
    Change,
    Decision,
    Finding,
    FoundVerdict,
    MissingFact,
    Objection,
    Opening,
    Option,
    Simulation,
    Verdict,
)
from ladders_client.problems import LaddersProblem, LaddersUnreachable, Wrong
from ladders_client.service import Ladders

__all__ = [
    "Answer",
    "Change",
    "Decision",
    "Finding",
    "FoundVerdict",
    "Ladders",
    "LaddersProblem",
    "LaddersUnreachable",
    "MissingFact",
    "Objection",
    "Opening",
    "Option",
    "Simulation",
    "Verdict",
    "Wrong",
]
