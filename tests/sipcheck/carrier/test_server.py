"""The practice carrier on real sockets."""

import asyncio
import socket
import ssl
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sipcheck.carrier.faults import Fault
from sipcheck.carrier.listening import CarrierUnusable
from sipcheck.carrier.server import PracticeCarrier
from sipcheck.message.framing import StreamFramer
from sipcheck.message.message import Response
from sipcheck.message.parser import parse
from sipcheck.target import HostPort, TransportName
from tests.peers.ports import free_port
from tests.peers.sip_client import ask_by_udp
from tests.sipcheck.carrier.conftest import MakeRequest

WITHIN_SECONDS = 30.0


def read(data: bytes) -> Response:
    found = parse(data)
    assert isinstance(found, Response)
    return found


async def converse(
    port: int, chunks: list[bytes], answers: int, *, context: ssl.SSLContext | None = None
) -> list[Response]:
    """Send the chunks one by one over one connection, and read that many answers."""
    async with asyncio.timeout(WITHIN_SECONDS):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="practice.example" if context else None
        )
        try:
            framer, found = StreamFramer(), list[Response]()
            for chunk in chunks:
                writer.write(chunk)
                await writer.drain()
                await asyncio.sleep(0)
            while len(found) < answers and (data := await reader.read(65535)):
                found += [read(message) for message in framer.feed(data)]
            return found
        finally:
            writer.close()
            await writer.wait_closed()


async def test_udp_and_tcp_share_a_port_and_tls_has_its_own() -> None:
    async with PracticeCarrier() as carrier:
        assert carrier.udp_port == carrier.tcp_port
        assert carrier.tls_port not in (None, carrier.tcp_port)


@pytest.mark.parametrize("transport", list(TransportName))
async def test_only_the_transports_asked_for_are_served(transport: TransportName) -> None:
    async with PracticeCarrier(transports=(transport,)) as carrier:
        ports = {
            TransportName.UDP: carrier.udp_port,
            TransportName.TCP: carrier.tcp_port,
            TransportName.TLS: carrier.tls_port,
        }
        assert [name for name, port in ports.items() if port is not None] == [transport]
        assert (carrier.ca_file is not None) == (transport is TransportName.TLS)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.0.2.1", "localhost", "carrier.example", "", "::ffff:127.0.0.1", "126.0.0.1"],
)
def test_it_listens_on_loopback_alone(host: str) -> None:
    with pytest.raises(CarrierUnusable, match="is not loopback"):
        PracticeCarrier(host=host)


@pytest.mark.parametrize("realm", ['a"b', "a\\b", "a\r\nb"])
def test_a_realm_that_breaks_the_challenge_is_refused(realm: str) -> None:
    with pytest.raises(CarrierUnusable, match="realm"):
        PracticeCarrier(realm=realm)


@pytest.mark.parametrize(
    ("kind", "option"),
    [(socket.SOCK_DGRAM, "port"), (socket.SOCK_STREAM, "port"), (socket.SOCK_STREAM, "tls_port")],
)
async def test_a_port_that_is_taken_is_named(kind: socket.SocketKind, option: str) -> None:
    port = free_port()
    with closing(socket.socket(socket.AF_INET, kind)) as other:
        other.bind(("127.0.0.1", port))
        carrier = PracticeCarrier(port=port) if option == "port" else PracticeCarrier(tls_port=port)
        with pytest.raises(CarrierUnusable, match=f"port {port} of 127.0.0.1 is taken"):
            await carrier.__aenter__()
        assert carrier.udp_port is None or option == "tls_port"


async def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(CarrierUnusable, match="from 1 to 65535"):
        await PracticeCarrier(port=70000).__aenter__()


async def test_what_was_opened_is_closed_when_the_start_fails() -> None:
    first, second = free_port(), free_port()
    with closing(socket.create_server(("127.0.0.1", second))), pytest.raises(CarrierUnusable):
        await PracticeCarrier(port=first, tls_port=second).__aenter__()
    async with PracticeCarrier(port=first, tls_port=second) as carrier:
        assert (carrier.tcp_port, carrier.tls_port) == (first, second)


async def test_ipv6_loopback(make_request: MakeRequest) -> None:
    async with PracticeCarrier(host="::1", transports=(TransportName.UDP,)) as carrier:
        assert carrier.udp_port is not None
        data = await asyncio.to_thread(ask_by_udp, carrier.udp_port, make_request("OPTIONS"), address="::1")
        assert read(data).status == 200
        assert read(data).vias[0].received == "::1"


async def test_a_datagram_without_rport_is_answered_where_its_via_says(make_request: MakeRequest) -> None:
    """RFC 3261 §18.2.2: to the source's address and the port of the sent-by."""
    port = free_port()
    request = make_request("OPTIONS").replace(b";rport", b"").replace(b":5070;", b":%d;" % port)
    async with PracticeCarrier(transports=(TransportName.UDP,)) as carrier:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as listener:
            listener.bind(("127.0.0.1", port))
            listener.settimeout(WITHIN_SECONDS)
            with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
                sender.sendto(request, ("127.0.0.1", carrier.udp_port or 0))
                data = await asyncio.to_thread(listener.recv, 65535)
    assert read(data).status == 200


async def test_noise_is_ignored(make_request: MakeRequest) -> None:
    async with PracticeCarrier(transports=(TransportName.UDP,)) as carrier:
        port = carrier.udp_port or 0
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
            for noise in (b"", b"\r\n\r\n", b"\x00" * 60000, b"SIP/2.0 200 OK\r\n\r\n", make_request("ACK")):
                sender.sendto(noise, ("127.0.0.1", port))
        data = await asyncio.to_thread(ask_by_udp, port, make_request("OPTIONS"))
        assert read(data).status == 200
        assert [sighting.method for sighting in carrier.seen] == ["ACK", "OPTIONS"]


@pytest.mark.parametrize(
    "cut",
    [
        lambda data: [data],
        lambda data: [data[index : index + 7] for index in range(0, len(data), 7)],
        lambda data: [b"\r\n\r\n", data, b"\r\n\r\n"],
    ],
    ids=["joined", "split", "keep-alives"],
)
@pytest.mark.parametrize("transport", [TransportName.TCP, TransportName.TLS])
async def test_a_stream_is_cut_by_content_length(
    cut: Callable[[bytes], list[bytes]], transport: TransportName, make_request: MakeRequest
) -> None:
    """RFC 3261 §18.3."""
    requests = [
        make_request("OPTIONS", call_id=str(number), transport=transport.upper()) for number in (1, 2)
    ]
    async with PracticeCarrier(transports=(transport,)) as carrier:
        port = carrier.tcp_port or carrier.tls_port or 0
        context = ssl.create_default_context(cafile=carrier.ca_file) if carrier.ca_file else None
        found = await converse(port, cut(b"".join(requests)), 2, context=context)
        assert [(each.status, each.call_id) for each in found] == [(200, "1"), (200, "2")]
        assert all(sighting.transport is transport for sighting in carrier.seen)


@pytest.mark.parametrize("transport", [TransportName.TCP, TransportName.TLS])
@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x00\x01\x02\r\n"])
async def test_a_stream_that_is_not_sip_is_closed(transport: TransportName, noise: bytes) -> None:
    async with PracticeCarrier(transports=(transport,)) as carrier:
        port = carrier.tcp_port or carrier.tls_port or 0
        context = ssl.create_default_context(cafile=carrier.ca_file) if carrier.ca_file else None
        assert await converse(port, [noise], 1, context=context) == []


async def test_tls_is_not_confused_by_plain_text(make_request: MakeRequest) -> None:
    async with PracticeCarrier(transports=(TransportName.TLS,)) as carrier:
        async with asyncio.timeout(WITHIN_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", carrier.tls_port)
            writer.write(make_request("OPTIONS"))
            alert = await reader.read()
            writer.close()
            await writer.wait_closed()
        assert not alert.startswith(b"SIP")
        context = ssl.create_default_context(cafile=carrier.ca_file)
        (found,) = await converse(carrier.tls_port or 0, [make_request("OPTIONS")], 1, context=context)
        assert found.status == 200


async def test_open_connections_end_with_the_carrier(make_request: MakeRequest) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        async with PracticeCarrier(transports=(TransportName.TCP,)) as carrier:
            reader, writer = await asyncio.open_connection("127.0.0.1", carrier.tcp_port)
            writer.write(make_request("OPTIONS"))
            assert await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_each_request_is_reported(make_request: MakeRequest) -> None:
    told: list[str] = []
    async with PracticeCarrier(
        transports=(TransportName.UDP,),
        faults=(Fault.REGISTER_IGNORED,),
        on_request=lambda sighting: told.append(sighting.method),
    ) as carrier:
        port = carrier.udp_port or 0
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
            sender.sendto(make_request("REGISTER"), ("127.0.0.1", port))
        await asyncio.to_thread(ask_by_udp, port, make_request("OPTIONS"))
        assert told == ["REGISTER", "OPTIONS"]
        assert [sighting.status for sighting in carrier.seen] == [None, 200]
        assert isinstance(carrier.seen[0].source, HostPort)
        assert carrier.authenticated_attempts == 0


async def test_certificates_are_kept_where_they_are_wanted(tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    async with PracticeCarrier(transports=(TransportName.TLS,), certificate_dir=folder) as carrier:
        assert carrier.ca_file == folder / "ca.pem"
    assert (folder / "ca.pem").exists()
    assert stat.S_IMODE((folder / "server.key").stat().st_mode) == 0o600


async def test_certificates_are_gone_with_the_carrier_otherwise() -> None:
    async with PracticeCarrier(transports=(TransportName.TLS,)) as carrier:
        assert carrier.ca_file is not None
        assert carrier.ca_file.exists()
    assert not carrier.ca_file.exists()


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(CarrierUnusable, match="cannot be written"):
        await PracticeCarrier(certificate_dir=file / "below").__aenter__()
