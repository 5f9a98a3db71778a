"""Values written in policy files: a text and the type wanted in; the value, or what is wrong with it, out.

Texts come as they were written, so `no`, `1.10` and `010` mean what the type of their place makes of them.
Nothing is bent to fit: a text that is not a number is a problem. Knows nothing of names: a fact is not a
value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from service.errors import did_you_mean
from service.facts.calendar import (
    FIRST_DAY,
    LAST_DAY,
    LONGEST_YEARS,
    Duration,
    parse_day,
    parse_length,
)
from service.facts.types import Choice, Date, FactType, Number, Text, Time, Value, YesNo
from service.policy.reader import LONGEST_TEXT, as_yes_no, listed, quoted
from service.policy.source import TextNode

MOST_DIGITS = 30

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?", re.ASCII)
_PADDED = re.compile(r"-?0\d+(\.\d+)?", re.ASCII)
_GROUPED = re.compile(r"-?\d{1,3}([ ,_'’]\d{3})+", re.ASCII)
_PART_OF_A_UNIT = re.compile(r"(\d{1,4}\.\d{1,4}) ?([A-Za-z]+)", re.ASCII)
_WITH_UNIT = re.compile(r"(-?\d+(?:\.\d+)?) ?[^\d\s,.].*", re.ASCII)
_ISO_LIKE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_DATE_LIKE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\.? [A-Z][a-z]+ \d{4}", re.ASCII)
_LENGTH_LIKE = re.compile(r"(\d+) ?-?([A-Za-z]+)", re.ASCII)
_UNITS = ("day", "days", "week", "weeks", "month", "months", "year", "years")
_SHORT = {
    "d": "days", "w": "weeks", "wk": "weeks", "wks": "weeks", "m": "months", "mo": "months", "mos": "months",
    "mths": "months", "y": "years", "yr": "years", "yrs": "years",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a text is not a value of the type wanted."""

    message: str


def read_literal(node: TextNode, wanted: FactType, *, spills: bool = False) -> Value | Mistake:
    """The value of `wanted` that a text gives; `spills`: months too short end on the next day.

    >>> from service.policy.source import Span
    >>> read_literal(TextNode("010", quoted=False, span=Span("facts.yaml", 1, 1)), Number())
    Mistake(message='write `10` instead of `010`: a number does not begin with 0')
    """
    if not node.value and not node.quoted:
        return Mistake("a value is missing here; write one after the colon")
    if node.value in ("null", "Null", "NULL", "~") and not isinstance(wanted, Text | Choice):
        return Mistake(f"`{node.value}` is no value here; write one, or leave the line out")
    match wanted:
        case Number():
            return _number(node)
        case YesNo():
            answer = as_yes_no(node)
            return answer if isinstance(answer, bool) else Mistake(answer)
        case Date():
            return _date(node.value)
        case Time():
            length = _length(node.value)
            return replace(length, spills=True) if spills and isinstance(length, Duration) else length
        case Choice(choices=choices):
            return _choice(node.value, choices)
        case Text():
            return _text(node)
        case _:
            return Mistake(f"{quoted(node.value)} cannot stand for a {wanted.word}")


def look_of(node: TextNode) -> FactType:
    """The type that a text seems to have where nothing else tells it."""
    text = node.value
    if node.quoted:
        return Text()
    if _ISO_LIKE.fullmatch(text):
        return Date()
    if _NUMBER.fullmatch(text) or _PADDED.fullmatch(text):
        return Number()
    if (like := _LENGTH_LIKE.fullmatch(text)) and _unit(like[2]):
        return Time()
    return YesNo() if text in ("yes", "no", "true", "false") else Text()


def _number(node: TextNode) -> Value | Mistake:
    text = node.value
    if node.quoted and _NUMBER.fullmatch(text):
        return Mistake(f"`{text}` is a text because of its quotes; write `{text}` without them")
    if _NUMBER.fullmatch(text):
        if sum(map(str.isdigit, text)) > MOST_DIGITS:
            return Mistake(f"{quoted(text)} is too long; a number has at most {MOST_DIGITS} digits")
        number = Decimal(text)
        return int(number) if number == number.to_integral_value() else number
    short = text if len(text) <= MOST_DIGITS else ""
    if _PADDED.fullmatch(short):
        sign, digits = ("-", short[1:]) if short.startswith("-") else ("", short)
        tidy = digits.lstrip("0")
        tidy = tidy if tidy and tidy[0] != "." else f"0{tidy}"
        return Mistake(f"write `{sign}{tidy}` instead of `{text}`: a number does not begin with 0")
    if _GROUPED.fullmatch(short):
        return Mistake(
            f"write `{re.sub(r'[^0-9-]', '', short)}` instead of `{text}`: digits are not grouped here"
        )
    if re.fullmatch(r"-?\d+,\d+", short, re.ASCII):
        return Mistake(f"write `{short.replace(',', '.')}` instead of `{text}`: decimals follow a point")
    if re.fullmatch(r"\+\d+|\.\d+|\+?\d+\.", short, re.ASCII):
        tidy = short.lstrip("+").rstrip(".")
        return Mistake(f"write `{'0' if tidy.startswith('.') else ''}{tidy}` instead of `{text}`")
    if re.fullmatch(r"-?\d+(\.\d+)?[eE][+-]?\d+", short, re.ASCII):
        return Mistake(f"`{text}` is not a number here; write all its digits, such as `1000`")
    if short.endswith("%") and _NUMBER.fullmatch(short[:-1].rstrip()):
        return Mistake(
            f"{quoted(text)} is not a number; write `{short[:-1].rstrip()}` where percent are counted, or "
            "the part of one that it is, such as `0.5` for a half"
        )
    if (with_unit := _WITH_UNIT.fullmatch(short)) and not with_unit[1].startswith("0"):
        return Mistake(f"{quoted(text)} is not a number; write the number alone: `{with_unit[1]}`")
    return Mistake(f"{quoted(text)} is not a number; write it in digits, such as `3`")


def _date(text: str) -> Value | Mistake:
    day = parse_day(text)
    if day is not None:
        return day
    if like := _ISO_LIKE.fullmatch(text):
        year, month, dom = map(int, like.groups())
        if len(like[2]) == 1 or len(like[3]) == 1:
            return Mistake(
                f"write `{year:04}-{month:02}-{dom:02}` instead of `{text}`: months and days have two digits"
            )
        try:
            date(year, month, dom)
        except ValueError:
            return Mistake(f"`{text}` is not a day in the calendar; check the month and the day")
        return Mistake(f"`{text}` is too far away; dates lie from {FIRST_DAY} to {LAST_DAY}")
    if _DATE_LIKE.fullmatch(text):
        return Mistake(
            f"{quoted(text)} is not written as a date here; write year-month-day, such as `2026-03-01`"
        )
    return Mistake(f"{quoted(text)} is not a date; write year-month-day, such as `2026-03-01`")


def _length(text: str) -> Value | Mistake:
    length = parse_length(text)
    if length is not None:
        return length
    like = _LENGTH_LIKE.fullmatch(text)
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return Mistake(
            f"{quoted(text)} is a number without its unit; write `{int(text)} months`, or days, "
            "weeks or years"
        )
    if like and like[2] in _UNITS and f"{like[1]} {like[2]}" == text:
        return Mistake(f"{quoted(text)} is too long; a length of time is at most {LONGEST_YEARS} years")
    if like and (unit := _unit(like[2])):
        number = int(like[1][:9])
        return Mistake(f"{quoted(text)} is not a length of time; did you mean `{number} {unit}`?")
    if (part := _PART_OF_A_UNIT.fullmatch(text)) and (unit := _unit(part[2])):
        months = Decimal(part[1]) * (12 if unit == "years" else 1)
        whole = unit in ("months", "years") and months == months.to_integral_value()
        remedy = (
            f"write `{int(months)} months`" if whole else "write it in shorter units, such as `18 months`"
        )
        return Mistake(f"{quoted(text)} is no whole number of {unit}; {remedy}")
    if len(re.findall(r"\d+", text, re.ASCII)) > 1 and any(unit in text for unit in _UNITS):
        return Mistake(f"{quoted(text)} has two units; use one, such as `18 months` or `52 weeks`")
    return Mistake(
        f"{quoted(text)} is not a length of time; write one such as `12 months`, `52 weeks` or `90 days`"
    )


def _unit(word: str) -> str:
    """The unit a word was meant to be, in its plural, or nothing."""
    small = word.lower()
    near = get_close_matches(small, _UNITS, n=1, cutoff=0.8)  # stricter than usual: `points` is no `months`
    return _SHORT.get(small) or (f"{near[0].rstrip('s')}s" if near else "")


def _choice(text: str, choices: tuple[str, ...]) -> Value | Mistake:
    if text in choices:
        return text
    hint = did_you_mean(text, choices) or f"; choose from {listed(choices, 'or')}"
    return Mistake(f"{quoted(text)} is not one of the choices{hint}")


def _text(node: TextNode) -> Value | Mistake:
    if not node.value.strip():
        return Mistake("this text is empty; write one")
    if len(node.value) > LONGEST_TEXT:
        return Mistake(f"this text has {len(node.value)} characters; shorten it to {LONGEST_TEXT}")
    return node.value


def spoken_value(value: Value) -> str:
    """A value of a policy as a sentence says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    return str(value)


__all__ = ["MOST_DIGITS", "Duration", "Mistake", "look_of", "read_literal", "spoken_value"]
