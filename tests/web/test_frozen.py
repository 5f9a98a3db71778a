"""A service does not start with policies that mean something else than when they judged."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.web.running import POLICIES, environment, running

LEAD = "tracks/people-lead/2026-01-01.yaml"
REQUEST = json.dumps(
    {
        "candidate": {"id": "E-1"},
        "from": {"track": "stone-craft", "level": "mason"},
        "to": {"track": "people-lead", "level": "team-lead"},
        "as_of": "2027-01-01",
        "submitted_on": "2026-11-20",
        "facts": {"rating": "meets"},
    }
).encode()


def test_a_changed_version_that_has_issued_a_verdict_stops_the_start(tmp_path: Path) -> None:
    """One verdict over HTTP freezes the version: the next start with another meaning is refused, with the
    place; the start with the same meaning, or with a change to a version that judged nobody, is not."""
    folder, log = tmp_path / "policies", tmp_path / "verdicts.db"
    shutil.copytree(POLICIES, folder)
    with running(log, policies=folder, workers=1, freeze="yes") as service:
        status, _, _ = service.ask("POST", "/v1/verdicts", REQUEST)
        assert status == 201
        assert service.stop() == 0
    craft = folder / "tracks" / "stone-craft" / "2026-01-01.yaml"
    craft.write_text(craft.read_text("utf-8").replace("grade: 5", "grade: 4"), "utf-8")
    with running(log, policies=folder, workers=1, freeze="yes") as service:
        assert service.ask("GET", "/health/ready")[0] == 200
    lead = folder / LEAD
    lead.write_text(lead.read_text("utf-8").replace("at_least: 8", "at_least: 9"), "utf-8")
    refused = subprocess.run(
        [sys.executable, "-m", "service.cli.main", "serve"],
        env=environment(policies=folder, log=log, port=0), cwd=tmp_path, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert refused.returncode == 2
    assert f"{LEAD}:1:1: this version has issued verdicts and is frozen" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_reload_does_not_change_a_version_that_has_issued_a_verdict(tmp_path: Path) -> None:
    """The service goes on with the last good set, and says which file to put back."""
    folder, log = tmp_path / "policies", tmp_path / "verdicts.db"
    shutil.copytree(POLICIES, folder)
    with running(log, policies=folder, workers=1, reload_s=0, freeze="yes") as service:
        assert service.ask("POST", "/v1/verdicts", REQUEST)[0] == 201
        lead = folder / LEAD
        lead.write_text(lead.read_text("utf-8").replace("at_least: 8", "at_least: 9"), "utf-8")
        service.process.send_signal(signal.SIGHUP)
        refused = service.wait_for("policies-refused")
        assert f"{LEAD}:1:1: this version has issued verdicts and is frozen" in refused["problems"][0]
        assert service.ask("POST", "/v1/verdicts", REQUEST)[0] == 201
