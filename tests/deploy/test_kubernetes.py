"""The manifests for Kubernetes start what is here, under the restricted one of its pod security standards.

There is no cluster where the tests run, so they are read as one would read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from service import __version__
from service.settings import read_settings

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
OBJECTS: list[dict[str, Any]] = [
    told for file in sorted(FOLDER.glob("*.yaml")) for told in yaml.safe_load_all(file.read_text("utf-8"))
]


def the(kind: str) -> dict[str, Any]:
    (found,) = (each for each in OBJECTS if each["kind"] == kind)
    return found


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("Deployment", "Job"):
        yield kind, the(kind)["spec"]["template"]["spec"]


PODS = dict(pods())
CONTAINERS = {kind: pod["containers"][0] for kind, pod in PODS.items()}
each_pod = pytest.mark.parametrize("kind", PODS)


def settings_of(kind: str) -> dict[str, str]:
    """What a container is told."""
    container = CONTAINERS[kind]
    told = {each["name"]: each["value"] for each in container.get("env", ())}
    for source in container.get("envFrom", ()):
        assert source["configMapRef"]["name"] == the("ConfigMap")["metadata"]["name"]
        told |= the("ConfigMap")["data"]
    return told


@each_pod
def test_its_settings_are_settings(kind: str, tmp_path: Path) -> None:
    """A name that is none would keep the container from starting; without access control it would refuse to
    listen for others.
    """
    told = settings_of(kind)
    assert all(isinstance(value, str) for value in told.values())  # Kubernetes takes nothing else
    (tmp_path / "log").write_text("postgresql://ladders_service:secret@db.example/ladders")
    settings = read_settings({**told, "LADDERS_LOG_FILE": str(tmp_path / "log")})
    assert settings.keys == Path("/var/lib/ladders/keys")
    if kind == "Deployment":
        assert settings.access_control
        assert settings.port == CONTAINERS[kind]["ports"][0]["containerPort"]


@each_pod
def test_the_cluster_adds_no_settings_of_its_own(kind: str) -> None:
    """For a Service of the name `ladders` Kubernetes sets LADDERS_PORT to an address, which is no port."""
    assert PODS[kind]["enableServiceLinks"] is False


@each_pod
def test_it_runs_under_the_restricted_profile(kind: str) -> None:
    """Most clusters admit nothing else; and whoever gets into a container finds little."""
    pod, container = PODS[kind], CONTAINERS[kind]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001  # the user of the image
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    allowed = {"name", "secret", "persistentVolumeClaim", "emptyDir", "configMap"}
    assert all(volume.keys() <= allowed for volume in pod["volumes"])
    assert {"requests", "limits"} <= container["resources"].keys()
    assert container["image"] == f"ladders:{__version__}"


@each_pod
def test_every_file_that_it_is_told_of_is_mounted(kind: str) -> None:
    """Where nothing is mounted nothing can be written, and what could would be gone with the container."""
    pod, container = PODS[kind], CONTAINERS[kind]
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    assert set(mounts.values()) == {volume["name"] for volume in pod["volumes"]}
    for value in settings_of(kind).values():
        if value.startswith("/"):
            assert str(Path(value).parent) in mounts
    claims = {each["metadata"]["name"] for each in OBJECTS if each["kind"] == "PersistentVolumeClaim"}
    for volume in pod["volumes"]:
        if claim := volume.get("persistentVolumeClaim"):
            assert claim["claimName"] in claims
    for secret in (volume["secret"] for volume in pod["volumes"] if "secret" in volume):
        assert f"create secret generic {secret['secretName']} " in (
            (FOLDER / "10-configuration.yaml").read_text("utf-8")
        )


def test_no_secret_stands_in_a_file() -> None:
    """A secret in a repository is none."""
    assert "Secret" not in {each["kind"] for each in OBJECTS}


def test_it_is_asked_how_it_does() -> None:
    """A replica that cannot record gets no requests; only one that hangs is started anew, for a log that is
    away comes back without that.
    """
    container = CONTAINERS["Deployment"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert container["startupProbe"]["httpGet"]["path"] == "/health/live"


def test_a_replica_has_the_time_to_end_what_it_began() -> None:
    """Killed before, it would drop requests that it could have answered."""
    pause = int(CONTAINERS["Deployment"]["lifecycle"]["preStop"]["exec"]["command"][1])
    stop_s = int(settings_of("Deployment")["LADDERS_STOP_TIMEOUT_S"])
    assert PODS["Deployment"]["terminationGracePeriodSeconds"] > pause + stop_s


def test_one_replica_stays_whatever_happens_to_the_other() -> None:
    """A roll-out, a drained node and a node that is lost each take one at most."""
    deployment = the("Deployment")["spec"]
    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    budget = the("PodDisruptionBudget")["spec"]
    assert budget["minAvailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"  # not ready, not in the way
    (spread,) = PODS["Deployment"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"


def test_everything_selects_the_replicas_and_not_the_job() -> None:
    """The job's pod listens nowhere; a Service that sent requests to it would lose them."""
    labels = the("Deployment")["spec"]["template"]["metadata"]["labels"]
    others = the("Job")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        the("Service")["spec"]["selector"],
        the("Deployment")["spec"]["selector"]["matchLabels"],
        the("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in PODS["Deployment"]["topologySpreadConstraints"]),
    ]
    for selector in selectors:
        assert selector.items() <= labels.items()
        assert not selector.items() <= others.items()


def test_the_network_lets_in_requests_alone() -> None:
    """Both the replicas and the job are held to it; nobody but the proxy and Prometheus reaches a port."""
    policy = the("NetworkPolicy")["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    for kind in ("Deployment", "Job"):
        labels = the(kind)["spec"]["template"]["metadata"]["labels"]
        assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    (ingress,) = policy["ingress"]
    assert ingress["from"]
    assert ingress["ports"] == [{"port": "http", "protocol": "TCP"}]
    assert all(rule["ports"] for rule in policy["egress"])
