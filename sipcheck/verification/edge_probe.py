"""One edge: its connection, what is asked over it, and what was seen."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import EdgeEvidence, ExchangeResult
from sipcheck.dns.resolver import Edge
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.reasons import Reason
from sipcheck.report.model import Certificate, ReportWarning
from sipcheck.target import TransportName
from sipcheck.transaction.exchange import ExchangeContext, exchange
from sipcheck.transaction.large_requests import LargeRequests
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.transport.channel import Channel
from sipcheck.transport.tls import CertificateRefused
from sipcheck.verification.options import options_template
from sipcheck.verification.register import register_template
from sipcheck.verification.run_context import RunContext, UdpBatchFor


@dataclass(slots=True)
class EdgeProbe:
    """Asks one edge and keeps what came of it; `settled` is set once OPTIONS (or the connection) has an end."""

    edge: Edge
    run: RunContext
    options: ExchangeResult | None = None
    register: ExchangeResult | None = None
    answered_options: ExchangeResult | None = None
    connect_failure: Failure | None = None
    certificate: Certificate | None = None
    warnings: list[ReportWarning] = field(default_factory=list)
    connected_ms: float | None = None
    proven_here: bool = False
    credentials_leave: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    _channel: Channel | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _large_way: LargeRequests | None = None

    @property
    def name(self) -> str:
        return str(self.edge)

    @property
    def evidence(self) -> EdgeEvidence:
        """What was seen so far."""
        return EdgeEvidence(
            options=self.options,
            register=self.register,
            answered_options=self.answered_options,
            credentials_given=self.run.credentials is not None,
            proof=self.run.proof,
            connect_failure=self.connect_failure,
        )

    @property
    def alive(self) -> bool:
        return self.evidence.alive

    def adopt(self, seen: "EdgeProbe") -> None:
        """Take over what another run saw of this edge's liveness, instead of asking again."""
        self.options = seen.options
        self.connect_failure = seen.connect_failure
        self.certificate = seen.certificate
        self.warnings = seen.warnings
        self.connected_ms = seen.connected_ms
        self.settled.set()

    async def ask_options(self, credentials: Credentials | None = None) -> None:
        """Connect and send OPTIONS; whatever comes is kept."""
        try:
            self.options = await self._ask(self._options_draft, credentials)
        finally:
            self.settled.set()

    async def ask_register(self) -> None:
        """Prove the credentials by REGISTER over the same connection."""
        self.register = await self._ask(self._register_draft, self.run.proof_credentials)

    async def answer_options(self) -> None:
        """Send OPTIONS once more, this time answering its challenge."""
        self.answered_options = await self._ask(self._options_draft, self.run.proof_credentials)

    def _options_draft(self, egress: str) -> RequestTemplate:
        return options_template(self.run.identity, egress)

    def _register_draft(self, egress: str) -> RequestTemplate:
        return register_template(self.run.identity)

    async def _ask(
        self, draft: Callable[[str], RequestTemplate], credentials: Credentials | None
    ) -> ExchangeResult | None:
        """Ask through the window, or over the connection; null when there is no way to this edge."""
        run = self.run
        if run.udp_batch_for is not None and self._fits_window(credentials):
            if self.connect_failure is not None:
                return None
            through_window = await self._ask_through_window(run.udp_batch_for, draft, credentials)
            if through_window is not None or self.connect_failure is not None:
                return through_window
        channel = await self._connected()
        if channel is None:
            return None
        return await exchange(draft(channel.local.host), self._context(channel), credentials)

    def _fits_window(self, credentials: Credentials | None) -> bool:
        """Whether this can go by the fast path: not where somebody has to be waited for before credentials leave."""
        if self.edge.transport is not TransportName.UDP:
            return False
        return credentials is None or self.run.before_credentials is None

    async def _ask_through_window(
        self,
        udp_batch_for: UdpBatchFor,
        draft: Callable[[str], RequestTemplate],
        credentials: Credentials | None,
    ) -> ExchangeResult | None:
        """Ask by the fast path; null when there is no way, or when it comes to a request that is too large for it.

        The answer to a large challenge is such a request: it is asked for once more, by the plain path.
        """
        run = self.run
        try:
            window, local = udp_batch_for(self.edge)
        except TransportFailed as error:
            self._no_way(error)
            return None
        question = PreparedRequest(self.edge, draft(local.host), local, credentials)
        if question.room_bytes < 0:
            return None
        result = await window.exchange(
            question,
            plan=run.plan,
            deadline_at=run.deadline,
            may_leave=self._may_leave,
            trace=run.trace,
        )
        if result.too_large:
            run.trace.event(
                self.name, f"{result.method} is asked anew: its credentials do not fit a datagram"
            )
            return None
        return result

    def _may_leave(self, realm: str) -> Reason | None:
        self.credentials_leave = True
        return None

    def abandon_options(self) -> None:
        """Note that OPTIONS went unanswered until the verdict no longer waited for it."""
        unconnected = self._channel is None and self.edge.transport is not TransportName.UDP
        if unconnected and self.connect_failure is None:
            self.connect_failure = Failure(
                Reason.CONNECTION_TIMEOUT, "no connection before the verdict was settled"
            )
        elif self.options is None and self.connect_failure is None:
            self.options = ExchangeResult(
                method="OPTIONS",
                failure=Failure(Reason.NO_RESPONSE, "no answer before the verdict was settled"),
            )
        self.settled.set()

    def abandon_register(self) -> None:
        """Note that REGISTER went unanswered until the next edge had its turn."""
        if self.register is None:
            self.register = ExchangeResult(
                method="REGISTER",
                failure=Failure(Reason.NO_RESPONSE, "no answer before the next edge had its turn"),
            )

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()
        if self._large_way is not None:
            await self._large_way.close()

    def _context(self, channel: Channel) -> ExchangeContext:
        run = self.run
        return ExchangeContext(
            channel=channel,
            edge=self.name,
            transport=self.edge.transport.upper(),
            trace=run.trace,
            plan=run.plan,
            deadline=run.deadline,
            before_credentials=self._before_credentials,
            reconnect=self._connected,
            large_requests=self._beside_udp(),
        )

    def _beside_udp(self) -> LargeRequests | None:
        """The way of large requests: to the address and port that the guard has judged, by TCP."""
        run, edge = self.run, replace(self.edge, transport=TransportName.TCP)
        if self.edge.transport is TransportName.UDP and self._large_way is None:
            self._large_way = LargeRequests(
                str(edge),
                lambda deadline_at: run.open_channel(edge, run.identity.tls_name, deadline_at),
                trace=run.trace,
                plan=run.plan,
                deadline=run.deadline,
            )
        return self._large_way

    async def _before_credentials(self, realm: str) -> Reason | None:
        self.credentials_leave = True
        if self.run.before_credentials is None:
            return None
        return await self.run.before_credentials(realm)

    async def _connected(self) -> Channel | None:
        """The open connection, opened once more where the peer has closed it after an answer."""
        async with self._opening:
            if self.connect_failure is not None:
                return None
            if self._channel is not None and self._channel.usable:
                return self._channel
            if self._channel is not None:
                await self._channel.close()
                self._channel = None
            try:
                self._channel = await self._open()
            except TransportFailed as error:
                self._no_way(error)
                return None
            self.certificate = self._channel.certificate
            self.warnings = [
                ReportWarning(warning.code, warning.detail, self.name) for warning in self._channel.warnings
            ]
            return self._channel

    def _no_way(self, error: TransportFailed) -> None:
        self.connect_failure = error.failure
        self.run.trace.event(self.name, f"{error.failure.reason}: {error.failure.detail}")
        if isinstance(error, CertificateRefused):
            self.certificate = error.certificate

    async def _open(self) -> Channel:
        run = self.run
        deadline_at = min(asyncio.get_running_loop().time() + run.plan.connect_seconds, run.deadline)
        started_ms = run.trace.elapsed_ms()
        channel = await run.open_channel(self.edge, run.identity.tls_name, deadline_at)
        if channel.reliable:
            self.connected_ms = run.trace.elapsed_ms() - started_ms
            run.trace.event(self.name, f"connected by {self.edge.transport} in {self.connected_ms:.0f} ms")
        return channel
