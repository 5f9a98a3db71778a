"""Every error that Ladders raises on purpose, and the two ways in which it says what is wrong.

    LaddersError
    ├── PolicyError        the policy folder is wrong: every `Problem`, with file, line and column
    ├── RequestError       a request is wrong: every `Fault`, with a JSON pointer
    ├── SettingsError      a setting is wrong: one line per setting
    ├── NotFound           nothing has that name here
    ├── NotKnown           who asks is not known from what they sent
    ├── AccessUnavailable  it cannot be found out now who asks
    ├── LogUnavailable     the verdict log cannot be written or read now; no verdict may be released
    │   ├── LogRolledBack      it holds less than its anchor says that it held
    │   ├── LogTampered        it holds other entries than its anchor says
    │   └── AnotherMeaning     it holds verdicts by the same version with another meaning
    ├── AnchorUnavailable  what leaves this machine cannot be kept or read now
    ├── ExportUnavailable  an export of that form cannot be written here
    ├── WitnessFailed      a witness did not cosign a checkpoint
    │   └── WitnessAhead       it has seen more entries than the checkpoint has
    ├── NotProven          a signature, a proof or a trust file does not show what it should
    ├── RecordConflict     the log already holds other content under that id
    │   └── KeyReused          something else was asked for before under the same key
    └── EngineError        the engine could not decide with certainty; no verdict may be released
        ├── EngineFault        durable-rules did something unexpected
        └── Disagreement       durable-rules and the reference differ

`web/errors.py` alone turns these into responses, and `cli` into exit codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a policy file; line and column count from 1."""

    file: str  #: relative to the policy folder, with forward slashes
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in a policy file, in words for the person who writes it."""

    where: Position
    message: (
        str  #: starts in lower case, no final period, the author's words in backticks, and says the remedy
    )
    excerpt: str = ""  #: the line of the file, without its end
    width: int = 1  #: how many characters the caret underlines

    def __str__(self) -> str:
        if not self.excerpt:
            return f"{self.where}: {self.message}"
        caret = " " * (self.where.column - 1) + "^" * max(1, self.width)
        return f"{self.where}: {self.message}\n    {self.excerpt}\n    {caret}"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong in a request."""

    pointer: str  #: RFC 6901, from the root of the body: `/facts/rating`; empty for the whole body
    message: str  #: what is wrong and what to send instead; never the value of a fact
    expected: str = ""  #: what may stand there, in words
    came: str = (
        ""  #: what kind of thing came: `text`, `number`, `nothing`; the value itself only for names and ids
    )


class LaddersError(Exception):
    """Whatever Ladders raises on purpose."""


class PolicyError(LaddersError):
    """The policy folder is wrong; `problems` is sorted by file, line and column."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class RequestError(LaddersError):
    """The request is wrong; `faults` is sorted by pointer."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("; ".join(f"{fault.pointer or '/'}: {fault.message}" for fault in self.faults))


class SettingsError(LaddersError):
    """Settings are wrong; `lines` names each with its remedy."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


class NotFound(LaddersError):
    """Nothing has that name here; the message says what exists."""


class NotKnown(LaddersError):
    """Who asks is not known from what they sent; the message says why, and repeats nothing of it."""


class AccessUnavailable(LaddersError):
    """It cannot be found out now who asks."""


class LogUnavailable(LaddersError):
    """The verdict log cannot be written or read now."""


class LogRolledBack(LogUnavailable):
    """The verdict log holds less than it held when a checkpoint left this machine."""


class LogTampered(LogUnavailable):
    """The verdict log holds something else than it held when a checkpoint left this machine."""


class AnotherMeaning(LogUnavailable):
    """The verdict log holds verdicts by a version with a meaning that it cannot have here."""


class AnchorUnavailable(LaddersError):
    """The anchor of the verdict log cannot be written or read now."""


class ExportUnavailable(LaddersError):
    """An export of that form cannot be written here; the message says what is missing."""


class WitnessFailed(LaddersError):
    """A witness did not cosign a checkpoint; the message says why and whether it contradicts the log."""


class WitnessAhead(WitnessFailed):
    """A witness has seen more than the checkpoint, `seen` entries; the log may have grown so far by now."""

    def __init__(self, message: str, seen: int) -> None:
        super().__init__(message)
        self.seen = seen


class NotProven(LaddersError):
    """A signature, a proof, a checkpoint or a trust file does not show what it should."""


class RecordConflict(LaddersError):
    """The log already holds other content under that id."""


class KeyReused(RecordConflict):
    """Something else was asked for before under the same key; `kind` says what kind of key that is."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"something else was asked for before under this {kind}; choose a new one")
        self.kind = kind


class EngineError(LaddersError):
    """The engine could not decide with certainty."""


class EngineFault(EngineError):
    """durable-rules did something that the contract does not allow."""


class Disagreement(EngineError):
    """durable-rules and the reference gave different answers."""


def did_you_mean(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """The end of a sentence that offers the nearest known word: `; did you mean `trainings`?`, or nothing."""
    near = get_close_matches(word, list(known), n=1, cutoff=likeness)
    return f"; did you mean `{near[0]}`?" if near else ""
