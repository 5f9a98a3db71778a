"""Signed receipts in answers: where a record stands goes in; the one line that its author may keep comes out.

It stands beside what was recorded and is no part of it, so that a verdict stays the same bytes whenever it is
read. A receipt that cannot be signed withholds no verdict: that is in the log, and whoever asks again gets it
with a receipt.
"""

from __future__ import annotations

from typing import Any, Final

from service.errors import LaddersError
from service.ledger.record import Receipt
from service.ledger.signed_receipt import in_one_line
from service.web import observe
from service.web.journal import journal
from service.web.parts import parts

HEADER: Final = "Ladders-Receipt"
MEMBER: Final = "receipt"
DESCRIPTION: Final = (
    "the signed receipt, in base64: keep it, and `ladders log check-receipt` proves with it that the log"
    " promised this entry. Left out in the rare case that it could not be signed; the same request sent again"
    " gets one"
)
IN_ANSWER: Final[dict[str, Any]] = {HEADER: {"description": DESCRIPTION, "schema": {"type": "string"}}}


def signed_receipt(receipt: Receipt) -> str | None:
    """The signed receipt in one line; None when it cannot be signed now."""
    try:
        return in_one_line(parts().log.signed(receipt))
    except LaddersError as refused:
        journal().error("no-receipt", request_id=observe.request_id(), index=receipt.index, why=str(refused))
        return None


def in_header(receipt: Receipt) -> dict[str, str]:
    """It as a header of an answer."""
    line = signed_receipt(receipt)
    return {} if line is None else {HEADER: line}


def as_member(receipt: Receipt) -> dict[str, str]:
    """It as a member of one of several answers."""
    line = signed_receipt(receipt)
    return {} if line is None else {MEMBER: line}
