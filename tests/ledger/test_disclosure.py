"""Disclosure: a field that is shown is proved by the leaf alone, and shows nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import NotFound, NotProven
from service.ledger.canonical import canonical
from service.ledger.disclosure import check, disclosed, disclosure_record, names_of
from service.ledger.sealing import opened, seal
from tests.ledger.records import JUDGED_AT, a_record

KEY = bytes(range(32))
TEXT = json.dumps({"candidate": {"id": "E-1"}, "facts": {"rating": "meets", "hours": 7}})
PARTS = {
    "/request": canonical(TEXT),
    "/verdict": canonical({"outcome": "eligible", "findings": [{"id": "route", "result": "met"}]}),
    "/caller": canonical("key:workday"),
}


def sealed() -> tuple[bytes, dict[str, bytes]]:
    """A leaf, and the parts that it commits to."""
    record = a_record()
    object.__setattr__(record, "private", PARTS)
    found = seal(record, log="test", record_key=KEY)
    return found.leaf, opened(found.body)[1]


def test_every_field_can_be_shown_by_itself() -> None:
    """A fact, a member of the verdict, one finding: each is proved without the rest."""
    leaf, parts = sealed()
    names = names_of(parts, leaf)
    assert {"/facts/rating", "/facts/hours", "/verdict/outcome", "/verdict/findings/0", "/caller"} <= set(
        names
    )
    for field in disclosed(parts, KEY, leaf, names):
        check(leaf, field.document())


def test_a_field_shows_nothing_of_the_others() -> None:
    """Its salt opens it alone."""
    leaf, parts = sealed()
    (field,) = disclosed(parts, KEY, leaf, ["/facts/hours"])
    assert (field.value, field.pointer) == (7, "/facts/hours")
    sent = json.dumps(field.document())
    assert "meets" not in sent
    (other,) = disclosed(parts, KEY, leaf, ["/facts/rating"])
    assert other.salt not in sent


def test_a_field_that_is_not_there_is_named_with_the_nearest() -> None:
    """A slip of the pen is mended at once."""
    leaf, parts = sealed()
    with pytest.raises(NotFound, match="did you mean `/facts/rating`"):
        disclosed(parts, KEY, leaf, ["/facts/ratng"])


@settings(max_examples=60)
@given(
    change=st.sampled_from(["value", "pointer", "salt", "position", "path", "leaf"]),
    which=st.integers(0, 5),
)
def test_whatever_is_changed_is_no_longer_proved(change: str, which: int) -> None:
    """Neither the value nor its name nor its place can be replaced."""
    leaf, parts = sealed()
    names = names_of(parts, leaf)
    (field,) = disclosed(parts, KEY, leaf, [names[which % len(names)]])
    shown: dict[str, Any] = field.document()
    match change:
        case "value":
            shown["value"] = [shown["value"]]
        case "pointer":
            shown["pointer"] += "x"
        case "salt":
            shown["salt"] = shown["salt"][::-1] + "A"
        case "position":
            shown["position"] = (shown["position"] + 1) % 8
        case "path":
            shown["path"] = shown["path"][1:]
        case "leaf":
            told = json.loads(leaf)
            told["private"]["root"] = "A" * 43
            leaf = canonical(told)
    with pytest.raises(NotProven):
        check(leaf, shown)


@pytest.mark.parametrize("shown", [{}, {"value": 1.5}, {"pointer": 3}, []])
def test_what_is_no_disclosure_is_not_proved(shown: Any) -> None:
    """Whatever a third party hands over."""
    leaf, _ = sealed()
    with pytest.raises(NotProven):
        check(leaf, shown)


def test_the_record_of_a_disclosure_tells_no_names_in_the_clear() -> None:
    """A fact may be named after somebody; to whom it was shown is nobody else's business."""
    record = disclosure_record(
        7,
        ["/facts/notes about Ann", "/caller"],
        person="Ann",
        to="labour court",
        purpose="case 7",
        id_=a_record().id,
        shown_at=JUDGED_AT,
        engine="ladders",
        caller="key:audit",
    )
    leaf = seal(record, log="test", record_key=KEY, about=bytes(32)).leaf
    assert b"Ann" not in leaf
    assert b"labour court" not in leaf
    assert json.loads(leaf)["detail"]["fields"] == ["/facts/…", "/caller"]
