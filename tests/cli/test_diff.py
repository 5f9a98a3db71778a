"""`ladders diff` and `ladders check --log`, as people type them."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands
from service.facts.json_text import read_json
from service.ledger.log import open_log
from service.ledger.verdict_record import record_of
from service.policy.load import load
from service.verdict.judge import Judge

POLICIES = Path(__file__).parents[1] / "web" / "policies"
LEAD = "tracks/people-lead/2026-01-01.yaml"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def run(*words: object) -> Result:
    return CliRunner().invoke(commands, [str(word) for word in words])


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The folder with another grade and no wish asked for."""
    folder = tmp_path / "next"
    shutil.copytree(POLICIES, folder)
    lead = folder / LEAD
    text = lead.read_text("utf-8")
    assert text.count("        is: yes\n") == 1
    lead.write_text(text.replace("        is: yes\n", "        is_known: yes\n"), "utf-8")
    return folder


def request(candidate: str, *, wants: bool) -> bytes:
    training = {"course": "lead", "completed_on": "2026-05-04", "hours": 8}
    return json.dumps(
        {
            "candidate": {"id": candidate},
            "from": {"track": "stone-craft", "level": "mason"},
            "to": {"track": "people-lead", "level": "team-lead"},
            "as_of": "2027-01-01",
            "submitted_on": "2026-11-20",
            "facts": {"wants_people_role": wants, "rating": "meets", "trainings": [training]},
        }
    ).encode()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A verdict log in which two people were judged by the folder as it is."""
    place = tmp_path / "verdicts.db"
    judge = Judge(load(POLICIES))
    with closing(open_log(place, clock=lambda: NOW, random_bytes=os.urandom)) as opened:
        for number, (candidate, wants) in enumerate([("E-1", True), ("E-2", False)]):
            text = request(candidate, wants=wants)
            id_ = f"01934a5c-0000-7000-8000-{number:012x}"
            verdict = judge.verdict(read_json(text), verdict_id=id_, judged_at=NOW)
            opened.append([record_of(verdict, text, judged_at=NOW, caller="key:workday")])
    return place


def test_diff_says_what_changed_in_sentences(changed: Path) -> None:
    """With the line to look at, and the number of changes."""
    shown = run("diff", POLICIES, changed)
    assert shown.exit_code == 0
    assert "people-lead/2026-01-01 team-lead" in shown.output
    assert "; before: “" in shown.output
    assert "1 change in meaning" in shown.output


def test_diff_of_the_same_meaning_says_so(tmp_path: Path) -> None:
    """A mended title is worth a look, and affects nobody."""
    folder = tmp_path / "next"
    shutil.copytree(POLICIES, folder)
    lead = folder / LEAD
    lead.write_text("# a comment\n" + lead.read_text("utf-8"), "utf-8")
    assert "the meaning is the same; not a letter differs" in run("diff", POLICIES, POLICIES).output
    assert "the meaning is the same; texts or comments differ" in run("diff", POLICIES, folder).output
    assert run("diff", POLICIES, folder, "--exit-code").exit_code == 0


def test_a_script_can_ask_whether_the_meaning_changed(changed: Path) -> None:
    """A pipeline asks for a second pair of eyes then."""
    assert run("diff", POLICIES, changed, "--exit-code").exit_code == 1


def test_diff_against_the_verdict_log_names_who_would_be_judged_differently(changed: Path, log: Path) -> None:
    """The people of the past are the best population there is."""
    shown = run("diff", POLICIES, changed, "--against", log)
    assert shown.exit_code == 0
    assert "2 requests; 1 would be judged differently" in shown.output
    assert "E-2 → people-lead/team-lead: not eligible → eligible, by " in shown.output
    assert "E-1 →" not in shown.output


def test_diff_against_a_folder_and_a_table_gives_the_same(changed: Path, tmp_path: Path) -> None:
    """A population comes in many forms, and the answer is one."""
    people = tmp_path / "people"
    people.mkdir()
    for candidate, wants in (("E-1", True), ("E-2", False)):
        (people / f"{candidate}.json").write_bytes(request(candidate, wants=wants))
    table = tmp_path / "people.csv"
    rows = [
        f"{candidate},stone-craft,mason,people-lead,team-lead,2027-01-01,2026-11-20,{wants},meets,"
        '"[{""course"": ""lead"", ""completed_on"": ""2026-05-04"", ""hours"": 8}]"'
        for candidate, wants in (("E-1", "yes"), ("E-2", "no"))
    ]
    header = (
        "candidate.id,from.track,from.level,to.track,to.level,as_of,submitted_on,facts.wants_people_role,"
        "facts.rating,facts.trainings"
    )
    table.write_text("\n".join([header, *rows]), "utf-8")
    parquet = tmp_path / "people.parquet"
    requests = [
        json.loads(request(candidate, wants=wants)) for candidate, wants in (("E-1", True), ("E-2", False))
    ]
    pq.write_table(pa.Table.from_pylist(requests), parquet)
    told = [
        json.loads(run("diff", POLICIES, changed, "--against", place, "--json").output)
        for place in (people, table, parquet)
    ]
    for each in told:
        impact = each["impact"]
        assert (impact["judged"], impact["judged_differently"]) == (2, 1)
        (person,) = impact["people"]
        assert (person["candidate"], person["old"]["outcome"], person["new"]["outcome"]) == (
            "E-2", "not_eligible", "eligible",
        )  # fmt: skip
        assert impact["deciding"] == [{"requirement": person["deciding"][0], "count": 1}]
    assert told[0]["same_meaning"] is False
    assert told[0]["changes"][0]["of"] == ["people-lead/2026-01-01 team-lead"]


def test_diff_of_a_broken_folder_ends_with_2(tmp_path: Path) -> None:
    """Nothing was compared."""
    (tmp_path / "broken").mkdir()
    shown = run("diff", POLICIES, tmp_path / "broken")
    assert shown.exit_code == 2
    assert "`ladders check" in shown.output


def test_diff_against_what_is_no_log_ends_with_2(changed: Path, tmp_path: Path) -> None:
    """A spreadsheet saved as such is not a population."""
    other = tmp_path / "people.xlsx"
    other.write_bytes(b"PK" * 2000)
    shown = run("diff", POLICIES, changed, "--against", other)
    assert shown.exit_code == 2
    assert "Traceback" not in shown.output


def test_check_holds_the_folder_against_the_log(changed: Path, log: Path) -> None:
    """A version that has issued a verdict is frozen; the message says what to do instead."""
    assert run("check", POLICIES, "--log", log).exit_code == 0
    shown = run("check", changed, "--log", log)
    assert shown.exit_code == 1
    assert f"{LEAD}:" in shown.output
    assert "has issued verdicts and is frozen" in shown.output
    assert "make a new version for the change" in shown.output
    assert run("check", changed).exit_code == 0


def test_check_with_the_wrong_path_of_a_log_ends_with_2(tmp_path: Path) -> None:
    """A slip must not read as `all is well`."""
    shown = run("check", POLICIES, "--log", tmp_path / "nowhere.db")
    assert shown.exit_code == 2
    assert "there is no verdict log at" in shown.output
