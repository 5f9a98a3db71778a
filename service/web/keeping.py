"""Keeping policies: the set that is about to judge goes in; its files are on the verdict log before it does.

Each worker asks once for each set; whoever is first writes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from service.errors import LogUnavailable, PolicyError, RecordConflict
from service.ledger.log import Log
from service.ledger.policy_record import policy_id, policy_record
from service.policy.load import files_in
from service.policy.model import PolicySet
from service.verdict.judge import ENGINE
from service.web.judges import Judges
from service.web.runtime import Runtime


class Keeper:
    """Sees to it that every set which judges can be judged by again."""

    def __init__(self, log: Log, judges: Judges, runtime: Runtime, now: Callable[[], datetime]) -> None:
        self._log, self._judges, self._runtime, self._now = log, judges, runtime, now
        self._kept: set[str] = set()

    def keep(self, policies: PolicySet) -> None:
        """See that a set, which is ready here, is kept.

        Raises:
            LogUnavailable: It is not kept, so nobody may be judged by it.
        """
        if policies.files_digest not in self._kept:
            self._keep(policies)
            self._kept.add(policies.files_digest)

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
