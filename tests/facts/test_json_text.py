"""JSON text: exact numbers, one meaning for every text, and a clear word for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import RequestError
from service.facts.json_text import DEEPEST, MOST_DIGITS, read_items, read_json, slowly

BEYOND_USE = "a number has more than 30 digits, or is too large or too small to be of use"


def refusal(text: bytes) -> str:
    with pytest.raises(RequestError) as refused:
        read_json(text)
    (fault,) = refused.value.faults
    assert fault.pointer == ""
    return fault.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-0", 0),
        ("-0.0", 0),
        ("3.0", 3),
        ("1e5", 100_000),
        ("0.1", Decimal("0.1")),
        ("0.30000000000000000000000000001", Decimal("0.30000000000000000000000000001")),
        ("1E-3", Decimal("0.001")),
        ("9007199254740993", 9007199254740993),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\u0041\\n"', "A\n"),
        ("[true, false, null]", [True, False, None]),
        (' {"a": {}} ', {"a": {}}),
    ],
)
def test_a_text_is_read_exactly(text: str, value: Any) -> None:
    """Nothing passes through binary floats: 0.7 + 0.2 + 0.1 is 1 here."""
    found = read_json(text.encode())
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the body is not JSON: expecting value at line 1, column 1"),
        (b'{"a": 1,}', "the body is not JSON: expecting a name in double quotes at line 1, column 9"),
        (b"{'a': 1}", "the body is not JSON: expecting a name in double quotes at line 1, column 2"),
        (b'{"a": 1} x', "the body is not JSON: extra data at line 1, column 10"),
        (b'{"a": "b', "the body is not JSON: unterminated string at line 1, column 7"),
        (b'{\n"a": "\x01"}', "the body is not JSON: invalid control character at line 2, column 7"),
        (b"01", "the body is not JSON: extra data at line 1, column 2"),
        (b"\xef\xbb\xbf{}", "the body is not JSON: expecting value at line 1, column 1"),
        (b'{"a": "\xff"}', "the body is not UTF-8 text (at byte 8); send JSON in UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "the body is not UTF-8 text (at byte 8); send JSON in UTF-8"),
        ("{}".encode("utf-16"), "the body is not UTF-8 text (at byte 1); send JSON in UTF-8"),
        (b'["\\ud800"]', "a text holds half a character (a lone surrogate)"),
        (b'{"\\udc00": 1}', "a text holds half a character (a lone surrogate)"),
        (
            b"[NaN]",
            "`NaN` is not a number; send a number, or leave the fact out when it is not known",
        ),
        (
            b"-Infinity",
            "`-Infinity` is not a number; send a number, or leave the fact out when it is not known",
        ),
        (b"1e400", BEYOND_USE),
        (b"1e-400", BEYOND_USE),
        (b"1e9999999999999999999", BEYOND_USE),
        (b"-1e-9999999999999999999", BEYOND_USE),
        (b"0." + b"1" * 31, BEYOND_USE),
        (b"9" * 31, "a number has more than 30 digits"),
        (b"-" + b"9" * 31, "a number has more than 30 digits"),
        (b"9" * 100_000, "a number has more than 30 digits"),
        (b'{"a": 1, "b": 2, "a": 1}', "the name `a` stands twice in one object; send it once"),
        (b'{"a": 1, "\\u0061": 1}', "the name `a` stands twice in one object; send it once"),
        (b'[{"x": {"b": 1, "b": 1}}]', "the name `b` stands twice in one object; send it once"),
    ],
)  # fmt: skip
def test_a_text_that_is_refused(text: bytes, message: str) -> None:
    """What JSON leaves open, or what some other reader would read otherwise, has no meaning here."""
    assert refusal(text) == message


@pytest.mark.parametrize("sign", [b"", b"-"])
def test_the_longest_numbers_are_read(sign: bytes) -> None:
    """The limit holds for digits, whatever the sign."""
    digits = sign + b"9" * MOST_DIGITS
    assert read_json(digits) == int(digits)


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_a_text_may_be_nested_so_deep_and_no_deeper(opens: str, closes: str) -> None:
    """A parser follows nesting on its own stack; a deep text is refused before it starts."""
    read_json((opens * DEEPEST + "1" + closes * DEEPEST).encode())
    assert refusal((opens * (DEEPEST + 1) + "1" + closes * (DEEPEST + 1)).encode()) == (
        "the body is nested more than 20 deep"
    )
    assert "nested" in refusal((opens * 100_000).encode())


def test_brackets_in_texts_and_beside_each_other_are_not_deep() -> None:
    """Only what is open at the same time counts."""
    flat = [{"a": '[{"\\'} for _ in range(100)]
    assert read_json(json.dumps({"x": "[" * 50, "flat": flat}).encode()) == {"x": "[" * 50, "flat": flat}


def deepest_of(text: str) -> int:
    """How deep a text is nested, told character by character."""
    depth = deepest = 0
    inside = escaped = False
    for character in text:
        if inside:
            inside, escaped = escaped or character != '"', character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


@given(
    st.integers(DEEPEST - 2, DEEPEST + 1),
    st.lists(
        st.sampled_from(['"', "\\", '"a"', '"[["', '"}]"', '"\\"{{"', "[", "]", "{", "}", ","]), max_size=8
    ),
)
def test_what_is_too_deep_is_told_as_if_each_character_were_looked_at(opened: int, rest: list[str]) -> None:
    """Most of a text is passed over at once; brackets in texts, also in one that never ends, do not count."""
    text = "[" * opened + "".join(rest)
    assert ("nested" in refusal(text.encode())) is (deepest_of(text) > DEEPEST)


def test_what_is_hard_to_read_is_refused_as_fast_as_it_is_sent() -> None:
    """Each of these once took, or would take, time that grows with the square of its length."""
    names = ",".join(f'"n{n}":1' for n in range(20_000))
    texts = [f'{{{names},"n19999":1}}', '"' + '\\"' * 100_000 + "[" * 30, '["' * 60_000]
    told = [refusal(text.encode()) for text in texts]  # in a moment; growing with the square, in many minutes
    assert told == [
        "the name `n19999` stands twice in one object; send it once",
        "the body is not JSON: unterminated string at line 1, column 1",
        "the body is nested more than 20 deep",
    ]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30) + 1, 10**30 - 1)
    | st.decimals(-(10**9), 10**9, places=5)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def as_text(value: Any, *, ascii_only: bool) -> str:
    """JSON of a value, decimals with all their digits."""
    match value:
        case Decimal():
            return format(value, "f")
        case list():
            return f"[{','.join(as_text(each, ascii_only=ascii_only) for each in value)}]"
        case dict():
            pairs = (
                f"{json.dumps(name, ensure_ascii=ascii_only)}:{as_text(each, ascii_only=ascii_only)}"
                for name, each in value.items()
            )
            return f"{{{','.join(pairs)}}}"
    return json.dumps(value, ensure_ascii=ascii_only)


@given(values, st.booleans())
def test_what_is_written_is_what_is_read(value: Any, ascii_only: bool) -> None:
    """Every value that JSON can hold comes back the same, to the last digit."""
    assert read_json(as_text(value, ascii_only=ascii_only).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    """There is no third way: whatever comes over the wire never becomes an error of ours."""
    with suppress(RequestError):
        read_json(text)


@given(st.text(st.sampled_from('[]{}":,\\u01e.-NaInftrls \n"'), max_size=40))
def test_almost_json_is_read_or_refused(text: str) -> None:
    """The same, near the edge where readers differ."""
    with suppress(RequestError):
        read_json(text.encode())


PIECES = ('{"a":1', ',"a":2', ',"b":":"', ',"b\\\\":3', ', "c" :', "[]", "{}", "}", "-0", "1.0", "9" * 31)


def outcome(read: Callable[[bytes], Any], text: bytes) -> str:
    """What a reader makes of a text: the value with its types, or the complaint."""
    try:
        return repr(read(text))
    except RequestError as refused:
        return str(refused)


@given(
    st.text(st.sampled_from('[]{}":,\\u01e.-NaInftrls \n"'), max_size=40)
    | st.builds(as_text, values, ascii_only=st.booleans())
    | st.lists(st.sampled_from(PIECES)).map("".join)
)
def test_the_quick_way_reads_as_the_careful_one(text: str) -> None:
    """Most texts are read by a faster parser; which one it was must make no difference."""
    assert outcome(read_json, text.encode()) == outcome(slowly, text.encode())


@pytest.mark.parametrize("depth", [DEEPEST - 1, DEEPEST, DEEPEST + 1])
@pytest.mark.parametrize("inside", ["", "1"])
def test_the_quick_way_ends_at_the_same_depth(depth: int, inside: str) -> None:
    """Nothing is nested deeper, whether the innermost list is empty or not."""
    text = ("[" * depth + inside + "]" * depth).encode()
    assert outcome(read_json, text) == outcome(slowly, text)


def items(text: str | bytes) -> list[tuple[str, Any]]:
    """The items of a batch: text, and value or what is wrong with it."""
    body = text.encode() if isinstance(text, str) else text
    return [
        (item.decode(), str(value) if isinstance(value, RequestError) else value)
        for item, value in read_items(body, "items")
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"items":[]}', []),
        (' {\n"items"\t: [ ] }\r\n', []),
        ('{"items": [ {"a":  1.10} ,2]}', [('{"a":  1.10}', {"a": Decimal("1.10")}), ("2", 2)]),
        ('{"items": ["]}", "\\u0041"]}', [('"]}"', "]}"), ('"\\u0041"', "A")]),
        ('{"items": ["\\ud800", 1]}', [('"\\ud800"', ANY), ("1", 1)]),
        ('{"items": [{"a": 1, "a": 2}, 1]}', [('{"a": 1, "a": 2}', ANY), ("1", 1)]),
        ('{"items": [NaN, 1e999999999, 1]}', [("NaN", ANY), ("1e999999999", ANY), ("1", 1)]),
        (f'{{"items": [{"9" * 5000}, 1]}}', [("9" * 5000, ANY), ("1", 1)]),
        (f'{{"items": [{"[" * 30 + "]" * 30}, 1]}}', [("[" * 30 + "]" * 30, ANY), ("1", 1)]),
    ],
)
def test_each_item_has_its_own_text_and_value(text: str, told: list[tuple[str, Any]]) -> None:
    """What is wrong inside one item is that item's own affair; its text is kept to the last space."""
    assert items(text) == told
    for (_, value), (_, wanted) in zip(items(text), told, strict=True):
        assert (wanted is ANY) is (isinstance(value, str) and value.startswith("/: "))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the body is not JSON: expecting value at line 1, column 1"),
        ('{"items": [1, 2', "the body is not JSON: expecting ',' delimiter at line 1, column 16"),
        ('{"items": [1 2]}', "the body is not JSON: expecting ',' delimiter at line 1, column 14"),
        ('{"items": [1,]}', "the body is not JSON: expecting value at line 1, column 14"),
        ('{"items": [1]} x', "the body is not JSON: extra data at line 1, column 16"),
        ('{"items": ["a]}', "the body is not JSON: unterminated string at line 1, column 12"),
        (b'{"items": [\xff]}', "the body is not UTF-8 text (at byte 12); send JSON in UTF-8"),
        ("[" * 100_000, "the body is nested more than 100 deep"),
        ("[]", "expected an object with the one name `items`, and a list there"),
        ("{}", "expected an object with the one name `items`, and a list there"),
        ('{"items": {}}', "expected an object with the one name `items`, and a list there"),
        ('{"items": [], "b": 1}', "expected an object with the one name `items`, and a list there"),
        ('{"a": 1, "items": []}', "expected an object with the one name `items`, and a list there"),
        ('{"items": [1], "items": [2]}', "expected an object with the one name `items`, and a list there"),
    ],
)
def test_a_text_that_is_no_list_of_items_is_refused_whole(text: str | bytes, message: str) -> None:
    """Where one item ends and the next begins cannot be told, or something else was meant."""
    with pytest.raises(RequestError) as refused:
        items(text)
    assert [fault.message for fault in refused.value.faults] == [message]


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
            ),
            max_leaves=6,
        ),
        max_size=6,
    ),
    st.sampled_from([None, 0, 2]),
)
def test_items_are_read_as_each_would_be_alone(values: list[Any], indent: int | None) -> None:
    """A batch means nothing but its items."""
    text = json.dumps({"items": values}, indent=indent)
    assert [value for _, value in items(text)] == values
    assert [read_json(item.encode()) for item, _ in items(text)] == values
