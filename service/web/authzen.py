"""AuthZEN: an access evaluation (OpenID AuthZEN Authorization API 1.0) goes in; the promotion request that it
stands for comes out, and of its verdict the decision.

The subject is the candidate, the action is `promote` or `enter`, the resource is a level, and the context (or
the properties of the subject) holds the facts. Names that are not known are passed over, as that standard
wants it. The decision is true for `eligible` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, fields, validate

from service.errors import Fault, RequestError
from service.facts.json_text import write_json
from service.facts.reading import came_as, escape
from service.facts.strict import Name, read_strictly
from service.web.body import Body

ACTIONS: Final = ("promote", "enter")
SEMANTICS: Final = ("execute_all", "deny_on_first_deny", "permit_on_first_permit")
_PASSED_ON: Final = ("from", "submitted_on", "as_of", "version", "request_id", "waivers", "strict_facts")
_ENTITIES: Final = ("subject", "action", "resource")
_NAMING: Final = ("type", "id", "name")  #: what falls back to the default of the whole, each by itself


def _object(**more: Any) -> fields.Dict:
    return fields.Dict(error_messages={"invalid": "expected an object"}, **more)


class Open(Schema):
    """An object in which other names are passed over."""

    class Meta:
        unknown = EXCLUDE

    error_messages = {"type": "expected an object"}  # noqa: RUF012 - marshmallow's way to say it


class SubjectSchema(Open):
    """The candidate."""

    type = Name(required=True, metadata={"description": "any; `candidate` says it best"})
    id = Name(required=True, metadata={"description": "your own id of the person"})
    properties = _object(metadata={"description": "facts by name, as in `context.facts`"})


class ActionSchema(Open):
    name = Name(
        required=True,
        validate=validate.OneOf(ACTIONS, error=f"expected {' or '.join(f'`{each}`' for each in ACTIONS)}"),
    )
    properties = _object()


class ResourceSchema(Open):
    """The level that the candidate shall enter."""

    type = Name(required=True, validate=validate.OneOf(["level"], error="expected `level`"))
    id = Name(
        required=True,
        validate=validate.Regexp(r"[^/]+/[^/]+\Z", error="expected a level as `track/level`"),
        metadata={"description": "the level as `track/level`"},
    )
    properties = _object()


class EvaluationSchema(Open):
    """May this candidate enter that level?"""

    subject = fields.Nested(SubjectSchema, required=True)
    action = fields.Nested(ActionSchema, required=True)
    resource = fields.Nested(ResourceSchema, required=True)
    context = _object(
        metadata={
            "description": "`facts` by name, and `from`, `as_of`, `submitted_on`, `request_id`, `version`,"
            " `waivers` as `POST /v1/verdicts` takes them; other names are passed over"
        }
    )


_EVALUATION: Final = EvaluationSchema()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The promotion request that an evaluation stands for, and where its parts came from."""

    request: Mapping[str, Any]  #: as far as it can be read
    told: Mapping[str, Any]  #: the same without the day that is put in where none is told
    properties: frozenset[str]  #: names of the facts that came as properties of the subject
    faults: tuple[Fault, ...]  #: wrong with the evaluation itself; with any it must not be judged

    @property
    def body(self) -> Body:
        """The request as it would have been sent; this is what is recorded."""
        return Body(write_json(dict(self.request)), self.request, self.told)

    def where(self, faults: Iterable[Fault]) -> list[Fault]:
        """The faults of the request, each at its place in the evaluation; without those of what could not
        even be read from it.
        """
        absent = {"/candidate", "/to"} - {f"/{name}" for name in self.request}
        return [
            replace(fault, pointer=self._place(fault.pointer))
            for fault in faults
            if fault.pointer not in absent
        ]

    def _place(self, pointer: str) -> str:
        first, _, rest = pointer.lstrip("/").partition("/")
        if first == "candidate":
            return "/subject/id"
        if first == "to":
            return "/resource/id"
        if first == "facts" and rest.partition("/")[0] in {escape(name) for name in self.properties}:
            return f"/subject/properties/{rest}"
        return f"/context{pointer}"


def evaluation_of(raw: Any, today: date) -> Evaluation:
    """The promotion request that an evaluation stands for, and everything that is wrong with the evaluation.

    Raises:
        RequestError: It is no object.
    """
    told, _, wrong = read_strictly(_EVALUATION, raw)
    if not isinstance(raw, dict):
        raise RequestError(wrong)
    subject, resource, context = (told.get(name, {}) for name in ("subject", "resource", "context"))
    properties, facts = subject.get("properties", {}), context.get("facts", {})
    if not isinstance(facts, dict):
        came = came_as(facts)
        message = f"expected an object with facts by name, but {came} came"
        wrong.append(Fault("/context/facts", message, "an object", came))
        facts = {}
    wrong += [
        Fault(f"/context/facts/{escape(name)}", "this fact is told by the subject too", "it once", "it twice")
        for name in facts
        if name in properties
    ]
    request = {name: context[name] for name in _PASSED_ON if name in context}
    request["facts"] = {**properties, **facts}
    if "id" in subject:
        request["candidate"] = {"id": subject["id"]}
    if {"type", "id"} <= resource.keys():  # a level, and not the id of something else
        track, _, level = resource["id"].partition("/")
        request["to"] = {"track": track, "level": level}
    day = context.get("submitted_on", today.isoformat())
    return Evaluation({"as_of": day, **request}, request, frozenset(properties), tuple(wrong))


def with_defaults(whole: Mapping[str, Any], one: Any) -> Any:
    """One of several evaluations, with what it leaves out taken from the whole."""
    if not isinstance(one, dict):
        return one
    merged = {name: whole[name] for name in (*_ENTITIES, "context") if name in whole} | one
    for name in _ENTITIES:
        default, own = whole.get(name), one.get(name)
        if isinstance(default, dict) and isinstance(own, dict):
            merged[name] = {key: default[key] for key in _NAMING if key in default} | own
    return merged


def decision_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The decision for which a verdict stands, with its reasons."""
    return {
        "decision": document["outcome"] == "eligible",
        "context": {
            "verdict_id": document["verdict_id"],
            "outcome": document["outcome"],
            "reason": document["summary"],
            "reasons": [
                {name: finding[name] for name in ("id", "result", "text", "to_meet")}
                for finding in document["findings"]
                if finding["kind"] == "required" and finding["result"] in ("unmet", "unknown")
            ],
            "missing_facts": [question["pointer"] for question in document["missing_facts"]],
            "eligible_from": document["eligible_from"],
            "links": {"verdict": f"/v1/verdicts/{document['verdict_id']}"},
        },
    }
