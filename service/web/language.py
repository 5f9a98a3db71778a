"""Languages: an `Accept-Language` header goes in; the language of the answer's sentences comes out.

There is English so far. Whoever wants nothing that there is gets it all the same, and `Content-Language` says
so.
"""

from __future__ import annotations

import re
from typing import Final

LANGUAGES: Final = ("en",)  #: the first is used where none is wanted
_WANTED: Final = re.compile(
    r"\s*(?P<range>\*|[A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*(?P<q>[01](?:\.[0-9]{0,3})?)\s*)?"
)


def language_for(header: str | None, languages: tuple[str, ...] = LANGUAGES) -> str:
    """The language, of those there are, that is wanted most.

    >>> language_for("de;q=0.4, fr-CH, en;q=0.8", ("en", "de", "fr"))
    'fr'
    """
    if not header:
        return languages[0]
    wanted = [found for part in header[:1_000].split(",") if (found := _WANTED.fullmatch(part))]
    weights = {found["range"].lower(): float(found["q"] or 1) for found in reversed(wanted)}
    other = weights.get("*", 0.0)
    best = max(languages, key=lambda language: weights.get(language, other))
    return best if weights.get(best, other) > 0 else languages[0]
