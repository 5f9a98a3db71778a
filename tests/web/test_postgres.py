"""The service with its log in PostgreSQL: two of them are one, and no word of a password leaves them."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from service.ledger.address import Address
from service.ledger.log import Wanted, read_log
from tests.ledger.postgres import Cluster, new_log
from tests.web.running import JSON, Service, running


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
