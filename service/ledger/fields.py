"""Fields: the private parts of a record, as they are stored, go in; the fields that its leaf commits to come
out.

A part is committed as it is. Beside the text of a request stands each of its facts, and the document of a
verdict gives way to its members, so that one answer can be shown without the others: `/facts/rating`,
`/verdict/outcome`, `/verdict/findings/3`. What a replay must come to is `/replay/verdict_sha256`.
Sealing, checking and disclosing all ask this module, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import orjson

from service.errors import RequestError
from service.facts.json_text import read_json
from service.ledger.canonical import WIDEST

REQUEST: Final = "/request"  #: the text of a request, as one text
VERDICT: Final = "/verdict"  #: the document of a verdict
REPLAY: Final = "/replay/verdict_sha256"
_FINDINGS: Final = "findings"

Members = dict[str, bytes | list[bytes]]  #: canonical bytes of each member of a document, in their order


def fields_of(
    parts: Mapping[str, bytes], *, request: Any = None, members: Members | None = None
) -> dict[str, bytes]:
    """The committed fields, canonical bytes by JSON pointer, of stored parts.

    Args:
        parts: Canonical bytes by JSON pointer.
        request: The value of the request, where it is at hand.
        members: The members of the document, likewise.
    """
    fields: dict[str, bytes] = {}
    for pointer, part in parts.items():
        if pointer == REQUEST:
            fields[pointer] = part
            fields.update(_request_fields(_request(orjson.loads(part)) if request is None else request))
        elif pointer == VERDICT:
            fields.update(_document_fields(members or members_of(orjson.loads(part)), part))
        else:
            fields[pointer] = part
    return fields


def _request_fields(request: Any) -> Iterator[tuple[str, bytes]]:
    """A field for each fact that a request sends; a number with decimals is its text."""
    facts = request.get("facts") if isinstance(request, dict) else None
    for name, value in facts.items() if isinstance(facts, dict) else ():
        yield f"/facts/{_escaped(name)}", _told(value)


def fingerprint(request: Any) -> bytes:
    """What two requests have in common that ask the same, however they are written."""
    return sha256(_told(request)).digest()


def members_of(document: Mapping[str, Any]) -> Members:
    """The canonical bytes of each member of a canonical document, by name; of the findings, of each."""
    return {
        name: [written(finding) for finding in value]
        if name == _FINDINGS and isinstance(value, list)
        else written(value)
        for name, value in sorted(document.items())
    }


def document_of(members: Members) -> bytes:
    """The canonical document with these members."""
    return b"{%b}" % b",".join(
        b"%b:%b" % (orjson.dumps(name), b"[%b]" % b",".join(value) if isinstance(value, list) else value)
        for name, value in members.items()
    )


def _document_fields(members: Members, document: bytes) -> Iterator[tuple[str, bytes]]:
    """A field for each member of a verdict and for each finding, and what a replay must come to."""
    for name, value in members.items():
        if isinstance(value, list):
            for number, finding in enumerate(value):
                yield f"{VERDICT}/{name}/{number}", finding
        else:
            yield f"{VERDICT}/{name}", value
    yield REPLAY, b'"%b"' % sha256(document).hexdigest().encode()


def _request(text: Any) -> Any:
    """The value of the text of a request; None when it is none that could be judged."""
    try:
        return read_json(text.encode()) if isinstance(text, str) else None
    except RequestError:
        return None


def written(value: Any) -> bytes:
    """The bytes of a value that is inside the canonical profile already."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _told(value: Any) -> bytes:
    """The canonical bytes of a value of a request."""
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except TypeError:  # a whole number beyond what every JSON reader keeps exact
        return written(_plain(value))


def _plain(value: Any) -> Any:
    """A value of a request as canonical JSON can hold it."""
    match value:
        case Decimal():
            return format(value, "f")
        case bool() | str() | None:
            return value
        case int():
            return value if abs(value) <= WIDEST else str(value)
        case list():
            return [_plain(part) for part in value]
        case _:
            return {name: _plain(part) for name, part in value.items()}


def _escaped(name: str) -> str:
    """A name as a step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
