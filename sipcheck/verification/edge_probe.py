"""One edge: what is asked of it, and what was seen."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Asked, EdgeEvidence, ExchangeResult
from sipcheck.dns.route import Edge
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from sipcheck.transaction.edge_connection import EdgeConnection
from sipcheck.transaction.exchange import exchange
from sipcheck.transaction.invite.call import Call
from sipcheck.transaction.invite.leg import Way
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.run_context import RunContext, UdpBatchFor
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.verification.identity import Identity, InviteForm
from sipcheck.verification.invite import invite_writer
from sipcheck.verification.options import options_template
from sipcheck.verification.register import register_template

# Writes a request that is to leave from this address of ours.
_Write = Callable[[str], RequestTemplate]
_Change = Callable[[RequestTemplate], RequestTemplate]


@dataclass(slots=True)
class EdgeProbe:
    """Asks one edge and keeps what came of it; `settled` is set once OPTIONS (or the connection) has an end.

    `proven_here` says that it was this edge's turn to prove the credentials, `credentials_leave` that they are on
    their way. `asked_options` is the OPTIONS whose challenge can be answered without asking anew. `refused_form` is
    what a call in the voice infrastructure's form was answered, where the plain one was not refused.
    """

    edge: Edge
    identity: Identity
    run: RunContext
    options: ExchangeResult | None = None
    register: ExchangeResult | None = None
    answered_options: ExchangeResult | None = None
    invite: ExchangeResult | None = None
    refused_form: ExchangeResult | None = None
    proven_here: bool = False
    credentials_leave: bool = False
    adopted: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    asked_options: RequestTemplate | None = None
    _calls: list[Call] = field(default_factory=list)
    _run_asking: RunContext | None = None
    connection: EdgeConnection = field(init=False)
    asked: Asked = field(init=False)

    def __post_init__(self) -> None:
        edge = self.edge
        self.connection = EdgeConnection(edge, self.identity.tls_name, self.run)
        hosts = frozenset((self.identity.tls_name, edge.host, edge.address))
        self.asked = Asked(hosts, edge.port, edge.transport)

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
            invite=self.invite,
            credentials_given=self.run.credentials is not None,
            proof=self.run.proof,
            connect_failure=self.connection.failure,
            asked=self.asked,
        )

    @property
    def alive(self) -> bool:
        exchanges = (self.options, self.register, self.answered_options, self.invite)
        return any(exchange is not None and exchange.alive for exchange in exchanges)

    @property
    def call_taken(self) -> bool:
        """Whether a 2xx has come to a call of this run, also behind what decided."""
        return any(call.taken for call in self._calls)

    def own(self, evidence: EdgeEvidence) -> EdgeEvidence:
        """What of it this run itself has asked: without an OPTIONS that was taken over from another."""
        return replace(evidence, options=None) if self.adopted else evidence

    def adopt(self, seen: "EdgeProbe") -> None:
        """Take over what another run saw of this edge's liveness, instead of asking again."""
        self.adopted = True
        self.options = seen.options
        self.connection.adopt(seen.connection)
        self.settled.set()

    async def ask_options(self) -> None:
        """Connect and send OPTIONS; whatever comes is kept."""
        try:
            self.options = await self._ask(self._options, None)
        finally:
            self.settled.set()

    async def ask_register(self) -> None:
        """Prove the credentials by REGISTER over the same connection."""
        self.register = await self._ask(self._register, self.run.proof_credentials)

    async def ask_invite(self) -> None:
        """Prove the credentials by a call that rings nobody; however this is left, the call is ended."""
        form = self.identity.call_form
        self.invite = first = await self._call(form)
        if form is InviteForm.PLAIN or first is None or first.challenged or not first.refused:
            return
        # Refused before any password was asked for: whether it is the form is seen by the other one.
        plain = await self._call(InviteForm.PLAIN)
        if plain is not None and (plain.challenged or (plain.status is not None and not plain.refused)):
            self.invite, self.refused_form = plain, first

    async def _call(self, form: InviteForm) -> ExchangeResult | None:
        """Make one call; None when there is no way to this edge."""
        channel, keeper = await self.connection.open(), self.run.calls
        if channel is None or keeper is None:
            return None
        way = Way(channel, self.edge.transport, self.name)
        call = Call(
            invite_writer(self.identity, self.run, form),
            self.connection,
            way,
            self._asking_before(),
            credentials=self.run.proof_credentials,
        )
        self._calls.append(call)
        keeper.start(call)
        return await call.outcome(self.run.deadline)

    async def answer_options(self) -> None:
        """Answer the challenge of OPTIONS; where another run was challenged, or the batch, by asking once more."""
        asked, options = self.asked_options, self.options
        channel = await self.connection.open() if asked is not None else None
        if asked is None or options is None or channel is None:
            self.answered_options = await self._ask(self._options, self.run.proof_credentials)
            return
        self.answered_options = await exchange(
            asked,
            self.connection,
            channel,
            self._asking_before(),
            self.run.proof_credentials,
            challenged=options,
        )

    async def ask_otherwise(self, change: _Change, run: RunContext) -> ExchangeResult | None:
        """Ask OPTIONS once more, changed, over the connection; it decides nothing here. None for no way."""
        channel = await self.connection.open()
        if channel is None:
            return None
        template = change(self._options(channel.local.host))
        return await exchange(template, self.connection, channel, run)

    def abandon_options(self) -> None:
        """Note that OPTIONS went unanswered until the verdict no longer waited for it."""
        connection = self.connection
        if connection.failure is None:
            if self.edge.transport.reliable and not connection.opened:
                connection.failure = Failure.of(Reason.CONNECTION_TIMEOUT, "connection.not-in-time")
            elif self.options is None:
                self.options = _given_up("OPTIONS", "message.no-answer.verdict")
        self.settled.set()

    def abandon_register(self) -> None:
        """Note that REGISTER went unanswered until the next edge had its turn."""
        if self.register is None:
            self.register = _given_up("REGISTER", "message.no-answer.next-edge")

    def abandon_invite(self) -> None:
        """Note that INVITE went unanswered until the next edge had its turn; the call is seen to until its end."""
        if self.invite is None:
            self.invite = _given_up("INVITE", "message.no-answer.next-edge")

    def _options(self, egress: str) -> RequestTemplate:
        return options_template(self.identity, egress)

    def _register(self, egress: str) -> RequestTemplate:
        return register_template(self.identity)

    async def _ask(self, write: _Write, credentials: Credentials | None) -> ExchangeResult | None:
        """Ask through the UDP batch, or over the connection; None when there is no way to this edge."""
        if self.run.udp_batch_for is not None and self._fits_batch(credentials):
            result = await self._ask_in_batch(self.run.udp_batch_for, write, credentials)
            if result is not None:
                return result
        channel = await self.connection.open()
        if channel is None:
            return None
        template = write(channel.local.host)
        if credentials is None:
            self.asked_options = template
        run = self.run if credentials is None else self._asking_before()
        return await exchange(template, self.connection, channel, run, credentials)

    def _asking_before(self) -> RunContext:
        if self._run_asking is None:
            self._run_asking = replace(self.run, before_credentials=self._before_credentials)
        return self._run_asking

    def _fits_batch(self, credentials: Credentials | None) -> bool:
        """Whether this can go by the fast path: not where somebody has to be waited for before credentials leave."""
        if self.edge.transport is not TransportName.UDP or self.connection.failure is not None:
            return False
        return credentials is None or self.run.before_credentials is None

    async def _ask_in_batch(
        self, udp_batch_for: UdpBatchFor, write: _Write, credentials: Credentials | None
    ) -> ExchangeResult | None:
        """Ask by the fast path; None when there is no way, or when it comes to a request that is too large for it.

        The answer to a large challenge is such a request: it is asked for once more, by the plain path.
        """
        run = self.run
        try:
            batch, local = udp_batch_for(self.edge)
        except TransportFailed as error:
            self.connection.fail(error)
            return None
        request = PreparedRequest(self.edge, write(local.host), local, credentials)
        if request.room_bytes < 0:
            return None
        result = await batch.exchange(
            request,
            plan=run.plan,
            deadline_at=run.deadline,
            may_leave=self._may_leave,
            trace=run.trace,
            late=self.connection.late,
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

    async def _before_credentials(self, realm: str) -> Reason | None:
        self.credentials_leave = True
        if self.run.before_credentials is None:
            return None
        return await self.run.before_credentials(realm)


@asynccontextmanager
async def probing(
    edges: Iterable[Edge], identity: Identity, run: RunContext
) -> AsyncIterator[tuple[EdgeProbe, ...]]:
    """Give a probe for each edge, in their order; afterwards their connections are closed."""
    probes = tuple(EdgeProbe(edge, identity.at(str(edge)), run) for edge in edges)
    try:
        yield probes
    finally:
        await asyncio.gather(*(probe.connection.close() for probe in probes))


def _given_up(method: str, key: str) -> ExchangeResult:
    return ExchangeResult(method=method, failure=Failure.of(Reason.NO_RESPONSE, key))
