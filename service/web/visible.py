"""Verdicts that the present caller may see: an id goes in; the entry of the log, its document and the views
that the caller may have of it come out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.errors import Fault, NotFound, RequestError
from service.ledger.decision_record import Replaced, happened, superseded_in
from service.ledger.log import Entry, Wanted
from service.ledger.verdict_record import answer, caller_in, document_in
from service.verdict.views import ViewName
from service.web.access import caller
from service.web.errors import Refused
from service.web.parts import parts

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NONE: Final = "there is no verdict with this id in the verdict log"
_MOST: Final = 1000  #: entries about one verdict that are shown


@dataclass(frozen=True, slots=True)
class Visible:
    """A verdict that the caller may see."""

    entry: Entry
    document: Mapping[str, Any]
    views: tuple[ViewName, ...]  #: the one shown unasked first

    def whole(self) -> dict[str, Any]:
        """The verdict with what happened to it since."""
        first = answer(self.document, self.entry.receipt, supersedes=superseded_in(self.entry))
        return {**first, **self.happened()}

    def happened(self) -> dict[str, Any]:
        """What happened to it since."""
        about = Wanted(about=self.entry.receipt.index)
        return happened(parts().log.find(about, limit=_MOST))


def visible(verdict_id: str) -> Visible:
    """The verdict with this id.

    Raises:
        NotFound: There is none, or it is not for the present caller, which looks the same.
        Refused: It was erased.
    """
    entry = parts().log.get(verdict_id) if _ID.fullmatch(verdict_id) else None
    if entry is None or entry.kind != "verdict":
        raise NotFound(_NONE)
    document = document_in(entry)
    views = caller().views(caller_in(entry), None if document is None else document["candidate"]["id"])
    if not views:
        raise NotFound(_NONE)
    if document is None:
        raise Refused("erased", "the content of this verdict was erased")
    return Visible(entry, document, views)


def replaced(raw: Any, candidate: str) -> Replaced | None:
    """The verdict that a request, which was judged already, is to replace; None for most.

    Raises:
        RequestError: There is no such verdict, or no more, or it is about somebody else.
        Refused: Another verdict has replaced it already.
    """
    named = raw.get("supersedes")
    if named is None:
        return None
    try:
        old = visible(named)
    except NotFound:
        raise RequestError([_fault("there is no verdict with this id; leave `supersedes` out")]) from None
    except Refused:  # 410 would be said of this request, which is about nothing that was erased
        raise RequestError([_fault("this verdict was erased; leave `supersedes` out")]) from None
    if old.document["candidate"]["id"] != candidate:
        raise RequestError([_fault("this verdict is about another candidate; leave `supersedes` out")])
    since = old.happened()
    newer = since["superseded_by"]
    if newer is not None:
        raise Refused("not-the-latest", f"this verdict was replaced already; `{newer}` stands in its place")
    standing = [each["decision_id"] for each in since["decisions"] if each["superseded_by"] is None]
    return Replaced(old.entry, standing[-1] if standing else old.entry.id)


def _fault(message: str) -> Fault:
    return Fault(
        "/supersedes", message, "the `verdict_id` of an earlier verdict on this candidate", "another id"
    )
