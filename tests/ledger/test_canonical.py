"""Canonical JSON: one value has one sequence of bytes, here and in every other implementation."""

from __future__ import annotations

import doctest
import enum
import math
import re
import uuid
from datetime import date
from decimal import Decimal

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from service.ledger import canonical as canonical_module
from service.ledger.canonical import WIDEST, canonical, is_canonical, seems_canonical

ASCII = st.text(st.characters(max_codepoint=127), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-WIDEST, WIDEST) | st.text(max_size=20)
PROFILE = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=5) | st.dictionaries(ASCII, below, max_size=5),
    max_leaves=30,
)


class _Colour(enum.Enum):
    RED = "red"


class _Mood(enum.StrEnum):
    GLAD = "glad"


class _Text(str):
    __slots__ = ()


@given(PROFILE)
def test_it_writes_what_rfc_8785_writes(value: object) -> None:
    """An auditor checks leaves with any implementation of the standard; a second one is the oracle."""
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # the strategy gives only plain JSON


@given(PROFILE)
def test_what_was_written_is_read_and_written_again_alike(value: object) -> None:
    """Private parts are stored inside one object and cut out again: the bytes must come back the same."""
    written = canonical(value)
    assert canonical(orjson.loads(written)) == written


WITH_FLOATS = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(ASCII, below, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), WITH_FLOATS, max_size=3))
def test_the_quick_check_of_stored_bytes_accepts_what_is_written_and_nothing_else(value: object) -> None:
    """It reads bytes for fractions instead of walking the value; none may slip through, and no text be taken
    for one.
    """
    try:
        written = canonical(value)
    except ValueError:
        wrong = [orjson.dumps(value, option=orjson.OPT_SORT_KEYS)]
    else:
        assert is_canonical(written)
        wrong = [b" " + written, b"[" + written + b"]", written + written]
    for each in wrong:
        assert not is_canonical(each)


@given(PROFILE)
def test_a_tuple_stands_for_the_same_array_as_a_list(value: object) -> None:
    """Frozen values hold tuples, and what they say must not depend on it."""
    assert canonical((value, [value])) == canonical([value, (value,)])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.0, "`/` holds a fraction; write decimals as text"),
        ({"a": [0, {"b": 0.5}]}, "`/a/1/b` holds a fraction; write decimals as text"),
        ({"a": math.nan}, "`/a` holds a fraction; write decimals as text"),
        ((math.inf,), "`/0` holds a fraction; write decimals as text"),
        ({"a/b~c": 2**53}, "`/a~1b~0c` is beyond 2^53 - 1; write such a number as text"),
        ([-(2**53)], "`/0` is beyond 2^53 - 1; write such a number as text"),
        ({"a": "\ud800"}, "`/a` holds half of a surrogate pair; send whole characters"),
        ({"a": {"é": 1}}, "`/a` has a key that is not ASCII text"),
        ({"\ud800": 1}, "`/` has a key that is not ASCII text"),
        ({1: "one"}, "`/` has a key that is not ASCII text"),
        ({_Text("a"): 1}, "`/` has a key that is not ASCII text"),
        ({"a": {}, "b": [{None: 1}]}, "`/b/0` has a key that is not ASCII text"),
        ([Decimal("1.5")], "`/0` is not plain JSON"),
        ([b"bytes"], "`/0` is not plain JSON"),
        ([date(2026, 1, 1)], "`/0` is not plain JSON"),
        ([uuid.UUID(int=1)], "`/0` is not plain JSON"),
        ([_Colour.RED], "`/0` is not plain JSON"),
        ([_Mood.GLAD], "`/0` is not plain JSON"),
        ([_Text("a")], "`/0` is not plain JSON"),
        ([{1, 2}], "`/0` is not plain JSON"),
    ],
)
def test_whatever_is_outside_the_profile_is_refused_and_the_place_named(value: object, message: str) -> None:
    """Other implementations write such values differently or not at all; NaN would become null in silence."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        canonical(value)


def test_a_value_that_nests_too_deep_is_refused() -> None:
    """Also one that holds itself: refusing must end."""
    deep: list[object] = []
    for _ in range(300):
        deep = [deep]
    circle: list[object] = []
    circle.append(circle)
    for value in (deep, circle):
        with pytest.raises(ValueError, match="is nested more than 254 deep"):
            canonical(value)


def test_the_example_in_its_description_is_true() -> None:
    """Readers start from it."""
    found = doctest.testmod(canonical_module)
    assert (found.attempted, found.failed) == (2, 0)


def test_a_refusal_never_repeats_the_value() -> None:
    """What is refused may be about a person, and messages reach logs."""
    with pytest.raises(ValueError, match="`/salary`") as refusal:
        canonical({"salary": 91_234.5})
    assert "91" not in str(refusal.value)


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1.5},
        {"a": [1, -0.25]},
        {"a": {"b": 2.0}},
        {"ä": 1},
        {"a": {"ключ": "x"}},
        {'"ä\\"': 1},
        {"a": 'é"', "é": 2},
    ],
)
def test_what_is_outside_the_profile_shows_in_the_bytes(value: object) -> None:
    """The quick look may doubt what is right, but never passes what is wrong in these ways."""
    assert not seems_canonical(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


@given(PROFILE)
def test_what_is_written_canonically_seems_so_unless_a_text_ends_like_a_fraction(value: object) -> None:
    """Otherwise the quick look would be slower than the thorough one, which follows every doubt."""
    written = canonical(value)
    assert seems_canonical(written) or re.search(rb"\.[0-9]+[,\]}]", written)
