"""Callers: who asks, and what they may do and see. Values only.

A caller is a program, or a candidate who looks at what was said about them. A candidate has no name here:
who they are is personal, and stands in no log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from service.verdict.views import ViewName

Scope = Literal["submit", "simulate", "author", "audit", "decide", "operate"]
CallerKind = Literal["open", "key", "token", "candidate"]

#: Every scope, and what it lets a caller do.
SCOPES: Final[dict[Scope, str]] = {
    "submit": "have requests judged, and read one's own verdicts again in the workflow view",
    "simulate": "ask what would be, without a verdict",
    "author": "have policies checked, tested and compared",
    "audit": "read every verdict and the verdict log, in the audit view",
    "decide": "read every verdict in the workflow view, and record what a person decided after it",
    "operate": "see how the service stands, read its metrics and have policies read again",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. Keys that bear one name are one caller; a token and a key of one name are two."""

    name: str
    kind: CallerKind
    scopes: frozenset[Scope]
    candidate: str | None = field(default=None, repr=False)  #: the candidate's id; personal

    @property
    def owner(self) -> str:
        """What is kept with a verdict to know its caller again: `key:workday`."""
        return f"{self.kind}:{self.name}"

    @property
    def asker(self) -> str:
        """Whose are the names under which something is sent again: candidates have one owner, and each has
        names of their own. Personal.
        """
        return self.owner if self.candidate is None else f"{self.owner}:{self.candidate}"

    def views(self, owner: str | None, person: str | None) -> tuple[ViewName, ...]:
        """The views that this caller may have of a verdict, the one shown unasked first; none: not theirs.

        Args:
            owner: Whose request it was; None when nobody remembers.
            person: The id of the candidate that it is about.
        """
        if "audit" in self.scopes:
            return ("audit", "workflow", "candidate")
        if self.candidate is not None:
            return ("candidate",) if person == self.candidate else ()
        return ("workflow", "candidate") if owner == self.owner or "decide" in self.scopes else ()


#: Everybody, where nobody is asked who they are.
ANYONE: Final = Caller("anyone", "open", frozenset(SCOPES))
#: Whoever looks at what stands open, where callers are known otherwise.
NOBODY: Final = Caller("nobody", "open", frozenset())


def candidate_caller(candidate: str) -> Caller:
    """A candidate, who may see what was said about them."""
    return Caller("candidate", "candidate", frozenset(), candidate)
