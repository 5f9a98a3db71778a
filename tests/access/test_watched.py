"""A watched file: taken when it changes, kept when it cannot be understood, and told of once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.access.watched import Watched


def said(text: bytes) -> str:
    """What a file says; `?` cannot be understood."""
    if text == b"?":
        raise ValueError("it asks")
    return text.decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that says something."""
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_text("one")
    return path


def test_a_change_counts_at_once_whatever_the_clock_of_the_file_says(file: Path) -> None:
    """Files are put in place by tools that keep old dates, and within one tick of the clock."""
    watched = Watched(file, said, "", pytest.fail)
    assert watched.now() == "one"
    before = file.stat()
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert watched.now() == "two"
    other = file.with_name("other")
    other.write_text("thr")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)
    assert watched.now() == "thr"


def test_what_does_not_change_is_the_same_thing(file: Path) -> None:
    """Callers remember by it what they made of it."""
    watched = Watched(file, said, "", pytest.fail)
    assert watched.now() is watched.now()


def test_a_folder_that_cannot_be_looked_into_changes_nothing_and_is_told_once(file: Path) -> None:
    """Every request looks; the service log must not get a line for each."""
    told: list[str] = []
    watched = Watched(file, said, "", told.append)
    assert watched.now() == "one"
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("no folder any more")
    for _ in range(3):
        assert watched.now() == "one"
    assert len(told) == 1
    file.parent.unlink()
    file.parent.mkdir()
    file.write_text("back")
    assert watched.now() == "back"


def test_the_first_look_says_what_is_wrong(tmp_path: Path) -> None:
    """Before the service starts, nothing has to go on."""
    bad = tmp_path / "bad"
    bad.write_text("?")
    with pytest.raises(ValueError, match="it asks"):
        Watched(bad, said, "", pytest.fail).first()
    with pytest.raises(OSError, match="No such file"):
        Watched(tmp_path / "none", said, "", pytest.fail).first()
