"""Advice: a policy folder that is right, and the day, in; what could be better in it, and why that matters,
out.

Nothing here is a mistake: the folder is taken into use as it is. What follows from the logic of conditions
is in `policy.lint_logic`, what is left lying about in `policy.lint_leftovers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from service.errors import Position, Problem
from service.policy.in_force import Places
from service.policy.lint_leftovers import leftovers
from service.policy.lint_logic import entry_advice, grade_advice, requirement_advice
from service.policy.lint_model import Hint
from service.policy.load import FACTS, Reading
from service.policy.reader import quoted

_TESTS: Final = "write such a case in `tests/`; `ladders test --suggest` writes a first one"

#: Which of `met` and `unmet`, although they can come out, no policy test shows: by the name of a version, the
#: level in it and the requirement.
Unseen = Mapping[tuple[str, str, str], Sequence[str]]

#: What each kind of advice is about, and why it matters.
RULES: Final = {
    "never-met": "whoever asks for this level is refused, whatever they do",
    "never-met-branch": "it reads like a way in, and is none",
    "contradiction": "each can be met by itself, but nobody can meet both, so nobody can enter",
    "never-entered": "the level stands on the ladder, and nobody can get there",
    "always-met": "it asks for nothing, and only makes the verdict longer",
    "never-unknown": "a missing fact becomes a refusal, and nobody is asked the question",
    "redundant": "whoever fails it is told two reasons where there is one",
    "one-branch": "`any_of` promises a choice where there is none",
    "same-branch": "it reads like another way, and is the same",
    "gap": "requests of these days cannot be judged",
    "figure-gap": "it was hardly decided that nobody shall meet it on these days",
    "falling-grade": "whoever rises to it would stand lower than before",
    "not-read": "somebody may believe that it counts",
    "overdue": "figures grow old, and verdicts with them",
    "no-why": "the candidate is owed a reason",
    "no-source": "an auditor wants to see where it is laid down",
    "no-to-meet": "whoever fails it is not told what to do",
    "unused-fact": "people are asked for what decides nothing",
    "unused-derived": "it is read and kept up for nothing",
    "unused-table": "it is read and kept up for nothing",
    "unused-shared": "somebody may change it and believe that something changes",
    "unused-param": "whoever sets it believes that something changes",
    "silent-charter": "one cannot see whether it was decided or forgotten",
    "no-charter": "nothing keeps a later change from making leading the only way up",
    "untested": "nobody would notice if a later change turned it round",
}


@dataclass(frozen=True, slots=True, order=True)
class Advice:
    """One thing that could be better."""

    where: Position
    rule: str  #: one of `RULES`
    what: str  #: starts in lower case, no final period
    remedy: str  #: what to write
    why: str  #: why it matters
    excerpt: str = ""
    width: int = 1

    def __str__(self) -> str:
        """The advice as `file:line:column: …`, with the line and a caret where it has one."""
        return str(Problem(self.where, f"{self.what}: {self.why}; {self.remedy}", self.excerpt, self.width))


def lint(reading: Reading, today: date, unseen: Unseen | None = None) -> tuple[Advice, ...]:
    """All advice on a policy folder, by file, line and column.

    Args:
        reading: The folder, which is without problems.
        today: What is overdue is so on this day; versions that ended before it are left alone.
        unseen: What no policy test shows of requirements; None: not known.
    """
    places = Places(reading.drafts)
    hints = [
        *requirement_advice(reading, places, today),
        *entry_advice(reading, places, today),
        *grade_advice(reading, places, today),
        *leftovers(reading, today),
        *_untested(reading, places, today, unseen or {}),
    ]
    found = {_advice(reading, hint) for hint in hints}
    found.update(_of_warning(warning) for warning in reading.policies.warnings)
    return tuple(sorted(found))


def _advice(reading: Reading, hint: Hint) -> Advice:
    if isinstance(hint.where, Position):
        return Advice(hint.where, hint.rule, hint.what, hint.remedy, RULES[hint.rule])
    at = reading.names.report.problem(hint.where, "")
    return Advice(at.where, hint.rule, hint.what, hint.remedy, RULES[hint.rule], at.excerpt, at.width)


def _of_warning(warning: Problem) -> Advice:
    """What the loader warns of, as advice."""
    rule, remedy = "not-read", "move it elsewhere"
    if warning.where.file.startswith("tracks/"):
        rule, remedy = "gap", "let the versions follow each other"
    elif warning.where.file == FACTS:
        rule, remedy = "figure-gap", "let the periods follow each other"
    return Advice(warning.where, rule, warning.message, remedy, RULES[rule], warning.excerpt, warning.width)


def _untested(reading: Reading, places: Places, today: date, unseen: Unseen) -> Iterator[Hint]:
    """Requirements that no policy test shows both met and unmet."""
    for version in (version for each in reading.policies.tracks.values() for version in each):
        if version.end is not None and version.end <= today:
            continue
        for level in version.levels:
            asked = level.requires[1:]
            lacking = [(each, unseen.get((version.name, level.level, each.id), ())) for each in asked]
            if len(asked) > 1 and all(len(results) == 2 for _, results in lacking):
                what = f"no policy test is about {quoted(level.name)}"
                yield Hint("untested", places.of_level(version, level), what, _TESTS)
                continue
            for requirement, results in lacking:
                if not results:
                    continue
                said = f"{quoted(requirement.id)} of {quoted(level.name)} {' or '.join(results)}"
                where = places.of_requirement(version, requirement)
                yield Hint("untested", where, f"no policy test shows {said}", _TESTS)
