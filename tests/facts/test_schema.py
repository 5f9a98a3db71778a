"""Requests as they come over the wire: the frame is strict, and everything wrong is told at once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.request import GrantedWaiver, Request, Standing
from service.facts.schema import RequestSchema, quick_frame, read_request
from service.facts.strict import MOST_FAULTS
from service.facts.types import Fact, Number, YesNo
from service.facts.vocabulary import Vocabulary

A_DAY = "expected a day as YYYY-MM-DD that exists, from 1900-01-01 to 2199-12-31"
A_NAME = "expected a text of 1 to 200 characters, but another text came"
TODAY = date(2026, 11, 20)
VOCABULARY = Vocabulary(
    {
        "wants": Fact(name="wants", type=YesNo(), label="has asked"),
        "points": Fact(name="points", type=Number(), label="points"),
    }
)
WAIVER = {
    "requirement": "manager-training",
    "by": "people-director",
    "granted_on": "2026-11-01",
    "until": "2027-01-31",
    "reason": "course cancelled",
}


def sent(**changed: Any) -> dict[str, Any]:
    request: dict[str, Any] = {
        "candidate": {"id": "E-1042"},
        "from": {"track": "software-craft", "level": "senior"},
        "to": {"track": "people-lead", "level": "team-lead"},
        "as_of": "2027-01-01",
        "facts": {"wants": True},
    }
    return {name: value for name, value in (request | changed).items() if value is not ...}


def read(raw: Any) -> Request:
    request, faults = read_request(raw, VOCABULARY, today=TODAY)
    assert faults == []
    assert request is not None
    return request


def wrong(raw: Any) -> dict[str, str]:
    """Pointer → message of everything wrong."""
    _, faults = read_request(raw, VOCABULARY, today=TODAY)
    return {fault.pointer: fault.message for fault in faults}


def test_a_request_is_read() -> None:
    """Every part of it has its type from here on."""
    whole = sent(request_id="wf-8812", submitted_on="2026-11-18", waivers=[WAIVER], strict_facts=False)
    assert read(whole) == Request(
        candidate="E-1042",
        standing=Standing(track="software-craft", level="senior"),
        to_track="people-lead",
        to_level="team-lead",
        submitted_on=date(2026, 11, 18),
        as_of=date(2027, 1, 1),
        facts={"wants": True, "points": None},
        waivers=(
            GrantedWaiver(
                requirement="manager-training",
                by="people-director",
                granted_on=date(2026, 11, 1),
                until=date(2027, 1, 31),
                reason="course cancelled",
            ),
        ),
        request_id="wf-8812",
    )


def test_what_may_be_left_out() -> None:
    """A request without an id or a day of its own is one of today, without waivers."""
    request = read(sent())
    assert (request.request_id, request.submitted_on, request.waivers) == (None, TODAY, ())


def test_standing_nowhere_is_not_the_same_as_not_telling() -> None:
    """null says `on no ladder`, which is an answer; leaving it out is not."""
    assert read(sent(**{"from": None})).standing == Standing(track=None, level=None)
    assert read(sent(**{"from": ...})).standing is None


def test_an_unknown_fact_is_kept_as_a_warning() -> None:
    """The verdict says which of the facts it did not use."""
    (warning,) = read(sent(facts={"want": True})).warnings
    assert warning.pointer == "/facts/want"


def test_everything_wrong_is_told_at_once() -> None:
    """In the frame and in the facts, each with its pointer."""
    raw = sent(
        candidate={"id": 7},
        to={"track": "people-lead", "levl": "x"},
        as_of="2026-02-30",
        facts={"wants": "yes", "points": True},
        waivers=[{**WAIVER, "until": 5}, 3],
        stict_facts=True,
    )
    assert wrong(raw) == {
        "/as_of": f"{A_DAY}, but another text came",
        "/candidate/id": "expected a text, but a number came",
        "/facts/points": "expected a number, but true or false came",
        "/facts/wants": "expected true or false, but a text came; without quotes",
        "/stict_facts": "this name is not part of a request; did you mean `strict_facts`?",
        "/to/level": "`level` is missing; send it",
        "/to/levl": "this name is not part of a request",
        "/waivers/0/until": f"{A_DAY}, but a number came",
        "/waivers/1": "expected an object, but a number came",
    }


@pytest.mark.parametrize(
    ("changed", "pointer", "message"),
    [
        ({"candidate": ...}, "/candidate", "`candidate` is missing; send it"),
        ({"candidate": None}, "/candidate", "`candidate` is missing; send it"),
        ({"candidate": "E-1"}, "/candidate", "expected an object, but a text came"),
        ({"candidate": {}}, "/candidate/id", "`id` is missing; send it"),
        ({"candidate": {"id": ""}}, "/candidate/id", A_NAME.replace("another", "an empty")),
        ({"candidate": {"id": "x" * 201}}, "/candidate/id", A_NAME),
        (
            {"candidate": {"id": " E-1"}}, "/candidate/id",
            "expected a text without spaces around it and without control characters, but another text came",
        ),
        (
            {"candidate": {"id": "E\n1"}}, "/candidate/id",
            "expected a text without spaces around it and without control characters, but another text came",
        ),
        ({"candidate": {"id": ["E-1"]}}, "/candidate/id", "expected a text, but a list came"),
        ({"from": "senior"}, "/from", "expected an object, but a text came"),
        ({"from": {"track": "a"}}, "/from/level", "`level` is missing; send it"),
        ({"from": {"track": None, "level": "b"}}, "/from/track", "`track` is missing; send it"),
        ({"to": ...}, "/to", "`to` is missing; send it"),
        ({"to": []}, "/to", "expected an object, but a list came"),
        ({"as_of": ...}, "/as_of", "`as_of` is missing; send it"),
        ({"as_of": None}, "/as_of", "`as_of` is missing; send it"),
        ({"submitted_on": None}, "/submitted_on", "`submitted_on` is null; leave it out or send a value"),
        ({"waivers": None}, "/waivers", "`waivers` is null; leave it out or send a value"),
        (
            {"as_of": "2026-W01-1"}, "/as_of",
            f"{A_DAY}, but another text came",
        ),
        (
            {"submitted_on": "2026-01-01T00:00:00"}, "/submitted_on",
            f"{A_DAY}, but another text came",
        ),
        ({"facts": ...}, "/facts", "`facts` is missing; send it"),
        ({"facts": []}, "/facts", "expected an object with facts by name, but a list came"),
        ({"facts": None}, "/facts", "`facts` is missing; send it"),
        ({"waivers": {}}, "/waivers", "expected a list of waivers, but an object came"),
        ({"waivers": [WAIVER] * 101}, "/waivers", "expected at most 100 waivers, but a list came"),
        ({"strict_facts": "yes"}, "/strict_facts", "expected true or false, without quotes, but a text came"),
        ({"strict_facts": 1}, "/strict_facts", "expected true or false, without quotes, but a number came"),
        ({"request_id": 7}, "/request_id", "expected a text, but a number came"),
    ],
)  # fmt: skip
def test_a_frame_that_is_refused(changed: dict[str, Any], pointer: str, message: str) -> None:
    """Nothing lenient is let in: what is not as it should be has one clear fault, at its place."""
    assert wrong(sent(**changed)) == {pointer: message}


@pytest.mark.parametrize("raw", [None, 3, "x", [], True, [sent()]])
def test_what_is_no_object_is_refused(raw: Any) -> None:
    """A request is one object."""
    assert list(wrong(raw)) == [""]


def test_strict_facts_makes_unknown_names_errors() -> None:
    """Also when something else is wrong with the request."""
    assert wrong(sent(strict_facts=True, facts={"want": True}, as_of=...)) == {
        "/as_of": "`as_of` is missing; send it",
        "/facts/want": "`want` is not a fact that the policies declare, so it was not used"
        "; did you mean `wants`?",
    }


def test_a_flood_of_names_is_cut_off() -> None:
    """Looking for the word that was meant takes time."""
    assert len(wrong(sent(**{f"candidat{n}": 1 for n in range(1_000)}))) == MOST_FAULTS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("2026-01-01"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "track", "level", "_schema", "by", "until"]), inner)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [*sent(), "waivers", "submitted_on", "strict_facts", "request_id", "_schema", "x/y~"]
        ),
        json_values,
    )
)
def test_any_object_is_read_or_refused_with_pointers(raw: dict[str, Any]) -> None:
    """Whatever comes, the answer is a request or faults whose pointers begin with a name that was sent or
    is missing."""
    request, faults = read_request({**sent(), **raw}, VOCABULARY, today=TODAY)
    assert (request is None) <= bool(faults)
    assert all(fault.message for fault in faults)
    known = {*sent(), *raw, "x~1y~0", ""}
    assert {fault.pointer.split("/")[1] if fault.pointer else "" for fault in faults} <= known


FRAMES: dict[str, list[Any]] = {
    "request_id": ["wf-1", None, "", " wf", 3],
    "candidate": [{"id": "E-1"}, {"id": "E\n1"}, {"id": "E-1", "name": "x"}, {}, None],
    "from": [{"track": "a", "level": "b"}, None, {"track": "a"}, "a"],
    "to": [{"track": "a", "level": "b"}, {"track": "a", "level": None}, None],
    "as_of": ["2027-01-01", "2027-02-30", None, 1],
    "submitted_on": ["2026-11-20", None, "1899-12-31"],
    "version": [None, "people-lead/2026-01-01", "x" * 201],
    "supersedes": [None, "01930000-0000-7000-8000-000000000000", 3],
    "facts": [{"wants": True}, [], None],
    "waivers": [[], None, [WAIVER], {}],
    "strict_facts": [False, True, None, "yes"],
    "x": [1],
}


@given(
    st.sets(st.sampled_from(list(FRAMES)), min_size=3),
    st.dictionaries(st.sampled_from(list(FRAMES)), st.integers(1, 4), max_size=2),
)
def test_the_quick_way_reads_a_frame_as_the_schema_does(sent_names: set[str], odd: dict[str, int]) -> None:
    """What is published is the schema; the quick way may take less, but nothing else."""
    raw = {name: FRAMES[name][odd.get(name, 0) % len(FRAMES[name])] for name in FRAMES if name in sent_names}
    quick = quick_frame(raw)
    if quick is not None:
        assert quick == RequestSchema().load(raw)


def test_the_quick_way_knows_every_name_of_the_schema_or_leaves_it_alone() -> None:
    """A name that is new in the schema must not be taken without being read."""
    names = {field.data_key or name for name, field in RequestSchema().fields.items()}
    assert names == set(FRAMES) - {"x"}, "say in FRAMES what is right and what is wrong for the new name"
    for name in names - {"waivers"}:
        assert quick_frame({**sent(), "request_id": "wf-1", name: [object()]}) is None
    assert quick_frame({**sent(), "x": 1}) is None


def test_the_quick_way_takes_what_is_usual() -> None:
    """Otherwise it would prove nothing, and help nobody."""
    usual = {name: values[0] for name, values in FRAMES.items() if name != "x"}
    assert quick_frame(usual) is not None
    assert quick_frame(sent()) is not None
