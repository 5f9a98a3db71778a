"""Outgoing: what a thread writes comes out whole and in order, however little is taken in at a time."""

from __future__ import annotations

import socket
from contextlib import closing
from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from service.web.outgoing import MOST, Outgoing


def pair() -> tuple[Outgoing, socket.socket]:
    """A client's connection with little room, and the client."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    theirs.setblocking(False)
    return Outgoing(ours), theirs


def taken(client: socket.socket, most: int) -> bytes:
    """What a client takes in now."""
    try:
        return client.recv(most)
    except BlockingIOError:
        return b""


@given(
    st.lists(st.integers(0, 30_000), min_size=1, max_size=8),
    st.lists(st.integers(1, 20_000), min_size=1, max_size=8),
)
def test_all_of_an_answer_comes_in_its_order(sizes: list[int], steps: list[int]) -> None:
    """One byte too few or twice would be an answer that nobody can read, or one that says something else."""
    pieces = [bytes([number % 251]) * size for number, size in enumerate(sizes, 1)]
    ours, client = pair()
    with closing(ours), closing(client):
        came = b""
        for number, piece in enumerate(pieces):
            ours.sendall(piece)
            came += taken(client, steps[number % len(steps)])
        number = 0
        while ours.unsent or len(came) < sum(sizes):
            came += taken(client, steps[number % len(steps)])
            ours.send_on()
            number += 1
    assert came == b"".join(pieces)


def test_of_a_stream_no_more_than_a_part_is_kept() -> None:
    """The leaves of a log have no end that would fit into memory; whoever sends them waits."""
    ours, client = pair()
    with closing(ours), closing(client):
        client.setblocking(True)
        took = bytearray()

        def take() -> None:
            while data := client.recv(65_536):
                took.extend(data)

        piece = b"a" * (MOST // 4)
        for _ in range(3):
            ours.sendall(piece)
        assert 0 < ours.unsent <= MOST
        taker = Thread(target=take)
        taker.start()
        for _ in range(9):
            ours.sendall(piece)
            assert ours.unsent <= MOST
        while ours.unsent:
            ours.send_on()
        ours.shutdown(socket.SHUT_WR)
        taker.join(30)
    assert len(took) == 12 * len(piece)


def test_what_is_to_be_sent_by_its_thread_is_not_kept() -> None:
    """A batch is answered while it comes, and waits for its client."""
    ours, client = pair()
    with closing(ours), closing(client):
        client.setblocking(True)
        ours.waits_here = False
        sender = Thread(target=ours.sendall, args=(b"a" * 200_000,))
        sender.start()
        left = 200_000
        while left:
            left -= len(client.recv(65_536))
        sender.join(30)
        assert ours.unsent == 0
