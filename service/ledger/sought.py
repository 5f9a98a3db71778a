"""What can be looked for in the log: conditions as somebody typed them go in; those that nothing can ever fit
come out, so that a slip is not taken for the answer that there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.errors import did_you_mean
from service.ledger.record import DIGEST
from service.verdict.decisions import REPLIES, RULINGS
from service.verdict.schema import OUTCOMES, RESULTS

KINDS: Final = (
    "verdict", "decision", "objection", "answer", "erasure", "disclosure", "audit", "policy", "key", "schema",
    "incident",
)  # fmt: skip
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": KINDS,
    "outcome": (*OUTCOMES, *RULINGS, *REPLIES),
    "result": RESULTS,
}


def slips(wanted: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The conditions that nothing can ever fit: the name of each, what is wrong with it, what is expected."""
    for name, known in _WORDS.items():
        word = wanted.get(name)
        if word is not None and word not in known:
            said = f"there is no {name} `{word[:100]}`{did_you_mean(word[:100], known)}"
            yield name, said, f"one of {', '.join(known)}"
    digest = wanted.get("policy_set")
    if digest is not None and not DIGEST.fullmatch(digest):
        yield "policy_set", "this is no digest of a policy set", "`sha256:` and 64 digits"
