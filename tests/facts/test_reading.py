"""Facts as callers send them: nothing is coerced, and no fault tells what a fact said."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Fault
from service.facts.calendar import STILL_RUNNING
from service.facts.json_text import read_json
from service.facts.quick import Unusual
from service.facts.reading import MOST_UNKNOWN_NAMES, Faults, escape, read_facts, slowly
from service.facts.types import (
    LONGEST_TEXT,
    MOST_ENTRIES,
    NOTHING,
    Choice,
    Date,
    Fact,
    FactType,
    ListOf,
    Number,
    Records,
    Text,
    YesNo,
)
from service.facts.vocabulary import Vocabulary

CASES = json.loads((Path(__file__).parent / "cases" / "reading.json").read_text("utf-8"))


def fact(name: str, kind: FactType, absent_means: Any = None) -> Fact:
    return Fact(name=name, type=kind, label=name, absent_means=absent_means)


RECORDS = Records(
    {
        "course": fact("course", Text()),
        "passed": fact("passed", YesNo(), False),
        "until": fact("until", Date(), STILL_RUNNING),
    }
)
TYPES: dict[str, FactType] = {
    "number": Number(),
    "points": Number(unit="points", decimals=1, minimum=0, maximum=5),
    "whole": Number(decimals=0),
    "yes_no": YesNo(),
    "date": Date(),
    "text": Text(),
    "choice": Choice(("below", "meets")),
    "texts": ListOf(Text()),
    "numbers": ListOf(Number()),
    "dates": ListOf(Date()),
    "records": RECORDS,
}
VOCABULARY = Vocabulary({name: fact(name, kind) for name, kind in TYPES.items()})


def read(raw: dict[str, Any], *, strict: bool = False) -> tuple[dict[str, Any], list[Fault], list[Fault]]:
    faults = Faults(strict=strict)
    return read_facts(raw, VOCABULARY, faults), faults.faults, faults.warnings


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['type']} {case['sent']}")
def test_a_value_is_read_as_its_type_says_or_refused(case: dict[str, str]) -> None:
    """`"3"` is not 3, `"yes"` is not true, 2026-02-30 is not a date: an error that names the fact, never a
    guess."""
    values, faults, _ = read({case["type"]: read_json(case["sent"].encode())})
    if "reads" in case:
        assert faults == []
        assert repr(values[case["type"]]) == case["reads"]
    else:
        assert [(each.pointer, each.message) for each in faults] == [
            (f"/facts/{case['type']}{case.get('at', '')}", case["fault"])
        ]


def test_the_table_has_every_type_with_a_good_and_a_bad_value() -> None:
    """A type that nobody tries is a type that may be coerced."""
    good = {case["type"] for case in CASES if "reads" in case}
    bad = {case["type"] for case in CASES if "fault" in case}
    assert good == set(TYPES)
    assert bad == set(TYPES) - {"dates"}


@pytest.mark.parametrize("silence", [{}, {"waiver": None}])
@pytest.mark.parametrize("means", [None, False, NOTHING, (), 3])
def test_silence_stands_for_what_the_vocabulary_says(silence: dict[str, None], means: Any) -> None:
    """Left out and null are the same silence."""
    vocabulary = Vocabulary({"waiver": fact("waiver", YesNo(), means)})
    assert read_facts(silence, vocabulary, Faults(strict=False)) == {"waiver": means}


def test_every_fact_of_the_vocabulary_has_a_place() -> None:
    """Later layers ask by name and never whether a name is there."""
    assert read({})[0] == dict.fromkeys(TYPES)


def test_an_unknown_fact_is_a_warning_with_the_word_that_was_meant() -> None:
    """A workflow system may send more than the policies use; a misspelt fact must not be lost in silence."""
    values, faults, warnings = read({"nmber": 3})
    assert "nmber" not in values
    assert faults == []
    assert [(each.pointer, each.message) for each in warnings] == [
        (
            "/facts/nmber",
            "`nmber` is not a fact that the policies declare, so it was not used; did you mean `number`?",
        )
    ]


def test_an_unknown_fact_is_an_error_for_who_asks_for_it() -> None:
    """`strict_facts` is for callers who want to hear of their own mistakes at once."""
    _, faults, warnings = read({"nmber": 3, "records": [{"cuorse": "a"}]}, strict=True)
    assert [each.pointer for each in faults] == ["/facts/nmber", "/facts/records/0/cuorse"]
    assert warnings == []


def test_what_is_always_there_is_not_sent() -> None:
    """The day is said once, in the request itself; a second one among the facts would be ignored."""
    _, _, warnings = read({"as_of": "2026-01-01"})
    assert warnings[0].message == "`as_of` is set by the request itself and is not sent among the facts"


def test_a_flood_of_unknown_names_is_cut_off() -> None:
    """Looking for the word that was meant takes time, and nobody reads a thousand warnings."""
    _, _, warnings = read(
        {f"numbre{n}": 1 for n in range(1_000)} | {"records": [{f"x{n}": 1} for n in range(99)]}
    )
    assert len(warnings) == MOST_UNKNOWN_NAMES + 1
    assert warnings[-1].message == "only the first 100 unknown names are listed"


def test_names_are_escaped_in_pointers() -> None:
    """RFC 6901: a slash in a name is not a step into something."""
    assert escape("a/b~c") == "a~1b~0c"
    assert read({"a/b~c": 1})[2][0].pointer == "/facts/a~1b~0c"


def test_lists_and_texts_have_an_end() -> None:
    """A request is about one person; a list of thousands is a mistake, and would cost everybody's time."""
    values, faults, _ = read({"texts": ["a"] * MOST_ENTRIES, "text": "a" * LONGEST_TEXT})
    assert faults == []
    assert len(values["texts"]) == MOST_ENTRIES
    _, faults, _ = read({"texts": ["a"] * (MOST_ENTRIES + 1), "text": "a" * (LONGEST_TEXT + 1)})
    assert sorted(each.message for each in faults) == [
        "expected a list of at most 1000 entries, but a list came; it has 1001",
        "expected a text of at most 2000 characters, but another text came; it is longer",
    ]


def test_everything_wrong_is_told_at_once() -> None:
    """A caller repairs a request in one go."""
    _, faults, _ = read({"number": "3", "date": "soon", "records": [{"course": 1, "passed": "x"}, 4]})
    assert [each.pointer for each in faults] == [
        "/facts/number",
        "/facts/date",
        "/facts/records/0/course",
        "/facts/records/0/passed",
        "/facts/records/1",
    ]


SECRET = "Zq8-secret-7Yw"
secret_values = st.recursive(
    st.sampled_from([SECRET, 8_675_309, True]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["course", "passed", "until"]), inner)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(list(TYPES)), secret_values), st.booleans())
def test_no_fault_repeats_the_value_of_a_fact(raw: dict[str, Any], strict: bool) -> None:
    """Faults go into logs and to whoever called; what was said of a person stays out of them."""
    _, faults, warnings = read(raw, strict=strict)
    told = repr([*faults, *warnings])
    assert SECRET not in told
    assert "8675309" not in told


@given(st.dictionaries(st.sampled_from(list(TYPES)), secret_values))
def test_a_wrong_value_never_becomes_an_unknown_in_silence(raw: dict[str, Any]) -> None:
    """Whatever was sent is either in the values, or a fault says why not."""
    values, faults, _ = read(raw)
    wrong = {each.pointer.split("/")[2] for each in faults}
    for name in raw:
        assert (values[name] is None) <= (name in wrong)


GOOD: dict[str, list[Any]] = {
    "number": [3, Decimal("0.5"), None],
    "points": [4, Decimal("4.5"), Decimal("4.25"), 6],
    "whole": [3, Decimal("3.5")],
    "yes_no": [True, False, 1],
    "date": ["2026-02-28", "2026-02-30", "2026-W01-1", "20260228--", "\u0662026-02-28"],
    "text": ["slate", "x" * 2_001],
    "choice": ["meets", "Meets"],
    "texts": [["a", "b"], [None], "a"],
    "numbers": [[1, 2], [True]],
    "dates": [["2026-02-28"], ["28 February"]],
    "records": [[{"course": "a", "passed": True}, {}], [{"until": "2026-01-01", "unheard": 1}], [1], {}],
    "unheard": [1],
}


@given(st.dictionaries(st.sampled_from(list(GOOD)), st.integers(0, 4), max_size=5), st.booleans())
def test_the_quick_way_reads_as_the_one_that_explains(chosen: dict[str, int], strict: bool) -> None:
    """Facts that are all right are read at once; the reader that says what is wrong would give the same."""
    raw = {name: GOOD[name][number % len(GOOD[name])] for name, number in chosen.items()}
    faults = Faults(strict=strict)
    values = slowly(raw, VOCABULARY, faults)
    assert read(raw, strict=strict) == (values, faults.faults, faults.warnings)
    assert list(values) == list(read(raw, strict=strict)[0])
    try:
        quick = VOCABULARY.read(raw)
    except Unusual:
        assert faults.faults or faults.warnings
    else:
        assert (repr(quick), faults.faults, faults.warnings) == (repr(values), [], [])
