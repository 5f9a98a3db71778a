"""Reading policy files: what is read, where it stands, and what is said of everything that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from service.policy.source import ListNode, MapNode, Node, Source, Span, TextNode, read_source

BROKEN = Path(__file__).parent / "broken_yaml"

TRACK = """\
# the sales track
track: sales
title: "Sales: the field"
in_force: {from: 2026-01-01}   # the day it begins
levels:
  - level: seller
    enter_from: [sales/trainee, 'design/junior']
    text: |
      Two lines
      of text
    why:
"""


def plain(node: Node | None) -> object:
    """The values of a tree without their places."""
    match node:
        case TextNode(value):
            return value
        case ListNode(items):
            return [plain(item) for item in items]
        case MapNode(entries):
            return {name: plain(entry.value) for name, entry in entries.items()}
    raise AssertionError("there is no tree")


def texts(node: Node) -> Iterator[TextNode]:
    """Every text of a tree, names included."""
    match node:
        case TextNode():
            yield node
        case ListNode(items):
            for item in items:
                yield from texts(item)
        case MapNode(entries):
            for entry in entries.values():
                yield entry.key
                yield from texts(entry.value)


def read(text: str) -> Node:
    """The tree of a text that has no problems."""
    _, node, problems = read_source("track.yaml", text.encode())
    assert problems == []
    assert node is not None
    return node


def value(text: str) -> Node:
    """The first value of a map."""
    node = read(text)
    assert isinstance(node, MapNode)
    return next(iter(node.entries.values())).value


def messages(content: bytes) -> list[str]:
    """What is said of a file, without excerpts."""
    return [f"{problem.where}: {problem.message}" for problem in read_source("track.yaml", content)[2]]


# ----------------------------------------------------------------------------------------------- what is read


def test_a_file_reads_as_plain_texts_lists_and_maps() -> None:
    """Types come later, from the vocabulary; here a day, a name and a missing value are all texts."""
    assert plain(read(TRACK)) == {
        "track": "sales",
        "title": "Sales: the field",
        "in_force": {"from": "2026-01-01"},
        "levels": [
            {
                "level": "seller",
                "enter_from": ["sales/trainee", "design/junior"],
                "text": "Two lines\nof text\n",
                "why": "",
            }
        ],
    }


@pytest.mark.parametrize(
    "written",
    [
        "no",
        "on",
        "yes",
        "True",
        "1.10",
        "010",
        "0x1F",
        "1_000",
        "12:30",
        "1e400",
        "2026-02-30",
        "~",
        "null",
        "=",
        ".inf",
    ],
)
def test_a_value_is_never_interpreted(written: str) -> None:
    """YAML would make `no` a truth value and drop the zero of `1.10`; people mean what they wrote."""
    assert value(f"value: {written}") == TextNode(written, False, Span("track.yaml", 1, 8, len(written)))


@pytest.mark.parametrize(
    ("written", "expected", "quoted"),
    [
        ("no", "no", False),
        ("", "", False),
        ('""', "", True),
        ('"no"', "no", True),
        ("'no'", "no", True),
        ("|\n  no", "no", True),
        (">-\n  no", "no", True),
        ("“no”", "“no”", False),
    ],
)
def test_quotes_are_told_apart(written: str, expected: str, quoted: bool) -> None:
    """`"7"` is a text where 7 is a number, and `key:` is not `key: ""`; typographic quotes are letters."""
    node = value(f"value: {written}")
    assert isinstance(node, TextNode)
    assert (node.value, node.quoted) == (expected, quoted)


def test_everything_says_where_it_stands() -> None:
    """A problem found in the meaning must point at the line and words that carry it."""
    node = read(TRACK)
    assert isinstance(node, MapNode)
    level = node.entries["levels"].value
    assert isinstance(level, ListNode)
    first = level.items[0]
    assert isinstance(first, MapNode)
    places = {
        "root": node.span,
        "track": node.entries["track"].key.span,
        "title, with its quotes": node.entries["title"].value.span,
        "braces": node.entries["in_force"].value.span,
        "dash": level.span,
        "level": first.span,
        "brackets": first.entries["enter_from"].value.span,
        "block": first.entries["text"].value.span,
        "missing": first.entries["why"].value.span,
    }
    assert {name: (span.line, span.column, span.width) for name, span in places.items()} == {
        "root": (2, 1, 5),
        "track": (2, 1, 5),
        "title, with its quotes": (3, 8, 18),
        "braces": (4, 11, 18),
        "dash": (6, 3, 1),
        "level": (6, 5, 5),
        "brackets": (7, 17, 32),
        "block": (8, 11, 1),
        "missing": (11, 5, 3),
    }


def test_columns_count_characters() -> None:
    """An editor counts characters, not bytes: two letters and one emoji stand before the colon."""
    span = value("é😀ü: Größe 🧗 x").span
    assert (span.column, span.width) == (6, 9)


def test_the_order_of_a_file_is_kept() -> None:
    """Findings come in the order in which HR wrote the requirements."""
    node = read("b: 1\na: 2\nc: 3\n")
    assert isinstance(node, MapNode)
    assert list(node.entries) == ["b", "a", "c"]


@pytest.mark.parametrize(
    "content",
    [
        b"track: sales\r\nlevels:\r\n  - a\r\n  - b\r\n",
        b"\xef\xbb\xbftrack: sales\nlevels:\n  - a\n  - b\n",
        b"track: sales   \nlevels:  \n  - a \n   \n  - b",
        b"---\ntrack: sales\nlevels: [a, b,]\n...\n",
        b"# note\ntrack: sales # note\n#levels: none\nlevels: ## note\n- a\n- b #\n",
    ],
    ids=["Windows line ends", "byte order mark", "trailing spaces", "document marks", "notes"],
)
def test_what_editors_leave_behind_is_accepted(content: bytes) -> None:
    """None of it changes what a person reads, so nobody should have to mend it."""
    source, node, problems = read_source("track.yaml", content)
    assert problems == []
    assert plain(node) == {"track": "sales", "levels": ["a", "b"]}
    assert not any(line.endswith("\r") for line in source.lines)


@pytest.mark.parametrize(
    "written",
    [
        "https://example.org/a",
        "10:30",
        "R&D",
        "C#",
        "a - b",
        "100%",
        "it's so",
        'the "quiet" one',
        "#7 first",
        "a\u00a0b",
    ],
)
def test_ordinary_texts_need_no_quotes(written: str) -> None:
    """Signs in the middle of a text are no trap; only `#7 first` needs the quotes it is given here."""
    written_in_file = f'"{written}"' if written.startswith("#") else written
    assert plain(read(f"- {written_in_file}\n")) == [written]


def test_a_long_text_may_go_on_below() -> None:
    """HR wraps lines, and an address at the start of one is no name."""
    assert plain(read("source: see\n  https://example.org/a\n")) == {"source": "see https://example.org/a"}
    assert plain(read("why: Nobody is pushed\n  into a role - ever\n")) == {
        "why": "Nobody is pushed into a role - ever"
    }


# -------------------------------------------------------------------------------------------- what is refused


def cases() -> list[str]:
    return sorted(path.stem for path in BROKEN.glob("*.yaml"))


@pytest.mark.parametrize("name", cases())
def test_a_broken_file_gets_the_words_that_mend_it(name: str) -> None:
    """The `.problems` file beside each broken file is what its author reads: place, words, line and caret."""
    path = BROKEN / f"{name}.yaml"
    problems = read_source(path.name, path.read_bytes())[2]
    assert "".join(f"{problem}\n" for problem in problems) == path.with_suffix(".problems").read_text("utf-8")


def test_every_broken_file_has_its_problems_and_the_other_way_round() -> None:
    """A table that lost its rows would pass in silence."""
    assert cases() == sorted(path.stem for path in BROKEN.glob("*.problems"))
    assert len(cases()) >= 100
    assert all(path.stat().st_size for path in BROKEN.iterdir())


@pytest.mark.parametrize("name", cases())
def test_no_message_speaks_the_language_of_programs(name: str) -> None:
    """HR writes these files: no words of YAML or Python, no capital at the start, no stop at the end."""
    for problem in read_source(name, (BROKEN / f"{name}.yaml").read_bytes())[2]:
        ours = re.sub(r"`[^`]*`", "", problem.message)
        jargon = r"(?i)\b(mapping|scalar|sequence|token|anchor|alias|node|flow|str|dict|none|parse\w*)\b"
        assert not re.search(jargon, ours)
        assert not ours[:1].isupper()
        assert not ours.endswith(".")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"---\n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    """It is there by accident, and would silently mean nothing."""
    assert messages(content) == ["track.yaml:1:1: this file is empty; write its content or delete the file"]


@pytest.mark.parametrize(("levels", "accepted"), [(50, True), (51, False)])
def test_fifty_levels_are_the_most(levels: int, accepted: bool) -> None:
    """Deeper files are written by accident or against us."""
    _, node, problems = read_source("track.yaml", b"[" * levels + b"]" * levels)
    assert (node is not None, problems == []) == (accepted, accepted)


def test_with_many_problems_the_first_hundred_are_shown() -> None:
    """A list that nobody reads to its end helps nobody; the last line says that there is more."""
    said = messages(b"a: 1\n" * 500)
    assert len(said) == 101
    assert said[-1] == "track.yaml:102:1: 399 more problems follow from here on; mend the ones above first"


def test_the_rest_of_a_file_is_read_beside_its_problems() -> None:
    """A second name or a copy spoils one line; the meaning of the other lines is still checked."""
    _, node, problems = read_source("track.yaml", b"a: 1\nb: *x\na: 2\nc: [3, &y 4]\n")
    assert [problem.where.line for problem in problems] == [2, 3, 4]
    assert plain(node) == {"a": "1", "c": ["3", "4"]}


def test_a_source_shows_the_line_a_problem_speaks_of() -> None:
    """Later checks point at the same file with the same source."""
    source = read_source("tracks/sales.yaml", b"a: 1\nlevl: seller\n")[0]
    problem = source.problem(Span("tracks/sales.yaml", 2, 1, 4), "`levl` is not known")
    assert str(problem) == "tracks/sales.yaml:2:1: `levl` is not known\n    levl: seller\n    ^^^^"


# ------------------------------------------------------------------------------------------------------- laws

_unseen = "\xad\u200b\u2028\u2029\ufffd\ufeff\ufffe\uffff" + "".join(
    map(chr, [*range(0x202A, 0x202F), *range(0x2060, 0x206A), *range(0xFFF9, 0xFFFC)])
)
_letters = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=_unseen)
_written = st.text(st.one_of(st.sampled_from(" :#-,[]{}'\"&*!|>%@`?~"), _letters), max_size=20)
_names = st.text(_letters, min_size=1, max_size=12)
_trees = st.recursive(
    _written,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)


@given(_trees.filter(lambda tree: not isinstance(tree, str)), st.sampled_from([True, False, None]))
def test_what_a_program_writes_is_read_back_with_its_places(tree: object, flow: bool | None) -> None:
    """Whatever the layout, the same texts come out, and each span underlines the text it is of."""
    written = yaml.safe_dump(tree, default_flow_style=flow, sort_keys=False, width=100_000)
    source, node, problems = read_source("track.yaml", written.encode())
    assert problems == []
    assert node is not None
    assert plain(node) == tree
    for text in texts(node):
        line = source.lines[text.span.line - 1]
        underlined = line[text.span.column - 1 : text.span.column - 1 + text.span.width]
        assert len(underlined) == text.span.width
        if not text.quoted and "\n" not in text.value:
            assert underlined == text.value
        elif underlined.startswith("'") and "\n" not in text.value:
            assert underlined[1:-1].replace("''", "'") == text.value
        else:
            assert underlined[0] in "'\""


_line_starts = ["\n", "\n  ", "\n    ", "\r\n", "\t", "\u00a0", "---\n", "...\n", "%YAML 1.1\n"]
_signs = ["a", "b: ", "- ", ": ", " #", "# ", ", ", "*a", "&b ", "!c ", "? ", "<<: ", *":[]{}\"'|>\\@é😀"]
_pieces = st.sampled_from([*_line_starts, *_signs])


@given(
    st.one_of(
        st.binary(max_size=60), st.lists(_pieces, max_size=25).map(lambda parts: "".join(parts).encode())
    )
)
@example(b"{a:-")
@example(b"\xff\xfe")
@example(b"a: \xc3")
def test_whatever_the_bytes_there_is_a_tree_or_a_problem_inside_the_file(content: bytes) -> None:
    """Nothing that someone drops into the policy folder may stop the service with anything but words."""
    source, node, problems = read_source("track.yaml", content)
    assert isinstance(source, Source)
    assert node is not None or problems
    assert problems == sorted(problems)
    for problem in problems:
        where = problem.where
        assert 1 <= where.line <= len(source.lines)
        assert problem.excerpt == source.lines[where.line - 1]
        assert 1 <= where.column <= len(problem.excerpt) + 1
        assert problem.width >= 1
        assert where.column + problem.width <= len(problem.excerpt) + 2
        assert problem.message


@given(st.lists(_pieces, max_size=12).map("".join))
@example("{{}}")
def test_no_problem_means_that_yaml_reads_the_same_texts(text: str) -> None:
    """Where we accept a file, we read what every other reader of YAML reads, scalars taken as texts."""
    _, node, problems = read_source("track.yaml", text.encode())
    if not problems:
        assert plain(node) == yaml.load(text, Loader=yaml.CBaseLoader)  # reads scalars as texts, runs nothing
