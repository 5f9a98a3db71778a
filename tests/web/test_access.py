"""Access, over the real app: every address, with every scope, and with all that is no credential."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.access.api_keys import ApiKey, ApiKeys, new_key, read_keys, revoked, written
from service.access.callers import SCOPES, Scope
from service.access.key_sets import FetchedKeys
from service.access.known import KnownAccess
from service.access.tokens import Tokens
from service.access.watched import Watched
from service.errors import AccessUnavailable
from service.web.access_table import METRICS, TABLE, Need
from service.web.ids import new_id
from tests.access.issuer import RULES, forged, key_set_text, token
from tests.web.conftest import CountingLog

NONE: tuple[ApiKey, ...] = ()


@dataclass
class Guarded:
    """An app that asks who asks, and credentials for it."""

    app: Flask
    keys: dict[str, str]  #: API keys by the name of their caller

    def ask(
        self, method: str, path: str, credential: str | None, body: Any = None, **headers: str
    ) -> TestResponse:
        if credential is not None:
            headers["Authorization"] = f"Bearer {credential}"
        data = None if body is None else json.dumps(body)
        return self.app.test_client().open(
            path,
            method=method,
            headers=headers,
            data=data,
            content_type=None if body is None else "application/json",
        )

    def judged(self, credential: str, body: Any, view: str = "") -> TestResponse:
        return self.ask("POST", f"/v1/verdicts{view and '?view='}{view}", credential, body)


@pytest.fixture(scope="module")
def guarded(app_with: Callable[..., Flask], tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    """The real app with API keys and tokens: a caller for each scope, one of several, and keys gone bad."""
    file, now, held, keys = tmp_path_factory.mktemp("keys") / "keys.json", datetime.now(UTC), [], {}
    wanted: list[tuple[str, tuple[Scope, ...], int]] = [(scope, (scope,), 1) for scope in SCOPES]
    wanted += [("other", ("submit",), 1), ("every", tuple(SCOPES), 1)]
    wanted += [("expired", tuple(SCOPES), -1), ("revoked", tuple(SCOPES), 1), ("unknown", tuple(SCOPES), 1)]
    for number, (name, scopes, days) in enumerate(wanted):
        ends = now + timedelta(days=days)
        key, keys[name] = new_key(name, scopes, now=now, expires_at=ends, chance=bytes([number]) * 37)
        if name != "unknown":
            held.append(key)
    id_of_revoked = keys["revoked"].split("_")[1]
    file.write_bytes(written(revoked(held, id_of_revoked, now)))
    access = KnownAccess(
        ApiKeys(Watched(file, read_keys, NONE, pytest.fail), partial(datetime.now, UTC)),
        Tokens(RULES, FetchedKeys(key_set_text, time.monotonic, pytest.fail), time.time),
    )
    return Guarded(app_with(access=access), keys)


def fresh(**changed: Any) -> str:
    """A token that is good now."""
    return token(time.time(), **changed)


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Every way in: method, path, and the endpoint that answers (`OPTIONS` of one path has only one)."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: FILLED.get(match[1], "x"), rule.rule)
        for method in sorted(rule.methods or ()):
            yield method, path, adapter.match(path, method)[0]


FILLED = {"track": "people-lead", "name": "not-json", "verdict_id": "01a1fbf8-e3b5-7517-b435-4a29f3d2837b"}


def kind_of(response: TestResponse) -> str:
    """The kind of problem that was answered, with all that belongs to its answer; empty: none."""
    if response.status_code not in (401, 403):
        return ""
    assert response.content_type == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="ladders"')
    if response.request.method == "HEAD":
        return {401: "credentials", 403: "not-allowed"}[response.status_code]
    return str(json.loads(response.data)["type"].removeprefix("/problems/"))


@pytest.mark.parametrize("as_token", [False, True], ids=["api key", "token"])
@pytest.mark.parametrize("scope", SCOPES)
def test_each_scope_opens_what_the_table_says_and_nothing_else(
    scope: Scope, as_token: bool, guarded: Guarded
) -> None:
    """Every address, by every method that it has."""
    credential = fresh(scope=scope) if as_token else guarded.keys[scope]
    opened = set()
    for method, path, endpoint in routes(guarded.app):
        answer, need = guarded.ask(method, path, credential), TABLE[endpoint]
        allowed = need.open or need.known or scope in need.scopes
        assert kind_of(answer) == ("" if allowed else "not-allowed"), (method, path)
        if not allowed:
            wanted = " ".join(sorted(need.scopes))
            challenge = answer.headers["WWW-Authenticate"]
            assert challenge.endswith(f'error="insufficient_scope", scope="{wanted}"')
        else:
            opened.add(endpoint)
    assert opened


@pytest.mark.parametrize("told", [{"scope": ""}, {"scope": "admin openid"}, {"scope": "SUBMIT"}])
def test_a_caller_without_a_scope_of_ours_sees_only_what_every_caller_may(
    told: dict[str, str], guarded: Guarded
) -> None:
    """A token of the company is no permission yet."""
    for method, path, endpoint in routes(guarded.app):
        need = TABLE[endpoint]
        expected = "" if need.open or need.known else "not-allowed"
        assert kind_of(guarded.ask(method, path, fresh(**told))) == expected, (method, path)


def test_a_candidate_is_told_that_the_scopes_of_their_token_do_not_count(guarded: Guarded) -> None:
    """Where every token bears the claim, by a mistake in LADDERS_TOKEN_CANDIDATE, a program with the scope
    `submit` would be told to get the scope `submit`.
    """
    refused = guarded.ask("POST", "/v1/verdicts", fresh(candidate_id="E-1042", scope="submit"))
    assert json.loads(refused.data)["detail"].endswith("`submit`, in a token that is not a candidate's")
    refused = guarded.ask("POST", "/v1/verdicts", fresh(scope="decide"))
    assert json.loads(refused.data)["detail"] == "this needs the scope `submit`"


def test_a_candidate_has_what_is_for_candidates_whatever_the_scopes(guarded: Guarded) -> None:
    """A token about one person must not become one about everybody."""
    text = fresh(candidate_id="E-1042", scope=" ".join(SCOPES))
    for method, path, endpoint in routes(guarded.app):
        need = TABLE[endpoint]
        expected = "" if need.open or need.candidates else "not-allowed"
        assert kind_of(guarded.ask(method, path, text)) == expected, (method, path)


@pytest.mark.parametrize(
    "credential", ["nothing", "expired key", "revoked key", "unknown key", "half a key", *forged()]
)
def test_no_address_but_the_open_ones_answers_without_a_good_credential(
    credential: str, guarded: Guarded
) -> None:
    """Every address, by every method; whatever would be allowed is never looked at."""
    bad = {
        "nothing": None,
        "expired key": guarded.keys["expired"],
        "revoked key": guarded.keys["revoked"],
        "unknown key": guarded.keys["unknown"],
        "half a key": guarded.keys["every"][:-9],
        **{name: text for name, (text, _) in forged(time.time()).items()},
    }[credential]
    closed = 0
    for method, path, endpoint in routes(guarded.app):
        answer = guarded.ask(method, path, bad)
        if TABLE[endpoint].open:
            assert kind_of(answer) == "", (method, path)
            continue
        closed += 1
        wanted = "no-credentials" if bad is None else "wrong-credentials"
        assert kind_of(answer) in (wanted, "credentials"), (method, path)
        assert answer.status_code == 401
        assert ("error=" in answer.headers["WWW-Authenticate"]) is (bad is not None)
        if bad is not None:
            assert bad not in answer.text
    assert closed > 5


def test_an_address_that_is_none_says_so_to_everybody(guarded: Guarded) -> None:
    """There is nothing to be kept, and a probe of a proxy gets a clear answer."""
    assert guarded.ask("GET", "/v1/nowhere", None).status_code == 404
    assert guarded.ask("DELETE", "/v1/verdicts", None).status_code == 405


def test_a_verdict_is_for_its_caller_for_auditors_and_for_its_candidate(
    guarded: Guarded, good: dict[str, Any]
) -> None:
    """Each in the view that is meant for them, unasked."""
    answer = guarded.judged(guarded.keys["submit"], good)
    assert answer.status_code == 201
    told = json.loads(answer.data)
    at = answer.headers["Location"]

    again = guarded.ask("GET", at, guarded.keys["submit"])
    assert again.data == answer.data
    assert "where" not in told["findings"][0]
    assert "log" in told

    whole = guarded.ask("GET", at, guarded.keys["audit"])
    assert "where" in json.loads(whole.data)["findings"][0]

    decider = guarded.ask("GET", at, guarded.keys["decide"])
    assert decider.data == answer.data

    mine = json.loads(guarded.ask("GET", at, fresh(candidate_id="E-1042", scope="audit")).data)
    assert "log" not in mine
    assert mine["verdict_id"] == told["verdict_id"]


@pytest.mark.parametrize("credential", ["other key", "token of the same name", "other candidate"])
def test_the_verdict_of_another_is_answered_like_one_that_does_not_exist(
    credential: str, guarded: Guarded, good: dict[str, Any]
) -> None:
    """Even that somebody was judged is their affair."""
    other = {
        "other key": guarded.keys["other"],
        "token of the same name": fresh(sub="submit", scope="submit"),
        "other candidate": fresh(candidate_id="E-1043"),
    }[credential]
    at = guarded.judged(guarded.keys["submit"], good).headers["Location"]
    for query in ("", "?view=candidate", "?view=workflow", "?view=audit"):
        theirs = guarded.ask("GET", at + query, other, **{"X-Request-Id": "one"})
        none = guarded.ask(
            "GET", f"/v1/verdicts/{FILLED['verdict_id']}{query}", other, **{"X-Request-Id": "one"}
        )
        assert theirs.status_code == 404
        assert theirs.data == none.data
        assert dict(theirs.headers) == dict(none.headers)


def test_nothing_that_is_done_to_a_verdict_tells_whether_that_of_another_exists(
    guarded: Guarded, good: dict[str, Any], log: CountingLog
) -> None:
    """Every address with a verdict in it, by every method, with a body that would be taken."""
    document = json.loads(guarded.ask("GET", "/openapi.json", None).data)
    place = guarded.judged(guarded.keys["submit"], good).headers["Location"]
    there, none = place.rpartition("/")[2], FILLED["verdict_id"]
    strangers = [
        fresh(sub="submit", scope="submit simulate author operate"),
        fresh(candidate_id="E-1043"),
    ]
    asked, appended = 0, log.appended
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if "{verdict_id}" not in path or method == "parameters":
                continue
            body = example_of(operation)
            for stranger in strangers:
                answers = [
                    guarded.ask(
                        method.upper(),
                        re.sub(r"{\w+}", none, path.replace("{verdict_id}", id_)),
                        stranger,
                        body,
                        **{"X-Request-Id": "one"},
                    )
                    for id_ in (there, none)
                ]
                assert answers[0].status_code in (403, 404), (method, path)
                assert answers[0].data == answers[1].data, (method, path)
                assert dict(answers[0].headers) == dict(answers[1].headers), (method, path)
                asked += 1
    assert asked > 2
    assert log.appended == appended


def example_of(operation: dict[str, Any]) -> Any:
    """The first example of the body of an operation; None: it takes no body."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        return next(iter(content["examples"].values()))["value"]
    return None


def test_a_view_that_is_not_for_the_caller_is_refused_before_anything_is_recorded(
    guarded: Guarded, good: dict[str, Any], log: CountingLog
) -> None:
    """The audit view has the values of sensitive facts."""
    recorded = log.appended
    answer = guarded.judged(guarded.keys["submit"], good, "audit")
    assert (
        kind_of_refusal(answer)
        == "the view `audit` is not for this caller; ask for `workflow` or `candidate`"
    )
    assert log.appended == recorded
    at = guarded.judged(guarded.keys["submit"], good).headers["Location"]
    assert guarded.ask("GET", f"{at}?view=candidate", guarded.keys["submit"]).status_code == 200
    kind_of_refusal(guarded.ask("GET", f"{at}?view=audit", guarded.keys["submit"]))
    kind_of_refusal(guarded.ask("GET", f"{at}?view=workflow", fresh(candidate_id="E-1042")))


def test_what_was_erased_is_gone_for_auditors_and_unknown_to_all_others(
    guarded: Guarded, good: dict[str, Any], log: CountingLog
) -> None:
    """Whose it was has been erased too, so nobody can be told that it was theirs."""
    good["candidate"]["id"] = "to be forgotten by callers"
    at = guarded.judged(guarded.keys["submit"], good).headers["Location"]
    log.erase(good["candidate"]["id"], erased_at=datetime.now(UTC), engine="ladders", new_id=new_id)
    assert guarded.ask("GET", at, guarded.keys["audit"]).status_code == 410
    assert guarded.ask("GET", at, guarded.keys["submit"]).status_code == 404
    mine = fresh(candidate_id=good["candidate"]["id"])
    assert guarded.ask("GET", at, mine).status_code == 404


def kind_of_refusal(answer: TestResponse) -> str:
    """Why a view is refused."""
    assert answer.status_code == 403
    told = json.loads(answer.data)
    assert told["type"] == "/problems/not-allowed"
    assert 'error="insufficient_scope", scope="audit"' in answer.headers["WWW-Authenticate"]
    return str(told["detail"])


def test_the_service_log_names_the_caller_and_never_a_candidate(
    guarded: Guarded, good: dict[str, Any], service_log: Callable[[], str]
) -> None:
    """Who used what must be seen later; who looked at their own verdict is nobody's business."""
    at = guarded.judged(guarded.keys["submit"], good).headers["Location"]
    guarded.ask("GET", at, fresh(sub="portal", scope="audit"))
    guarded.ask("GET", at, fresh(sub="Ann", candidate_id="E-1042"))
    guarded.ask("GET", at, None)
    said = service_log()
    lines = [json.loads(line) for line in said.splitlines()]
    assert [(line.get("caller"), line.get("caller_kind")) for line in lines] == [
        ("submit", "key"),
        ("portal", "token"),
        ("candidate", "candidate"),
        (None, None),
    ]
    assert "E-1042" not in said
    assert "Ann" not in said


def test_no_credential_comes_to_the_service_log_or_into_an_answer(
    guarded: Guarded, good: dict[str, Any], service_log: Callable[[], str]
) -> None:
    """Logs are read by more people than may use the service."""
    sent = [*guarded.keys.values(), fresh(), *(text for text, _ in forged(time.time()).values())]
    answers = [guarded.ask("GET", "/v1/status", text).text for text in sent]
    answers += [guarded.judged(text, good).text for text in sent]
    seen = service_log() + "".join(answers)
    secrets = [part for text in sent for part in re.split(r"[._]", text) if len(part) > 8]
    assert [secret for secret in secrets if secret in seen] == []


def test_metrics_stand_open_when_the_operator_says_so(
    app_with: Callable[..., Flask], guarded: Guarded
) -> None:
    """A Prometheus beside the service needs no key then; nothing else opens with them."""
    access = guarded.app.extensions["ladders"].access
    client = app_with(access=access, metrics_open=True).test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/v1/status").status_code == 401
    assert guarded.ask("GET", "/metrics", None).status_code == 401
    assert TABLE[METRICS] == Need(scopes=frozenset({"operate"}))


def test_when_nobody_can_be_known_now_the_caller_is_asked_to_try_again(
    app_with: Callable[..., Flask], service_log: Callable[[], str]
) -> None:
    """A good token must not be called wrong because the identity provider is away."""

    class Away(KnownAccess):
        def caller_of(self, _: str) -> Any:
            raise AccessUnavailable("the keys are being fetched")

    client: FlaskClient = app_with(access=Away(None, None)).test_client()
    answer = client.get("/v1/status", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert json.loads(answer.data)["type"] == "/problems/access-unavailable"
    assert "the keys are being fetched" in service_log()


def test_the_published_interface_says_what_each_operation_needs(guarded: Guarded) -> None:
    """A generated client must know where to put the token."""
    document = json.loads(guarded.ask("GET", "/openapi.json", None).data)
    scheme = document["components"]["securitySchemes"]["bearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for scope in SCOPES:
        assert f"`{scope}`" in scheme["description"]
    judge = document["paths"]["/v1/verdicts"]["post"]
    assert judge["security"] == [{"bearer": ["submit"]}, {}]
    for status in ("401", "403"):
        assert "WWW-Authenticate" in judge["responses"][status]["headers"]
    assert document["paths"]["/health/live"]["get"]["security"] == []
    assert "401" not in document["paths"]["/health/live"]["get"]["responses"]
