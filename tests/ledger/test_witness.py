"""Witnesses: theirs is the only word that whoever holds the machine and its keys cannot rewrite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from service.errors import WitnessAhead, WitnessFailed
from service.ledger.checkpoint import Signed, read_checkpoint
from service.ledger.note import COSIGNATURE, ML_DSA_COSIGNATURE
from service.ledger.witness import Submission, read_witnesses
from tests.ledger.growing import Growing
from tests.ledger.signing import Witness as Cosigner
from tests.ledger.signing import checkpoint, log_signer
from tests.ledger.trees import leaves
from tests.ledger.witnessing import Server, witness_of

LIMIT_S = 0.3


@pytest.fixture
def server() -> Iterator[Server]:
    with witness_of(log_signer().key) as running:
        yield running


@pytest.fixture
def submission(server: Server) -> Iterator[Submission]:
    with closing(Submission(server.witness, LIMIT_S)) as asked:
        yield asked


def signed(log: Growing) -> Signed:
    """The checkpoint of a log as it stands."""
    return read_checkpoint(bytes(checkpoint(log.head().size, log.head().root)))


@pytest.mark.parametrize("kind", [COSIGNATURE, ML_DSA_COSIGNATURE])
def test_a_growing_log_is_cosigned_again_and_again(kind: int) -> None:
    """Also by whoever asks for the first time, of a witness that knows the log already."""
    log = Growing(leaves(3))
    with witness_of(log_signer().key, kind=kind) as server:
        for _ in range(2):  # the second submission does not know what the witness has seen
            submission = Submission(server.witness, 10)
            for _ in range(3):
                log.grow(100)
                line = submission.submit(signed(log), log.hashes)
                note = signed(log).note.with_more([line])
                assert note.checked([server.witness.key]) == {server.witness.key: 1_790_000_000}
            submission.close()
        assert server.answers == [200, 200, 200, 409, 200, 200, 200]


def test_another_service_that_publishes_the_log_is_no_alarm(server: Server) -> None:
    """Replicas ask for their checkpoints at the same time, and one may be faster between two tries of the
    other. Who takes that for another log would wake somebody up for nothing.
    """
    log = Growing(leaves(5))
    with closing(Submission(server.witness, 10)) as ours, closing(Submission(server.witness, 10)) as theirs:
        theirs.submit(signed(log), log.hashes)
        log.grow(5)
        between = signed(log)
        log.grow(5)
        last, answer = signed(log), server.answer

        def answer_and_let_the_other_in(body: bytes) -> tuple[int, bytes]:
            said = answer(body)
            if said[0] == 409:
                server.answer = answer  # type: ignore[method-assign]  # the server is itself from here on
                theirs.submit(between, log.hashes)
            return said

        server.answer = answer_and_let_the_other_in  # type: ignore[method-assign]  # what happens in between
        assert ours.submit(last, log.hashes).is_by(server.witness.key)
        assert server.answers == [200, 200, 409, 409, 200]
        with pytest.raises(WitnessAhead) as ahead:
            theirs.submit(between, log.hashes)
        assert ahead.value.seen == 15


def test_two_copies_of_a_log_cannot_both_be_cosigned(server: Server) -> None:
    """Whoever restored a copy on another machine, with the key, is found out here."""
    log = Growing(leaves(5))
    copy = log.copy()
    for each in (log, copy):
        each.grow(5, salt=str(each is copy))
    with closing(Submission(server.witness, 10)) as ours, closing(Submission(server.witness, 10)) as theirs:
        ours.submit(signed(log), log.hashes)
        copy.grow(5)
        with pytest.raises(WitnessFailed, match=r"has seen other entries .* \(422\)"):
            theirs.submit(signed(copy), copy.hashes)
        assert server.answers == [200, 409, 422]
        same_size = Growing(leaves(10, "other"))
        with pytest.raises(WitnessFailed, match="has seen"):
            theirs.submit(signed(same_size), same_size.hashes)


def test_a_rolled_back_log_is_told_that_the_witness_has_seen_more(server: Server) -> None:
    """This is the alarm that nobody on the machine can switch off."""
    log = Growing(leaves(5))
    backup = log.copy()
    log.grow(5)
    with closing(Submission(server.witness, 10)) as submission:
        submission.submit(signed(log), log.hashes)
    with (
        closing(Submission(server.witness, 10)) as restored,
        pytest.raises(WitnessFailed, match="has seen 10 entries, more than the 5"),
    ):
        restored.submit(signed(backup), backup.hashes)


@pytest.mark.parametrize(
    ("mood", "why", "limit_s"),
    [
        ("broken", r"refused the checkpoint \(500\)", 10),
        ("silent", "could not be asked: ReadTimeout", LIMIT_S),
        ("lying", "wrong cosignature", 10),
        ("stranger", "without its cosignature", 10),
        ("chatty", "does not come to an end", LIMIT_S),
    ],
)
def test_a_witness_that_is_down_slow_or_lying_gives_no_cosignature(
    server: Server, mood: str, why: str, limit_s: float
) -> None:
    """The checkpoint is not called witnessed, and the next one is asked for as before."""
    log = Growing(leaves(5))
    server.mood = mood
    with closing(Submission(server.witness, limit_s)) as submission, pytest.raises(WitnessFailed, match=why):
        submission.submit(signed(log), log.hashes)
    server.mood = "honest"
    log.grow(1)
    with closing(Submission(server.witness, 10)) as submission:
        assert submission.submit(signed(log), log.hashes).is_by(server.witness.key)


def test_a_witness_that_is_not_there_gives_no_cosignature() -> None:
    """As above; nothing listens at that port any more."""
    with witness_of() as server:
        gone = server.witness
    log = Growing(leaves(5))
    with (
        closing(Submission(gone, LIMIT_S)) as submission,
        pytest.raises(WitnessFailed, match="could not be asked: ConnectError"),
    ):
        submission.submit(signed(log), log.hashes)


def test_a_witness_refuses_a_log_whose_key_it_does_not_know() -> None:
    """It has to be told the vkey first; the answer says so plainly."""
    log = Growing(leaves(5))
    with (
        witness_of(log_signer("other").key) as server,
        closing(Submission(server.witness, LIMIT_S)) as submission,
        pytest.raises(WitnessFailed, match=r"refused the checkpoint \(403\)"),
    ):
        submission.submit(signed(log), log.hashes)


def test_witnesses_are_named_in_a_setting_with_key_and_address() -> None:
    """Without its key, whoever answers at the address could cosign anything."""
    key = Cosigner("w.example").key
    two = f"{key.vkey} https://w.example/, {key.vkey}  http://127.0.0.1:8000/w"
    assert [(each.key, each.url) for each in read_witnesses(two)] == [
        (key, "https://w.example"),
        (key, "http://127.0.0.1:8000/w"),
    ]
    for wrong in (
        key.vkey,
        f"{key.vkey} w.example",
        f"{log_signer().key.vkey} https://w.example",
        "https://w.example",
    ):
        with pytest.raises(ValueError, match="a witness as `VKEY URL`"):
            read_witnesses(wrong)
