"""The way to one edge: a connection of its own, or the shared UDP socket with TCP beside it for large requests."""

import asyncio
from dataclasses import dataclass, field, replace

from sipcheck.dns.route import Edge
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.reasons import Cause, Reason
from sipcheck.report.model import Certificate, ReportWarning
from sipcheck.target import TransportName
from sipcheck.transaction.large_requests import LargeRequests
from sipcheck.transaction.late_answers import LateListening
from sipcheck.transaction.run_context import RunContext
from sipcheck.transport.channel import Channel
from sipcheck.transport.tls import CertificateRefused


@dataclass(slots=True)
class EdgeConnection:
    """Opened when the first request needs it, and closed by `close()`; `tls_name` must stand in its certificate.

    `failure` says why there is no way to the edge: once set, nothing more is sent there. `connected_ms` is how long
    the connection took, null over UDP.
    """

    edge: Edge
    tls_name: str
    run: RunContext
    failure: Failure | None = None
    certificate: Certificate | None = None
    warnings: tuple[ReportWarning, ...] = ()
    connected_ms: float | None = None
    large_requests: LargeRequests | None = field(init=False, default=None)
    late: LateListening = field(init=False)
    _channel: Channel | None = None
    _held: bool = False
    _closing: bool = False
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.late = LateListening(self.name, self.run.trace)
        if self.edge.transport is TransportName.UDP:
            self.large_requests = LargeRequests(self.edge, self.tls_name, self.run)

    @property
    def name(self) -> str:
        return str(self.edge)

    @property
    def opened(self) -> bool:
        return self._channel is not None

    def adopt(self, seen: "EdgeConnection") -> None:
        """Take over what another run saw of this edge's connection."""
        self.failure = seen.failure
        self.certificate = seen.certificate
        self.warnings = seen.warnings
        self.connected_ms = seen.connected_ms

    async def open(self) -> Channel | None:
        """Give the open channel, opened once more where the peer has closed it; None, with `failure`, for no way."""
        if self.failure is None and self._channel is not None and self._channel.usable:
            return self._channel
        async with self._opening:
            if self.failure is not None:
                return None
            if self._channel is not None and self._channel.usable:
                return self._channel
            if self._channel is not None:
                await self._channel.close()
                self._channel = None
            try:
                self._channel = await self._connect()
            except TransportFailed as error:
                self.fail(error)
            return self._channel

    def fail(self, error: TransportFailed) -> None:
        """Note that there is no way to the edge."""
        self.failure = error.failure
        self.run.trace.event(self.name, f"{error.failure.reason}: {error.failure.detail}")
        if isinstance(error, CertificateRefused):
            self.certificate = error.certificate

    def hold(self) -> None:
        """Keep it open beyond `close()`, for a call that is not over yet, until `release()`."""
        self._held = True

    async def release(self) -> None:
        """Let go of it, and close it where that was put off."""
        self._held = False
        if self._closing:
            await self.close()

    async def close(self) -> None:
        """Close it, at once or when it is released."""
        self._closing = True
        self.late.stop()
        if self._held:
            return
        if self._channel is not None:
            await self._channel.close()
        if self.large_requests is not None:
            await self.large_requests.close()

    async def _connect(self) -> Channel:
        run = self.run
        started = asyncio.get_running_loop().time()
        deadline_at = min(started + run.plan.connect_seconds, run.deadline)
        started_ms = run.trace.elapsed_ms()
        try:
            channel = await run.open_channel(self.edge, self.tls_name, deadline_at)
        except TransportFailed as error:
            waited = asyncio.get_running_loop().time() - started
            if not _is_cut(error.failure) or waited >= run.plan.connect_chance_seconds:
                raise
            seconds = f"{waited:.1f}"
            cut = Failure.of(Reason.DEADLINE_EXCEEDED, "connection.deadline", seconds=seconds)
            raise TransportFailed(cut) from error
        if channel.reliable:
            self.connected_ms = run.trace.elapsed_ms() - started_ms
            run.trace.event(self.name, f"connected by {self.edge.transport} in {self.connected_ms:.0f} ms")
        self.certificate = channel.certificate
        self.warnings = tuple(replace(warning, edge=self.name) for warning in channel.warnings)
        return channel


def _is_cut(failure: Failure) -> bool:
    """Whether it is our own end of the wait: for a connection, or for the other half of a handshake."""
    unanswered = failure.cause is Cause.HANDSHAKE_UNANSWERED or failure.sentence.key == "tls.unfinished"
    return failure.reason is Reason.CONNECTION_TIMEOUT or unanswered
