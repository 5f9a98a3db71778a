"""The running service publishes its log: anchored within seconds, whatever witnesses do, and refused when
it is another log.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from service.ledger.anchor import Anchor
from service.ledger.checkpoint import read_checkpoint
from service.ledger.log import read_log
from service.ledger.log_keys import LogKeys
from service.ledger.verified import verify_log
from service.ledger.verify import OK
from tests.ledger.attacking import NAME, grown
from tests.ledger.witnessing import witness_of
from tests.web.running import POLICIES, Service, environment, running


def published(service: Service) -> dict[str, Any]:
    """What `/v1/status` tells of publishing."""
    status, body, _ = service.ask("GET", "/v1/status")
    assert status == 200
    told: dict[str, Any] = json.loads(body)["published"]
    return told


def wait(service: Service, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The status of publishing, once it is so."""
    deadline = time.monotonic() + 60
    while not until(told := published(service)):
        assert time.monotonic() < deadline, (told, service.lines[-5:])
        time.sleep(0.05)
    return told


def of_witness(told: dict[str, Any]) -> dict[str, Any]:
    """What is told of the one witness."""
    found: dict[str, Any] = told["witnesses"].get("witness.example/w1", {"size": None, "why": None})
    return found


def judge(service: Service, good: dict[str, Any], number: int) -> None:
    """One verdict; behind the first one stands the entry that names the key of its receipt."""
    body = json.dumps({**good, "request_id": f"publishing-{number}"})
    status, said, _ = service.ask("POST", "/v1/verdicts", body)
    assert status in (200, 201), said


def test_what_is_judged_is_anchored_and_cosigned_and_the_next_start_goes_on(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """A leader that is killed is followed by another; at the end everything was anchored and is right."""
    log, anchor = grown(tmp_path, (3,)), tmp_path / "anchor"
    [signer] = LogKeys(tmp_path / "keys").signers(NAME)
    with witness_of(signer.key) as server:
        witness = f"{server.witness.key.vkey} {server.witness.url}"
        with running(log, anchor=anchor, witness=witness) as service:
            judge(service, good, 1)
            told = wait(service, lambda told: told["anchored"] == 6 and of_witness(told)["size"] == 6)
            assert (told["size"], told["behind"], told["why"]) == (6, 0, None)
            for worker in service.workers():
                os.kill(worker, signal.SIGKILL)
            service.wait_for_workers(2)
            service.wait_until_ready()
            judge(service, good, 2)
            wait(service, lambda told: told["anchored"] == 7)
            server.mood = "silent"
            for number in range(3, 6):  # a silent witness holds up nobody
                judge(service, good, number)
            told = wait(service, lambda told: told["anchored"] == 10)
            assert service.stop() == 0
    note = Anchor(anchor).last()
    assert note is not None
    with closing(read_log(log)) as reader:
        assert read_checkpoint(note).checkpoint.size == reader.size()
        report = verify_log(reader, None, [anchor])
        assert (report.outcome, report.size) == (OK, 10)
        six = read_checkpoint(reader.checkpoints(5, 1)[0]).note
        assert six.checked([signer.key, server.witness.key]).keys() == {signer.key, server.witness.key}


def test_a_witness_that_is_broken_is_told_in_the_status_and_in_the_log_of_the_service(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """Nobody calls the checkpoint witnessed, and verdicts are given all the same."""
    log = grown(tmp_path, (3,))
    with witness_of() as server:
        server.mood = "lying"
        witness = f"{server.witness.key.vkey} {server.witness.url}"
        with running(log, anchor=tmp_path / "anchor", witness=witness, workers=1) as service:
            judge(service, good, 1)
            told = wait(service, lambda told: told["anchored"] == 6 and of_witness(told)["why"] is not None)
            assert "wrong cosignature" in of_witness(told)["why"]
            assert of_witness(told)["size"] is None
            assert "wrong cosignature" in service.wait_for("not-published")["why"]


def test_an_anchor_that_fails_while_the_service_runs_is_an_alarm_and_no_verdict_waits(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """The disk of the anchor is another one; when it is back, all is made up for."""
    log, folder = grown(tmp_path, (3,)), tmp_path / "away"
    folder.mkdir()
    with running(log, anchor=folder / "anchor", workers=1) as service:
        judge(service, good, 1)
        wait(service, lambda told: told["anchored"] == 6)
        folder.rename(tmp_path / "gone")
        judge(service, good, 2)
        told = wait(service, lambda told: told["why"] is not None)
        assert (told["anchored"], told["behind"]) == (6, 1)
        assert "mount its disk" in told["why"]
        (tmp_path / "gone").rename(folder)
        wait(service, lambda told: told["anchored"] == 7 and told["why"] is None)


def test_the_service_refuses_to_start_on_a_log_that_is_behind_its_anchor(
    tmp_path: Path, good: dict[str, Any]
) -> None:
    """With the remedy in one plain line, before anybody is answered."""
    log, anchor = grown(tmp_path, (3,)), tmp_path / "anchor"
    backup = tmp_path / "backup.db"
    shutil.copy(log, backup)
    with running(log, anchor=anchor, workers=1) as service:
        judge(service, good, 1)
        wait(service, lambda told: told["anchored"] == 6)
        assert service.stop() == 0
    for beside in ("-wal", "-shm"):
        log.with_name(f"{log.name}{beside}").unlink(missing_ok=True)
    shutil.copy(backup, log)
    refused = subprocess.run(
        [sys.executable, "-m", "service.cli.main", "serve"],
        env=environment(policies=POLICIES, log=log, port=0, anchor=anchor),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "the verdict log holds 3 entries, but 6 were there" in refused.stderr + refused.stdout
    assert "ladders log accept-rollback" in refused.stderr + refused.stdout


def test_without_an_anchor_the_service_says_so_at_every_start(tmp_path: Path) -> None:
    """It works, and nobody may believe that it is safe against a rollback."""
    with running(tmp_path / "verdicts.db", workers=1) as service:
        assert "LADDERS_ANCHOR" in service.wait_for("no-anchor")["why"]
        assert published(service)["anchored"] is None
