"""Explaining: what was judged in; findings, the summary and the questions of a verdict, out.

What a level always says is made ready once, when it is loaded; a judgement only fills in results and what
was found. Everything given out is plain JSON, and parts of it are shared between verdicts, so nobody may
change it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from service.engine.evaluate import Judgement, Outcome, Result
from service.engine.network import MET, UNMET
from service.engine.scope import Scope
from service.facts.calendar import spoken
from service.facts.request import GrantedWaiver
from service.facts.types import Records
from service.facts.vocabulary import Vocabulary
from service.policy.condition import FactRef, Group
from service.policy.mentions import conditions_of
from service.policy.model import Level, Requirement
from service.verdict.found import is_sensitive, within
from service.verdict.grounds import Grounds
from service.verdict.questions import question_of, subject_of
from service.verdict.telling import Telling
from service.verdict.text import condition_text
from service.verdict.value_text import listed
from service.verdict.wording import FINDINGS, SUMMARIES, WORDS, counted

Json = dict[str, Any]
Results = Sequence[tuple[Requirement, Result]]

#: A summary names no more subjects that are waited for than these.
MOST_SUBJECTS = 2


class Explainer:
    """Puts the judgements of one level into words; safe to use from several threads."""

    def __init__(self, level: Level, vocabulary: Vocabulary) -> None:
        grounds = Grounds(vocabulary)
        self._level = level
        self._vocabulary = vocabulary
        self._explain = tuple(prepare(requirement, grounds) for requirement in level.requires)

    def findings(self, judgement: Judgement, met_froms: Mapping[str, date]) -> list[Json]:
        """A finding for every requirement, in policy order.

        Args:
            judgement: Of the level that this explains.
            met_froms: Requirement id → the first day on which it would be met if only time passed.
        """
        telling = Telling(judgement.scope)
        return [
            explain(telling, result, met_froms.get(requirement.id))
            for explain, (requirement, result) in zip(self._explain, judgement.results, strict=True)
        ]

    def summary(self, judgement: Judgement) -> str:
        """The outcome and the reason for it, in one sentence."""
        subjects = dict.fromkeys(subject_of(pointer, self._vocabulary) for pointer in still_asked(judgement))
        return summary_of(judgement.outcome, self._level.title, judgement.results, tuple(subjects))

    def questions(self, judgement: Judgement) -> list[Json]:
        """The missing facts that could still change the outcome, each once, in policy order."""
        return [
            {**question_of(pointer, self._vocabulary), "requirements": requirements}
            for pointer, requirements in still_asked(judgement).items()
        ]


# ── findings ────────────────────────────────────────────────────────────────────────────────────────────────


def prepare(requirement: Requirement, grounds: Grounds) -> Callable[[Telling, Result, date | None], Json]:
    """What explains one requirement, given its result and the day from which it would be met."""
    applies_when, unless = requirement.applies_when, requirement.unless
    condition = grounds.of(requirement.condition, "condition")
    before = () if applies_when is None else (grounds.of(applies_when, "applies_when"),)
    after = () if unless is None else (grounds.of(unless, "unless"),)
    because = (*before, condition, *after)
    exception, left_out = _exception(requirement), tuple(_left_out(requirement, grounds.vocabulary))
    always: Json = {
        "id": requirement.id,
        "result": None,
        "kind": requirement.kind,
        "text": requirement.text,
        "why": requirement.why,
        "source": requirement.source,
        "where": str(requirement.place),
        "about": list(requirement.about),
        "found": None,
        "needed": None,
        "shortfall": None,
        "met_from": None,
        "to_meet": requirement.to_meet,
        "because": None,
        "waiver": None,
        "exception": None,
        "left_out": None,
    }

    def explain(telling: Telling, result: Result, met_from: date | None) -> Json:
        node = condition(telling)
        finding = always.copy()
        finding["result"] = result
        finding["found"] = node["found"]
        finding["needed"] = node["needed"]
        finding["shortfall"] = node["shortfall"]
        finding["because"] = [ground(telling) for ground in because]
        finding["left_out"] = [told for tell in left_out if (told := tell(telling)) is not None]
        if met_from is not None:
            finding["met_from"] = met_from.isoformat()
        if result == "waived":
            finding["waiver"] = _waiver(telling.scope.waivers.accepted[requirement.id])
        elif result == "not_applicable":
            finding["exception"] = exception(telling.scope)
        return finding

    return explain


def _waiver(waiver: GrantedWaiver) -> Json:
    return {
        "by": waiver.by,
        "granted_on": waiver.granted_on.isoformat(),
        "until": waiver.until.isoformat(),
        "reason": waiver.reason,
    }


def _exception(requirement: Requirement) -> Callable[[Scope], str | None]:
    """What says which exception lifts a requirement; of several ways, those that are met."""
    applies_when, unless = requirement.applies_when, requirement.unless
    ways = unless.of if isinstance(unless, Group) and unless.kind == "any_of" else (unless,)
    said = [(way, condition_text(way)) for way in ways if way is not None]

    def exception(scope: Scope) -> str | None:
        if unless is None or scope.holds(unless)[0] != MET:
            return None
        if applies_when is not None and scope.holds(applies_when)[0] == UNMET:
            return None
        met = [text for way, text in said if scope.holds(way)[0] == MET]
        return FINDINGS["exception"].format(text=listed(met))

    return exception


def _left_out(requirement: Requirement, vocabulary: Vocabulary) -> Iterator[Callable[[Telling], Json | None]]:
    """For each records fact that a requirement looks at: what tells how many of its entries lie ahead."""
    facts = {node.name: node for node in within(conditions_of(requirement)) if isinstance(node, FactRef)}
    for fact in facts.values():
        if isinstance(fact.type, Records) and fact.type.dated_by is not None:
            yield _ahead(fact, fact.type.dated_by, sensitive=is_sensitive([fact], vocabulary))


def _ahead(records: FactRef, dated_by: str, *, sensitive: bool) -> Callable[[Telling], Json | None]:
    def tell(telling: Telling) -> Json | None:
        held = telling.entries(records.name)
        n = len(held) - len(telling.happened(records.name, dated_by)) if held else 0
        return _dated_ahead(records, n, telling.scope.as_of, sensitive) if n else None

    return tell


def _dated_ahead(records: FactRef, n: int, as_of: date, sensitive: bool) -> Json:
    phrase = FINDINGS["one left out" if n == 1 else "some left out"]
    entries = counted(n, WORDS["entries"])
    text = phrase.format(entries=entries, label=records.label, day=spoken(as_of))
    told: Json = {"fact": records.name, "count": n, "text": text}
    return {**told, "sensitive": True} if sensitive else told


# ── what is still asked ─────────────────────────────────────────────────────────────────────────────────────


def still_asked(judgement: Judgement) -> dict[str, list[str]]:
    """The pointers of the facts that could still change the outcome, each with the requirements that wait.

    None unless the outcome is open. Of a requirement that is open, only its open parts count.
    """
    asked: dict[str, list[str]] = {}
    if judgement.outcome != "needs_information":
        return asked
    for requirement, result in judgement.results:
        if result != "unknown" or requirement.kind != "required":
            continue
        for condition in conditions_of(requirement):
            for pointer in judgement.missing(condition):
                waiting = asked.setdefault(pointer, [])
                if requirement.id not in waiting:
                    waiting.append(requirement.id)
    return asked


def summary_of(outcome: Outcome, level: str, results: Results, subjects: Sequence[str] = ()) -> str:
    """One sentence: the outcome, and what it rests on. Advisory requirements have no say in it.

    Args:
        outcome: Of the verdict.
        level: The title of the level asked for.
        results: The result for every requirement.
        subjects: What the facts are about that are waited for.
    """
    deciding = [result for requirement, result in results if requirement.kind == "required"]
    total = len(deciding) - deciding.count("not_applicable")
    shown: Sequence[Result] = ("met",) if outcome == "eligible" else ("unmet", "unknown")
    clauses: list[str] = []
    for result in (*shown, "waived"):
        n = deciding.count(result)
        if n == total > 1 and result == "unmet":
            clauses.append(SUMMARIES["none met"].format(n=n))
        elif n:
            which = _which(n, total, first=not clauses)
            clauses.append(SUMMARIES[result].format(which=which, answers=_answers(outcome, subjects)))
    return SUMMARIES[outcome].format(level=level, clauses=listed(clauses or [SUMMARIES["none"]]))


def _which(n: int, total: int, *, first: bool) -> str:
    if not first:
        return SUMMARIES["one more" if n == 1 else "some more"].format(n=n)
    if n == total:
        return SUMMARIES["only" if n == 1 else "all"].format(n=n)
    return SUMMARIES["one of" if n == 1 else "some of"].format(n=n, total=total)


def _answers(outcome: Outcome, subjects: Sequence[str]) -> str:
    if outcome != "needs_information" or not 0 < len(subjects) <= MOST_SUBJECTS:
        return SUMMARIES["more"]
    return SUMMARIES["an answer" if len(subjects) == 1 else "answers"].format(labels=listed(subjects))
