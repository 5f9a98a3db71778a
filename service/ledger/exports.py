"""Exports for people: the entries of a log, up to one checkpoint, go in; JSON lines, CSV or Parquet come out.

Each row carries the leaf itself and its hash, and each file the checkpoint it was made under, so that a row
can be proved later. What is private in an entry is in none of them. An export that can be verified whole is
a folder of tiles (`ledger.tile_folder`).
"""

from __future__ import annotations

import csv
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from service.errors import ExportUnavailable
from service.ledger.record import digest_text

COLUMNS: Final = (
    "index", "kind", "id", "decided_at", "track", "level", "outcome", "policy_set", "policy_version", "about",
    "leaf_hash", "leaf",
)  # fmt: skip
_AT_ONCE: Final = 4096

Leaves = Iterable[tuple[bytes, bytes]]
Each = Callable[[int], None]


def row_of(index: int, leaf: bytes, leaf_hash: bytes) -> dict[str, Any]:
    """An entry as a row."""
    told: dict[str, Any] = orjson.loads(leaf)
    policy = told.get("policy") or {}
    about = told.get("about") or {}
    return {
        "index": index,
        "kind": told.get("kind"),
        "id": told.get("id"),
        "decided_at": told.get("decided_at"),
        "track": told.get("track"),
        "level": told.get("level"),
        "outcome": told.get("outcome"),
        "policy_set": policy.get("set"),
        "policy_version": policy.get("version"),
        "about": about.get("index"),
        "leaf_hash": digest_text(leaf_hash),
        "leaf": b64encode(leaf).decode(),
    }


def write_jsonl(path: Path, leaves: Leaves, checkpoint: bytes, each: Each) -> None:
    """One JSON object a line: the checkpoint, then every entry with its leaf as it is and as it reads."""
    with path.open("xb") as file:
        file.write(orjson.dumps({"checkpoint": checkpoint.decode()}) + b"\n")
        for index, (leaf, leaf_hash) in enumerate(leaves):
            told = {
                "index": index,
                "leaf_hash": digest_text(leaf_hash),
                "leaf": b64encode(leaf).decode(),
                "entry": orjson.loads(leaf),
            }
            file.write(orjson.dumps(told) + b"\n")
            each(index + 1)


def write_csv(path: Path, leaves: Leaves, checkpoint: bytes, each: Each) -> None:
    """A table with a head; the checkpoint lies beside it as `NAME.checkpoint`."""
    with path.open("x", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for index, (leaf, leaf_hash) in enumerate(leaves):
            table.writerow(row_of(index, leaf, leaf_hash))
            each(index + 1)
    path.with_name(f"{path.name}.checkpoint").write_bytes(checkpoint)


def write_parquet(path: Path, leaves: Leaves, checkpoint: bytes, each: Each) -> None:
    """The same table as Parquet; the checkpoint stands in the metadata of its schema.

    Raises:
        ExportUnavailable: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ExportUnavailable("Parquet needs pyarrow; install `ladders[parquet]`, or export CSV") from error
    whole = {"index": pa.int64(), "about": pa.int64()}
    fields = [(name, whole.get(name, pa.string())) for name in COLUMNS]
    schema = pa.schema(fields, metadata={"checkpoint": checkpoint.decode()})
    with path.open("xb") as file, pq.ParquetWriter(file, schema) as writer:
        for batch in _batches(leaves):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema))
            each(batch[-1]["index"] + 1)


def _batches(leaves: Leaves) -> Iterator[list[dict[str, Any]]]:
    numbered = enumerate(leaves)
    while batch := [
        row_of(index, leaf, leaf_hash) for index, (leaf, leaf_hash) in islice(numbered, _AT_ONCE)
    ]:
        yield batch


WRITERS: Final[Mapping[str, Callable[[Path, Leaves, bytes, Each], None]]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_parquet,
}
