"""What one remedy says: a sentence for the candidate, and the change itself for programs."""

from __future__ import annotations

from typing import Any

from service.facts.calendar import STILL_RUNNING, spoken
from service.facts.types import NOTHING, Choice, YesNo
from service.verdict.plain import plain
from service.verdict.remedy import Asked, Remedy
from service.verdict.value_text import listed, value_text
from service.verdict.wording import CHANGES, COMPARED, RANKED, WORDS, plural


def change_document(remedy: Remedy) -> dict[str, Any]:
    """`change` is the sentence; `how`, `fact` and what follows are the same change for a program."""
    told: dict[str, Any] = {"change": _sentence(remedy), "how": remedy.how, "fact": remedy.fact}
    match remedy.how:
        case "add":
            told |= {"entry": _as_sent(remedy.entry), "times": remedy.times}
            if remedy.apart:
                told["each_another"] = [name for name, _ in remedy.apart]
        case "edit":
            name = "" if remedy.changed is None else remedy.changed.name
            told |= {"field": name, "to": _as_sent(remedy.entry), "times": remedy.times}
        case _:
            told["to"] = _as_sent(remedy.value)
    return told


def _as_sent(value: Any) -> Any:
    """A value as a request sends it: what is not known, or known to be nothing, is left out."""
    if isinstance(value, dict):
        unsaid = (None, NOTHING, STILL_RUNNING)
        return {name: plain(inner) for name, inner in value.items() if inner not in unsaid}
    return plain(value)


def _sentence(remedy: Remedy) -> str:
    if remedy.how == "wait":
        return CHANGES["wait"].format(day=spoken(remedy.value))
    asked = listed([_asked(each, new=remedy.how == "add") for each in remedy.asked])
    if remedy.how == "set":
        return asked
    template = CHANGES[remedy.how if asked else "add anything"]
    entries = plural(remedy.times, WORDS["entries"])
    said = template.format(n=remedy.times, entries=entries, label=remedy.label, asked=asked)
    if not remedy.apart:
        return said
    return CHANGES["apart" if remedy.times == 1 else "each apart"].format(
        said=said, fields=listed([label for _, label in remedy.apart])
    )


def _asked(asked: Asked, *, new: bool) -> str:
    """What is asked of a fact or field, of one that is there or of a `new` entry."""
    values = [value_text(value, asked.type) for value in asked.values]
    if isinstance(asked.type, YesNo) and asked.op == "is":
        return CHANGES["answer of new" if new else "answer"].format(left=asked.label, right=values[0])
    phrases = RANKED if isinstance(asked.type, Choice) else COMPARED
    return phrases[asked.op].format(
        left=asked.label, right=values[0] if values else "", any=listed(values, "or"), all=listed(values)
    )
