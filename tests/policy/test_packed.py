"""Packed policy sets: what was packed judges as what was checked, word for word."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from pickle import UnpicklingError

import pytest

from service.facts.json_text import read_json
from service.policy.condition import Derived
from service.policy.load import load
from service.policy.model import PolicySet
from service.policy.packed import pack, unpack
from service.policy.trees import walk
from service.policy.versions_frozen import VersionDigests
from service.verdict.judge import Judge

HOUSE = Path(__file__).parents[2]
FOLDERS = {
    "policies": HOUSE / "policies",
    "general-schedule": HOUSE / "examples" / "general-schedule",
    "gitlab": HOUSE / "examples" / "gitlab",
}
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def packed(policies: PolicySet) -> io.BytesIO:
    file = io.BytesIO()
    pack(policies, file)
    file.seek(0)
    return file


@pytest.mark.parametrize("name", FOLDERS)
def test_what_comes_out_is_what_went_in(name: str) -> None:
    """Everything that the language says, as three folders use it; with the same digest for each version."""
    policies = load(FOLDERS[name])
    again = unpack(packed(policies))
    assert again == policies
    assert again is not policies
    before, after = VersionDigests(policies), VersionDigests(again)
    assert {each: before.every(each) for each in before.names} == {
        each: after.every(each) for each in after.names
    }


def test_it_judges_word_for_word_the_same() -> None:
    """The workers of a running service judge by what was packed, those of a fresh one by what was read."""
    policies = load(FOLDERS["policies"])
    read, unpacked = Judge(policies), Judge(unpack(packed(policies)))
    requests = sorted((HOUSE / "examples" / "requests").glob("*.json"))
    assert requests
    for path in requests:
        told = [
            judge.verdict(read_json(path.read_bytes()), verdict_id="v", judged_at=NOW).document
            for judge in (read, unpacked)
        ]
        assert json.dumps(told[0], default=str) == json.dumps(told[1], default=str)
    read.close()
    unpacked.close()


def test_it_comes_in_short_steps_and_what_levels_share_comes_once() -> None:
    """Between two steps a worker answers requests; a shared condition that came twice would be decided
    twice."""
    policies, steps = load(FOLDERS["policies"]), []
    file = packed(policies)
    again = unpack(file, lambda: steps.append(file.tell()))
    levels = [level for each in again.tracks.values() for version in each for level in version.levels]
    assert len(steps) == len(levels) + 2
    whole = len(file.getvalue())
    assert max(after - before for before, after in pairwise(steps)) < whole / 5

    def derived(policies: PolicySet) -> set[int]:
        """The calculated facts that the levels hold."""
        return {
            id(part)
            for each in policies.tracks.values()
            for version in each
            for level in version.levels
            for requirement in level.requires
            for part in walk(requirement.condition)
            if isinstance(part, Derived)
        }

    assert len(derived(again)) == len(derived(policies))


def test_a_file_that_was_cut_off_is_refused() -> None:
    """A full disk must not leave half a policy in force."""
    text = packed(load(FOLDERS["policies"])).getvalue()
    for size in (0, len(text) // 2, len(text) - 1):
        with pytest.raises((EOFError, UnpicklingError)):
            unpack(io.BytesIO(text[:size]))
