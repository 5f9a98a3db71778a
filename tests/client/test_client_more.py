"""The Python client beyond single verdicts, against a real service: batches, lists, what-ifs, decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from ladders_client import Ladders, LaddersProblem, LaddersUnreachable, Verdict

from service.ledger.signed_receipt import read_receipt
from tests.web.running import POLICIES, Service, running

REQUEST: dict[str, Any] = {
    "candidate": {"id": "E-1042"},
    "from": {"track": "stone-craft", "level": "mason"},
    "to": {"track": "people-lead", "level": "team-lead"},
    "as_of": date(2027, 1, 1),
    "submitted_on": date(2026, 11, 20),
    "facts": {"wants_people_role": True, "rating": "meets", "trainings": []},
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service with the small policy folder."""
    with running(tmp_path_factory.mktemp("client") / "log.db") as service:
        service.wait_until_ready()
        yield service


@pytest.fixture
def ladders(service: Service) -> Iterator[Ladders]:
    """A client of it, with time for a machine that is busy."""
    with Ladders(service.address, timeout_s=60) as ladders:
        yield ladders


def test_a_batch_is_answered_in_order_and_a_bad_request_in_its_place(ladders: Ladders) -> None:
    """A season's requests are more than go at once, and one mistake among them must not cost the others."""
    requests: list[Mapping[str, Any]] = [{**REQUEST, "request_id": f"b-{number}"} for number in range(253)]
    requests[251] = {**REQUEST, "request_id": "b-251", "facts": {"rating": 3}}
    answers = list(ladders.judge_all(requests))
    wrong = answers.pop(251)
    assert isinstance(wrong, LaddersProblem)
    assert (wrong.status, [each.pointer for each in wrong.wrong]) == (422, ["/facts/rating"])
    ids = [each.document["request_id"] for each in answers if isinstance(each, Verdict)]
    assert ids == [f"b-{number}" for number in range(253) if number != 251]
    assert all(each.receipt for each in answers if isinstance(each, Verdict))


def test_a_batch_is_read_as_it_is_sent(ladders: Ladders) -> None:
    """A hundred thousand requests need not be in memory, nor their answers."""
    read = []

    def endless() -> Iterator[Mapping[str, Any]]:
        while True:
            read.append(1)
            yield REQUEST

    first = next(iter(ladders.judge_all(endless())))
    assert isinstance(first, Verdict)
    assert len(read) == 250


@contextmanager
def breaking(*answers: list[int] | None) -> Iterator[tuple[str, list[list[str]]]]:
    """A service whose answers to a batch have these statuses, a line each; None: the connection breaks. And
    the requests that came each time, by their ids.
    """
    left, came = list(answers), []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append([json.loads(line)["request_id"] for line in body.splitlines()])
            statuses = left.pop(0)
            if statuses is None:
                self.close_connection = True
                return
            lines = "".join(json.dumps(self._line(each)) + "\n" for each in statuses).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(lines)))
            self.end_headers()
            self.wfile.write(lines)

        def _line(self, status: int) -> dict[str, Any]:
            if status == 201:
                return {
                    "status": 201,
                    "verdict": {"verdict_id": "v", "outcome": "eligible", "summary": "Yes."},
                }
            return {"status": status, "problem": {"title": "Not now", "detail": "wait"}}

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library calls it so
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_batch_that_broke_off_goes_on_where_it_was() -> None:
    """What has no answer is asked again under the same ids, so that nothing is judged twice or lost."""
    with (
        breaking(None, [201, 503], [201], [422]) as (address, came),
        Ladders(address, pause=lambda _: None) as ladders,
    ):
        answers = list(ladders.judge_all([REQUEST, {**REQUEST, "request_id": "mine"}, REQUEST]))
    assert [type(each) for each in answers] == [Verdict, Verdict, LaddersProblem]
    first, *_, last = came[0]
    assert came == [[first, "mine", last], [first, "mine", last], ["mine", last], [last]]
    assert first != last


def test_a_batch_that_cannot_go_on_says_why() -> None:
    """Endless waiting would hold up whatever waits for it."""
    with (
        breaking([503], [503]) as (address, _),
        Ladders(address, tries=2, pause=lambda _: None) as ladders,
        pytest.raises(LaddersProblem, match="503 Not now"),
    ):
        list(ladders.judge_all([REQUEST]))
    with (
        breaking([], []) as (address, _),
        Ladders(address, tries=2, pause=lambda _: None) as ladders,
        pytest.raises(LaddersUnreachable),
    ):
        list(ladders.judge_all([REQUEST]))


def test_verdicts_are_found_again_over_all_pages(ladders: Ladders) -> None:
    """A page has a hundred; whoever asks wants all."""
    asked = [{**REQUEST, "request_id": f"f-{number}"} for number in range(103)]
    given = [each.id for each in ladders.judge_all(asked) if isinstance(each, Verdict)]
    found = list(ladders.verdicts(track="people-lead", outcome="not_eligible"))
    assert [each.id for each in found if (each.request_id or "").startswith("f-")] == given
    assert list(ladders.verdicts(until=date(2001, 1, 1))) == []


def test_options_say_where_to_go(ladders: Ladders) -> None:
    """Before anybody asks for a promotion."""
    options = ladders.options(
        candidate="E-1042", standing="stone-craft/mason", as_of=date(2027, 1, 1), facts=REQUEST["facts"]
    )
    assert "people-lead/team-lead" in [option.to for option in options]
    assert all(option.title and option.summary for option in options)


def test_a_simulation_is_no_verdict(ladders: Ladders) -> None:
    """It says what would be, and beside it what is."""
    before = len(list(ladders.verdicts()))
    told = ladders.simulate(REQUEST, what_if={"facts": {"rating": None}})
    assert told.as_asked == "not_eligible"
    assert told.document["simulation"] is True
    assert told.findings
    assert len(list(ladders.verdicts())) == before


def test_a_draft_is_waited_for_longer_than_anything_else(service: Service) -> None:
    """It takes the service seconds. A client that gives up earlier asks again, and is told that a draft, its
    own, is being judged.
    """
    policies = {
        file.relative_to(POLICIES).as_posix(): file.read_text("utf-8") for file in POLICIES.rglob("*.yaml")
    }
    with Ladders(service.address, timeout_s=0.3, tries=1) as hasty:
        told = hasty.simulate(REQUEST, policies=policies)
    assert told.document["draft"] is True


def test_corrected_facts_replace_a_verdict_that_was_decided_on(ladders: Ladders) -> None:
    """The way of every objection that was right, in the words of the client."""
    asked: dict[str, Any] = {
        "candidate": "E-1043",
        "standing": "stone-craft/mason",
        "to": "people-lead/team-lead",
        "as_of": date(2027, 1, 1),
    }
    old = ladders.judge(**asked, facts=REQUEST["facts"])
    ladders.decide(old.id, "declined", by="M-77", role="people-director")
    trained = {**REQUEST["facts"], "trainings": [{"hours": 8, "completed_on": date(2026, 5, 4)}]}
    new = ladders.judge(**asked, facts=trained, supersedes=old.id)
    assert new.eligible
    assert ladders.verdict(old.id).document["superseded_by"] == new.id


def test_what_came_after_a_verdict_is_recorded_beside_it(ladders: Ladders) -> None:
    """A decision, what was said against it, and the answer; a decision that is sent again is the same."""
    verdict = ladders.judge_request(REQUEST)
    decision = ladders.decide(verdict.id, "declined", by="M-77", role="people-director")
    again = ladders.decide(verdict.id, "declined", by="M-77", role="people-director")
    assert (decision.id, decision.departs) == (again.id, False)
    objection = ladders.object(verdict.id, "The course was in May.", by="E-1042", role="candidate")
    answer = ladders.answer(
        verdict.id, objection.id, "rejected", "It was another course.", by="M-77", role="people-director"
    )
    sent_again = ladders.object(verdict.id, "The course was in May.", by="E-1042", role="candidate")
    assert sent_again.id == objection.id, "no answer came, so it is sent again"
    for each in (verdict, decision, objection, answer):
        assert each.receipt is not None
        place = each.document["log"]
        read = read_receipt(each.receipt.encode())
        assert (read.index, f"sha256:{read.leaf_hash.hex()}") == (place["index"], place["leaf"])
    (found,) = ladders.objections(verdict.id)
    assert found.receipt is None  # it was read, not recorded
    assert [each.id for each in found.answers] == [answer.id]
    assert [each.id for each in ladders.decisions(verdict.id)] == [decision.id]


def test_an_id_is_never_a_path(ladders: Ladders) -> None:
    """An id from elsewhere must not lead to another address of the service."""
    with pytest.raises(LaddersProblem) as refused:
        ladders.verdict("../tracks?x=")
    assert refused.value.status == 404
