"""Keeping policies: the set that is about to judge goes in; its files are on the verdict log before it does.
And a version means one thing on a log, whoever serves it.

Each worker asks once for each set, and for each version with its meaning; whoever is first writes. Services
that share a log may read different policies for a while, such as during a roll-out. The first verdict by a
version in each of its meanings takes a place in the log that only one can take, so that whoever is second
sees what the first one meant, and gives no verdict by another meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from service.errors import AnotherMeaning, LogUnavailable, PolicyError, RecordConflict
from service.ledger.log import Asked, Log, Record
from service.ledger.policy_record import policy_id, policy_record
from service.policy.load import files_in
from service.policy.model import PolicySet
from service.policy.versions_frozen import VersionDigests
from service.verdict.judge import ENGINE
from service.web.judges import Judges
from service.web.runtime import Runtime

MEANING: Final = (
    "meaning of a version"  #: the kind of key that the first verdict in a meaning is written under
)
_VERSIONS: Final = "versions"  #: whose keys these are


class Keeper:
    """Sees to it that every set which judges can be judged by again, and that no version means two things.

    Args:
        log: Where verdicts are remembered.
        judges: Of this worker.
        runtime: Where the files of sets are.
        now: The time, in UTC.
        freeze: A version that has issued a verdict may not change.
    """

    def __init__(
        self,
        log: Log,
        judges: Judges,
        runtime: Runtime,
        now: Callable[[], datetime],
        *,
        freeze: bool = True,
    ) -> None:
        self._log, self._judges, self._runtime, self._now = log, judges, runtime, now
        self._freeze = freeze
        self._kept: set[str] = set()
        self._issued: set[tuple[str | None, str | None]] = set()  #: meanings in which versions have judged

    def keep(self, policies: PolicySet) -> None:
        """See that a set, which is ready here, is kept.

        Raises:
            LogUnavailable: It is not kept, so nobody may be judged by it.
        """
        if policies.files_digest not in self._kept:
            self._keep(policies)
            self._kept.add(policies.files_digest)

    def first(self, records: Sequence[Record], digests: VersionDigests) -> list[Record | AnotherMeaning]:
        """The records of verdicts, as each is to be written: one that may be the first by its version in its
        meaning takes its place, so that writing fails, with a `KeyReused` of the kind `MEANING`, when another
        has taken it meanwhile. The others are to be written after it.

        Args:
            records: The records.
            digests: Of the versions of the set that judged.

        Raises:
            LogUnavailable: It cannot be told which versions have judged.
        """
        if not self._freeze or self._issued.issuperset(map(_meaning, records)):
            return [*records]
        issued = self._log.issued()
        self._issued.update((version, each) for version, known in issued.items() for each in known)
        first: dict[str | None, Record | AnotherMeaning] = {}
        found: list[Record | AnotherMeaning] = []
        for record in records:
            version = record.policy_version
            if version is None or _meaning(record) in self._issued:
                found.append(record)
            elif version not in first:
                first[version] = _first(record, version, issued, digests)
                found.append(first[version])
            else:  # one of them takes the place for all
                refused = first[version]
                found.append(refused if isinstance(refused, AnotherMeaning) else record)
        return found

    def _keep(self, policies: PolicySet) -> None:
        id_ = policy_id(self._log.name, policies.files_digest)
        if self._log.get(id_) is not None:
            return
        try:
            files, _ = files_in(self._runtime.set_folder(self._judges.number_of(policies)))
        except (PolicyError, LookupError) as gone:
            raise LogUnavailable("the policies changed at this moment; ask again") from gone
        record = policy_record(policies, files, log=self._log.name, engine=ENGINE, decided_at=self._now())
        try:
            self._log.append([record])
        except RecordConflict:  # another worker was faster, a moment earlier
            if self._log.get(id_) is None:
                raise


def _meaning(record: Record) -> tuple[str | None, str | None]:
    return record.policy_version, record.policy_digest


def _first(
    record: Record, version: str, issued: Mapping[str, set[str]], digests: VersionDigests
) -> Record | AnotherMeaning:
    """A verdict's record, as one that is the first by its version in its meaning."""
    known = issued.get(version, set())
    if not known <= set(digests.every(version)):
        return AnotherMeaning(
            f"`{version}` has judged with another meaning than it has here: another service on this verdict"
            " log reads other policies; give all of them the same"
        )
    body = sha256(record.id.encode()).digest()  # of this verdict alone: nobody else's is the same
    place = Asked(caller=_VERSIONS, kind=MEANING, key=f"{version} {len(known)}", body=body)
    return replace(record, asked=(*record.asked, place))
