"""The file of subscriptions: what is taken, and what is said about what is wrong."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from service.errors import SettingsError
from service.web.webhooks.subscriptions import read_subscriptions

SECRET = b"0123456789abcdef0123456789abcdef"


def written(folder: Path, text: str) -> Path:
    (folder / "secret").write_bytes(SECRET)
    (folder / "encoded").write_text(f"whsec_{b64encode(SECRET).decode()}\n")
    (folder / "short").write_text("abc")
    (folder / "broken").write_text("whsec_%%%")
    place = folder / "webhooks.toml"
    place.write_text(text)
    return place


def test_a_subscription_says_where_to_send_what(tmp_path: Path) -> None:
    """What is left out has the value that most want."""
    text = """
        [workday]
        url = "https://hr.example.com/hooks"
        secret_file = "secret"
        [archive]
        url = "http://localhost:9000/"
        secret_files = ["encoded", "secret"]
        events = ["decision"]
        begin = "start"
    """
    workday, archive = read_subscriptions(written(tmp_path, text))
    assert (workday.name, workday.secrets, workday.from_start) == ("workday", (SECRET,), False)
    assert workday.events == {"verdict", "decision"}
    assert (archive.secrets, sorted(archive.events)) == ((SECRET, SECRET), ["decision"])
    assert archive.from_start


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "[x]: a subscription is a table"),
        ("[Big]\nurl='https://a'\nsecret_file='secret'", "small letters"),
        ("[a]\nurl='https://a'\nsecret_file='secret'\nevnts=[]", "no `evnts`; did you mean `events`"),
        ("[a]\nsecret_file='secret'", "`url` is the address"),
        ("[a]\nurl='http://hr.example.com/'\nsecret_file='secret'", "begins with https://"),
        ("[a]\nurl='https://me:pw@hr.example.com/'\nsecret_file='secret'", "holds a password"),
        ("[a]\nurl='https://a'", "`secret_file` names a file"),
        ("[a]\nurl='https://a'\nsecret_file='none'", "cannot be read"),
        ("[a]\nurl='https://a'\nsecret_file='short'", "shorter than 24"),
        ("[a]\nurl='https://a'\nsecret_file='broken'", "no base64"),
        ("[a]\nurl='https://a'\nsecret_file='secret'\nevents=['all']", "`events` is a list of"),
        ("[a]\nurl='https://a'\nsecret_file='secret'\nbegin='never'", "`begin` is now or start"),
        ("[a", ".toml: this is not TOML; write a table for each subscriber"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(tmp_path: Path, text: str, said: str) -> None:
    """A subscription that is only half understood sends to the wrong place, or nothing."""
    with pytest.raises(SettingsError) as refused:
        read_subscriptions(written(tmp_path, text))
    assert said in str(refused.value)
    assert "pw@" not in str(refused.value)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Whoever mends the file mends it once."""
    with pytest.raises(SettingsError) as refused:
        read_subscriptions(written(tmp_path, "[a]\nbegin='never'\n[b]\nurl='ftp://b'\nsecret_file='secret'"))
    assert len(refused.value.lines) == 4
