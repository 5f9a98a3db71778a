"""Decisions: what a person did after a verdict goes in, as JSON; a checked decision, or what is wrong, comes
out. Objections and their answers are read here too.

A verdict advises; a person decides, and may depart from it, with a reason. Knows nothing of the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal, get_args

from marshmallow import fields, validate

from service.engine.evaluate import Outcome
from service.errors import Fault, RequestError
from service.facts.strict import Day, Name, Sentences, Strict, read_strictly

Ruling = Literal["approved", "declined", "overridden"]
RULINGS: Final = get_args(Ruling)
_AHEAD: Final = timedelta(days=1)  #: of UTC: in the east of the world the next day has begun already
Reply = Literal["upheld", "rejected"]
REPLIES: Final = get_args(Reply)
_ONE_OF_RULINGS, _ONE_OF_REPLIES = (
    f"expected one of {', '.join(f'`{each}`' for each in words)}" for words in (RULINGS, REPLIES)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who did it, in which role; personal."""

    id: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided after a verdict."""

    ruling: Ruling
    by: By
    decided_on: date
    reason: str | None
    supersedes: str | None  #: id of the decision that this one replaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """What the candidate, or somebody for them, says against a verdict or a decision."""

    by: By
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered to an objection."""

    reply: Reply
    by: By
    text: str
    verdict: str | None  #: id of a new verdict, on corrected facts, that came of it


class _OfDecision(Strict):
    error_messages = {"unknown": "this name is not part of a decision"}  # noqa: RUF012 - marshmallow's way to say it


class _OfObjection(Strict):
    error_messages = {"unknown": "this name is not part of an objection"}  # noqa: RUF012 - marshmallow's way to say it


class _OfAnswer(Strict):
    error_messages = {"unknown": "this name is not part of an answer"}  # noqa: RUF012 - marshmallow's way to say it


class BySchema(Strict):
    """Who did it."""

    id = Name(required=True, metadata={"description": "your own id of the person", "example": "M-77"})
    role = Name(required=True, metadata={"example": "people-director"})


class RulingSchema(_OfDecision):
    """What a person decided after a verdict."""

    decision = fields.String(
        required=True,
        validate=validate.OneOf(RULINGS, error=_ONE_OF_RULINGS),
        error_messages={"invalid": _ONE_OF_RULINGS},
        metadata={
            "description": "approved: promoted, as the verdict says; declined: not promoted; overridden:"
            " promoted although the verdict is not `eligible`"
        },
    )
    by = fields.Nested(BySchema, required=True)
    decided_on = Day(load_default=None, metadata={"description": "where they decided; default: today (UTC)"})
    reason = Sentences(
        load_default=None,
        allow_none=True,
        metadata={"description": "required where the decision departs from the verdict"},
    )
    supersedes = Name(
        load_default=None,
        allow_none=True,
        metadata={"description": "the `decision_id` of the present decision, which this one replaces"},
    )


class ObjectionSchema(_OfObjection):
    """What the candidate, or somebody for them, says against a verdict or a decision."""

    by = fields.Nested(BySchema, required=True)
    text = Sentences(required=True)


class AnswerSchema(_OfAnswer):
    """What is answered to an objection."""

    reply = fields.String(
        required=True,
        validate=validate.OneOf(REPLIES, error=_ONE_OF_REPLIES),
        error_messages={"invalid": _ONE_OF_REPLIES},
    )
    by = fields.Nested(BySchema, required=True)
    text = Sentences(required=True)
    verdict = Name(
        load_default=None,
        allow_none=True,
        metadata={"description": "the `verdict_id` of a new verdict that came of it"},
    )


def read_decision(raw: Any, outcome: Outcome, *, today: date) -> Decision:
    """A decision on a verdict with this outcome.

    Raises:
        RequestError: With everything that is wrong with it.
    """
    told, messages, faults = read_strictly(_DECISION, raw)
    faults += _unfit(told, messages, outcome, today)
    if faults:
        raise RequestError(faults)
    return Decision(
        ruling=told["decision"],
        by=By(**told["by"]),
        decided_on=told["decided_on"] or today,
        reason=told["reason"],
        supersedes=told["supersedes"],
    )


def read_objection(raw: Any) -> Objection:
    """An objection.

    Raises:
        RequestError: With everything that is wrong with it.
    """
    told, _, faults = read_strictly(_OBJECTION, raw)
    if faults:
        raise RequestError(faults)
    return Objection(by=By(**told["by"]), text=told["text"])


def read_answer(raw: Any) -> Answer:
    """An answer to an objection.

    Raises:
        RequestError: With everything that is wrong with it.
    """
    told, _, faults = read_strictly(_ANSWER, raw)
    if faults:
        raise RequestError(faults)
    return Answer(reply=told["reply"], by=By(**told["by"]), text=told["text"], verdict=told["verdict"])


def departs(ruling: Ruling, outcome: Outcome) -> bool:
    """Whether a decision is another than the verdict advises.

    >>> departs("declined", "eligible"), departs("declined", "not_eligible")
    (True, False)
    """
    return (ruling != "declined") != (outcome == "eligible")


def _unfit(told: Any, messages: Any, outcome: Outcome, today: date) -> list[Fault]:
    """What is wrong with a decision beside the verdict that it is about."""
    if not isinstance(told, dict):
        return []
    faults = []
    ruling = told.get("decision")
    if ruling == "approved" and outcome != "eligible":
        faults.append(
            Fault(
                "/decision",
                f"the verdict is `{outcome}`, so this is no approval; send `overridden` with a `reason`",
                "`overridden` or `declined`",
                "`approved`",
            )
        )
    elif ruling == "overridden" and outcome == "eligible":
        faults.append(
            Fault(
                "/decision",
                "the verdict is `eligible`, so nothing is overridden; send `approved`, or `declined` with a"
                " `reason`",
                "`approved` or `declined`",
                "`overridden`",
            )
        )
    elif ruling and departs(ruling, outcome) and told.get("reason") is None and "reason" not in messages:
        faults.append(
            Fault(
                "/reason",
                f"`{ruling}` departs from the verdict `{outcome}`; say why",
                "a reason in whole sentences",
                "nothing",
            )
        )
    decided_on = told.get("decided_on")
    if decided_on is not None and decided_on > today + _AHEAD:
        faults.append(
            Fault(
                "/decided_on",
                "this day has not come yet; send the day of the decision",
                "a past day",
                "a day",
            )
        )
    return faults


_DECISION: Final = RulingSchema()
_OBJECTION: Final = ObjectionSchema()
_ANSWER: Final = AnswerSchema()
