"""Whoever has something recorded gets a signed receipt for it, beside the answer and not in it."""

from __future__ import annotations

import json
import os
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from service.cli.main import commands
from service.errors import LogUnavailable
from service.ledger.custody import trust_of
from service.ledger.log import Receipt, open_log, read_log
from service.ledger.log_keys import LogKeys
from service.ledger.signed_receipt import SignedReceipt, read_receipt
from service.ledger.trust import Trust, read_trust
from tests.ledger.attacking import rewrite
from tests.web.conftest import CountingLog
from tests.web.running import Service, running

HEADER = "Ladders-Receipt"
BY = {"id": "M-77", "role": "people-director"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("receipts") / "log.db"


@pytest.fixture(scope="module")
def service(database: Path) -> Iterator[Service]:
    """A running service of two workers."""
    with running(database) as service:
        service.wait_until_ready()
        yield service


def post(service: Service, path: str, body: Any, **headers: str) -> tuple[dict[str, Any], Mapping[str, str]]:
    text = body if isinstance(body, str) else json.dumps(body)
    status, said, told = service.ask("POST", path, text, {"Content-Type": "application/json", **headers})
    assert status in (200, 201), said
    answer: dict[str, Any] = json.loads(said)
    return answer, told


def trust(database: Path) -> Trust:
    with closing(read_log(database)) as log:
        return read_trust(str(trust_of(log, LogKeys(database.parent / "keys"), None, ())))


def believed(line: str, database: Path) -> SignedReceipt:
    """A receipt as it came, checked as its holder would."""
    read = read_receipt(line.encode())
    trust(database).check_receipt(read)
    assert bytes(read) == b64decode(line)
    return read


def placed(read: SignedReceipt) -> dict[str, Any]:
    """The member `log` of the answer that the receipt belongs to, as far as that names the leaf."""
    return {"index": read.index, "leaf": f"sha256:{read.leaf_hash.hex()}"}


def test_everything_that_is_recorded_is_answered_with_a_receipt(
    service: Service, database: Path, good: dict[str, Any]
) -> None:
    """A verdict, a decision, an objection and its answer, over real HTTP, in a header; each for its entry."""
    verdict, headers = post(service, "/v1/verdicts", good)
    assert placed(believed(headers[HEADER], database)) == verdict["log"]
    place = verdict["links"]["self"]
    decision, headers = post(service, f"{place}/decisions", {"decision": "declined", "by": BY})
    found = [(decision, headers)]
    said = {"by": {"id": "Marek", "role": "candidate"}, "text": "Thank you."}
    objection, headers = post(service, f"{place}/objections", said)
    found.append((objection, headers))
    path = f"{place}/objections/{objection['objection_id']}/answers"
    answered = {"reply": "rejected", "by": BY, "text": "Nothing is wrong."}
    found.append(post(service, path, answered))
    for told, headers in found:
        assert placed(believed(headers[HEADER], database)).items() <= told["log"].items()
    status, again, headers = service.ask("GET", place)
    assert (status, HEADER in headers) == (200, False)
    assert json.loads(again)["log"] == verdict["log"]


def test_each_answer_of_a_batch_brings_its_own_receipt(
    service: Service, database: Path, good: dict[str, Any]
) -> None:
    """They were committed together, and share one signature; what was refused has none."""
    requests = [good] * 11
    told, _ = post(service, "/v1/verdicts/batch", {"requests": [*requests, {}]})
    *judged, refused = told["results"]
    receipts = [believed(each["receipt"], database) for each in judged]
    assert [placed(read) for read in receipts] == [each["verdict"]["log"] for each in judged]
    assert len({read.note for read in receipts}) == 1
    assert "receipt" not in refused
    status, lines, _ = service.ask(
        "POST", "/v1/verdicts/batch", f"{json.dumps(good)}\n", {"Content-Type": "application/x-ndjson"}
    )
    assert status == 200
    assert believed(json.loads(lines)["receipt"], database).promise.count == 1


def test_an_evaluation_brings_its_receipt_in_the_context(
    service: Service, database: Path, good: dict[str, Any]
) -> None:
    """AuthZEN has a place for what a decision point adds, for one and for several."""
    evaluation = {
        "subject": {"type": "candidate", "id": "E-1"},
        "action": {"name": "promote"},
        "resource": {"type": "level", "id": f"{good['to']['track']}/{good['to']['level']}"},
        "context": {"facts": good["facts"], "as_of": good["as_of"], "from": good["from"]},
    }
    one, _ = post(service, "/access/v1/evaluation", evaluation)
    many, _ = post(service, "/access/v1/evaluations", {**evaluation, "evaluations": [{}, {}]})
    for told in [one, *many["evaluations"]]:
        verdict = json.loads(service.ask("GET", told["context"]["links"]["verdict"])[1])
        assert placed(believed(told["context"]["receipt"], database)) == verdict["log"]


def test_a_request_that_is_repeated_gets_the_same_verdict_and_a_receipt_for_it_alone(
    service: Service, database: Path, good: dict[str, Any]
) -> None:
    """The first answer, and with it the receipt, was lost on its way."""
    first, _ = post(service, "/v1/verdicts", good, **{"Idempotency-Key": "receipt-1"})
    again, headers = post(service, "/v1/verdicts", good, **{"Idempotency-Key": "receipt-1"})
    assert (again, headers["Idempotent-Replayed"]) == (first, "true")
    read = believed(headers[HEADER], database)
    assert (placed(read), read.promise.count) == (first["log"], 1)


def test_a_receipt_that_cannot_be_signed_withholds_no_verdict(
    app_with: Callable[..., Flask],
    log: CountingLog,
    good: dict[str, Any],
    service_log: Callable[[], str],
) -> None:
    """The verdict is in the log already, so it counts; the operator hears why there is no receipt."""

    class Without(CountingLog):
        def signed(self, receipt: Receipt) -> bytes:
            raise LogUnavailable(f"no key is there to sign entry {receipt.index}")

    client = app_with(log=Without(log)).test_client()
    answer = client.post("/v1/verdicts", json=good)
    assert (answer.status_code, HEADER in answer.headers) == (201, False)
    (item,) = json.loads(client.post("/v1/verdicts/batch", json={"requests": [good]}).data)["results"]
    assert (item["status"], "receipt" in item) == (201, False)
    assert '"event":"no-receipt"' in service_log()


def test_a_verdict_that_was_rewritten_is_proved_by_what_its_caller_kept(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """The whole of it: a caller keeps one header, the operator rewrites the log, the caller shows it."""
    database = tmp_path / "log.db"
    with running(database, workers=1) as service:
        service.wait_until_ready()
        verdict, headers = post(service, "/v1/verdicts", good)
        assert service.stop() == 0
    tmp_path.joinpath("receipt").write_text(headers[HEADER])
    tmp_path.joinpath("trust").write_text(str(trust(database)))
    index, outcome = verdict["log"]["index"], f'"{verdict["outcome"]}"'.encode()
    other = b'"not_eligible"' if outcome == b'"eligible"' else b'"eligible"'
    words = ["log", "check-receipt", str(tmp_path / "receipt"), "--trust", str(tmp_path / "trust"), "--here"]
    here = {"LADDERS_LOG": str(database)}
    assert CliRunner().invoke(commands, words, env=here).exit_code == 0
    rewrite(
        database,
        lambda rows: [
            {**row, "leaf": row["leaf"].replace(outcome, other)} if row["seq"] == index else row
            for row in rows
        ],
    )
    open_log(database, clock=lambda: datetime.now(UTC), random_bytes=os.urandom).close()  # nothing is noticed
    done = CliRunner().invoke(commands, words, env=here)
    assert (done.exit_code, "suppressed: another entry stands" in done.output) == (1, True)
