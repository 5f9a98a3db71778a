"""Strict reading: JSON values and a marshmallow schema go in; what was told and what is wrong come out.

marshmallow's lenient fields are not used: `"yes"` is not true, `" 5 "` is not 5, `2026-W01-1` is not a day.
Knows nothing of what is read: a request, a decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from service.errors import Fault, did_you_mean
from service.facts.calendar import FIRST_DAY, LAST_DAY, parse_day
from service.facts.reading import came_as, escape

LONGEST_NAME = 200
LONGEST_SENTENCES = 4000
MOST_FAULTS = 100  #: that are told of
_A_DAY = f"a day as YYYY-MM-DD that exists, from {FIRST_DAY} to {LAST_DAY}"


class Name(fields.String):
    """A text of 1 to 200 characters, none of them a control character, without spaces around it."""

    default_error_messages = {"invalid": "expected a text"}  # noqa: RUF012 - marshmallow's way to say it

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = str(super()._deserialize(value, None, None))
        if not 0 < len(text) <= LONGEST_NAME:
            raise ValidationError(f"expected a text of 1 to {LONGEST_NAME} characters")
        if text != text.strip() or not text.isprintable():
            raise ValidationError("expected a text without spaces around it and without control characters")
        return text


class Day(fields.Date):
    """An ISO day; nothing else that a date field would let in."""

    default_error_messages = {"invalid": f"expected {_A_DAY}"}  # noqa: RUF012 - marshmallow's way to say it

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date:
        day = parse_day(value) if isinstance(value, str) else None
        if day is None:
            raise self.make_error("invalid")
        return day


class TrueFalse(fields.Boolean):
    """JSON true or false; nothing that looks like them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("expected true or false, without quotes")
        return value


class Sentences(fields.String):
    """A text in whole sentences, with line ends where the author wants them."""

    default_error_messages = {"invalid": "expected a text"}  # noqa: RUF012 - marshmallow's way to say it

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = str(super()._deserialize(value, None, None)).strip()
        if not 0 < len(text) <= LONGEST_SENTENCES:
            raise ValidationError(f"expected a text of 1 to {LONGEST_SENTENCES} characters")
        if not text.replace("\n", "").isprintable():
            raise ValidationError("expected a text without control characters other than line ends")
        return text


_NULL = "this is null"


class Strict(Schema):
    """An object with these names and no others."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "this name is not known here", "type": "expected an object"}  # noqa: RUF012 - marshmallow's way to say it

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Have null told from what is missing, where either may be: many programs write null for nothing."""
        if not field_obj.required:
            field_obj.error_messages = {**field_obj.error_messages, "null": _NULL}


def read_strictly(schema: Schema, raw: Any) -> tuple[Any, Any, list[Fault]]:
    """What a schema makes of a JSON value.

    Returns:
        What could be read; marshmallow's messages about the rest, empty when all is well; and these messages
        as faults, at most `MOST_FAULTS`.
    """
    try:
        return schema.load(raw), {}, []
    except ValidationError as refused:
        messages = refused.normalized_messages()  # type: ignore[no-untyped-call]  # marshmallow gives no type
        known = {field.data_key or name for name, field in schema.fields.items()}
        return refused.valid_data, messages, list(islice(_faults(messages, raw, known), MOST_FAULTS))


def _faults(messages: Any, raw: Any, known: Iterable[str], pointer: str = "") -> Iterator[Fault]:
    """One fault for each of marshmallow's messages, with the pointer it belongs to."""
    if isinstance(messages, list):
        for message in messages:
            yield _fault(pointer, str(message), raw, known)
        return
    for name, inner in messages.items():
        if name == "_schema":
            yield from _faults(inner, raw, known, pointer)
            continue
        held = raw[name] if isinstance(raw, list) else raw.get(name) if isinstance(raw, dict) else None
        yield from _faults(inner, held, known, f"{pointer}/{escape(str(name))}")


def _fault(pointer: str, message: str, came: Any, known: Iterable[str]) -> Fault:
    name = pointer.rpartition("/")[2]
    if message.startswith("this name"):
        message += did_you_mean(name[:100], known)
        return Fault(pointer, message, "a known name", "an unknown name")
    if message.startswith(("Missing", "Field may not be null")):
        return Fault(pointer, f"`{name}` is missing; send it", f"`{name}`", came_as(came))
    if message == _NULL:
        return Fault(pointer, f"`{name}` is null; leave it out or send a value", f"`{name}`", "null")
    expected, said, came_instead = message.removeprefix("expected ").partition(", but ")
    if said:
        return Fault(pointer, message, expected, came_instead.removesuffix(" came"))
    kind = came_as(came, expected)
    return Fault(pointer, f"expected {expected}, but {kind} came", expected, kind)
