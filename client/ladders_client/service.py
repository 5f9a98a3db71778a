"""The service: questions go in; typed answers come out.

Every verdict is asked for under one idempotency key, or under the id of its request, so whatever is sent
again is judged and recorded once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote
from uuid import uuid4

from httpx import Response

from ladders_client.answers import (
    Answer,
    Decision,
    FoundVerdict,
    Objection,
    Option,
    Outcome,
    Reply,
    Ruling,
    Simulation,
    Verdict,
    answer,
    found_verdict,
    objection,
    option,
    simulation,
    verdict,
)
from ladders_client.answers import decision as decision_of
from ladders_client.connection import AGAIN, JSON, Connection
from ladders_client.numbers import read, written
from ladders_client.problems import LaddersProblem, LaddersUnreachable

_RECEIPT: Final = "Ladders-Receipt"
_DRAFT_S: Final = 75.0  #: the service gives up a draft after a minute
_GROUP: Final = 250  #: requests that are sent at a time, as many as the service commits at once


class Ladders:
    """A service of Ladders; to be closed, or used in a `with` block. Usable from several threads.

    Args:
        address: Such as `https://ladders.example.com`.
        token: A bearer token or an API key; None where the service is open.
        tries: How often a question is asked at most.
        timeout_s: Seconds to wait for the service each time.
        pause: Waits so many seconds; tests give their own.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        tries: int = 4,
        timeout_s: float = 10.0,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = Connection(address, token=token, tries=tries, timeout_s=timeout_s, pause=pause)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._connection.close()

    def judge(
        self,
        *,
        candidate: str,
        to: str,
        as_of: date,
        facts: Mapping[str, Any],
        standing: str | None = None,
        submitted_on: date | None = None,
        request_id: str | None = None,
        waivers: list[Mapping[str, Any]] | None = None,
        version: str | None = None,
        supersedes: str | None = None,
        idempotency_key: str | None = None,
    ) -> Verdict:
        """Ask whether a candidate may enter a level; the verdict is recorded before it is answered.

        Args:
            candidate: Your own id of the person.
            to: The level asked for, as `track/level`.
            as_of: The day on which the promotion would take effect.
            facts: What is known, by the names of the vocabulary; what is not known is left out.
            standing: The level that the person holds now, as `track/level`.
            submitted_on: The day of the request, which selects the version of the policy; without it, today.
            request_id: Your own id of the request. Asking again with it gives the same verdict.
            waivers: Waivers that were granted.
            version: The version that the request is to be judged by, as `track/day`.
            supersedes: The id of the verdict that this one, on corrected facts, replaces.
            idempotency_key: Your own, where you keep one; without it, a new one for each call.

        Raises:
            LaddersProblem: The service refused; `wrong` names everything that is wrong.
            LaddersUnreachable: No answer came; it is safe to call again with the same key.
        """
        request: dict[str, Any] = {
            "candidate": {"id": candidate},
            "to": _place(to),
            "as_of": as_of,
            "facts": facts,
        }
        if standing is not None:
            request["from"] = _place(standing)
        told = {
            "submitted_on": submitted_on,
            "request_id": request_id,
            "waivers": waivers,
            "version": version,
            "supersedes": supersedes,
        }
        request |= {name: value for name, value in told.items() if value is not None}
        return self.judge_request(request, idempotency_key=idempotency_key)

    def judge_request(self, request: Mapping[str, Any], *, idempotency_key: str | None = None) -> Verdict:
        """As `judge`, for a request that is written already, with the names that `GET /v1/facts` gives."""
        key = idempotency_key or str(uuid4())
        return verdict(*self._record("/v1/verdicts", request, headers={"Idempotency-Key": key}))

    def judge_all(self, requests: Iterable[Mapping[str, Any]]) -> Iterator[Verdict | LaddersProblem]:
        """Judge many requests, as written for `judge_request`; the answers come in their order, while
        requests are still read. A request that is refused is answered by its problem, and fails no other.

        A request without a `request_id` gets one, so that what is sent again is recorded once.

        Raises:
            LaddersProblem, LaddersUnreachable: The service could not go on. Those that were answered are
                recorded; it is safe to begin anew with requests that have a `request_id`.
        """
        for group in _groups(requests):
            waiting = [
                request if request.get("request_id") is not None else {**request, "request_id": str(uuid4())}
                for request in group
            ]
            tried = 0
            while waiting:
                done, stopped = self._group(waiting)
                yield from done
                waiting = waiting[len(done) :]
                tried = 1 if done else tried + 1
                if waiting and tried >= self._connection.tries:
                    raise stopped or LaddersUnreachable("the answers to a batch broke off again and again")
                if waiting:
                    self._connection.wait(tried)

    def _group(
        self, requests: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Verdict | LaddersProblem], LaddersProblem | None]:
        """The answers up to the first request that could not be answered now; and why it could not."""
        content = "".join(f"{written(request)}\n" for request in requests)
        headers = {"Content-Type": "application/x-ndjson"}
        lines = self._connection.ask("POST", "/v1/verdicts/batch", content=content, headers=headers)
        done: list[Verdict | LaddersProblem] = []
        for line in lines.content.splitlines()[: len(requests)]:
            told = read(line)
            if told["status"] in AGAIN:
                return done, LaddersProblem(told["status"], told["problem"])
            done.append(
                verdict(told["verdict"], told.get("receipt"))
                if "verdict" in told
                else LaddersProblem(told["status"], told["problem"])
            )
        return done, None

    def verdict(self, verdict_id: str) -> Verdict:
        """Read a verdict again."""
        return verdict(self._ask("GET", _verdict(verdict_id)))

    def facts_for(self, level: str) -> dict[str, Any]:
        """What to send for a level, given as `track/level`, with a JSON Schema for one request."""
        return self._ask("GET", "/v1/facts", parameters={"for": level})

    def verdicts(
        self,
        *,
        track: str | None = None,
        level: str | None = None,
        outcome: Outcome | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Iterator[FoundVerdict]:
        """One's own verdicts, the oldest first, fetched page by page as they are read."""
        asked = {"track": track, "level": level, "outcome": outcome, "since": since, "until": until}
        parameters = {name: str(value) for name, value in asked.items() if value is not None}
        page = self._ask("GET", "/v1/verdicts", parameters=parameters)
        while True:
            yield from (found_verdict(told) for told in page["verdicts"])
            following = page["links"]["next"]
            if following is None:
                return
            page = self._ask("GET", following)

    def options(
        self,
        *,
        candidate: str,
        standing: str | None,
        as_of: date,
        facts: Mapping[str, Any],
        submitted_on: date | None = None,
    ) -> tuple[Option, ...]:
        """Where somebody may go from here, on every track. Nothing is recorded. Arguments as for `judge`."""
        asked = {
            "candidate": {"id": candidate},
            "from": None if standing is None else _place(standing),
            "as_of": as_of,
            "facts": facts,
            **({} if submitted_on is None else {"submitted_on": submitted_on}),
        }
        return tuple(option(told) for told in self._ask("POST", "/v1/options", asked)["options"])

    def simulate(
        self,
        request: Mapping[str, Any],
        *,
        what_if: Mapping[str, Any] | None = None,
        policies: Mapping[str, str] | None = None,
    ) -> Simulation:
        """What the verdict would be, if. Nothing is recorded.

        A draft policy set is checked and proved first, which may take the service a minute.

        Args:
            request: As for `judge_request`.
            what_if: What is told differently, by the same names.
            policies: A draft policy set, the text of each file by its name.
        """
        asked: dict[str, Any] = {"request": request}
        asked |= {} if what_if is None else {"what_if": what_if}
        asked |= {} if policies is None else {"policies": policies}
        timeout_s = None if policies is None else _DRAFT_S
        return simulation(self._ask("POST", "/v1/simulations", asked, timeout_s=timeout_s))

    def decide(
        self,
        verdict_id: str,
        decision: Ruling,
        *,
        by: str,
        role: str,
        reason: str | None = None,
        decided_on: date | None = None,
        supersedes: str | None = None,
    ) -> Decision:
        """Record what a person decided; the same decision sent again is the same decision.

        Args:
            verdict_id: The verdict that it follows.
            decision: What was decided.
            by: The id of the person who decided.
            role: In which role, such as `people-director`.
            reason: Why; needed where it departs from the verdict.
            decided_on: The day; without it, today.
            supersedes: The id of the decision that it takes the place of.
        """
        told = {"reason": reason, "decided_on": decided_on, "supersedes": supersedes}
        asked = {"decision": decision, "by": {"id": by, "role": role}, **told}
        return decision_of(*self._record(f"{_verdict(verdict_id)}/decisions", asked))

    def decisions(self, verdict_id: str) -> tuple[Decision, ...]:
        """What was decided after a verdict."""
        told = self._ask("GET", f"{_verdict(verdict_id)}/decisions")
        return tuple(map(decision_of, told["decisions"]))

    def object(self, verdict_id: str, text: str, *, by: str, role: str) -> Objection:
        """Record an objection to a verdict or to a decision on it; sent again, it is the same objection."""
        asked = {"text": text, "by": {"id": by, "role": role}}
        return objection(*self._record(f"{_verdict(verdict_id)}/objections", asked))

    def objections(self, verdict_id: str) -> tuple[Objection, ...]:
        """What was said against a verdict, with what was answered."""
        told = self._ask("GET", f"{_verdict(verdict_id)}/objections")
        return tuple(map(objection, told["objections"]))

    def answer(
        self,
        verdict_id: str,
        objection_id: str,
        reply: Reply,
        text: str,
        *,
        by: str,
        role: str,
        new_verdict: str | None = None,
    ) -> Answer:
        """Record what is answered to an objection; `new_verdict` is the one on corrected facts, if there is
        one. The same answer again is the same one.
        """
        asked = {"reply": reply, "text": text, "by": {"id": by, "role": role}, "verdict": new_verdict}
        path = f"{_verdict(verdict_id)}/objections/{quote(objection_id, safe='')}/answers"
        return answer(*self._record(path, asked))

    def _ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        parameters: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """The object that is answered."""
        return _object(self._send(method, path, body, parameters=parameters, timeout_s=timeout_s))

    def _record(
        self, path: str, body: Any, *, headers: Mapping[str, str] | None = None
    ) -> tuple[dict[str, Any], str | None]:
        """The object that was recorded, and the signed receipt for it."""
        response = self._send("POST", path, body, headers=headers)
        return _object(response), response.headers.get(_RECEIPT)

    def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Response:
        content = None if body is None else written(body)
        sent = {**(headers or {}), **({} if body is None else {"Content-Type": JSON})}
        return self._connection.ask(
            method, path, content=content, headers=sent, parameters=parameters, timeout_s=timeout_s
        )


def _object(response: Response) -> dict[str, Any]:
    told: dict[str, Any] = read(response.content)
    return told


def _groups(requests: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Requests in groups, each read when it is sent."""
    left = iter(requests)
    while group := list(islice(left, _GROUP)):
        yield group


def _place(level: str) -> dict[str, str]:
    """A level that was given as `track/level`."""
    track, _, name = level.partition("/")
    if not track or not name:
        raise ValueError(f"`{level}` is not a level; write it as track/level, such as people-lead/team-lead")
    return {"track": track, "level": name}


def _verdict(verdict_id: str) -> str:
    return f"/v1/verdicts/{quote(verdict_id, safe='')}"
