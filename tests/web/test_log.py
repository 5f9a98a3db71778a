"""The verdict log over HTTP: auditors find, see, prove and judge again; and are seen to."""

from __future__ import annotations

import json
from base64 import b64decode
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from service.errors import PolicyError, Position, Problem
from service.ledger import replay, searching
from service.ledger.canonical import canonical
from service.ledger.disclosure import check
from service.ledger.merkle import entry_hash
from service.ledger.replay import Replayer
from service.ledger.sought import KINDS
from tests.ledger.records import a_record
from tests.web.conftest import CountingLog
from tests.web.test_decisions import BY, told
from tests.web.test_verdicts import post


@pytest.fixture
def verdict(client: FlaskClient, good: dict[str, Any]) -> dict[str, Any]:
    """A verdict on a person whom nobody else asks about."""
    person = {"id": "E-LOG-1"}
    return told(post(client, {**good, "candidate": person, "facts": {**good["facts"], "trainings": []}}), 201)


def last_audit(client: FlaskClient) -> dict[str, Any]:
    """The envelope of the last recorded read."""
    after = None
    found: list[dict[str, Any]] = []
    while True:
        body = {"kind": "audit", "limit": 1000} | ({} if after is None else {"after": after})
        page = told(client.post("/v1/log/searches", json=body), 200)
        found += page["entries"]
        after = page["after"]
        if after is None:
            return found[-1]


def test_why_was_this_person_refused(client: FlaskClient, verdict: dict[str, Any]) -> None:
    """The question that auditors come with: found by the person, shown whole, with what happened since."""
    decision = {"decision": "declined", "by": BY}
    told(client.post(f"{verdict['links']['self']}/decisions", json=decision), 201)
    body = {"person": "E-LOG-1", "kind": "verdict", "requirement": "trained"}
    found = told(client.post("/v1/log/searches", json=body), 200)["entries"]
    assert [each["id"] for each in found] == [verdict["verdict_id"]]
    assert "E-LOG-1" not in json.dumps(found)
    entry = told(client.get(f"/v1/log/entries/{found[0]['index']}"), 200)
    assert entry["contents"]["/verdict"]["summary"] == verdict["summary"]
    assert json.loads(entry["contents"]["/request"])["candidate"]["id"] == "E-LOG-1"
    assert [each["decision"] for each in entry["happened"]["decisions"]] == ["declined"]


def test_paging_goes_on_where_it_was(client: FlaskClient, good: dict[str, Any]) -> None:
    """New entries do not move what was seen already."""
    ids = [told(post(client, {**good, "candidate": {"id": "E-LOG-2"}}), 201)["verdict_id"] for _ in range(3)]
    seen: list[str] = []
    after = None
    while True:
        body = {"person": "E-LOG-2", "limit": 2} | ({} if after is None else {"after": after})
        page = told(client.post("/v1/log/searches", json=body), 200)
        seen += [each["id"] for each in page["entries"]]
        after = page["after"]
        if after is None:
            break
    assert seen == ids


def test_an_answer_without_entries_says_where_to_go_on(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a large log a rare requirement would keep the caller waiting; the end is where `after` is null."""
    for _ in range(10):  # each is recorded
        told(client.post("/v1/log/searches", json={"limit": 1}), 200)
    monkeypatch.setattr(searching, "LOOKED_AT", 1)
    body: dict[str, Any] = {"requirement": "trained", "result": "waived"}
    page = told(client.post("/v1/log/searches", json=body), 200)
    assert page == {"entries": [], "after": 9}  # ten entries were looked at
    while page["after"] is not None:
        page = told(client.post("/v1/log/searches", json={**body, "after": page["after"]}), 200)
        assert page["entries"] == []


def test_a_search_that_cannot_be_meant_is_refused_whole(client: FlaskClient) -> None:
    """A misspelt condition would otherwise show too much."""
    body = {"trak": "x", "since": "yesterday", "limit": "10", "after": -1, "policy_set": "abc"}
    refused = told(client.post("/v1/log/searches", json=body), 422)
    pointers = {each["pointer"] for each in refused["problems"]}
    assert pointers == {"/trak", "/since", "/limit", "/after", "/policy_set"}


def test_a_track_that_is_nowhere_is_refused_with_the_nearest_name(
    client: FlaskClient, log: CountingLog, verdict: dict[str, Any]
) -> None:
    """An auditor must not conclude from a slip that nobody was refused; a track that was given up is in the
    log for ever.
    """
    log.append([replace(a_record(77), track="wood-craft")])
    refused = told(client.post("/v1/log/searches", json={"track": "pepole-lead", "limit": 1}), 422)
    assert refused["problems"] == [
        {
            "pointer": "/track",
            "message": "there is no track `pepole-lead` in the policies or in the log; "
            "did you mean `people-lead`?",
            "expected": "the name of a track",
            "came": "an unknown name",
        }
    ]
    for track in (verdict["to"]["track"], "wood-craft"):
        assert told(client.post("/v1/log/searches", json={"track": track}), 200)["entries"], track
    nothing = {"track": "wood-craft", "outcome": "eligible"}
    assert told(client.post("/v1/log/searches", json=nothing), 200) == {"entries": [], "after": None}


def test_a_word_that_nothing_in_the_log_can_bear_is_refused(client: FlaskClient) -> None:
    """An empty answer would be taken for one, before a court; all slips are told at once."""
    body = {"kind": "verdit", "outcome": "aproved", "result": "umnet", "limit": 0}
    answer = told(client.post("/v1/log/searches", json=body), 422)
    said = {each["pointer"]: each["message"] for each in answer["problems"]}
    assert said.pop("/limit")
    assert said == {
        "/kind": "there is no kind `verdit`; did you mean `verdict`?",
        "/outcome": "there is no outcome `aproved`; did you mean `approved`?",
        "/result": "there is no result `umnet`; did you mean `unmet`?",
    }
    for kind in KINDS:
        told(client.post("/v1/log/searches", json={"kind": kind}), 200)


def test_whoever_reads_is_recorded(client: FlaskClient, verdict: dict[str, Any]) -> None:
    """Who reads about people is seen to; the people are not named there."""
    index = verdict["log"]["index"]
    told(client.get(f"/v1/log/entries/{index}"), 200)
    read = last_audit(client)
    assert (read["detail"]["read"], read["detail"]["entries"]) == ("show", [index])
    shown = told(client.get(f"/v1/log/entries/{read['index']}"), 200)
    assert shown["contents"]["/caller"] == "open:anyone"


def test_a_verdict_is_judged_again_from_the_log_alone(client: FlaskClient, verdict: dict[str, Any]) -> None:
    """By the policies that the log keeps, whatever became of the folder."""
    again = told(client.post(f"/v1/log/entries/{verdict['verdict_id']}/replays"), 200)
    assert (again["result"], again["differences"]) == ("match", [])
    policy = told(client.post("/v1/log/searches", json={"kind": "policy"}), 200)["entries"]
    assert policy[0]["policy"]["set"] == verdict["policy"]["set"]
    told(client.post(f"/v1/log/entries/{policy[0]['index']}/replays"), 404)


def test_a_verdict_that_would_come_out_otherwise_is_a_mismatch(
    log: CountingLog, verdict: dict[str, Any]
) -> None:
    """With where it differs; nobody has to compare two documents by eye."""
    entry = log.get(verdict["verdict_id"])
    assert entry is not None
    forged = json.loads(entry.private["/verdict"])
    forged["outcome"] = "eligible"
    object.__setattr__(entry, "private", {**entry.private, "/verdict": canonical(forged)})
    replayer = Replayer(log)
    came = replayer.replay(entry)
    assert came.result == "mismatch"
    (difference,) = came.differences
    assert (difference.pointer, difference.recorded, difference.now) == (
        "/outcome",
        "eligible",
        "not_eligible",
    )
    forged["engine"] = "ladders 0.0.9 / durable-rules 2.0.27"
    object.__setattr__(entry, "private", {**entry.private, "/verdict": canonical(forged)})
    assert replayer.replay(entry).result == "engine-unavailable"
    forged["outcome"] = "not_eligible"
    object.__setattr__(entry, "private", {**entry.private, "/verdict": canonical(forged)})
    assert replayer.replay(entry).result == "match"
    object.__setattr__(entry, "private", {})
    assert replayer.replay(entry).result == "erased"
    replayer.close()


@pytest.mark.parametrize(
    ("was", "forged"),
    [(b'"eligible_from":null,', b""), (b'"engine":', b'"empty":null,"engine":'), (b":true", b":1")],
    ids=["gone", "new", "true is not 1"],
)
def test_not_one_byte_differs_in_a_match(
    log: CountingLog, verdict: dict[str, Any], was: bytes, forged: bytes
) -> None:
    """Also where nothing but a `null` is there or not, or where Python takes two values for the same."""
    entry = log.get(verdict["verdict_id"])
    assert entry is not None
    document = entry.private["/verdict"]
    assert was in document
    object.__setattr__(entry, "private", {**entry.private, "/verdict": document.replace(was, forged, 1)})
    with closing(Replayer(log)) as replayer:
        came = replayer.replay(entry)
    assert (came.result, len(came.differences)) == ("mismatch", 1)


def test_policies_that_are_refused_now_are_told_of_a_verdict(
    log: CountingLog, verdict: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later release may be stricter; the replay of all the others must go on."""

    def refuse(_: Any) -> None:
        raise PolicyError([Problem(Position("facts.yaml", 1, 1), "no longer understood")])

    entry = log.get(verdict["verdict_id"])
    assert entry is not None
    monkeypatch.setattr(replay, "load_files", refuse)
    with closing(Replayer(log)) as replayer:
        came = replayer.replay(entry)
    assert (came.result, came.differences) == ("mismatch", ())
    assert came.why == "the policies are refused now: facts.yaml:1:1: no longer understood"


def test_single_fields_are_disclosed_with_their_proof(client: FlaskClient, verdict: dict[str, Any]) -> None:
    """The court gets the outcome and one fact, and can check both; nothing else leaves the house."""
    body = {"fields": ["/verdict/outcome", "/facts/rating"], "to": "labour court", "purpose": "case 7"}
    place = f"/v1/log/entries/{verdict['log']['index']}/disclosures"
    shown = told(client.post(place, json=body), 201)
    leaf = b64decode(shown["leaf"])
    assert f"sha256:{entry_hash(leaf).hex()}" == verdict["log"]["leaf"]
    for field in shown["fields"]:
        check(leaf, field)
    assert [field["value"] for field in shown["fields"]] == ["not_eligible", "meets"]
    recorded = told(client.get(f"/v1/log/entries/{shown['recorded']}"), 200)
    assert recorded["envelope"]["kind"] == "disclosure"
    assert recorded["envelope"]["about"]["index"] == verdict["log"]["index"]
    assert recorded["contents"]["/to"] == "labour court"
    told(client.post(place, json={**body, "fields": ["/facts/nothing"]}), 404)
    told(client.post(place, json={"fields": []}), 422)


def test_what_was_shown_of_a_person_is_theirs(
    client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """To whom and what for may name them: it is found with them and erased with them. So is what was shown of
    a decision on them.
    """
    verdict = told(post(client, {**good, "candidate": {"id": "E-LOG-3"}, "facts": {}}), 201)
    decided = told(client.post(verdict["links"]["decisions"], json={"decision": "declined", "by": BY}), 201)
    own = {"to": "labour court", "purpose": "the case of Ann Roe"}
    for index, field in ((verdict["log"]["index"], "/caller"), (decided["log"]["index"], "/decision")):
        told(client.post(f"/v1/log/entries/{index}/disclosures", json={"fields": [field], **own}), 201)
    body = {"person": "E-LOG-3", "kind": "disclosure"}
    found = told(client.post("/v1/log/searches", json=body), 200)["entries"]
    assert [each["about"]["index"] for each in found] == [verdict["log"]["index"], decided["log"]["index"]]
    log.erase("E-LOG-3", erased_at=datetime.now(UTC), engine="ladders", new_id=lambda: str(uuid4()))
    for each in found:
        left = told(client.get(f"/v1/log/entries/{each['index']}"), 200)
        assert (left["envelope"]["erased"], left["contents"]) == (True, {})


def test_leaves_stream_and_tell_nothing_of_people(client: FlaskClient, verdict: dict[str, Any]) -> None:
    """A monitor copies them all and works out the root for itself."""
    index = verdict["log"]["index"]
    lines = client.get(f"/v1/log/leaves?from={index}&to={index + 1}").data.splitlines()
    (line,) = map(json.loads, lines)
    leaf = b64decode(line["leaf"])
    assert f"sha256:{entry_hash(leaf).hex()}" == verdict["log"]["leaf"]
    assert b"E-LOG-1" not in leaf
    told(client.get("/v1/log/leaves?from=x"), 400)


def test_the_log_says_how_far_it_has_come(client: FlaskClient, verdict: dict[str, Any]) -> None:
    """Size and root, to hold against a checkpoint."""
    shown = told(client.get("/v1/log"), 200)
    assert shown["size"] > verdict["log"]["index"]
    assert len(b64decode(shown["root"])) == 32
    told(client.get("/v1/log/entries/999999999"), 404)
