"""Broken policy folders: each says exactly what is wrong, where, and what to write instead.

A case is a file of `broken/`: what it changes in the small folder `base/` (a text replaced, or a whole file),
and everything that must then be said, with the line and the caret. A case without problems would be no case.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.errors import PolicyError
from service.policy.load import load_files
from tests.policy.folders import BASE, CRAFT, LEAD, changed, loaded

CASES = sorted((Path(__file__).parent / "broken").glob("*.yaml"))


def files_of(case: Path) -> tuple[dict[str, str], str]:
    """The folder of a case, and the problems wanted."""
    wanted = yaml.safe_load(case.read_text(encoding="utf-8"))
    files = changed(*((each["file"], each["old"], each["new"]) for each in wanted.get("changes", ())))
    for name, text in wanted.get("files", {}).items():
        if text is None:
            del files[name]
        else:
            files[name] = text
    return files, wanted["problems"]


def test_there_are_many_cases() -> None:
    """Sixty is the least that was promised; a table that shrinks would pass in silence."""
    assert len(CASES) >= 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_broken_folder_says_exactly_what_is_wrong(case: Path) -> None:
    """One mistake gives one problem: no more, no fewer, at the word to change, in these words."""
    files, wanted = files_of(case)
    with pytest.raises(PolicyError) as raised:
        loaded(files)
    assert str(raised.value) + "\n" == wanted


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_no_message_speaks_the_language_of_programs(case: Path) -> None:
    """HR reads these: small first letter, no full stop, no name of a Python type or of YAML's parts."""
    files, _ = files_of(case)
    with pytest.raises(PolicyError) as raised:
        loaded(files)
    for problem in raised.value.problems:
        message = problem.message
        assert message[0].islower() or message[0] == "`"
        assert not message.endswith(".")
        for word in (
            "NoneType",
            "dict",
            "tuple",
            " str",
            " int ",
            "Decimal",
            "mapping",
            "scalar",
            "token",
            "node",
        ):
            assert word not in message


def test_a_file_of_two_megabytes_is_refused_without_being_read() -> None:
    """Nobody writes such a policy; what else is wrong in the folder is still said."""
    files = changed((LEAD, "some: trainings", "some: trainigs"))
    files[CRAFT] = files[CRAFT] + "# long\n" * 300_000
    with pytest.raises(PolicyError) as raised:
        loaded(files)
    said = [f"{problem.where}: {problem.message}" for problem in raised.value.problems]
    assert said == [
        f"{CRAFT}:1:1: this file holds 2.1 MB, and the most is 1 MiB (1,048,576 bytes); "
        "split it into several files",
        f"{LEAD}:20:15: `trainigs` is not a fact; did you mean `trainings`?",
    ]


def test_problems_come_sorted_by_place() -> None:
    """One reads them from the top of the first file to the end of the last."""
    files = changed(
        (LEAD, "grade: 6", "grade: six"),
        (LEAD, "kind: people", "kind: nobody"),
        (CRAFT, "grade: 5", "grade: five"),
    )
    with pytest.raises(PolicyError) as raised:
        loaded(files)
    places = [problem.where for problem in raised.value.problems]
    assert places == sorted(places)
    assert len(places) == 3


FRAGMENTS = st.sampled_from(
    [
        "",
        "\n",
        " ",
        "  ",
        ":",
        ": ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "#",
        '"',
        "'",
        "\t",
        "fact: ",
        "use: ",
        "of: ",
        "any_of: ",
        "at_least: ",
        "where: ",
        "{fact: this}",
        "{param: x}",
        "{count: trainings}",
        "{table: credit, at: it}",
        "route",
        "null",
        "12 months",
        "2026-02-30",
        "yes",
        "010",
        "\u00a0",
        "\x00",
        "é",
        "ß",
        "derived:",
        "latest: ",
        "for_each: ",
        "as: it",
        "0",
        "[]",
        "{}",
        "plus: ",
        "times: [1]",
        "trainings.long",
        "good-standing",
        "with: {months: {param: months}}",
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, bytes]:
    """The good folder with a few pieces cut out, doubled, put elsewhere or put in."""
    files = {name: text.encode() for name, text in BASE.items()}
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(files)))
        content = files[name]
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 40)))
        other = files[draw(st.sampled_from(sorted(files)))]
        begin = draw(st.integers(0, len(other)))
        piece = draw(
            st.one_of(FRAGMENTS.map(str.encode), st.binary(max_size=3), st.just(other[begin : begin + 40]))
        )
        files[name] = content[:start] + piece + content[end:]
    return files


@given(mutated())
def test_whatever_is_written_only_problems_come_of_it(files: dict[str, bytes]) -> None:
    """A slip of the hand must never stop the loader, nor point beside the file."""
    try:
        load_files(files)
    except PolicyError as error:
        for problem in error.problems:
            lines = files[problem.where.file].decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
            assert 1 <= problem.where.line <= len(lines) + 1
            assert problem.where.column >= 1


LINES = sorted({line for text in BASE.values() for line in text.splitlines() if line.strip()})


@given(st.data())
def test_moving_whole_lines_gives_problems_or_another_policy(data: st.DataObject) -> None:
    """Lines in the wrong place are well-formed YAML mostly, and reach every part of the loader."""
    name = data.draw(st.sampled_from(sorted(BASE)))
    lines = BASE[name].splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines)))
        deeper = " " * data.draw(st.sampled_from([0, 0, 2, 4]))
        lines[at : at + data.draw(st.integers(0, 2))] = [deeper + data.draw(st.sampled_from(LINES))]
    with suppress(PolicyError):  # anything else would fail the test
        loaded({**BASE, name: "\n".join(lines)})


WORDS = sorted({word.strip(" ,[]{}:") for text in BASE.values() for word in text.split()} - {""})


@given(st.data())
def test_exchanging_words_gives_problems_or_another_policy(data: st.DataObject) -> None:
    """A name in the place of another keeps the file whole and confuses only its meaning."""
    name = data.draw(st.sampled_from(sorted(BASE)))
    words = BASE[name].split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(words) - 1))
        word = words[at].strip(",[]{}:\n")
        words[at] = words[at].replace(word, data.draw(st.sampled_from(WORDS))) if word else words[at]
    with suppress(PolicyError):  # anything else would fail the test
        loaded({**BASE, name: " ".join(words)})
