"""The policy read aloud: a whole small policy as a text that one reads and agrees with, and as a page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser

import pytest

from service.policy.load import load
from service.policy.model import PolicySet
from service.policy.requirements import ROUTE
from service.verdict.aloud import SaidPolicy, read_aloud
from service.verdict.aloud_page import policy_page
from service.verdict.aloud_text import WIDTH, policy_text
from tests.policy.folders import CRAFT, FACTS, LEAD, changed, loaded
from tests.verdict.bundled import ROOT
from tests.verdict.golden_policies import assert_golden

EVERYTHING = (
    (FACTS, "label: latest rating}", "label: latest rating, source: Review system}"),
    (CRAFT, "{from: 2026-01-01}", "{from: 2026-01-01, to: 2027-01-01}"),
    (LEAD, "kind: people\n", "kind: people\nsource: People handbook 4\n"),
    (LEAD, "enter_from: [craft/senior]", "enter_from: [craft/engineer, craft/senior]"),
    (LEAD, "        waiver: {by: [people-director], at_most: 90 days}\n",
     "        why: Nobody should learn it on others.\n        source: People handbook 4.2\n"
     "        to_meet: Book the course\n        waiver: {by: [people-director, board], at_most: 90 days}\n"),
    (LEAD, "        fact: wish\n        is: yes\n",
     "        any_of:\n          - {fact: wish, is: yes}\n          - at_least: 2\n            of:\n"
     "              - {fact: training_hours, at_least: 40}\n"
     "              - {fact: service, at_least: 5 years}\n"
     "              - {fact: points, at_least: {table: credit, at: {fact: to.grade}}}\n"
     "        applies_when: {fact: from.track, is: craft}\n        unless: {fact: office, is: north}\n"),
    (LEAD, "    afterwards:\n",
     "      - {id: city, kind: advisory, text: Lives in town, fact: city, is: town}\n    afterwards:\n"
     "      - {id: mentor, text: A mentor is found}\n"),
)  # fmt: skip
LATER = """\
track: craft
title: Craft
kind: craft
in_force: {from: 2027-01-01}
levels:
  - {level: engineer, title: Engineer, grade: 5, enter_from: anyone}
  - {level: senior, title: Senior engineer, grade: 6}
"""


@cache
def everything() -> PolicySet:
    """A small folder with every part that can be read aloud."""
    return loaded({**changed(*EVERYTHING), "tracks/craft/2027-01-01.yaml": LATER})


@cache
def bundled() -> tuple[PolicySet, SaidPolicy]:
    policies = load(ROOT / "policies")
    return policies, read_aloud(policies)


def test_a_whole_policy_reads_as_people_agreed() -> None:
    """Somebody who never saw a policy file understands each sentence."""
    policy = replace(read_aloud(everything()), digest="sha256:…")
    assert_golden("aloud.txt", policy_text(policy))


def test_one_track_and_one_day_can_be_read_alone() -> None:
    """An employee asks about one ladder, as it stands today."""
    assert [each.name for each in read_aloud(everything(), track="lead").versions] == ["lead/2026-01-01"]
    on = read_aloud(everything(), track="craft", on=date(2027, 1, 1))
    assert [each.name for each in on.versions] == ["craft/2027-01-01"]
    day_before = read_aloud(everything(), track="craft", on=date(2026, 12, 31))
    assert [each.name for each in day_before.versions] == ["craft/2026-01-01"]


def test_the_words_listed_are_those_that_are_used() -> None:
    """Whoever is told of one track is not told what only others look at."""
    policy = read_aloud(everything(), track="craft")
    assert [term.word for term in policy.facts] == ["latest rating", "start in the level"]
    assert policy.calculated == ()


def test_nothing_that_the_policies_say_is_left_out() -> None:
    """What is not read aloud would still decide."""
    policies, policy = bundled()
    text = " ".join(policy_text(policy).split())
    page = policy_page(policy)
    for versions in policies.tracks.values():
        for version in versions:
            for level in version.levels:
                assert f"{level.title} {'-' * len(level.title)} Grade {level.grade}" in text
                for requirement in level.requires:
                    if requirement.id == ROUTE:
                        continue
                    for part in (requirement.text, requirement.why, requirement.to_meet, requirement.source):
                        assert part in text
                    assert f'id="{version.name}/{level.name}/{requirement.id}"' in page
                assert all(duty.text in text for duty in level.afterwards)


def test_no_line_of_the_text_is_wider_than_a_terminal() -> None:
    """It is read in a terminal, or pasted into a mail."""
    assert max(map(len, policy_text(bundled()[1]).splitlines())) <= WIDTH


class Page(HTMLParser):
    """What a page holds: its ids, links and elements, and whether every element is closed in its turn."""

    EMPTY = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.labels: list[str] = []
        self.tags: set[str] = set()
        self.headings: list[int] = []
        self.attributes: set[str] = set()
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags.add(tag)
        if tag not in self.EMPTY:
            self._open.append(tag)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        for name, value in attrs:
            self.attributes.add(name)
            for kept, wanted in ((self.ids, "id"), (self.links, "href"), (self.labels, "aria-labelledby")):
                if name == wanted:
                    kept.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        """An element ends: the one that was begun last."""
        assert self._open.pop() == tag


@pytest.mark.parametrize("whole", [True, False])
def test_the_page_is_whole_by_itself_and_every_link_in_it_leads_somewhere(whole: bool) -> None:
    """It is sent by mail and opened without a network: no script, no picture, no address of elsewhere."""
    policy = bundled()[1] if whole else read_aloud(everything())
    text = policy_page(policy)
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} | set(page.labels) <= set(page.ids)
    assert all(link.startswith("#") for link in page.links)
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object", "form"})
    assert not any(name.startswith("on") or name in ("src", "style") for name in page.attributes)
    assert "url(" not in text
    assert "@import" not in text


def test_the_page_can_be_walked_by_its_headings() -> None:
    """A screen reader goes from heading to heading: one title, and no step is left out."""
    page = Page(policy_page(bundled()[1]))
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert {"main", "nav", "header", "footer"} <= page.tags
    assert 'lang="en"' in policy_page(bundled()[1])


def test_what_a_policy_says_stays_text_on_the_page() -> None:
    """A title is never code, whoever wrote it."""
    policies = loaded(
        changed(
            (LEAD, "title: Team lead", "title: <script>alert(1)</script> & Co"),
            (LEAD, "text: A talk", "text: <b>A talk"),
        )
    )
    text = policy_page(read_aloud(policies))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in text
    assert "<script" not in text
    assert "<b>" not in text


def test_versions_that_share_a_title_are_told_apart_in_the_contents() -> None:
    """Two entries with one name would be a riddle."""
    text = policy_page(read_aloud(everything()))
    assert "(In force from 1 January 2026 until 31 December 2026.)" in text
