"""Questions: the pointers of missing facts in; what to ask for each of them, out.

A fact is asked by its own question, or by one made from its label. Knows nothing of results.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.facts.types import (
    Choice,
    Date,
    Fact,
    FactType,
    ListOf,
    Number,
    Records,
    Text,
    YesNo,
)
from service.facts.vocabulary import Vocabulary
from service.verdict.value_text import listed
from service.verdict.wording import QUESTIONS, sentence

Json = dict[str, Any]

FROM = "/from"  #: where a request tells on which level the candidate stands

_TYPES: Mapping[type[FactType], str] = {
    Number: "number",
    YesNo: "yes_no",
    Date: "date",
    Text: "text",
    Choice: "choice",
    ListOf: "list",
    Records: "records",
}


def question_of(pointer: str, vocabulary: Vocabulary) -> Json:
    """What is asked for one missing fact, or for one missing field of an entry.

    `fact`, `pointer`, `question`, `label`, `type`, and `choices` where the answer is one of some.
    """
    if pointer == FROM:
        label, question = QUESTIONS["place"], QUESTIONS["from"]
        return {"fact": "from", "pointer": pointer, "question": question, "label": label, "type": "place"}
    name, *inside = pointer.removeprefix("/facts/").split("/")
    fact = vocabulary[name]
    question = fact.question or _asked(fact, fact.label)
    while isinstance(fact.type, Records) and len(inside) >= 2:
        records, number = fact, int(inside[0]) + 1
        fact, inside = fact.type.fields[inside[1]], inside[2:]
        if fact.question:
            question = QUESTIONS["of entry"].format(n=number, records=records.label, question=fact.question)
        else:
            label = QUESTIONS["entry"].format(n=number, records=records.label, label=fact.label)
            question = _asked(fact, label)
    asked: Json = {
        "fact": name,
        "pointer": pointer,
        "question": question,
        "label": fact.label,
        "type": _TYPES[type(fact.type)],
    }
    of = fact.type.of if isinstance(fact.type, ListOf) else fact.type
    if isinstance(of, Choice):
        asked["choices"] = list(of.choices)
    return asked


def _asked(fact: Fact, label: str) -> str:
    """A question made from a label."""
    kind, more = _TYPES[type(fact.type)], {"label": sentence(label)}
    if isinstance(fact.type, Choice):
        more["choices"] = listed(fact.type.choices, "or")
    elif isinstance(fact.type, Number) and fact.type.unit:
        kind, more["unit"] = "number of", fact.type.unit
    return QUESTIONS[kind].format(**more)


def subject_of(pointer: str, vocabulary: Vocabulary) -> str:
    """What a missing fact is about, for a sentence: a label, for a field that of its records."""
    if pointer == FROM:
        return QUESTIONS["place"]
    return vocabulary[pointer.split("/")[2]].label
