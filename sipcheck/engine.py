"""The engine: what all verifications of a process share, from the resolver to the sockets."""

import asyncio
import contextlib
import re
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sipcheck.credentials import BeforeCredentials, Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.dns.resolver import Resolver
from sipcheck.dns.route import Edge
from sipcheck.egress import address_family
from sipcheck.errors import SettingInvalid, TargetInvalid, TransportFailed
from sipcheck.failure import Failure
from sipcheck.reasons import Reason
from sipcheck.report.call_report import CallReport
from sipcheck.report.model import Report
from sipcheck.report.shown import shown
from sipcheck.report.trace import OnStep, Trace
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import HostPort, Target, TransportName, parse_host_port, parse_target
from sipcheck.transaction.invite.call_journal import WriteDown
from sipcheck.transaction.invite.call_keeper import CallKeeper
from sipcheck.transaction.invite.call_mark import CallMark
from sipcheck.transaction.invite.led_call import LedCall
from sipcheck.transaction.invite.orphaned_call import OrphanedCall
from sipcheck.transaction.run_context import EdgeDone, RunContext
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transaction.udp_batch.batch import UdpBatch
from sipcheck.transport.channel import Channel
from sipcheck.transport.tcp import connect_tcp
from sipcheck.transport.tls import TlsContexts, connect_tls
from sipcheck.transport.udp import UdpChannel, UdpEndpoint, UdpEndpoints
from sipcheck.verification.call_forms import FormQuestions
from sipcheck.verification.calling.call_run import CallRun
from sipcheck.verification.calling.options import CallOptions
from sipcheck.verification.report_without_run import invalid_target_report
from sipcheck.verification.verification import Admit, Resolved, Survey, Verification

# E.164 has 15 digits; a carrier's own plan may have a prefix before them.
_NUMBER = re.compile(r"\+?[0-9]{1,24}", re.ASCII)

# For a CANCEL or a BYE to be answered, its challenge too.
_ORPHAN_SECONDS = 5.0


class Engine:
    """Verifies trunks on one event loop; an async context manager that owns every socket it opens.

    A `windowed` one asks over UDP by the fast path (transaction/udp_batch), for many targets at once.
    Entering raises SettingInvalid for a CA file, a nameserver or a source address that cannot be used.
    """

    def __init__(self, settings: EngineSettings | None = None, *, windowed: bool = False) -> None:
        self.settings = settings or EngineSettings()
        self._windowed = windowed
        self._udp = UdpEndpoints(self.settings.source_address)
        self._udp_apart = UdpEndpoints(self.settings.source_address)
        self._batches: dict[UdpEndpoint, UdpBatch] = {}
        self._calls = CallKeeper()
        self._resolver: Resolver | None = None
        self._tls: TlsContexts | None = None

    async def __aenter__(self) -> Self:
        settings = self.settings
        _check_from(settings)
        self._resolver = Resolver(nameservers=settings.nameservers)
        self._tls = TlsContexts.create(
            ca_file=settings.ca_file,
            strict=settings.tls_strict,
            compared=settings.infrastructure is not None,
        )
        if settings.source_address is not None:
            self._udp.endpoint(settings.source_address)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._calls.finish()
        for batch in self._batches.values():
            batch.close()
        self._batches.clear()
        self._udp.close()
        self._udp_apart.close()

    @property
    def calls_open(self) -> bool:
        """Whether a call of this engine may still be up; leaving its block waits until none is."""
        return self._calls.some_open

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
        username: str | None = None,
        proof: Proof = Proof.AUTO,
        caller: str | None = None,
        stated: str | None = None,
        led: LedCall | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        before_credentials: BeforeCredentials | None = None,
        survey: Survey | None = None,
        admit: Admit | None = None,
        edge_done: EdgeDone | None = None,
        resolved: Resolved | None = None,
        forms: FormQuestions | None = None,
        write_down: WriteDown | None = None,
        on_step: OnStep | None = None,
    ) -> Report:
        """Verify one target within one deadline; every remote failure is a report.

        Requests speak as the credentials' user; `username` is whom they speak as where there are none.

        A proof by INVITE calls the settings' `proof_number` as `caller`, a number of the trunk's, or as the user, with
        the number `stated` beside it. `led` says how calls to one of the edges are written.

        With a `survey` of the same target its liveness is taken over, and only the credentials are proven; of one that
        has its route alone, that. `resolved` is called with a route that was asked for.

        `before_credentials(realm)` is awaited right before credentials leave; a Reason that it returns withholds
        them and becomes the verdict. Raises SettingInvalid for a timeout that is not positive.

        `admit(edges)` is awaited before the first request; its time is added to the deadline, and what it raises
        ends the run. `edge_done(edge)` is called when nothing more is sent to an edge, while others may still be asked.
        What `forms` want to know is asked behind the verdict, within the deadline, and changes none.

        `on_step` is called with each step of the report's trace when it is recorded, redacted; it must not raise.

        `write_down` is awaited with what ends a call of this run's, as by `call`; what it raises is raised here, in a
        group.

        Cancelled, it forgets its requests, closes its connections and gives no report; a caller who owes one reports
        the reason `cancelled`. A call is ended as soon as it may be, and before the engine is closed.
        """
        run = self.run_context(
            timeout_seconds,
            credentials=credentials,
            username=username,
            proof=proof,
            before_credentials=before_credentials,
            trace=Trace(told=on_step),
            edge_done=edge_done,
            asks_on=forms is not None,
            write_down=write_down,
            caller=caller,
            stated=stated,
            led=led,
        )
        return shown(await self._verification(target, run).report(survey, admit, resolved, forms))

    async def call(
        self,
        target: Target,
        options: CallOptions,
        *,
        credentials: Credentials | None = None,
        username: str | None = None,
        before_credentials: BeforeCredentials | None = None,
        write_down: WriteDown | None = None,
        admit: Admit | None = None,
        led: LedCall | None = None,
    ) -> CallReport:
        """Make one test call, which rings, and say what became of it; every remote failure is a report.

        A target that is an edge of a trunk's is called as `led` says.

        However this is left, the call is ended: at once where it may be, and before the engine is closed.
        `write_down` is awaited with a call's Call-ID and what ends it, before it leaves and before it is acknowledged,
        and with nothing once it is over; what it raises keeps the call from leaving, and is raised here. So is what
        `admit(edges)` raises, which is awaited before anything is sent.
        """
        run = self.run_context(
            DEFAULT_TIMEOUT_SECONDS,
            credentials=credentials,
            username=username,
            proof=Proof.INVITE,
            before_credentials=before_credentials,
            write_down=write_down,
            led=led,
        )
        return await CallRun(target, options, run, self.settings, self.resolver, admit).report()

    async def end_call(self, mark: CallMark, credentials: Credentials | None = None) -> bool:
        """End a call whose maker is gone, by what was written down of it; whether the peer answered."""
        run = self.run_context(_ORPHAN_SECONDS, credentials=credentials, proof=Proof.INVITE)
        return await OrphanedCall(mark, run, credentials).end()

    async def end_calls(self, within_seconds: float) -> bool:
        """End all calls that are up; false where one may still be then, which nobody watches any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._calls.finish()
                return True
        return False

    async def survey(
        self,
        target: Target,
        *,
        username: str | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Survey:
        """Ask a destination for liveness, as this user or as nobody's; verifications of its trunks can share it.

        Raises SettingInvalid for a timeout that is not positive.
        """
        run = self.run_context(timeout_seconds, username=username)
        return await self._verification(target, run).survey()

    def _verification(self, target: Target, run: RunContext) -> Verification:
        return Verification(target, run, settings=self.settings, resolver=self.resolver)

    def run_context(
        self,
        timeout_seconds: float,
        *,
        credentials: Credentials | None = None,
        username: str | None = None,
        proof: Proof = Proof.NONE,
        before_credentials: BeforeCredentials | None = None,
        trace: Trace | None = None,
        edge_done: EdgeDone | None = None,
        asks_on: bool = False,
        write_down: WriteDown | None = None,
        caller: str | None = None,
        stated: str | None = None,
        led: LedCall | None = None,
    ) -> RunContext:
        """Begin a run, whose deadline is `timeout_seconds` from now, with a trace of its own unless one is given.

        Raises SettingInvalid for a timeout that is not positive.
        """
        plan = TimePlan(timeout_seconds)
        return RunContext(
            open_channel=self.open_channel,
            trace=trace or Trace(),
            plan=plan,
            deadline=asyncio.get_running_loop().time() + timeout_seconds,
            credentials=credentials,
            speaker=username or None,
            proof=proof,
            before_credentials=before_credentials,
            udp_batch_for=self.udp_batch_for if self._windowed else None,
            edge_done=edge_done,
            asks_on=asks_on,
            resolver=self._resolver,
            guard=self.settings.guard,
            calls=self._calls,
            write_down=write_down,
            caller=caller,
            stated=stated,
            led=led,
        )

    def udp_batch_for(self, edge: Edge) -> tuple[UdpBatch, HostPort]:
        """Give the batch through which a judged UDP edge is asked, and our own address there.

        Raises TransportFailed where no way leads.
        """
        self._check_family(edge)
        endpoint, local = self._udp.towards(HostPort(edge.address, edge.port))
        if endpoint not in self._batches:
            self._batches[endpoint] = UdpBatch(endpoint)
        return self._batches[endpoint], local

    async def open_channel(self, edge: Edge, tls_name: str, deadline_at: float) -> Channel:
        """Open the way to a judged edge; `tls_name` is the domain its certificate must name.

        `deadline_at` is on the event loop's clock. Raises TransportFailed.
        """
        return await self._open_channel(self._udp, edge, tls_name, deadline_at)

    async def open_channel_apart(self, edge: Edge, tls_name: str, deadline_at: float) -> Channel:
        """Open it as `open_channel` does, but for UDP over another socket than everything else: it cannot share
        a fault of that one.
        """
        return await self._open_channel(self._udp_apart, edge, tls_name, deadline_at)

    async def _open_channel(
        self, udp: UdpEndpoints, edge: Edge, tls_name: str, deadline_at: float
    ) -> Channel:
        remote = HostPort(edge.address, edge.port)
        source = self.settings.source_address
        self._check_family(edge)
        if edge.transport is TransportName.UDP:
            endpoint, local = udp.towards(remote)
            return UdpChannel(endpoint, remote, local)
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

    def _check_family(self, edge: Edge) -> None:
        source = self.settings.source_address
        if source is not None and address_family(source) is not address_family(edge.address):
            raise TransportFailed(
                Failure.of(
                    Reason.HOST_UNREACHABLE, "connection.other-family", source=source, address=edge.address
                )
            )


async def verify(
    target: str | Target,
    *,
    credentials: Credentials | None = None,
    proof: Proof = Proof.AUTO,
    caller: str | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    before_credentials: BeforeCredentials | None = None,
    settings: EngineSettings | None = None,
) -> Report:
    """Verify one trunk with an engine of its own; many trunks share an `Engine` instead.

    A target that is no host or URI gives a report with `target-invalid`; every remote failure is a report too.
    Raises SettingInvalid for settings or a timeout that cannot be used.
    """
    started_at = datetime.now(UTC)
    try:
        parsed = parse_target(target) if isinstance(target, str) else target
    except TargetInvalid as error:
        username = credentials.username if credentials else None
        return invalid_target_report(str(target), error.sentence, started_at=started_at, username=username)
    async with Engine(settings) as engine:
        return await engine.verify(
            parsed,
            credentials=credentials,
            proof=proof,
            caller=caller,
            timeout_seconds=timeout_seconds,
            before_credentials=before_credentials,
        )


def _check_from(settings: EngineSettings) -> None:
    """Refuse a From or a called number that could not be sent, before anything is."""
    if not _NUMBER.fullmatch(settings.proof_number):
        raise SettingInvalid(
            f"the number to call for a proof, {settings.proof_number!r}, is none; give digits, with a + or without"
        )
    if not settings.from_user.strip():
        raise SettingInvalid("the From user is empty; give a name such as trunk-check")
    if settings.from_domain is None:
        return
    try:
        parse_host_port(settings.from_domain)
    except TargetInvalid as error:
        raise SettingInvalid(f"the From domain cannot be used: {error}") from error
