"""The leaf that nearly every verdict has: the name of a log goes in; a pattern of such leaves comes out.

To read each entry as JSON and write it again would be half of what verifying a log costs. A leaf of the
present form without details is instead held against that pattern, several times faster. Whatever matches is
canonical, because the pattern is: names in order and once, nothing between them, texts that JSON has one way
to write, whole numbers. What does not match may be canonical all the same: ask `canonical.is_canonical`.
"""

from __future__ import annotations

import re
from typing import Final

from service.ledger.sealing import FORM

_TEXT: Final = r'"[ !#-\[\]-~]*"'  # ASCII that is never escaped: no quote, no stroke, no control character
_COUNT: Final = "(?:0|[1-9][0-9]{0,14})"  # below 2^53


def usual_leaf(log: str) -> re.Pattern[bytes]:
    """What only leaves match, as a whole, that are canonical and of this log."""
    pattern = _object(
        about=_or_null(_object(index=_COUNT, leaf=_TEXT)),
        content=_or_null(_TEXT),
        decided_at=_TEXT,
        detail=_object(),
        engine=_TEXT,
        id=_TEXT,
        kind=_TEXT,
        level=_or_null(_TEXT),
        log=f'"{re.escape(log)}"' if re.fullmatch(_TEXT, f'"{log}"') else "(?!)",
        outcome=_or_null(_TEXT),
        policy=_object(digest=_or_null(_TEXT), set=_or_null(_TEXT), version=_or_null(_TEXT)),
        private=_object(alg=_TEXT, n=_COUNT, root=_TEXT),
        rules=_array(_array_of_two(_TEXT, _TEXT)),
        track=_or_null(_TEXT),
        v=str(FORM),
    )
    return re.compile(pattern.encode("ascii"))


def _object(**members: str) -> str:
    return r"\{" + ",".join(f'"{name}":{members[name]}' for name in sorted(members)) + r"\}"


def _array(each: str) -> str:
    return rf"\[(?:{each}(?:,{each})*)?\]"


def _array_of_two(first: str, second: str) -> str:
    return rf"\[{first},{second}\]"


def _or_null(value: str) -> str:
    return f"(?:{value}|null)"
