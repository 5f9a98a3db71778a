"""Versions that have issued verdicts: the log knows them, and refuses a folder in which they mean
something else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from service.errors import LogUnavailable, PolicyError
from service.ledger.frozen import issued_in, refuse_changed
from service.ledger.log import Log, open_log
from service.ledger.record import microseconds
from service.policy.versions_frozen import VersionDigests
from tests.ledger.older import write_older_log
from tests.ledger.records import a_record
from tests.policy.folders import BASE, LEAD, changed, loaded

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OLD, NEW = ("sha256:" + letter * 64 for letter in "ab")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(place: Path) -> Iterator[Log]:
    opened = open_log(place, clock=lambda: NOON, random_bytes=os.urandom)
    yield opened
    opened.close()


def test_the_log_knows_which_versions_have_issued_verdicts(log: Log, place: Path) -> None:
    """It is asked at every start, and must not read ten million entries for it."""
    told = [
        ("lead/2026-01-01", OLD),
        ("lead/2026-01-01", NEW),
        ("craft/2026-01-01", OLD),
        ("lead/2026-01-01", OLD),
    ]
    for number, (version, digest) in enumerate(told):
        log.append([replace(a_record(number), policy_version=version, policy_digest=digest)])
    log.append([a_record(9)])  # names no digest
    assert issued_in(place) == {"lead/2026-01-01": {OLD, NEW}, "craft/2026-01-01": {OLD}}


def test_many_verdicts_at_once_are_known_as_well(log: Log, place: Path) -> None:
    """A batch of a review season is one commit."""
    log.append([replace(a_record(number), policy_digest=OLD if number % 2 else NEW) for number in range(50)])
    assert issued_in(place) == {"people-lead/2026-01-01": {OLD, NEW}}


def test_a_log_of_the_first_form_is_carried_on(place: Path) -> None:
    """Its entries named another digest, and freeze nothing; those that follow do."""
    write_older_log(place, 1, [replace(a_record(1), policy_digest=OLD)], microseconds(NOON))
    assert issued_in(place) == {}
    with closing(open_log(place, clock=lambda: NOON, random_bytes=os.urandom)) as carried_on:
        carried_on.append([replace(a_record(2), policy_digest=NEW)])
        assert carried_on.get(a_record(1).id) is not None
    assert issued_in(place) == {"people-lead/2026-01-01": {NEW}}


def test_a_folder_is_held_against_the_log(log: Log, place: Path) -> None:
    """A version that has issued a verdict means the same for ever."""
    policies = loaded(BASE)
    (version,) = policies.tracks["lead"]
    digest = VersionDigests(policies).of(version, date(2026, 6, 1))
    edited = loaded(changed((LEAD, "is: manager-foundations", "is: manager-basics")))
    assert refuse_changed(edited, place) == ()  # nobody was judged by it yet
    log.append([replace(a_record(1), policy_version=version.name, policy_digest=digest)])
    assert refuse_changed(policies, place) == ()
    with pytest.raises(PolicyError, match="has issued verdicts and is frozen"):
        refuse_changed(edited, place)


def test_a_version_that_is_gone_is_a_warning(log: Log, place: Path) -> None:
    """Its verdicts stay, but cannot be explained from this folder any more."""
    log.append([replace(a_record(1), policy_version="lead/2019-01-01", policy_digest=OLD)])
    (warning,) = refuse_changed(loaded(BASE), place)
    assert warning.where.file == "tracks/lead/2019-01-01.yaml"


def test_where_there_is_no_log_nothing_is_frozen_unless_it_was_named(place: Path) -> None:
    """A service starts without one; who names a log in a command has mistyped its path."""
    assert refuse_changed(loaded(BASE), place, may_be_missing=True) == ()
    with pytest.raises(LogUnavailable, match="there is no verdict log at"):
        refuse_changed(loaded(BASE), place)


def test_another_file_is_no_log(place: Path) -> None:
    """A slip must not read as `nothing is frozen`."""
    place.write_text("no database at all, but long enough to be one " * 40)
    with pytest.raises(LogUnavailable, match="could not be read"):
        issued_in(place)
