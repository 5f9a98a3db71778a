"""Every way in which a request can be wrong: refused with a problem document that helps, and never recorded.

The cases are in `malformed.yaml`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from service.web.problems import KINDS
from tests.web.conftest import CountingLog

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "malformed.yaml").read_text("utf-8"))


def test_there_are_enough_cases() -> None:
    """The table is the test; a table that was emptied by accident would pass."""
    assert len(CASES) >= 100
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_malformed_request_is_refused_with_everything_that_is_wrong(
    case: dict[str, Any], client: FlaskClient, log: CountingLog, good: dict[str, Any]
) -> None:
    """People correct a request in one go only when all problems come at once, each with its place and a
    remedy.
    """
    before = log.appended
    headers = {"Content-Type": "application/json", **case.get("headers", {})}
    response = client.open(
        case.get("path", "/v1/verdicts"),
        method=case.get("method", "POST"),
        data=body_of(case, good) if case.get("method", "POST") != "GET" else None,
        headers={name: value for name, value in headers.items() if value is not None},
    )
    kind = KINDS[case["kind"]]
    told = json.loads(response.data)
    assert (response.status_code, response.content_type) == (kind.status, "application/problem+json"), told
    assert (told["type"], told["title"], told["status"]) == (kind.type, kind.title, kind.status)
    assert told["request_id"] == response.headers["X-Request-Id"]
    assert case.get("says", "") in told["detail"]
    assert response.headers.get("Allow") == case.get("allow")
    assert_problems(told["problems"], case.get("problems", {}))
    assert log.appended == before


def assert_problems(problems: list[dict[str, str]], wanted: dict[str, str]) -> None:
    """Exactly the wanted problems, each with its place, a message and what was expected."""
    assert {problem["pointer"] for problem in problems} == set(wanted)
    assert len(problems) == len(wanted)
    for problem in problems:
        assert wanted[problem["pointer"]] in problem["message"]
        assert problem["message"][:1] not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        assert not problem["message"].endswith(".")
        assert problem["expected"] != ""
        assert set(problem) == {"pointer", "message", "expected", "came"}


def body_of(case: dict[str, Any], good: dict[str, Any]) -> bytes:
    """The body of a case."""
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if "body" in case:
        return str(repeated(case["body"])).encode()
    for pointer, value in case.get("change", {}).items():
        holder, name = place(good, pointer)
        holder[name] = repeated(value)
    for pointer in case.get("remove", []):
        holder, name = place(good, pointer)
        del holder[name]
    return json.dumps(good).encode()


def place(request: dict[str, Any], pointer: str) -> tuple[dict[str, Any], str]:
    """The object that holds what a pointer names, and its name there."""
    *path, name = pointer.split("/")[1:]
    for step in path:
        request = request[step]
    return request, name


def repeated(value: Any) -> Any:
    """The long text that a case describes, so that it need not stand in the table."""
    if isinstance(value, dict) and "repeat" in value:
        text = value["repeat"] * value["times"]
        return value.get("within", "%").replace("%", text)
    return value
