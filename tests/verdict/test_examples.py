"""The example requests and their verdicts, whole: what a company reads first, and a golden text for each.

`LADDERS_REWRITE_GOLDEN=1 make test` writes them anew after a change that is meant; read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from service.facts.json_text import read_json
from tests.verdict.bundled import ROOT, verdict

REQUESTS = sorted((ROOT / "examples" / "requests").glob("*.json"))


@pytest.mark.parametrize("request_file", REQUESTS, ids=lambda path: path.stem)
def test_an_example_gets_the_verdict_that_stands_beside_it(request_file: Path) -> None:
    """Byte for byte, apart from id, times and place in the log."""
    document = verdict(read_json(request_file.read_bytes())).document
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    expected = ROOT / "examples" / "verdicts" / request_file.name
    if os.environ.get("LADDERS_REWRITE_GOLDEN") == "1":
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(text)
    assert text == expected.read_text()
