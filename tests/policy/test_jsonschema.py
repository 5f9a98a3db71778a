"""The JSON Schema of a request: it and the reader of requests give the same answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from service.facts.json_text import read_json
from service.facts.schema import read_request
from service.facts.types import NOTHING, Choice, Date, Fact, ListOf, Number, Records, Text, YesNo
from service.facts.vocabulary import Vocabulary
from service.policy.condition import Comparison, Constant, Count, Derived, Entries, FactRef, FieldRef, Place
from service.policy.jsonschema import facts_for, request_schema
from service.policy.model import Level, Requirement

HERE = Place("tracks/stone-craft/2026-01-01.yaml", 1, 1)
FACTS = (
    Fact(name="rating", type=Choice(("below", "meets")), label="rating", question="What is the rating?"),
    Fact(name="points", type=Number(decimals=1, minimum=Decimal("0.5"), maximum=10), label="points"),
    Fact(name="teams", type=Number(decimals=0), label="teams"),
    Fact(name="asked", type=YesNo(), label="has asked"),
    Fact(name="since", type=Date(), label="start"),
    Fact(name="motto", type=Text(), label="motto"),
    Fact(name="skills", type=ListOf(Choice(("cutting", "laying"))), label="skills", absent_means=()),
    Fact(
        name="trainings",
        type=Records(
            {
                "course": Fact(name="course", type=Text(), label="course"),
                "hours": Fact(name="hours", type=Number(), label="hours", absent_means=NOTHING),
            }
        ),
        label="trainings",
    ),
    Fact(name="shoe_size", type=Number(), label="shoe size"),
)
VOCABULARY = Vocabulary({fact.name: fact for fact in FACTS})


def reference(name: str) -> FactRef:
    """The fact of that name, as a condition speaks of it."""
    fact = VOCABULARY[name]
    return FactRef(fact.name, fact.type, fact.label)


def requirement(id_: str, *names: str) -> Requirement:
    """A requirement that every one of these facts is known, one of them inside a derived fact."""
    derived = Derived("all_of_it", reference(names[0]), reference(names[0]).type, "all of it")
    return Requirement(
        id=id_,
        text=id_,
        place=HERE,
        condition=Comparison(derived, "is_known", ()),
        unless=None if len(names) < 2 else Comparison(reference(names[1]), "is_known", ()),
    )


def counting_trainings() -> Requirement:
    """A requirement that counts entries by one of their fields."""
    course = FieldRef(0, "course", Text(), "course")
    first_aid = Comparison(course, "is", (Constant("first-aid", Text()),))
    count = Count(Entries(reference("trainings"), 0, where=first_aid))
    return Requirement(
        id="trained", text="x", place=HERE, condition=Comparison(count, "at_least", (Constant(1, Number()),))
    )


LEVEL = Level(
    track="stone-craft",
    level="mason",
    title="Mason",
    grade=5,
    place=HERE,
    enter_from=("stone-craft/learner",),
    requires=(
        requirement("rated", "rating", "points"),
        requirement("led", "teams", "asked"),
        requirement("there", "since", "motto"),
        requirement("skilled", "skills"),
        counting_trainings(),
    ),
)
SCHEMA = request_schema(LEVEL, VOCABULARY)
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
GOOD: Mapping[str, Any] = SCHEMA["examples"][0]


def taken(request: Any) -> bool:
    """Whether the reader of requests finds nothing wrong."""
    return (
        read_request(read_json(json.dumps(request).encode()), VOCABULARY, today=date(2026, 11, 20))[1] == []
    )


def test_it_is_a_json_schema_of_the_dialect_that_it_names() -> None:
    """An editor or a validator of the caller must be able to use it as it is."""
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMA)


def test_the_facts_are_those_that_can_matter_also_inside_derived_facts_and_exceptions() -> None:
    """Nothing that could change the outcome is missing, and nothing else is asked for."""
    assert [fact.name for fact in facts_for(LEVEL, VOCABULARY)] == [fact.name for fact in FACTS[:-1]]
    assert list(SCHEMA["properties"]["facts"]["properties"]) == [fact.name for fact in FACTS[:-1]]


def test_a_fact_brings_its_question_and_label() -> None:
    """A form made from the schema asks in the words of the policy."""
    told = SCHEMA["properties"]["facts"]["properties"]
    assert (told["rating"]["title"], told["rating"]["description"]) == ("rating", "What is the rating?")
    assert told["points"]["description"] == "At most 1 decimals"


def test_the_example_is_right_by_both() -> None:
    """It is there to be copied."""
    assert VALIDATOR.is_valid(GOOD)
    assert taken(GOOD)


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([0.4, 0.5, 9.5, 10.5, 3.0]),
    st.sampled_from(
        ["", "meets", "Meets", "cutting", "2026-01-31", "2026-02-30", "2026-1-1", "5", "true", " a "]
    ),
    st.lists(
        st.sampled_from(["cutting", "sawing", None, 1, {"course": "a"}, {"hours": 1.5}, {"hours": "1"}]),
        max_size=2,
    ),
    st.dictionaries(
        st.sampled_from(["track", "level", "id", "x"]), st.sampled_from(["a", "", 1, None, " a"]), max_size=3
    ),
)
places = st.sampled_from(
    [
        *GOOD,
        *(f"facts/{fact.name}" for fact in FACTS[:-1]),
        "submitted_on",
        "strict_facts",
        "waivers",
        "colour",
    ]
)


@given(st.dictionaries(places, values, max_size=3))
def test_schema_and_reader_agree(changes: dict[str, Any]) -> None:
    """Whoever checks before sending must neither be refused afterwards, nor hold back what would be taken.

    Only the track and level asked for are narrower in the schema: it is made for one level.
    """
    request = json.loads(json.dumps(GOOD))
    for place, value in changes.items():
        holder, _, name = place.rpartition("/")
        if holder and not isinstance(request.get(holder), dict):
            continue
        (request[holder] if holder else request)[name] = value
    if request["to"] != GOOD["to"]:
        assert not VALIDATOR.is_valid(request)
    else:
        assert VALIDATOR.is_valid(request) is taken(request), (
            request,
            next(VALIDATOR.iter_errors(request), None),
        )


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("teams", 3, True),
        ("teams", 3.5, False),
        ("points", 0.5, True),
        ("points", 0.4, False),
        ("points", "5", False),
        ("rating", "meets", True),
        ("rating", "Meets", False),
        ("rating", None, True),
        ("asked", "yes", False),
        ("since", "2026-01-31", True),
        ("since", "2026-02-30", False),
        ("since", "20260131", False),
        ("skills", ["cutting"], True),
        ("skills", ["sawing"], False),
        ("skills", [None], False),
        ("trainings", [{"hours": None}], True),
        ("trainings", [{"hours": "1"}], False),
        ("trainings", [{"colour": "red"}], True),
        ("motto", "x" * 2001, False),
    ],
)
def test_schema_and_reader_agree_on_each_type(name: str, value: Any, fits: bool) -> None:
    """The cases that matter most, chosen rather than drawn."""
    request = {**GOOD, "facts": {**GOOD["facts"], name: value}}
    assert VALIDATOR.is_valid(request) is fits
    assert taken(request) is fits


@pytest.mark.parametrize("name", ["to", "as_of", "facts", "candidate"])
def test_what_is_needed_is_needed_by_both(name: str) -> None:
    """Left out is not null: these must be told."""
    request = {key: value for key, value in GOOD.items() if key != name}
    assert not VALIDATOR.is_valid(request)
    assert not taken(request)


def test_a_waiver_names_a_requirement_of_the_level() -> None:
    """A waiver for something that is not asked is a mistake that can be seen before it is sent."""
    waiver = {
        "requirement": "trained",
        "by": "people-director",
        "granted_on": "2026-11-01",
        "until": "2027-01-31",
        "reason": "ill",
    }
    assert VALIDATOR.is_valid({**GOOD, "waivers": [waiver]})
    assert not VALIDATOR.is_valid({**GOOD, "waivers": [{**waiver, "requirement": "trainde"}]})
