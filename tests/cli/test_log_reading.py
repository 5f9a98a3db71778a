"""`ladders log find`, `show`, `replay` and `person`, as auditors type them, on a log that a service wrote."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from service.cli import log_replay
from tests.cli.test_log import run
from tests.web.running import POLICIES, running

REQUEST: dict[str, Any] = {
    "from": {"track": "stone-craft", "level": "mason"},
    "to": {"track": "people-lead", "level": "team-lead"},
    "as_of": "2027-01-01",
    "submitted_on": "2026-11-20",
    "facts": {"wants_people_role": True, "rating": "meets", "trainings": []},
}
OVERRIDDEN = {
    "decision": "overridden",
    "by": {"id": "M-77", "role": "director"},
    "reason": "She led for a year.",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with two verdicts on Ann, one overridden, and one on Ben; the policy folder is gone since."""
    folder = tmp_path_factory.mktemp("audited")
    policies = folder / "policies"
    shutil.copytree(POLICIES, policies)
    place = folder / "verdicts.db"
    with running(place, policies=policies, workers=1, keys=folder / "safe") as service:
        service.wait_until_ready()
        ids = []
        for number, person in enumerate(("Ann", "Ben", "Ann")):
            body = {**REQUEST, "candidate": {"id": person}, "request_id": f"wf-{number}"}
            status, answer, _ = service.ask("POST", "/v1/verdicts", json.dumps(body))
            assert status == 201
            ids.append(json.loads(answer)["verdict_id"])
        decided = service.ask("POST", f"/v1/verdicts/{ids[0]}/decisions", json.dumps(OVERRIDDEN))
        assert decided[0] == 201
        shown = {"fields": ["/verdict/outcome"], "to": "labour court", "purpose": "case 7"}
        assert service.ask("POST", f"/v1/log/entries/{ids[2]}/disclosures", json.dumps(shown))[0] == 201
        assert service.stop() == 0
    shutil.rmtree(policies)
    return place


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.output.splitlines()]


def verdicts(place: Path, *words: str) -> list[dict[str, Any]]:
    return lines(run(place, "find", "--kind", "verdict", "--json", *words))


def test_find_lists_what_fits_and_names_nobody(place: Path) -> None:
    """By the person, by what decided, by day; and a search that finds nothing says so to a script."""
    assert len(verdicts(place)) == 3
    assert len(verdicts(place, "--person", "Ann")) == 2
    assert len(verdicts(place, "--requirement", "trained", "--result", "unmet", "--limit", "2")) == 2
    assert len(verdicts(place, "--overridden")) == 1
    shown = run(place, "find", "--person", "Ann")
    assert shown.exit_code == 0
    assert "not_eligible" in shown.output
    assert "trained" in shown.output
    assert "Ann" not in shown.output
    nothing = run(place, "find", "--person", "Zoe")
    assert (nothing.exit_code, nothing.output) == (1, "no entry fits\n")


def test_find_says_when_a_track_is_nowhere_in_the_log(place: Path) -> None:
    """Nothing found would otherwise be taken for an answer; to a program it is the same exit code."""
    for format_, said in (((), "no entry fits\n"), (("--json",), "")):
        nothing = run(place, "find", "--track", "pepole-lead", *format_)
        assert (nothing.exit_code, nothing.stdout) == (1, said)
        assert nothing.stderr == (
            "ladders: nothing in the verdict log is on a track `pepole-lead`; did you mean `people-lead`?\n"
        )
    nothing = run(place, "find", "--track", "people-lead", "--outcome", "eligible")
    assert (nothing.exit_code, nothing.output) == (1, "no entry fits\n")


@pytest.mark.parametrize(
    ("option", "word", "said"),
    [
        ("--kind", "verdit", "there is no kind `verdit`; did you mean `verdict`?"),
        ("--outcome", "aproved", "there is no outcome `aproved`; did you mean `approved`?"),
        ("--result", "umnet", "there is no result `umnet`; did you mean `unmet`?"),
        ("--policy", "abc", "this is no digest of a policy set"),
    ],
)
def test_find_refuses_a_word_that_nothing_can_bear(place: Path, option: str, word: str, said: str) -> None:
    """It would find nothing for ever, which looks like an answer."""
    refused = run(place, "find", option, word)
    assert (refused.exit_code, said in refused.output) == (2, True)


def test_show_tells_why_and_what_was_decided_after_it(place: Path) -> None:
    """The whole answer to the question why somebody was refused in March."""
    index = verdicts(place, "--person", "Ann")[0]["index"]
    shown = run(place, "show", str(index))
    assert shown.exit_code == 0
    assert "overridden by director" in shown.output
    assert "She led for a year." in shown.output
    whole = json.loads(run(place, "show", str(index), "--json").output)
    assert whole["contents"]["/verdict"]["candidate"] == {"id": "Ann"}
    only = json.loads(run(place, "show", str(index), "--json", "--envelope").output)
    assert list(only) == ["envelope"]
    assert run(place, "show", "999").exit_code == 2


def test_replay_needs_the_log_and_nothing_else(place: Path) -> None:
    """The folder of the policies is gone, and every verdict comes out to the byte."""
    done = run(place, "replay", "--all")
    assert (done.exit_code, done.output) == (0, "3 match\n")
    (one,) = lines(run(place, "replay", verdicts(place)[0]["id"], "--json"))
    assert (one["result"], one["differences"]) == ("match", [])
    assert run(place, "replay", "--sample", "2").exit_code == 0
    assert run(place, "replay").exit_code == 2
    assert run(place, "replay", "--since", "2300-01-01").output == "no verdicts\n"


def test_person_tells_everything_that_is_held_of_somebody(place: Path) -> None:
    """They may ask for it; somebody of whom nothing is held is told so."""
    figures = run(place, "person", "Ann")
    assert figures.exit_code == 0
    assert "2 verdict not_eligible" in figures.output
    assert "1 decision overridden" in figures.output
    assert "shown to: labour court (1)" in figures.output
    whole = json.loads(run(place, "person", "-", "--json", input="Ann\n").output)
    assert [each["kind"] for each in whole["entries"]] == ["verdict", "verdict", "decision", "disclosure"]
    assert run(place, "person", "Zoe").exit_code == 1


def test_every_read_is_recorded_without_a_name(place: Path) -> None:
    """Auditors are audited."""
    run(place, "person", "Ann")
    reads = lines(run(place, "find", "--kind", "audit", "--json", "--limit", "1000"))
    assert {each["detail"]["read"] for each in reads} >= {"find", "person"}
    assert "Ann" not in json.dumps(reads)


def reader(place: Path) -> str:
    """Who reads now, as the log says afterwards."""
    run(place, "find", "--limit", "1")
    index = lines(run(place, "find", "--kind", "audit", "--json", "--limit", "10000"))[-1]["index"]
    caller: str = json.loads(run(place, "show", str(index), "--json").output)["contents"]["/caller"]
    return caller


def test_a_reader_cannot_choose_under_which_name_they_read(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads about people could otherwise have it recorded as somebody else."""
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert reader(place) == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"


def test_a_reader_without_a_name_is_known_by_number(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user often has none."""
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    assert reader(place) == "cli:54321"


def test_a_replay_that_was_stopped_is_recorded_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have shown what is private by then."""

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    before = len(lines(run(place, "find", "--kind", "audit", "--json", "--limit", "10000")))
    monkeypatch.setattr(log_replay, "_told", stopped)
    assert run(place, "replay", "--all", "--json").exit_code == 1
    reads = lines(run(place, "find", "--kind", "audit", "--json", "--limit", "10000"))[before:]
    index = verdicts(place)[0]["index"]
    assert [each["detail"]["entries"] for each in reads if each["detail"]["read"] == "replay"] == [[index]]
