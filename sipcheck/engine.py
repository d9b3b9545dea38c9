"""The engine: what all verifications of a process share, from the resolver to the sockets."""

import socket
from types import TracebackType
from typing import Self

from sipcheck.credentials import Credentials
from sipcheck.errors import SettingInvalid, TargetInvalid, TransportFailed
from sipcheck.evidence import Proof
from sipcheck.exchange import BeforeCredentials
from sipcheck.reasons import Reason
from sipcheck.report import Report
from sipcheck.resolve import Edge, Resolver
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import HostPort, Target, TransportName, parse_host_port
from sipcheck.transport.channel import Channel
from sipcheck.transport.failures import from_error
from sipcheck.transport.tcp import connect_tcp
from sipcheck.transport.tls import TlsContexts, connect_tls
from sipcheck.transport.udp import UdpChannel, UdpEndpoint, egress_address
from sipcheck.verification import Verification


class Engine:
    """Verifies trunks on one event loop; an async context manager that owns every socket it opens.

    Entering raises SettingInvalid for a CA file, a nameserver or a source address that cannot be used.
    """

    def __init__(self, settings: EngineSettings | None = None) -> None:
        self.settings = settings or EngineSettings()
        self._endpoints: dict[socket.AddressFamily, UdpEndpoint] = {}
        self._resolver: Resolver | None = None
        self._tls: TlsContexts | None = None

    async def __aenter__(self) -> Self:
        settings = self.settings
        _check_from(settings)
        self._resolver = Resolver(nameservers=settings.nameservers)
        self._tls = TlsContexts.create(ca_file=settings.ca_file, strict=settings.tls_strict)
        if settings.source_address is not None:
            self._endpoint(_family(settings.source_address))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for endpoint in self._endpoints.values():
            endpoint.close()
        self._endpoints.clear()

    @property
    def resolver(self) -> Resolver:
        if self._resolver is None:
            raise RuntimeError("the engine is used outside its 'async with' block")
        return self._resolver

    async def verify(
        self,
        target: Target,
        *,
        credentials: Credentials | None = None,
        proof: Proof = Proof.AUTO,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        before_credentials: BeforeCredentials | None = None,
    ) -> Report:
        """Verify one target within one deadline; every remote failure is a report.

        `before_credentials(realm)` is awaited right before credentials leave; a Reason that it returns withholds
        them and becomes the verdict. Raises SettingInvalid for a timeout that is not positive.
        """
        verification = Verification(
            target=target,
            settings=self.settings,
            resolver=self.resolver,
            open_channel=self.open_channel,
            credentials=credentials,
            proof=proof,
            timeout_seconds=timeout_seconds,
            before_credentials=before_credentials,
        )
        return await verification.run()

    async def open_channel(self, edge: Edge, tls_name: str, deadline_at: float) -> Channel:
        """Open the way to a judged edge; `tls_name` is the domain its certificate must name.

        `deadline_at` is on the event loop's clock. Raises TransportFailed.
        """
        remote = HostPort(edge.address, edge.port)
        source = self.settings.source_address
        if source is not None and _family(source) is not _family(edge.address):
            raise TransportFailed(
                Reason.HOST_UNREACHABLE, f"checks leave from {source}, which has no way to {edge.address}"
            )
        if edge.transport is TransportName.UDP:
            return self._udp_channel(remote)
        if edge.transport is TransportName.TCP:
            return await connect_tcp(remote, deadline_at=deadline_at, source_address=source)
        if self._tls is None:
            raise RuntimeError("the engine is used outside its 'async with' block")
        return await connect_tls(
            remote,
            domain=tls_name,
            host=edge.host,
            contexts=self._tls,
            deadline_at=deadline_at,
            source_address=source,
        )

    def _udp_channel(self, remote: HostPort) -> UdpChannel:
        address = egress_address(remote, self.settings.source_address)
        try:
            endpoint = self._endpoint(_family(remote.host))
        except OSError as error:
            raise from_error(error) from error
        return UdpChannel(endpoint, remote, HostPort(address, endpoint.port))

    def _endpoint(self, family: socket.AddressFamily) -> UdpEndpoint:
        endpoint = self._endpoints.get(family)
        if endpoint is None:
            endpoint = self._endpoints[family] = UdpEndpoint(family, self.settings.source_address)
        return endpoint


def _check_from(settings: EngineSettings) -> None:
    """Refuse a From that could not be sent, before anything is."""
    if not settings.from_user.strip():
        raise SettingInvalid("the From user is empty; give a name such as trunk-check")
    if settings.from_domain is None:
        return
    try:
        parse_host_port(settings.from_domain)
    except TargetInvalid as error:
        raise SettingInvalid(f"the From domain cannot be used: {error}") from error


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
