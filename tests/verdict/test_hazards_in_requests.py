"""What durable-rules would take for something else never reaches it: texts, names, ids, odd numbers.

The library compares names and ids by 32 bits, texts up to 65,535 characters, and numbers as binary floats.
Each collision here is one that it was seen to fall for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from service.errors import RequestError
from service.facts.json_text import read_json
from service.policy.load import load_files
from service.verdict.judge import Judge

NOW = datetime(2026, 11, 20, 9, 14, 3, tzinfo=UTC)
FACTS = """
facts:
  score: {type: number, label: score}
  wbfrfjc: {type: number, label: a name with the same hash as score}
  code: {type: text, label: code}
  sid: {type: number, label: a name that the library keeps for itself}
  id: {type: text, label: another}
"""
TRACK = """
track: craft
title: Craft
kind: craft
in_force: {from: 2026-01-01}
levels:
  - {level: first, title: First, grade: 1}
  - level: next
    title: Next
    grade: 2
    requires:
      - {id: score, text: Score, fact: score, at_least: 50}
      - {id: twin, text: Twin, fact: wbfrfjc, less_than: 0}
      - {id: code, text: Code, fact: code, is: abc}
      - {id: sid, text: Sid, fact: sid, is: 1}
      - {id: id, text: Id, fact: id, is: f}
"""
MET: dict[str, Any] = {"score": 50, "wbfrfjc": -1, "code": "abc", "sid": 1, "id": "f"}


@cache
def judge() -> Judge:
    return Judge(load_files({"facts.yaml": FACTS.encode(), "tracks/craft/2026-01-01.yaml": TRACK.encode()}))


def results(facts: dict[str, Any], candidate: str = "E-1") -> dict[str, str]:
    raw = {
        "candidate": {"id": candidate},
        "from": {"track": "craft", "level": "first"},
        "to": {"track": "craft", "level": "next"},
        "as_of": "2027-01-01",
        "facts": facts,
    }
    verdict = judge().verdict(raw, verdict_id="v", judged_at=NOW)
    return dict(verdict.results)


def test_names_with_the_same_hash_are_different_facts() -> None:
    """To the library `score` and `wbfrfjc` are one attribute; facts reach it under names of its own."""
    assert set(results(MET).values()) == {"met"}
    assert results({**MET, "score": -1})["score"] == "unmet"
    assert results({**MET, "wbfrfjc": 99})["twin"] == "unmet"
    assert results({**MET, "score": None, "wbfrfjc": 99})["score"] == "unknown"


@pytest.mark.parametrize(
    "candidate",
    ["ee11989363294f8fa84573689929fcca", "ef5011b7656548489ecb470ff2a83400", "sid-1", '"\\ %s', "1"],
)
def test_an_id_is_only_carried_along(candidate: str) -> None:
    """Two of these ids are one state to the library, and one its own; none of them reaches it."""
    assert set(results(MET, candidate).values()) == {"met"}
    assert results({**MET, "score": 49}, candidate)["score"] == "unmet"


@pytest.mark.parametrize("name", ["phjrejs", "maxjblo", "$forward", "$s", "k", "a0", "m"])
def test_names_that_nobody_declared_change_nothing(name: str) -> None:
    """`phjrejs` would move a request into the state of another, `maxjblo` would silence rules."""
    assert results({**MET, name: "VICTIM"}) == results(MET)


@pytest.mark.parametrize("length", [3, 65_533, 65_536, 65_537, 65_539])
def test_a_text_is_compared_whole(length: int) -> None:
    """The library takes lengths modulo 65,536; a text that long is refused long before."""
    text = "abc" + "x" * (length - 3)
    if length == 3:
        assert results({**MET, "code": text})["code"] == "met"
    else:
        with pytest.raises(RequestError, match="at most 2000 characters"):
            results({**MET, "code": text})
    assert results({**MET, "code": "abc" + "x" * 1_900})["code"] == "unmet"


@pytest.mark.parametrize("code", ["abc ", "ABC", "abc\n", "a\u0000c", "é", "abc\u00a0"])
def test_a_text_that_only_looks_alike_is_another(code: str) -> None:
    """Byte for byte, without folding or trimming."""
    assert results({**MET, "code": code})["code"] == "unmet"


@pytest.mark.parametrize(
    ("score", "result"),
    [
        ("50", "met"),
        ("50.0", "met"),
        ("5e1", "met"),
        ("49.99999999999999999999999999", "unmet"),
        ("50.00000000000000000000000001", "met"),
        ("9007199254740993", "met"),
        ("-9007199254740993", "unmet"),
        ("123456789012345678901234567890", "met"),
        ("1e22", "met"),
        ("-1e22", "unmet"),
        ("1e-7", "unmet"),
        ("-0", "unmet"),
    ],
)
def test_every_number_is_compared_exactly(score: str, result: str) -> None:
    """The library refuses exponents, rounds at 2^53 and saturates; measures keep the order."""
    facts = read_json(f'{{"score": {score}}}'.encode())
    assert results({**MET, **facts})["score"] == result


@pytest.mark.parametrize("value", ["50", True, [50], {"a": 50}, "", "NaN"])
def test_a_wrong_type_is_refused_and_never_coerced(value: Any) -> None:
    """To the library a text of digits equals a number."""
    with pytest.raises(RequestError, match="expected a number"):
        results({**MET, "score": value})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400", "1e-400", "1" * 31])
def test_a_number_beyond_use_is_refused(text: str) -> None:
    """NaN is null to the library, and 10**29 equals 2**63-1."""
    with pytest.raises(RequestError):
        read_json(f'{{"score": {text}}}'.encode())


def test_sums_of_decimals_are_exact() -> None:
    """0.7 + 0.2 + 0.1 is 1."""
    facts = "facts:\n  parts: {type: records, label: parts, fields: {share: {type: number}}}\n"
    track = (
        TRACK.partition("    requires:")[0]
        + "    requires:\n      - {id: whole, text: W, sum: parts.share, is: 1}\n"
    )
    exact = Judge(load_files({"facts.yaml": facts.encode(), "tracks/craft/2026-01-01.yaml": track.encode()}))
    raw = {
        "candidate": {"id": "E-1"},
        "from": {"track": "craft", "level": "first"},
        "to": {"track": "craft", "level": "next"},
        "as_of": "2027-01-01",
        "facts": {"parts": [{"share": Decimal(share)} for share in ("0.7", "0.2", "0.1")]},
    }
    assert exact.verdict(raw, verdict_id="v", judged_at=NOW).outcome == "eligible"


def test_a_level_with_three_hundred_conditions_is_decided() -> None:
    """One ruleset holds far fewer; the level is split, and no other track pays for it."""
    requirements = "".join(
        f"      - {{id: r{number}, text: R, fact: score, at_least: {number}}}\n" for number in range(300)
    )
    track = TRACK.partition("    requires:")[0] + "    requires:\n" + requirements
    large = Judge(load_files({"facts.yaml": FACTS.encode(), "tracks/craft/2026-01-01.yaml": track.encode()}))
    raw = {
        "candidate": {"id": "E-1"},
        "from": {"track": "craft", "level": "first"},
        "to": {"track": "craft", "level": "next"},
        "as_of": "2027-01-01",
        "facts": {"score": 149},
    }
    found = dict(large.verdict(raw, verdict_id="v", judged_at=NOW).results)
    assert [found[f"r{number}"] for number in range(300)] == ["met"] * 150 + ["unmet"] * 150
