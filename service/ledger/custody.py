"""Custody: an operator's decisions about the keys and the anchor of a log go in; entries that record them
for ever come out, and the trust file that follows from all of them.

A new key is announced by an entry before it signs. A loss is accepted under a new origin and a new key, so
that no two checkpoints of one origin ever contradict each other. Knows nothing of commands and settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from service.errors import AnchorUnavailable, LogRolledBack, LogTampered, LogUnavailable, NotProven
from service.ledger.anchor import Anchor
from service.ledger.canonical import canonical
from service.ledger.checkpoint import Checkpoint, Signed, read_checkpoint
from service.ledger.log import Log, Receipt, Record, Wanted
from service.ledger.log_keys import LogKeys
from service.ledger.note import Key, encoded, read_vkey, signed
from service.ledger.publisher import Publisher, checkpoint_of, origin_of, refuse_other
from service.ledger.receipt_key import ReceiptKey
from service.ledger.receipts import RECEIPTS
from service.ledger.signed_receipt import key_name
from service.ledger.trust import NONE, Group, LogKey, Trust
from service.ledger.witness import Witness

_REASON: Final = "/reason"
_PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """When, by which software and under which id something is recorded."""

    at: datetime
    engine: str
    new_id: Callable[[], str]
    random_bytes: Callable[[int], bytes]


def new_key(log: Log, keys: LogKeys, anchor: Anchor | None, now: Circumstances) -> tuple[Receipt, Key]:
    """Have a new key sign from now on; the present one goes on beside it until it is retired.

    Raises:
        LogUnavailable: The key before is not retired yet, or the log cannot be written.
    """
    if keys.overlaps:
        raise LogUnavailable("the key before still signs too; run `ladders log retire-key` first")
    origin = origin_of(log, anchor)
    [present] = keys.signers(origin)
    coming = keys.prepare(origin, now.random_bytes)
    detail = {
        "vkey": coming.key.vkey,
        "before": [present.key.vkey],
        "origin": origin,
        RECEIPTS: {"retired": _new_receipt_key(log, keys, now), "last": log.head().size},
    }
    receipt = _record(log, "key", detail, now)
    keys.take_over(overlap=True)
    Publisher(log, anchor, keys.signers).publish()
    return receipt, coming.key


def retire_key(log: Log, keys: LogKeys, anchor: Anchor | None, now: Circumstances) -> Receipt:
    """Have the old key sign no more, and destroy it.

    Raises:
        LogUnavailable: There is none, or the log cannot be written.
    """
    if not keys.overlaps:
        raise LogUnavailable("there is no old key; `ladders log new-key` makes a new one")
    origin = origin_of(log, anchor)
    _, old = keys.signers(origin)
    keys.retire()
    last = log.head().size  # whoever still has the old key in hand has read the head before
    receipt = _record(log, "key", {"retired": old.key.vkey, "last": last, "origin": origin}, now)
    Publisher(log, anchor, keys.signers).publish()
    return receipt


def accept_rollback(
    log: Log,
    keys: LogKeys,
    anchor: Anchor,
    why: str,
    now: Circumstances,
    handed_out: Trust | None = None,
    *,
    unproven: bool = False,
) -> tuple[Receipt, Signed]:
    """Go on with a log that is not the one in the anchor: under a new origin, with a new key, and on record.

    Args:
        log: The log, opened although it is behind or beside its anchor.
        keys: Its keys; the present one is destroyed.
        anchor: Its anchor.
        why: In the operator's words; kept as a private part.
        now: When, and so on.
        handed_out: The last trust file from before the loss: keys that nothing else knows any more are kept.
        unproven: Go on also where checkpoints are signed by a key that nothing here knows.

    Raises:
        LogUnavailable: There is nothing to accept, or the log cannot be written.
        NotProven: Checkpoints are signed by a key that nothing here knows.
    """
    seen = anchor.last()
    if seen is None:
        raise LogUnavailable("the anchor is empty, so there is no loss to accept")
    lost, held = checkpoint_of(log, seen).checkpoint, log.head()
    try:
        refuse_other(log, lost, held)
    except (LogRolledBack, LogTampered):
        pass
    else:
        raise LogUnavailable("the verdict log is the one in its anchor; there is no loss to accept")
    known, more = trust_of(log, keys, anchor, ()), handed_out or Trust(())
    told = (*more.logs, *more.receipts)
    only_there = [*_own(log, told, {each.key.vkey for each in (*known.logs, *known.receipts)})]
    if not unproven:
        _see_that_keys_are_known([seen, log.last_checkpoint()], (*known.logs, *only_there))
    origin = f"{log.name}/{_number(log, lost) + 1}"
    coming = keys.prepare(origin, now.random_bytes)
    detail = {
        "lost": {"origin": lost.origin, "size": lost.size, "root": encoded(lost.root)},
        "held": {"size": held.size, "root": encoded(held.root)},
        "before": [signer.key.vkey for signer in keys.signers(lost.origin)],
        "known": [[each.key.vkey, each.first, each.last] for each in only_there],
        "origin": origin,
        "vkey": coming.key.vkey,
        RECEIPTS: {"retired": _new_receipt_key(log, keys, now)},
    }
    receipt = _record(log, "incident", detail, now, {_REASON: canonical(why)})
    keys.take_over(overlap=False)
    head = log.head()
    note = signed(Checkpoint(origin, head.size, head.root).text, keys.signers(origin))
    if not anchor.swap(seen, bytes(note)):
        raise AnchorUnavailable(
            "another process added to the anchor meanwhile; stop the service and try again"
        )
    log.add_checkpoint(head.size, bytes(note))
    return receipt, checkpoint_of(log, bytes(note))


def trust_of(log: Log, keys: LogKeys, anchor: Anchor | None, witnesses: Sequence[Witness]) -> Trust:
    """The trust file as the log itself tells it: every key that ever signed, and for which sizes.

    An auditor must get it on another way than the log, or compare the keys.
    """
    logs: dict[str, LogKey] = {}
    receipts: dict[str, LogKey] = {}

    def note(
        vkey: str, first: int | None = None, last: int | None = None, known: dict[str, LogKey] = logs
    ) -> None:
        there = known.setdefault(vkey, LogKey(read_vkey(vkey)))
        first, last = there.first if first is None else first, there.last if last is None else last
        known[vkey] = replace(there, first=first, last=last)

    for index, detail in _of_custody(log):
        for vkey in detail.get("before", []):
            note(vkey, last=detail["lost"]["size"] if "lost" in detail else None)
        for vkey, first, last in detail.get("known", []):
            signs_receipts = read_vkey(vkey).name == key_name(log.name)
            end = last if last is not None or signs_receipts else detail["lost"]["size"]
            note(vkey, first, end, known=receipts if signs_receipts else logs)
        if "retired" in detail:
            note(detail["retired"], last=detail["last"])
        if "vkey" in detail:
            note(detail["vkey"], first=index + 1)
        told = detail.get(RECEIPTS, {})
        if "vkey" in told:
            note(told["vkey"], first=index + 1, known=receipts)
        if "retired" in told:  # without an end where a loss was accepted: it promised what was lost, too
            note(told["retired"], last=told.get("last"), known=receipts)
    for signer in keys.signers(origin_of(log, anchor)):
        note(signer.key.vkey)
    present = ReceiptKey(keys.folder, log.name)
    if present.exists:  # it is named by an entry before it signs, and that may be still to come
        note(present.present().key.vkey, known=receipts)
    named = {witness.name: witness.key for witness in witnesses}
    groups = {"any-witness": Group(1, tuple(named))} if len(named) > 1 else {}
    quorum = next(iter([*groups, *named]), NONE)
    return Trust(tuple(logs.values()), named, groups, quorum, tuple(receipts.values()))


def _own(log: Log, keys: Iterable[LogKey], known: set[str]) -> Iterator[LogKey]:
    """Of some keys those of a log that are not known yet."""
    for each in keys:
        name = each.key.name
        if each.key.vkey not in known and (name == log.name or name.startswith(f"{log.name}/")):
            yield each


def _see_that_keys_are_known(notes: Iterable[bytes | None], logs: tuple[LogKey, ...]) -> None:
    """See that whoever has these keys can believe some checkpoints."""
    for note in filter(None, notes):
        try:
            Trust(logs).check(note)
        except NotProven as unknown:
            size = read_checkpoint(note).checkpoint.size
            raise NotProven(
                f"the checkpoint of {size} entries is signed by a key that neither the log nor its folder of"
                " keys knows, for it was changed in what is lost; name the trust file handed out last"
                " with --trust, or go on with --unproven: then all that this key signed is called tampered"
                " with for ever"
            ) from unknown


def _new_receipt_key(log: Log, keys: LogKeys, now: Circumstances) -> str:
    """Put a new key of receipts in the place of the present one; the vkey of the old one. An entry names the
    new one before it signs for the first time.
    """
    return ReceiptKey(keys.folder, log.name).replace(now.random_bytes).key.vkey


def _of_custody(log: Log) -> Iterator[tuple[int, dict[str, Any]]]:
    """What the entries about keys and losses say, in order."""
    found: list[tuple[int, dict[str, Any]]] = []
    for kind in ("key", "incident"):
        after: int | None = None
        while page := log.find(Wanted(kind=kind), after, _PAGE):
            found += [(entry.receipt.index, orjson.loads(entry.leaf)["detail"]) for entry in page]
            after = page[-1].receipt.index
    return iter(sorted(found, key=lambda each: each[0]))


def _number(log: Log, lost: Checkpoint) -> int:
    """How many origins the log has had."""
    number = lost.origin.removeprefix(log.name).removeprefix("/")
    return int(number) if number.isdecimal() else 1


def _record(
    log: Log, kind: str, detail: dict[str, Any], now: Circumstances, private: dict[str, bytes] | None = None
) -> Receipt:
    record = Record(
        id=now.new_id(), kind=kind, decided_at=now.at, engine=now.engine, private=private or {}, detail=detail
    )
    [receipt] = log.append([record])
    return receipt
