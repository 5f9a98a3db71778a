"""JSON Schema of test files: the names of a policy folder in; what a file of `tests/` looks like, out.

For editors, beside the schemas of `policy.schemas` and by the same rules: it refuses nothing that is read.
"""

from __future__ import annotations

from service.policy.schema_names import PolicyNames
from service.policy.schema_parts import (
    DAY,
    TEXT,
    WORD,
    Schema,
    by_name,
    has_any,
    known,
    lines,
    one_of,
    one_or_several,
    ref,
    some_of,
)
from service.policy.schema_words import NOTES
from service.policy.schemas import document
from service.simulate.cases import CASE, TABLE
from service.simulate.expectations import NEVER, OUTCOMES, RESULTS
from service.simulate.files import FILE
from service.simulate.model import NAMED
from service.simulate.people import FROM, NO_LADDER, PERSON
from service.simulate.told import NONE

_ANY: Schema = {"type": ["string", "number", "boolean", "array", "object"]}


def case_file_schema(names: PolicyNames) -> Schema:
    """The schema of the files of `tests/`."""
    values = _values()
    case = lines({name: values.get(name, {}) for name in CASE}, "case", "expect", notes=NOTES)
    table = lines({name: values.get(name, {}) for name in TABLE}, "table", "columns", "rows", notes=NOTES)
    whole: dict[str, Schema] = {
        **values,
        "people": by_name({"type": "string"}, ref("person")),
        "cases": some_of(ref("case"), 0),
        "tables": some_of(ref("table"), 0),
    }
    own = {
        "person": lines({name: values.get(name, {}) for name in PERSON}, notes=NOTES),
        "case": case, "table": table,
        "a-place": known(names.places), "a-fact-to-tell": known(names.facts),
        "a-requirement": known(names.requirements), "a-duty": known(names.duties),
        "a-fact-or-field": known((*names.facts, *names.dotted)),
        "told": _told(names),
    }  # fmt: skip
    file = {
        **lines({name: whole.get(name, {}) for name in FILE}, "as_of", notes=NOTES),
        **has_any(("cases", "tables")),
    }
    return document("tests/*.yaml, examples with the outcomes they must have", file, own)


def _told(names: PolicyNames) -> Schema:
    """Facts with their values; the choices of a fact are offered."""
    choices = {name: {"anyOf": [one_of(words), _ANY]} for name, words in names.choices.items()}
    properties = {name: choices.get(name, _ANY) for name in names.facts}
    return {"type": "object", "properties": properties, "additionalProperties": _ANY}


def _values() -> dict[str, Schema]:
    """What may stand after each name, wherever it stands."""
    waiver: dict[str, Schema] = {
        "requirement": ref("a-requirement"), "by": WORD, "granted_on": DAY, "until": DAY, "reason": TEXT,
    }  # fmt: skip
    return {
        **dict.fromkeys(("about", "case", "table"), TEXT),
        **dict.fromkeys(("as_of", "submitted_on"), DAY),
        **dict.fromkeys(("given", "like"), WORD),
        FROM: {"anyOf": [one_of((NO_LADDER,)), ref("a-place")]},
        "to": one_or_several(ref("a-place")),
        **dict.fromkeys(("facts", "with", "also"), ref("told")),
        "without": one_or_several({"anyOf": [one_of((FROM,)), ref("a-fact-to-tell")]}),
        "waivers": some_of(lines(waiver, *waiver), 0),
        "expect": one_of(OUTCOMES),
        **dict.fromkeys(NAMED, _none_or_several(ref("a-requirement"))),
        "missing": _none_or_several(ref("a-fact-or-field")),
        "eligible_from": {"anyOf": [DAY, one_of((NEVER,))]},
        "open_to_you": _none_or_several(ref("a-place")),
        "afterwards": _none_or_several(ref("a-duty")),
        "findings": by_name(ref("a-requirement"), one_of(RESULTS)),
        "skip": lines({"reason": TEXT, "until": DAY}, "reason", "until"),
        "columns": some_of({"anyOf": [one_of(CASE), ref("a-fact-to-tell")]}),
        "rows": some_of({"type": "array"}),
    }


def _none_or_several(name: Schema) -> Schema:
    return {"anyOf": [one_of((NONE,)), name, some_of(name, 0)]}
