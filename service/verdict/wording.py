"""Every phrase that a verdict says, in one place: another language is another set of these tables.

Nothing goes in; templates come out, for `str.format`. Knows no grammar but the plural; how the phrases are
put together is the business of `verdict.text` and of those who explain findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Phrases = Mapping[str, str]

WORDS: Final[Phrases] = {
    "yes": "yes",
    "no": "no",
    "none": "none",
    "nothing": "nothing",
    "one": "one",
    "it": "it",
    "entry": "entry",
    "entries": "entries",
    "decimals": "decimals",
    "parts": "parts",
    "days": "days",
    "answers": "answers",
    "and": " and ",
    "or": " or ",
    "comma": ", ",
    "then": "; ",
    "the": "the {text}",
    "quoted": "“{text}”",
    "bracketed": "({text})",
    "counted": "{n} {noun}",
}

#: Labels that begin so get no `the`.
WITHOUT_THE: Final = ("the ", "a ", "an ", "each ", "every ", "no ")

# ── conditions ──────────────────────────────────────────────────────────────────────────────────────────────

COMPARED: Final[Phrases] = {
    "is": "{left} is {right}",
    "is_not": "{left} is not {right}",
    "one_of": "{left} is {any}",
    "none_of": "{left} is not {any}",
    "at_least": "{left} is at least {right}",
    "more_than": "{left} is more than {right}",
    "at_most": "{left} is at most {right}",
    "less_than": "{left} is less than {right}",
    "between": "{left} is between {all}",
    "includes": "{right} is among {left}",
    "includes_all": "{all} are among {left}",
    "includes_any": "at least one of {all} is among {left}",
    "before": "{left} is before {right}",
    "on_or_before": "{left} is on or before {right}",
    "after": "{left} is after {right}",
    "on_or_after": "{left} is on or after {right}",
    "for_at_least": "{left} lies at least {right} back",
    "within_last": "{left} is within the last {right}",
    "is_known": "{left} is known",
}

#: An ordered choice is not more or less than another, but above or below it.
RANKED: Final[Phrases] = {
    **COMPARED,
    "more_than": "{left} is above {right}",
    "less_than": "{left} is below {right}",
}

DENIED: Final[Phrases] = {
    "is": "{left} is not {right}",
    "one_of": "{left} is not {any}",
    "includes": "{right} is not among {left}",
    "is_known": "{left} is not known",
}

#: What only the way in asks: the fact, and whether it is to be known.
ROUTES: Final[Mapping[tuple[str, bool], str]] = {
    ("as_of", True): "anyone may come",
}

COUNTED: Final[Phrases] = {
    "at_least": "at least {n} {entries}",
    "more_than": "more than {n} {entries}",
    "at_most": "at most {n} {entries}",
    "less_than": "fewer than {n} {entries}",
    "between": "from {n} to {m} {entries}",
    "is": "exactly {n} {entries}",
    "none": "no {entries}",
}

QUANTIFIED: Final[Phrases] = {
    "every": "every {entries}: {has}",
    "latest": "the latest {entries} (by {by}): {has}",
    "latest several": "each of the latest {n} {entries} (by {by}): {has}",
    "for_each": "for each {entries}: {has}",
}

GROUPS: Final[Phrases] = {
    "not": "it is not so that {text}",
    "none_of": "none of these: {parts}",
    "at_least": "at least {n} of these: {parts}",
}

#: Said of a whole group where its parts are listed below it.
HEADINGS: Final[Phrases] = {
    "all_of": "all of these",
    "any_of": "at least one of these",
    "at_least": "at least {n} of these",
    "none_of": "none of these",
}

# ── amounts ─────────────────────────────────────────────────────────────────────────────────────────────────

AMOUNTS: Final[Phrases] = {
    "plus": "{left} plus {right}",
    "minus": "{left} minus {right}",
    "times": "{left} times {right}",
    "later": "{right} after {left}",
    "earlier": "{right} before {left}",
    "apart": "time from {right} to {left}",
    "table": "{table} for {at}",
    "dated": "{figure} in force on the day of the request",
    "branch": "{amount} if {condition}",
    "otherwise": "{branches}, otherwise {amount}",
    "fiscal_quarter": "fiscal quarter of {of}",
    "year_of": "year of {of}",
    "full": "number of full {unit} in {of}",
    "count": "number of {entries}",
    "sum": "sum of {amount} over the {entries}",
    "average": "average of {amount} over the {entries}",
    "rounded": "average of {amount}, rounded to {places}, over the {entries}",
    "period_start": "first day of the period of {length} (counted from {day}) in which {of} lies",
    "next_period": "first day, on or after {of}, of a period of {length} (counted from {day})",
    "time_in": "time covered by the {entries}",
    "highest": "highest {amount} of the {entries}",
    "lowest": "lowest {amount} of the {entries}",
    "latest": "latest {amount} of the {entries}",
    "earliest": "earliest {amount} of the {entries}",
    "newest": "{amount} of the latest {entry} (by {by})",
    "oldest": "{amount} of the earliest {entry} (by {by})",
    "of several": "{which} of {several}",
    "field": "{field} of the {entry}",
    "other entry": "other entry",
}

#: Which of several amounts is taken.
SUPERLATIVES: Final[Phrases] = {
    "highest": "highest",
    "lowest": "lowest",
    "latest": "latest",
    "earliest": "earliest",
}

#: Units of time, by their months and days.
UNITS: Final[Mapping[tuple[int, int], str]] = {
    (12, 0): "years",
    (1, 0): "months",
    (0, 7): "weeks",
    (0, 1): "days",
}

ENTRIES: Final[Phrases] = {
    "of": "{noun} of {label}",
    "named": "{name} among {label}",
    "where": "where {condition}",
    "once_per": "each {field} counted once",
    "ceiling": "at most {n} for each {each}",
    "since": "counted from {day}",
    "until": "counted up to {day}",
    "breaks": "without a break of more than {day}",
    "newest": "only the latest {n} by {by}",
    "said": "{entries} {more}",
    "after comma": "{entries}, {more}",
    "aside": "{entries} ({more})",
    "matching": "matching {entries}",
}

# ── what was found ──────────────────────────────────────────────────────────────────────────────────────────

#: How the label of what was found ends where that is what lacks something.
LACKING: Final = "do not meet this"
#: What is counted for a quantifier or a group.
FOUND: Final[Phrases] = {
    "every": f"number of {{entries}} that {LACKING}",
    "latest": "number of the latest {n} {entries} that meet this",
    "for_each": f"how many of {{label}} {LACKING}",
    "group": "of {parts} met",
}

FINDINGS: Final[Phrases] = {
    "exception": "An exception lifts this requirement: {text}.",
    "one left out": "{entries} of {label} is dated after {day} and does not count yet.",
    "some left out": "{entries} of {label} are dated after {day} and do not count yet.",
}

SUMMARIES: Final[Phrases] = {
    "eligible": "Eligible for {level}: {clauses}.",
    "not_eligible": "Not eligible for {level} yet: {clauses}.",
    "needs_information": "More information is needed for {level}: {clauses}.",
    "all": "all {n} requirements are",
    "none met": "none of the {n} requirements is met",
    "only": "the one requirement is",
    "one of": "{n} of {total} requirements is",
    "some of": "{n} of {total} requirements are",
    "one more": "{n} is",
    "some more": "{n} are",
    "met": "{which} met",
    "unmet": "{which} not met",
    "unknown": "{which} waiting for {answers}",
    "waived": "{which} waived",
    "none": "no requirement applies",
    "an answer": "an answer about {labels}",
    "answers": "answers about {labels}",
    "more": "more information",
}

QUESTIONS: Final[Phrases] = {
    "yes_no": "{label}: yes or no?",
    "choice": "{label}: {choices}?",
    "date": "{label}: which day?",
    "number": "{label}: which number?",
    "number of": "{label}: how many {unit}?",
    "text": "{label}: which one?",
    "list": "{label}: which ones?",
    "records": "{label}: which ones are there?",
    "entry": "entry {n} of {records}, {label}",
    "of entry": "Entry {n} of {records}: {question}",
    "from": "Where do you stand now: on which level of which track, or on none?",
    "place": "present level",
}


# ── advice ──────────────────────────────────────────────────────────────────────────────────────────────────

CHANGES: Final[Phrases] = {
    "wait": "ask for {day} at the earliest",
    "add": "{n} more {entries} in {label} where {asked}",
    "add anything": "{n} more {entries} in {label}",
    "apart": "{said}, with another {fields}",
    "each apart": "{said}, each with another {fields}",
    "edit": "in {n} {entries} of {label}, {asked}",
    "answer": "“{left}” becomes {right}",
    "answer of new": "“{left}” is {right}",
}


def with_the(text: str) -> str:
    """A noun with its article, where it takes one."""
    return text if text.startswith(WITHOUT_THE) else WORDS["the"].format(text=text)


def plural(n: object, nouns: str) -> str:
    """The noun that fits a number, from its plural: `points`, `entries`; what does not end in s stays.

    >>> plural(1, "points"), plural(2, "points"), plural(1, "people"), plural(1, "entries")
    ('point', 'points', 'people', 'entry')
    """
    if n != 1 or not nouns.endswith("s") or nouns.endswith("ss"):
        return nouns
    return f"{nouns[:-3]}y" if nouns.endswith("ies") else nouns[:-1]


def counted(n: int, nouns: str) -> str:
    """A number with its noun.

    >>> counted(1, "entries"), counted(0, "entries")
    ('1 entry', '0 entries')
    """
    return WORDS["counted"].format(n=n, noun=plural(n, nouns))


def sentence(text: str) -> str:
    """The same words with a capital at the start."""
    return text[:1].upper() + text[1:]
