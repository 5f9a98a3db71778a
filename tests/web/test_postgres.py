"""The service with its log in PostgreSQL: two of them are one, and no word of a password leaves them."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from service.ledger.address import Address
from service.ledger.anchor import Anchor
from service.ledger.checkpoint import read_checkpoint
from service.ledger.log import Wanted, read_log
from service.ledger.log_keys import LogKeys
from service.ledger.verified import verify_log
from service.ledger.verify import OK
from tests.ledger.postgres import LOG, Cluster, new_log
from tests.ledger.witnessing import witness_of
from tests.web.running import JSON, Service, running
from tests.web.test_publishing import of_witness, wait


def test_two_services_record_one_request_once(
    address: Address, cluster: Cluster, tmp_path: Path, good: dict[str, Any]
) -> None:
    """A caller asks again at another replica: the same bytes, one entry, which can be read at both."""
    settings = {"keys": cluster.keys, "workers": 1, "cwd": tmp_path, "freeze": "yes"}
    secret = address.url.replace("service@", "service:hunter2@")
    headers = {**JSON, "Idempotency-Key": str(uuid4())}
    with running(secret, **settings) as one, running(secret, **settings) as two:  # type: ignore[arg-type]  # settings of all kinds
        asked = [each.ask("POST", "/v1/verdicts", json.dumps(good), headers) for each in (one, two, one)]
        assert [status for status, _, _ in asked] == [201, 201, 201]
        assert len({body for _, body, _ in asked}) == 1
        told = [json.loads(each.ask("GET", "/v1/status")[1])["log"] for each in (one, two)]
        assert told[0]["size"] == told[1]["size"]
        verdict = json.loads(asked[0][1])["verdict_id"]
        assert [each.ask("GET", f"/v1/verdicts/{verdict}")[0] for each in (one, two)] == [200, 200]
        said = json.dumps([one.lines, two.lines, told])
    with closing(read_log(address, cluster.keys)) as log:
        assert [entry.id for entry in log.find(Wanted(kind="verdict"))] == [verdict]
    assert "hunter2" not in said
    assert "postgresql://service@" in said


def test_two_services_publish_one_log_and_raise_no_alarm(
    cluster: Cluster, tmp_path: Path, good: dict[str, Any]
) -> None:
    """Both sign, in turns given by the anchor: every checkpoint continues the one before, whoever signed it,
    and no witness sees two logs.
    """
    address, anchor = Address(cluster.url(new_log(cluster), "service")), tmp_path / "anchor"
    [signer] = LogKeys(cluster.keys).signers(LOG)
    with witness_of(signer.key) as server:
        settings = {
            "keys": cluster.keys, "workers": 1, "cwd": tmp_path, "anchor": anchor,
            "witness": f"{server.witness.key.vkey} {server.witness.url}",
        }  # fmt: skip
        with running(address.url, **settings) as one, running(address.url, **settings) as two:  # type: ignore[arg-type]  # settings of all kinds
            for number in range(30):
                for each in (one, two):
                    body = json.dumps({**good, "request_id": f"{number} {each.netloc}"})
                    assert each.ask("POST", "/v1/verdicts", body)[0] == 201
                time.sleep(0.1)  # longer than a second in all, so that both publish several times
            told = [
                wait(each, lambda told: told["behind"] == 0 and of_witness(told)["size"])
                for each in (one, two)
            ]
            assert [each["why"] or of_witness(each)["why"] for each in told] == [None, None]
            said = [line for each in (one, two) for line in each.lines if line["event"] == "not-published"]
    assert said == []
    with closing(read_log(address, cluster.keys)) as log:
        report = verify_log(log, None, [anchor])
        sizes = [read_checkpoint(note).checkpoint.size for note in Anchor(anchor).notes()]
        assert (report.outcome, report.size) == (OK, log.size())
        assert sizes == sorted(set(sizes))
        assert sizes[-1] == log.size()


def until_ready(service: Service, status: int) -> None:
    """Wait until the service says so; it looks at its log at most once a second."""
    give_up_at = time.monotonic() + 20
    while service.ask("GET", "/health/ready")[0] != status:
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def test_a_service_without_its_database_refuses_and_heals(tmp_path: Path, good: dict[str, Any]) -> None:
    """No verdict is given that is not recorded; once the database is back, nobody restarts anything."""
    server = Cluster().create()
    try:
        url = server.url(new_log(server), "service")
        with running(url, keys=server.keys, workers=1, cwd=tmp_path, log_timeout_s="0.5") as service:
            assert service.ask("POST", "/v1/verdicts", json.dumps(good))[0] == 201
            server.end()
            assert service.ask("POST", "/v1/verdicts", json.dumps(good))[0] == 503
            until_ready(service, 503)
            server.start()
            assert service.ask("POST", "/v1/verdicts", json.dumps(good))[0] == 201
            until_ready(service, 200)
    finally:
        server.remove()
