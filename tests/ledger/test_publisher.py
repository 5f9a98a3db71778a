"""What leaves the box never contradicts itself, whatever dies in between, and shows every rollback."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import AnchorUnavailable, LogRolledBack, LogTampered, LogUnavailable
from service.ledger.anchor import Anchor
from service.ledger.checkpoint import Checkpoint, read_checkpoint
from service.ledger.note import Signature, Signer
from service.ledger.publisher import Publisher, refuse_unanchored
from tests.ledger.growing import Growing
from tests.ledger.signing import ORIGIN, checkpoint, log_signer, seed
from tests.ledger.trees import Naive, leaves


class Died(Exception):
    """In place of a process that is killed."""


class Noting(Signer):
    """Signs, and notes what it signed."""

    def __init__(self, signed: list[bytes], secret: str = "log", origin: str = ORIGIN) -> None:
        super().__init__(origin, seed(secret))
        self._signed = signed

    def sign(self, text: bytes) -> Signature:
        self._signed.append(text)
        return super().sign(text)


class Fragile(Anchor):
    """An anchor whose user dies at a swap, with the note already there or not."""

    dies: str | None = None

    def swap(self, seen: bytes | None, note: bytes) -> bool:
        if self.dies == "before":
            raise Died
        done = super().swap(seen, note)
        if self.dies == "after":
            raise Died
        return done


class World:
    """A log, its anchor, and everything that was ever signed."""

    def __init__(self, folder: Path) -> None:
        self.log = Growing()
        self.anchor = Fragile(folder / "anchor")
        self.signed: list[bytes] = []

    def publisher(self, log: Growing | None = None) -> Publisher:
        """One of any number of processes that publish."""
        return Publisher(log or self.log, self.anchor, lambda origin: [Noting(self.signed, origin=origin)])

    def consistent(self) -> bool:
        """Whether all that was signed are states of one log."""
        seen = [read_checkpoint(text + b"\n\xe2\x80\x94 x AAAAAAA=\n").checkpoint for text in self.signed]
        tree = Naive(self.log.leaves)
        size = len(self.log.leaves)
        return all(each.size <= size and tree.root(0, each.size) == each.root for each in seen)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def anchored(world: World) -> Checkpoint:
    note = world.anchor.last()
    assert note is not None
    return read_checkpoint(note).checkpoint


def test_a_grown_log_is_signed_anchored_and_published(world: World) -> None:
    """In this order, and once for each size."""
    assert world.publisher().publish() is None
    for size in (3, 3, 300):
        world.log.grow(size - len(world.log.leaves))
        published = world.publisher().publish()
        assert published is not None
        assert published.checkpoint == anchored(world) == Checkpoint(ORIGIN, size, world.log.head().root)
        assert world.log.last_checkpoint() == bytes(published.note)
        assert published.note.checked([log_signer().key]) == {log_signer().key: None}
    assert [read_checkpoint(note).checkpoint.size for note in world.anchor.notes()] == [3, 300]
    assert len(world.signed) == 2


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([None, "before", "after"]), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_whoever_dies_wherever_no_two_checkpoints_contradict_each_other(
    tmp_path_factory: pytest.TempPathFactory, steps: Sequence[tuple[int, str | None, bool]]
) -> None:
    """Dead between signing and anchoring, or between that and publishing: the next one goes on from there."""
    world = World(tmp_path_factory.mktemp("world"))
    world.log.grow(1)
    for grown, dies, publishes in steps:
        world.log.grow(grown)
        world.anchor.dies = dies
        try:
            world.publisher().publish()
        except Died:
            assert dies
        if publishes:
            world.anchor.dies = None
            world.publisher().publish()
            assert anchored(world).size == len(world.log.leaves)
            stored = world.log.last_checkpoint()
            assert stored is not None
            assert read_checkpoint(stored).checkpoint == anchored(world)
    assert world.consistent()


@pytest.mark.parametrize("persisted", ["before", "after"])
def test_a_rollback_while_a_publisher_is_dead_is_refused_once_the_anchor_has_seen_more(
    world: World, persisted: str
) -> None:
    """Signed but not anchored is nobody's promise yet; anchored is, whether it was published or not."""
    world.log.grow(5)
    world.publisher().publish()
    backup = world.log.copy()
    world.log.grow(5)
    world.anchor.dies = persisted
    with pytest.raises(Died):
        world.publisher().publish()
    world.anchor.dies = None
    backup.grow(7, salt="another history")
    if persisted == "after":
        with pytest.raises(LogTampered, match="first 10 entries"):
            world.publisher(backup).publish()
    else:
        world.publisher(backup).publish()
        assert anchored(world).size == 12


def test_a_restored_backup_is_refused_at_the_start_and_by_the_publisher(world: World) -> None:
    """A rollback loses verdicts that people were told."""
    world.log.grow(5)
    backup = world.log.copy()
    world.log.grow(5)
    world.publisher().publish()
    refuse_unanchored(world.log, world.anchor)
    refused = r"holds 5 entries, but 10 were there .* accept-rollback"
    with pytest.raises(LogRolledBack, match=refused):
        refuse_unanchored(backup, world.anchor)
    with pytest.raises(LogRolledBack, match=refused):
        world.publisher(backup).publish()
    assert anchored(world).size == 10


def test_an_anchor_that_starts_anew_with_its_last_line_still_binds_the_log(world: World) -> None:
    """Operators put old checkpoints away after years; the last one commits to all before it."""
    for _ in range(4):
        world.log.grow(5)
        world.publisher().publish()
    backup = world.log.copy()
    world.log.grow(5)
    world.publisher().publish()
    old = world.anchor.path.with_name("anchor-2026")
    world.anchor.path.rename(old)
    world.anchor.path.write_bytes(old.read_bytes().splitlines(keepends=True)[-1])
    refuse_unanchored(world.log, world.anchor)
    with pytest.raises(LogRolledBack, match="holds 20 entries, but 25 were there"):
        refuse_unanchored(backup, world.anchor)
    world.log.grow(5)
    world.publisher().publish()
    sizes = [
        [read_checkpoint(note).checkpoint.size for note in Anchor(path).notes()]
        for path in (old, world.anchor.path)
    ]
    assert sizes == [[5, 10, 15, 20, 25], [25, 30]]


def test_a_rewritten_log_is_refused_at_the_start_and_by_the_publisher(world: World) -> None:
    """Longer than the anchor, whole in itself, and another one."""
    world.log.grow(5)
    world.publisher().publish()
    other = Growing(leaves(9, "other"))
    with pytest.raises(LogTampered, match="first 5 entries"):
        refuse_unanchored(other, world.anchor)
    with pytest.raises(LogTampered, match="first 5 entries"):
        world.publisher(other).publish()
    assert world.consistent()


def test_two_copies_of_a_log_cannot_both_publish(world: World) -> None:
    """Whichever is first binds the log; the other one learns that it is a copy."""
    world.log.grow(5)
    world.publisher().publish()
    copy = world.log.copy()
    world.log.grow(1)
    copy.grow(2, salt="copy")
    world.publisher().publish()
    with pytest.raises(LogTampered):
        world.publisher(copy).publish()
    assert world.consistent()


def test_of_two_publishers_at_once_the_slower_one_looks_again(world: World) -> None:
    """Compare and swap: what it had signed is consistent, but is no longer the next."""
    world.log.grow(5)
    slow, faster = world.publisher(), world.publisher()
    swap = world.anchor.swap

    def overtaken(seen: bytes | None, note: bytes) -> bool:
        world.anchor.swap = swap  # type: ignore[method-assign]  # only the first swap is overtaken
        world.log.grow(2)
        faster.publish()
        return world.anchor.swap(seen, note)

    world.anchor.swap = overtaken  # type: ignore[method-assign]  # as above
    slow.publish()
    assert [read_checkpoint(note).checkpoint.size for note in world.anchor.notes()] == [7]
    assert world.consistent()


def test_an_anchor_of_another_log_or_under_a_lost_key_is_named_as_such(world: World, tmp_path: Path) -> None:
    """These are mistakes of an operator, not attacks, and have another remedy."""
    world.log.grow(5)
    world.anchor.swap(None, bytes(checkpoint(5, world.log.head().root, log_signer("log", "x"), origin="x")))
    with pytest.raises(LogUnavailable, match="belongs to the log `x`"):
        refuse_unanchored(world.log, world.anchor)
    world.anchor = Fragile(tmp_path / "second")
    world.anchor.swap(None, bytes(checkpoint(5, world.log.head().root, log_signer("lost"))))
    refuse_unanchored(world.log, world.anchor)
    with pytest.raises(LogUnavailable, match="key that is not here"):
        world.publisher().publish()


def test_a_forged_note_in_the_anchor_is_refused(world: World) -> None:
    """Whoever can write there but has no key cannot make us sign what follows from it."""
    world.log.grow(5)
    real = bytes(checkpoint(5, world.log.head().root))
    world.anchor.swap(None, real.replace(b"\n5\n", b"\n4\n"))
    with pytest.raises(LogTampered):
        world.publisher().publish()
    assert world.signed == []


def test_after_a_rotation_the_old_key_and_the_new_one_both_continue_the_log(world: World) -> None:
    """While both sign, everybody can check with either; then the new one alone goes on."""
    old, new = log_signer("old"), log_signer("new")
    for size, signers in ((3, [old]), (5, [new, old]), (7, [new])):
        world.log.grow(size - len(world.log.leaves))
        by_origin = {ORIGIN: signers}
        published = Publisher(world.log, world.anchor, by_origin.__getitem__).publish()
        assert published is not None
        by = set(published.note.checked([old.key, new.key]))
        assert by == {signer.key for signer in signers}
    assert anchored(world).size == 7


def test_without_an_anchor_the_log_still_publishes_and_its_own_last_checkpoint_binds_it(world: World) -> None:
    """A first start must not need one; and what was published before is still not contradicted."""
    alone = Publisher(world.log, None, lambda _: [log_signer()])
    world.log.grow(5)
    alone.publish()
    refuse_unanchored(world.log, None)
    assert list(world.log.published) == [5]
    other = Growing(leaves(9, "other"), world.log.published)
    with pytest.raises(LogTampered):
        Publisher(other, None, lambda _: [log_signer()]).publish()


def test_without_the_anchor_check_a_rollback_would_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: the two tests above see what the check prevents, since without it two logs are signed."""
    world.log.grow(5)
    backup = world.log.copy()
    world.log.grow(5)
    world.publisher().publish()
    backup.grow(7, salt="another history")
    monkeypatch.setattr("service.ledger.publisher.refuse_other", lambda *_: None)
    refuse_unanchored(backup, world.anchor)
    world.publisher(backup).publish()
    assert not world.consistent()


# ── the file ──


def test_the_anchor_keeps_every_note_and_gives_the_last(tmp_path: Path) -> None:
    """It is the one thing that a rollback of the database does not touch."""
    anchor = Anchor(tmp_path / "anchor")
    assert anchor.last() is None
    notes = [bytes(checkpoint(size, bytes(32))) for size in range(400)]
    for before, note in zip([None, *notes], notes, strict=False):
        assert anchor.swap(before, note)
        assert anchor.last() == note
    assert list(anchor.notes()) == notes
    assert (tmp_path / "anchor").stat().st_mode & 0o777 == 0o600


def test_nothing_is_added_after_a_note_that_was_not_seen(tmp_path: Path) -> None:
    """Otherwise two publishers could bind two logs."""
    first, second = (bytes(checkpoint(size, bytes(32))) for size in (1, 2))
    anchor = Anchor(tmp_path / "anchor")
    assert anchor.swap(None, first)
    assert not anchor.swap(None, second)
    assert not anchor.swap(second, second)
    assert list(anchor.notes()) == [first]


@pytest.mark.parametrize("left", [b'"half a li', b"\x00\x00\x00", b'"whole but not ended"'])
def test_half_a_line_that_a_crash_left_is_passed_over(tmp_path: Path, left: bytes) -> None:
    """It was never acknowledged. The file is only added to, so the half line stays where it is."""
    first, second = (bytes(checkpoint(size, bytes(32))) for size in (1, 2))
    anchor = Anchor(tmp_path / "anchor")
    anchor.swap(None, first)
    with anchor.path.open("ab") as file:
        file.write(left)
    assert anchor.last() == first
    assert anchor.swap(first, second)
    assert anchor.last() == second
    assert list(anchor.notes())[-1] == second


def test_what_is_no_anchor_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    """A wrong path must not start a new history."""
    wrong = tmp_path / "anchor"
    wrong.write_text("some other file\n")
    with pytest.raises(AnchorUnavailable, match="is not an anchor"):
        Anchor(wrong).last()
    with pytest.raises(AnchorUnavailable, match="is not an anchor"):
        Anchor(wrong).swap(None, b"note")
    with pytest.raises(AnchorUnavailable, match="cannot be used"):
        Anchor(tmp_path / "missing" / "anchor").swap(None, b"note")
    with pytest.raises(AnchorUnavailable, match="mount its disk, or make it"):
        Anchor(tmp_path / "missing" / "anchor").last()
    with pytest.raises(AnchorUnavailable, match="cannot be used"):
        Anchor(tmp_path).last()
