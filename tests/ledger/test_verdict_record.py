"""Verdicts as records: what everyone may see, what can be erased, and the same answer from the log again."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.json_text import read_json
from service.ledger.canonical import canonical
from service.ledger.record import Entry, Receipt, Record
from service.ledger.sealing import seal
from service.ledger.verdict_record import answer, document_in, record_of, request_in
from service.verdict.model import Verdict

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
RECEIPT = Receipt(7, "sha256:" + "ab" * 32, NOON, ID)
DOCUMENT = {
    "verdict_id": ID,
    "candidate": {"id": "Ann Example"},
    "dates": {"submitted_on": "2026-11-20"},
    "to": {"track": "people-lead", "level": "team-lead"},
}


def verdict() -> Verdict:
    """A verdict with the least that a document needs here."""
    return Verdict(
        id=ID,
        outcome="not_eligible",
        track="people-lead",
        level="team-lead",
        version="people-lead/2026-01-01",
        policy_set="sha256:" + "1" * 64,
        version_digest="sha256:" + "3" * 64,
        policy_files="sha256:" + "2" * 64,
        engine="ladders 0.1.0 / durable-rules 2.0.28",
        results=(("route", "met"), ("manager-training", "unmet")),
        document=DOCUMENT,
    )


def kept(record: Record) -> Entry:
    """A record as a log gives it back."""
    return Entry(RECEIPT, record.id, record.kind, b"", dict(record.private))


def test_the_envelope_tells_what_was_decided_by_which_policy_and_nothing_of_the_person() -> None:
    """The leaf of the tree is public and for ever."""
    record = record_of(
        verdict(), b'{"candidate": {"id": "Ann Example"}}', judged_at=NOON, caller="key:workday"
    )
    leaf = seal(record, log="test", record_key=bytes(32)).leaf
    assert b"Ann" not in leaf
    told = json.loads(leaf)
    assert (told["kind"], told["id"], told["outcome"]) == ("verdict", ID, "not_eligible")
    assert told["policy"] == {
        "set": "sha256:" + "1" * 64,
        "version": "people-lead/2026-01-01",
        "digest": "sha256:" + "3" * 64,
    }
    assert told["rules"] == [["route", "met"], ["manager-training", "unmet"]]
    assert told["decided_at"] == "2026-11-20T12:00:00.000000Z"


def test_the_answer_is_the_document_with_its_place_and_ways_on() -> None:
    """Nothing of the document changes; what can only be known afterwards is added."""
    told = answer(DOCUMENT, RECEIPT)
    assert {name: told[name] for name in DOCUMENT} == DOCUMENT
    assert told["log"] == {"index": 7, "leaf": RECEIPT.leaf_hash}
    assert told["links"] == {
        "self": f"/v1/verdicts/{ID}",
        "track": "/v1/tracks/people-lead?on=2026-11-20",
        "decisions": f"/v1/verdicts/{ID}/decisions",
    }
    assert (told["decisions"], told["objections"], told["superseded_by"]) == ([], [], None)


def test_the_same_answer_comes_out_of_the_log() -> None:
    """The bytes of an answer can be made again from the entry alone."""
    document = document_in(kept(record_of(verdict(), b"{}", judged_at=NOON, caller="key:workday")))
    assert document is not None
    assert canonical(answer(document, RECEIPT)) == canonical(answer(DOCUMENT, RECEIPT))


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ),
    st.booleans(),
    st.integers(0, 3),
)
def test_the_request_comes_back_byte_for_byte(value: object, ascii_only: bool, indent: int) -> None:
    """Whatever the caller's way of writing: decimals, spaces, the order of names, characters escaped or
    not.
    """
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent or None).encode("utf-8", "surrogatepass")
    try:
        text.decode()
    except UnicodeDecodeError:
        return
    assert request_in(kept(record_of(verdict(), text, judged_at=NOON, caller="key:workday"))) == text


def test_a_number_with_decimals_survives_exactly() -> None:
    """A replay must judge by 0.1, not by the binary number next to it."""
    text = b'{"points": 0.1000000000000000055511151231, "more": 1.10}'
    request = request_in(kept(record_of(verdict(), text, judged_at=NOON, caller="key:workday")))
    assert request is not None
    assert str(read_json(request)["points"]) == "0.1000000000000000055511151231"


def test_an_erased_verdict_is_gone() -> None:
    """The entry stays, its content does not."""
    erased = Entry(RECEIPT, ID, "verdict", b"", {})
    assert document_in(erased) is None
    assert request_in(erased) is None


def test_a_text_that_is_not_utf_8_is_not_recorded() -> None:
    """It could not be read again."""
    with pytest.raises(ValueError, match="utf-8"):
        record_of(verdict(), b"\xff", judged_at=NOON, caller="key:workday")
