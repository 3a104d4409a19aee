"""Frames between a lane and its parent: whole, torn, large, and from the dead."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from parallel_nb.engine import frames
from parallel_nb.engine.frames import BLOCK, JOB, RESULT, PeerClosed, PeerDied


@pytest.fixture
def peer():
    """A process that does nothing, whose life a channel can watch."""
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def ends(peer):
    """The parent's channel and the worker's socket."""
    ours, theirs = frames.socket_pair()
    channel = frames.Channel(ours, peer)
    with theirs:
        yield channel, theirs
    channel.close()


@pytest.fixture(params=["pidfd", "polling"])
def ends_anywhere(request, peer, monkeypatch):
    """The same, also as on an operating system without pidfds."""
    if request.param == "polling":
        monkeypatch.delattr(os, "pidfd_open")
    ours, theirs = frames.socket_pair()
    channel = frames.Channel(ours, peer)
    with theirs:
        yield channel, theirs
    channel.close()


@pytest.mark.parametrize(
    "body", [b"", b"x", b"x" * 65_535, b"x" * 65_536, b"x" * 5_000_000], ids=len
)
def test_a_frame_arrives_as_it_was_sent(ends, body):
    channel, theirs = ends
    sender = threading.Thread(target=frames.write_frame, args=(theirs, RESULT, body))
    sender.start()
    kind, received = channel.receive()
    sender.join()
    assert (kind, bytes(received)) == (RESULT, body)


@pytest.mark.parametrize("size", [10, 5_000_000])
def test_a_job_arrives_as_it_was_sent(ends, size):
    channel, theirs = ends
    body = os.urandom(size)
    sender = threading.Thread(target=channel.send, args=(JOB, body[:5], body[5:]))
    sender.start()
    kind, received = frames.read_frame(theirs)
    sender.join()
    assert (kind, bytes(received)) == (JOB, body)


def test_frames_that_arrive_together_are_told_apart(ends):
    channel, theirs = ends
    bodies = [b"", b"small", b"x" * 100_000, b"y" * 2_000_000, b"last"]

    def send():
        for body in bodies:
            frames.write_frame(theirs, BLOCK, body)

    sender = threading.Thread(target=send)
    sender.start()
    received = [bytes(channel.receive()[1]) for _ in bodies]
    sender.join()
    assert received == bodies


def test_a_frame_may_come_byte_by_byte(ends):
    channel, theirs = ends
    frame = frames._HEAD.pack(RESULT, 3) + b"abc"

    def send():
        for i in range(len(frame)):
            theirs.sendall(frame[i : i + 1])

    sender = threading.Thread(target=send)
    sender.start()
    assert channel.receive() == (RESULT, b"abc")
    sender.join()


def test_what_a_process_sent_before_it_died_is_received(peer, ends_anywhere):
    channel, theirs = ends_anywhere
    frames.write_frame(theirs, BLOCK, b"one")
    frames.write_frame(theirs, RESULT, b"two")
    peer.kill()
    # Nobody closes `theirs`: a grandchild may hold it for long.
    assert channel.receive() == (BLOCK, b"one")
    assert channel.receive() == (RESULT, b"two")
    with pytest.raises(PeerDied):
        channel.receive()


@pytest.mark.parametrize("size", [1_000, 5_000_000])
def test_a_torn_frame_is_no_frame(peer, ends_anywhere, size):
    channel, theirs = ends_anywhere
    frames.write_frame(theirs, BLOCK, b"whole")
    theirs.sendall(frames._HEAD.pack(RESULT, size) + b"x" * (size // 100))
    peer.kill()
    assert channel.receive() == (BLOCK, b"whole")
    with pytest.raises(PeerDied):
        channel.receive()


def test_a_torn_head_is_no_frame(peer, ends):
    channel, theirs = ends
    theirs.sendall(frames._HEAD.pack(RESULT, 3)[:4])
    peer.kill()
    with pytest.raises(PeerDied):
        channel.receive()


def test_a_process_that_closes_its_end_and_lives_is_told_from_a_dead_one(ends_anywhere):
    channel, theirs = ends_anywhere
    theirs.close()
    with pytest.raises(PeerClosed):
        channel.receive()
    with pytest.raises(PeerClosed):
        channel.send(JOB, b"late")


def test_a_process_that_closes_its_end_by_ending_is_dead(peer, ends_anywhere):
    channel, theirs = ends_anywhere
    peer.kill()
    theirs.close()
    with pytest.raises(PeerDied):
        channel.receive()


def test_sending_to_a_stopped_process_ends_with_its_death(peer, ends_anywhere):
    channel, _ = ends_anywhere
    peer.send_signal(signal.SIGSTOP)
    killer = threading.Timer(0.2, peer.kill)
    killer.start()
    with pytest.raises(PeerDied):
        channel.send(JOB, b"x" * 50_000_000)
    killer.join()


def test_a_channel_works_above_a_thousand_descriptors(peer):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1_200:
        pytest.skip("the system allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1_200), hard))
    held = [os.dup(0) for _ in range(1_050)]
    try:
        ours, theirs = frames.socket_pair()
        channel = frames.Channel(ours, peer)
        theirs.close()
        with pytest.raises(PeerClosed):
            channel.receive()
        channel.close()
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_worker_reads_until_the_end_of_the_stream():
    ours, theirs = frames.socket_pair()
    with ours, theirs:
        frames.write_frame(ours, JOB, b"one")
        ours.sendall(frames._HEAD.pack(JOB, 100) + b"torn")
        ours.shutdown(1)
        assert frames.read_frame(theirs) == (JOB, b"one")
        assert frames.read_frame(theirs) is None
        assert frames.read_frame(theirs) is None


def test_a_worker_waits_no_longer_than_it_is_told():
    ours, theirs = frames.socket_pair()
    with ours, theirs:
        assert frames.read_frame(theirs, timeout=0.01) is None
