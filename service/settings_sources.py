"""Where settings come from: the environment and the file that it names go in; the text of each setting that
was given, and its place, come out.

The environment wins over the file. A setting that may be a secret can be given by the path of a file instead
(`LADDERS_LOG_FILE`, or `log_file` in the settings file), so that it stands in neither. Knows nothing of what
the texts mean.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from service.errors import did_you_mean

PREFIX: Final = "LADDERS_"
CONFIG: Final = "LADDERS_CONFIG"
_BY_FILE: Final = "_FILE"
_WANTED: Final = 'write one setting a line: a name, =, and a text in "quotes" or a number'


@dataclass(frozen=True, slots=True)
class Given:
    """What was written for one setting."""

    text: str
    where: str  #: what a complaint begins with: `LADDERS_PORT`, or `ladders.toml:3: port`
    origin: str  #: what `ladders config` shows: `environment`, `ladders.toml:3`


@dataclass(slots=True)
class Sources:
    """All that was given, by the field of the setting; and what is wrong with it already."""

    given: dict[str, Given] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def gather(environment: Mapping[str, str], fields: Mapping[str, bool]) -> Sources:
    """Everything that an environment, and the settings file that it names, give.

    Args:
        environment: All variables; only those that begin with `LADDERS_` matter.
        fields: Every setting by its field, and whether it may be given by the path of a file.
    """
    sources = Sources()
    if CONFIG in environment:
        _from_file(Path(environment[CONFIG]), fields, sources)
    _from_environment(environment, fields, sources)
    return sources


def _from_environment(environment: Mapping[str, str], fields: Mapping[str, bool], sources: Sources) -> None:
    known = {PREFIX + name.upper(): name for name in _names(fields)}
    own = sorted(name for name in environment if name.startswith(PREFIX) and name != CONFIG)
    for name in own:
        if name not in known:
            suggestion = did_you_mean(name, [*known, CONFIG], likeness=0.85)  # all of them begin alike
            sources.wrong.append(f"{name}: there is no such setting{suggestion}")
    told = {known[name]: Given(environment[name], name, "environment") for name in own if name in known}
    _settle(told, fields, sources)


def _from_file(file: Path, fields: Mapping[str, bool], sources: Sources) -> None:
    try:
        text = file.read_text("utf-8")
        written = tomllib.loads(text, parse_float=str)
    except OSError as refused:
        sources.wrong.append(f"{CONFIG}: cannot read `{file}`: {refused.strerror}; name a file in TOML")
        return
    except UnicodeDecodeError:
        sources.wrong.append(f"{file}: this is not UTF-8; save the file as UTF-8")
        return
    except tomllib.TOMLDecodeError as broken:
        sources.wrong.append(not_toml(file, str(broken), _WANTED))
        return
    lines, known, told = _lines(text), _names(fields), {}
    for name, value in written.items():
        origin = f"{file}:{lines.get(name, 1)}"
        if isinstance(value, dict):
            sources.wrong.append(f"{origin}: settings stand at the top of the file; remove `[{name}]`")
            continue
        if name not in known:
            suggestion = did_you_mean(name.lower().removeprefix(PREFIX.lower()), known)
            sources.wrong.append(f"{origin}: there is no setting `{name}`{suggestion}")
            continue
        try:
            told[name] = Given(_text(value), f"{origin}: {name}", origin)
        except ValueError as refused:
            sources.wrong.append(f"{origin}: {name}: {refused}")
    _settle(told, fields, sources)


def _names(fields: Mapping[str, bool]) -> list[str]:
    """Every name that may be used: each setting's own, and the one for the path of a file."""
    return [*fields, *(name + _BY_FILE.lower() for name, by_file in fields.items() if by_file)]


def _settle(told: Mapping[str, Given], fields: Mapping[str, bool], sources: Sources) -> None:
    """Put what one source gives in force, over what an earlier one gave."""
    for name, given in told.items():
        if name in fields:
            sources.given[name] = given
            continue
        of = name.removesuffix(_BY_FILE.lower())
        if of in told:
            sources.wrong.append(f"{given.where}: `{of}` is given too; give one of the two")
            continue
        try:
            secret = Path(given.text).read_text("utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, ValueError) as refused:
            why = refused.strerror if isinstance(refused, OSError) else "it is not a text in UTF-8"
            sources.wrong.append(f"{given.where}: cannot read `{given.text}`: {why}; name a file")
            continue
        sources.given[of] = Given(secret, given.where, f"{given.origin}, in {given.text}")


def _text(value: Any) -> str:
    """What TOML makes of a value, as the text that the environment would hold."""
    match value:
        case bool():
            return "yes" if value else "no"
        case str() | int():
            return str(value)
        case list():
            return ",".join(map(_text, value))
        case _:
            raise ValueError("write a text, a number, true or false, or a list of texts")


def _lines(text: str) -> dict[str, int]:
    """The line on which each name at the top of a TOML file stands first."""
    found: dict[str, int] = {}
    for number, name in _named(text):
        found.setdefault(name, number)
    return found


def _named(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        match = re.match(r"\s*\[*\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*[=.\]]", line)
        if match:
            yield number, match[1]


def not_toml(file: Path, said: str, wanted: str) -> str:
    """A complaint about a file that cannot be read as TOML, without the words that it repeats.

    Args:
        file: The file.
        said: What was said of it.
        wanted: What to write there.
    """
    place = re.search(r"\(at line (\d+), column (\d+)\)", said)
    where = f"{file}:{place[1]}:{place[2]}" if place else f"{file}"
    return f"{where}: this is not TOML; {wanted}"
