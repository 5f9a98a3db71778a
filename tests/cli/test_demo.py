"""The demonstration: one command, the real service, a verdict to read, and nothing left running."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from service.cli import demo, service_process
from service.cli.service_process import ServiceFailed, ask, running_service
from tests.web.running import HOUSE, POLICIES, environment


def test_the_demonstration_works_from_beginning_to_end(tmp_path: Path) -> None:
    """It is what a newcomer runs first: started, asked, explained, recorded, read back, stopped."""
    shown = subprocess.run(
        [sys.executable, "-m", "service.cli.main", "demo"],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    told = shown.stdout
    assert "E-1042, software-craft/senior, asks for people-lead/team-lead as of 2027-01-01" in told
    assert "✘ Not eligible for Team lead yet: 1 of 7 requirements is not met." in told
    assert "✘ Manager training is finished before the role starts" in told
    assert re.search(r"entry 1, leaf sha256:[0-9a-f]{64}", told)
    assert told.rstrip().splitlines()[-1].startswith("▸ Stopped")
    (log,) = (tmp_path / "var" / "demo").glob("*.db")
    assert str(log) in told
    assert log.stat().st_size > 0
    running = [
        " ".join(process.info["cmdline"] or ())
        for process in psutil.process_iter(["cmdline", "environ"])
        if str(log) in str((process.info["environ"] or {}).get("LADDERS_LOG"))
    ]
    assert running == []


def test_a_demonstration_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No failure is swallowed, and what the service wrote is shown."""
    broken = tmp_path / "policies"
    broken.mkdir()
    (broken / "facts.yaml").write_text("facts: [", "utf-8")
    service = running_service({"LADDERS_POLICIES": str(broken), "LADDERS_PORT": "0"}, tmp_path / "lines")
    with pytest.raises(ServiceFailed, match=r"facts\.yaml:1"):
        service.__enter__()
    monkeypatch.setattr(demo, "POLICIES", tmp_path / "nowhere")
    with pytest.raises(demo.DemoFailed, match="clone of the repository"):
        demo.demo.main(["--folder", str(tmp_path)], standalone_mode=False)


def test_a_service_is_stopped_also_when_the_block_fails(tmp_path: Path) -> None:
    """Ctrl-C in the middle leaves nothing behind."""
    settings = {
        "LADDERS_POLICIES": str(POLICIES),
        "LADDERS_PORT": "0",
        "LADDERS_LOG": str(tmp_path / "verdicts.db"),
    }

    def interrupted() -> None:
        with running_service(settings, tmp_path / "lines") as address:
            addresses.append(address)
            assert ask(address, "GET", "/health/live") == (200, b'{"live":true}')
            raise KeyboardInterrupt

    addresses: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(ServiceFailed, match="does not answer"):
        ask(addresses[0], "GET", "/health/live")


def test_a_service_that_ends_badly_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop that did not go well is a failure of the demonstration, too."""
    script = (
        "import http.server, json, os, signal, sys\n"
        "class Ready(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "signal.signal(signal.SIGTERM, lambda *_: os._exit(7))\n"
        "server = http.server.HTTPServer(('127.0.0.1', 0), Ready)\n"
        "url = f'http://127.0.0.1:{server.server_port}'\n"
        "print(json.dumps({'event': 'listening', 'url': url}), flush=True)\n"
        "server.serve_forever()\n"
    )
    monkeypatch.setattr(service_process, "service_command", lambda: [sys.executable, "-c", script])
    with (
        pytest.raises(ServiceFailed, match="exit code 7"),
        running_service({}, tmp_path / "lines") as address,
    ):
        assert ask(address, "GET", "/")[0] == 200


def test_the_demonstration_asks_what_the_examples_say() -> None:
    """The request is the one that is documented, not a copy."""
    request = json.loads(demo.REQUEST.read_text("utf-8"))
    assert request["to"] == {"track": "people-lead", "level": "team-lead"}
    assert demo.POLICIES == HOUSE / "policies"
