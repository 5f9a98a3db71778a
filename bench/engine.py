"""CPU µs per evaluation of one level with 12 and with 40 conditions; run it with `python -m bench.engine`.

The level mixes what policies ask: numbers, ordered choices, yes or no, dates, records counted with two
conditions. Half of it is met. Beside it stands the same level among 200 others: what else is loaded must not
matter.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bench.machine import cpu_us, described
from service.engine.evaluate import judge, scope_for
from service.policy.load import load_files
from service.verdict.explanation import Explainer
from service.verdict.judge import Judge

NOW = datetime(2026, 11, 20, 9, 14, 3, tzinfo=UTC)

FACTS = """
facts:
  score: {type: number, label: score}
  rating: {type: choice, choices: [below, meets, exceeds], ordered: lowest first, label: rating}
  wish: {type: yes_no, label: own wish}
  since: {type: date, label: start in the level, can_change: no}
  trainings:
    type: records
    label: finished trainings
    fields: {course: {type: text}, completed_on: {type: date}}
    dated_by: completed_on
"""
KINDS = (
    "fact: score\n        at_least: {n}",
    "fact: rating\n        at_least: meets",
    "fact: wish\n        is: yes",
    "fact: since\n        for_at_least: {n} months",
    "some: trainings\n        where: [{{fact: course, is: course-{n}}}, "
    "{{fact: completed_on, on_or_before: {{fact: as_of}}}}]",
    "fact: score\n        between: [{n}, 90]",
)


def policy(conditions: int, levels: int = 1) -> dict[str, bytes]:
    """A policy folder with one track whose last level asks so many conditions, one a requirement."""
    requirements = "".join(
        f"      - id: requirement-{n}\n        text: Requirement {n}\n        "
        + KINDS[n % len(KINDS)].format(n=n + 1)
        + "\n"
        for n in range(conditions - 1)  # the way in is one more
    )
    rungs = "".join(
        f"  - level: level-{n}\n    title: Level {n}\n    grade: 1\n    requires:\n{requirements}"
        for n in range(1, levels + 1)
    )
    track = (
        "track: craft\ntitle: Craft\nkind: craft\nin_force: {from: 2026-01-01}\nlevels:\n"
        f"  - {{level: level-0, title: Level 0, grade: 1}}\n{rungs}"
    )
    return {"facts.yaml": FACTS.encode(), "tracks/craft/2026-01-01.yaml": track.encode()}


REQUEST: dict[str, Any] = {
    "candidate": {"id": "E-1"},
    "from": {"track": "craft", "level": "level-0"},
    "to": {"track": "craft", "level": "level-1"},
    "submitted_on": "2026-11-20",
    "as_of": "2027-01-01",
    "facts": {
        "score": 20,
        "rating": "meets",
        "wish": True,
        "since": "2025-03-01",
        "trainings": [{"course": f"course-{n}", "completed_on": "2026-05-01"} for n in range(1, 12)],
    },
}


def measured(conditions: int, levels: int = 1) -> dict[str, tuple[float, float]]:
    """CPU µs, least and median, of each stage, every stage holding those before it."""
    ready = Judge(load_files(policy(conditions, levels)))
    request, selection = ready.read(REQUEST, NOW)
    level, standing = selection.level, selection.standing
    explainer = Explainer(level, ready.policies.vocabulary)

    def explained() -> object:
        return explainer.findings(ready.decide(level, request, standing), {})

    times = 400 if conditions < 20 else 150
    stages = {
        "reference alone": cpu_us(lambda: judge(level, scope_for(request, level, standing)), times),
        "decided and confirmed": cpu_us(lambda: ready.decide(level, request, standing), times),
        "and explained": cpu_us(explained, times),
        "whole verdict, read to advice": cpu_us(
            lambda: ready.verdict(REQUEST, verdict_id="v", judged_at=NOW), times // 2
        ),
    }
    ready.close()
    return stages


def main() -> None:
    """Print the table."""
    print(described())
    print(f"{'CPU µs, least (median)':34}{'12 conditions':>18}{'40 conditions':>18}{'12 among 200':>18}")
    columns = [measured(12), measured(40), measured(12, levels=200)]
    for stage in columns[0]:
        cells = "".join(
            f"{least:9.0f} ({median:.0f})".rjust(18) for least, median in (c[stage] for c in columns)
        )
        print(f"{stage:34}{cells}")


if __name__ == "__main__":
    main()
