"""The Python client against a real service, and against one that fails at the worst moments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ladders_client import Ladders, LaddersProblem, LaddersUnreachable
from ladders_client.numbers import read, written

from tests.web.running import Service, running

VERDICT = {"verdict_id": "v", "outcome": "eligible", "summary": "Eligible."}
REQUEST: dict[str, Any] = {
    "candidate": "E-1042",
    "standing": "stone-craft/mason",
    "to": "people-lead/team-lead",
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


def test_a_verdict_comes_with_its_reasons(service: Service) -> None:
    """A workflow system shows these to people; the whole document stands beside them."""
    with Ladders(service.address) as ladders:
        verdict = ladders.judge(**REQUEST)
        again = ladders.verdict(verdict.id)
    assert verdict.outcome == "not_eligible"
    assert not verdict.eligible
    assert [finding.result for finding in verdict.findings if finding.result == "unmet"]
    assert verdict.what_would_change
    assert again == verdict


def test_everything_that_is_wrong_is_told_at_once(service: Service) -> None:
    """A developer mends a request once, not once for each fault."""
    facts = {"wants_people_role": "yes", "rating": 3, "trainings": []}
    with Ladders(service.address) as ladders, pytest.raises(LaddersProblem) as refused:
        ladders.judge(**{**REQUEST, "facts": facts})
    assert refused.value.status == 422
    assert {wrong.pointer for wrong in refused.value.wrong} == {"/facts/wants_people_role", "/facts/rating"}
    assert "/facts/rating" in str(refused.value)
    assert refused.value.request_id


def test_what_to_send_can_be_asked(service: Service) -> None:
    """A form for a request is made of this schema."""
    with Ladders(service.address) as ladders:
        told = ladders.facts_for("people-lead/team-lead")
    assert told["request_schema"]["type"] == "object"


@contextmanager
def failing(*answers: int | None) -> Iterator[tuple[str, list[str | None]]]:
    """A service that answers with these statuses, and breaks the connection for None; and the keys it got."""
    left, keys = list(answers), []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            keys.append(self.headers.get("Idempotency-Key"))
            self.rfile.read(int(self.headers["Content-Length"]))
            status = left.pop(0)
            if status is None:
                self.close_connection = True
                return
            body = json.dumps(VERDICT if status == 201 else {"title": "Not now", "detail": "wait"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 503:
                self.send_header("Retry-After", "7")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library calls it so
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", keys
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_broken_answer_is_asked_for_again_under_the_same_key() -> None:
    """The verdict may have been recorded before the connection broke; it must not be judged twice."""
    pauses: list[float] = []
    with failing(None, 503, 502, 201) as (address, keys), Ladders(address, pause=pauses.append) as ladders:
        verdict = ladders.judge(**REQUEST)
    assert verdict.eligible
    assert len(keys) == 4
    assert len(set(keys)) == 1
    assert keys[0]
    assert pauses[1] == 7  # as `Retry-After` asked


def test_a_service_that_stays_away_is_given_up() -> None:
    """A caller that waits for ever holds up whatever waits for it."""
    with (
        failing(None, None) as (address, keys),
        Ladders(address, tries=2, pause=lambda _: None) as ladders,
        pytest.raises(LaddersUnreachable),
    ):
        ladders.judge(**REQUEST, idempotency_key="mine")
    assert keys == ["mine", "mine"]


def test_a_refusal_is_not_asked_again() -> None:
    """The same request would be refused the same way."""
    with (
        failing(422) as (address, keys),
        Ladders(address, pause=lambda _: None) as ladders,
        pytest.raises(LaddersProblem, match="422 Not now"),
    ):
        ladders.judge(**REQUEST)
    assert len(keys) == 1


def test_a_service_that_cannot_answer_says_so_in_the_end() -> None:
    """The last reason is more useful than that there was none."""
    with (
        failing(503, 503) as (address, _),
        Ladders(address, tries=2, pause=lambda _: None) as ladders,
        pytest.raises(LaddersProblem) as refused,
    ):
        ladders.judge(**REQUEST)
    assert refused.value.status == 503


def test_what_is_no_address_or_level_is_refused_before_anything_is_sent() -> None:
    """It would be tried again and again, or be answered with words about something else."""
    with pytest.raises(ValueError, match="begins with https:// or http://"):
        Ladders("127.0.0.1:8080")
    with Ladders("http://127.0.0.1:9") as ladders:
        for level in ("people-lead", "people-lead/", "/team-lead", ""):
            with pytest.raises(ValueError, match="write it as track/level"):
                ladders.judge(**{**REQUEST, "to": level})


@pytest.mark.parametrize(
    "value", [0.5, float("nan"), Decimal("NaN"), datetime(2026, 1, 1, tzinfo=UTC), object(), b"x"]
)
def test_what_cannot_be_written_exactly_is_refused(value: object) -> None:
    """A float would have been rounded before it was sent."""
    with pytest.raises(TypeError):
        written({"facts": [value]})


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(plain)
def test_what_is_written_is_read_as_it_was(value: object) -> None:
    """Numbers are exact, and every text survives."""
    assert read(written(value)) == value


def test_the_example_in_the_package_is_ten_lines_that_work(service: Service) -> None:
    """It is the first thing that is copied."""
    import ladders_client

    text = ladders_client.__doc__ or ""
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    assert len(lines) <= 10
    example = "\n".join(lines).replace("http://127.0.0.1:8080", service.address)
    example = example.replace("software-craft/senior", "stone-craft/mason")
    seen: list[str] = []
    exec(compile(example, "example", "exec"), {"print": lambda *said: seen.extend(map(str, said))})
    assert seen[0] in ("eligible", "not_eligible", "needs_information")


def test_the_package_is_typed() -> None:
    """A caller's own type checks reach into it."""
    import ladders_client

    assert (Path(ladders_client.__file__).parent / "py.typed").exists()
