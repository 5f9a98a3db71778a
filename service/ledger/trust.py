"""Trust: a file that names a log's keys and its witnesses goes in; whether a checkpoint is to be believed
comes out.

The file is the one thing that an auditor must have from elsewhere than from the log. Its form is that of
c2sp.org/tlog-policy, with one addition that other tools read as a comment: `#! sizes FROM TO` above a `log`
line says for which sizes of the log its key may sign (`-`: without end), so that a key that was replaced
cannot speak for what came later; `#! receipts VKEY` names a key that signs receipts, likewise. Knows nothing
of where a checkpoint came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from service.errors import NotProven
from service.ledger.checkpoint import Signed, read_checkpoint
from service.ledger.note import COSIGNATURE, ED25519, ML_DSA_COSIGNATURE, Key, read_vkey
from service.ledger.signed_receipt import SignedReceipt, key_name

NONE: Final = "none"
RECEIPTS: Final = "#! receipts"
_SIZES: Final = re.compile(r"#! sizes (0|[1-9][0-9]*) (-|[1-9][0-9]*|0)")
_OUTSIDE: Final = re.compile(r"[^\t\n\x20-\x7e\x80-\U0010ffff]")
_WITNESSES: Final = (COSIGNATURE, ML_DSA_COSIGNATURE)


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key that signs for a log, at some of its sizes."""

    key: Key
    first: int = 0
    last: int | None = None  #: the largest size that it may sign; None: no end is known

    def may_sign(self, name: str, size: int) -> bool:
        """Whether this key may speak under a name, at a size of the log."""
        return name == self.key.name and self.first <= size and (self.last is None or size <= self.last)


@dataclass(frozen=True, slots=True)
class Group:
    """Some witnesses or groups, of which so many must have cosigned."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Believed:
    """A checkpoint that a trusted key signed."""

    signed: Signed
    cosigned: Mapping[str, int]  #: by the witness's name in the trust file, when, in seconds since 1970
    enough: bool  #: whether those witnesses are the quorum


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom an auditor believes."""

    logs: tuple[LogKey, ...]
    witnesses: Mapping[str, Key] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE
    receipts: tuple[LogKey, ...] = ()  #: what signs receipts, and at which sizes

    @property
    def origins(self) -> frozenset[str]:
        """The names of the logs that this file is about."""
        return frozenset(log.key.name for log in self.logs)

    def check(self, content: bytes) -> Believed:
        """Believe a checkpoint, or refuse it.

        Raises:
            NotProven: No key that may speak for it signed it, or a signature under a known key is wrong.
        """
        signed = read_checkpoint(content)
        if signed.checkpoint.origin not in self.origins:
            raise NotProven(
                f"this checkpoint is of the log `{signed.checkpoint.origin}`, which is not in the trust file"
            )
        spoken = signed.checkpoint.origin, signed.checkpoint.size
        by_log = signed.note.checked(log.key for log in self.logs if log.may_sign(*spoken))
        if not by_log:
            raise NotProven(
                f"the checkpoint of {signed.checkpoint.size} entries is not signed by a key that the trust "
                f"file allows at that size"
            )
        by_witness = signed.note.checked(self.witnesses.values())
        cosigned = {name: by_witness[key] or 0 for name, key in self.witnesses.items() if key in by_witness}
        return Believed(signed, cosigned, self._reached(self.quorum, cosigned))

    def check_receipt(self, receipt: SignedReceipt) -> None:
        """Believe a signed receipt, or refuse it.

        Raises:
            NotProven: No key that may sign it did, or it does not promise its entry.
        """
        promise = receipt.promise
        name = key_name(promise.log)
        if name not in {each.key.name for each in self.receipts}:
            raise NotProven(
                f"this receipt is of the log `{promise.log}`, for which the trust file has no key of "
                f"receipts; have a newer one"
            )
        may = [each.key for each in self.receipts if each.may_sign(name, promise.size)]
        if not receipt.note.checked(may):
            raise NotProven(
                f"the receipt is not signed by a key of receipts that the trust file allows at "
                f"{promise.size} entries"
            )
        receipt.check()

    def _reached(self, name: str, cosigned: Mapping[str, int]) -> bool:
        if name == NONE:
            return True
        if group := self.groups.get(name):
            return sum(self._reached(member, cosigned) for member in group.members) >= group.threshold
        return name in cosigned

    def __str__(self) -> str:
        """The file again."""
        lines = []
        for word, key in [
            *(("log", each) for each in self.logs),
            *((RECEIPTS, each) for each in self.receipts),
        ]:
            if key.first or key.last is not None:
                lines.append(f"#! sizes {key.first} {'-' if key.last is None else key.last}")
            lines.append(f"{word} {key.key.vkey}")
        lines += [f"witness {name} {key.vkey}" for name, key in self.witnesses.items()]
        for name, group in self.groups.items():
            lines.append(f"group {name} {group.threshold} {' '.join(group.members)}")
        return "\n".join([*lines, f"quorum {self.quorum}", ""])


def trust_in(path: Path) -> Trust:
    """The trust that the file at a path states.

    Raises:
        NotProven: It states none; the message names the line.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise NotProven(
            f"`{path}` is no trust file, for it is not text; `ladders log trust` prints one"
        ) from None
    return read_trust(text)


def read_trust(text: str) -> Trust:
    """The trust that a file states.

    Raises:
        NotProven: It states none; the message names the line.
    """
    reading = _Reading()
    if outside := _OUTSIDE.search(text):
        number = text.count("\n", 0, outside.start()) + 1
        raise NotProven(f"line {number} of the trust file has a character that is not allowed there")
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            reading.take(line.strip(" \t"))
        except NotProven as wrong:
            raise NotProven(f"line {number} of the trust file: {wrong}") from wrong
    return reading.done()


class _Reading:
    """What has been read so far of a trust file."""

    def __init__(self) -> None:
        self._logs: list[LogKey] = []
        self._receipts: list[LogKey] = []
        self._witnesses: dict[str, Key] = {}
        self._groups: dict[str, Group] = {}
        self._members: set[str] = set()
        self._quorum: str | None = None
        self._sizes: tuple[int, int | None] | None = None

    def take(self, line: str) -> None:
        if line.startswith(f"{RECEIPTS} "):
            return self._take_receipts(line.removeprefix(RECEIPTS).strip(" \t"))
        if line.startswith("#!"):
            return self._take_sizes(line)
        if not line or line.startswith("#"):
            return None
        word, *rest = re.split(r"[ \t]+", line)
        if self._sizes and word != "log":
            raise NotProven("`#! sizes` stands directly above a `log` or `#! receipts` line")
        match word, rest:
            case "log", [vkey] | [vkey, _]:
                self._take_log(vkey)
            case "witness", [name, vkey] | [name, vkey, _]:
                self._take_witness(name, vkey)
            case "group", [name, threshold, *members] if members:
                self._take_group(name, threshold, members)
            case "quorum", [name]:
                self._take_quorum(name)
            case _:
                raise NotProven(
                    "write `log VKEY`, `witness NAME VKEY`, `group NAME K MEMBERS` or `quorum NAME`"
                )
        return None

    def done(self) -> Trust:
        if self._sizes:
            raise NotProven("the trust file ends with `#! sizes`; write the `log` line below it")
        if not self._logs:
            raise NotProven("the trust file names no log; write `log VKEY`")
        if self._quorum is None:
            raise NotProven("the trust file names no quorum; write `quorum none` where no witness is needed")
        return Trust(tuple(self._logs), self._witnesses, self._groups, self._quorum, tuple(self._receipts))

    def _take_sizes(self, line: str) -> None:
        written = _SIZES.fullmatch(line)
        if written is None or self._sizes:
            raise NotProven(
                "write `#! sizes FROM TO` once above a `log` line, TO may be `-`; or `#! receipts VKEY`"
            )
        self._sizes = int(written[1]), None if written[2] == "-" else int(written[2])

    def _take_log(self, vkey: str) -> None:
        self._logs.append(self._log_key(vkey))

    def _take_receipts(self, vkey: str) -> None:
        self._receipts.append(self._log_key(vkey))

    def _log_key(self, vkey: str) -> LogKey:
        key = read_vkey(vkey)
        if key.kind != ED25519:
            raise NotProven("the key of a log is an Ed25519 key (type 1)")
        self._once(key, (each.key for each in (*self._logs, *self._receipts)))
        first, last = self._sizes or (0, None)
        self._sizes = None
        return LogKey(key, first, last)

    def _take_witness(self, name: str, vkey: str) -> None:
        key = read_vkey(vkey)
        if key.kind not in _WITNESSES:
            raise NotProven("the key of a witness is for cosignatures (type 4 or 6)")
        self._once(key, self._witnesses.values())
        self._name(name)
        self._witnesses[name] = key

    def _take_group(self, name: str, threshold: str, members: list[str]) -> None:
        self._name(name)
        for member in members:
            if member not in self._witnesses and member not in self._groups:
                raise NotProven(f"`{member}` is not defined above")
            if member in self._members:
                raise NotProven(f"`{member}` is a member already; each witness and group counts once")
            self._members.add(member)
        counts = {"all": len(members), "any": 1}
        wanted = counts.get(threshold) or (
            int(threshold) if re.fullmatch(r"[1-9][0-9]{0,3}", threshold) else 0
        )
        if not 1 <= wanted <= len(members):
            raise NotProven(f"the number of a group is `any`, `all` or from 1 to {len(members)}")
        self._groups[name] = Group(wanted, tuple(members))

    def _take_quorum(self, name: str) -> None:
        if self._quorum is not None:
            raise NotProven("the quorum is named already")
        if name != NONE and name not in self._witnesses and name not in self._groups:
            raise NotProven(f"`{name}` is not defined above")
        self._quorum = name

    def _name(self, name: str) -> None:
        if name == NONE or name in self._witnesses or name in self._groups:
            raise NotProven(f"the name `{name}` is taken")

    def _once(self, key: Key, known: Iterable[Key] | Iterator[Key]) -> None:
        if any(key.public == other.public for other in known):
            raise NotProven("the same key stands in the file twice")
