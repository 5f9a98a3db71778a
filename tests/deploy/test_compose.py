"""compose.yaml starts what is here: its settings exist, and nothing in it has more rights than it needs.

There is no container engine where the tests run, so the file is read as one would read it, and what it has
PostgreSQL run is run for real.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from service import __version__
from service.ledger.address import Address
from service.ledger.log import open_log
from service.settings import read_settings
from tests.ledger.postgres import ADMIN, Cluster
from tests.web.running import environment

HOUSE = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((HOUSE / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("ladders:")]
REPLICAS = [name for name in OURS if "ports" in SERVICES[name]]


@pytest.mark.parametrize("name", OURS)
def test_its_settings_are_settings(name: str) -> None:
    """A name that is none would keep the container from starting; without access control it would refuse to
    listen for others.
    """
    settings = read_settings(SERVICES[name]["environment"])
    assert settings.keys == Path("/var/lib/ladders/keys")
    if name != "init":
        assert settings.host == "0.0.0.0"
        assert settings.access_control


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_runs_with_more_rights_than_it_needs(name: str) -> None:
    """Whoever gets into a container finds no root, no capability and nowhere to put a program."""
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_one_release(name: str) -> None:
    """What is started next year is what was tried this year."""
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert re.search(r"\d+\.\d+", tag)
    if image == "ladders":
        assert tag == __version__


@pytest.mark.parametrize("name", SERVICES)
def test_what_stays_is_asked_how_it_does(name: str) -> None:
    """A service that hangs is seen; what ends by itself has nothing to be asked."""
    service = SERVICES[name]
    if service.get("restart") == "unless-stopped":
        assert service["healthcheck"]["test"][0] == "CMD"
    else:
        assert service["healthcheck"] == {"disable": True}


def test_two_replicas_share_one_log() -> None:
    """One goes on while the other is changed; both have the log, the keys, and elsewhere the anchor."""
    first, second = REPLICAS
    for told in ("environment", "volumes", "image", "depends_on"):
        assert SERVICES[first][told] == SERVICES[second][told]
    settings = read_settings(SERVICES[first]["environment"])
    places = dict(volume.split(":")[:2][::-1] for volume in SERVICES[first]["volumes"])
    assert settings.keys
    assert settings.anchor
    assert places[str(settings.anchor.parent)] != places[str(settings.keys.parent)]
    assert {volume for volume in places.values() if not volume.startswith(".")} <= COMPOSE["volumes"].keys()
    assert all(port.startswith("127.0.0.1:") for name in REPLICAS for port in SERVICES[name]["ports"])


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_has_the_time_to_end_what_it_began(name: str) -> None:
    """Killed before, it would drop requests that it could have answered; without a log it answers none."""
    service = SERVICES[name]
    settings = read_settings(service["environment"])
    assert int(service["stop_grace_period"].removesuffix("s")) > settings.stop_timeout_s
    assert service["depends_on"] == {"init": {"condition": "service_completed_successfully"}}
    assert SERVICES["init"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_the_places_it_mounts_belong_to_the_user_of_the_image() -> None:
    """A named volume begins as the folder of the image; where there is none it would belong to root."""
    (made,) = re.findall(
        r"install -d -o ladders -g ladders -m 0700 (.*)", (HOUSE / "Dockerfile").read_text("utf-8")
    )
    for name in OURS:
        assert {volume.split(":")[1] for volume in SERVICES[name]["volumes"]} <= set(made.split())


def test_what_runs_first_makes_a_log_that_the_replicas_can_use(cluster: Cluster, tmp_path: Path) -> None:
    """PostgreSQL's image makes the user, `init` the log for it; either alone is not enough."""
    database = cluster.new_database()
    (script,) = (volume.split(":")[0] for volume in SERVICES["postgres"]["volumes"] if "roles" in volume)
    told = {"PGHOST": str(cluster.folder), "POSTGRES_USER": ADMIN, "POSTGRES_DB": database}
    subprocess.run(
        [HOUSE / script],
        env={**environment(), **told, "SERVICE_PASSWORD": "it's \\ secret"},
        check=True,
        cwd=tmp_path,
    )
    keys = tmp_path / "keys"
    command = [sys.executable, "-m", "service.cli.main", *SERVICES["init"]["command"]]
    subprocess.run(
        command, env=environment(log=cluster.url(database), keys=keys), check=True, cwd=tmp_path, timeout=120
    )
    log = open_log(
        Address(cluster.url(database, "ladders_service")),
        keys=keys,
        clock=lambda: datetime.now(UTC),
        random_bytes=os.urandom,
    )
    try:
        log.check_writable()
    finally:
        log.close()
