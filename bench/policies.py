"""Seconds for `ladders check` of 1,000 policy files and `ladders test` of 10,000 cases; run it with
`python -m bench.policies`.

Both are run as people run them, start of the program included. The files are generated: shared requirements
and tracks that use them; the cases are rows and single cases about the bundled policies, a third of which
also expect a day or openings, which takes more work.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.machine import described

FILES, CASES = 1_000, 10_000
CASES_IN_A_FILE = 1_000
HOUSE = Path(__file__).parents[1]

FACTS = """facts:
  score: {type: number, label: score}
  rating: {type: choice, choices: [below, meets, exceeds], ordered: lowest first, label: rating}
  wish: {type: yes_no, label: own wish}
  since: {type: date, label: start in the level, can_change: no}
  trainings:
    type: records
    label: finished trainings
    fields: {course: {type: text}, completed_on: {type: date}}
    dated_by: completed_on
"""
REQUIREMENTS = """      - id: rated
        text: The rating is at least meets
        source: Handbook {n}
        fact: rating
        at_least: meets
      - id: trained
        text: Course {n} is finished
        why: It is needed from the first day.
        some: trainings
        where: [{{fact: course, is: course-{n}}}, {{fact: completed_on, within_last: 24 months}}]
      - id: ready
        text: Two of three
        at_least: 2
        of:
          - {{fact: score, at_least: {n}}}
          - {{fact: wish, is: yes}}
          - {{fact: since, for_at_least: 12 months}}
"""


def policy_files(folder: Path, count: int) -> None:
    """So many policy files: the vocabulary, and versions of tracks with four levels each."""
    folder.mkdir(parents=True)
    (folder / "facts.yaml").write_text(FACTS, "utf-8")
    for number in range(1, count):
        track = f"track-{number // 4}"
        year = 2020 + number % 4
        levels = "".join(
            f"  - level: level-{rung}\n    title: Level {rung}\n    grade: {rung}\n"
            f"    requires:\n{REQUIREMENTS.format(n=number + rung)}"
            for rung in range(1, 5)
        )
        head = f"track: {track}\ntitle: Track {number}\nkind: craft\n"
        period = f"in_force: {{from: {year}-01-01, to: {year + 1}-01-01}}\nlevels:\n"
        path = folder / "tracks" / track / f"{year}-01-01.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + period + levels, "utf-8")


def test_files(folder: Path, count: int) -> None:
    """So many cases about the bundled policies, which are copied there."""
    shutil.copytree(HOUSE / "policies", folder, ignore=shutil.ignore_patterns("tests"))
    people = (HOUSE / "policies" / "tests" / "software-craft.yaml").read_text("utf-8")
    head = people[: people.index("\ncases:")]
    (folder / "tests").mkdir()
    for first in range(0, count, CASES_IN_A_FILE):
        lines = "\n".join(_cases(first, min(CASES_IN_A_FILE, count - first)))
        (folder / "tests" / f"cases-{first:06}.yaml").write_text(f"{head}\n{lines}\n", "utf-8")


def _cases(first: int, count: int) -> Iterator[str]:
    yield "cases:"
    for number in range(first, first + count // 2):
        yield f"  - case: single {number}"
        yield "    given: grace"
        yield f"    with: {{level_since: 2025-0{number % 6 + 1}-{number % 28 + 1:02}}}"
        yield "    to: software-craft/senior"
        yield "    expect: eligible"
        if number % 3 == 0:
            yield "    open_to_you: none"
    yield "tables:"
    yield "  - table: rows"
    yield "    given: farid"
    yield "    to: software-craft/engineer"
    yield "    columns: [case, level_since, formal_warnings, expect, unmet, eligible_from]"
    yield "    rows:"
    for number in range(first, first + count - count // 2):
        month, since = f"0{number % 9 + 1}", f"2025-05-{number % 28 + 1:02}"
        warned = f"[{{issued_on: 2026-{month}-11}}]"
        yield f"      - [{number}, {since}, {warned}, not_eligible, good-standing, 2027-{month}-12]"


def seconds(*words: str) -> float:
    """The time a command takes that finds nothing wrong."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "service.cli.main", *words]
    subprocess.run(command, cwd=HOUSE, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def main() -> None:
    """Print the two figures."""
    print(described())
    with tempfile.TemporaryDirectory() as temporary:
        files, tests = Path(temporary) / "files", Path(temporary) / "tests"
        policy_files(files, FILES)
        test_files(tests, CASES)
        for what, most, words in (
            (f"check of {FILES:,} policy files", 10, ("check", str(files))),
            (f"test of {CASES:,} cases", 20, ("test", str(tests))),
        ):
            print(f"{what:30}{seconds(*words):6.1f} s  (to reach: {most} s)", flush=True)


if __name__ == "__main__":
    main()
