"""Replay: an entry of the log goes in; whether the same verdict comes out today, of what the log keeps.

The request is judged again as it came, by the files of the policy set that judged it then, as of the moment
at which it was judged; the bytes of the document must be those that the entry commits to. The folder of the
policies and the clock have no part in it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, Literal

from service.errors import EngineError, LaddersError, PolicyError
from service.facts.json_text import read_json
from service.ledger.canonical import canonical
from service.ledger.log import Entry, Log
from service.ledger.policy_record import files_kept
from service.ledger.verdict_record import document_in, request_in
from service.policy.load import load_files
from service.verdict.judge import ENGINE, Judge

Outcome = Literal["match", "mismatch", "erased", "policy-unavailable", "engine-unavailable"]
_SETS: Final = 4  #: policy sets that are kept ready
_MOST_DIFFERENCES: Final = 50


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two verdicts differ."""

    pointer: str
    recorded: Any  #: None: it was not there
    now: Any


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of judging again.

    `match`: the same bytes, or the same but for the name of the engine. `mismatch`: the same engine says
    something else. `engine-unavailable`: another engine is here, and says something else. `erased`: the
    request is gone. `policy-unavailable`: the log does not keep the policies, as logs before 0.1.0 did not.
    """

    result: Outcome
    engine: str  #: that judged then
    differences: tuple[Difference, ...] = ()
    why: str = ""


class Replayer:
    """Judges again what a log holds; to be closed."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._judges: OrderedDict[str, Judge | None] = OrderedDict()

    def replay(self, entry: Entry) -> Replay:
        """Judge again what the verdict in an entry answers.

        Raises:
            LogUnavailable: The log cannot be read.
            EngineError: The engine could not decide with certainty.
        """
        recorded, text = document_in(entry), request_in(entry)
        if recorded is None or text is None:
            return Replay("erased", "")
        engine = str(recorded["engine"])
        try:
            judge = self._judge(recorded["policy"]["files"])
        except PolicyError as refused:  # they judged then
            return Replay(_unlike(engine), engine, why=f"the policies are refused now: {refused}")
        if judge is None:
            return Replay("policy-unavailable", engine)
        judged_at = datetime.strptime(recorded["dates"]["judged_at"], "%Y-%m-%dT%H:%M:%SZ").replace(
            tzinfo=UTC
        )
        try:
            verdict = judge.verdict(read_json(text), verdict_id=entry.id, judged_at=judged_at)
        except EngineError:
            raise
        except LaddersError as refused:  # the same request was taken then
            return Replay(_unlike(engine), engine, why=f"the request is refused now: {refused}")
        now = dict(verdict.document)
        but_for_the_engine = {**recorded, "engine": ENGINE}
        if canonical(now) == canonical(but_for_the_engine):
            return Replay("match", engine)
        differences = islice(_differences(but_for_the_engine, now, ""), _MOST_DIFFERENCES)
        return Replay(_unlike(engine), engine, tuple(differences))

    def close(self) -> None:
        """Give the judges back."""
        for judge in self._judges.values():
            if judge is not None:
                judge.close()
        self._judges.clear()

    def _judge(self, files_digest: str) -> Judge | None:
        """The judge by the files with this digest."""
        if files_digest in self._judges:
            self._judges.move_to_end(files_digest)
            return self._judges[files_digest]
        files = files_kept(self._log, files_digest)
        judge = None if files is None else Judge(load_files(files))
        self._judges[files_digest] = judge
        if len(self._judges) > _SETS:
            _, oldest = self._judges.popitem(last=False)
            if oldest is not None:
                oldest.close()
        return judge


def _unlike(engine: str) -> Outcome:
    return "mismatch" if engine == ENGINE else "engine-unavailable"


def _differences(recorded: Any, now: Any, pointer: str) -> Iterator[Difference]:
    """Where two documents differ, as deep as can be told."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        for name in sorted(recorded.keys() | now.keys()):
            place = f"{pointer}/{name}"
            if name in recorded and name in now:
                yield from _differences(recorded[name], now[name], place)
            else:
                yield Difference(place, recorded.get(name), now.get(name))
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for index, (left, right) in enumerate(zip(recorded, now, strict=True)):
            yield from _differences(left, right, f"{pointer}/{index}")
    elif canonical(recorded) != canonical(now):  # to Python, true is 1
        yield Difference(pointer, recorded, now)
