"""The practice carrier: a registrar that takes calls, on loopback, over UDP, TCP and TLS, with faults as asked for."""

import asyncio
import ipaddress
import re
import secrets
import socket
from collections import deque
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from sipcheck.carrier.answer import CALL_METHODS, METHODS
from sipcheck.carrier.behaviours import CallBehaviour, NumberForm
from sipcheck.carrier.calls import CallDesk, CallEnd
from sipcheck.carrier.certificates import CertificateFiles, issue
from sipcheck.carrier.datagrams import DatagramSide, Send
from sipcheck.carrier.delivery import delivery
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.likeness import Likeness
from sipcheck.carrier.listening import CarrierUnusable, bind, bind_shared
from sipcheck.carrier.registrar import Registrar
from sipcheck.carrier.sighting import Sighting
from sipcheck.carrier.streams import Connection, DeafSide, StreamSide
from sipcheck.carrier.tls import TlsSide, server_context
from sipcheck.message.message import Request
from sipcheck.target import HostPort, TransportName

DEMO_USERS: Mapping[str, str] = {"demo": "demo-password"}
ALL_TRANSPORTS = (TransportName.UDP, TransportName.TCP, TransportName.TLS)
_KINDS = {TransportName.UDP: socket.SOCK_DGRAM, TransportName.TCP: socket.SOCK_STREAM}
_SIGHTINGS_KEPT = 10_000
_PLAIN_TEXT = b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
_NOT_IN_REALM = re.compile(r'["\\\x00-\x1f\x7f]')


class PracticeCarrier:
    """A carrier to practise on; an async context manager that listens while it is entered.

    `port` 0 means a free one, which UDP and TCP share; `users` are names and passwords for practice.
    `certificate_dir` keeps the certificates; without it they are gone with the carrier. `on_request` is told of
    every request, `on_call_end` of every call that has ended. `number_form` is how called numbers have to be written;
    None takes any form. `like` answers as the peer of a report did, in the place of users, realm and faults. Raises
    CarrierUnusable for a host that is not loopback, a realm that cannot be quoted, a port that is taken, or a folder
    that cannot be written.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_port: int = 0,
        users: Mapping[str, str] = DEMO_USERS,
        realm: str = "practice.example",
        transports: Collection[TransportName] = ALL_TRANSPORTS,
        faults: Collection[Fault] = (),
        like: Likeness | None = None,
        calls: CallBehaviour = CallBehaviour.ECHO,
        number_form: NumberForm | None = None,
        certificate_dir: Path | None = None,
        on_request: Callable[[Sighting], None] | None = None,
        on_call_end: Callable[[CallEnd], None] | None = None,
    ) -> None:
        self.host = _loopback(host)
        if _NOT_IN_REALM.search(realm):
            raise CarrierUnusable(
                f"The realm {realm!r} cannot be used: quotes and backslashes break a challenge."
            )
        self.udp_port: int | None = None
        self.tcp_port: int | None = None
        self.tls_port: int | None = None
        self.ca_file: Path | None = None
        self.seen: deque[Sighting] = deque(maxlen=_SIGHTINGS_KEPT)
        self.authenticated_attempts = 0
        self._port = port
        self._wanted_tls_port = tls_port
        self._transports = frozenset(transports)
        self._faults = frozenset(faults if like is None else like.faults)
        self._certificate_dir = certificate_dir
        self._on_request = on_request
        self._delivery = delivery(faults) if like is None else like.delivery
        self.calls: deque[CallEnd] = deque(maxlen=_SIGHTINGS_KEPT)
        self._on_call_end = on_call_end
        self._registrar = Registrar(
            users=users,
            realm=realm,
            faults=faults,
            new_token=lambda: secrets.token_hex(16),
            methods=(*METHODS, *CALL_METHODS),
        )
        self._mind: Registrar | Likeness = like or self._registrar
        self._desk = CallDesk(
            host=self.host,
            behaviour=calls,
            form=number_form,
            write=self._registrar.write,
            contact=self._contact,
            on_end=self._end_call,
        )
        self._connections: set[asyncio.Transport] = set()
        self._stack = AsyncExitStack()

    @property
    def bindings(self) -> Mapping[str, tuple[str, ...]]:
        """Who can be reached where: a REGISTER without Contact never changes it (RFC 3261 §10.3)."""
        return self._registrar.bindings

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._listen(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._desk.close()
        await self._stack.aclose()

    async def _listen(self, stack: AsyncExitStack) -> None:
        # The last to run: what is closed lets go of its socket in the loop's next turn.
        stack.push_async_callback(asyncio.sleep, 0)
        stack.callback(self._abort_connections)
        kinds = [kind for name, kind in _KINDS.items() if name in self._transports]
        for listener in bind_shared(self.host, self._port, kinds):
            port = int(listener.getsockname()[1])
            if listener.type is socket.SOCK_DGRAM:
                await self._listen_by_udp(stack, listener)
                self.udp_port = port
            else:
                await self._serve(stack, listener, self._tcp_side)
                self.tcp_port = port
        if TransportName.TLS in self._transports:
            self.tls_port = await self._listen_by_tls(stack)

    async def _listen_by_udp(self, stack: AsyncExitStack, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        transport, side = await loop.create_datagram_endpoint(
            lambda: DatagramSide(self._answer, self._desk.take_response, self._delivery), sock=listener
        )
        stack.callback(transport.close)
        if self._delivery.from_elsewhere:
            side.elsewhere, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, sock=bind(self.host, 0, socket.SOCK_DGRAM)
            )
            stack.callback(side.elsewhere.close)

    async def _serve(
        self, stack: AsyncExitStack, listener: socket.socket, side: Callable[[], Connection]
    ) -> None:
        server = await asyncio.get_running_loop().create_server(side, sock=listener)
        stack.callback(server.close)

    def _tcp_side(self) -> Connection:
        return StreamSide(self._connections, self._answer, self._desk.take_response, self._delivery)

    async def _listen_by_tls(self, stack: AsyncExitStack) -> int:
        folder = self._certificate_dir or Path(
            stack.enter_context(TemporaryDirectory(prefix="practice-carrier-"))
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files = issue(folder, self.host, self._faults)
        except OSError as error:
            raise CarrierUnusable(f"The folder {folder} cannot be written: {error.strerror}.") from error
        self.ca_file = files.ca_file
        listener = bind(self.host, self._wanted_tls_port, socket.SOCK_STREAM)
        await self._serve(stack, listener, self._tls_side(files))
        return int(listener.getsockname()[1])

    def _tls_side(self, files: CertificateFiles) -> Callable[[], Connection]:
        if Fault.TLS_NOT_SPOKEN in self._faults:
            return lambda: DeafSide(self._connections, _PLAIN_TEXT)
        if Fault.HANDSHAKE_CLOSED in self._faults:
            return lambda: DeafSide(self._connections)
        context = server_context(files, self._faults)
        return lambda: TlsSide(
            self._connections, self._answer, self._desk.take_response, self._delivery, context
        )

    def _abort_connections(self) -> None:
        for transport in tuple(self._connections):
            transport.abort()

    def _answer(
        self, request: Request, source: HostPort, transport: TransportName, send: Send
    ) -> tuple[bytes, ...]:
        if request.method in CALL_METHODS[1:] or (request.method == "INVITE" and request.to_tag is not None):
            return self._answer_within_call(request, source, transport)
        verdict = self._mind.answer(request, source, transport)
        sighting = verdict.sighting
        if verdict.taken:
            sighting = replace(sighting, status=self._desk.invite(request, source, transport, send))
        self._note(sighting)
        return verdict.replies

    def _answer_within_call(
        self, request: Request, source: HostPort, transport: TransportName
    ) -> tuple[bytes, ...]:
        answer = self._desk.take(request)
        replies = () if answer is None else (self._registrar.write(request, answer, source, None),)
        status = None if answer is None else answer.status
        self._note(
            Sighting(
                method=request.method, source=source, transport=transport, authorized=False, status=status
            )
        )
        return replies

    def _note(self, sighting: Sighting) -> None:
        self.seen.append(sighting)
        if sighting.authorized and not sighting.repeated:
            self.authenticated_attempts += 1
        if self._on_request is not None:
            self._on_request(sighting)

    def _end_call(self, ended: CallEnd) -> None:
        self.calls.append(ended)
        if self._on_call_end is not None:
            self._on_call_end(ended)

    def _contact(self, transport: TransportName) -> HostPort:
        ports = {
            TransportName.UDP: self.udp_port,
            TransportName.TCP: self.tcp_port,
            TransportName.TLS: self.tls_port,
        }
        return HostPort(self.host, ports[transport])


def _loopback(host: str) -> str:
    """Admit loopback alone: a practice carrier has known passwords and answers whoever asks."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback or getattr(address, "ipv4_mapped", None) is not None:
        raise CarrierUnusable(
            f"The host {host!r} is not loopback; a practice carrier listens on 127.0.0.0/8 or ::1 alone."
        )
    return str(address)
