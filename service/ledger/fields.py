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


def fields_of(parts: Mapping[str, bytes]) -> dict[str, bytes]:
    """The committed fields, canonical bytes by JSON pointer, of stored parts."""
    fields: dict[str, bytes] = {}
    for pointer, part in parts.items():
        if pointer == REQUEST:
            fields[pointer] = part
            fields.update(request_fields(_request(orjson.loads(part))))
        elif pointer == VERDICT:
            fields.update(document_fields(members_of(orjson.loads(part)), part))
        else:
            fields[pointer] = part
    return fields


def request_fields(request: Any) -> Iterator[tuple[str, bytes]]:
    """A field for each fact that a request sends; a number with decimals is its text."""
    facts = request.get("facts") if isinstance(request, dict) else None
    for name, value in facts.items() if isinstance(facts, dict) else ():
        yield f"/facts/{_escaped(name)}", orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)


def fingerprint(request: Any) -> bytes:
    """What two requests have in common that ask the same, however they are written."""
    return sha256(orjson.dumps(_plain(request), option=orjson.OPT_SORT_KEYS)).digest()


def members_of(document: Mapping[str, Any]) -> dict[str, bytes | list[bytes]]:
    """The canonical bytes of each member of a canonical document, by name; of the findings, of each."""
    return {
        name: [_written(finding) for finding in value]
        if name == _FINDINGS and isinstance(value, list)
        else _written(value)
        for name, value in sorted(document.items())
    }


def document_of(members: Mapping[str, bytes | list[bytes]]) -> bytes:
    """The canonical document with these members."""
    return b"{%b}" % b",".join(
        b"%b:%b" % (orjson.dumps(name), b"[%b]" % b",".join(value) if isinstance(value, list) else value)
        for name, value in members.items()
    )


def document_fields(
    members: Mapping[str, bytes | list[bytes]], document: bytes
) -> Iterator[tuple[str, bytes]]:
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


def _written(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


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
