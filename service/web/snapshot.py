"""Snapshots: a policy folder goes in; a copy of its files, and a digest of all their bytes, comes out.

Workers load the copy, so that all of them read the same bytes, whatever happens to the folder meanwhile.
Everything that can be wrong with a link or a file is still wrong in the copy, so that `policy.load` finds it.
Knows nothing of what the files say.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from service.errors import PolicyError, Position, Problem

MOST_FILES: Final = 50_000
MOST_BYTES: Final = 256 * 1024 * 1024  #: of all files together
State = tuple[tuple[object, ...], ...]


def state_of(folder: Path) -> State:
    """What changes whenever a file below a folder is written, added, removed, replaced or renamed."""
    return tuple(_states(folder))


def _states(folder: Path) -> Iterator[tuple[object, ...]]:
    for path in walk(folder):
        with suppress(OSError):
            seen = path.stat()
            yield str(path), seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def walk(folder: Path) -> Iterator[Path]:
    """Every file and link below a folder, hidden ones left out, in a fixed order."""
    try:
        found = sorted(folder.iterdir())
    except OSError:  # gone meanwhile
        return
    for path in found:
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from walk(path)
        else:
            yield path


def copy(folder: Path, into: Path) -> str:
    """Copy a policy folder to a place where nothing is yet.

    Returns:
        The digest of names and bytes of all files, `sha256:…`.

    Raises:
        PolicyError: There is no folder, or a file cannot be read, or there is too much.
        OSError: The copy cannot be written.
    """
    if not folder.is_dir():
        raise PolicyError(
            [_problem(folder.name or ".", f"there is no folder `{folder}`; LADDERS_POLICIES names it")]
        )
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    root, whole, size = folder.resolve(), sha256(), 0
    for number, path in enumerate(walk(folder)):
        name = path.relative_to(folder).as_posix()
        content = _copy_one(path, name, root, into)
        size += len(content)
        if size > MOST_BYTES or number >= MOST_FILES:
            most = f"{MOST_FILES} files or {MOST_BYTES // 1024**2} MiB"
            raise PolicyError([_problem(name, f"with this file the policy folder has more than {most}")])
        whole.update(f"{len(name.encode())}:{name}{len(content)}:".encode())
        whole.update(content)
    return f"sha256:{whole.hexdigest()}"


def _copy_one(path: Path, name: str, root: Path, into: Path) -> bytes:
    """Copy one file or link; gives what it says."""
    place, target = into / name, path.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    inside = target.is_relative_to(root)
    if path.is_symlink() and not (inside and target.is_file()):
        to = into / target.relative_to(root) if inside else target
        place.symlink_to(to)
        return b"->" + os.fsencode(target)
    try:
        if not stat.S_ISREG(target.stat().st_mode):
            os.mkfifo(place)
            return b""
        with target.open("rb") as file:
            content = file.read(MOST_BYTES)
    except OSError as error:
        message = f"this file cannot be read ({error.strerror}); check who may read it"
        raise PolicyError([_problem(name, message)]) from error
    place.write_bytes(content)
    return content


def _problem(name: str, message: str) -> Problem:
    return Problem(Position(name, 1, 1), message)
