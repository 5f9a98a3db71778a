"""The pattern that spares verifying a closer look at most leaves: it must never let a wrong one pass."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.canonical import canonical, is_canonical
from service.ledger.record import Record
from service.ledger.sealing import seal
from service.ledger.usual_leaf import usual_leaf
from tests.ledger.records import a_record

LOG = "ladders/test"
USUAL = usual_leaf(LOG)


def leaf_of(record: Record, log: str = LOG) -> bytes:
    about = None if record.about is None else bytes(32)
    return seal(record, log=log, record_key=bytes(32), about=about).leaf


@given(st.from_regex(USUAL, fullmatch=True))
def test_whatever_matches_is_canonical_and_of_this_log(leaf: bytes) -> None:
    """Nothing else looks at such a leaf again, so the pattern alone must be enough."""
    assert is_canonical(leaf)
    assert orjson.loads(leaf)["log"] == LOG


@given(st.data())
def test_a_leaf_with_any_change_matches_only_if_it_is_canonical(data: st.DataObject) -> None:
    """Bytes put in, taken out or exchanged anywhere, with what JSON is made of above all."""
    leaf = leaf_of(a_record())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(leaf)))
        put_in = data.draw(st.binary(max_size=2) | st.text(' \t\n0123-+.eE,:"\\{}[]\x7fnul', max_size=3))
        put_in = put_in if isinstance(put_in, bytes) else put_in.encode()
        leaf = leaf[:at] + put_in + leaf[at + data.draw(st.integers(0, 3)) :]
    assert not USUAL.fullmatch(leaf) or is_canonical(leaf)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"about": 88_120},
        {"rules": ()},
        {"kind": "objection", "track": None, "level": None, "outcome": None, "policy_set": None},
        {"content": b"files", "policy_version": None, "rules": (("route", "met"),)},
    ],
)
def test_the_leaves_that_the_log_writes_today_match(change: dict[str, object]) -> None:
    """Otherwise verifying would be right still, and take twice as long."""
    assert USUAL.fullmatch(leaf_of(replace(a_record(), **change)))  # type: ignore[arg-type]  # of one field each


@pytest.mark.parametrize(
    "leaf",
    [
        leaf_of(a_record(), "ladders/other"),
        leaf_of(a_record(), "ladders/test/2"),
        leaf_of(replace(a_record(), detail={"form": 3})),
        leaf_of(replace(a_record(), level="früh")),
        leaf_of(replace(a_record(), level='a "level"')),
        leaf_of(a_record()) + b"\n",
        leaf_of(a_record()).replace(b'"v":2', b'"v":2.0'),
        leaf_of(a_record()).replace(b'"v":2', b'"v":3'),
        leaf_of(a_record()).replace(b'"n":8', b'"n":08'),
        leaf_of(a_record()).replace(b'"n":8', b'"n":9007199254740992'),
        canonical({"log": LOG}),
    ],
)
def test_any_other_leaf_is_left_to_a_closer_look(leaf: bytes) -> None:
    """Of another log, of another form, with details, or with more than one way to write it."""
    assert not USUAL.fullmatch(leaf)


@pytest.mark.parametrize("log", ["a.b", "a+b", "a(b", 'a"b', "a\\b", "ö", ""])
def test_the_name_of_a_log_is_a_name_and_no_pattern(log: str) -> None:
    """An operator may have called it anything."""
    assert not usual_leaf(log).fullmatch(leaf_of(a_record(), "aab"))
    match = usual_leaf(log).fullmatch(leaf_of(a_record(), log))
    assert bool(match) == (log not in {'a"b', "a\\b", "ö"})
