"""JSON Schema (2020-12) for policy files: the names of a folder in; a schema for each kind of file, out.

For editors, which complete and mark while somebody writes. A schema refuses nothing that the loader accepts;
what only the loader can know (whether a name exists, whether types fit) it lets pass. Tests hold the two
together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Final, get_args

from service.facts.vocabulary import ALWAYS_THERE
from service.policy import charter, derivations, requirements, tracks, vocabulary_schema
from service.policy.figures import ABOUT, GIVES, OF_FIGURE, OF_TABLE, PERIOD
from service.policy.folder import Wishes
from service.policy.model import Used
from service.policy.schema_conditions import asking, calculating, definitions, rules
from service.policy.schema_names import PolicyNames
from service.policy.schema_parts import (
    DAY,
    DIALECT,
    ID_TEXT,
    LENGTH,
    NAME_TEXT,
    NUMBER,
    PLAIN,
    TEXT,
    WORD,
    YES_NO,
    Schema,
    both,
    by_name,
    has,
    lacks,
    lines,
    one_of,
    one_or_several,
    only,
    ref,
    some_of,
    when,
    whole,
)
from service.policy.schema_words import NOTES
from service.policy.words import HEADS, WORDS

FOLDER: Final = "schema"  #: of a policy folder; nobody but editors reads it
_REF = re.compile(r'"#/\$defs/([^"]+)"')
_TYPES = tuple(vocabulary_schema.OF_TYPE)


def file_schemas(names: PolicyNames) -> dict[str, Schema]:
    """The schema of each kind of file, by its name; the files of `tests/` are known to `simulate.schema`."""
    shared = definitions(names)
    kinds = (
        ("facts", "facts.yaml, the vocabulary", _facts()),
        ("shared", "shared/*.yaml, requirements that several tracks use", _shared()),
        ("track", "tracks/<track>/<date>.yaml, one version of one track", _track()),
        ("charter", "charter.yaml, promises about all tracks together", _charter()),
        ("folder", "folder.yaml, what the folder asks of those who use it", _wishes()),
    )
    return {kind: document(title, schema, shared) for kind, title, schema in kinds}


def document(title: str, schema: Schema, shared: Mapping[str, Schema]) -> Schema:
    """A schema that stands by itself, with those shared definitions that it rests on."""
    known_here = {**shared, **schema.get("$defs", {})}
    needed: dict[str, Schema] = {}
    waiting = [json.dumps(schema)]
    while waiting:
        for name in _REF.findall(waiting.pop()):
            if name not in needed:
                needed[name] = known_here[name]
                waiting.append(json.dumps(known_here[name]))
    whole = {"$schema": DIALECT, "title": f"Ladders: {title}", **schema}
    return {**whole, "$defs": {name: needed[name] for name in known_here if name in needed}}


# ── facts.yaml ──────────────────────────────────────────────────────────────────────────────────────────────


def _facts() -> Schema:
    reserved = sorted({*ALWAYS_THERE, *vocabulary_schema.RESERVED})
    name = {**NAME_TEXT, "not": {"enum": reserved}}
    sections: dict[str, Schema] = {
        "facts": by_name(name, ref("fact")),
        "derived": by_name({**NAME_TEXT, "not": {"enum": list(ALWAYS_THERE)}}, ref("derived")),
        "tables": by_name(NAME_TEXT, _dated(OF_TABLE)),
        "figures": by_name(NAME_TEXT, _dated(OF_FIGURE)),
        "calendar": lines({"short_months": one_of(vocabulary_schema.SHORT_MONTHS)}),
    }
    told = {section: sections.get(section, {}) for section in vocabulary_schema.SECTIONS}
    defs = {
        "fact": _fact(inside=False),
        "field": _fact(inside=True),
        "derived": _derived("label"),
        "derived_field": _derived(),
    }
    return {**lines(told, "facts", notes=NOTES), "$defs": defs}


def _fact(*, inside: bool) -> Schema:
    """A fact, or a field of records."""
    every = vocabulary_schema.OF_TYPE
    values: dict[str, Schema] = {
        "type": one_of(_TYPES),
        "label": TEXT,
        "question": TEXT,
        "source": TEXT,
        **dict.fromkeys(("protected", "sensitive", "can_change"), YES_NO),
        "absent_means": {**PLAIN, "examples": ["unknown", "none", "no"]},
        "unit": TEXT,
        "decimals": whole(0, vocabulary_schema.MOST_DECIMALS),
        "minimum": NUMBER,
        "maximum": NUMBER,
        "choices": {**one_or_several(WORD), "uniqueItems": True},
        "ordered": one_of(("lowest first",)),
        "of": one_of(each for each in _TYPES if each not in ("list", "records")),
        "fields": by_name({**NAME_TEXT, "not": {"enum": ["this", "it"]}}, ref("field"), 1),
        "dated_by": WORD,
        "derived": by_name(NAME_TEXT, ref("derived_field")),
    }
    about = vocabulary_schema.ABOUT
    told = {name: values.get(name, {}) for name in (*about, *vocabulary_schema.EVERY)}
    needed = {"choice": ("choices",), "list": ("of",), "records": ("fields",)}
    kinds = [
        when(
            {"properties": {"type": {"const": kind}}, "required": ["type"]},
            both(only((*about, *own)), has(*needed.get(kind, ())), _silence(kind)),
        )
        for kind, own in every.items()
    ]
    items = [
        when(
            {"properties": {"type": {"const": "list"}, "of": {"const": kind}}, "required": ["type", "of"]},
            both(only((*about, "of", *own)), has("choices") if kind == "choice" else {}),
        )
        for kind, own in every.items()
        if kind not in ("list", "records")
    ]
    alone = [when({"properties": {"type": {"const": "records"}}}, lacks("derived"))] if inside else []
    return {
        **lines(told, "type", *(() if inside else ("label",)), notes=NOTES),
        "allOf": [*kinds, *items, *alone],
    }


def _silence(kind: str) -> Schema:
    """What `absent_means` may say of a type; of choices and texts the loader knows more."""
    words: dict[str, Schema] = {
        "number": {"anyOf": [NUMBER, {"const": "unknown"}]},
        "yes_no": {"anyOf": [YES_NO, {"const": "unknown"}]},
        "date": {"anyOf": [DAY, one_of(("unknown", "none", "still running"))]},
        **dict.fromkeys(("list", "records"), one_of(("unknown", "none"))),
    }
    return {"properties": {"absent_means": words[kind]}} if kind in words else {}


_CHOICE: Schema = both(has("choices"), {"properties": {"ordered": one_of(("lowest first",))}})


def _derived(*needed: str) -> Schema:
    """A derived fact, or a derived field of records."""
    types = (*derivations.TYPES, "choice")
    values: dict[str, Schema] = {
        "label": TEXT,
        "type": one_of(types),
        "unit": TEXT,
        "choices": one_or_several(WORD),
        "ordered": WORD,
        "source": TEXT,
    }
    told = {name: values.get(name, {}) for name in derivations.BESIDE}
    choice = when({"properties": {"type": {"const": "choice"}}, "required": ["type"]}, _CHOICE)
    return both(calculating(told, *needed), choice)


def _dated(own: tuple[str, ...]) -> Schema:
    """A table or a figure: what it says at all times, or in each of several periods."""
    values: dict[str, Schema] = {
        "label": TEXT, "source": TEXT, "review_by": DAY, "gives": one_of(GIVES), "from": DAY, "to": DAY,
        "rows": by_name(WORD, PLAIN, 1), "bands": by_name(WORD, PLAIN, 1),
        "otherwise": PLAIN, "value": PLAIN,
    }  # fmt: skip
    said: Schema = {"oneOf": [has(name) for name in own if name != "otherwise"]}
    period = both(lines({name: values.get(name, {}) for name in (*PERIOD, *own)}, "from", notes=NOTES), said)
    told = {**{name: values.get(name, {}) for name in (*ABOUT, *own)}, "values": some_of(period)}
    return {**lines(told, notes=NOTES), **when(has("values"), lacks(*own), said)}


# ── requirements ────────────────────────────────────────────────────────────────────────────────────────────


def _requirement_values() -> dict[str, Schema]:
    """What may stand after each name of a requirement, or of the use of a shared one."""
    params = lines({"type": one_of(GIVES), "default": PLAIN}, "type", notes=NOTES)
    waiver = lines({"by": one_or_several(WORD), "at_most": LENGTH}, "by")
    return {
        "id": {**ID_TEXT, "not": {"const": requirements.ROUTE}},
        **dict.fromkeys(("text", "why", "source", "to_meet"), TEXT),
        "about": one_or_several(WORD),
        "kind": one_of(requirements.KINDS),
        "waiver": waiver,
        "review_by": DAY,
        **dict.fromkeys(("applies_when", "unless", "condition"), ref("conditions")),
        "params": by_name(NAME_TEXT, params),
        "use": ref("a-shared-requirement"),
        "with": by_name(NAME_TEXT, {"anyOf": [PLAIN, lines({"param": NAME_TEXT}, "param")]}),
    }


def _requirement(*more: str) -> Schema:
    """A requirement with its own condition, written inline or under `condition`."""
    values = _requirement_values()
    own = {name: values.get(name, {}) for name in (*requirements.OWN, *more)}
    heads = HEADS if more else tuple(head for head in HEADS if head != "use")
    inline: Schema = {"allOf": rules(own, heads)}
    return {
        **asking(own, "id", "text"),
        **when(has("condition"), lacks(*(word for word in WORDS if word not in own)), inline),
    }


def _use() -> Schema:
    """The use of a shared requirement in a level."""
    values = _requirement_values()
    told = {name: values.get(name, {}) for name in ("use", "with", *requirements.OVERRIDES)}
    return lines(told, "use", notes=NOTES)


def _shared() -> Schema:
    defs = {"requirement": _requirement("params")}
    return {**lines({"requirements": some_of(ref("requirement"), 0)}, "requirements"), "$defs": defs}


# ── tracks ──────────────────────────────────────────────────────────────────────────────────────────────────


def _track() -> Schema:
    values: dict[str, Schema] = {
        "track": ID_TEXT,
        "title": TEXT,
        "kind": one_of(("craft", "people")),
        "in_force": lines({"from": DAY, "to": DAY}, "from"),
        "source": TEXT,
        "withdrawn": lines({"on": DAY, "why": TEXT}, "on", "why"),
        "grandfathering": lines(
            {"submitted_before": DAY, "honour_until": DAY, "use": one_of(get_args(Used))},
            "submitted_before", "honour_until", "use",
        ),
        "at_every_level": some_of(ref("asked"), 0),
        "afterwards": some_of(ref("duty"), 0),
        "levels": some_of(ref("level")),
    }  # fmt: skip
    told = {name: values.get(name, {}) for name in tracks.TRACK}
    asked = when(has("use"), ref("use"), ref("requirement"))
    defs = {
        "level": _level(),
        "duty": lines({"id": ID_TEXT, "text": TEXT, "within": LENGTH}, "id", "text", notes=NOTES),
        "asked": {"type": "object", **asked},
        "requirement": _requirement(),
        "use": _use(),
    }
    return {**lines(told, "track", "title", "kind", "in_force", "levels", notes=NOTES), "$defs": defs}


def _level() -> Schema:
    money: Schema = {"type": "number", "minimum": 0}
    place = both(ref("a-place"), {"type": "string", "pattern": "^[^/]+/[^/]+$"})
    values: dict[str, Schema] = {
        "level": ID_TEXT,
        "title": TEXT,
        "grade": whole(0, tracks.HIGHEST_GRADE),
        "pay": lines(
            {"from": money, "to": money, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
            "from", "to", "currency",
        ),
        "enter_from": {"anyOf": [{"const": "anyone"}, some_of(place)]},
        "way_back": lines({"months": whole(1, tracks.MOST_MONTHS), "to": TEXT}, "months", "to"),
        "mastery": YES_NO,
        "requires": some_of(ref("asked"), 0),
        "afterwards": some_of(ref("duty"), 0),
    }  # fmt: skip
    told = {name: values.get(name, {}) for name in tracks.LEVEL}
    return lines(told, "level", "title", "grade", notes=NOTES)


# ── charter.yaml ────────────────────────────────────────────────────────────────────────────────────────────


def _charter() -> Schema:
    promise = lines(
        {"id": ID_TEXT, "promise": one_of(charter.SENTENCES), "why": TEXT},
        "id",
        "promise",
        "why",
        notes=NOTES,
    )
    declined = lines({"promise": one_of(charter.SENTENCES), "why": TEXT}, "promise", "why", notes=NOTES)
    whole = {
        "promises": some_of(promise, 0),
        "not_promised": some_of(declined, 0),
        "stands_for": lines(_carriers()),
    }
    return lines(whole, "promises", notes=NOTES)


def _carriers() -> dict[str, Schema]:
    """What stands for each subject: a fact, or a fact with what in it counts."""
    found: dict[str, Schema] = {}
    fact, field = ref("a-derived-or-told-fact"), ref("a-field")
    for subject in charter.SUBJECTS:
        detail = charter.DETAILS.get(subject)
        told = {"fact": fact, "is": PLAIN, **({detail: field} if detail else {})}
        found[subject] = one_or_several({"anyOf": [fact, lines(told, "fact")]})
    return found


def _wishes() -> Schema:
    return lines({wish.name: YES_NO for wish in fields(Wishes)})


SCHEMA_OF: Mapping[str, str] = {"facts.yaml": "facts", "charter.yaml": "charter", "folder.yaml": "folder"}


def kind_of(file: str) -> str | None:
    """The kind of a file of a policy folder, by its path relative to the folder; None: not one of these.

    >>> kind_of("tracks/people-lead/2026-01-01.yaml"), kind_of("notes.txt")
    ('track', None)
    """
    if file in SCHEMA_OF:
        return SCHEMA_OF[file]
    top, *rest = file.split("/")
    if not file.endswith(".yaml") or not rest:
        return None
    return {"tracks": "track" if len(rest) == 2 else None, "shared": "shared" if len(rest) == 1 else None,
            "tests": "tests"}.get(top)  # fmt: skip
