"""Ways: all tracks of a policy set go in; the levels that can be asked for from one level come out.

Which tracks a level leads to is looked up once, so that however many other tracks there are costs nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from service.policy.model import Level, PolicySet, TrackVersion
from service.policy.versions import judged_by

_NO_LADDER = (None,)


class Ways:
    """Where one may go from each level, by the policies of one set."""

    def __init__(self, policies: PolicySet) -> None:
        self._tracks: defaultdict[str | None, list[tuple[TrackVersion, ...]]] = defaultdict(list)
        for versions in policies.tracks.values():
            levels = [each for version in versions for each in enumerate(version.levels)]
            for place in dict.fromkeys(place for each in levels for place in _entered_from(*each)):
                self._tracks[place].append(versions)

    def onward(
        self, standing: Level | None, submitted_on: date, as_of: date
    ) -> Iterator[tuple[TrackVersion, Level]]:
        """The levels whose `enter_from` names a level, in every version that judges; those that begin a track
        for people on no ladder.

        Args:
            standing: The level; None: no ladder.
            submitted_on: The day of the request.
            as_of: The day on which it would take effect.
        """
        place = None if standing is None else standing.name
        for versions in self._tracks.get(place, ()):
            for version in reversed(judged_by(versions, submitted_on, as_of)):
                for index, level in enumerate(version.levels):
                    if place in _entered_from(index, level):
                        yield version, level


def _entered_from(index: int, level: Level) -> Sequence[str | None]:
    """The levels that a level can be entered from; the first of a track also from no ladder."""
    return _NO_LADDER if index == 0 and not level.enter_from else level.enter_from or ()
