"""Committed fields: the same whether they are made with the verdict at hand or from what is stored of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.json_text import read_json
from service.ledger.canonical import canonical
from service.ledger.fields import fields_of, fingerprint
from service.ledger.verdict_record import record_of
from service.policy.load import load
from service.verdict.judge import Judge

HOUSE = Path(__file__).parents[2]
REQUESTS = sorted((HOUSE / "examples" / "requests").glob("*.json"))
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    judge = Judge(load(HOUSE / "policies"))
    yield judge
    judge.close()


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.stem)
def test_a_verdict_commits_to_what_its_stored_parts_give(judge: Judge, path: Path) -> None:
    """Whoever verifies has only the stored parts, and must come to the same leaf."""
    text = path.read_bytes()
    verdict = judge.verdict(read_json(text), verdict_id=ID, judged_at=NOON)
    record = record_of(verdict, text, judged_at=NOON, caller="key:workday", request=read_json(text))
    assert record.fields == fields_of(record.private)
    assert record.private["/verdict"] == canonical(dict(verdict.document))
    assert all(canonical(orjson.loads(field)) == field for field in (record.fields or {}).values())
    pointers = set(record.fields or ())
    assert pointers >= {"/request", "/caller", "/replay/verdict_sha256", "/verdict/outcome"}
    assert pointers >= {f"/facts/{name}" for name in read_json(text)["facts"]}
    assert pointers >= {f"/verdict/findings/{number}" for number in range(len(verdict.results))}


def test_each_field_is_what_it_is_named_by() -> None:
    """Each may be shown alone one day, and must say by itself what it is."""
    facts = b'{"rating": "meets", "points": 3.10, "a/b~c": [1, {"x": 1e2}], "wide": 12345678901234567890}'
    text = b'{"facts": ' + facts + b"}"
    document = {"outcome": "eligible", "findings": [{"id": "a"}, {"id": "b"}]}
    parts = {
        "/request": canonical(text.decode()),
        "/verdict": canonical(document),
        "/caller": b'"key:workday"',
    }
    told = {pointer: orjson.loads(field) for pointer, field in fields_of(parts).items()}
    assert told == {
        "/request": text.decode(),
        "/caller": "key:workday",
        "/facts/rating": "meets",
        "/facts/points": "3.10",
        "/facts/a~1b~0c": [1, {"x": 100}],
        "/facts/wide": "12345678901234567890",
        "/verdict/outcome": "eligible",
        "/verdict/findings/0": {"id": "a"},
        "/verdict/findings/1": {"id": "b"},
        "/replay/verdict_sha256": sha256(canonical(document)).hexdigest(),
    }


@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.decimals(allow_nan=False, allow_infinity=False))
)
def test_a_fingerprint_does_not_depend_on_how_a_request_is_written(request: dict[str, object]) -> None:
    """Names in another order and other spaces are the same request; another value is another one."""
    turned = dict(reversed(list(request.items())))
    assert fingerprint(request) == fingerprint(turned)
    assert fingerprint(request) != fingerprint({**request, "and": "more"})


def test_a_text_is_another_fingerprint_than_a_number() -> None:
    """Wrong types are refused, so one of the two was never answered."""
    one, other = (read_json(json.dumps({"a": value}).encode()) for value in (3, "3"))
    assert fingerprint(one) != fingerprint(other)
