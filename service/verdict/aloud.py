"""The policy read aloud: a policy set in; all it says in whole sentences, by track, version and level, out.

For people who will never open a policy file: what a level asks for, why, how to meet it, and every condition
in the words that verdicts use. Knows nothing of candidates, nor of paper: `verdict.aloud_text` and
`verdict.aloud_page` lay it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from service.facts.calendar import spoken
from service.facts.types import Fact
from service.policy.condition import Choose, Condition, Derived, DerivedField, Group, Lookup, type_of
from service.policy.figures import periods
from service.policy.mentions import Mentions, conditions_of
from service.policy.model import Duty, Level, Pay, PolicySet, Requirement, TrackVersion, Waiver
from service.policy.requirements import ROUTE
from service.policy.trees import walk
from service.policy.versions_terms import spoken_terms
from service.verdict.text import amount_text, condition_text, heading_text, noun
from service.verdict.value_text import listed, value_text
from service.verdict.wording import Phrases, sentence

PHRASES: Final[Phrases] = {
    "craft": "A craft track: one rises by mastering the work itself.",
    "people": "A people track: one rises by leading people.",
    "from": "In force from {start}.",
    "until": "In force from {start} until {last}.",
    "grade": "Grade {grade}",
    "pay": "{low} to {high} {currency} a year",
    "anyone": "Open to everyone, from any level and from outside.",
    "newcomers": "Open to people who are on no ladder yet.",
    "from places": "Reached from {places}.",
    "place": "{level} ({track})",
    "way back": "For {months} there is a way back. It leads to: {to}.",
    "mastery": "This level is an end in itself. Nothing expires, and nobody is asked what comes next.",
    "waiver": "{roles} may lift this for one person.",
    "waiver for": "{roles} may lift this for one person, for at most {length}.",
    "duty": "{text}.",
    "duty within": "Within {length}: {text}.",
    "advisory": "Advice only: it never decides.",
    "table row": "{value} for {key}",
    "table band": "{value} from {key}",
    "table below": "{value} below {key}",
    "table otherwise": "{value} otherwise",
    "period": "From {start}: {told}",
    "period until": "From {start} until {last}: {told}",
}

#: What stands before or above the sentences, wherever they are laid out.
HEADINGS: Final[Phrases] = {
    "requires": "What it asks",
    "why": "Why",
    "asks": "What is looked at",
    "applies_when": "Applies only when",
    "unless": "Exception",
    "to_meet": "How to meet it",
    "waiver": "Waiver",
    "source": "Source",
    "afterwards": "What follows afterwards",
    "facts": "What is looked at, and where it comes from",
    "calculated": "How it is worked out",
    "digest": "Policy set",
}

LONGEST_SENTENCE = 110  #: characters of a group that is said in one go; the parts of a longer one are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A condition in words: a whole sentence, or the beginning of one with its parts below."""

    text: str
    parts: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidRequirement:
    """One requirement; every text is a sentence, or empty where the policy says nothing."""

    id: str
    text: str
    why: str
    source: str
    to_meet: str
    asks: Said  #: what exactly is looked at
    applies_when: Said | None
    unless: Said | None
    waiver: str
    advisory: str
    where: str  #: `tracks/people-lead/2026-01-01.yaml:14`


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidLevel:
    """One level of one version."""

    name: str  #: `people-lead/team-lead`
    title: str
    grade: str
    pay: str
    way_in: str
    requires: tuple[SaidRequirement, ...]
    way_back: str
    mastery: str
    afterwards: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidVersion:
    """One version of one track."""

    name: str  #: `people-lead/2026-01-01`
    title: str
    kind: str
    period: str
    source: str
    levels: tuple[SaidLevel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word that the sentences use, and what stands behind it."""

    word: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidPolicy:
    """Everything that was read aloud."""

    digest: str
    versions: tuple[SaidVersion, ...]
    facts: tuple[Term, ...]  #: what is looked at, and where it comes from
    calculated: tuple[Term, ...]  #: derived facts and tables, and how they are worked out


def read_aloud(policies: PolicySet, *, track: str | None = None, on: date | None = None) -> SaidPolicy:
    """A policy set in whole sentences.

    Args:
        policies: What was loaded.
        track: Only this track, which must exist.
        on: Only versions in force on this day.
    """
    versions = [
        version
        for name, several in policies.tracks.items()
        for version in several
        if track in (None, name) and (on is None or version.holds_on(on))
    ]
    requirements = [each for version in versions for level in version.levels for each in level.requires]
    return SaidPolicy(
        digest=policies.digest,
        versions=tuple(_version(version, policies) for version in versions),
        facts=tuple(_facts(requirements, policies.vocabulary.facts)),
        calculated=tuple(_calculated(requirements)),
    )


def _version(version: TrackVersion, policies: PolicySet) -> SaidVersion:
    start = spoken(version.start)
    last = "" if version.end is None else spoken(date.fromordinal(version.end.toordinal() - 1))
    return SaidVersion(
        name=version.name,
        title=version.title,
        kind=PHRASES[version.kind],
        period=" ".join(_in_force(version, start, last)),
        source=version.source,
        levels=tuple(_level(level, version, policies) for level in version.levels),
    )


def _in_force(version: TrackVersion, start: str, last: str) -> Iterator[str]:
    yield PHRASES["until" if last else "from"].format(start=start, last=last)
    if version.grandfathering is not None:
        yield _closed(sentence(spoken_terms(version.grandfathering)))


def _level(level: Level, version: TrackVersion, policies: PolicySet) -> SaidLevel:
    back = level.way_back
    months = "" if back is None else f"{back.months} month{'s' * (back.months != 1)}"
    return SaidLevel(
        name=level.name,
        title=level.title,
        grade=PHRASES["grade"].format(grade=level.grade),
        pay="" if level.pay is None else _pay(level.pay),
        way_in=_way_in(level, version, policies),
        requires=tuple(_requirement(each) for each in level.requires if each.id != ROUTE),
        way_back="" if back is None else PHRASES["way back"].format(months=months, to=back.to.rstrip(".")),
        mastery=PHRASES["mastery"] if level.mastery else "",
        afterwards=tuple(_duty(duty) for duty in level.afterwards),
    )


def _pay(pay: Pay) -> str:
    return PHRASES["pay"].format(low=f"{pay.low:,}", high=f"{pay.high:,}", currency=pay.currency)


def _way_in(level: Level, version: TrackVersion, policies: PolicySet) -> str:
    if level.enter_from is None:
        return PHRASES["anyone"]
    if not level.enter_from:
        return PHRASES["newcomers"]
    places = [_place(place, version, policies) for place in level.enter_from]
    return PHRASES["from places"].format(places=listed(places, "or"))


def _place(place: str, version: TrackVersion, policies: PolicySet) -> str:
    """A level of any track by its title, as it is called while a version is in force."""
    track, _, name = place.partition("/")
    for other in policies.tracks.get(track, ()):
        level = other.level(name)
        meets = other.start < (version.end or date.max) and version.start < (other.end or date.max)
        if level is not None and meets:
            if track == version.track:
                return level.title
            return PHRASES["place"].format(level=level.title, track=other.title)
    return place


def _duty(duty: Duty) -> str:
    text = duty.text.rstrip(".")
    return PHRASES["duty" if duty.within is None else "duty within"].format(text=text, length=duty.within)


def _requirement(requirement: Requirement) -> SaidRequirement:
    applies, lifted = requirement.applies_when, requirement.unless
    return SaidRequirement(
        id=requirement.id,
        text=_closed(requirement.text),
        why=_closed(requirement.why),
        source=requirement.source,
        to_meet=_closed(requirement.to_meet),
        asks=said(requirement.condition),
        applies_when=None if applies is None else said(applies),
        unless=None if lifted is None else said(lifted),
        waiver="" if requirement.waiver is None else _waiver(requirement.waiver),
        advisory=PHRASES["advisory"] if requirement.kind == "advisory" else "",
        where=str(requirement.place),
    )


def _waiver(waiver: Waiver) -> str:
    roles = sentence(listed([f"the {role}" for role in waiver.by], "or"))
    phrase = PHRASES["waiver" if waiver.at_most is None else "waiver for"]
    return phrase.format(roles=roles, length=waiver.at_most)


def said(condition: Condition) -> Said:
    """A condition as one sentence, or as a heading with its parts below when that would be too long."""
    whole = condition_text(condition)
    heading = heading_text(condition)
    if heading == whole or len(whole) <= LONGEST_SENTENCE or not isinstance(condition, Group):
        return Said(text=_closed(sentence(whole)))
    return Said(text=f"{sentence(heading)}:", parts=tuple(said(part) for part in condition.of))


def _closed(text: str) -> str:
    """A text with the full stop that makes it a sentence."""
    return text if not text or text.endswith((".", "!", "?", ":", ".”", '."')) else f"{text}."


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────


def _facts(requirements: Iterable[Requirement], facts: Mapping[str, Fact]) -> Iterator[Term]:
    """What the requirements look at, in the order of the vocabulary, with its source."""
    mentions = Mentions()
    used = frozenset().union(*(mentions.of_requirement(each) for each in requirements))
    for name, fact in facts.items():
        if name in used:
            yield Term(word=fact.label, meaning=fact.source)


def _calculated(requirements: Iterable[Requirement]) -> Iterator[Term]:
    """Derived facts and tables that the requirements rest on, each once, in the order of their words."""
    found: dict[str, Term] = {}
    for requirement in requirements:
        for condition in conditions_of(requirement):
            for part in walk(condition):
                if isinstance(part, Derived | DerivedField):
                    label = part.label or part.name.replace("_", " ")
                    of = amount_text(part.of) if isinstance(part.of, Choose) else noun(part.of)
                    found[f"fact {part.name}"] = Term(word=label, meaning=_closed(sentence(of)))
                elif isinstance(part, Choose) and part.dated:
                    first = part.branches[0][1]
                    at = amount_text(first.at) if isinstance(first, Lookup) else ""
                    found[f"table {part.dated} {at}"] = _by_period(part)
                elif isinstance(part, Lookup):  # one of a table by date comes after the whole of it
                    found.setdefault(f"table {part.table} {amount_text(part.at)}", _table(part))
    yield from sorted(found.values(), key=lambda term: term.word.lower())


def _by_period(chosen: Choose) -> Term:
    """A table or a figure by date: what it says in each period."""
    said = []
    for start, end, amount in periods(chosen):
        when = PHRASES["period" if end is None else "period until"]
        until = "" if end is None else spoken(end - timedelta(days=1))
        told = _table(amount).meaning if isinstance(amount, Lookup) else _closed(noun(amount))
        said.append(when.format(start=spoken(start), last=until, told=told[:1].lower() + told[1:]))
    return Term(word=amount_text(chosen), meaning=" ".join(said))


def _table(table: Lookup) -> Term:
    row = PHRASES["table band" if table.bands else "table row"]
    key_type = type_of(table.at)
    rows = [
        row.format(key=value_text(key, key_type), value=value_text(value, table.type))
        for key, value in table.rows
    ]
    if table.otherwise is not None:
        otherwise, lowest = value_text(table.otherwise, table.type), value_text(table.rows[0][0], key_type)
        if table.bands:
            rows.insert(0, PHRASES["table below"].format(value=otherwise, key=lowest))
        else:
            rows.append(PHRASES["table otherwise"].format(value=otherwise))
    return Term(word=amount_text(table), meaning=_closed(sentence(", ".join(rows))))
