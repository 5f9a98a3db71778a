"""Seconds for `ladders check` of 1,000 policy files, with a charter and without, and `ladders test` of 10,000
cases; run it with `python -m bench.policies [ROUNDS]`.

Both are run as people run them, start of the program included; what counts is the time on the clock, and CPU
time beside it says how much of that this machine had for it. The files are generated: craft tracks of four
levels, every fifth a people track of one, all with four versions; the charter makes every promise that there
is. The cases are rows and single cases about the bundled policies, a third of which also expect a day or
openings, which takes more work.
"""

from __future__ import annotations

import resource
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
  wish: {type: yes_no, label: own wish, can_change: no}
  months_leading: {type: number, label: months of leading people}
  coached: {type: yes_no, label: has coached}
  delegated: {type: yes_no, label: has delegated}
  mediated: {type: yes_no, label: has handled conflict}
  since: {type: date, label: start in the level, can_change: no}
  trainings:
    type: records
    label: finished trainings
    fields: {course: {type: text}, completed_on: {type: date}}
    dated_by: completed_on
"""
CHARTER = """promises:
  - {id: as-high, promise: every craft ladder reaches at least as high as every people ladder, why: w}
  - {id: trained, promise: every people level asks for training before the start, why: w}
  - {id: wish, promise: every people level asks for the person's own wish, why: w}
  - {id: skills, promise: every people level asks for at least two leadership skills, why: w}
  - {id: not-craft-alone, promise: no people level can be reached on craft alone, why: w}
  - {id: way-back, promise: every people level has a way back to craft at the same grade, why: w}
  - id: mastery
    promise: every craft ladder ends in a mastery level that nobody is made to leave
    why: w
  - {id: rise, promise: nobody has to lead people in order to rise, why: w}
  - {id: protected, promise: protected facts are used nowhere, why: w}
stands_for:
  training: {fact: trainings, finished: completed_on}
  wish: {fact: wish, is: yes}
  leadership: [coached, delegated, mediated]
  craft: [score, rating]
  leading: [months_leading]
"""
PEOPLE = """  - level: lead
    title: Lead
    grade: 4
    enter_from: [track-{craft}/level-4]
    way_back: {{months: 12, to: same grade on the craft track left}}
    requires:
      - id: trained
        text: Course {n} is finished
        some: trainings
        where: [{{fact: course, is: course-{n}}}, {{fact: completed_on, within_last: 24 months}}]
      - {{id: own-wish, text: The person has asked for it, fact: wish, is: yes}}
      - id: skills
        text: Two leadership skills
        at_least: 2
        of:
          - {{fact: coached, is: yes}}
          - {{fact: delegated, is: yes}}
          - {{fact: mediated, is: yes}}
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
    """So many policy files: the vocabulary, a charter, and versions of tracks."""
    folder.mkdir(parents=True)
    (folder / "facts.yaml").write_text(FACTS, "utf-8")
    (folder / "charter.yaml").write_text(CHARTER, "utf-8")
    for number in range(2, count):
        at, year = number // 4, 2020 + number % 4
        people = at % 5 == 4
        if people:
            levels = PEOPLE.format(n=number, craft=at - 1)
        else:
            levels = "".join(_craft_level(at, rung, number) for rung in range(1, 5))
        head = f"track: track-{at}\ntitle: Track {at}\nkind: {'people' if people else 'craft'}\n"
        end = "" if year == 2023 else f", to: {year + 1}-01-01"
        period = f"in_force: {{from: {year}-01-01{end}}}\nlevels:\n"
        path = folder / "tracks" / f"track-{at}" / f"{year}-01-01.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + period + levels, "utf-8")


def _craft_level(at: int, rung: int, number: int) -> str:
    """One level of a craft track; on the last before a people track, its leads may come back."""
    back = f"    enter_from: [track-{at}/level-3, track-{at + 1}/lead]\n" if rung == 4 and at % 5 == 3 else ""
    head = f"  - level: level-{rung}\n    title: Level {rung}\n    grade: {rung}\n{back}"
    mastery = "    mastery: yes\n" if rung == 4 else ""
    return f"{head}{mastery}    requires:\n{REQUIREMENTS.format(n=number + rung)}"


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


def seconds(*words: str) -> tuple[float, float]:
    """The time that a command takes which finds nothing wrong, and its CPU time."""
    command = [sys.executable, "-m", "service.cli.main", *words]
    used, begun = _children_s(), time.perf_counter()
    subprocess.run(command, cwd=HOUSE, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun, _children_s() - used


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the figures."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(described())
    with tempfile.TemporaryDirectory() as temporary:
        plain, files, tests = (Path(temporary) / name for name in ("plain", "files", "tests"))
        policy_files(files, FILES)
        shutil.copytree(files, plain, ignore=shutil.ignore_patterns("charter.yaml"))
        test_files(tests, CASES)
        for what, most, words in (
            (f"check of {FILES:,} policy files", 10, ("check", str(plain))),
            ("the same with a charter", 10, ("check", str(files))),
            (f"test of {CASES:,} cases", 20, ("test", str(tests))),
        ):
            took = sorted(seconds(*words) for _ in range(rounds))
            clock = took[len(took) // 2][0]
            cpu = sorted(cpu for _, cpu in took)[len(took) // 2]
            print(
                f"{what:30}{clock:6.1f} s ({took[0][0]:.1f} to {took[-1][0]:.1f}), CPU {cpu:.1f} s"
                f"  (to reach: {most} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
