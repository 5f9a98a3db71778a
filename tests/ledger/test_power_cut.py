"""The power fails at any moment, and the disk loses what it had not been told to sync: nothing acknowledged
is lost, nothing is half there. With weaker syncing the same test fails, so it would notice.
"""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from service.errors import LogUnavailable
from service.ledger.appender import Appender
from service.ledger.embedded import writer
from service.ledger.embedded.database import connect_writer
from service.ledger.embedded.place import Turn, prepare
from service.ledger.embedded.writer import EmbeddedWriter
from service.ledger.rows import Written
from service.ledger.sealing import seal
from tests.ledger.attacking import NAME, NOON, grown, opened
from tests.ledger.crash_vfs import power_cut
from tests.ledger.records import a_record, record_id
from tests.ledger.whole import whole_log

BEFORE: Final = 230  #: entries that are there at the start, so that a tile becomes full on the way
MOST: Final = 3_000  #: operations of the disk, until which the power has failed
FRAMES: Final = 150  #: pages after which they are moved into the database, so that it happens often
SEEDS: Final = range(30)
MANY_SEEDS: Final = range(1_000, 1_600)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that was closed in peace."""
    return grown(tmp_path_factory.mktemp("before"), [BEFORE])


@pytest.fixture
def database(before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(writer, "_FRAMES", FRAMES)
    return tmp_path / before.name


def acknowledged_until_the_cut(database: Path, seed: int, synchronous: str | None = None) -> dict[str, int]:
    """Append until the power fails; place by id of what was acknowledged until then."""
    moments = random.Random(seed)
    acknowledged: dict[str, int] = {}
    number = BEFORE
    place = prepare(database)
    with power_cut(seed, moments.randrange(MOST)) as disk:
        connection = connect_writer(database)
        if synchronous:
            connection.pragma("synchronous", synchronous)
        appender = Appender(EmbeddedWriter(place, connection, Turn(place.lock), lambda: NOON))
        while not disk.crashed:
            records = [a_record(number + each) for each in range(moments.choice((1, 1, 2, 7, 40)))]
            sealed = [seal(record, log=NAME, record_key=moments.randbytes(32)) for record in records]
            try:
                answer = appender.submit(sealed, 30)
            except LogUnavailable:
                break
            assert isinstance(answer, Written)
            acknowledged.update({record.id: answer.first + each for each, record in enumerate(records)})
            number += len(records)
        appender.close()
    place.stop_sign.unlink(missing_ok=True)  # the machine was gone before anybody could put it up
    return acknowledged


def lost_by(database: Path, before: Path, seed: int, synchronous: str | None = None) -> tuple[list[str], int]:
    """Which acknowledged records a power cut loses, of how many; whatever it leaves is a whole log that goes
    on.
    """
    shutil.copytree(before.parent, database.parent, dirs_exist_ok=True)
    acknowledged = acknowledged_until_the_cut(database, seed, synchronous)
    with closing(opened(database)) as log:
        [receipt] = log.append([a_record(999_999)])
    there = whole_log(database)
    assert receipt.index == there[record_id(999_999)] == len(there) - 1
    lost = [id_ for id_, index in acknowledged.items() if there.get(id_) != index]
    assert all(there[record_id(number)] == number for number in range(BEFORE))
    shutil.rmtree(database.parent)
    return lost, len(acknowledged)


@pytest.mark.parametrize(
    "seeds", [SEEDS, pytest.param(MANY_SEEDS, marks=pytest.mark.soak)], ids=["few", "many"]
)
def test_a_power_cut_loses_no_acknowledged_record(database: Path, before: Path, seeds: range) -> None:
    """Whatever the disk had not synced may be dropped, kept or torn, in any order."""
    total = 0
    for seed in seeds:
        lost, acknowledged = lost_by(database, before, seed)
        assert lost == [], f"seed {seed}"
        total += acknowledged
    print(f"{len(seeds)} power cuts, {total} acknowledged, 0 lost")


def test_with_weaker_syncing_a_power_cut_loses_acknowledged_records(database: Path, before: Path) -> None:
    """The mutant: commits that are not synced are lost, so the test above sees what `synchronous` is for."""
    losing = [seed for seed in SEEDS[:10] if lost_by(database, before, seed, "normal")[0]]
    assert len(losing) > 5  # where the file was synced just before, nothing is lost
