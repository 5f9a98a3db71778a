"""Drafts: the files of a policy set that is not in force, and a request, go in; the verdict by that set, or
everything wrong with it, comes out.

Whoever sends a draft may send anything. So it is checked, proved and judged by a process of its own
(`python -m service.web.drafting`), which has a limit of time and of memory, writes no file, and is gone
afterwards with all that it held. One at a time runs beside each worker.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from datetime import datetime
from threading import BoundedSemaphore
from typing import Any, Final

import orjson

from service.errors import EngineError, Fault, PolicyError, RequestError
from service.facts.json_text import read_json, write_json
from service.facts.reading import escape
from service.policy.load import load_files
from service.simulate.what_if import Simulation
from service.verdict.judge import Judge
from service.web.errors import Refused

TIME_S: Final = 20  #: of the processor, for all of it
WAIT_S: Final = 60  #: of the clock: others go first
MEMORY: Final = 1024 * 1024 * 1024  #: bytes of address space
MOST_TOLD: Final = 100  #: problems and warnings; the rest is counted
_COMMAND: Final = (sys.executable, "-P", "-m", "service.web.drafting")
_OURS: Final = ("LADDERS_", "PROMETHEUS_", "OTEL_")
_NICE: Final = 5
_BROKEN, _TOO_MUCH = 1, 3  #: how the process ends: by a mistake of ours, or out of memory
_turn: Final = BoundedSemaphore(1)


def judge_by_draft(
    simulation: Simulation, verdict_id: str, now: datetime
) -> tuple[dict[str, Any], list[str]]:
    """The document of the verdict by the draft of a simulation, and what the draft is warned of.

    Raises:
        Refused: The draft is wrong, or takes too long; or another one is being judged.
        RequestError: The request cannot be judged by it.
        EngineError: The engine could not decide with certainty.
    """
    asked = {
        "files": simulation.files,
        "request": write_json(simulation.changed).decode(),
        "verdict_id": verdict_id,
        "now": now.isoformat(),
    }
    told = _asked(orjson.dumps(asked))
    if "document" in told:
        return told["document"], told["warnings"]
    if "problems" in told:
        raise _wrong_draft(told)
    if "faults" in told:
        raise RequestError(Fault(*fault) for fault in told["faults"])
    raise EngineError(told["engine"])


def _asked(question: bytes) -> dict[str, Any]:
    """What the other process says."""
    if not _turn.acquire(blocking=False):
        raise Refused("overloaded", "another draft is being judged")
    try:
        ended = subprocess.run(  # noqa: S603 - our own command line
            _COMMAND,
            input=question,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith(_OURS)},
            timeout=WAIT_S,
            check=False,
        )
        if ended.returncode == _BROKEN:
            raise RuntimeError("the process that judges drafts broke")
        answer: dict[str, Any] = orjson.loads(ended.stdout)
    except (subprocess.TimeoutExpired, orjson.JSONDecodeError) as broken:
        most = f"{TIME_S} s or {MEMORY // 1024**2} MiB"
        message = f"judging by these policies takes more than {most}; send a smaller set"
        raise Refused(
            "wrong-policies", message, [Fault("/policies", message, "a smaller set", "a large one")]
        ) from broken
    finally:
        _turn.release()
    return answer


def _wrong_draft(told: dict[str, Any]) -> Refused:
    faults = [
        Fault(f"/policies/{escape(file)}", message, "what `ladders check` accepts", "something else")
        for file, message in told["problems"]
    ]
    detail = (
        faults[0].message if told["count"] == 1 else f"{told['count']} things are wrong with the policies"
    )
    return Refused("wrong-policies", detail, faults)


def answer_to(question: bytes) -> dict[str, Any]:
    """What is said to one question; never an exception of ours."""
    asked = orjson.loads(question)
    try:
        policies = load_files({name: text.encode() for name, text in asked["files"].items()})
        judge = Judge(policies)
        try:
            verdict = judge.verdict(
                read_json(asked["request"].encode()),
                verdict_id=asked["verdict_id"],
                judged_at=datetime.fromisoformat(asked["now"]),
            )
        finally:
            judge.close()
    except PolicyError as wrong:
        told = [(each.where.file, f"{each.where}: {each.message}") for each in wrong.problems]
        return {"problems": told[:MOST_TOLD], "count": len(told)}
    except RequestError as wrong:
        told_of = [(each.pointer, each.message, each.expected, each.came) for each in wrong.faults]
        return {"faults": told_of}
    except EngineError as failed:
        return {"engine": str(failed)}
    warnings = [f"{each.where}: {each.message}" for each in policies.warnings]
    return {"document": verdict.document, "warnings": warnings[:MOST_TOLD]}


def main() -> None:
    """Answer the one question on the standard input, within the limits."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (TIME_S, TIME_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        sys.stdout.buffer.write(orjson.dumps(answer_to(sys.stdin.buffer.read())))
    except MemoryError:
        sys.exit(_TOO_MUCH)


if __name__ == "__main__":
    main()
