"""The page about access: its tables say what the code does, and its settings are ones that are taken."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from service.access.callers import SCOPES
from service.settings import SETTINGS, read_settings
from service.web.problems import KINDS
from tests.docs.examples import page, rows_below

PAGE = "access.md"


def test_every_scope_is_listed_with_its_meaning() -> None:
    """In the words that the published interface has too."""
    rows = rows_below(PAGE, "A caller may do what its scopes say")
    assert [(scope.strip("`"), told) for scope, told in rows] == list(SCOPES.items())


def test_the_settings_on_the_page_are_all_there_are(tmp_path: Path) -> None:
    """A name that does not exist would stop the start; one that is not told would not be found."""
    named = set(re.findall(r"LADDERS_(?:TOKEN|API|METRICS)_[A-Z_]+", page(PAGE)))
    there = {row.name for row in SETTINGS if row.field.startswith(("token_", "api_", "metrics_open"))}
    assert named == there
    (block,) = re.findall(r"^```toml\n(.*?)^```", page(PAGE), re.DOTALL | re.MULTILINE)
    file = tmp_path / "ladders.toml"
    file.write_text(block)
    settings = read_settings({"LADDERS_CONFIG": str(file)})
    assert settings.access_control
    assert settings.token_issuer == tomllib.loads(block)["token_issuer"]


def test_the_defaults_on_the_page_are_those_of_the_settings() -> None:
    """A reader leaves out what is right already."""
    told = {row[0].strip("`"): row[1] for row in rows_below(PAGE, "token_algorithms")}
    for row in SETTINGS:
        if row.default and row.name in told:
            assert row.default in told[row.name], row.name


def test_the_problems_on_the_page_are_those_of_the_service() -> None:
    """With their statuses."""
    for status, kind, _ in rows_below(PAGE, "## What refused callers get"):
        assert KINDS[kind.strip("`").removeprefix("/problems/")].status == int(status)
