"""Where one may go from a level: held against a look through every level of every track."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from service.policy import ways
from service.policy.load import load
from service.policy.model import Level, PolicySet, TrackVersion
from service.policy.versions import judged_by
from service.policy.ways import Ways

ROOT = Path(__file__).parents[2]
FOLDERS = ["policies", "examples/general-schedule", "examples/gitlab", "examples/airline"]


def looked_through(
    policies: PolicySet, standing: Level | None, submitted_on: date, as_of: date
) -> Iterator[tuple[TrackVersion, Level]]:
    """The same, by looking at all that there is."""
    for versions in policies.tracks.values():
        for version in reversed(judged_by(versions, submitted_on, as_of)):
            for level in version.levels:
                first = level is version.levels[0] and not level.enter_from
                if first if standing is None else standing.name in (level.enter_from or ()):
                    yield version, level


@pytest.mark.parametrize("folder", FOLDERS)
def test_from_every_level_lead_the_ways_that_its_tracks_name(folder: str) -> None:
    """On the day that each version begins, before that, and for a request that takes effect later."""
    policies = load(ROOT / folder)
    every = [version for versions in policies.tracks.values() for version in versions]
    starts = {version.start for version in every}
    ready = Ways(policies)
    for standing in [None, *(level for version in every for level in version.levels)]:
        for submitted in (*starts, *(start - timedelta(days=1) for start in starts)):
            for effect in {submitted, *(start for start in starts if start > submitted)}:
                found = list(ready.onward(standing, submitted, effect))
                assert found == list(looked_through(policies, standing, submitted, effect))


def test_a_track_to_which_a_level_does_not_lead_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict costs the same in a company with six tracks and in one with a thousand."""
    policies = load(ROOT / "policies")
    (roofing,) = policies.tracks["roofing-craft"]
    others = {f"roofing-{number}": (roofing,) for number in range(1_000)}
    policies = replace(policies, tracks={**policies.tracks, **others})
    level = policies.tracks["software-craft"][0].levels[0]
    asked: list[str] = []

    def watched(versions: tuple[TrackVersion, ...], *days: date) -> tuple[TrackVersion, ...]:
        asked.append(versions[0].track)
        return judged_by(versions, *days)

    monkeypatch.setattr(ways, "judged_by", watched)
    found = list(Ways(policies).onward(level, roofing.start, roofing.start))
    assert found
    assert "roofing-craft" not in asked
