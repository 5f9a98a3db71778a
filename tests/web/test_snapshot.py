"""Copies of policy folders: the same files to the loader, whatever happens to the folder afterwards."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from service.errors import PolicyError
from service.policy.load import load
from service.web import snapshot
from tests.web.running import POLICIES


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A policy folder that may be changed."""
    shutil.copytree(POLICIES, tmp_path / "policies")
    return tmp_path / "policies"


def problems_of(folder: Path) -> list[str]:
    """What the loader says."""
    with pytest.raises(PolicyError) as refused:
        load(folder)
    return [str(problem) for problem in refused.value.problems]


def test_the_copy_is_loaded_as_the_folder_itself(policies: Path, tmp_path: Path) -> None:
    """Workers load the copy; the digest in the verdict is the one that HR sees in `ladders check`."""
    snapshot.copy(policies, tmp_path / "copy")
    there, here = load(policies), load(tmp_path / "copy")
    assert (there.digest, there.files_digest) == (here.digest, here.files_digest)


def test_the_digest_tells_every_byte_and_name_and_nothing_else(policies: Path, tmp_path: Path) -> None:
    """Saving a file without a change is no change; tests and comments are one."""
    first = snapshot.copy(policies, tmp_path / "1")
    (policies / "facts.yaml").write_bytes((policies / "facts.yaml").read_bytes())
    (policies / ".git").mkdir()
    (policies / ".git" / "HEAD").write_text("hidden", "utf-8")
    assert snapshot.copy(policies, tmp_path / "2") == first
    (policies / "tests").mkdir()
    (policies / "tests" / "a.yaml").write_text("", "utf-8")
    second = snapshot.copy(policies, tmp_path / "3")
    (policies / "tests" / "a.yaml").rename(policies / "tests" / "b.yaml")
    assert len({first, second, snapshot.copy(policies, tmp_path / "4")}) == 3
    assert not (tmp_path / "2" / ".git").exists()


@pytest.mark.parametrize("change", ["write", "append", "replace", "add", "remove", "rename"])
def test_every_change_is_seen(change: str, policies: Path) -> None:
    """Editors, copying and version control each change files in their own way."""
    before = snapshot.state_of(policies)
    assert snapshot.state_of(policies) == before
    file = policies / "facts.yaml"
    text, kept = file.read_bytes(), file.stat()
    if change == "write":  # same length, and the time put back
        file.write_bytes(text.replace(b"small", b"large"))
        os.utime(file, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    elif change == "append":
        file.write_bytes(text + b"\n")
    elif change == "replace":
        shutil.copy2(file, policies / ".new")
        (policies / ".new").replace(file)
    elif change == "add":
        (policies / "shared").mkdir()
        (policies / "shared" / "a.yaml").touch()
    elif change == "remove":
        file.unlink()
    else:
        file.rename(policies / "facts.yml")
    assert snapshot.state_of(policies) != before


def test_links_that_are_wrong_in_the_folder_are_wrong_in_the_copy(policies: Path, tmp_path: Path) -> None:
    """A copy that follows them would let in what the folder itself may not hold."""
    outside = tmp_path / "outside.yaml"
    outside.write_text("require_tests: yes\n", "utf-8")
    (policies / "shared").mkdir()
    (policies / "shared" / "away.yaml").symlink_to(outside)
    (policies / "shared" / "folder").symlink_to(policies / "tracks")
    (policies / "shared" / "nowhere.yaml").symlink_to(policies / "nothing.yaml")
    os.mkfifo(policies / "shared" / "pipe.yaml")
    snapshot.copy(policies, tmp_path / "copy")
    found = problems_of(policies)
    assert len(found) == 4
    assert problems_of(tmp_path / "copy") == found


def test_a_link_within_the_folder_is_a_file_of_the_copy(policies: Path, tmp_path: Path) -> None:
    """Mounted configuration comes as links into a hidden folder, which is swapped at once."""
    (policies / "..data").mkdir()
    (policies / "facts.yaml").rename(policies / "..data" / "facts.yaml")
    (policies / "facts.yaml").symlink_to("..data/facts.yaml")
    snapshot.copy(policies, tmp_path / "copy")
    assert not (tmp_path / "copy" / "facts.yaml").is_symlink()
    assert load(tmp_path / "copy").digest == load(policies).digest


def test_too_much_is_refused_before_it_fills_the_memory(
    policies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may name the wrong folder."""
    monkeypatch.setattr(snapshot, "MOST_FILES", 2)
    with pytest.raises(PolicyError, match="more than 2 files"):
        snapshot.copy(policies, tmp_path / "copy")
