"""The policy folder as a place on disk: what is read, what is not, and how versions follow each other."""

from __future__ import annotations

import gc
from datetime import date
from pathlib import Path

import pytest

from service.errors import PolicyError
from service.policy.load import load
from tests.policy.folders import BASE, CRAFT, changed, loaded

NEXT = (
    "track: craft\ntitle: Craft\nkind: craft\nin_force: {from: 2027-01-01}\nlevels:\n  - {level: "
    "senior, title: Senior, grade: 6}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good policy folder on disk."""
    root = tmp_path / "policies"
    for name, text in BASE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def said(folder: Path) -> list[str]:
    with pytest.raises(PolicyError) as raised:
        load(folder)
    return [f"{problem.where}: {problem.message}" for problem in raised.value.problems]


def test_a_folder_on_disk_means_what_its_files_mean(folder: Path) -> None:
    """Reading the disk adds nothing and loses nothing."""
    found = load(folder)
    assert found == loaded(BASE)
    assert found.digest == loaded(BASE).digest


def test_tests_and_hidden_files_are_left_alone(folder: Path) -> None:
    """They are read by others, or by nobody: editors and version control leave such files."""
    (folder / "tests").mkdir()
    (folder / "tests" / "broken.yaml").write_text("\t")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.yaml").write_text("\t")
    (folder / "tracks" / ".DS_Store").write_text("\t")
    found = load(folder)
    assert found.warnings == ()
    assert found.files_digest == loaded(BASE).files_digest


def test_other_files_are_warned_of(folder: Path) -> None:
    """A file that nobody reads may be one that somebody thinks is in force."""
    (folder / "notes.txt").write_text("remember")
    (warning,) = load(folder).warnings
    assert str(warning) == "notes.txt:1:1: this file is not part of the policy and is not read"


def test_a_link_that_leaves_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    """What is in force must lie where it is looked after."""
    outside = tmp_path / "elsewhere.yaml"
    outside.write_text(NEXT)
    (folder / "tracks" / "craft" / "2027-01-01.yaml").symlink_to(outside)
    assert said(folder) == [
        "tracks/craft/2027-01-01.yaml:1:1: this link leads out of the policy folder; put the file itself here"
    ]


def test_a_link_to_a_folder_is_refused(folder: Path) -> None:
    """One track under two names would be two tracks, and a link to its own folder has no end."""
    (folder / "tracks" / "loop").symlink_to(folder / "tracks")
    assert said(folder) == ["tracks/loop:1:1: this is a link to a folder; put the folder itself here"]


def test_a_link_inside_the_folder_is_read(folder: Path) -> None:
    """Deployments place files by links to a hidden folder beside them."""
    (folder / "..data").mkdir()
    facts = folder / "facts.yaml"
    facts.rename(folder / "..data" / "facts.yaml")
    facts.symlink_to(Path("..data") / "facts.yaml")
    assert load(folder).digest == loaded(BASE).digest


def test_a_link_to_nothing_is_refused(folder: Path) -> None:
    """Something was meant to be there."""
    (folder / "shared" / "more.yaml").symlink_to(folder / "gone.yaml")
    assert said(folder) == [
        "shared/more.yaml:1:1: this is not a file that can be read; take it out of the policy folder"
    ]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """The path in the settings is wrong more often than the folder."""
    assert said(tmp_path / "policies") == ["policies:1:1: there is no policy folder here; check its path"]


def test_a_gap_between_versions_is_a_warning() -> None:
    """Nobody can be promoted in between, which may be meant."""
    files = changed((CRAFT, "{from: 2026-01-01}", "{from: 2026-01-01, to: 2026-12-01}"))
    found = loaded({**files, "tracks/craft/2027-01-01.yaml": NEXT})
    (warning,) = found.warnings
    assert str(warning) == (
        "tracks/craft/2027-01-01.yaml:4:18: no version of `craft` is in force from 1 December 2026 until "
        "1 January 2027, between `tracks/craft/2026-01-01.yaml` and this one\n"
        "    in_force: {from: 2027-01-01}\n"
        "                     ^^^^^^^^^^"
    )
    assert found.version("craft", date(2026, 12, 15)) is None


def test_versions_follow_each_other_on_the_day_one_ends() -> None:
    """`to` is the first day it is no longer in force, so the next may begin on it."""
    files = changed((CRAFT, "{from: 2026-01-01}", "{from: 2026-01-01, to: 2027-01-01}"))
    found = loaded({**files, "tracks/craft/2027-01-01.yaml": NEXT})
    assert found.warnings == ()
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    versions = [found.version("craft", day) for day in days]
    assert [version and version.name for version in versions] == [
        None, "craft/2026-01-01", "craft/2026-01-01", "craft/2027-01-01",
    ]  # fmt: skip


def test_a_level_may_be_entered_from_one_that_a_later_version_brings() -> None:
    """The person may stand there while this version is in force."""
    later = NEXT.replace("level: senior", "level: staff")
    files = changed(
        (CRAFT, "{from: 2026-01-01}", "{from: 2026-01-01, to: 2027-01-01}"),
        ("tracks/lead/2026-01-01.yaml", "[craft/senior]", "[craft/senior, craft/staff]"),
    )
    level = loaded({**files, "tracks/craft/2027-01-01.yaml": later}).tracks["lead"][0].levels[0]
    assert level.enter_from == ("craft/senior", "craft/staff")


def test_collecting_garbage_goes_on_after_loading() -> None:
    """It is paused while trees are built, whatever comes of them."""
    with pytest.raises(PolicyError):
        loaded({})
    assert gc.isenabled()
    loaded(BASE)
    assert gc.isenabled()


def test_the_bundled_policies_load_without_a_word() -> None:
    """They are what a company starts from."""
    assert load(Path(__file__).parents[2] / "policies").warnings == ()
