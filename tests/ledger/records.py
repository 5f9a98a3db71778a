"""Records for tests: a number and a text go in, a whole record comes out."""

from __future__ import annotations

from datetime import UTC, datetime

from service.ledger.canonical import canonical
from service.ledger.record import Record

JUDGED_AT = datetime(2026, 11, 20, 9, 14, 3, 250_000, tzinfo=UTC)


def record_id(number: int) -> str:
    """The same id for the same number."""
    return f"01934a5c-0000-7000-8000-{number:012x}"


def a_record(number: int = 1, says: str = "not eligible yet", person: str = "E-1042") -> Record:
    """A verdict under the id of this number; `says` and `person` stand only in its private parts."""
    return Record(
        id=record_id(number),
        kind="verdict",
        decided_at=JUDGED_AT,
        engine="ladders 0.1.0 / durable-rules 2.0.28",
        private={
            "/request": canonical({"candidate": {"id": person}, "facts": {"trainings": []}}),
            "/verdict": canonical({"summary": says, "candidate": {"id": person}}),
        },
        track="people-lead",
        level="team-lead",
        outcome="not_eligible",
        policy_set="sha256:" + "ab" * 32,
        policy_version="people-lead/2026-01-01",
        rules=(("route", "met"), ("manager-training", "unmet")),
        person=person,
        caller="key:workday",
    )
