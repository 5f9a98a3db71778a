"""What happens after a verdict, over HTTP: decided, replaced, objected to and answered, and shown on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.access.callers import Caller, candidate_caller
from service.verdict.views import view
from service.web.api.decisions import MOST_OBJECTIONS
from tests.web.test_verdicts import post

BY = {"id": "M-77", "role": "people-director"}
OVERRIDDEN = {"decision": "overridden", "by": BY, "reason": "She led the team for a year."}
DECLINED = {"decision": "declined", "by": BY}


def told(response: Any, status: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(response.data)
    assert response.status_code == status, body
    return body


@pytest.fixture
def verdict(client: FlaskClient, good: dict[str, Any]) -> dict[str, Any]:
    """A verdict that is not eligible."""
    return told(post(client, {**good, "facts": {**good["facts"], "trainings": []}}), 201)


@pytest.fixture
def place(verdict: dict[str, Any]) -> str:
    return str(verdict["links"]["self"])


def test_a_decision_is_recorded_beside_the_verdict_and_shown_on_it(
    client: FlaskClient, verdict: dict[str, Any], place: str
) -> None:
    """The verdict itself stays as it was given."""
    decided = told(client.post(f"{place}/decisions", json=OVERRIDDEN), 201)
    assert (decided["decision"], decided["departs"], decided["by"]) == ("overridden", True, BY)
    assert decided["log"]["index"] > verdict["log"]["index"]
    again = told(client.get(place), 200)
    assert again["decisions"] == [decided]
    assert {**again, "decisions": []} == verdict
    assert told(client.get(f"{place}/decisions"), 200) == {"decisions": [decided]}


def test_the_same_decision_again_is_the_same_decision(client: FlaskClient, place: str) -> None:
    """An answer that was lost is asked for again."""
    first = told(client.post(f"{place}/decisions", json=DECLINED), 201)
    assert told(client.post(f"{place}/decisions", json=DECLINED), 201) == first
    assert len(told(client.get(place), 200)["decisions"]) == 1


OBJECTION = {"by": {"id": "E-1042", "role": "candidate"}, "text": "I was trained in May."}
ANSWER = {"reply": "rejected", "by": BY, "text": "Not in our records."}


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_a_decision_under_a_key_is_found_again_whatever_happened_since(
    client: FlaskClient, place: str
) -> None:
    """Its answer was lost, and a colleague was faster; whoever asks again must learn that it was recorded."""
    under = keyed(f"decided {place}")
    first = told(client.post(f"{place}/decisions", json=DECLINED, headers=under), 201)
    later = {**OVERRIDDEN, "supersedes": first["decision_id"]}
    told(client.post(f"{place}/decisions", json=later, headers=keyed(f"later {place}")), 201)
    again = client.post(f"{place}/decisions", json=DECLINED, headers=under)
    assert told(again, 201) == first
    assert again.headers["Idempotent-Replayed"] == "true"
    refused = told(client.post(f"{place}/decisions", json=OVERRIDDEN, headers=under), 422)
    assert refused["type"] == "/problems/key-reused"
    assert len(told(client.get(f"{place}/decisions"), 200)["decisions"]) == 2


@pytest.mark.parametrize("under", [{}, {"Idempotency-Key": "{}"}])
def test_an_objection_and_an_answer_that_are_sent_again_are_recorded_once(
    client: FlaskClient, place: str, under: dict[str, str]
) -> None:
    """Two of one would look like two complaints, and one of them would wait for an answer for ever."""
    for many, name, said in (
        (f"{place}/objections", "objection_id", OBJECTION),
        (f"{place}/objections/{{}}/answers", "answer_id", ANSWER),
    ):
        held = told(client.get(f"{place}/objections"), 200)["objections"]
        to = many.format(held[0]["objection_id"] if held else "")
        headers = {header: key.format(to) for header, key in under.items()}
        asked = [client.post(to, json=said, headers=headers) for _ in range(2)]
        first, again = (told(each, 201) for each in asked)
        assert first == again
        assert [each.headers.get("Idempotent-Replayed") for each in asked] == [None, "true"]
        assert asked[0].headers["Location"] == asked[1].headers["Location"] == f"{place}/objections"
        other = told(client.post(to, json={**said, "text": "And another thing."}), 201)
        assert other[name] != first[name]
    first_one, other_one = told(client.get(f"{place}/objections"), 200)["objections"]
    assert (len(first_one["answers"]), len(other_one["answers"])) == (2, 0)


def test_objections_without_an_end_do_not_hide_what_was_decided(client: FlaskClient, place: str) -> None:
    """Of what happened to a verdict so much is read at a time; a candidate who objects a thousand times must
    not make a later decision vanish. What was recorded is still found again.
    """
    for number in range(MOST_OBJECTIONS):
        told(client.post(f"{place}/objections", json={**OBJECTION, "text": f"No {number}"}), 201)
    refused = told(client.post(f"{place}/objections", json=OBJECTION), 422)
    assert "100 objections to this verdict already" in refused["detail"]
    told(client.post(f"{place}/objections", json={**OBJECTION, "text": "No 7"}), 201)
    decided = told(client.post(f"{place}/decisions", json=DECLINED), 201)
    shown = told(client.get(place), 200)
    assert (len(shown["objections"]), shown["decisions"]) == (MOST_OBJECTIONS, [decided])


def test_a_key_names_one_objection_to_one_verdict(
    client: FlaskClient, good: dict[str, Any], place: str
) -> None:
    """Else a slip would drop what somebody said, and tell them that it was recorded. Under another key the
    same words are said once more.
    """
    under = keyed(f"objected {place}")
    told(client.post(f"{place}/objections", json=OBJECTION, headers=under), 201)
    elsewhere = told(post(client, {**good, "as_of": "2027-03-01"}), 201)["links"]["self"]
    for to, said in ((place, {**OBJECTION, "text": "Else."}), (elsewhere, OBJECTION)):
        refused = told(client.post(f"{to}/objections", json=said, headers=under), 422)
        assert refused["type"] == "/problems/key-reused"
    told(client.post(f"{place}/objections", json=OBJECTION, headers=keyed(f"again {place}")), 201)
    assert len(told(client.get(f"{place}/objections"), 200)["objections"]) == 2
    assert told(client.post(f"{place}/objections", json=OBJECTION, headers=keyed("ä")), 400)


def test_another_decision_names_the_one_that_it_replaces(client: FlaskClient, place: str) -> None:
    """Otherwise two persons could decide at once and nobody would know which decision stands."""
    first = told(client.post(f"{place}/decisions", json=DECLINED), 201)
    refused = told(client.post(f"{place}/decisions", json=OVERRIDDEN), 409)
    assert refused["type"] == "/problems/not-the-latest"
    assert f"`{first['decision_id']}` stands on this verdict" in refused["detail"]
    unknown = {**OVERRIDDEN, "supersedes": "01890a5d-ac96-774b-bcce-b302099a8057"}
    assert (
        told(client.post(f"{place}/decisions", json=unknown), 422)["problems"][0]["pointer"] == "/supersedes"
    )
    second = told(
        client.post(f"{place}/decisions", json={**OVERRIDDEN, "supersedes": first["decision_id"]}), 201
    )
    late = {**OVERRIDDEN, "reason": "Another.", "supersedes": first["decision_id"]}
    assert told(client.post(f"{place}/decisions", json=late), 409)
    shown = told(client.get(place), 200)["decisions"]
    assert [each["superseded_by"] for each in shown] == [second["decision_id"], None]
    assert shown[1]["supersedes"] == first["decision_id"]


def test_a_departing_decision_without_a_reason_is_refused_and_not_recorded(
    client: FlaskClient, place: str
) -> None:
    """The candidate is owed the reason."""
    refused = told(client.post(f"{place}/decisions", json={"decision": "overridden", "by": BY}), 422)
    assert [each["pointer"] for each in refused["problems"]] == ["/reason"]
    assert told(client.get(place), 200)["decisions"] == []


def test_corrected_facts_are_a_new_verdict_that_replaces_the_old_one(
    client: FlaskClient, good: dict[str, Any], verdict: dict[str, Any], place: str
) -> None:
    """The old one is kept, and says where to look now."""
    corrected = {
        **good,
        "facts": {**good["facts"], "trainings": [{"hours": 8, "completed_on": "2026-05-04"}]},
    }
    new = told(post(client, {**corrected, "supersedes": verdict["verdict_id"]}), 201)
    assert (new["outcome"], new["supersedes"]) == ("eligible", verdict["verdict_id"])
    assert told(client.get(new["links"]["self"]), 200) == new
    assert told(client.get(place), 200)["superseded_by"] == new["verdict_id"]
    assert told(client.post(f"{place}/decisions", json=DECLINED), 409)["type"] == "/problems/not-the-latest"
    third = {**corrected, "as_of": "2027-02-01", "supersedes": verdict["verdict_id"]}
    assert told(post(client, third), 409)["type"] == "/problems/not-the-latest"


def test_a_verdict_that_was_decided_on_is_replaced_too(
    client: FlaskClient, good: dict[str, Any], verdict: dict[str, Any], place: str
) -> None:
    """Whoever is declined on wrong facts objects to that; when they are right, corrected facts get a verdict,
    and that is decided on anew. What was decided before cannot be decided otherwise any more.
    """
    first = told(client.post(f"{place}/decisions", json=DECLINED), 201)
    second = told(
        client.post(f"{place}/decisions", json={**OVERRIDDEN, "supersedes": first["decision_id"]}), 201
    )
    objected = told(client.post(f"{place}/objections", json=OBJECTION), 201)
    corrected = {
        **good,
        "facts": {**good["facts"], "trainings": [{"hours": 8, "completed_on": "2026-05-04"}]},
        "supersedes": verdict["verdict_id"],
    }
    new = told(post(client, corrected), 201)
    answer = {"reply": "upheld", "by": BY, "text": "It was found.", "verdict": new["verdict_id"]}
    answers = f"{place}/objections/{objected['objection_id']}/answers"
    assert told(client.post(answers, json=answer), 201)["verdict"] == new["verdict_id"]
    for late in (DECLINED, {**DECLINED, "supersedes": second["decision_id"]}):
        refused = told(client.post(f"{place}/decisions", json=late), 409)
        assert f"decide on `{new['verdict_id']}`" in refused["detail"]
    shown = told(client.get(place), 200)
    assert shown["superseded_by"] == new["verdict_id"]
    assert [each["decision_id"] for each in shown["decisions"]] == [
        first["decision_id"],
        second["decision_id"],
    ]
    approved = {"decision": "approved", "by": BY}
    told(client.post(f"{new['links']['self']}/decisions", json=approved), 201)


def test_of_two_verdicts_that_replace_one_only_the_first_is_taken(
    client: FlaskClient, good: dict[str, Any], verdict: dict[str, Any], place: str
) -> None:
    """In a batch neither has seen the other, and a decision was taken before; still one verdict stands."""
    told(client.post(f"{place}/decisions", json=DECLINED), 201)
    both = [
        {**good, "as_of": day, "supersedes": verdict["verdict_id"]} for day in ("2027-04-01", "2027-05-01")
    ]
    items = told(client.post("/v1/verdicts/batch", json={"requests": both}), 200)["results"]
    assert [each["status"] for each in items] == [201, 409]
    assert items[1]["problem"]["type"] == "/problems/not-the-latest"
    assert told(client.get(place), 200)["superseded_by"] == items[0]["verdict"]["verdict_id"]


def test_a_verdict_replaces_only_one_on_the_same_candidate(
    client: FlaskClient, good: dict[str, Any], verdict: dict[str, Any]
) -> None:
    """A slip in an id must not make somebody else's verdict void."""
    other = {**good, "candidate": {"id": "E-2"}, "supersedes": verdict["verdict_id"]}
    assert told(post(client, other), 422)["problems"][0]["pointer"] == "/supersedes"
    unknown = {**good, "supersedes": "01890a5d-ac96-774b-bcce-b302099a8057"}
    assert told(post(client, unknown), 422)["problems"][0]["pointer"] == "/supersedes"


def test_in_a_batch_a_verdict_replaces_another_too(
    client: FlaskClient, good: dict[str, Any], verdict: dict[str, Any], place: str
) -> None:
    """Corrections come in batches as requests do."""
    batch = {"requests": [{**good, "supersedes": verdict["verdict_id"]}]}
    body = told(client.post("/v1/verdicts/batch", json=batch), 200)
    (item,) = next(iter(each for each in body.values() if isinstance(each, list)))
    assert item["verdict"]["supersedes"] == verdict["verdict_id"]
    assert told(client.get(place), 200)["superseded_by"] == item["verdict"]["verdict_id"]


def test_an_objection_and_its_answer_stand_on_the_verdict(client: FlaskClient, place: str) -> None:
    """A contested verdict is seen to be contested, and what came of it."""
    objected = told(
        client.post(
            f"{place}/objections",
            json={"by": {"id": "E-1042", "role": "candidate"}, "text": "I was trained in May."},
        ),
        201,
    )
    answers = f"{place}/objections/{objected['objection_id']}/answers"
    answered = told(
        client.post(answers, json={"reply": "rejected", "by": BY, "text": "Not in our records."}), 201
    )
    assert told(client.get(place), 200)["objections"] == [{**objected, "answers": [answered]}]
    nobody = f"{place}/objections/01890a5d-ac96-774b-bcce-b302099a8057/answers"
    assert told(client.post(nobody, json={"reply": "rejected", "by": BY, "text": "x"}), 404)
    elsewhere = {"reply": "upheld", "by": BY, "text": "x", "verdict": "01890a5d-ac96-774b-bcce-b302099a8057"}
    assert told(client.post(answers, json=elsewhere), 422)["problems"][0]["pointer"] == "/verdict"


def test_a_candidate_learns_roles_and_reasons_but_no_names(client: FlaskClient, place: str) -> None:
    """Who decided is known to the company; that it was decided, why and in which role, is owed to them."""
    told(client.post(f"{place}/decisions", json=OVERRIDDEN), 201)
    whole = told(client.get(place), 200)
    (seen,) = view(whole, "candidate")["decisions"]
    assert seen["by"] == {"role": "people-director"}
    assert seen["reason"] == OVERRIDDEN["reason"]
    assert "M-77" not in json.dumps(view(whole, "candidate"))


class Only:
    """Knows one caller."""

    def __init__(self, caller: Caller) -> None:
        self.known = caller

    def caller_of(self, authorization: str) -> Caller:
        assert authorization == "Bearer one"
        return self.known


@pytest.fixture
def of(app_with: Callable[..., Flask]) -> Callable[[Caller], FlaskClient]:
    """Makes what asks as one caller."""

    def make(caller: Caller) -> FlaskClient:
        client = app_with(access=Only(caller)).test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = "Bearer one"
        return client

    return make


def test_each_candidate_has_keys_of_their_own(
    client: FlaskClient, of: Callable[[Caller], FlaskClient], good: dict[str, Any], place: str
) -> None:
    """An app that names the first objection of each person alike must not have the second one refused, nor
    let one candidate find out what keys another has used.
    """
    elsewhere = told(post(client, {**good, "candidate": {"id": "E-2"}}), 201)["links"]["self"]
    for who, to in (("E-1042", place), ("E-2", elsewhere)):
        said = {**OBJECTION, "by": {"id": who, "role": "candidate"}}
        for replayed in (None, "true"):
            sent = of(candidate_caller(who)).post(f"{to}/objections", json=said, headers=keyed("first"))
            told(sent, 201)
            assert sent.headers.get("Idempotent-Replayed") == replayed


def test_a_candidate_objects_in_their_own_name(of: Callable[[Caller], FlaskClient], place: str) -> None:
    """Else they could put words into the mouth of whoever decides on them. A program may say who it was."""
    said = {**OBJECTION, "by": BY}
    refused = told(of(candidate_caller("E-1042")).post(f"{place}/objections", json=said), 422)
    assert [each["pointer"] for each in refused["problems"]] == ["/by/id"]
    console = of(Caller("console", "key", frozenset({"decide"})))
    told(console.post(f"{place}/objections", json=said), 201)
    assert len(told(console.get(f"{place}/objections"), 200)["objections"]) == 1


def test_a_candidate_is_answered_in_their_own_view(of: Callable[[Caller], FlaskClient], place: str) -> None:
    """What they recorded is shown to them as it will be from then on: without the bookkeeping of the log."""
    mine = of(candidate_caller("E-1042"))
    recorded = told(mine.post(f"{place}/objections", json=OBJECTION), 201)
    assert [recorded] == told(mine.get(f"{place}/objections"), 200)["objections"]
    assert "log" not in recorded


def test_who_may_decide_and_who_may_object(
    of: Callable[[Caller], FlaskClient], good: dict[str, Any], place: str
) -> None:
    """A candidate objects to their own verdict and decides nothing; a decider need not have asked for it."""
    objection = {"by": {"id": "E-1042", "role": "candidate"}, "text": "I was trained."}
    decider = of(Caller("console", "key", frozenset({"decide"})))
    assert told(decider.post(f"{place}/decisions", json=DECLINED), 201)
    mine, other = of(candidate_caller(good["candidate"]["id"])), of(candidate_caller("E-2"))
    assert told(mine.post(f"{place}/objections", json=objection), 201)
    assert told(mine.post(f"{place}/decisions", json=DECLINED), 403)
    assert told(other.post(f"{place}/objections", json=objection), 404)
    assert told(other.get(f"{place}/decisions"), 404)
    told(decider.post(f"{place}/objections", json=objection), 201)
    assert len(told(mine.get(f"{place}/objections"), 200)["objections"]) == 2, "what others say is not theirs"
    submitter = of(Caller("other", "key", frozenset({"submit"})))
    assert told(submitter.get(f"{place}/objections"), 404)
