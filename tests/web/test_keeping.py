"""A version means one thing on a log: whoever judges first by it says what, and all others keep to that."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.errors import AnotherMeaning, KeyReused
from service.ledger.log import Log, open_log
from service.ledger.record import Record
from service.policy.load import load
from service.policy.versions_frozen import VersionDigests
from service.web.keeping import MEANING, Keeper
from service.web.parts import Parts
from tests.ledger.records import a_record
from tests.web.conftest import NOON, POLICIES

VERSION = "people-lead/2026-01-01"
LEAD = "tracks/people-lead/2026-01-01.yaml"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Log]:
    """A log in which nobody has judged."""
    log = open_log(tmp_path / "log.db", clock=lambda: datetime.now(UTC), random_bytes=os.urandom)
    yield log
    log.close()


@pytest.fixture
def service(empty: Log, parts: Parts) -> Callable[..., Keeper]:
    """Another service on the log."""
    return lambda **others: Keeper(empty, parts.judges, parts.runtime, lambda: NOON, **others)


def meaning(tmp_path: Path, name: str, *changes: tuple[str, str]) -> VersionDigests:
    """What the versions mean after some changes to the track."""
    folder = tmp_path / name
    shutil.copytree(POLICIES, folder)
    lead = folder / LEAD
    for old, new in changes:
        text = lead.read_text("utf-8")
        assert old in text
        lead.write_text(text.replace(old, new), "utf-8")
    return VersionDigests(load(folder))


def verdict(number: int, digests: VersionDigests) -> Record:
    """A verdict by the version in this meaning."""
    [digest] = digests.every(VERSION)
    return replace(a_record(number), policy_version=VERSION, policy_digest=digest)


def written(log: Log, found: list[Record | AnotherMeaning]) -> list[Record]:
    records = [each for each in found if isinstance(each, Record)]
    log.append(records)
    return records


def test_of_two_that_are_the_first_at_the_same_time_one_is(
    empty: Log, service: Callable[..., Keeper], tmp_path: Path
) -> None:
    """Both have looked before either has written; the log itself must tell them apart."""
    ours, theirs = meaning(tmp_path, "a"), meaning(tmp_path, "b", ("at_least: 8", "at_least: 9"))
    one, two = service(), service()
    faster, slower = one.first([verdict(1, ours)], ours), two.first([verdict(2, theirs)], theirs)
    written(empty, faster)
    with pytest.raises(KeyReused) as reused:
        written(empty, slower)
    assert reused.value.kind == MEANING
    [refused] = two.first([verdict(2, theirs)], theirs)
    assert isinstance(refused, AnotherMeaning)
    assert empty.issued()[VERSION] == set(ours.every(VERSION))


def test_whoever_means_the_same_goes_on_and_asks_no_more(
    empty: Log, service: Callable[..., Keeper], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every verdict passes here, so only the first ones of a version may cost a look at the log."""
    ours = meaning(tmp_path, "a")
    one, two = service(), service()
    together = [verdict(number, ours) for number in range(1, 4)]
    written(empty, one.first(together, ours))
    slower = [verdict(4, ours), verdict(5, ours)]
    assert two.first(slower, ours) == slower
    monkeypatch.setattr(empty, "issued", None)
    assert two.first(slower, ours) == slower
    written(empty, two.first(slower, ours))


def test_figures_by_date_are_meanings_beside_each_other(empty: Log, service: Callable[..., Keeper]) -> None:
    """One version has a digest for each stretch of its figures, which all belong to it."""
    a, b, c = (f"sha256:{letter * 64}" for letter in "abc")

    class Figures(VersionDigests):
        def __init__(self, *digests: str) -> None:
            self._digests = {VERSION: ([], list(digests))}

    def by(number: int, digest: str) -> Record:
        return replace(a_record(number), policy_version=VERSION, policy_digest=digest)

    keeper = service()
    assert len(written(empty, keeper.first([by(1, a)], Figures(a, b)))) == 1
    assert len(written(empty, keeper.first([by(2, b), by(3, b), by(4, a)], Figures(a, b)))) == 3
    found = keeper.first([by(5, c), by(6, b), by(7, c)], Figures(b, c))
    assert [isinstance(each, AnotherMeaning) for each in found] == [True, False, True]


def test_who_only_tries_things_out_may_mean_anything(
    empty: Log, service: Callable[..., Keeper], tmp_path: Path
) -> None:
    """`LADDERS_FREEZE=no` says so."""
    free = service(freeze=False)
    for number, digests in enumerate(
        (meaning(tmp_path, "a"), meaning(tmp_path, "b", ("at_least: 8", "at_least: 9"))), start=1
    ):
        written(empty, free.first([verdict(number, digests)], digests))
    assert len(empty.issued()[VERSION]) == 2
