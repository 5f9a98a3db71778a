"""The policy read aloud, as one page of HTML: what `verdict.aloud` says in; the whole page, as text, out.

One file that can be sent to anybody: its style stands inside, no script, nothing from elsewhere, readable by
screen readers and on paper. Whatever the policy says is escaped. Knows nothing of policies.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.verdict.aloud import HEADINGS, SaidPolicy
from service.verdict.wording import Phrases

WORDS: Final[Phrases] = {
    "title": "Promotion policy",
    "contents": "Contents",
    "skip": "Skip to the policy",
    "untold": "Told with the request.",
}

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


def policy_page(policy: SaidPolicy) -> str:
    """The whole page."""
    titles = list(dict.fromkeys(version.title for version in policy.versions))
    title = f"{WORDS['title']}: {titles[0]}" if len(titles) == 1 else WORDS["title"]
    page = _PAGES.get_template("policy.html").render(
        policy=policy, headings=HEADINGS, words=WORDS, title=title, alike=len(titles) < len(policy.versions)
    )
    return f"{page}\n"
