"""Keys: made once and for their owner alone, never replaced in silence, and gone when they are destroyed."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from service.errors import LogUnavailable
from service.ledger.keys import KeyFolder, make_keys, open_keys
from service.ledger.log import open_log, read_log
from service.ledger.subject_keys import FileSubjectKeys
from tests.ledger.records import a_record, record_id

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return make_keys(tmp_path / "keys", os.urandom)


@pytest.fixture
def keys(folder: KeyFolder) -> Iterator[FileSubjectKeys]:
    with closing(FileSubjectKeys(folder)) as opened:
        yield opened


def test_keys_are_for_their_owner_alone(folder: KeyFolder, keys: FileSubjectKeys) -> None:
    """Whoever reads them reads everything."""
    keys.fresh()
    assert stat.S_IMODE(folder.folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.folder.iterdir()}
    assert modes == {
        **dict.fromkeys(("log.key", "index.key", "kek-1.key"), 0o400),
        **dict.fromkeys(("subjects.keys", "keys.lock"), 0o600),
    }


def test_keys_that_are_there_are_kept(folder: KeyFolder) -> None:
    """A second log in the same folder must not lock the first one out."""
    before = {path.name: path.read_bytes() for path in folder.folder.iterdir()}
    again = make_keys(folder.folder, os.urandom)
    assert {path.name: path.read_bytes() for path in folder.folder.iterdir()} == before
    assert again.subject("E-1042") == folder.subject("E-1042")


@pytest.mark.parametrize("renamed", [0, 1, 2])
def test_keys_whose_maker_was_killed_half_way_are_made_by_the_next_one(tmp_path: Path, renamed: int) -> None:
    """Nobody has to clear up: what was whole is used, and what was half a key never was one."""
    whole = make_keys(tmp_path / "whole", os.urandom).folder
    for path in sorted(whole.glob("*.key"))[renamed:]:
        path.rename(path.with_name(f"{path.name}.new"))
    if not renamed:
        (whole / "log.key.new").unlink()
        (whole / "log.key.new").write_bytes(b"half a key")
    index = [path.read_bytes() for path in whole.glob("index.key*")]
    made = make_keys(whole, os.urandom)
    assert {path.name for path in whole.iterdir()} == {"log.key", "index.key", "kek-1.key", "keys.lock"}
    assert ([(whole / "index.key").read_bytes()] == index) == bool(renamed)
    assert len(made.kek(1)) == len((whole / "log.key").read_bytes()) == 32


def test_half_a_wrapping_key_is_in_nobodys_way(folder: KeyFolder) -> None:
    """Whoever rotates keys may be killed, too."""
    (folder.folder / "kek-2.key.new").write_bytes(b"half a key")
    assert folder.newest_epoch() == 1
    with folder.locked():
        assert folder.new_epoch() == 2
    assert len(folder.kek(2)) == 32


def test_the_same_person_is_known_by_something_else_in_every_folder(tmp_path: Path) -> None:
    """Without the key of the index nobody can try names until one fits, nor join two logs."""
    one, two = (make_keys(tmp_path / name, os.urandom) for name in ("one", "two"))
    assert one.subject("E-1042") != two.subject("E-1042")
    assert (
        len({one.subject("E-1042"), one.caller("E-1042"), one.asked(("E-1042",)), one.body(b"E-1042")}) == 4
    )


@pytest.mark.parametrize("name", ["index.key", "log.key", "kek-1.key"])
def test_a_missing_key_is_an_error_and_never_made_anew(name: str, tmp_path: Path) -> None:
    """A new key in place of a lost one would make everything before unreadable, and hide that it was lost."""
    place = tmp_path / "log.db"
    with closing(open_log(place, clock=lambda: NOON, random_bytes=os.urandom)) as log:
        log.append([a_record(1)])
    (tmp_path / "keys" / name).unlink()
    with (
        pytest.raises(LogUnavailable, match=rf"the key `.*{name}` cannot be read .* backup"),
        closing(open_log(place, clock=lambda: NOON, random_bytes=os.urandom)) as log,
    ):
        log.get(record_id(1))
    assert not (tmp_path / "keys" / name).exists()


def test_keys_of_another_log_are_refused(tmp_path: Path) -> None:
    """People would be known by something else from then on, and could not be found to be erased."""
    for name in ("one", "two"):
        open_log(tmp_path / name / "log.db", clock=lambda: NOON, random_bytes=os.urandom).close()
    with pytest.raises(LogUnavailable, match="are not those of this verdict log"):
        open_log(
            tmp_path / "one/log.db", keys=tmp_path / "two/keys", clock=lambda: NOON, random_bytes=os.urandom
        )


def test_without_keys_a_log_still_shows_what_is_not_private(tmp_path: Path) -> None:
    """An auditor may be given the log without the keys: places, leaves and the tree are all there."""
    place = tmp_path / "log.db"
    with closing(open_log(place, clock=lambda: NOON, random_bytes=os.urandom)) as log:
        log.append([a_record(1)])
        head = log.head()
    (tmp_path / "keys").rename(tmp_path / "locked-away")
    with closing(read_log(place)) as reader:
        assert reader.head() == head
        assert len(list(reader.leaves(0, 1))) == 1
        with pytest.raises(LogUnavailable, match="the folder of keys is not at hand"):
            reader.get(record_id(1))
    with closing(read_log(place, tmp_path / "locked-away")) as reader:
        entry = reader.get(record_id(1))
        assert entry is not None
        assert entry.private == a_record(1).private


def test_keys_that_may_only_be_read_are_enough_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Auditors get a folder that they cannot change."""
    place = tmp_path / "log.db"
    with closing(open_log(place, clock=lambda: NOON, random_bytes=os.urandom)) as log:
        log.append([a_record(1)])
    really_open = os.open

    def read_only(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied")
        return really_open(path, flags, mode)

    monkeypatch.setattr(os, "open", read_only)
    with closing(read_log(place)) as reader:
        entry = reader.get(record_id(1))
        assert entry is not None
        assert entry.private == a_record(1).private


def test_what_is_private_lies_in_no_file_in_the_clear(tmp_path: Path) -> None:
    """A copy of the disk, or of a backup of the log, tells nothing of anybody."""
    with closing(open_log(tmp_path / "log.db", clock=lambda: NOON, random_bytes=os.urandom)) as log:
        log.append(
            [a_record(number, says="needs one more year", person="Ann Example") for number in range(50)]
        )
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {path.name for path in files} >= {"log.db", "log.db-wal", "subjects.keys"}
        for path in files:
            assert b"Ann Example" not in path.read_bytes()
            assert b"one more year" not in path.read_bytes()


def test_a_body_opens_only_beside_its_own_leaf(tmp_path: Path) -> None:
    """Somebody with the database could otherwise give one person's verdict to another entry."""
    import apsw

    place = tmp_path / "log.db"
    with closing(open_log(place, clock=lambda: NOON, random_bytes=os.urandom)) as log:
        log.append([a_record(1), a_record(2, says="eligible")])
        with closing(apsw.Connection(str(place))) as connection:
            connection.execute("UPDATE priv SET body = (SELECT body FROM priv WHERE seq = 1) WHERE seq = 0")
        with pytest.raises(LogUnavailable, match="entry 0 of the verdict log is not what was written there"):
            log.get(record_id(1))
        assert log.get(record_id(2)) is not None


# ── the keys of people ──


def test_every_key_is_another_and_durable_before_it_is_given(
    folder: KeyFolder, keys: FileSubjectKeys
) -> None:
    """What is encrypted under a key that a power cut takes away is lost."""
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: keys.fresh(), range(600)))
    assert len({kid for kid, _ in made}) == len({key for _, key in made}) == 600
    with closing(FileSubjectKeys(folder)) as other:
        assert [other.open(kid) for kid, _ in made] == [key for _, key in made]
        assert other.fresh()[0] not in {kid for kid, _ in made}


def test_a_destroyed_key_is_gone_for_every_process_at_once(folder: KeyFolder, keys: FileSubjectKeys) -> None:
    """A worker that remembers it must not read on with it."""
    (kid, key), (other_kid, other_key) = keys.fresh(), keys.fresh()
    with closing(FileSubjectKeys(folder)) as neighbour:
        assert neighbour.open(kid) == key
        keys.destroy([kid])
        assert (neighbour.open(kid), keys.open(kid)) == (None, None)
        assert neighbour.open(other_kid) == other_key
        neighbour.destroy([kid, kid + 10_000])  # again, and one that never was
    assert (folder.folder / "subjects.keys").read_bytes()[kid * 64 :][:64] == bytes(64)


def test_rotation_keeps_every_key_and_leaves_the_old_wrapping_key_nowhere(
    folder: KeyFolder, keys: FileSubjectKeys
) -> None:
    """Old backups of the wrapped keys become useless, so that an erasure reaches them too."""
    made = [keys.fresh() for _ in range(40)]
    backup = (folder.folder / "subjects.keys").read_bytes()
    keys.destroy([made[7][0]])
    with closing(FileSubjectKeys(folder)) as neighbour:
        assert neighbour.open(made[0][0]) == made[0][1]
        assert keys.rotate() >= 39
        for reader in (keys, neighbour):
            assert [reader.open(kid) for kid, _ in made] == [
                None if n == 7 else key for n, (_, key) in enumerate(made)
            ]
        neighbour._made.clear()
        kid, key = neighbour.fresh()
        assert keys.open(kid) == key
    assert sorted(path.name for path in folder.folder.glob("kek-*")) == ["kek-2.key"]
    (folder.folder / "subjects.keys").write_bytes(backup)
    restored = FileSubjectKeys(open_keys(folder.folder, os.urandom))
    with closing(restored), pytest.raises(LogUnavailable, match=r"kek-1\.key"):
        restored.open(made[7][0])


def test_a_rotation_that_was_cut_off_is_finished_by_the_next(
    folder: KeyFolder, keys: FileSubjectKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until all are wrapped anew both wrapping keys are needed, and both are there."""
    made = [keys.fresh() for _ in range(20)]
    with monkeypatch.context() as cut_off:
        cut_off.setattr(folder, "forget_epochs_before", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            keys.rotate()
    assert sorted(path.name for path in folder.folder.glob("kek-*")) == ["kek-1.key", "kek-2.key"]
    keys.rotate()
    assert sorted(path.name for path in folder.folder.glob("kek-*")) == ["kek-3.key"]
    assert [keys.open(kid) for kid, _ in made] == [key for _, key in made]


def test_a_damaged_key_is_said_to_be_damaged(folder: KeyFolder, keys: FileSubjectKeys) -> None:
    """It is not an erased one: a backup of the keys still has it."""
    kid, _ = keys.fresh()
    with (folder.folder / "subjects.keys").open("r+b") as file:
        file.seek(kid * 64 + 20)
        file.write(b"\xff\x00\xff")
    with pytest.raises(LogUnavailable, match=f"key {kid} of the keys of people is damaged"):
        keys.open(kid)


def test_a_disk_that_takes_a_part_at_a_time_loses_no_key(
    folder: KeyFolder, keys: FileSubjectKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rotation that believed it had written all of them would destroy the wrapping key of the rest."""
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, content, at: whole(file, content[:100], at))
    made = dict(keys.fresh() for _ in range(20))
    assert keys.rotate() >= 20
    with closing(FileSubjectKeys(open_keys(folder.folder, os.urandom))) as again:
        assert {kid: again.open(kid) for kid in made} == made


def test_a_key_whose_destruction_may_not_be_on_the_disk_is_destroyed_again(
    keys: FileSubjectKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed sync the system shows what was written and has forgotten that the disk lacks it."""
    kid, _ = keys.fresh()
    whole, written = os.pwrite, list[int]()

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", fail)
        with pytest.raises(LogUnavailable, match="cannot be written"):
            keys.destroy([kid])
    assert keys.open(kid) is None  # as far as this machine shows

    def noting(file: int, content: bytes, at: int) -> int:
        written.append(at)
        return whole(file, content, at)

    monkeypatch.setattr(os, "pwrite", noting)
    keys.destroy([kid])
    assert written == [kid * 64]


@pytest.mark.parametrize("erased_before", [True, False])
def test_older_keys_give_nobody_the_number_of_somebody_else(tmp_path: Path, *, erased_before: bool) -> None:
    """Keys are put back from a backup that is older than the log. Those who came between have lost theirs;
    were their numbers given anew, erasing one person would erase another with them.
    """
    database, kept = tmp_path / "log" / "verdicts.db", tmp_path / "kept"

    def grow(first: int, count: int) -> list[int]:
        with closing(open_log(database, clock=lambda: NOON, random_bytes=os.urandom)) as log:
            people = range(first, first + count)
            receipts = log.append([a_record(number, person=f"P-{number}") for number in people])
            return [receipt.index for receipt in receipts]

    def erase(person: str) -> None:
        with closing(open_log(database, clock=lambda: NOON, random_bytes=os.urandom)) as log:
            assert log.erase(person, erased_at=NOON, engine="x", new_id=lambda: str(uuid4()))

    grow(0, 3)
    shutil.copytree(database.parent / "keys", kept)
    lost = grow(100, 150)
    if erased_before:
        erase("P-249")
    shutil.rmtree(database.parent / "keys")
    shutil.copytree(kept, database.parent / "keys")
    new = grow(300, 150)
    erase("P-120")
    with closing(open_log(database, clock=lambda: NOON, random_bytes=os.urandom)) as log:
        assert [entry.erased for entry in log.entries(new[0], new[-1] + 1)] == [False] * 150
        assert [entry.erased for entry in log.entries(lost[0], lost[-1] + 1)] == [True] * 150
        assert not any(entry.erased for entry in log.entries(0, 3))


def test_the_number_of_a_key_that_is_gone_counts_as_given(keys: FileSubjectKeys) -> None:
    """A log that moves to a database goes on behind it there, or whoever got it would be erased with it."""
    assert keys.highest() == 0
    kid, _ = keys.fresh()
    highest = keys.highest()
    assert highest >= kid
    keys.destroy([highest, highest + 3])
    assert keys.highest() == highest + 3
