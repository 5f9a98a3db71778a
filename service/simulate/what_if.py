"""What if: a request and what is to be told differently go in; the request as it would then be comes out.

Also the way back: where in what was sent a fault of the changed request stands. Knows nothing of how a
request is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from marshmallow import ValidationError, fields

from service.errors import Fault, RequestError, did_you_mean
from service.facts.reading import came_as, escape
from service.facts.schema import PlaceSchema, WaiverSchema
from service.facts.strict import Strict, read_strictly

MOST_FILES: Final = 500
LONGEST_FILE_NAME: Final = 200


def _object(**more: Any) -> fields.Dict:
    """An object; what is in it is read elsewhere."""
    return fields.Dict(error_messages={"invalid": "expected an object"}, **more)


def _check_files(files: Mapping[str, Any]) -> None:
    """Texts by the names of policy files."""
    if not 0 < len(files) <= MOST_FILES:
        raise ValidationError(
            f"expected 1 to {MOST_FILES} policy files by their names, but {len(files) or 'none'} came"
        )
    if any(len(name) > LONGEST_FILE_NAME for name in files):
        raise ValidationError(f"expected names of at most {LONGEST_FILE_NAME} characters")


class ChangesSchema(Strict):
    """What is told differently; what is left out stays as it was sent."""

    standing = fields.Nested(PlaceSchema, data_key="from", allow_none=True)
    to = fields.Nested(PlaceSchema)
    as_of = fields.Raw(metadata={"type": "string", "format": "date", "description": "on another day"})
    submitted_on = fields.Raw(
        metadata={"type": "string", "format": "date", "description": "asked on another day"}
    )
    version = fields.Raw(allow_none=True, metadata={"type": "string", "description": "by another version"})
    facts = _object(
        metadata={"description": "facts that would be otherwise; null: not told. The others stay"}
    )
    waivers = fields.List(fields.Nested(WaiverSchema))


class SimulationRequestSchema(Strict):
    """What would the verdict be, if?"""

    request = _object(required=True)
    what_if = _object()
    policies = _object(
        validate=_check_files,
        metadata={
            "description": "a whole draft policy set, to judge by instead of the one in force: the text of"
            " each file by its name, such as `facts.yaml` and `tracks/people-lead/2027-01-01.yaml`",
            "additionalProperties": {"type": "string"},
            "maxProperties": MOST_FILES,
        },
    )


_FRAME: Final = SimulationRequestSchema()
_NAMES: Final = frozenset(field.data_key or name for name, field in ChangesSchema().fields.items())
_MESSAGE: Final = "this name is not one of those that can be told differently"


@dataclass(frozen=True, slots=True)
class Simulation:
    """A request, what is told differently, and the draft policies to judge by, if any."""

    request: Mapping[str, Any]
    what_if: Mapping[str, Any]
    files: Mapping[str, str] | None
    faults: tuple[Fault, ...] = ()  #: wrong with the frame; what is wrong with the request comes on top

    @property
    def changed(self) -> dict[str, Any]:
        """The request as it would be."""
        told = {**self.request, **self.what_if}
        was, now = self.request.get("facts"), self.what_if.get("facts")
        if isinstance(was, dict) and isinstance(now, dict):
            told["facts"] = {**was, **now}
        return told

    def where(self, faults: Iterable[Fault]) -> list[Fault]:
        """The faults of the changed request, each at its place in what was sent."""
        return [replace(fault, pointer=self._part(fault.pointer) + fault.pointer) for fault in faults]

    def _part(self, pointer: str) -> str:
        _, _, steps = pointer.partition("/")
        name, _, rest = steps.partition("/")
        told = self.what_if.get(name, ...)
        if name == "facts" and isinstance(told, dict):
            changed = {escape(fact) for fact in told}
            return "/what_if" if rest.partition("/")[0] in changed else "/request"
        return "/request" if told is ... else "/what_if"


def read_simulation(raw: Any) -> Simulation:
    """What is to be simulated.

    Raises:
        RequestError: Everything that is wrong with the frame, where the request cannot be read because of it:
            by the policies in force it is read by who judges it.
    """
    told, _, wrong = read_strictly(_FRAME, raw)
    what_if = told.get("what_if", {}) if isinstance(told, dict) else {}
    wrong += [
        Fault(
            f"/what_if/{escape(name)}",
            f"{_MESSAGE}{did_you_mean(name[:100], _NAMES)}",
            f"one of {', '.join(sorted(_NAMES))}",
            "an unknown name",
        )
        for name in sorted(what_if.keys() - _NAMES)
    ]
    files = told.get("policies", {}) if isinstance(told, dict) else {}
    wrong += [
        Fault(
            f"/policies/{escape(name)}",
            f"expected the text of the file, but {came_as(text)} came",
            "a text",
            came_as(text),
        )
        for name, text in files.items()
        if not isinstance(text, str)
    ]
    if wrong and (files or not isinstance(told, dict) or "request" not in told or "policies" in raw):
        raise RequestError(wrong)
    known = {name: value for name, value in what_if.items() if name in _NAMES}
    return Simulation(told["request"], known, told.get("policies"), tuple(wrong))
