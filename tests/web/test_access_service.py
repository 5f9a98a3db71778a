"""Access to the service as it runs: real workers, a real identity provider on this machine, keys that change
meanwhile, and no secret in anything that it says.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.access.issuer import AUDIENCE, EC, ISSUER, RSA, claims, forged, key_set_text, signed, token
from tests.access.test_fetching import serving
from tests.web.running import HOUSE, JSON, Service, environment, running
from tests.web.test_service import spoken_to


class Provider(BaseHTTPRequestHandler):
    """An identity provider whose keys are changed by a test."""

    keys = key_set_text(RSA)

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.keys)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass
class Guarded:
    """A service that asks who asks, reachable by others, and its file of keys."""

    service: Service
    keys: Path
    settings: dict[str, Any]

    def ladders(self, *words: str) -> str:
        """What a command says, on both outputs."""
        run = subprocess.run(
            [sys.executable, "-m", "service.cli.main", *words],
            env=environment(**self.settings),
            capture_output=True,
            text=True,
            check=False,
        )
        return run.stdout + run.stderr

    def new_key(self, name: str, *scopes: str) -> str:
        words = [word for scope in scopes for word in ("--scope", scope)]
        said = self.ladders("keys", "new", name, *words)
        found = re.search(r"ladders_[a-z2-7]{8}_[\w-]{43}", said)
        assert found, said
        return found[0]

    def ask(self, method: str, path: str, credential: str | None, body: Any = None) -> tuple[int, bytes]:
        headers = {**JSON, **({"Authorization": f"Bearer {credential}"} if credential else {})}
        status, text, _ = self.service.ask(method, path, body and json.dumps(body), headers)
        return status, text


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One service for the tests of this module; what they change, they change for good."""
    folder = tmp_path_factory.mktemp("guarded")
    keys = folder / "keys.json"
    keys.write_text('{"keys": []}')
    with serving(Provider) as address:
        settings: dict[str, Any] = {
            "api_keys": keys,
            "token_issuer": ISSUER,
            "token_audience": AUDIENCE,
            "token_keys": f"{address}/keys",
            "token_candidate": "candidate_id",
        }
        config = folder / "ladders.toml"
        config.write_text('host = "0.0.0.0"\ntoken_algorithms = ["RS256", "ES256"]\n')
        with running(folder / "verdicts.db", config=config, **settings) as service:
            yield Guarded(service, keys, settings)


def fresh(**changed: Any) -> str:
    """A token that is good now."""
    return token(time.time(), **changed)


def test_a_service_that_others_can_reach_answers_whoever_is_known(
    guarded: Guarded, good: dict[str, Any]
) -> None:
    """The whole way, by token and by key, through several workers."""
    key = guarded.new_key("workday", "submit")
    for credential in (key, fresh()):
        status, text = guarded.ask("POST", "/v1/verdicts", credential, good)
        assert status == 201
        at = json.loads(text)["links"]["self"]
        for _ in range(4):
            assert guarded.ask("GET", at, credential) == (200, text)
        assert guarded.ask("GET", at, fresh(candidate_id="E-1042"))[0] == 200
    assert guarded.ask("GET", "/v1/tracks", None)[0] == 401
    assert guarded.ask("GET", "/metrics", key)[0] == 403
    assert guarded.ask("GET", "/health/ready", None)[0] == 200
    listening = next(line for line in guarded.service.lines if line["event"] == "listening")
    assert listening["open_to"] == "known callers"
    assert not [line for line in guarded.service.lines if line["event"] == "no-access-control"]


def test_a_revoked_key_opens_nothing_any_more_in_any_worker(guarded: Guarded) -> None:
    """No restart, no wait: whoever revokes a key has a reason."""
    key = guarded.new_key("stolen", "operate")
    for _ in range(6):
        assert guarded.ask("GET", "/v1/status", key)[0] == 200
    guarded.ladders("keys", "revoke", key.split("_")[1])
    for _ in range(6):
        assert guarded.ask("GET", "/v1/status", key)[0] == 401


def test_the_provider_signs_with_a_new_key_and_nobody_notices(guarded: Guarded) -> None:
    """Rotation: the first token with the new key has each worker ask for it."""
    Provider.keys = key_set_text(RSA, EC)
    text = signed(claims(time.time(), scope="operate"), EC, "ES256")
    for _ in range(6):
        assert guarded.ask("GET", "/v1/status", text)[0] == 200


def test_no_secret_is_in_anything_that_the_service_or_its_commands_say(
    guarded: Guarded, good: dict[str, Any], tmp_path: Path
) -> None:
    """Secrets are put wherever one can be, rightly or by mistake; then all output is searched."""
    key, canary = guarded.new_key("canary", "submit", "operate"), "CanaryOfThisTest"
    bad = [text for text, _ in forged(time.time()).values()]
    sent = [key, key[:-3], fresh(), fresh(sub="x", scope="operate"), *bad]
    said = []
    for credential in sent:
        said.append(guarded.ask("POST", "/v1/verdicts", credential, good)[1])
        said.append(guarded.ask("GET", "/v1/status", credential)[1])
    for headers in (
        {"Authorization": f"Basic {canary}"},
        {"Authorization": canary},
        {"Cookie": f"session={canary}"},
        {"X-Api-Key": canary},
        {"Authorization": f"Bearer {key}", "Content-Type": canary * 20},
    ):
        said.append(guarded.service.ask("POST", f"/v1/verdicts?token={canary}", canary, headers)[1])
    for raw in (
        f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization Bearer {canary}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization : {canary}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {canary}\0\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {canary * 999}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n {canary}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {canary}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: x\r\nExpect: {canary}\r\n\r\n",
        f"{canary}\r\n\r\n",
        f"{canary.upper()} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ):
        status, answered, body = spoken_to(guarded.service, raw.encode())
        said += [status.encode(), json.dumps(answered).encode(), body]
    said += [
        guarded.ask("GET", path, key)[1] for path in ("/metrics", "/openapi.json", "/docs", "/v1/status")
    ]

    secret = tmp_path / "secret"
    secret.write_text(f"postgresql://ladders:{canary}@db/log")
    for more in (
        {},
        {"log": f"postgresql://ladders:{canary}@db/log"},
        {"log_file": secret},
        {"token_keys": f"https://u:{canary}@login.example.org/keys"},
        {"api_key": canary},
        {"token_secret": canary},
    ):
        other = Guarded(guarded.service, guarded.keys, {**guarded.settings, **more})
        said.append(other.ladders("config").encode())
    said.append(guarded.ladders("config", "--json").encode())
    said.append(guarded.ladders("keys", "list").encode())

    for _ in range(100):  # the last lines are still on their way
        if sum(line["event"] == "request" for line in guarded.service.lines) >= 2 * len(sent):
            break
        time.sleep(0.05)
    seen = b"\n".join(said).decode() + json.dumps(guarded.service.lines) + guarded.keys.read_text()
    parts = {part for text in sent for part in re.split(r"[._]", text) if len(part) > 20}
    assert len(parts) > 40
    assert [part for part in parts | {canary, canary.upper()} if part in seen] == []
    assert "Invalid request: Invalid HTTP Header" in seen


def test_a_start_without_access_control_says_so_loudly(tmp_path: Path) -> None:
    """Nobody should learn from an incident that everybody could do everything."""
    with running(tmp_path / "verdicts.db", workers=1) as service:
        told = service.wait_for("no-access-control")
        assert told["level"] == "warning"
        assert "anyone on this machine may do everything" in told["why"]
        listening = next(line for line in service.lines if line["event"] == "listening")
        assert listening["open_to"] == "anyone on this machine"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"host": "0.0.0.0"}, "LADDERS_HOST: `0.0.0.0` can be reached by others"),
        ({"api_keys": "nowhere.json"}, "LADDERS_API_KEYS: cannot read `nowhere.json`"),
        ({"api_keys": "README.md"}, "LADDERS_API_KEYS: `README.md`: this is not JSON"),
        (
            {"token_issuer": "i", "token_audience": "a", "token_keys": "README.md"},
            "LADDERS_TOKEN_KEYS: `README.md`: this is not JSON; a JSON Web Key Set is wanted",
        ),
        ({"token_issuer": "i"}, "LADDERS_TOKEN_AUDIENCE: it is not set, and tokens need it"),
    ],
)
def test_a_start_with_half_an_access_control_is_refused(
    settings: dict[str, object], complaint: str, tmp_path: Path
) -> None:
    """A service that starts and lets nobody in, or everybody, is found out too late."""
    run = subprocess.run(
        [sys.executable, "-m", "service.cli.main", "serve"],
        env=environment(port=0, log=tmp_path / "verdicts.db", **settings),
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 2
    assert complaint in run.stderr
