"""JSON Schema of conditions and amounts: the language's own tables of words in; definitions out.

Which words may stand beside which comes from `policy.words` and `policy.operators`, so that a new word is
known here at once. Names of facts are offered and not enforced: the loader alone knows what is at hand where.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.facts.types import Choice, ListOf
from service.policy import amounts
from service.policy.gathered import MOST_NEWEST, MOST_PLACES
from service.policy.operators import LISTED, OPERATORS, fitting
from service.policy.schema_names import PolicyNames
from service.policy.schema_parts import (
    DAY,
    LENGTH,
    NAME_TEXT,
    NUMBER,
    PLAIN,
    YES_NO,
    Schema,
    both,
    by_name,
    has,
    has_any,
    has_one,
    known,
    lacks,
    lines,
    one_of,
    only,
    ref,
    some_of,
    when,
    whole,
)
from service.policy.schema_words import NOTES
from service.policy.words import ARITHMETIC, HEADS, QUANTIFIERS, SUBJECTS, WORDS, beside

LISTS = ("all_of", "any_of")
_MOST_NEEDED = 9999
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "table": ("at",), "choose": ("otherwise",), "fiscal_quarter": ("year_starts",),
    **dict.fromkeys(("period_start", "next_period"), ("period", "counted_from")),
}  # fmt: skip
_NAMED = ("some", "no", "every", "count", "time_in")  #: heads that take records
_RANKED = Choice(("lowest", "highest"), ordered=True)
_SEVERAL = LISTED | {"between"}  #: operators that take a list
_OFFERED = tuple(
    name for name in OPERATORS if name in {*fitting(_RANKED), *fitting(ListOf(_RANKED))} - {"is_known"}
)
_OF_ENTRY = (
    "sum",
    "average",
    "latest",
    "earliest",
    "highest",
    "lowest",
)  #: heads that take a field of each entry


def definitions(names: PolicyNames) -> dict[str, Schema]:
    """What conditions and amounts look like in a policy folder that has these names."""
    values = _values()
    inside = {name: values.get(name, {}) for name in WORDS}
    of_amounts = dict.fromkeys(
        (*SUBJECTS, *(name for head in SUBJECTS for name in sorted(beside(head))), *ARITHMETIC)
    )
    return {
        **{name: known(listed) for name, listed in _names_of(names).items()},
        "a-day": {"anyOf": [DAY, ref("amount")]},
        "a-length": {"anyOf": [LENGTH, ref("amount")]},
        "an-operator": has_one(OPERATORS),
        "value": {"anyOf": [PLAIN, ref("amount")]},
        "amount": {
            **lines({name: values.get(name, {}) for name in of_amounts}, notes=NOTES),
            "allOf": _amount_rules(()),
        },
        "condition": {**lines(inside, notes=NOTES), "allOf": rules()},
        **_offered(names),
        "conditions": {
            "type": ["object", "array"],
            **when({"type": "array"}, some_of(ref("conditions")), ref("condition")),
        },
    }


def _names_of(names: PolicyNames) -> dict[str, tuple[str, ...]]:
    """What an editor offers for each kind of name."""
    return {
        "a-fact": names.known,
        "a-fact-to-tell": names.facts,
        "a-derived-or-told-fact": (*names.facts, *names.derived),
        "records": names.records,
        "a-field": names.fields,
        "a-field-of-records": (*names.dotted, *names.fields),
        "records-or-their-field": (*names.records, *names.dotted),
        "a-table": names.tables,
        "a-figure": names.figures,
        "a-shared-requirement": names.shared,
        "a-place": names.places,
    }


def asking(own: Mapping[str, Schema], *needed: str) -> Schema:
    """Lines that hold one condition inline, beside names of their own."""
    values = _values()
    told = {**{name: values.get(name, {}) for name in WORDS}, **own}
    return lines(told, *needed, notes=NOTES)


def calculating(own: Mapping[str, Schema], *needed: str) -> Schema:
    """Lines that hold one amount inline, beside names of their own."""
    values = _values()
    told = {**{name: values.get(name, {}) for name in WORDS}, **own}
    return {**lines(told, *needed, notes=NOTES), "allOf": _amount_rules(tuple(own))}


def _values() -> dict[str, Schema]:
    """What may stand after each word, whatever it stands beside."""
    amount, several, field = ref("value"), some_of(ref("value")), ref("a-field")
    records: Schema = {"anyOf": [ref("records"), ref("amount")]}
    of_entry: Schema = {"anyOf": [ref("a-field-of-records"), ref("amount")]}
    of_several: Schema = {"anyOf": [*of_entry["anyOf"], some_of(amount, 2)]}
    summands: Schema = {"anyOf": [PLAIN, ref("amount"), some_of(amount, 2)]}
    fact_or_amount: Schema = {"anyOf": [ref("a-fact"), ref("amount")]}
    fact_or_day: Schema = {"anyOf": [ref("a-fact"), ref("a-day")]}
    values: dict[str, Schema] = {
        "fact": ref("a-fact"),
        **dict.fromkeys(_NAMED, records),
        **dict.fromkeys(_OF_ENTRY[:2], of_entry),
        **dict.fromkeys(_OF_ENTRY[2:], of_several),
        "latest": {"anyOf": [ref("records-or-their-field"), ref("amount"), some_of(amount, 2)]},
        "for_each": {"anyOf": [*records["anyOf"], some_of(PLAIN)]},
        "table": ref("a-table"),
        "figure": ref("a-figure"),
        "at": fact_or_amount,
        "choose": some_of(lines({"when": ref("conditions"), "then": amount}, "when", "then", notes=NOTES)),
        "otherwise": amount,
        "fiscal_quarter": fact_or_amount,
        **dict.fromkeys(("period_start", "next_period", "counted_from"), fact_or_day),
        "period": LENGTH,
        "rounded_to": whole(0, MOST_PLACES),
        "full": one_of(amounts.UNITS),
        "breaks_at_most": ref("a-length"),
        "yes_when": ref("conditions"),
        "year_starts": one_of(amounts.MONTHS),
        "year_of": fact_or_amount,
        "param": NAME_TEXT,
        "use": ref("a-shared-requirement"),
        "with": by_name(NAME_TEXT, {"anyOf": [PLAIN, lines({"param": NAME_TEXT}, "param")]}),
        **dict.fromkeys(LISTS, some_of(ref("conditions"))),
        "none_of": {"type": "array", "minItems": 1},
        "of": {"anyOf": [*records["anyOf"], {"type": "array", "minItems": 1}]},
        "where": ref("conditions"),
        "has": ref("conditions"),
        "as": NAME_TEXT,
        "by": field,
        "last": whole(1, MOST_NEWEST),
        "once_per": field,
        "at_most_per": lines(
            {"each": {"anyOf": [field, lines({"year_of": field}, "year_of")]}, "at_most": NUMBER},
            "each",
            "at_most",
            notes=NOTES,
        ),
        **dict.fromkeys(("from", "to"), field),
        **dict.fromkeys(("since", "until"), amount),
        **dict.fromkeys(ARITHMETIC, summands),
    }
    for operator in OPERATORS:
        values.setdefault(operator, several if operator in LISTED else amount)
    values |= dict.fromkeys(("before", "on_or_before", "after", "on_or_after"), ref("a-day"))
    values |= dict.fromkeys(("for_at_least", "within_last"), ref("a-length"))
    values["between"] = some_of(amount, 2, 2)
    values["is_known"] = YES_NO
    return values


# ── which words stand together ──────────────────────────────────────────────────────────────────────────────


def rules(own: Iterable[str] = (), heads: Iterable[str] = HEADS) -> list[Schema]:
    """What holds of one condition: its one subject, what stands beside it, its one operator."""
    others = tuple(own)
    first = tuple(heads)
    inline = {"anyOf": [has_any(name for name in first if name not in ("for_each", "latest")), _GROUP, _BARE]}
    found = [
        has_any((*first, "of", "none_of", *ARITHMETIC)),
        when(
            has("for_each"), {"anyOf": [both(has("has"), only((*others, "for_each", "as", "has"))), inline]}
        ),
        when(
            _NEWEST,
            both(
                has("by"),
                {"anyOf": [both(has("has"), only((*others, *_OF_NEWEST))), inline]},
            ),
        ),
    ]
    plain = both(lacks("for_each"), {"not": _NEWEST})
    for head in SUBJECTS:
        found.append(when(both(plain, has(head)), _comparing(head, others)))
    for head in QUANTIFIERS[:3]:
        allowed = (head, "where", "as", *(("has",) if head == "every" else ()))
        needed = has_any(("has", "where")) if head == "every" else {}
        found.append(when(both(plain, has(head)), both(only((*others, *allowed)), needed)))
    found += [when(both(plain, has(head)), only((*others, head))) for head in LISTS]
    found += [
        when(
            both(plain, _GROUP),
            both(
                only((*others, "of", "at_least")),
                has("at_least"),
                {"properties": {"at_least": whole(1, _MOST_NEEDED), "of": some_of(ref("conditions"))}},
            ),
        ),
        when(
            both(plain, has("none_of"), lacks(*HEADS, "of")),
            both(only((*others, "none_of")), {"properties": {"none_of": some_of(ref("conditions"))}}),
        ),
        when(both(plain, has("use")), only((*others, "use", "with"))),
    ]
    for head in ARITHMETIC:
        found.append(when(both(plain, has(head), lacks(*HEADS, "of", "none_of")), _comparing(head, others)))
    return [*found, ref("offered")]


_GROUP: Schema = both(has("of"), lacks(*SUBJECTS))
_BARE: Schema = {"anyOf": [has("none_of"), *(has(name) for name in ARITHMETIC)]}
_OF_NEWEST = ("latest", "by", "last", "where", "has", "as")
#: `latest` asks something of the newest entries where it names records; `reviews.held_on` is an amount.
_NEWEST: Schema = both(
    has("latest"),
    lacks("for_each", "of"),
    {"anyOf": [has("last"), both(has("by"), {"properties": {"latest": {"not": {"pattern": r"\."}}}})]},
    {"properties": {"latest": {"type": "string"}}},
)


def _comparing(head: str, others: tuple[str, ...]) -> Schema:
    """An amount and exactly one operator."""
    keys = sorted(beside(head) - {head}) if head not in ARITHMETIC else []
    operators = [operator for operator in OPERATORS if operator not in keys]
    return both(
        only((*others, head, *keys, *operators)),
        ref("an-operator") if len(operators) == len(OPERATORS) else has_one(operators),
        *_of_amount(head),
        {"properties": {"none_of": some_of(ref("value"))}},
    )


def _of_amount(head: str) -> list[Schema]:
    """What holds of the lines of an amount with this head."""
    if head in ARITHMETIC:
        most = 2 if head == "minus" else None
        return [{"properties": {head: some_of(ref("value"), 2, most)}}]
    found: list[Schema] = [
        {"properties": {**{name: ref("value") for name in ARITHMETIC}, "of": {"not": {"type": "array"}}}},
        {
            "not": {
                "anyOf": [has(*pair) for pair in (("plus", "minus"), ("plus", "times"), ("minus", "times"))]
            }
        },
    ]
    if head in _NEEDS:
        found.append(has(*_NEEDS[head]))
    if head in _OF_ENTRY[1:]:
        several = {"properties": {head: {"type": "array"}}}
        found.append(when(several, lacks(*sorted(beside(head) - set(ARITHMETIC)))))
    if head == "full":
        found.append({"oneOf": [both(has("since"), lacks("of")), both(has("of"), lacks("since", "until"))]})
    if "last" in beside(head):
        found.append({"oneOf": [has("by", "last"), lacks("by", "last")]})
    if head == "time_in":
        found.append({"not": has("since", "within_last")})
    return found


def _amount_rules(others: tuple[str, ...]) -> list[Schema]:
    """What holds of one amount: its one head, and what stands beside it."""
    found: list[Schema] = [has_any((*SUBJECTS, *ARITHMETIC))]
    found += [
        when(has(head), both(only((*others, head, *sorted(beside(head)))), *_of_amount(head)))
        for head in SUBJECTS
    ]
    found += [
        when(both(has(head), lacks(*SUBJECTS)), both(only((*others, head)), *_of_amount(head)))
        for head in ARITHMETIC
    ]
    return found


def _offered(names: PolicyNames) -> dict[str, Schema]:
    """What an editor offers after an operator: the choices of the fact, or tracks, levels and places."""
    words: dict[str, tuple[str, ...]] = {
        **names.choices,
        **dict.fromkeys(("from.track", "to.track"), names.tracks),
        **dict.fromkeys(("from.level", "to.level"), names.levels),
        **dict.fromkeys(("from.place", "to.place"), names.places),
    }
    found: dict[str, Schema] = {}
    branches: list[Schema] = [{}]
    for fact, listed in words.items():
        if listed:
            one = f"value-of-{fact}"
            found[one] = {"anyOf": [one_of(listed), ref("value")]}
            each = {name: some_of(ref(one)) if name in _SEVERAL else ref(one) for name in _OFFERED}
            asked = {"properties": {"fact": {"const": fact}}, "required": ["fact"]}
            branches.append(when(asked, {"properties": each}))
    return {**found, "offered": {"allOf": branches}}
