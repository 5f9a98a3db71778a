"""Populations: requests from folders and tables, read exactly, or refused with the place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.simulate.population import CannotRead, read_population
from tests.policy.folders import BASE, loaded

TODAY = date(2026, 11, 20)
VOCABULARY = loaded(BASE).vocabulary


def read(place: Path) -> list[Any]:
    """The requests of a population."""
    return [asked.raw for asked in read_population(place, [VOCABULARY], TODAY)]


def csv_of(tmp_path: Path, text: str) -> Path:
    place = tmp_path / "people.csv"
    place.write_text(text, encoding="utf-8")
    return place


def test_a_row_is_a_request(tmp_path: Path) -> None:
    """The header names the places by dotted paths; a cell is read by the type of its fact."""
    header = (
        "candidate.id,from.track,from.level,to.track,to.level,as_of,facts.points,facts.wish,facts.rating,"
        "facts.level_since,facts.languages,facts.trainings"
    )
    row = (
        'E-1,craft,senior,lead,team-lead,2027-01-01,3.10,yes,meets,2025-01-01,"[""en"", ""de""]",'
        '"[{""course"": ""x"", ""hours"": 1.5}]"'
    )
    (found,) = read(csv_of(tmp_path, f"{header}\n{row}\n"))
    assert found == {
        "candidate": {"id": "E-1"},
        "from": {"track": "craft", "level": "senior"},
        "to": {"track": "lead", "level": "team-lead"},
        "as_of": "2027-01-01",
        "facts": {
            "points": Decimal("3.10"),
            "wish": True,
            "rating": "meets",
            "level_since": "2025-01-01",
            "languages": ["en", "de"],
            "trainings": [{"course": "x", "hours": Decimal("1.5")}],
        },
    }


def test_an_empty_cell_is_left_out_and_null_is_no_ladder(tmp_path: Path) -> None:
    """Unknown is not the same as nothing; a spreadsheet has one way to say unknown."""
    text = "candidate.id,from,to.track,to.level,as_of,facts.points\nE-1,null,craft,engineer,2027-01-01,\n\n"
    (found,) = read(csv_of(tmp_path, text))
    assert found["from"] is None
    assert found["facts"] == {}


def test_a_spreadsheet_may_mark_its_file_as_unicode(tmp_path: Path) -> None:
    """The mark at the beginning is not part of the first column's name."""
    text = "\ufeffcandidate.id,to.track,to.level,as_of\nE-1,craft,engineer,2027-01-01\n"
    assert read(csv_of(tmp_path, text))[0]["candidate"] == {"id": "E-1"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("candidate.id,to.track,to.level,facts.point\n", "`facts.point` is no fact of these policies"),
        ("candidate.id,to.track,to.lvl\n", "there is no column `to.lvl`; did you mean `to.level`?"),
        ("candidate.id,to.track\n", "the column `to.level` is missing"),
        ("candidate.id,candidate.id,to.track,to.level\n", "the column `candidate.id` stands twice"),
        (
            "candidate.id,to.track,to.level,facts.points\nE,a,b,many\n",
            "row 2, `facts.points`: a number is wanted",
        ),
        (
            "candidate.id,to.track,to.level,facts.wish\nE,a,b,maybe\n",
            "row 2, `facts.wish`: `yes` or `no` is wanted",
        ),
        (
            "candidate.id,to.track,to.level,facts.trainings\nE,a,b,x\n",
            "row 2, `facts.trainings`: a list is written",
        ),
        ("candidate.id,to.track,to.level\nE,a\n", "row 2: 2 cells stand here, but the header has 3"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_the_place(
    tmp_path: Path, text: str, wanted: str
) -> None:
    """A column that is passed over in silence would change the answer."""
    with pytest.raises(CannotRead) as refused:
        read(csv_of(tmp_path, text))
    assert wanted in str(refused.value)


def test_a_folder_holds_one_request_in_each_file(tmp_path: Path) -> None:
    """As `examples/requests` does."""
    (tmp_path / "b.json").write_text('{"candidate": {"id": "E-2"}, "facts": {"points": 1.10}}')
    (tmp_path / "a.json").write_text('{"candidate": {"id": "E-1"}}')
    (tmp_path / "notes.txt").write_text("not a request")
    assert [raw["candidate"]["id"] for raw in read(tmp_path)] == ["E-1", "E-2"]


def test_what_is_no_population_is_refused(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "people.xlsx").write_bytes(b"PK")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.json").write_text("{")
    for name, wanted in (
        ("people.xlsx", "neither a folder of requests nor"),
        ("nothing.csv", "there is nothing at"),
        ("empty", "there is no request in"),
        ("broken", "a.json`: the body is not JSON"),
    ):
        with pytest.raises(CannotRead, match=wanted):
            read(tmp_path / name)


TRAININGS = pa.list_(pa.struct([("course", pa.string()), ("hours", pa.float64())]))


def test_parquet_is_read_by_its_own_types(tmp_path: Path) -> None:
    """Numbers exactly, days as days, records as records; what is empty, and a number that is none, is left
    out."""
    place = tmp_path / "people.parquet"
    table = pa.table(
        {
            "candidate.id": pa.array([1042, 1043]),
            "from.track": pa.array(["craft", None]).dictionary_encode(),
            "from.level": pa.array(["senior", None]),
            "to": pa.array(
                [{"track": "lead", "level": "team-lead"}, {"track": "craft", "level": "engineer"}]
            ),
            "as_of": pa.array([date(2027, 1, 1), date(2027, 2, 1)]),
            "submitted_on": pa.array([datetime(2026, 11, 20, tzinfo=UTC), None], pa.timestamp("ms", "UTC")),
            "facts.points": pa.array([0.1, float("nan")]),
            "facts.wish": pa.array([True, None]),
            "facts.languages": pa.array([["en", "de"], []]),
            "facts.trainings": pa.array(
                [[{"course": "x", "hours": 8.0}, {"course": "y", "hours": None}], None], TRAININGS
            ),
            "facts.age": pa.array([Decimal("41.00"), Decimal("41.50")]),
        }
    )
    pq.write_table(table, place)
    first, second = read(place)
    assert first == {
        "candidate": {"id": "1042"},
        "from": {"track": "craft", "level": "senior"},
        "to": {"track": "lead", "level": "team-lead"},
        "as_of": "2027-01-01",
        "submitted_on": "2026-11-20",
        "facts": {
            "points": Decimal("0.1"),
            "wish": True,
            "languages": ["en", "de"],
            "trainings": [{"course": "x", "hours": 8}, {"course": "y"}],
            "age": 41,
        },
    }
    assert second == {
        "candidate": {"id": "1043"},
        "to": {"track": "craft", "level": "engineer"},
        "as_of": "2027-02-01",
        "facts": {"languages": [], "age": Decimal("41.50")},
    }


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        (
            ["candidate.id", "to.track", "to.level", "facts.point"],
            "`facts.point` is no fact of these policies",
        ),
        (["candidate.id", "to.track", "to.lvl"], "there is no column `to.lvl`; did you mean `to.level`"),
        (["candidate.id", "to.track"], "the column `to.level` is missing"),
    ],
)
def test_a_parquet_file_with_other_columns_is_refused(
    tmp_path: Path, columns: list[str], wanted: str
) -> None:
    """As in a CSV: what is passed over in silence would change the answer."""
    place = tmp_path / "people.parquet"
    pq.write_table(pa.table({name: pa.array(["a"]) for name in columns}), place)
    with pytest.raises(CannotRead, match=wanted):
        read(place)
    (tmp_path / "other.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(CannotRead, match="cannot be read as Parquet"):
        read(tmp_path / "other.parquet")


def test_without_its_package_parquet_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package is large and not everybody's; without it, the message says what to do."""
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    place = tmp_path / "people.parquet"
    place.write_bytes(b"PAR1")
    with pytest.raises(CannotRead, match=r"`pip install ladders\[parquet\]`, or save the population as CSV"):
        read(place)
