"""`ladders log …` for those who prove and verify, as operators and auditors type it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from base64 import b64decode, b64encode
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from service.cli.main import commands
from service.ledger.log import open_log, read_log
from service.ledger.log_keys import LogKeys
from service.ledger.merkle import entry_hash
from service.ledger.note import Key
from tests.ledger.attacking import NAME, copied, edit, grown, opened
from tests.ledger.records import a_record, record_id
from tests.ledger.witnessing import witness_of

SIZES = (100, 300)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grown(tmp_path_factory.mktemp("honest"), SIZES)


@pytest.fixture
def place(honest: Path, tmp_path: Path) -> Path:
    return copied(honest, tmp_path / "log")


def run(place: Path, *words: str | Path, code: int = 0, **settings: str) -> Result:
    """What a command says; it must end with this code."""
    there = {"LADDERS_LOG": str(place), "LADDERS_ANCHOR": str(place.parent / "anchor"), **settings}
    done = CliRunner().invoke(commands, ["log", *map(str, words)], env=there)
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def trust(place: Path) -> Path:
    """The trust file, as an auditor was handed it."""
    path = place.parent / "trust"
    path.write_text(run(place, "trust").stdout)
    return path


def offline(*words: str | Path, code: int = 0) -> Result:
    """A command on a machine that has no log and no settings."""
    done = CliRunner().invoke(commands, ["log", *map(str, words)], env={"LADDERS_LOG": "/nowhere"})
    assert done.exit_code == code, done.output
    return done


def test_an_export_is_verified_with_the_trust_file_alone(place: Path, trust: Path, tmp_path: Path) -> None:
    """The whole of an audit, on a machine without network."""
    assert "300 entries are in" in run(place, "export", tmp_path / "export").output
    said = offline("verify", tmp_path / "export", "--trust", trust).output
    assert "all is right: 300 of 300 entries and 3 checkpoints; root " in said
    told: dict[str, Any] = json.loads(
        offline("verify", tmp_path / "export", "--trust", trust, "--json").stdout
    )
    assert (told["outcome"], told["entries"], told["findings"]) == ("ok", 300, [])
    assert "root " + told["root"] in said


def test_each_kind_of_finding_has_its_exit_code(place: Path, trust: Path, tmp_path: Path) -> None:
    """So that a nightly job needs to read no text."""
    export = tmp_path / "export"
    run(place, "export", export)
    kept = (export / "checkpoint").read_bytes()
    bundle = export / "tile/entries/000"
    whole = bundle.read_bytes()
    bundle.write_bytes(whole.replace(record_id(7).encode(), record_id(8).encode()))
    assert "entry 7 is not the one" in offline("verify", export, "--trust", trust, code=1).output
    bundle.unlink()
    assert (
        "256 of the entries 0 to 255 are missing"
        in offline("verify", export, "--trust", trust, code=3).output
    )
    bundle.write_bytes(whole)
    with closing(opened(place)) as log:
        log.append([a_record(number) for number in range(1000, 1005)])
    later = tmp_path / "later"
    later.write_bytes(run(place, "publish").stdout_bytes)
    said = offline("verify", export, "--trust", trust, "--seen", later, code=2).output
    assert "is of 305 entries, but only 300 are here" in said
    assert kept != later.read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify", "{export}"), "--trust FILE"),
        (("verify", "{export}", "--trust", "{export}/checkpoint"), "line 1 of the trust file"),
        (("verify", "{export}", "--rust", "x"), "No such option"),
        (("verify", "{export}/missing", "--trust", "x"), "does not exist"),
        (("verify",), "there is no verdict log at `/nowhere`"),
        (("verify", "{export}", "--trust", "{binary}"), "is no trust file, for it is not text"),
        (
            ("verify", "{unreadable}", "--trust", "{trust}"),
            "unreadable/tile/0/000` cannot be used: Is a directory",
        ),
        (("check-receipt", "{binary}", "--trust", "{binary}"), "is no trust file, for it is not text"),
    ],
)
def test_what_cannot_be_verified_ends_with_4(
    place: Path, trust: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """2 means a rollback here, and 1 that somebody tampered: a slip at the prompt, or a file that cannot be
    read, must not look like either.
    """
    there = {name: tmp_path / name for name in ("export", "binary", "unreadable")} | {"trust": trust}
    for name in ("export", "unreadable"):
        run(place, "export", there[name])
    there["binary"].write_bytes(b"\xff\xfe")
    tile = there["unreadable"] / "tile/0/000"
    tile.unlink()
    tile.mkdir()
    assert said in offline(*(word.format(**there) for word in words), code=4).output


def test_what_a_machine_refuses_is_said_in_one_line(place: Path, tmp_path: Path) -> None:
    """A folder that is not there is no defect of Ladders, and no proof that failed."""
    said = run(place, "prove", "7", "--out", tmp_path / "missing/proof", code=2).output
    assert said == f"ladders: `{tmp_path}/missing/proof` cannot be used: No such file or directory\n"
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    assert "is no trust file" in offline("check-proof", binary, "--trust", binary, code=2).output


def test_the_log_itself_is_verified_against_its_anchor(place: Path, trust: Path) -> None:
    """Nightly, beside the running service."""
    assert (
        "all is right: 300 of 300 entries and 4 checkpoints" in run(place, "verify", "--trust", trust).output
    )
    assert "signatures were not checked" in run(place, "verify").output
    edit(place, 150)
    assert "entry 150 is not the one whose hash is stored" in run(place, "verify", code=1).output


def test_what_is_of_another_log_shows_nothing_of_this_one(place: Path, trust: Path, tmp_path: Path) -> None:
    """The wrong file at the prompt, or the anchor of another log, is no sign that somebody tampered."""
    other = tmp_path / "other"
    clock, name = (lambda: datetime.now(UTC)), "ladders/b"
    with closing(open_log(other / "log.db", clock=clock, random_bytes=os.urandom, name=name)) as log:
        log.append([a_record(1)])
    run(other / "log.db", "publish")
    export = tmp_path / "export"
    run(place, "export", export)
    for seen, said in ((other / "anchor", "is of the log `ladders/b`"), (trust, "holds no checkpoint")):
        assert said in offline("verify", export, "--trust", trust, "--seen", seen, code=4).output
        assert said in run(place, "verify", "--seen", seen, code=4).output
    assert "the trust file is that of" in run(other / "log.db", "verify", "--trust", trust, code=4).output


def test_a_log_that_is_held_against_no_anchor_is_said_to_be_so(place: Path) -> None:
    """Whoever reads `all is right` must know what it was not held against."""
    said = "so a log that was rewritten or cut off as a whole would not show"
    assert said not in run(place, "verify").output
    (place.parent / "anchor").unlink()
    assert f"yet, {said}" in run(place, "verify").output


def test_what_is_private_is_held_against_its_leaf(place: Path) -> None:
    """The tree says nothing of what lies beside it; the commitments in the leaves do."""
    assert "all is right" in run(place, "verify", "--private").output
    with closing(apsw.Connection(str(place))) as connection:
        connection.execute("UPDATE priv SET body = (SELECT body FROM priv WHERE seq = 8) WHERE seq = 7")
    run(place, "verify")
    said = run(place, "verify", "--private", code=1).output
    assert "what is private in entry 7 is not what its leaf commits to" in said
    assert "entry 8" not in said


def test_a_rolled_back_log_is_told_refused_and_can_be_accepted_on_record(
    place: Path, trust: Path, tmp_path: Path
) -> None:
    """Every command that writes refuses; one, which says what it gives up, does not."""
    backup = copied(place, tmp_path / "backup")
    with closing(opened(place)) as log:
        log.append([a_record(number) for number in range(1000, 1050)])
    run(place, "publish")
    shutil.copy(place.parent / "anchor", backup.parent / "anchor")
    status = run(backup, "status", code=1).output
    assert "REFUSED     the verdict log holds 300 entries, but 350 were there" in status
    assert "anchored    350, 50 ahead of the log" in status
    assert "is of 350 entries, but only 300 are here" in run(backup, "verify", code=2).output
    for words in (("publish",), ("erase", "--person", "E-1", "--yes"), ("new-key",)):
        assert "accept-rollback" in run(backup, *words, code=2).output
    said = run(backup, "accept-rollback", "--reason", "disk died", "--yes").output
    assert f"entry 300 of the verdict log says so; it goes on as `{NAME}/2`" in said
    run(backup, "status")
    trust.write_text(run(backup, "trust").stdout)
    assert "entry 300 records that what" in run(backup, "verify", "--trust", trust).output
    assert "no loss to accept" in run(backup, "accept-rollback", "--reason", "x", "--yes", code=2).output


def test_what_was_disclosed_is_checked_offline(place: Path, trust: Path, tmp_path: Path) -> None:
    """A court has two files, and the trust file from elsewhere; it needs no program of its own."""
    with closing(opened(place)) as log:
        fields = [field.document() for field in log.disclosed(7, ["/verdict/summary"]) or []]
        [entry] = log.entries(7, 8)
    proof, shown = tmp_path / "7.tlog-proof", tmp_path / "shown.json"
    run(place, "prove", "7", "--out", proof)
    whole = {"index": 7, "leaf": b64encode(entry.leaf).decode(), "fields": fields, "recorded": 8}

    def said(told: Any, code: int = 1, proof: Path = proof) -> str:
        shown.write_text(told if isinstance(told, str) else json.dumps(told))
        return offline("check-disclosure", shown, "--proof", proof, "--trust", trust, code=code).output

    value = json.dumps(fields[0]["value"])
    assert said(whole, 0) == f"proved: entry 7 of `{NAME}` at 300 entries\n/verdict/summary: {value}\n"
    forged = [{**fields[0], "value": "eligible, and more"}]
    assert "not proved: field 1 of them is not" in said({**whole, "fields": forged})
    assert "no field is disclosed" in said({**whole, "fields": []})
    assert "is no disclosure" in said("[]")
    assert "is no disclosure" in said("{")
    run(place, "prove", "8", "--out", tmp_path / "8.tlog-proof")
    assert "that of another entry" in said(whole, proof=tmp_path / "8.tlog-proof")
    trust.write_bytes(b"\xff")
    assert "is no trust file" in said(whole, 2)


def test_an_auditor_without_keys_verifies_exports_and_sees_how_the_log_stands(
    place: Path, trust: Path, tmp_path: Path
) -> None:
    """None of it needs a secret."""
    shutil.rmtree(place.parent / "keys")
    assert "is not there; restore the folder of keys" in run(place, "status").output
    run(place, "verify", "--trust", trust)
    run(place, "export", tmp_path / "export")
    offline("verify", tmp_path / "export", "--trust", trust)
    (place.parent / "anchor").write_bytes(
        (place.parent / "anchor").read_bytes().replace(b"\\n300\\n", b"\\n301\\n")
    )
    assert "REFUSED     " in run(place, "status", code=1).output


def test_one_entry_is_proved_to_somebody_who_has_the_trust_file(
    place: Path, trust: Path, tmp_path: Path
) -> None:
    """A candidate keeps the proof of their verdict, and needs nobody to check it."""
    proof = tmp_path / "mine.tlog-proof"
    run(place, "prove", record_id(41), "--out", proof)
    assert run(place, "prove", "41").stdout_bytes == proof.read_bytes()
    said = offline("check-proof", proof, "--trust", trust).output
    assert f"proved: entry 41 of `{NAME}` at 300 entries" in said
    assert f'"id": "{record_id(41)}"' in said
    for old, new in ((b"index 41", b"index 42"), (b"\n300\n", b"\n301\n")):
        proof.write_bytes(run(place, "prove", "41").stdout_bytes.replace(old, new))
        assert "not proved: " in offline("check-proof", proof, "--trust", trust, code=1).output
    assert "there is no entry `nobody`" in run(place, "prove", "nobody", code=2).output
    assert "entry 300 is newer than the checkpoint" in run(place, "prove", "300", code=1).output
    assert "name either an entry or --from SIZE" in run(place, "prove", code=2).output


def test_growth_is_proved_in_the_form_that_witnesses_read(place: Path) -> None:
    """Whoever kept an old checkpoint can check that it was only added to."""
    with witness_of(_key(place)) as server:
        for old, new in ((0, 100), (100, 300)):
            body = run(place, "prove", "--from", str(old), "--to", str(new)).stdout_bytes
            assert server.answer(body)[0] == 200
    assert "no checkpoint of that size" in run(place, "prove", "--from", "5", "--to", "200", code=1).output
    assert "the checkpoint is of 300 entries" in run(place, "prove", "--from", "301", code=2).output


def _key(place: Path) -> Key:
    [signer] = LogKeys(place.parent / "keys").signers(NAME)
    return signer.key


def test_tables_carry_each_leaf_with_its_hash_and_the_checkpoint(place: Path, tmp_path: Path) -> None:
    """A row in a spreadsheet can still be proved: its leaf and its place are in it."""
    with closing(read_log(place)) as log:
        leaves, note = list(log.leaves(0, 300)), log.last_checkpoint()
    assert note is not None
    for form in ("jsonl", "csv", "parquet"):
        run(place, "export", tmp_path / form, "--form", form)
    first, *lines = [json.loads(line) for line in (tmp_path / "jsonl").read_text().splitlines()]
    assert first["checkpoint"].encode() == note
    assert [(b64decode(line["leaf"]), bytes.fromhex(line["leaf_hash"][7:])) for line in lines] == leaves
    assert lines[7]["entry"]["id"] == record_id(7)
    with (tmp_path / "csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(tmp_path / "parquet")
    assert (tmp_path / "csv.checkpoint").read_bytes() == note == table.schema.metadata[b"checkpoint"]
    for number, (row, whole) in enumerate(zip(rows, table.to_pylist(), strict=True)):
        assert (row["index"], row["level"], row["about"]) == (str(number), "team-lead", "")
        assert (whole["index"], whole["level"], whole["about"]) == (number, "team-lead", None)
        assert row["leaf_hash"] == whole["leaf_hash"] == f"sha256:{entry_hash(leaves[number][0]).hex()}"
        assert b64decode(row["leaf"]) == b64decode(whole["leaf"]) == leaves[number][0]


@pytest.mark.parametrize("form", ["tiles", "jsonl", "csv", "parquet"])
def test_an_export_tells_nothing_private_and_overwrites_nothing(
    place: Path, tmp_path: Path, form: str
) -> None:
    """It leaves the house; what it is about stays behind, encrypted."""
    target = tmp_path / "export"
    run(place, "export", target, "--form", form)
    files = [path for path in ([target] if target.is_file() else target.rglob("*")) if path.is_file()]
    assert not any(b"E-1" in path.read_bytes() or b"trainings" in path.read_bytes() for path in files)
    assert "exists already" in run(place, "export", target, "--form", form, code=2).output


def test_without_parquet_the_remedy_is_named(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyarrow is large, and few need it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = run(place, "export", tmp_path / "x", "--form", "parquet", code=2).output
    assert "install `ladders[parquet]`" in said
    assert not (tmp_path / "x").exists()


def test_publishing_asks_the_witnesses_and_says_when_one_does_not_cosign(place: Path, trust: Path) -> None:
    """The checkpoint is published all the same; it is only not witnessed."""
    with witness_of(_key(place)) as server:
        setting = f"{server.witness.key.vkey} {server.witness.url}"
        note = run(place, "publish", LADDERS_WITNESS=setting).stdout
        assert "— witness.example/w1 " in note
        assert "cosigned by witness.example/w1" in run(place, "status").output
        trust.write_text(run(place, "trust", LADDERS_WITNESS=setting).stdout)
        assert "cosigned by witness.example/w1" in run(place, "verify", "--trust", trust).output
        server.mood = "broken"
        assert "refused the checkpoint (500)" in run(place, "publish", code=1, LADDERS_WITNESS=setting).output


def test_keys_are_changed_at_the_prompt(place: Path, trust: Path) -> None:
    """New beside old, then new alone; the trust file follows."""
    assert "make a backup of the folder of keys now" in run(place, "new-key").output
    status: dict[str, Any] = json.loads(run(place, "status", "--json").stdout)
    assert len(status["keys"]) == 2
    assert (status["entries"], status["anchored"], status["why"]) == (301, 301, None)
    run(place, "verify", "--trust", trust)
    run(place, "retire-key", "--yes")
    assert (
        "not signed by a key that the trust file allows"
        in run(place, "verify", "--trust", trust, code=1).output
    )
    trust.write_text(run(place, "trust").stdout)
    run(place, "verify", "--trust", trust)


def test_a_log_without_a_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    """A log of yesterday's release has none yet."""
    place = tmp_path / "verdicts.db"
    with closing(opened(place)) as log:
        log.append([a_record(1)])
    for words in (("export", str(tmp_path / "export")), ("prove", "0")):
        assert "ladders log publish" in run(place, *words, code=1).output
    assert "nothing yet" in run(place, "status").output
    run(place, "publish")
    run(place, "export", tmp_path / "export")
