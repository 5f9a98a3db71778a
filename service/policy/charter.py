"""The charter: the lines of `charter.yaml` in; what an organisation promises about all of its tracks
together, out.

Each promise is one sentence out of a fixed few, made by writing it down and withdrawn by leaving it out; one
that does not fit stands under `not_promised`, with the reason. Beside them stands which facts carry training,
the own wish, leadership skills, craft and leading. Whether the promises are kept is told by
`policy.charter_ladders` and `policy.charter_proofs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from service.errors import did_you_mean
from service.facts.types import Choice, Date, FactType, Records, Text, Value, YesNo
from service.policy.condition import Derived, Expression, FactRef
from service.policy.literals import Mistake, read_literal
from service.policy.operators import said
from service.policy.reader import ID, Fields, Report, checked, listed, quoted, shape, unknown_word
from service.policy.scope import Names
from service.policy.source import ListNode, MapNode, Node, Span, TextNode

CHARTER: Final = "charter.yaml"

Subject = Literal["training", "wish", "leadership", "craft", "leading"]
SUBJECTS: Final[tuple[Subject, ...]] = ("training", "wish", "leadership", "craft", "leading")

AS_HIGH: Final = "every craft ladder reaches at least as high as every people ladder"
EQUAL_PAY: Final = "at equal grade, craft is paid as well as leading people, or better"
TRAINED: Final = "every people level asks for training before the start"
WISHED: Final = "every people level asks for the person's own wish"
SKILLED: Final = {
    f"every people level asks for at least {word} leadership skills": number
    for number, word in enumerate(("two", "three", "four", "five"), 2)
}
NOT_CRAFT_ALONE: Final = "no people level can be reached on craft alone"
WAY_BACK: Final = "every people level has a way back to craft at the same grade"
MASTERY: Final = "every craft ladder ends in a mastery level that nobody is made to leave"
RISE: Final = "nobody has to lead people in order to rise"
PROTECTED: Final = "protected facts are used nowhere"

#: Every sentence that can be promised, with what must be said in `stands_for` to promise it.
SENTENCES: Final[Mapping[str, tuple[Subject, ...]]] = {
    AS_HIGH: (), EQUAL_PAY: (), TRAINED: ("training",), WISHED: ("wish",),
    **dict.fromkeys(SKILLED, ("leadership",)),
    NOT_CRAFT_ALONE: ("training", "wish", "leadership", "craft"),
    WAY_BACK: (), MASTERY: (), RISE: ("leadership", "leading"), PROTECTED: (),
}  # fmt: skip

#: The sentences that a charter may be expected to speak of, each alone or as one of several.
TOPICS: Final[tuple[tuple[str, ...], ...]] = (
    (AS_HIGH,), (EQUAL_PAY,), (TRAINED,), (WISHED,), tuple(SKILLED), (NOT_CRAFT_ALONE,), (WAY_BACK,),
    (MASTERY,), (RISE,), (PROTECTED,),
)  # fmt: skip

DETAILS: Final[Mapping[Subject, str]] = {
    "training": "finished",
    "leadership": "each",
    "leading": "on_people_track",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A fact that carries one of the subjects, and what in it counts."""

    amount: Expression  #: a fact or a derived fact
    type: FactType
    where: Span
    good: Value | None = None  #: the answer that counts; None: whatever is more than nothing
    finished: str = ""  #: of records: the day that must lie before the start
    each: str = ""  #: of records: what tells one skill from another
    on_people_track: str = ""  #: of records: what names the track; entries of people tracks count

    @property
    def name(self) -> str:
        return self.amount.name if isinstance(self.amount, FactRef | Derived) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One promise."""

    id: str
    sentence: str
    why: str
    where: Span


@dataclass(frozen=True, slots=True)
class Charter:
    """Everything that is promised."""

    promises: tuple[Promise, ...] = ()
    stands_for: Mapping[Subject, tuple[Carrier, ...]] = field(default_factory=dict)

    def promise(self, sentence: str) -> Promise | None:
        """The promise of a sentence, if it is made."""
        return next((promise for promise in self.promises if promise.sentence == sentence), None)


def read_charter(node: Node, names: Names) -> Charter:
    """The charter that a file holds; what is wrong with it is reported."""
    report = names.report
    lines = Fields.of(
        node, report, "the charter", ("promises", "not_promised", "stands_for"), "promises: […]"
    )
    if lines is None:
        return Charter()
    promises: dict[str, Promise] = {}
    for item in lines.items("promises", "promises: [{id: as-high, promise: …, why: …}]"):
        promise = _promise(item, report)
        if promise is None:
            continue
        for other in promises.values():
            if promise.id == other.id:
                message = f"the promise {quoted(other.id)} stands already on line {other.where.line}"
                report.at(promise.where, f"{message}; give one of them another id")
            elif promise.sentence == other.sentence:
                message = f"this is promised already on line {other.where.line}; keep one of the two"
                report.at(promise.where, message)
        promises.setdefault(promise.id, promise)
    _check_not_promised(lines, tuple(promises.values()))
    subjects = _stands_for(lines, tuple(promises.values()), names)
    return Charter(tuple(promises.values()), {name: found for name, found in subjects.items() if found})


def _promise(item: Node, report: Report) -> Promise | None:
    one = Fields.of(item, report, "a promise", ("id", "promise", "why"), "promise: nobody has to lead …")
    if one is None:
        return None
    word = one.word("id", "id: as-high")
    id_ = None if word is None else checked(word, ID, report, "an id")
    sentence = one.word("promise", f"promise: {AS_HIGH}")
    why = one.text("why", "why: what this is for, in a sentence")
    text = None if sentence is None else _sentence(sentence, report)
    if sentence is None or text is None or id_ is None:
        return None
    return Promise(id=id_, sentence=text, why=why, where=sentence.span)


def _sentence(node: TextNode, report: Report) -> str | None:
    """One of the sentences that can be promised."""
    text = " ".join(node.value.split())
    if text in SENTENCES:
        return text
    hint = did_you_mean(text, SENTENCES) or f"; it knows {listed(_shown(), 'and')}"
    report.at(node, f"the charter knows no promise {quoted(text)}{hint}")
    return None


def _check_not_promised(lines: Fields, promises: tuple[Promise, ...]) -> None:
    """Report what is wrong in `not_promised`; what stands there is for people, and not held."""
    report, said = lines.report, {promise.sentence: promise.where.line for promise in promises}
    for item in lines.items("not_promised"):
        one = Fields.of(item, report, "what is not promised", ("promise", "why"), f"promise: {AS_HIGH}")
        sentence = None if one is None else one.word("promise", f"promise: {AS_HIGH}")
        if one is not None:
            one.text("why", "why: the reason, in a sentence")
        text = None if sentence is None else _sentence(sentence, report)
        if sentence is not None and text in said:
            report.at(sentence, f"line {said[text]} speaks of this already; keep one of the two")
        if sentence is not None and text is not None:
            said.setdefault(text, sentence.span.line)


def _shown() -> list[str]:
    """The sentences, as few of each kind as tell how they read."""
    return [AS_HIGH, TRAINED, RISE]


# ── what the promises speak of ──────────────────────────────────────────────────────────────────────────────

_EXAMPLES: Final[Mapping[Subject, str]] = {
    "training": "{fact: trainings, finished: completed_on}",
    "wish": "{fact: wants_people_role, is: yes}",
    "leadership": "{fact: leadership_evidence, each: skill}",
    "craft": "[portfolio, peer_reviews]",
    "leading": "[time_leading, teams_led]",
}


def _stands_for(
    charter: Fields, promises: tuple[Promise, ...], names: Names
) -> dict[Subject, tuple[Carrier, ...]]:
    """The carriers of each subject; none where they are missing or written wrongly."""
    report = names.report
    wanted = {subject: promise for promise in reversed(promises) for subject in SENTENCES[promise.sentence]}
    example = f"{{training: {_EXAMPLES['training']}, …}}"
    node = charter.need("stands_for", f"stands_for: {example}") if wanted else charter.get("stands_for")
    lines = (
        None if node is None else Fields.of(node, report, "`stands_for`", SUBJECTS, f"stands_for: {example}")
    )
    if lines is not None and all(name in SUBJECTS for name in lines.node.entries):  # else one may be misspelt
        for subject in (each for each in SUBJECTS if each in wanted and each not in lines):
            line = f"`{subject}: {_EXAMPLES[subject]}`"
            message = (
                f"this promise speaks of {quoted(subject)}; say in `stands_for` which fact that is: {line}"
            )
            report.missing(wanted[subject].where, message)
    found: dict[Subject, tuple[Carrier, ...]] = {}
    owners: dict[str, tuple[Subject, Span]] = {}
    for subject in SUBJECTS if lines is not None else ():
        value = None if lines is None or subject not in lines else lines.get(subject)
        if value is None:
            continue
        items = value.items if isinstance(value, ListNode) else (value,)
        carriers = tuple(each for item in items if (each := _carrier(item, subject, names)) is not None)
        found[subject] = carriers if len(carriers) == len(items) else ()
        for carrier in carriers:
            other, _ = owners.setdefault(carrier.name, (subject, carrier.where))
            if other != subject and "craft" in (other, subject):
                message = (
                    f"{quoted(carrier.name)} stands for {other} already, and cannot stand for {subject} too"
                )
                report.at(carrier.where, f"{message}; keep one of the two")
    return found


def _carrier(node: Node, subject: Subject, names: Names) -> Carrier | None:
    """One fact with what in it counts."""
    report = names.report
    if isinstance(node, ListNode):
        report.at(node, f"here stands {shape(node)}; write a fact, such as `{_EXAMPLES[subject]}`")
        return None
    detail = DETAILS.get(subject)
    lines = None
    if isinstance(node, MapNode):
        known = ("fact", "is", *((detail,) if detail else ()))
        lines = Fields.of(node, report, f"what stands for {subject}", known, f"fact: {_EXAMPLES[subject]}")
    word = node if isinstance(node, TextNode) else lines.word("fact", "fact: trainings") if lines else None
    if word is None:
        return None
    if word.value not in names.known():
        if names.facts_whole:
            report.at(word, unknown_word(word.value, names.known(), "a fact"))
        return None
    amount, type_ = _resolved(word, names)
    if amount is None or type_ is None:
        return None
    fact = names.facts.get(word.value)
    if fact is not None and fact.protected:
        report.at(word, f"{quoted(word.value)} is protected and stands for nothing; name another fact")
        return None
    good = _good(lines, type_, report)
    if lines is not None and "is" in lines and good is None:
        return None
    if lines is None or detail is None or detail not in lines:
        return Carrier(amount=amount, type=type_, where=word.span, good=good)
    field_ = _field(lines, detail, word.value, type_)
    if field_ is None:
        return None
    return Carrier(
        amount=amount, type=type_, where=word.span, good=good,
        finished=field_ if detail == "finished" else "",
        each=field_ if detail == "each" else "",
        on_people_track=field_ if detail == "on_people_track" else "",
    )  # fmt: skip


def _resolved(word: TextNode, names: Names) -> tuple[Expression | None, FactType | None]:
    fact = names.facts.get(word.value)
    if fact is not None:
        return names.ref(fact), fact.type
    if names.derivations.has(word.value):
        settled = names.derivations.fact(word.value, word.span)
        return (None, None) if settled is None else (settled.ref, settled.type)
    return None, None


def _good(lines: Fields | None, type_: FactType, report: Report) -> Value | None:
    """The answer that counts."""
    node = None if lines is None else lines.word("is")
    if node is None:
        return None
    if not isinstance(type_, YesNo | Choice | Text):
        report.at(node, f"`is` does not fit {said(type_)}; take it out")
        return None
    value = read_literal(node, type_)
    if isinstance(value, Mistake):
        report.at(node, value.message)
        return None
    return value


def _field(lines: Fields, detail: str, fact: str, type_: FactType) -> str | None:
    """The field that a detail names, which must be of a fitting type."""
    node = lines.word(detail)
    if node is None:
        return None
    report = lines.report
    if not isinstance(type_, Records):
        report.at(node, f"{quoted(fact)} is {said(type_)} and has no fields; take `{detail}` out")
        return None
    found = type_.fields.get(node.value)
    fitting = Date if detail == "finished" else Text | Choice
    if found is None:
        report.at(node, unknown_word(node.value, type_.fields, f"a field of {quoted(fact)}"))
        return None
    if not isinstance(found.type, fitting):
        wanted = "a date" if detail == "finished" else "a text or a choice"
        report.at(
            node, f"`{detail}` takes a field that is {wanted}; {quoted(node.value)} is {said(found.type)}"
        )
        return None
    return node.value
