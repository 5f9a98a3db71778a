"""The language of an answer: negotiated by the header, and said in every answer."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from service.web.language import language_for


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("fr, de;q=0.5", "de"),
        ("de;q=0.5, en;q=0.4", "de"),
        ("en;q=0.4, de;q=0.5", "de"),
        ("*", "en"),
        ("en;q=0, *", "de"),
        ("de;q=0, en;q=0", "en"),
        ("fr", "en"),
        ("de;q=2", "en"),
        ("de;;q=1,,", "en"),
        ("de, de;q=0.1, en;q=0.5", "de"),
        ("x" * 100_000, "en"),
    ],
)
def test_the_language_that_is_wanted_most_is_used(header: str | None, language: str) -> None:
    """And the first where none of those there are is wanted: an answer is better than none."""
    assert language_for(header, ("en", "de")) == language


@pytest.mark.parametrize("path", ["/v1/tracks", "/nowhere", "/docs"])
def test_every_answer_says_its_language_and_that_it_depends_on_what_was_wanted(
    path: str, client: FlaskClient
) -> None:
    """A cache must not give one reader's language to another, once there is a second one."""
    response = client.get(path, headers={"Accept-Language": "de, en;q=0.1"})
    assert response.headers["Content-Language"] == "en"
    assert "Accept-Language" in response.headers["Vary"]
