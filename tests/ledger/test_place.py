"""The place of the log: safe to write to, closed to strangers, and shut when its disk has failed."""

from __future__ import annotations

import doctest
import os
import stat
from pathlib import Path

import pytest

from service.errors import LogUnavailable
from service.ledger.embedded import place
from service.ledger.embedded.place import Turn, filesystem_of, prepare

MOUNTS = """\
/dev/vda / ext4 rw 0 0
tmpfs /tmp tmpfs rw 0 0
filer:/ladders /srv nfs4 rw 0 0
/dev/vdb /srv/local xfs rw 0 0
//nas/share /mnt/human\\040resources cifs rw 0 0
overlay /srv/local overlay rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/ladders", "ext4"),
        ("/tmp", "tmpfs"),
        ("/tmpfoo", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/log/deep", "nfs4"),
        ("/srv/local/log", "overlay"),
        ("/mnt/human resources/log", "cifs"),
    ],
)
def test_the_filesystem_is_that_of_the_closest_mount(folder: str, kind: str) -> None:
    """A disk may be mounted inside a network folder, and over another mount; the last one counts."""
    assert filesystem_of(Path(folder), MOUNTS) == kind


def test_the_example_in_its_description_is_true() -> None:
    """Readers start from it."""
    found = doctest.testmod(place)
    assert (found.attempted, found.failed) == (1, 0)


def test_without_a_table_of_mounts_the_filesystem_is_unknown(tmp_path: Path) -> None:
    """Other systems have no such table, and a developer's machine must still run Ladders."""
    assert filesystem_of(tmp_path, "") == ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph"])
def test_a_shared_filesystem_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks and shared memory do not reach the other machines there, so two writers could ruin the log."""
    monkeypatch.setattr(place, "_mounts", lambda: f"somewhere / {kind} rw 0 0")
    with pytest.raises(LogUnavailable, match="shared filesystem"):
        prepare(tmp_path / "log.db")


def test_folder_and_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The log holds what is known about people."""
    database = tmp_path / "new" / "deep" / "log.db"
    made = prepare(database)
    Turn(made.lock).close()
    made.put_up_stop_sign("because")
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700
    for file in (database, made.lock, made.stop_sign):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    """Somebody chose it."""
    tmp_path.chmod(0o750)
    prepare(tmp_path / "log.db")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


def test_a_folder_that_cannot_be_made_is_an_error_with_its_name(tmp_path: Path) -> None:
    """An operator must see which path was meant."""
    (tmp_path / "file").touch()
    with pytest.raises(LogUnavailable, match=r"cannot use `.*file/log\.db`"):
        prepare(tmp_path / "file" / "log.db")


def test_the_stop_sign_closes_the_place_until_it_is_removed(tmp_path: Path) -> None:
    """An operator has to look at the disk before anyone writes on."""
    made = prepare(tmp_path / "log.db")
    assert made.why_closed() is None
    made.put_up_stop_sign("the disk failed")
    assert str(made.stop_sign) in str(prepare(tmp_path / "log.db").why_closed())
    assert made.stop_sign.read_text() == "the disk failed\n"
    made.stop_sign.unlink()
    assert made.why_closed() is None


def test_a_replaced_database_closes_the_place(tmp_path: Path) -> None:
    """Whatever is still written to the old file would be lost with it."""
    made = prepare(tmp_path / "log.db")
    (tmp_path / "log.db").rename(tmp_path / "old.db")
    assert "moved or replaced" in str(made.why_closed())
    (tmp_path / "log.db").touch()
    assert "moved or replaced" in str(made.why_closed())


def test_only_one_has_the_turn(tmp_path: Path) -> None:
    """Two writers at once would starve each other."""
    first, second = Turn(tmp_path / "lock"), Turn(tmp_path / "lock")
    first.take()
    assert not second.take_within(0.05)
    first.give_back()
    assert second.take_within(0)
    first.close()
    second.close()


def test_files_are_not_handed_down_to_other_programs(tmp_path: Path) -> None:
    """A program started by Ladders would otherwise keep the turn for as long as it runs."""
    turn = Turn(tmp_path / "lock")
    assert not os.get_inheritable(turn._file)
    turn.close()
