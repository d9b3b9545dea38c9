"""TLS as peers really speak it: records of every size, renewed keys, farewells kept and forgotten (RFC 8446)."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

import pytest

from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.reasons import Reason
from sipcheck.target import HostPort
from sipcheck.transaction.driver import Inbox
from sipcheck.transport.stream import StreamChannel
from sipcheck.transport.tls import CertificateRefused, TlsContexts, connect_tls
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.openssl_server import OpensslServer
from tests.peers.sip_reply import reply_to
from tests.peers.stream_peer import Conduct, StreamPeer

DOMAIN = "carrier.example"
BRANCH = "z9hG4bKsession"
REQUEST = (
    b"OPTIONS sip:carrier.example SIP/2.0\r\n"
    b"Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKsession\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
ANSWER = reply_to(REQUEST)
LARGEST = ANSWER.replace(b"Content-Length: 0", b"Content-Length: 65000") + b"b" * 65000
MEGABYTE = 1024 * 1024


@pytest.fixture
def contexts(certificates: Certificates) -> TlsContexts:
    return TlsContexts.create(ca_file=certificates.ca_file)


async def connect(port: int, contexts: TlsContexts) -> tuple[StreamChannel, Inbox]:
    channel = await connect_tls(
        HostPort("127.0.0.1", port),
        domain=DOMAIN,
        host=DOMAIN,
        contexts=contexts,
        deadline_at=asyncio.get_running_loop().time() + 10,
    )
    inbox = Inbox()
    channel.attach(BRANCH, inbox)
    return channel, inbox


async def arrival(inbox: Inbox) -> bytes | Failure:
    assert await inbox.wait(asyncio.get_running_loop().time() + 10)
    arrived = inbox.arrivals.popleft()
    return arrived if isinstance(arrived, Failure) else arrived.data


async def failure(inbox: Inbox) -> Reason:
    arrived = await arrival(inbox)
    assert isinstance(arrived, Failure), arrived
    return arrived.reason


Speak = Callable[[ssl.SSLSocket], None]


@pytest.fixture
def speaking(certificates: Certificates) -> Callable[[Speak], Conduct]:
    """Shake hands with the good certificate, then let the test speak."""
    good = certificates[CertificateKind.GOOD]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(good.certificate_file, good.key_file)

    def make(speak: Speak) -> Conduct:
        def conduct(connection: socket.socket) -> None:
            # What is not ended by a close_notify raises SSLEOFError here.
            with context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False) as session:
                speak(session)

        return conduct

    return make


def wait_for_end(session: socket.socket) -> None:
    with contextlib.suppress(ConnectionResetError, ssl.SSLError):
        while session.recv(65536):
            pass


def relaying(port: int, *, piece: int) -> Conduct:
    """Pass everything on, to the client in pieces of this many bytes."""

    def conduct(client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with socket.create_connection(("127.0.0.1", port)) as server:
            up = threading.Thread(target=pass_on, args=(client, server, 65536))
            up.start()
            pass_on(server, client, piece)
            up.join(10)

    return conduct


def pass_on(source: socket.socket, sink: socket.socket, piece: int) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            for start in range(0, len(data), piece):
                sink.sendall(data[start : start + piece])
        sink.shutdown(socket.SHUT_WR)


async def test_the_largest_message_in_records_of_one_byte(
    speaking: Callable[[Speak], Conduct], contexts: TlsContexts
) -> None:
    def drip(session: ssl.SSLSocket) -> None:
        session.recv(65536)
        for byte in LARGEST:
            session.sendall(bytes([byte]))
        wait_for_end(session)

    with StreamPeer(speaking(drip)) as peer:
        channel, inbox = await connect(peer.port, contexts)
        channel.send(REQUEST)
        assert await arrival(inbox) == LARGEST
        await channel.close()


async def test_a_handshake_cut_into_single_bytes(
    speaking: Callable[[Speak], Conduct], certificates: Certificates, contexts: TlsContexts
) -> None:
    """Every boundary of a record falls into another read."""

    def answer(session: ssl.SSLSocket) -> None:
        session.recv(65536)
        session.sendall(ANSWER)
        wait_for_end(session)

    with StreamPeer(speaking(answer)) as server, StreamPeer(relaying(server.port, piece=1)) as peer:
        channel, inbox = await connect(peer.port, contexts)
        channel.send(REQUEST)
        assert await arrival(inbox) == ANSWER
        await channel.close()


@pytest.mark.peers
async def test_a_handshake_of_many_records(certificates: Certificates, contexts: TlsContexts) -> None:
    """RFC 8446 §5.1: a server may cut its flight as it likes; 512 bytes is the least that OpenSSL does."""
    good = certificates[CertificateKind.GOOD]
    many_records = ("-max_send_frag", "512", "-cert_chain", str(certificates.ca_file))
    with OpensslServer(good, "-tls1_3", *many_records) as server:
        channel, inbox = await connect(server.port, contexts)
        channel.send(REQUEST)
        await asyncio.to_thread(server.wait_for, b"Content-Length: 0")
        server.type(ANSWER)
        assert await arrival(inbox) == ANSWER
        await channel.close()


@pytest.mark.peers
@pytest.mark.parametrize("command", [b"k\n", b"K\n"], ids=["renewed", "renewed-and-asked-to-renew"])
async def test_keys_are_renewed_in_the_middle(
    command: bytes, certificates: Certificates, contexts: TlsContexts
) -> None:
    """RFC 8446 §4.6.3: KeyUpdate, with and without the wish that we renew ours."""
    with OpensslServer(certificates[CertificateKind.GOOD], "-tls1_3") as server:
        channel, inbox = await connect(server.port, contexts)
        for _ in range(3):
            channel.send(REQUEST)
            await asyncio.to_thread(server.wait_for, b"Content-Length: 0")
            server.type(command)
            server.type(ANSWER)
            assert await arrival(inbox) == ANSWER
        assert channel.usable
        await channel.close()


class Relay:
    """Between client and server; `hold()` lets one more piece to the client pass and keeps what follows."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._holding = threading.Event()
        self._one_passed = threading.Event()
        self._released = threading.Event()
        self.client_spoke = threading.Event()

    def conduct(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            down = threading.Thread(target=self._down, args=(server, client))
            down.start()
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    if self._holding.is_set():
                        self.client_spoke.set()
                    server.sendall(data)
                server.shutdown(socket.SHUT_WR)
            down.join(10)

    def hold(self) -> None:
        self._holding.set()

    def release(self) -> None:
        self._released.set()

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if self._one_passed.is_set():
                    self._released.wait(10)
                if self._holding.is_set():
                    self._one_passed.set()
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)


@pytest.mark.peers
async def test_a_request_waits_for_a_renegotiation(certificates: Certificates, contexts: TlsContexts) -> None:
    """RFC 5246 §7.4.1.1: behind our new ClientHello no request can leave before the new keys; it is not lost."""
    with OpensslServer(certificates[CertificateKind.GOOD], "-tls1_2") as server:
        relay = Relay(server.port)
        with StreamPeer(relay.conduct) as peer:
            channel, inbox = await connect(peer.port, contexts)
            channel.send(REQUEST)
            await asyncio.to_thread(server.wait_for, b"Content-Length: 0")
            server.type(ANSWER)
            assert await arrival(inbox) == ANSWER
            relay.hold()
            server.type(b"r\n")  # HelloRequest, which passes; the server's answer to our ClientHello does not
            assert await asyncio.to_thread(relay.client_spoke.wait, 10)
            channel.send(REQUEST)
            relay.release()
            await asyncio.to_thread(server.wait_for, b"Content-Length: 0")
            server.type(ANSWER)
            assert await arrival(inbox) == ANSWER
            assert channel.usable
            await channel.close()


async def test_a_peer_that_says_farewell_hears_ours(
    speaking: Callable[[Speak], Conduct], contexts: TlsContexts
) -> None:
    """RFC 8446 §6.1; unwrap() raises where our close_notify does not come."""
    answered: list[bool] = []

    def answer_and_leave(session: ssl.SSLSocket) -> None:
        session.recv(65536)
        session.sendall(ANSWER)
        session.unwrap()
        answered.append(True)

    with StreamPeer(speaking(answer_and_leave)) as peer:
        channel, inbox = await connect(peer.port, contexts)
        channel.send(REQUEST)
        assert await arrival(inbox) == ANSWER
        assert await failure(inbox) is Reason.CONNECTION_RESET
        assert not channel.usable
        await channel.close()
    assert answered == [True]


async def test_a_peer_that_leaves_without_a_farewell(
    speaking: Callable[[Speak], Conduct], contexts: TlsContexts
) -> None:
    """Many do; their answer counts all the same, since Content-Length tells its end."""

    def answer_and_vanish(session: ssl.SSLSocket) -> None:
        session.recv(65536)
        session.sendall(ANSWER)

    with StreamPeer(speaking(answer_and_vanish)) as peer:
        channel, inbox = await connect(peer.port, contexts)
        channel.send(REQUEST)
        assert await arrival(inbox) == ANSWER
        assert await failure(inbox) is Reason.CONNECTION_RESET
        await channel.close()


@pytest.mark.parametrize("farewell", [True, False])
async def test_a_message_that_the_end_cuts_short(
    farewell: bool, speaking: Callable[[Speak], Conduct], contexts: TlsContexts
) -> None:
    def answer_half(session: ssl.SSLSocket) -> None:
        session.recv(65536)
        session.sendall(ANSWER[:-10])
        if farewell:
            session.unwrap()

    with StreamPeer(speaking(answer_half)) as peer:
        channel, inbox = await connect(peer.port, contexts)
        channel.send(REQUEST)
        assert await arrival(inbox) == ANSWER[:-10]  # what came of it is evidence
        assert await failure(inbox) is Reason.SIP_MALFORMED_RESPONSE
        await channel.close()


async def test_we_say_farewell(speaking: Callable[[Speak], Conduct], contexts: TlsContexts) -> None:
    ends: list[bytes] = []

    def listen(session: ssl.SSLSocket) -> None:
        ends.append(session.recv(65536))

    with StreamPeer(speaking(listen)) as peer:
        channel, _ = await connect(peer.port, contexts)
        await channel.close()
        assert not channel.usable
    assert ends == [b""]


async def test_a_peer_that_leaves_our_farewell_unanswered_is_left(
    speaking: Callable[[Speak], Conduct], contexts: TlsContexts
) -> None:
    left = threading.Event()

    def never_read(session: ssl.SSLSocket) -> None:
        left.wait(10)

    with StreamPeer(speaking(never_read), receive_buffer=8192) as peer:
        channel, _ = await connect(peer.port, contexts)
        channel.send(b"x" * 8 * MEGABYTE)
        await channel.close()
        assert not channel.usable
        left.set()


async def test_a_request_larger_than_the_sockets_buffers_arrives_whole(
    speaking: Callable[[Speak], Conduct], contexts: TlsContexts
) -> None:
    sent = bytes(range(256)) * (4 * MEGABYTE // 256)
    received = bytearray()
    all_given = threading.Event()

    def read_late(session: ssl.SSLSocket) -> None:
        all_given.wait(10)
        while len(received) < len(sent):
            received.extend(session.recv(65536))
        session.sendall(ANSWER)
        wait_for_end(session)

    with StreamPeer(speaking(read_late), receive_buffer=8192) as peer:
        channel, inbox = await connect(peer.port, contexts)
        channel.send(sent[:MEGABYTE])
        channel.send(sent[MEGABYTE:])
        all_given.set()
        assert await arrival(inbox) == ANSWER
        await channel.close()
    assert received == sent


async def test_a_record_that_cannot_be_decrypted_ends_the_connection(
    speaking: Callable[[Speak], Conduct], contexts: TlsContexts
) -> None:
    """The answer before it still counts."""

    def answer_then_break(session: ssl.SSLSocket) -> None:
        session.recv(65536)
        session.sendall(ANSWER)
        with socket.socket(fileno=session.detach()) as raw:
            raw.settimeout(10)
            raw.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
            wait_for_end(raw)

    with StreamPeer(speaking(answer_then_break)) as peer:
        channel, inbox = await connect(peer.port, contexts)
        channel.send(REQUEST)
        assert await arrival(inbox) == ANSWER
        assert await failure(inbox) is Reason.CONNECTION_RESET
        assert not channel.usable
        await channel.close()


async def test_a_peer_that_leaves_behind_the_handshake_was_still_seen(
    speaking: Callable[[Speak], Conduct], contexts: TlsContexts
) -> None:
    def leave(session: ssl.SSLSocket) -> None:
        """Nothing is said."""

    with StreamPeer(speaking(leave)) as peer:
        channel, _ = await connect(peer.port, contexts)
        assert channel.certificate is not None
        assert channel.certificate.verified
        await channel.close()


async def test_no_session_is_resumed(speaking: Callable[[Speak], Conduct], contexts: TlsContexts) -> None:
    """A resumed session would carry over what was verified once (RFC 8446 §2.2)."""
    resumed: list[bool | None] = []

    def answer(session: ssl.SSLSocket) -> None:
        resumed.append(session.session_reused)
        session.recv(65536)
        session.sendall(ANSWER)
        wait_for_end(session)

    with StreamPeer(speaking(answer)) as peer:
        for _ in range(3):
            channel, inbox = await connect(peer.port, contexts)
            channel.send(REQUEST)
            assert await arrival(inbox) == ANSWER
            await channel.close()
    assert resumed == [False, False, False]


@pytest.mark.parametrize(
    ("kind", "alert"),
    [
        (CertificateKind.UNTRUSTED_CA, "TLSV1_ALERT_UNKNOWN_CA"),
        (CertificateKind.EXPIRED, "SSLV3_ALERT_CERTIFICATE_EXPIRED"),
        (CertificateKind.NOT_YET_VALID, "SSLV3_ALERT_BAD_CERTIFICATE"),
    ],
)
async def test_a_peer_learns_why_its_certificate_was_refused(
    kind: CertificateKind, alert: str, certificates: Certificates, contexts: TlsContexts
) -> None:
    """RFC 8446 §6.2: the alert is in the log of whoever has to mend it."""
    refused = certificates[kind]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(refused.certificate_file, refused.key_file)
    heard: list[str] = []

    def conduct(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as session:
                wait_for_end(session)
        except ssl.SSLError as error:
            heard.append(error.reason or "")

    with StreamPeer(conduct) as peer:
        with pytest.raises(CertificateRefused) as raised:
            await connect(peer.port, contexts)
        assert raised.value.certificate is not None
    assert heard == [alert]


async def test_an_attempt_that_is_given_up_leaves_nothing_open(contexts: TlsContexts) -> None:
    """filterwarnings = error: a socket left open fails the test when it is collected."""
    with StreamPeer(wait_for_end) as peer:
        for turns in range(4):
            task = asyncio.create_task(connect(peer.port, contexts))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_a_name_that_no_sni_can_carry_is_a_failure_of_the_handshake(contexts: TlsContexts) -> None:
    with StreamPeer(wait_for_end) as peer, pytest.raises(TransportFailed) as raised:
        await connect_tls(
            HostPort("127.0.0.1", peer.port),
            domain=f"{'a' * 64}.example",
            host="edge.example",
            contexts=contexts,
            deadline_at=asyncio.get_running_loop().time() + 10,
        )
    assert raised.value.failure.reason is Reason.TLS_HANDSHAKE_FAILED
