"""One TCP connection, as peers and networks really treat it (RFC 3261 §18.3)."""

import asyncio
import contextlib
import socket
import struct
import sys
import threading
from typing import Any

import pytest

from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.reasons import Reason
from sipcheck.target import HostPort
from sipcheck.transaction.driver import Inbox
from sipcheck.transport.stream import StreamChannel
from sipcheck.transport.stream_socket import StreamSocket
from sipcheck.transport.tcp import connect_tcp
from tests.peers.sip_reply import reply_to
from tests.peers.stream_peer import Conduct, StreamPeer

BRANCH = "z9hG4bKstream"
REQUEST = (
    b"OPTIONS sip:127.0.0.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKstream\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
ANSWER = reply_to(REQUEST)
MEGABYTE = 1024 * 1024


def soon() -> float:
    return asyncio.get_running_loop().time() + 10


async def connect(peer: StreamPeer) -> tuple[StreamChannel, Inbox]:
    channel = await connect_tcp(HostPort("127.0.0.1", peer.port), deadline_at=soon())
    inbox = Inbox(most_waiting=sys.maxsize)
    channel.attach(BRANCH, inbox)
    return channel, inbox


async def arrival(inbox: Inbox) -> bytes | Failure:
    assert await inbox.wait(soon())
    arrived = inbox.arrivals.popleft()
    return arrived if isinstance(arrived, Failure) else arrived.data


def reset(connection: socket.socket) -> None:
    """Hang up the hard way: the next thing that leaves is a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait_for_end(connection: socket.socket) -> None:
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(65536):
            pass


def answering(data: bytes) -> Conduct:
    """Say this to the request, then wait for our end."""

    def conduct(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)
        wait_for_end(connection)

    return conduct


def answering_then_resetting(connection: socket.socket) -> None:
    """Answer, and break the connection off right behind the answer."""
    connection.recv(65536)
    connection.sendall(ANSWER)
    reset(connection)


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"\0garbage", Reason.SIP_NOT_SPOKEN),
        (b"SIP/2.0 200 OK\r\nVia: without a length\r\n\r\n", Reason.SIP_MALFORMED_RESPONSE),
    ],
)
async def test_garbage_behind_a_good_answer_is_known_at_once(garbage: bytes, reason: Reason) -> None:
    """No credentials go down a connection whose next message cannot be found any more (RFC 3261 §18.3)."""
    with StreamPeer(answering(ANSWER + garbage)) as peer:
        channel, inbox = await connect(peer)
        channel.send(REQUEST)
        assert await arrival(inbox) == ANSWER
        assert not channel.usable
        last = [await arrival(inbox)]
        while not isinstance(last[-1], Failure):
            last.append(await arrival(inbox))
        assert [each.reason for each in last if isinstance(each, Failure)] == [reason]
        assert [each for each in last if each == garbage] == [garbage]  # the evidence of the fault
        with pytest.raises(TransportFailed):
            channel.send(REQUEST)
        await channel.close()


async def test_a_message_that_has_begun_is_no_silence() -> None:
    """A header that drips until the deadline: the channel says that bytes came."""
    begun = b"SIP/2.0 200 OK\r\nVia: "
    with StreamPeer(answering(ANSWER + begun)) as peer:
        channel, inbox = await connect(peer)
        channel.send(REQUEST)
        assert await arrival(inbox) == ANSWER
        assert channel.unfinished is not None
        assert channel.unfinished.data == begun
        assert channel.usable
        await channel.close()


async def test_a_reset_behind_the_answer_does_not_swallow_it() -> None:
    """uvloop tells only once of a connection that broke behind its last bytes."""
    with StreamPeer(answering_then_resetting) as peer:
        for _ in range(20):
            channel, inbox = await connect(peer)
            channel.send(REQUEST)
            assert await arrival(inbox) == ANSWER
            failure = await arrival(inbox)
            assert isinstance(failure, Failure)
            assert failure.reason is Reason.CONNECTION_RESET
            await channel.close()


async def test_a_reset_behind_more_than_one_wake_up_reads_is_seen() -> None:
    """The same, where the last bytes are so many that the loop has its turn in between."""
    answers = 4 * MEGABYTE // len(ANSWER)
    poured = threading.Event()

    def pour_and_reset(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(ANSWER * answers)  # read as it comes, which makes the system's buffer grow
        connection.recv(65536)
        connection.sendall(ANSWER * (answers // 16))
        reset(connection)
        connection.close()
        poured.set()

    with StreamPeer(pour_and_reset) as peer:
        channel, inbox = await connect(peer)
        channel.send(REQUEST)
        for _ in range(answers):
            assert await arrival(inbox) == ANSWER
        channel.send(REQUEST)
        poured.wait(10)  # the loop stands still meanwhile
        while (last := await arrival(inbox)) == ANSWER:
            pass
        assert isinstance(last, Failure)
        await channel.close()


async def test_what_a_peer_said_before_it_hung_up_comes_before_the_broken_pipe() -> None:
    left = threading.Event()

    def say_and_leave(connection: socket.socket) -> None:
        connection.sendall(ANSWER)
        connection.close()
        left.set()

    with StreamPeer(say_and_leave) as peer:
        channel, inbox = await connect(peer)
        left.wait(10)  # the loop stands still meanwhile, so that nothing is read yet
        channel.send(REQUEST)  # the peer's system answers it with a reset
        channel.send(REQUEST)
        assert await arrival(inbox) == ANSWER
        assert isinstance(await arrival(inbox), Failure)
        await channel.close()


async def test_a_request_larger_than_the_sockets_buffers_arrives_whole() -> None:
    """Backpressure: the rest leaves as the peer reads, in order."""
    sent = bytes(range(256)) * (8 * MEGABYTE // 256)
    received = bytearray()
    all_given = threading.Event()

    def read_late(connection: socket.socket) -> None:
        all_given.wait(10)
        while len(received) < len(sent):
            received.extend(connection.recv(65536))
        connection.sendall(ANSWER)
        wait_for_end(connection)

    with StreamPeer(read_late, receive_buffer=8192) as peer:
        channel, inbox = await connect(peer)
        channel.send(sent[: 5 * MEGABYTE])
        channel.send(sent[5 * MEGABYTE :])
        all_given.set()
        assert await arrival(inbox) == ANSWER
        await channel.close()
    assert received == sent


async def test_a_peer_that_never_reads_is_left() -> None:
    left = threading.Event()

    def never_read(connection: socket.socket) -> None:
        left.wait(10)

    with StreamPeer(never_read, receive_buffer=8192) as peer:
        channel, _ = await connect(peer)
        channel.send(b"x" * 8 * MEGABYTE)
        await channel.close()
        assert not channel.usable
        left.set()


async def test_a_flood_is_cut() -> None:
    """More than any message may hold is no message (RFC 3261 §18.3)."""

    def pour(connection: socket.socket) -> None:
        connection.recv(65536)
        with contextlib.suppress(ConnectionError):
            for _ in range(64):
                connection.sendall(b"SIP/2.0 200 OK\r\n" + b"X: y\r\n" * 20_000)

    with StreamPeer(pour) as peer:
        channel, inbox = await connect(peer)
        channel.send(REQUEST)
        begun, failure = await arrival(inbox), await arrival(inbox)
        assert isinstance(begun, bytes)
        assert begun.startswith(b"SIP/2.0 200 OK\r\n")
        assert isinstance(failure, Failure)
        assert failure.reason is Reason.SIP_MALFORMED_RESPONSE
        await channel.close()


async def test_many_messages_at_once_all_arrive() -> None:
    with StreamPeer(answering(ANSWER * 2000)) as peer:
        channel, inbox = await connect(peer)
        channel.send(REQUEST)
        for _ in range(2000):
            assert await arrival(inbox) == ANSWER
        await channel.close()


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(TransportFailed) as refused:
        await connect_tcp(HostPort("127.0.0.1", port), deadline_at=soon())
    assert refused.value.failure.reason is Reason.CONNECTION_REFUSED


async def test_an_error_that_was_told_to_another_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """SO_ERROR is emptied by whoever reads it; without it the attempt is over all the same, and nothing is sent."""

    class Overheard(socket.socket):
        def connect(self, address: Any) -> None:
            try:
                super().connect(address)
            finally:
                self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setattr(socket, "socket", Overheard)
    with pytest.raises(TransportFailed) as ended:
        await connect_tcp(HostPort("127.0.0.1", port), deadline_at=soon())
    assert ended.value.failure.reason is Reason.HOST_UNREACHABLE


async def test_a_connection_that_is_never_accepted_takes_no_longer_than_its_deadline() -> None:
    """A full queue: the system drops our SYN, as a firewall does."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        while True:
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0.2)
            try:
                waiting.connect(address)
            except TimeoutError:
                break
        with pytest.raises(TransportFailed) as timed_out:
            await connect_tcp(
                HostPort("127.0.0.1", address[1]), deadline_at=asyncio.get_running_loop().time() + 0.1
            )
    assert timed_out.value.failure.reason is Reason.CONNECTION_TIMEOUT


async def test_an_attempt_that_is_given_up_leaves_nothing_open() -> None:
    """filterwarnings = error: a socket left open fails the test when it is collected."""
    with StreamPeer(wait_for_end) as peer:
        task = asyncio.create_task(connect(peer))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_our_own_address_outlives_the_connection() -> None:
    """A session may end before its owner has looked at it: the Via that is written then still needs a sent-by."""

    class Owner:
        def __init__(self) -> None:
            self.opened = asyncio.Event()

        def connected(self) -> None:
            self.opened.set()

        def bytes_received(self, data: memoryview) -> None:
            """Nothing comes."""

        def ended(self, error: OSError | None) -> None:
            """Nothing ends it but us."""

        def break_off(self, error: OSError | None) -> None:
            """Nothing breaks it off."""

    owner = Owner()
    with StreamPeer(wait_for_end) as peer:
        connection = StreamSocket(HostPort("127.0.0.1", peer.port), None, owner)
        async with asyncio.timeout(10):
            await owner.opened.wait()
        address = connection.local
        connection.abort()
        assert (connection.local, address.host) == (address, "127.0.0.1")
        assert address.port
