"""A process of its own that publishes a log once and is killed on the way; started by tests as
`python -m tests.ledger.publishing DATABASE before|after|signing`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
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


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
