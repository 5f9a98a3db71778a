"""The impact of a change: requests and two judges in; who would be judged differently, and by what, out.

Every request is judged by both policy sets, with the engine that decides in the service. Somebody is judged
differently when the outcome is another one; that the same outcome has other reasons is counted beside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from service.errors import RequestError
from service.simulate.population import Asked
from service.verdict.case import Case
from service.verdict.judge import Judge

REFUSED: Final = "refused"  #: the request cannot be judged by this policy set
_DECIDING: Final = {"not_eligible": "unmet", "needs_information": "unknown"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes out of one request by one policy set."""

    outcome: str  #: of the verdict, or `refused`
    deciding: tuple[str, ...] = ()  #: ids of the requirements that stand in the way, in policy order
    version: str = ""
    why: str = ""  #: of a refusal


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody who would be judged differently."""

    name: str  #: of the request
    candidate: str
    to: str
    old: Answer
    new: Answer

    @property
    def deciding(self) -> tuple[str, ...]:
        """The requirements that make the difference: those that only now stand in the way, or no longer
        do."""
        newly = tuple(id_ for id_ in self.new.deciding if id_ not in self.old.deciding)
        no_longer = tuple(id_ for id_ in self.old.deciding if id_ not in self.new.deciding)
        return newly or no_longer or self.new.deciding or self.old.deciding

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "request": self.name,
            "candidate": self.candidate,
            "to": self.to,
            "old": _told(self.old),
            "new": _told(self.new),
            "deciding": list(self.deciding),
        }


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change would do to a population."""

    judged: int
    affected: tuple[Affected, ...]  #: in the order of the population
    other_reasons: int  #: judged alike, for other reasons
    outcomes: Mapping[tuple[str, str], int]  #: how many got which outcome by the old and by the new set
    versions: frozenset[str]  #: those of the new set by which somebody was judged

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "judged": self.judged,
            "judged_differently": len(self.affected),
            "other_reasons": self.other_reasons,
            "outcomes": [
                {"old": old, "new": new, "count": count}
                for (old, new), count in sorted(self.outcomes.items())
            ],
            "deciding": [
                {"requirement": id_, "count": count} for id_, count in deciding_counts(self.affected)
            ],
            "people": [each.told() for each in self.affected],
        }


def impact(
    population: Iterable[Asked], old: Judge, new: Judge, *, on: date | None, done: Callable[[], None]
) -> Impact:
    """Judge everybody twice.

    Args:
        population: The requests.
        old: The policies as they are.
        new: The policies as they would be.
        on: Judge everybody as if they asked on this day, with effect on the same day; None: as they asked.
        done: Called after each request.

    Raises:
        EngineError: the engine could not decide with certainty.
    """
    affected: list[Affected] = []
    outcomes: Counter[tuple[str, str]] = Counter()
    other_reasons = judged = 0
    versions: set[str] = set()
    for asked in population:
        raw = _moved(asked.raw, on)
        before, after = (_answer(raw, judge, asked.today) for judge in (old, new))
        judged += 1
        outcomes[before.outcome, after.outcome] += 1
        versions.add(after.version)
        if before.outcome != after.outcome:
            affected.append(Affected(asked.name, *_who(raw), before, after))
        elif before.deciding != after.deciding:
            other_reasons += 1
        done()
    return Impact(judged, tuple(affected), other_reasons, outcomes, frozenset(versions))


def deciding_counts(affected: Iterable[Affected]) -> list[tuple[str, int]]:
    """How often each requirement makes the difference, the most frequent first."""
    counts = Counter(id_ for each in affected for id_ in each.deciding)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _answer(raw: Any, judge: Judge, today: date) -> Answer:
    """What comes out by one policy set."""
    try:
        request, selection = judge.read(raw, datetime.combine(today, time(), UTC))
    except RequestError as wrong:
        return Answer(REFUSED, why=str(wrong))
    case = judge.case(request, selection)
    return Answer(case.judgement.outcome, _deciding(case), case.selection.version.name)


def _deciding(case: Case) -> tuple[str, ...]:
    wanted = _DECIDING.get(case.judgement.outcome)
    return tuple(
        asked.id for asked, result in case.judgement.results if asked.kind == "required" and result == wanted
    )


def _moved(raw: Any, on: date | None) -> Any:
    if on is None or not isinstance(raw, dict):
        return raw
    return {**raw, "submitted_on": on.isoformat(), "as_of": on.isoformat()}


def _who(raw: Any) -> tuple[str, str]:
    """The candidate and the level asked for, as far as they can be told."""
    candidate, to = (raw.get(name) if isinstance(raw, dict) else None for name in ("candidate", "to"))
    place = "/".join(str(to.get(name)) for name in ("track", "level")) if isinstance(to, dict) else ""
    return (str(candidate.get("id")) if isinstance(candidate, dict) else ""), place


def _told(answer: Answer) -> dict[str, Any]:
    told = {"outcome": answer.outcome, "version": answer.version or None, "deciding": list(answer.deciding)}
    return {**told, "why": answer.why} if answer.why else told
