"""Packed policy sets: a checked set goes into a file; the same set, level by level, comes out of it.

A process that has checked a folder hands the set to those that serve it: to unpack one takes a small part of
the time that reading and checking its files takes. What was packed must come from a process of one's own, for
whoever writes such a file decides what is run by those who unpack it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import BinaryIO

from service.policy.model import PolicySet


def pack(policies: PolicySet, file: BinaryIO) -> None:
    """Write a policy set; what its levels share is written once."""
    pickler = pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)
    pickler.dump(policies.vocabulary)
    pickler.dump(policies.derived)
    for versions in policies.tracks.values():
        for version in versions:
            for level in version.levels:
                pickler.dump(level)
    pickler.dump(policies)


def unpack(file: BinaryIO, step: Callable[[], None] = lambda: None) -> PolicySet:
    """Read a policy set.

    Args:
        file: Written by `pack`, by a process of our own.
        step: Called after each part; none takes long.

    Raises:
        EOFError, pickle.UnpicklingError: the file ends too soon.
    """
    unpickler = pickle.Unpickler(file)  # noqa: S301 - see above: only what a process of our own has written
    while not isinstance(part := unpickler.load(), PolicySet):
        step()
    return part
