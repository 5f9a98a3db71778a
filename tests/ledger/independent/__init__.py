"""An implementation of notes, proofs and tiles that is not ours: Go's golang.org/x/mod/sumdb, as Debian
packages it.

`main.go` is the whole of our own part: it hands questions on to that library. Nothing is fetched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_PACKAGES: Final = Path("/usr/share/gocode")
_MISSING: Final = "these tests need Go and its x/mod: apt-get install golang-go golang-golang-x-mod-dev"


def built(folder: Path) -> Path:
    """The program, built in a folder."""
    go = shutil.which("go") or ""
    assert go, _MISSING
    assert (_PACKAGES / "src/golang.org/x/mod/sumdb").is_dir(), _MISSING
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GO111MODULE": "off",
        "GOPATH": str(_PACKAGES),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    program = folder / "independent"
    source = str(Path(__file__).parent / "main.go")
    subprocess.run([go, "build", "-o", str(program), source], env=environment, check=True)
    return program


def answers(program: Path, questions: Sequence[Mapping[str, Any]]) -> list[str]:
    """What it says to each question: `ok`, what it made, or what is wrong."""
    asked = "".join(f"{json.dumps(question)}\n" for question in questions)
    done = subprocess.run([program], input=asked, capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()
    assert len(said) == len(questions), done.stderr
    return said
