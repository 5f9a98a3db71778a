"""What can go wrong: problem documents go in; exceptions that say everything at once come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with a request."""

    pointer: str  #: RFC 6901, from the root of the body
    message: str
    expected: str
    came: str


class LaddersProblem(Exception):
    """The service refused, as its problem document (RFC 9457) says; asking the same again gives the same."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.type = str(document.get("type", "about:blank"))  #: never changes for one kind of problem
        self.title = str(document.get("title", ""))
        self.detail = str(document.get("detail", ""))
        self.request_id = document.get("request_id")  #: for the operator, whose service log has it too
        self.wrong = tuple(
            Wrong(*(str(told.get(name, "")) for name in ("pointer", "message", "expected", "came")))
            for told in document.get("problems", ())
        )
        lines = [f"{status} {self.title}: {self.detail}"]
        lines += [f"  {each.pointer or '/'}: {each.message}" for each in self.wrong]
        super().__init__("\n".join(lines))


class LaddersUnreachable(Exception):
    """No answer came, however often it was asked; nothing that was not recorded was decided."""
