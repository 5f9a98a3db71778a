"""Populations: requests from a folder or a table in; each with a name and its JSON value, out.

A folder holds one request in each `.json` file. A table (`.csv`, or `.parquet` where pyarrow is installed)
holds one request in each row, its columns named by dotted paths: `candidate.id`, `from.track`,
`facts.points`. A cell of a CSV is read by the type of its fact; an empty one is left out, and lists are
written as JSON. A cell of a Parquet file has a type of its own, and lists and records are lists there, too.
Knows nothing of judging.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any, Final

from service.errors import LaddersError, RequestError, did_you_mean
from service.facts.json_text import read_json
from service.facts.types import FactType, ListOf, Number, Records, YesNo
from service.facts.vocabulary import Vocabulary

MOST_IN_CELL: Final = 1_000_000
_BATCH: Final = 10_000  #: rows of a Parquet file read at a time
_FRAME: Final = (
    "request_id", "candidate.id", "from", "from.track", "from.level", "to.track", "to.level", "as_of",
    "submitted_on", "version",
)  # fmt: skip
_NEEDED: Final = ("candidate.id", "to.track", "to.level")
_YES_NO: Final = {"yes": True, "true": True, "no": False, "false": False}


class CannotRead(LaddersError):
    """The population cannot be read; the message names the file, the row and the remedy."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a population."""

    name: str  #: the file, the row, or the verdict
    raw: Any  #: the JSON value; may be wrong in any way
    today: date  #: the day of the request where it names none


def read_population(place: Path, vocabularies: Sequence[Vocabulary], today: date) -> Sequence[Asked]:
    """All requests of a folder or a table.

    Args:
        place: A folder of `.json` files, or a `.csv` or `.parquet` file.
        vocabularies: Which facts there are; the first that knows a fact says how its cells are read.
        today: The day of a request that names none.

    Raises:
        CannotRead: It is none of these, or cannot be read.
    """
    if place.is_dir():
        found = [Asked(path.name, _json(path), today) for path in sorted(place.glob("*.json"))]
        if not found:
            raise CannotRead(f"there is no request in `{place}`; put one into each `.json` file there")
        return found
    if not place.exists():
        raise CannotRead(f"there is nothing at `{place}`; check the path")
    if place.suffix.lower() == ".csv":
        return list(_csv(place, vocabularies, today))
    if place.suffix.lower() == ".parquet":
        return list(_parquet(place, vocabularies, today))
    raise CannotRead(f"`{place}` is neither a folder of requests nor `.csv` or `.parquet`; check its name")


def _json(path: Path) -> Any:
    try:
        return read_json(path.read_bytes())
    except RequestError as wrong:
        raise CannotRead(f"`{path}`: {wrong.faults[0].message}") from wrong


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────


def _csv(place: Path, vocabularies: Sequence[Vocabulary], today: date) -> Iterator[Asked]:
    try:
        text = place.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise CannotRead(f"`{place}` is not UTF-8 text; save it as `CSV UTF-8`") from wrong
    csv.field_size_limit(MOST_IN_CELL)
    rows = csv.reader(io.StringIO(text), strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        types = {name: _type(name, vocabularies) for name in header}
        _check(header, types, place)
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            where = f"row {rows.line_num}"
            if len(row) != len(header):
                raise CannotRead(
                    f"`{place}`, {where}: {len(row)} cells stand here, but the header has {len(header)}"
                )
            cells = {
                name: _cell(cell.strip(), types[name], f"`{place}`, {where}, `{name}`")
                for name, cell in zip(header, row, strict=True)
                if cell.strip()
            }
            yield Asked(where, _request(cells), today)
    except csv.Error as wrong:
        raise CannotRead(f"`{place}`, row {rows.line_num}: this is not CSV ({wrong})") from wrong


def _type(name: str, vocabularies: Sequence[Vocabulary]) -> FactType | None:
    """The type of the fact in a column; None for what belongs to the frame of a request."""
    fact = name.removeprefix("facts.")
    known = (vocabulary.facts[fact].type for vocabulary in vocabularies if fact in vocabulary.facts)
    return next(known, None) if name != fact else None


def _check(header: Sequence[str], types: Mapping[str, FactType | None], place: Path) -> None:
    known = [*_FRAME, *(name for name in types if types[name] is not None)]
    for name in header:
        if name.startswith("facts.") and types.get(name) is None:
            raise CannotRead(f"`{place}`: `{name}` is no fact of these policies; take the column out")
        if name not in known:
            hint = did_you_mean(name, known) or "; columns are named such as `candidate.id` or `facts.points`"
            raise CannotRead(f"`{place}`: there is no column `{name}`{hint}")
        if header.count(name) > 1:
            raise CannotRead(f"`{place}`: the column `{name}` stands twice; keep one")
    for name in _NEEDED:
        if name not in header:
            raise CannotRead(f"`{place}`: the column `{name}` is missing; its header names every column")


def _cell(text: str, kind: FactType | None, where: str) -> Any:
    match kind:
        case Number():
            try:
                number = Decimal(text)
            except InvalidOperation:
                raise CannotRead(
                    f"{where}: a number is wanted here, in digits such as `3` or `3.5`"
                ) from None
            return int(number) if number == number.to_integral_value() and "." not in text else number
        case YesNo():
            if text.lower() not in _YES_NO:
                raise CannotRead(f"{where}: `yes` or `no` is wanted here")
            return _YES_NO[text.lower()]
        case ListOf() | Records():
            try:
                return read_json(text.encode())
            except RequestError as wrong:
                raise CannotRead(f"{where}: a list is written as JSON, such as `[…]`: {wrong}") from wrong
        case _:
            return text


def _parquet(place: Path, vocabularies: Sequence[Vocabulary], today: date) -> Iterator[Asked]:
    try:
        parquet, arrow = import_module("pyarrow.parquet"), import_module("pyarrow")
    except ImportError as missing:
        raise CannotRead(
            f"`{place}` needs the package `pyarrow`, which is not installed: `pip install ladders[parquet]`, "
            "or save the population as CSV"
        ) from missing
    try:
        with parquet.ParquetFile(place) as file:
            number, header = 0, list[str]()
            for batch in file.iter_batches(_BATCH):
                table = _flat(arrow.Table.from_batches([batch]), arrow)
                if not header:
                    header = [name.strip() for name in table.column_names]
                    _check(header, {name: _type(name, vocabularies) for name in header}, place)
                for row in table.to_pylist():
                    number += 1
                    yield Asked(f"row {number}", _request(dict(_told(row))), today)
    except (arrow.ArrowException, OSError) as wrong:
        raise CannotRead(f"`{place}` cannot be read as Parquet ({wrong}); save it again") from wrong


def _flat(table: Any, arrow: Any) -> Any:
    """A table whose columns hold no objects: `candidate` with `id` in it is the column `candidate.id`."""
    while any(arrow.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _told(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The cells of a row that hold something; what frames a request is text, as in every other form."""
    for name, cell in row.items():
        value = _value(cell)
        if value is not None:
            framed = name.strip() in _FRAME and isinstance(value, int | Decimal)
            yield name.strip(), str(value) if framed else value


def _value(value: Any) -> Any:
    """A value of a table as JSON has it; a binary fraction stands for the shortest decimal that names it."""
    match value:
        case bool():
            return value
        case datetime():
            return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
        case date():
            return value.isoformat()
        case float():
            return _number(Decimal(repr(value))) if isfinite(value) else None  # how tables say: not told
        case Decimal():
            return _number(value)
        case Mapping():
            return {name: told for name, part in value.items() if (told := _value(part)) is not None}
        case list():
            return [_value(part) for part in value]
        case _:
            return value


def _number(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else number


def _request(cells: Mapping[str, Any]) -> dict[str, Any]:
    """The request in a row; dotted names are objects inside each other."""
    request: dict[str, Any] = {"facts": {}}
    for name, value in cells.items():
        at = request
        *outer, last = name.split(".")
        for part in outer:
            at = at.setdefault(part, {})
        at[last] = value
    if request.get("from") in ("null", "none"):
        request["from"] = None  # on no ladder
    return request
