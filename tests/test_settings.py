"""Settings: read as they are meant, or refused all at once with the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import SettingsError
from service.settings import SETTINGS, effective, read_settings

TOKENS = {
    "LADDERS_TOKEN_ISSUER": "https://login.example.org",
    "LADDERS_TOKEN_AUDIENCE": "ladders",
    "LADDERS_TOKEN_KEYS": "https://login.example.org/keys",
}


def complaints(environment: dict[str, str]) -> tuple[str, ...]:
    """Everything that is wrong with an environment."""
    with pytest.raises(SettingsError) as refused:
        read_settings(environment)
    return refused.value.lines


def test_without_any_setting_the_service_listens_to_this_machine_alone() -> None:
    """A first start must be safe: nobody has decided yet who may ask."""
    settings = read_settings({"PATH": "/bin", "HOME": "/root"})
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert (settings.workers, settings.threads) == (2, 8)
    assert settings.log == Path("var/verdicts.db")


def test_every_setting_can_be_set() -> None:
    """Each row of the table is read from its own variable, in its own unit."""
    settings = read_settings(
        {
            "LADDERS_POLICIES": "/etc/ladders",
            "LADDERS_LOG": "/srv/verdicts.db",
            "LADDERS_HOST": "::1",
            "LADDERS_PORT": "0",
            "LADDERS_WORKERS": "4",
            "LADDERS_THREADS": "16",
            "LADDERS_LOG_TIMEOUT_S": "2.5",
            "LADDERS_STOP_TIMEOUT_S": "10",
            "LADDERS_BODY_LIMIT": "65536",
        }
    )
    assert settings.policies == Path("/etc/ladders")
    assert (settings.host, settings.port, settings.workers, settings.threads) == ("::1", 0, 4, 16)
    assert (settings.log_timeout_s, settings.stop_timeout_s, settings.body_limit) == (2.5, 10, 65536)


def test_everything_wrong_is_said_at_once() -> None:
    """An operator corrects an environment once, not setting by setting."""
    lines = complaints(
        {"LADDERS_PORT": "http", "LADDERS_WORKERS": "0", "LADDERS_BODYLIMIT": "9", "LADDERS_HOST": "a b"}
    )
    assert [line.split(":")[0] for line in lines] == [
        "LADDERS_BODYLIMIT",
        "LADDERS_HOST",
        "LADDERS_PORT",
        "LADDERS_WORKERS",
    ]
    assert lines[0] == "LADDERS_BODYLIMIT: there is no such setting; did you mean `LADDERS_BODY_LIMIT`?"
    assert lines[2] == "LADDERS_PORT: `http` is not a whole number from 0 to 65535"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7"])
def test_an_address_that_others_can_reach_is_refused_with_the_remedy(host: str) -> None:
    """Without access control, whoever reaches the service may read every verdict."""
    (line,) = complaints({"LADDERS_HOST": host})
    assert "or name who may do what by LADDERS_API_KEYS or LADDERS_TOKEN_ISSUER" in line
    assert read_settings({"LADDERS_HOST": host, "LADDERS_API_KEYS": "keys.json"}).host == host
    assert read_settings({"LADDERS_HOST": host, **TOKENS}).host == host


@pytest.mark.parametrize("name", TOKENS)
def test_half_of_what_tokens_need_is_refused_and_lets_nobody_in(name: str) -> None:
    """Without an audience, a token for any other service of the company would do here."""
    half = {each: value for each, value in TOKENS.items() if each != name}
    lines = complaints({"LADDERS_HOST": "0.0.0.0", **half})
    assert [line for line in lines if line.startswith(f"{name}: it is not set, and tokens need it")]


@pytest.mark.parametrize("name", ["LADDERS_TOKEN_KEYS", "LADDERS_API_KEYS"])
def test_a_wrong_access_setting_is_one_complaint(name: str) -> None:
    """Who has misspelt an address has not forgotten access control."""
    (line,) = complaints({"LADDERS_HOST": "0.0.0.0", **TOKENS, name: "http://\0"})
    assert line.startswith(f"{name}: ")


@pytest.mark.parametrize(
    "place",
    [
        "http://login.example.org/keys",
        "ftp://example.org/k",
        "https://",
        "https://u:hunter2@example.org/keys",
    ],
)
def test_keys_come_from_where_nobody_between_can_change_them(place: str) -> None:
    """Whoever can change the keys can sign any token."""
    (line,) = complaints({**TOKENS, "LADDERS_TOKEN_KEYS": place})
    assert "is not an https:// address" in line
    assert "hunter2" not in line


def test_keys_may_come_plainly_from_this_machine_or_from_a_file() -> None:
    """A side-car that fetches them stands behind no network."""
    at = {**TOKENS, "LADDERS_TOKEN_KEYS": "http://127.0.0.1:8000/keys"}
    assert read_settings(at).token_keys == "http://127.0.0.1:8000/keys"
    assert read_settings({**TOKENS, "LADDERS_TOKEN_KEYS": "keys.json"}).token_keys == Path("keys.json")


def test_algorithms_are_pinned_and_none_with_a_shared_secret_can_be() -> None:
    """With HS256, whoever can verify a token can make one."""
    pinned = {**TOKENS, "LADDERS_TOKEN_ALGORITHMS": "ES256, EdDSA,ES256"}
    assert read_settings(pinned).token_algorithms == ("ES256", "EdDSA")
    for odd in ("HS256", "none", "RS256,HS256", "", "rs256", "RS256,"):
        (line,) = complaints({**TOKENS, "LADDERS_TOKEN_ALGORITHMS": odd})
        assert line.startswith(f"LADDERS_TOKEN_ALGORITHMS: `{odd}` is not one or several of RS256")


def test_metrics_stand_open_on_this_machine_alone() -> None:
    """They say how many were promoted; that is nothing for a whole network."""
    assert read_settings({"LADDERS_METRICS_OPEN": "yes"}).metrics_open
    (line,) = complaints({"LADDERS_METRICS_OPEN": "yes", "LADDERS_HOST": "0.0.0.0", **TOKENS})
    assert line.startswith("LADDERS_METRICS_OPEN: others can reach `0.0.0.0`")


@pytest.mark.parametrize("host", ["example.org", "", "127.0.0.1.example.org", "127.1"])
def test_an_address_is_one_in_numbers(host: str) -> None:
    """What a name stands for may change after it was checked."""
    (line,) = complaints({"LADDERS_HOST": host})
    assert line.startswith(f"LADDERS_HOST: `{host}` is not an IP address")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_this_machines_own_addresses_are_taken(host: str) -> None:
    """All of them are reachable from this machine alone."""
    assert read_settings({"LADDERS_HOST": host}).host == host


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", " 80"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "٨٠"),
        ("PORT", ""),
        ("WORKERS", "1e3"),
        ("LOG_TIMEOUT_S", "nan"),
        ("LOG_TIMEOUT_S", "0"),
        ("LOG_TIMEOUT_S", "61"),
        ("LOG", "mysql://somewhere/log"),
        ("LOG", ""),
        ("POLICIES", ""),
    ],
)
def test_a_value_that_only_looks_right_is_refused(name: str, value: str) -> None:
    """What is nearly a number is a mistake, and a mistake in a setting shows up at the worst time."""
    (line,) = complaints({f"LADDERS_{name}": value})
    assert line.startswith(f"LADDERS_{name}: ")


def test_a_name_that_is_like_no_setting_is_not_taken_for_one() -> None:
    """All of them begin alike, which makes none of them the one that was meant."""
    assert complaints({"LADDERS_FOO": "1"}) == ("LADDERS_FOO: there is no such setting",)


def test_the_value_of_a_name_that_is_no_setting_is_not_repeated() -> None:
    """It may be a secret under a misspelt name."""
    (line,) = complaints({"LADDERS_API_KEY": "hunter2"})
    assert "hunter2" not in line


def test_the_table_says_where_each_value_came_from() -> None:
    """`ladders config` answers what is in force and why."""
    rows = {row.field: (value, origin) for row, value, origin in effective({"LADDERS_PORT": "0"})}
    assert rows["port"] == ("0", "environment")
    assert rows["threads"] == ("8", "default")
    assert len(rows) == len(SETTINGS)
