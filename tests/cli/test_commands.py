"""The commands as people type them: what is shown, and the exit code that a script goes by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service import __version__
from service.cli.main import commands
from service.settings import SETTINGS

HOUSE = Path(__file__).parents[2]
POLICIES = HOUSE / "tests" / "web" / "policies"
REQUEST = {
    "candidate": {"id": "E-1042"},
    "from": {"track": "stone-craft", "level": "mason"},
    "to": {"track": "people-lead", "level": "team-lead"},
    "as_of": "2027-01-01",
    "submitted_on": "2026-11-20",
    "facts": {"wants_people_role": True, "rating": "meets", "trainings": []},
}
TRAINED = {**REQUEST["facts"], "trainings": [{"course": "lead", "completed_on": "2026-05-04", "hours": 8}]}  # type: ignore[dict-item]  # the facts of the request above are an object


def run(*words: object, input: str | bytes | None = None, **environment: str) -> Result:  # noqa: A002 - click calls it so
    """A command, run in this process without any setting but these."""
    cleared: dict[str, str | None] = {name: None for name in os.environ if name.startswith("LADDERS_")}
    return CliRunner().invoke(
        commands, [str(word) for word in words], input=input, env={**cleared, **environment}
    )


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    """The request above, in a file."""
    path = tmp_path / "request.json"
    path.write_text(json.dumps(REQUEST), "utf-8")
    return path


@pytest.fixture
def wrong_policies(tmp_path: Path) -> Path:
    """A policy folder with two mistakes."""
    folder = tmp_path / "policies"
    (folder / "tracks" / "stone-craft").mkdir(parents=True)
    (folder / "facts.yaml").write_text(
        "facts:\n  rating: {type: chioce, label: rating}\n  points: {type: number, lable: points}\n", "utf-8"
    )
    return folder


@pytest.mark.parametrize("words", [(), ("check",), ("explain",), ("serve",), ("config",), ("demo",)])
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    """No manual is needed to start, and a script's author finds the exit codes."""
    shown = run(*words, "--help")
    assert shown.exit_code == 0
    assert "Exit codes:" in shown.output


def test_the_version_is_told() -> None:
    """The first thing that is asked for in a report."""
    assert run("--version").output == f"ladders {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [("chekc",), ("check", "nowhere"), ("explain",), ("explain", "nowhere.json"), ("config", "--jason")],
)
def test_wrong_usage_ends_with_2(words: tuple[str, ...]) -> None:
    """2 means: nothing was looked at; 1 means: it was, and the answer is no."""
    shown = run(*words)
    assert shown.exit_code == 2
    assert "Traceback" not in shown.output


# ── check ─────────────────────────────────────────────────────────────────────────────────────────────


def test_check_tells_what_a_valid_folder_holds() -> None:
    """Somebody who wrote a level wants to see that it was found."""
    shown = run("check", POLICIES)
    assert shown.exit_code == 0
    assert "is valid: 2 tracks, 3 levels, 9 facts" in shown.output
    assert "policy set sha256:" in shown.output


def test_check_shows_every_problem_with_its_line_and_ends_with_1(wrong_policies: Path) -> None:
    """All at once, with the place and a caret below the word: one round of corrections is enough."""
    shown = run("check", wrong_policies)
    assert shown.exit_code == 1
    assert f"{wrong_policies}/facts.yaml:2:18: problem: " in shown.output
    assert f"{wrong_policies}/facts.yaml:3:26: problem: " in shown.output
    assert "rating: {type: chioce, label: rating}\n" in shown.output
    assert "^^^^^^" in shown.output
    assert "problems" in shown.output.splitlines()[-1]
    assert "\x1b" not in shown.output


def test_check_tells_programs_the_same(wrong_policies: Path) -> None:
    """An editor or a pipeline marks the lines."""
    wrong = json.loads(run("check", "--json", wrong_policies).output)
    assert wrong["valid"] is False
    places = {(problem["file"], problem["line"], problem["column"]) for problem in wrong["problems"]}
    facts = f"{wrong_policies}/facts.yaml"
    assert {(facts, 2, 18), (facts, 3, 26)} <= places
    right = json.loads(run("check", "--json", POLICIES).output)
    assert (right["valid"], right["problems"], right["levels"]) == (True, [], 3)


def test_check_shows_its_progress_on_a_terminal_alone() -> None:
    """A thousand files take seconds; a pipe gets the result and nothing else."""
    command = [sys.executable, "-m", "service.cli.main", "check", str(POLICIES)]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("NO_COLOR", "FORCE_"))}
    spoken = f"import pty, sys; sys.exit(pty.spawn({command!r}) >> 8)"
    shown = [
        subprocess.run(
            words, env={**own, "PYTHONPATH": str(HOUSE), "TERM": "xterm-256color"}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=True,
        )
        for words in (command, [sys.executable, "-c", spoken])
    ]  # fmt: skip
    files = sum(1 for path in POLICIES.rglob("*.yaml"))
    assert (shown[0].stderr, "files" in shown[0].stdout) == ("", False)
    assert f"{files}/{files}" in shown[1].stdout


# ── explain ───────────────────────────────────────────────────────────────────────────────────────────


def test_explain_shows_the_verdict_as_a_tree(request_file: Path) -> None:
    """A person sees at a glance what is met, what is not, why, and what to do."""
    shown = run("explain", request_file, "--policies", POLICIES)
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[0] == "✘ Not eligible for Team lead yet: 1 of 4 requirements is not met."
    assert "├── ✔ The person has asked for a people role" in lines
    assert "├── ✘ At least eight hours of training" in lines
    assert any("? At least half a point (advice only)" in line for line in lines)
    assert "What would change it" in lines
    assert "\x1b" not in shown.output
    assert 80 < max(map(len, lines)) <= 100


def test_explain_says_what_a_looked_up_limit_comes_to_and_counts_one_thing_as_one() -> None:
    """The sentence names the table; whoever misses it by three of four wants to see the four."""
    examples = Path(__file__).parents[2]
    shown = run(
        "explain", examples / "examples/requests/several-reasons.json", "--policies", examples / "policies"
    )
    assert "(found 1, needed 3, missed by 2)" in " ".join(shown.output.split())
    stands, to = ({"track": "software-craft", "level": name} for name in ("engineer", "senior"))
    one = json.dumps({**REQUEST, "from": stands, "to": to, "facts": {"level_since": "2025-07-02"}})
    shown = run("explain", "-", "--policies", examples / "policies", input=one)
    assert "missed by 1 day)" in " ".join(shown.output.replace("│", " ").split())


def test_explain_names_what_something_is_not_so_for(tmp_path: Path) -> None:
    """What was found is how many lack something, which nobody reads out of a bare number."""
    fields = (
        "fields: {ward: {type: choice, choices: [icu, care], label: ward}, good: {type: yes_no, label: good}}"
    )
    (tmp_path / "facts.yaml").write_text(f"facts:\n  shifts: {{type: records, label: shifts, {fields}}}\n")
    track = tmp_path / "tracks" / "craft"
    track.mkdir(parents=True)
    each = "for_each: [icu, care], as: place, some: shifts, where: [{fact: ward, is: {fact: place}}]"
    (track / "2026-01-01.yaml").write_text(
        "track: craft\ntitle: Craft\nkind: craft\nin_force: {from: 2026-01-01}\nlevels:\n"
        "  - level: nurse\n    title: Nurse\n    grade: 1\n    requires:\n"
        f"      - {{id: wards, text: Worked on both, {each}}}\n"
        "      - {id: all-good, text: All good, every: shifts, has: [{fact: good, is: yes}]}\n"
    )
    shifts = [{"ward": "care", "good": False}, {"ward": "care", "good": True}]
    to = {"track": "craft", "level": "nurse"}
    told = json.dumps({**REQUEST, "from": None, "to": to, "facts": {"shifts": shifts}})
    shown = run("explain", "-", "--policies", tmp_path, input=told).output
    assert "(not so for icu)" in " ".join(shown.replace("│", " ").split())
    assert "(not so for 1)" in " ".join(shown.replace("│", " ").split())


def test_explain_calls_nothing_lacking_that_nobody_told() -> None:
    """Missing is not false, of the other levels either."""
    told = json.dumps({**REQUEST, "facts": {"wants_people_role": False, "points": 1}})
    shown = run("explain", "-", "--policies", POLICIES, input=told)
    assert "grade 6): not known yet: Two years as a mason" in " ".join(shown.output.split())


def test_explain_reads_the_standard_input() -> None:
    """So that a request can come from another program."""
    shown = run("explain", "-", "--policies", POLICIES, input=json.dumps({**REQUEST, "facts": TRAINED}))
    assert shown.exit_code == 0
    assert shown.output.startswith("✔ Eligible for Team lead")
    assert "Afterwards" in shown.output


def test_explain_can_show_the_conditions_of_what_is_met(request_file: Path) -> None:
    """Somebody who asks why it was met gets an answer, too."""
    short = run("explain", request_file, "--policies", POLICIES).output
    full = run("explain", request_file, "--policies", POLICIES, "--full").output
    assert "latest rating is at least meets" not in short
    assert "latest rating is at least meets" in full


def test_explain_tells_programs_the_whole_verdict_and_that_it_is_not_recorded(request_file: Path) -> None:
    """The same document as over HTTP, without a place in the log that it does not have."""
    shown = run("explain", request_file, "--policies", POLICIES, "--json")
    told = json.loads(shown.output)
    assert (told["outcome"], told["unmet"]) == ("not_eligible", ["trained"])
    assert told["verdict_id"] == "not-recorded"
    assert "log" not in told


def test_the_outcome_becomes_the_exit_code_when_asked(request_file: Path) -> None:
    """A refusal is a proper answer, so it is 0 unless a script wants to branch on it."""
    assert run("explain", request_file, "--policies", POLICIES, "--exit-code").exit_code == 1
    eligible = json.dumps({**REQUEST, "facts": TRAINED})
    assert run("explain", "-", "--policies", POLICIES, "--exit-code", input=eligible).exit_code == 0
    unknown = json.dumps({**REQUEST, "facts": {}})
    assert run("explain", "-", "--policies", POLICIES, "--exit-code", input=unknown).exit_code == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"a": NaN}', "NaN"),
        (json.dumps({**REQUEST, "as_of": "soon"}), "/as_of: expected a day"),
        (
            json.dumps({**REQUEST, "to": {"track": "people-lead", "level": "leed"}}),
            "there is no level|has no level",
        ),
    ],
)
def test_a_request_that_cannot_be_judged_is_said_with_its_places(text: str, says: str) -> None:
    """Every fault with its pointer, and 2: there is no verdict."""
    shown = run("explain", "-", "--policies", POLICIES, input=text)
    assert shown.exit_code == 2
    assert any(part in shown.output for part in says.split("|"))
    assert "Traceback" not in shown.output


def test_explain_with_wrong_policies_shows_them(request_file: Path, wrong_policies: Path) -> None:
    """No verdict by half a policy."""
    shown = run("explain", request_file, "--policies", wrong_policies)
    assert shown.exit_code == 2
    assert "facts.yaml:2:18" in shown.output


# ── config ────────────────────────────────────────────────────────────────────────────────────────────


def test_config_shows_each_setting_and_where_it_came_from() -> None:
    """The table is the documentation."""
    shown = run("config", LADDERS_PORT="0")
    assert shown.exit_code == 0
    for setting in SETTINGS:
        assert setting.name in shown.output
        assert setting.purpose in shown.output
    (port,) = [line for line in shown.output.splitlines() if line.startswith("LADDERS_PORT")]
    assert port.split()[1:3] == ["0", "environment"]
    told = json.loads(run("config", "--json", LADDERS_PORT="0").output)
    assert told["LADDERS_PORT"]["from"] == "environment"
    assert told["LADDERS_WORKERS"]["from"] == "default"


def test_config_names_everything_that_is_wrong() -> None:
    """Before the service is started with it."""
    shown = run("config", LADDERS_PORT="http", LADDERS_HOTS="::1")
    assert shown.exit_code == 2
    assert "LADDERS_PORT: `http` is not" in shown.output
    assert "did you mean `LADDERS_HOST`?" in shown.output


# ── as processes ──────────────────────────────────────────────────────────────────────────────────────


def process(*words: object, terminal: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own; with a `terminal`, its output goes to one (`script` makes it)."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LADDERS_", "NO_COLOR", "FORCE_"))
    }
    command = [sys.executable, "-m", "service.cli.main", *map(str, words)]
    code = f"import pty, sys; sys.exit(pty.spawn({command!r}) >> 8)"
    return subprocess.run(
        [sys.executable, "-c", code] if terminal else command,
        env={**own, "PYTHONPATH": str(HOUSE), "TERM": "xterm-256color", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_colour_is_for_terminals_alone(request_file: Path) -> None:
    """Files and pipes get plain text; so does a terminal whose owner does not want colour."""
    words = ("explain", request_file, "--policies", POLICIES)
    assert "\x1b[" not in process(*words).stdout
    assert "\x1b[" in process(*words, terminal=True).stdout
    without = process(*words, terminal=True, NO_COLOR="1").stdout
    assert "\x1b[3" not in without
    assert "\x1b[1;3" not in without
    assert "Not eligible" in without


def test_exit_codes_reach_the_shell(request_file: Path, wrong_policies: Path) -> None:
    """What a script sees is what is written in `--help`."""
    assert process("check", POLICIES).returncode == 0
    assert process("check", wrong_policies).returncode == 1
    assert process("check", "nowhere").returncode == 2
    assert process("explain", request_file, "--policies", POLICIES, "--exit-code").returncode == 1


def test_without_unicode_the_marks_are_letters(request_file: Path) -> None:
    """An old terminal shows something, and nothing breaks."""
    shown = process("explain", request_file, "--policies", POLICIES, PYTHONIOENCODING="ascii")
    assert shown.returncode == 0, shown.stderr
    assert "x Not eligible for Team lead yet" in shown.stdout
