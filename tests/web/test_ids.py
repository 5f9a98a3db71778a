"""Ids: UUIDs of version 7, in the order of their time, and never the same twice."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from service.web.ids import new_id, uuid7

chance = st.binary(min_size=10, max_size=10)
moment = st.integers(0, 2**48 - 1)


@given(moment, chance)
def test_an_id_is_a_uuid_of_version_7(since_1970_ms: int, random: bytes) -> None:
    """RFC 9562: 48 bits of milliseconds, version 7, variant 10, the rest chance."""
    made = UUID(uuid7(since_1970_ms, random))
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == since_1970_ms


@given(moment, chance, moment, chance)
def test_a_later_millisecond_sorts_behind(first: int, one: bytes, second: int, other: bytes) -> None:
    """The index of the verdict log grows at its end only."""
    if first < second:
        assert uuid7(first, one) < uuid7(second, other)


@given(moment, chance, chance)
def test_within_a_millisecond_chance_decides(since_1970_ms: int, one: bytes, other: bytes) -> None:
    """74 random bits keep ids of many workers apart; the 6 bits that say version and variant are not among
    them.
    """
    used = int.from_bytes(b"\x0f\xff\x3f" + b"\xff" * 7, "big")
    same = int.from_bytes(one, "big") & used == int.from_bytes(other, "big") & used
    assert (uuid7(since_1970_ms, one) == uuid7(since_1970_ms, other)) is same


def test_new_ids_differ() -> None:
    """Two verdicts never share an id."""
    assert len({new_id() for _ in range(10_000)}) == 10_000
