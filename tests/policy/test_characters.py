"""The bytes of policy files: which are text that people and machines read alike, and what others are told."""

from __future__ import annotations

import unicodedata

import pytest

from service.policy.source import read_source


def messages(content: bytes) -> list[str]:
    """What is said of a file, without excerpts."""
    return [f"{problem.where}: {problem.message}" for problem in read_source("track.yaml", content)[2]]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b"a: b\ntitle: Gesch\xe4ft\n",
            "2:13: this character is not saved as UTF-8; save the file again with the encoding UTF-8",
        ),
        (
            "title: Sales".encode("utf-16"),
            "1:1: this file is not saved as UTF-8; save it again with the encoding UTF-8",
        ),
        (
            "title: Sales".encode("utf-16-be"),
            "1:1: this file is not saved as UTF-8; save it again with the encoding UTF-8",
        ),
        (b"title: Sa\x00les\n", "1:10: an invisible character stands here (U+0000); delete it"),
        (b"a: b\ntitle: Sa\x1b\x1bles\n", "2:10: an invisible character stands here (U+001B); delete it"),
        (
            b"a: b\rc: d\n",
            "1:5: a stray line end stands inside this line; delete it or begin a new line here",
        ),
    ],
)
def test_bytes_that_are_no_readable_text_are_refused(content: bytes, expected: str) -> None:
    """Such bytes do not survive editors and version control, so they stand here."""
    assert messages(content) == [f"track.yaml:{expected}"]


def test_a_file_of_two_megabytes_is_refused() -> None:
    """No policy is that long; whatever it is, it is not read."""
    source, node, problems = read_source("track.yaml", b"# filler\n" * 233_000)
    assert (source.text, node) == ("", None)
    assert [str(problem) for problem in problems] == [
        "track.yaml:1:1: this file holds 2.1 MB, and the most is 1 MiB (1,048,576 bytes); "
        "split it into several files"
    ]


def test_a_file_of_exactly_one_mebibyte_is_read() -> None:
    """The limit itself is allowed, one byte more is not."""
    content = b"a: b\n#" + b"x" * (1_048_576 - 6)
    assert messages(content) == []
    assert len(messages(content + b"x")) == 1


def test_control_characters_are_refused_wherever_unicode_has_them() -> None:
    """The table of unseen characters is checked against Unicode itself, not against our memory of it."""
    for number in (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)):
        assert unicodedata.category(chr(number)) == "Cc"
        (said,) = messages(f"title: a{chr(number)}b\n".encode())
        assert said == f"track.yaml:1:9: an invisible character stands here (U+{number:04X}); delete it"
