"""Freezing while the service runs: the sets of a change-over go in; whether one of their versions has issued
its first verdict meanwhile comes out.

A set is proved against the verdict log before the workers make it ready. In between, a version that had
judged nobody may issue its first verdict, and is frozen from then on. So the change-over looks once more, at
a moment at which no request is under way (`web.runtime`), and only where that can matter.
"""

from __future__ import annotations

from service.errors import PolicyError
from service.ledger.address import Place, is_there
from service.ledger.frozen import issued_in
from service.policy.versions_frozen import changed, differing
from service.web.judges import Judges


class Freeze:
    """Holds the sets of this worker against the verdict log.

    Args:
        judges: Of this worker; they have the sets of a change-over ready.
        place: Where the verdict log lies.
    """

    def __init__(self, judges: Judges, place: Place) -> None:
        self._judges = judges
        self.place = place

    def matters(self, number: int) -> bool:
        """Whether the set in force can still issue verdicts that would bar the set with this number."""
        old, new = self._judges.in_force.digests, self._judges.ready(number).digests
        return bool(differing(old, new))

    def check(self, number: int) -> None:
        """Hold the set with this number against the verdict log.

        Raises:
            PolicyError: A version has issued verdicts with another meaning.
            LogUnavailable: The log cannot be read.
        """
        if is_there(self.place):
            judge = self._judges.ready(number)
            problems, _ = changed(judge.policies, issued_in(self.place), judge.digests)
            if problems:
                raise PolicyError(problems)
