"""`ladders schema`: what editors complete with, written, linked, printed, and kept current."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands
from service.cli.schema import KINDS, LINK
from service.policy.load import load
from service.policy.schemas import kind_of

HOUSE = Path(__file__).parents[2]
BUNDLED = HOUSE / "policies"


def schema(*words: object) -> Result:
    return CliRunner().invoke(commands, ["schema", *map(str, words)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy folder of somebody who never had schemas."""
    root = tmp_path / "policies"
    shutil.copytree(HOUSE / "tests" / "web" / "policies", root)
    return root


def test_the_schemas_of_the_bundled_policies_are_current() -> None:
    """A company begins by copying them; `ladders schema --link` writes them anew."""
    shown = schema("--policies", BUNDLED, "--link", "--check")
    assert shown.exit_code == 0, shown.output


@pytest.mark.parametrize(
    "file",
    [path.relative_to(BUNDLED).as_posix() for path in sorted(BUNDLED.rglob("*.yaml"))],
)
def test_every_bundled_file_names_its_schema_in_the_first_line(file: str) -> None:
    """The editor finds it without any setting."""
    first = (BUNDLED / file).read_text("utf-8").splitlines()[0]
    assert first.startswith(LINK)
    target = ((BUNDLED / file).parent / first.removeprefix(LINK)).resolve()
    assert target == BUNDLED / "schema" / f"{kind_of(file)}.json"
    assert target.is_file()


def test_all_schemas_are_written_into_the_policy_folder(folder: Path) -> None:
    """One command, no choice to make; the loader takes no notice of them."""
    before = load(folder)
    assert schema("--policies", folder).exit_code == 0
    written = {path.name for path in (folder / "schema").iterdir()}
    assert written == {f"{kind}.json" for kind in KINDS}
    after = load(folder)
    assert after == before
    assert after.warnings == ()
    assert schema("--policies", folder, "--check").exit_code == 0


def test_linking_adds_one_line_to_each_file_and_changes_no_meaning(folder: Path) -> None:
    """It is a comment; run twice, it is there once."""
    before = {path: path.read_bytes() for path in folder.rglob("*.yaml")}
    digest = load(folder).digest
    for _ in range(2):
        assert schema("--policies", folder, "--link").exit_code == 0
    track = next((folder / "tracks").rglob("*.yaml"))
    assert track.read_text("utf-8").startswith(f"{LINK}../../schema/track.json\n")
    assert (folder / "facts.yaml").read_text("utf-8").startswith(f"{LINK}schema/facts.json\n")
    assert all(path.read_bytes().partition(b"\n")[2] == text for path, text in before.items())
    assert load(folder).digest == digest


def test_what_is_not_current_is_told_and_ends_with_1(folder: Path) -> None:
    """A pipeline reminds whoever added a fact."""
    assert schema("--policies", folder, "--link").exit_code == 0
    facts = folder / "facts.yaml"
    facts.write_text(
        facts.read_text("utf-8").replace("facts:\n", "facts:\n  newest: {type: yes_no, label: new}\n")
    )
    shown = schema("--policies", folder, "--check")
    assert shown.exit_code == 1
    assert "facts.json is not current; run `ladders schema`" in shown.output
    assert schema("--policies", folder).exit_code == 0
    assert schema("--policies", folder, "--check").exit_code == 0
    facts.write_text(facts.read_text("utf-8").partition("\n")[2], "utf-8")
    shown = schema("--policies", folder, "--check", "--link")
    assert shown.exit_code == 1
    assert "facts.yaml lacks the line" in shown.output


def test_programs_get_what_was_done_as_json(folder: Path) -> None:
    """And what would be; one object, nothing else."""
    told = json.loads(schema("--policies", folder, "--link", "--check", "--json").stdout)
    assert told["written"] is False
    assert str(folder / "schema" / "facts.json") in told["schemas"]
    assert str(folder / "facts.yaml") in told["links"]
    told = json.loads(schema("--policies", folder, "--link", "--json").stdout)
    assert (told["written"], len(told["schemas"])) == (True, len(KINDS))
    told = json.loads(schema("--policies", folder, "--link", "--check", "--json").stdout)
    assert told == {"schemas": [], "links": [], "written": False}


def test_one_schema_is_printed(folder: Path) -> None:
    """For another editor, or out of curiosity."""
    shown = schema("track", "--policies", folder)
    assert shown.exit_code == 0
    assert json.loads(shown.output)["title"].startswith("Ladders: tracks/")
    assert not (folder / "schema").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trakc",), "track"),
        (("--policies", "nowhere"), "nowhere"),
        (("track", "--link"), "a KIND is printed alone"),
        (("--policies", BUNDLED, "--out", "/proc/schema"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_a_reason(words: tuple[object, ...], said: str) -> None:
    """Nothing was written."""
    shown = schema(*words)
    assert shown.exit_code == 2
    assert said in shown.output
