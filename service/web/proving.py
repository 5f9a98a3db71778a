"""Proving: a copy of a policy folder goes in; a judge that may be put in force, or every problem, comes out.

The files are checked, the engine is held against the reference, and where `folder.yaml` says `require_tests:
yes` the policy tests are run. A running service has that done by a process of its own, which writes one JSON
object, and packs the set for the workers: so a check, however long and whatever it meets, neither slows down
nor harms the processes that answer.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from service.errors import EngineError, LogUnavailable, PolicyError, Position, Problem
from service.ledger.address import Place, log_place, written
from service.ledger.frozen import refuse_changed
from service.policy.folder import FILE, read_wishes
from service.policy.load import load
from service.policy.model import PolicySet
from service.policy.packed import pack
from service.simulate.files import load_tests
from service.simulate.model import Checked
from service.simulate.said import headline
from service.simulate.suite import run_all
from service.verdict.judge import Judge

MOST_TOLD: Final = 100  #: problems; the rest is counted


def proved(folder: Path, today: date) -> Judge:
    """The judge of a policy folder in which all is well.

    Args:
        folder: The copy.
        today: Ends the skips of policy tests whose day has passed.

    Raises:
        PolicyError: Something is wrong in the files, or a policy test that must pass does not.
        EngineError: durable-rules does not decide a level as the reference does.
    """
    judge = Judge(load(folder))
    try:
        problems = list(_failing(folder, judge, today)) if read_wishes(folder)[0].require_tests else []
        if problems:
            raise PolicyError(problems)
    except BaseException:
        judge.close()
        raise
    return judge


def said(problem: Problem) -> str:
    """A problem as it is told: `file:line:column: message`."""
    return f"{problem.where}: {problem.message}"


def _failing(folder: Path, judge: Judge, today: date) -> Iterator[Problem]:
    tests = load_tests(folder, judge.policies)
    if not tests:
        message = "policy tests are required, but there are none; write one in `tests/`, or delete this line"
        yield Problem(Position(FILE, 1, 1), message)
    for checked in run_all(tests, judge, today=today).failing:
        yield from _why(checked)


def _why(checked: Checked) -> Iterator[Problem]:
    test = checked.test
    if checked.state == "overdue" and test.skip is not None:
        yield test.skip.overdue
    for difference in checked.differences:
        at = difference.test
        message = f"the policy test `{test.name}` fails: {headline(difference)}"
        yield Problem(Position(at.file, at.line, at.column), message)


def proof(folder: Path, packed: Path, today: date, log: Place | None = None) -> Mapping[str, Any]:
    """What came out of proving a folder: the digests, or the problems as text.

    Args:
        folder: The copy.
        packed: Where to pack the set when all is well.
        today: Ends the skips of policy tests whose day has passed.
        log: A verdict log: a version that has issued a verdict must mean the same as then.
    """
    try:
        judge = proved(folder, today)
        if log is not None:
            refuse_changed(judge.policies, log, may_be_missing=True)
        with packed.open("wb") as file:
            pack(judge.policies, file)
    except PolicyError as wrong:
        told = [said(problem) for problem in wrong.problems]
        return {"problems": told[:MOST_TOLD], "count": len(told)}
    except (EngineError, LogUnavailable) as wrong:
        return {"problems": [str(wrong)], "count": 1}
    return {**told_of(judge.policies), "problems": [], "count": 0}


def told_of(policies: PolicySet) -> dict[str, Any]:
    """How a policy set is named where no policies are known."""
    return {
        "policy_set": policies.digest,
        "policy_files": policies.files_digest,
        "warnings": len(policies.warnings),
    }


def tell(process: subprocess.Popen[bytes], log: Place | None) -> None:
    """Say to the process that proves where the verdict log lies: a command line would show it to others."""
    if process.stdin:
        with suppress(OSError):  # it is gone already, which its exit code tells
            process.stdin.write(f"{written(log) if log else ''}\n".encode())
            process.stdin.flush()


def main() -> None:
    """Prove the folder that the command line names, FOLDER PACKED, with the verdict log that `tell` names."""
    log = sys.stdin.readline().strip()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    folder, packed = map(Path, sys.argv[1:])
    place = log_place(log) if log else None
    told = orjson.dumps(proof(folder, packed, datetime.now(UTC).date(), place))
    sys.stdout.buffer.write(told)
    sys.stdout.flush()
    os._exit(0)  # the other thread waits for ever


def _end_with_parent() -> None:
    """The other end of the standard input closes when the process that asked is gone."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)
