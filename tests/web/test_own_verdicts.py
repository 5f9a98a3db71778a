"""One's own verdicts over HTTP: found again page by page, and never anybody else's."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from flask import Flask
from flask.testing import FlaskClient
from ladders_client import Ladders, LaddersProblem

from service.access.callers import Caller, candidate_caller
from service.ledger import searching
from service.ledger.log import open_log
from service.web.keeping import Keeper
from service.web.parts import Parts
from tests.ledger.records import a_record
from tests.web.conftest import CountingLog

OWN = Caller("page", "key", frozenset({"submit"}))
OTHER = Caller("other", "key", frozenset({"submit"}))
ADDRESS = "/v1/verdicts"


class Named:
    """Takes whoever asks for one caller."""

    def __init__(self, known: Caller) -> None:
        self.known = known

    def caller_of(self, _authorization: str) -> Caller:
        return self.known


@pytest.fixture
def client_of(app_with: Callable[..., Flask]) -> Callable[..., FlaskClient]:
    """A client of the service as one caller, perhaps at another time."""

    def make(known: Caller, **other: Any) -> FlaskClient:
        client = app_with(access=Named(known), **other).test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = "Bearer known"
        return client

    return make


def judged(client: FlaskClient, request: Any) -> dict[str, Any]:
    """A verdict."""
    told: dict[str, Any] = json.loads(client.post(ADDRESS, json=request).data)
    return told


def found(client: FlaskClient, address: str = ADDRESS) -> dict[str, Any]:
    """One page."""
    response = client.get(address)
    assert response.status_code == 200, response.data
    told: dict[str, Any] = json.loads(response.data)
    return told


def pages(client: FlaskClient, address: str = ADDRESS) -> list[list[str]]:
    """The ids on all pages."""
    page = found(client, address)
    told = [ids(page)]
    while page["links"]["next"] is not None:
        page = found(client, page["links"]["next"])
        told.append(ids(page))
    return told


def refused(client: FlaskClient, query: str) -> list[str]:
    """What is wrong with a query."""
    response = client.get(f"{ADDRESS}?{query}")
    problem = json.loads(response.data)
    assert (response.status_code, problem["type"]) == (400, "/problems/wrong-query")
    return [each["message"] for each in problem["problems"]]


def ids(page: dict[str, Any]) -> list[str]:
    return [each["verdict_id"] for each in page["verdicts"]]


def test_a_caller_finds_its_own_verdicts_and_no_others(
    client_of: Callable[..., FlaskClient], good: dict[str, Any]
) -> None:
    """What another workflow system asked is nobody else's business."""
    own, other = client_of(OWN), client_of(OTHER)
    before = ids(found(own))
    mine, theirs = judged(own, good), judged(other, good)
    assert ids(found(own)) == [*before, mine["verdict_id"]]
    assert theirs["verdict_id"] in ids(found(other))
    (last,) = found(own)["verdicts"][-1:]
    assert last == {
        "verdict_id": mine["verdict_id"],
        "index": mine["log"]["index"] if "log" in mine else last["index"],
        "outcome": mine["outcome"],
        "to": {"track": "people-lead", "level": "team-lead"},
        "version": "people-lead/2026-01-01",
        "erased": False,
        "request_id": mine["request_id"],
        "candidate": mine["candidate"],
        "dates": mine["dates"],
        "summary": mine["summary"],
        "links": {"self": f"/v1/verdicts/{mine['verdict_id']}"},
    }
    assert own.get(last["links"]["self"]).status_code == 200


def test_pages_follow_each_other_without_gap_or_repeat(
    client_of: Callable[..., FlaskClient], good: dict[str, Any]
) -> None:
    """Also while more are recorded: a page begins behind an entry, not behind a count."""
    client = client_of(Caller("pages", "key", frozenset({"submit"})))
    wanted = [judged(client, good)["verdict_id"] for _ in range(5)]
    page, seen = found(client, f"{ADDRESS}?limit=2"), []
    while True:
        seen += ids(page)
        assert len(ids(page)) <= 2
        if page["links"]["next"] is None:
            break
        wanted += [judged(client, good)["verdict_id"]] if len(wanted) < 7 else []
        page = found(client, page["links"]["next"])
    assert seen == wanted
    assert found(client, f"{ADDRESS}?limit={len(wanted)}")["links"]["next"] is None


@pytest.fixture(params=["embedded", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CountingLog]:
    """An empty log in either store."""
    if request.param == "embedded":
        place, keys = tmp_path / "log.db", tmp_path / "keys"
    else:
        place = request.getfixturevalue("address")
        keys = request.getfixturevalue("cluster").keys
    with closing(open_log(place, keys=keys, clock=lambda: datetime.now(UTC), random_bytes=os.urandom)) as log:
        yield CountingLog(log)


@pytest.fixture
def client_on(
    client_of: Callable[..., FlaskClient], parts: Parts, store: CountingLog
) -> Callable[[Caller], FlaskClient]:
    """A client of the service with that log, as one caller."""
    keeper = Keeper(store, parts.judges, parts.runtime, parts.now)
    return lambda known: client_of(known, log=store, keeper=keeper)


def test_an_answer_looks_at_a_part_of_the_log_and_leads_on_from_there(
    client_on: Callable[[Caller], FlaskClient],
    good: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two verdicts among those of others, in a log of years, would keep the caller waiting. So each page
    comes soon, some hold nothing, and only the end says that it is the end.
    """
    own, other = client_on(OWN), client_on(OTHER)
    wanted = []
    for number in range(50):
        made = judged(own if number in (3, 44) else other, good)
        wanted += [made["verdict_id"]] if number in (3, 44) else []
    monkeypatch.setattr(searching, "LOOKED_AT", 1)  # ten questions for an answer
    for query in ("", "?limit=1", "?limit=500", "?level=team-lead", "?outcome=not_eligible"):
        came = pages(own, ADDRESS + query)
        assert len(came) > 4
        assert [] in came
        assert [each for page in came for each in page] == wanted, query


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library calls it so
        """Say nothing."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of an app, over HTTP."""
    with make_server("127.0.0.1", 0, app, handler_class=_Quiet) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("store", ["embedded"], indirect=True)
def test_the_python_client_goes_on_behind_an_empty_page(
    client_on: Callable[[Caller], FlaskClient],
    good: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever iterates wants all, and knows nothing of pages."""
    own, other = client_on(OWN), client_on(OTHER)
    given = [judged(own if number % 30 == 3 else other, good) for number in range(50)]
    monkeypatch.setattr(searching, "LOOKED_AT", 1)
    with served(own.application) as address, Ladders(address, token="known") as ladders:
        assert [each.id for each in ladders.verdicts()] == [given[at]["verdict_id"] for at in (3, 33)]
        with pytest.raises(LaddersProblem, match="did you mean `people-lead`"):
            list(ladders.verdicts(track="people-leed"))


def test_a_person_is_found_at_once(
    client_on: Callable[[Caller], FlaskClient],
    good: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An index leads to what is about a candidate, however many entries stand between."""
    asking = client_on(OTHER)
    mine = [
        judged(asking, {**good, "candidate": {"id": "E-own" if number in (3, 24) else "E-else"}})
        for number in range(25)
    ]
    monkeypatch.setattr(searching, "LOOKED_AT", 1)
    (page,) = pages(client_on(candidate_caller("E-own")))
    assert page == [mine[3]["verdict_id"], mine[24]["verdict_id"]]


def test_a_track_or_level_that_is_nowhere_is_refused_with_the_nearest_name(client: FlaskClient) -> None:
    """An empty list would let the caller believe that nobody asked yet."""
    (told,) = refused(client, "track=pepole-lead")
    assert told == (
        "the query parameter `track` says `pepole-lead`, and there is no such track; "
        "did you mean `people-lead`?"
    )
    assert refused(client, "level=team-led&track=x&since=2026-01-01&limit=3") == [
        "the query parameter `track` says `x`, and there is no such track",
        "the query parameter `level` says `team-led`, and there is no such level; did you mean `team-lead`?",
    ]
    assert found(client, f"{ADDRESS}?track=people-lead&until=2001-01-01")["verdicts"] == []


def test_a_track_that_was_given_up_is_known_to_those_who_have_verdicts_on_it(
    client_on: Callable[[Caller], FlaskClient], store: CountingLog
) -> None:
    """And to nobody else: others are answered as for one that never was, so that they learn nothing of it.
    Nor is it misspelt where another condition is why nothing fits.
    """
    own, other = client_on(OWN), client_on(OTHER)
    gone = replace(a_record(1), track="wood-craft", level="turner", caller=OWN.owner)
    [receipt] = store.append([gone])
    for query in ("track=wood-craft", "level=turner", "track=wood-craft&level=turner"):
        assert [each["index"] for each in found(own, f"{ADDRESS}?{query}")["verdicts"]] == [receipt.index]
    nothing = {"verdicts": [], "links": {"next": None}}
    for query in ("track=wood-craft&outcome=eligible", "track=wood-craft&until=2001-01-01"):
        assert found(own, f"{ADDRESS}?{query}") == nothing
    told = {track: refused(other, f"track={track}") for track in ("wood-craft", "iron-craft")}
    assert told["wood-craft"] == [each.replace("iron", "wood") for each in told["iron-craft"]]
    assert found(other, f"{ADDRESS}?track=wood-craft&after=0") == nothing, "what came before is not known"


def test_filters_narrow_it_and_stay_with_the_next_page(
    client_of: Callable[..., FlaskClient], good: dict[str, Any]
) -> None:
    """By level, by outcome, by day; both ends of a window are inside."""
    me = Caller("filters", "key", frozenset({"submit"}))
    eve = client_of(me, now=lambda: datetime(2026, 11, 19, 23, 59, 59, tzinfo=UTC))
    noon = client_of(me)
    trained = {**good, "facts": {**good["facts"], "trainings": [{"hours": 8, "completed_on": "2026-05-04"}]}}
    craft = {**good, "to": {"track": "stone-craft", "level": "master-mason"}}
    one, two, three = judged(eve, good), judged(noon, trained), judged(noon, craft)
    by = {
        "outcome=eligible": [two],
        "track=stone-craft": [three],
        "level=team-lead": [one, two],
        "since=2026-11-20": [two, three],
        "until=2026-11-19": [one],
        "since=2026-11-19&until=2026-11-20": [one, two, three],
        "track=stone-craft&level=team-lead": [],
        f"after={found(noon)['verdicts'][0]['index']}": [two, three],
    }
    for query, verdicts in by.items():
        assert ids(found(noon, f"{ADDRESS}?{query}")) == [each["verdict_id"] for each in verdicts], query
    following = found(noon, f"{ADDRESS}?level=team-lead&limit=1")["links"]["next"]
    assert ids(found(noon, following)) == [two["verdict_id"]]


def test_a_candidate_finds_what_was_said_about_them(
    client_of: Callable[..., FlaskClient], good: dict[str, Any]
) -> None:
    """Whoever asked for it."""
    good["candidate"]["id"] = "E-own"
    mine = judged(client_of(OWN), good)
    judged(client_of(OWN), {**good, "candidate": {"id": "E-else"}})
    assert ids(found(client_of(candidate_caller("E-own")))) == [mine["verdict_id"]]


def test_an_erased_verdict_is_still_in_its_place_without_the_person(
    client_of: Callable[..., FlaskClient], log: CountingLog, good: dict[str, Any]
) -> None:
    """The count of verdicts does not change when a person is forgotten; what is personal is gone."""
    me = client_of(Caller("erased", "key", frozenset({"submit"})))
    good["candidate"]["id"] = "E-forgotten"
    judged(me, good)
    log.erase("E-forgotten", erased_at=datetime.now(UTC), engine="x", new_id=lambda: str(uuid4()))
    assert b"E-forgotten" not in me.get(ADDRESS).data
    for each in found(me)["verdicts"]:
        assert (each["erased"], each["candidate"], each["summary"]) == (True, None, None)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "after=-1",
        "outcome=yes",
        "since=2026-02-30",
        "track=",
        "level=%00",
        "x=1",
    ],
)
def test_a_query_that_cannot_be_used_is_refused(query: str, client: FlaskClient) -> None:
    """A filter that is passed over would show more than was asked for."""
    response = client.get(f"{ADDRESS}?{query}")
    assert (response.status_code, json.loads(response.data)["type"]) == (400, "/problems/wrong-query")


def test_everything_wrong_with_a_query_is_told_at_once(client: FlaskClient) -> None:
    """Who mends one thing after the other gives up at the third."""
    told = json.loads(
        client.get(f"{ADDRESS}?limit=0&trak=x&since=2026-02-30&level=&level=x&until=2026-01-01").data
    )
    assert [each["message"].partition(",")[0] for each in told["problems"]] == [
        "the query parameter `limit` is not a whole number from 1 to 500",
        "there is no query parameter `trak`; did you mean `track`?",
        "the query parameter `since` is not a day as YYYY-MM-DD that exists",
        "the query parameter `level` is given twice",
    ]
    assert told["detail"] == "4 things are wrong with the query"
