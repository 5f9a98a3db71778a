"""Witnesses: a checkpoint goes to somebody else's server; a cosignature, that it extends what they saw
before, comes back.

The protocol is `add-checkpoint` of c2sp.org/tlog-witness. A witness that is down or slow costs nobody
anything but the cosignature; one that has seen another log than this one is the alarm that it is there for.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from service.errors import NotProven, WitnessAhead, WitnessFailed
from service.ledger.checkpoint import Signed
from service.ledger.note import (
    COSIGNATURE,
    ML_DSA_COSIGNATURE,
    Key,
    Signature,
    encoded,
    read_signatures,
    read_vkey,
)
from service.ledger.proofs import consistency
from service.ledger.tiles import Hashes

_LONGEST_ANSWER: Final = 65_536
_TRIES: Final = 5  #: another service that publishes the same log may be faster between two of them
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")


@dataclass(frozen=True, slots=True)
class Witness:
    """Who cosigns, and where they are asked."""

    key: Key
    url: str  #: the submission prefix

    @property
    def name(self) -> str:
        """The name of its key."""
        return self.key.name


def read_witnesses(text: str) -> tuple[Witness, ...]:
    """The witnesses in a setting: `VKEY URL`, more of them after commas.

    Raises:
        ValueError: With what is wanted.

    >>> read_witnesses("")
    ()
    """
    witnesses = []
    for part in filter(None, map(str.strip, text.split(","))):
        vkey, _, url = part.partition(" ")
        if not re.fullmatch(r"https?://\S+", url.strip()):
            raise ValueError("a witness as `VKEY URL`: a key, a blank and an address with https://")
        try:
            key = read_vkey(vkey)
        except NotProven as wrong:
            raise ValueError(f"a witness as `VKEY URL`: {wrong}") from wrong
        if key.kind not in (COSIGNATURE, ML_DSA_COSIGNATURE):
            raise ValueError("a witness as `VKEY URL`, with a key for cosignatures")
        witnesses.append(Witness(key, url.strip().rstrip("/")))
    return tuple(witnesses)


def growth_proof(old: int, proof: Sequence[bytes], signed: Signed) -> bytes:
    """What a witness is sent: that the log of a checkpoint begins with the log of an old size."""
    return "\n".join([f"old {old}", *map(encoded, proof), "", ""]).encode() + bytes(signed.note)


class Submission:
    """One witness, asked for at most about so many seconds at a time, and what it is known to have seen."""

    def __init__(self, witness: Witness, limit_s: float) -> None:
        self.witness, self._limit_s = witness, limit_s
        self._client = httpx.Client(timeout=limit_s, follow_redirects=False)
        self._seen = 0  #: the size that it cosigned last, as far as we know

    def submit(self, signed: Signed, hashes: Hashes) -> Signature:
        """The cosignature of the witness on a checkpoint.

        Raises:
            WitnessAhead: It has seen more than this checkpoint; the log itself may have grown so far by now.
            WitnessFailed: There is none; the message says whether the witness contradicts the log.
            LogUnavailable: The proof that it asks for cannot be read.
        """
        size = signed.checkpoint.size
        for _ in range(_TRIES):
            old = min(self._seen, size)
            status, answer = self._ask(signed, hashes, old)
            if status != httpx.codes.CONFLICT:
                break
            self._seen = self._size_in(answer)
            if self._seen > size:
                raise WitnessAhead(
                    f"the witness `{self.witness.name}` has seen {self._seen} entries, more than the {size} "
                    f"of this checkpoint: another copy of the log may be in use",
                    self._seen,
                )
            if self._seen == old:
                break  # it is not the size that it does not like
        return self._cosignature(status, answer, signed)

    def _ask(self, signed: Signed, hashes: Hashes, old: int) -> tuple[int, bytes]:
        """Status and body of the answer; a body that does not end soon is no answer."""
        proof = consistency(hashes, old, signed.checkpoint.size)
        body = growth_proof(old, proof, signed)
        give_up_at, content = time.monotonic() + self._limit_s, b""
        try:
            with self._client.stream("POST", f"{self.witness.url}/add-checkpoint", content=body) as answer:
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > _LONGEST_ANSWER or time.monotonic() > give_up_at:
                        raise WitnessFailed(f"the witness `{self.witness.name}` does not come to an end")
                return answer.status_code, content
        except httpx.HTTPError as error:
            raise WitnessFailed(
                f"the witness `{self.witness.name}` could not be asked: {type(error).__name__}"
            ) from error

    def _size_in(self, answer: bytes) -> int:
        said = _SIZE.fullmatch(answer)
        if said is None:
            raise WitnessFailed(
                f"the witness `{self.witness.name}` has seen another log under this name (409 without a size)"
            )
        return int(said[1])

    def _cosignature(self, status: int, answer: bytes, signed: Signed) -> Signature:
        name, size = self.witness.name, signed.checkpoint.size
        if status in (httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.CONFLICT):
            raise WitnessFailed(
                f"the witness `{name}` has seen other entries than those of this log ({status}); "
                f"keep this checkpoint and find out which copy is right"
            )
        if status != httpx.codes.OK:
            raise WitnessFailed(f"the witness `{name}` refused the checkpoint ({status})")
        try:
            found = [line for line in read_signatures(answer) if line.is_by(self.witness.key)]
            signed.note.with_more(found).checked([self.witness.key])
        except NotProven as wrong:
            raise WitnessFailed(f"the witness `{name}` answered with a wrong cosignature") from wrong
        if not found:
            raise WitnessFailed(f"the witness `{name}` answered without its cosignature")
        self._seen = size
        return found[0]

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
