"""The types a fact can have, and the values they take once read.

number → int or Decimal (exact) · yes_no → bool · date → date · text, choice → str · list → tuple ·
records → tuple of entries, each a dict from field name to value or None (not known).
`Time` is the type of calculated lengths of time; callers never send it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from service.facts.calendar import Duration

MOST_ENTRIES = 1_000  #: in one list that is sent
LONGEST_TEXT = 2_000  #: characters of one text that is sent


class Nothing(enum.Enum):
    """The one value `NOTHING`: known to be absent, which is an answer. No comparison with it holds."""

    NOTHING = "nothing"

    def __str__(self) -> str:
        return "none"


NOTHING = Nothing.NOTHING

Number_ = int | Decimal
Scalar = int | Decimal | bool | date | str | Duration | Nothing
Entry = Mapping[str, Any]  #: one entry of a records fact: field name → value, None where it is not known
Value = Scalar | tuple[Any, ...] | Entry


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number; `unit` is how it is said (`points`), `decimals` how many places callers may send."""

    unit: str = ""
    decimals: int | None = None
    minimum: int | Decimal | None = None
    maximum: int | Decimal | None = None
    word = "number"


@dataclass(frozen=True, slots=True)
class YesNo:
    word = "yes or no"


@dataclass(frozen=True, slots=True)
class Date:
    word = "date"


@dataclass(frozen=True, slots=True)
class Text:
    word = "text"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `choices`; when `ordered`, they stand lowest first and can be compared."""

    choices: tuple[str, ...]
    ordered: bool = False
    word = "choice"


@dataclass(frozen=True, slots=True)
class Time:
    word = "length of time"


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of scalars."""

    of: Number | YesNo | Date | Text | Choice
    word = "list"


@dataclass(frozen=True, slots=True)
class Records:
    """A list of entries with named fields; entries whose `dated_by` day lies after `as_of` are left out."""

    fields: Mapping[str, Fact] = field(hash=False)
    dated_by: str | None = None
    word = "records"


FactType = Number | YesNo | Date | Text | Choice | Time | ListOf | Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What one fact (or one field of a records fact) is, and how it is spoken of."""

    name: str
    type: FactType
    label: str  #: used inside sentences: `latest performance rating`
    question: str = ""  #: asked when the fact is missing
    source: str = ""
    protected: bool = False  #: never allowed in a condition
    sensitive: bool = False  #: its value is kept out of the candidate's view and of service logs
    can_change: bool = True  #: False: never part of advice
    absent_means: Any = None  #: the value that silence stands for; None: unknown
