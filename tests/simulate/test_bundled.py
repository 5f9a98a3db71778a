"""The bundled policies: every case passes, and nothing that can come out was left unseen."""

from __future__ import annotations

from datetime import date
from functools import cache

from service.simulate.files import load_tests
from service.simulate.suite import Suite, run_all
from tests.verdict.bundled import ROOT, judge


@cache
def suite() -> Suite:
    tests = load_tests(ROOT / "policies", judge().policies)
    return run_all(tests, judge(), today=date(2026, 11, 20))


def test_every_case_of_the_bundled_policies_passes() -> None:
    """A company that starts from them starts from something that is right."""
    assert [(each.test.name, each.differences) for each in suite().failing] == []
    assert suite().counts["skipped"] == 0


def test_the_bundled_policies_are_covered_in_full() -> None:
    """Every requirement met, unmet and unknown, and every branch of a group deciding it."""
    assert [point.text for point in suite().coverage.missing()] == []


def test_every_track_has_its_tests() -> None:
    """One file a track, so that they are found."""
    files = {each.test.place.file for each in suite().checked}
    assert files == {f"tests/{track}.yaml" for track in judge().policies.tracks}
