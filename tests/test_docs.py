"""The documentation as a whole: every page is found from the index, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
PAGES = sorted((HOUSE / "docs").glob("*.md"))
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<to>[^)\s]+)\)")
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def shown(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def anchors(path: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path) -> list[str]:
    """Links of a page that lead to no file or to no heading."""
    broken = []
    for link in LINK.finditer(BLOCK.sub("", path.read_text("utf-8"))):
        name, _, heading = link["to"].partition("#")
        if "://" in name:
            continue
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (heading and heading not in anchors(target)):
            broken.append(link["to"])
    return broken


@pytest.mark.parametrize("path", [HOUSE / "README.md", *PAGES], ids=shown)
def test_every_link_leads_somewhere(path: Path) -> None:
    """A reader follows a link once, and then no other."""
    assert broken_links(path) == []


def test_every_page_is_in_the_index() -> None:
    """What is not listed is not found."""
    listed = {link["to"] for link in LINK.finditer((HOUSE / "docs" / "README.md").read_text("utf-8"))}
    assert {path.name for path in PAGES} - {"README.md"} - listed == set()


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    """The rules above must fail when they should."""
    page = tmp_path / "page.md"
    page.write_text("# One, two\n[a](#one-two) [b](#three) [c](nowhere.md)\n```\n[d](e.md)\n```\n", "utf-8")
    assert broken_links(page) == ["#three", "nowhere.md"]


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_no_line_of_a_page_is_about_one_machine(path: Path) -> None:
    """Pages are read elsewhere."""
    assert re.findall(r"(?:/home/|/tmp/|/work/|/root/|localhost:\d)\S*", path.read_text("utf-8")) == []
