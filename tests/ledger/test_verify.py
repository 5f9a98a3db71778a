"""Offline, with an export and the trust file alone: whatever was changed is found, and the first wrong
entry named.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from service.errors import NotProven
from service.ledger.anchor import Anchor
from service.ledger.canonical import canonical
from service.ledger.merkle import entry_hash
from service.ledger.note import COSIGNATURE, ML_DSA_COSIGNATURE, read_note
from service.ledger.proofs import root_at
from service.ledger.sealing import seal
from service.ledger.tile_folder import TileWriter, tile_path
from service.ledger.trust import LogKey, Trust, read_trust
from service.ledger.verified import verify_export
from service.ledger.verify import INCOMPLETE, OK, ROLLED_BACK, TAMPERED
from tests.ledger.exported import REWRITTEN, TRUST, leaf, leaves_of, without_notes, write
from tests.ledger.records import a_record
from tests.ledger.signing import ORIGIN, Witness, checkpoint, log_signer
from tests.ledger.trees import Memory

SIZE = 1_300  #: entries: five full tiles and a part of one
SIZES = [1, 2, 256, 300, 700, 701, 1_024, SIZE]
LEAVES = leaves_of(SIZE)
SEALED = seal(a_record(), log=ORIGIN, record_key=bytes(32)).leaf  #: as a service writes it


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("exports") / "honest", LEAVES, SIZES)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """One that may be changed."""
    return write(tmp_path / "export", LEAVES, SIZES)


def test_an_honest_export_is_right(honest: Path) -> None:
    """Every entry, every tile and every checkpoint, with nothing but the trust file."""
    counted: list[int] = []
    report = verify_export(honest, TRUST, each=counted.append)
    assert (report.outcome, report.findings, report.entries, report.checkpoints) == (
        OK,
        [],
        SIZE,
        len(SIZES) + 1,
    )
    assert report.root == root_at(Memory([entry_hash(each) for each in LEAVES]), SIZE)
    assert counted == [256, 512, 768, 1024, 1280, 1300]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512, 66_000])
def test_exports_of_every_shape_are_right(size: int, tmp_path: Path) -> None:
    """With and without a part of a tile at the end, on one level or more."""
    report = verify_export(write(tmp_path / "export", leaves_of(size), [size]), TRUST)
    assert (report.outcome, report.entries) == (OK, size)


def test_an_export_without_its_earlier_checkpoints_is_said_to_be_so(export: Path) -> None:
    """Another tool does not write them, and somebody may have taken them away: what is right is less then."""
    assert verify_export(export, TRUST).notes == []
    for change in (lambda path: path.write_bytes(b""), Path.unlink):
        change(export / "checkpoints")
        report = verify_export(export, TRUST)
        assert (report.outcome, len(report.notes), report.checkpoints) == (OK, 1, 1)
        assert "held against the last one alone" in report.notes[0]


def test_an_empty_log_is_right(tmp_path: Path) -> None:
    """Nothing was promised, and nothing is missing."""
    assert verify_export(write(tmp_path / "export", [], [0]), TRUST).outcome == OK


def test_a_changed_entry_is_named(export: Path) -> None:
    """Somebody edited one file; all that is signed still speaks for the old one."""
    bundle = export / tile_path("entries", 2)
    bundle.write_bytes(bundle.read_bytes().replace(b'"entry-700"', b'"entry-7OO"'))
    report = verify_export(export, TRUST)
    assert report.outcome == TAMPERED
    assert [(each.index, each.message) for each in report.findings] == [
        (700, "entry 700 is not the one whose hash is stored")
    ]


@pytest.mark.parametrize("change", REWRITTEN.values(), ids=REWRITTEN)
def test_a_rewritten_log_fails_against_the_checkpoints_that_were_signed(
    change: Callable[[list[bytes]], list[bytes]], honest: Path, tmp_path: Path
) -> None:
    """Everything in it fits together; only what was signed before does not."""
    rewritten = write(tmp_path / "rewritten", change(LEAVES), SIZES)
    assert verify_export(rewritten, TRUST).outcome == OK  # with the key, the past can be rewritten in here
    report = verify_export(without_notes(rewritten, honest), TRUST)
    assert report.outcome == TAMPERED
    assert report.findings[0].index == 700
    assert "the first wrong one is one of 700 to 700" in report.findings[0].message


@pytest.mark.parametrize("change", REWRITTEN.values(), ids=REWRITTEN)
def test_whoever_has_the_key_still_fails_against_what_an_auditor_saw(
    change: Callable[[list[bytes]], list[bytes]], honest: Path, tmp_path: Path
) -> None:
    """One old checkpoint in a drawer, or the anchor, is enough."""
    rewritten = write(tmp_path / "rewritten", change(LEAVES), SIZES)
    hashes = Memory([entry_hash(each) for each in LEAVES])
    seen = tmp_path / "seen"
    seen.write_bytes(bytes(checkpoint(800, root_at(hashes, 800))))
    report = verify_export(rewritten, TRUST, [seen])
    assert (report.outcome, report.findings[0].index) == (TAMPERED, 701)
    assert verify_export(honest, TRUST, [seen]).outcome == OK


def test_a_truncated_log_is_a_rollback_against_what_was_seen(export: Path, tmp_path: Path) -> None:
    """The end is cut off, with a checkpoint that was once right: only a later one shows it."""
    earlier = write(tmp_path / "earlier", LEAVES, SIZES[:-1])
    assert verify_export(earlier, TRUST).outcome == OK
    report = verify_export(earlier, TRUST, [export / "checkpoint"])
    assert report.outcome == ROLLED_BACK
    assert "is of 1300 entries, but only 1024 are here" in report.findings[0].message


def test_the_anchor_is_held_against_an_export(honest: Path, tmp_path: Path) -> None:
    """All that ever left the box, as the anchor keeps it, half lines and all."""
    anchor, seen = Anchor(tmp_path / "anchor"), None
    hashes = Memory([entry_hash(each) for each in LEAVES])
    for size in (5, 300, 1_200):
        note = bytes(checkpoint(size, root_at(hashes, size)))
        anchor.swap(seen, note)
        seen = note
    with anchor.path.open("ab") as file:
        file.write(b'"half')
    report = verify_export(honest, TRUST, [anchor.path])
    assert (report.outcome, report.checkpoints) == (OK, len(SIZES) + 4)
    anchor.swap(seen, bytes(checkpoint(1_250, bytes(32))))
    report = verify_export(honest, TRUST, [anchor.path])
    assert report.outcome == TAMPERED
    assert "one of 1200 to 1249" in report.findings[0].message


def test_missing_entries_are_named_and_what_is_there_is_verified(export: Path) -> None:
    """A gap is no proof of tampering: the hashes are there, and whatever else is right is said so."""
    (export / tile_path("entries", 1)).unlink()
    report = verify_export(export, TRUST)
    assert report.outcome == INCOMPLETE
    assert [(each.index, each.message) for each in report.findings] == [
        (256, "256 of the entries 256 to 511 are missing, the first of them is 256")
    ]
    assert (report.entries, report.checkpoints) == (SIZE - 256, len(SIZES) + 1)
    bundle = export / tile_path("entries", 3)
    bundle.write_bytes(bundle.read_bytes()[:-10_000])
    assert verify_export(export, TRUST).findings[1].kind == INCOMPLETE
    (export / tile_path(0, 1)).unlink()
    assert "nothing behind them can be verified" in verify_export(export, TRUST).findings[0].message


@pytest.mark.parametrize("lost", [tile_path(0, 4), tile_path(0, 5, 20), tile_path(1, 0, 5)])
def test_a_missing_tile_is_incomplete_since_it_can_be_made_again(export: Path, lost: str) -> None:
    """Entries and checkpoints prove the log; other tools need the tile."""
    (export / lost).unlink()
    report = verify_export(export, TRUST)
    assert (report.outcome, report.count, report.entries) == (INCOMPLETE, 1, SIZE)


@pytest.mark.parametrize(
    ("level", "index", "width", "first"), [(0, 1, 256, 258), (0, 5, 20, 1282), (1, 0, 5, 512)]
)
def test_a_changed_tile_is_found(export: Path, level: int, index: int, width: int, first: int) -> None:
    """Proofs are made from tiles; a wrong one would make the log look tampered with."""
    tile = export / tile_path(level, index, width)
    row = bytearray(tile.read_bytes())
    row[2 * 32] ^= 1
    tile.write_bytes(row)
    report = verify_export(export, TRUST)
    assert (report.outcome, report.findings[0].index) == (TAMPERED, first)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (b'{"log": "ladders/test"}', "entry 700 is not canonical JSON"),
        (b'{"log":"ladders/test","a":1}', "entry 700 is not canonical JSON"),
        (b'{"a":1.5,"log":"ladders/test"}', "entry 700 is not canonical JSON"),
        (b'{"a":1e+16,"log":"ladders/test"}', "entry 700 is not canonical JSON"),
        (b'{"a":[1e-7],"log":"ladders/test"}', "entry 700 is not canonical JSON"),
        (b'{"a":9007199254740993,"log":"ladders/test"}', "entry 700 is not canonical JSON"),
        ('{"log":"ladders/test","ö":1}'.encode(), "entry 700 is not canonical JSON"),
        (b'{"a":1,"a":2,"log":"ladders/test"}', "entry 700 is not canonical JSON"),
        (b"not json", "entry 700 is not canonical JSON"),
        (SEALED.replace(b'"v":2', b'"v": 2'), "entry 700 is not canonical JSON"),
        (SEALED.replace(b'"n":8', b'"n":8.0'), "entry 700 is not canonical JSON"),
        (SEALED.replace(b'["route","met"]', b'["route","m\\u0065t"]'), "entry 700 is not canonical JSON"),
        (SEALED.replace(b"ladders/test", b"ladders/tent"), "entry 700 is one of another log"),
        (leaf(700, log="ladders/other"), "entry 700 is one of another log"),
    ],
)
def test_an_entry_that_two_readers_could_read_differently_is_refused(
    tmp_path: Path, entry: bytes, why: str
) -> None:
    """Signed and hashed or not: bytes with two meanings prove neither."""
    export = write(tmp_path / "export", [*LEAVES[:700], entry, *LEAVES[701:]], SIZES)
    report = verify_export(export, TRUST)
    assert [(each.kind, each.message) for each in report.findings] == [(TAMPERED, why)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda note: note.replace(b"\n300\n", b"\n301\n"), "a signature of `ladders/test` is wrong"),
        (lambda _: bytes(checkpoint(300, bytes(32), log_signer("stranger"))), "is not signed by a key"),
        (lambda _: bytes(checkpoint(2, bytes(32))), "not in order"),
        (
            lambda _: bytes(checkpoint(300, bytes(32))),
            "one of 256 to 299; but they are those of a later one: two histories were signed",
        ),
    ],
)
def test_a_wrong_checkpoint_among_the_old_ones_is_found(
    export: Path, change: Callable[[bytes], bytes], why: str
) -> None:
    """Each is held against the log, and against the keys that could sign it."""

    path = export / "checkpoints"
    notes = [orjson.loads(line).encode() for line in path.read_bytes().splitlines()]
    notes[3] = change(notes[3])
    path.write_bytes(b"".join(orjson.dumps(note.decode()) + b"\n" for note in notes))
    report = verify_export(export, TRUST)
    assert report.outcome == TAMPERED
    assert why in report.findings[0].message


def test_an_export_without_a_believable_checkpoint_proves_nothing(export: Path) -> None:
    """There is nothing to hold the entries against."""
    with pytest.raises(NotProven, match="is not in the trust file"):
        verify_export(export, Trust((LogKey(log_signer("log", "other").key),)))
    with pytest.raises(NotProven, match="not signed by a key"):
        verify_export(export, Trust((LogKey(log_signer("stranger").key),)))
    (export / "checkpoint").unlink()
    with pytest.raises(NotProven, match="no whole export"):
        verify_export(export, TRUST)


def test_without_the_quorum_an_export_is_incomplete(export: Path) -> None:
    """Right as far as it goes, but the witnesses that the auditor asks for have not seen it yet."""
    witnesses = [Witness("w1.example", COSIGNATURE), Witness("w2.example", ML_DSA_COSIGNATURE)]
    named = "\n".join(f"witness w{n} {each.key.vkey}" for n, each in enumerate(witnesses))
    trust = read_trust(f"log {log_signer().key.vkey}\n{named}\ngroup both all w0 w1\nquorum both\n")
    path = export / "checkpoint"
    for witness, outcome in zip(witnesses, (INCOMPLETE, OK), strict=True):
        note = read_note(path.read_bytes())
        path.write_bytes(bytes(note.with_more([witness.cosign(note)])))
        assert verify_export(export, trust).outcome == outcome
    assert "cosigned by w0, w1" in verify_export(export, trust).notes[0]


def test_after_a_rotation_the_trust_file_says_which_key_speaks_for_which_size(tmp_path: Path) -> None:
    """With the old key alone, an auditor is told that a newer trust file is needed."""
    old, new = log_signer("old"), log_signer("new")
    trust = Trust((LogKey(old.key, 0, 700), LogKey(new.key, 300)))
    hashes = Memory([entry_hash(each) for each in LEAVES])

    by_size = {200: [old], 300: [old, new], 700: [old, new], SIZE: [new]}
    notes = [bytes(checkpoint(size, root_at(hashes, size), *by)) for size, by in by_size.items()]
    TileWriter(tmp_path / "export").write(SIZE, hashes, LEAVES, notes, notes[-1])
    assert verify_export(tmp_path / "export", trust).outcome == OK
    with pytest.raises(NotProven, match="checkpoint of 1300 entries is not signed"):
        verify_export(tmp_path / "export", Trust((LogKey(old.key),)))


def test_a_loss_that_the_log_itself_records_is_told_and_is_no_fault(tmp_path: Path) -> None:
    """An operator put an old copy back and said so; everybody who verifies reads it, but the log goes on."""

    lost = leaves_of(900)
    hashes = Memory([entry_hash(each) for each in lost])
    seen = tmp_path / "seen"
    seen.write_bytes(bytes(checkpoint(900, root_at(hashes, 900))))
    incident = canonical(
        {"v": 2, "kind": "incident", "log": ORIGIN, "detail": {"lost": {"origin": ORIGIN, "size": 900}}}
    )
    after = [*lost[:800], incident, *(leaf(number, "after") for number in range(801, 1000))]
    origin = f"{ORIGIN}/2"
    signer = log_signer("second", origin)
    export = write(tmp_path / "export", after, [900, 1000], [signer], origin)
    trust = Trust((LogKey(log_signer().key, 0, 900), LogKey(signer.key)))
    report = verify_export(export, trust, [seen])
    assert (report.outcome, len(report.notes)) == (OK, 1)
    assert (
        "entry 800 records that what `seen`: the checkpoint of 900 entries committed to was lost"
        in report.notes
    )


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """Ten million entries are verified on a laptop. The smallest peak of a few counts, for other threads take
    memory too.
    """

    def peak(export: Path) -> int:
        tracemalloc.start()
        verify_export(export, TRUST)
        reached = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return reached

    small, large = (write(tmp_path / str(size), leaves_of(size), [size]) for size in (1_000, 10_000))
    assert min(peak(large) for _ in range(3)) < min(peak(small) for _ in range(3)) + 100_000
