"""A process of its own that publishes a log; started by tests as `python -m tests.ledger.publishing
DATABASE …`.

`before`, `after` and `signing` publish once and are killed on the way; `again` publishes until its standard
input ends.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Thread
from unittest.mock import patch

from service.ledger.anchor import Anchor
from service.ledger.note import Signature, Signer
from tests.ledger.attacking import opened, publisher


def die() -> None:
    """End at once, as power cuts and the kernel do it."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(database: Path, when: str) -> None:
    """Publish, and die before or after the anchor has the note."""
    swap, sign = Anchor.swap, Signer.sign

    def swapping(anchor: Anchor, seen: bytes | None, note: bytes) -> bool:
        if when == "before":
            die()
        done = swap(anchor, seen, note)
        die()
        return done

    def signing(signer: Signer, text: bytes) -> Signature:
        if when == "signing":
            die()
        return sign(signer, text)

    patch.object(Anchor, "swap", swapping).start()
    patch.object(Signer, "sign", signing).start()
    publisher(opened(database), database.parent).publish()


def again(database: Path) -> None:
    """Publish without a pause, as nobody would."""
    ending = Thread(target=sys.stdin.read)
    ending.start()
    log = opened(database)
    while ending.is_alive():
        publisher(log, database.parent).publish()
    log.close()


if __name__ == "__main__":
    if sys.argv[2] == "again":
        again(Path(sys.argv[1]))
    else:
        main(Path(sys.argv[1]), sys.argv[2])
