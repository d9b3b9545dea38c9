"""One test call: resolve, guard, connect, call, listen, end; and what became of it."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sipcheck.dns.resolver import Resolver
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.host import plain_address
from sipcheck.media.encryption import new_key
from sipcheck.media.offer import Offer
from sipcheck.media.sockets import bind_media
from sipcheck.media.stream import MediaCount, MediaStream
from sipcheck.report.call_report import CallReport
from sipcheck.settings import EngineSettings
from sipcheck.target import HostPort, Target
from sipcheck.transaction.invite.call import Call
from sipcheck.transaction.invite.leg import Way
from sipcheck.transaction.run_context import RunContext
from sipcheck.transport.channel import Channel
from sipcheck.verification.calling.attempt import Attempt
from sipcheck.verification.calling.invite import call_invite, calling_user
from sipcheck.verification.calling.listener import CallListener
from sipcheck.verification.calling.numbers import NumberFormat, WrittenNumber, write_number
from sipcheck.verification.calling.options import CallIdentity, CallOptions
from sipcheck.verification.calling.report import call_report, unreached_call
from sipcheck.verification.edge_probe import EdgeProbe, probing
from sipcheck.verification.identity import Identity, InviteForm
from sipcheck.verification.report_builder import ReportBuilder
from sipcheck.verification.verification import Admit

# For a call's end to be answered: BYE, or CANCEL with the INVITE's own 487.
ENDING_SECONDS = 5.0
_MOST_EDGES = 8
_FAILOVER_STATUS = 503  # RFC 3263 §4.3


@dataclass(slots=True)
class CallRun:
    """Runs once, by `report()`. With several forms or identities it makes a call for each, one after the other."""

    target: Target
    options: CallOptions
    run: RunContext
    settings: EngineSettings
    resolver: Resolver
    admit: Admit | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    attempts: list[Attempt] = field(default_factory=list)
    left_out: list[WrittenNumber] = field(default_factory=list)

    async def report(self) -> CallReport:
        """Call, and say what became of it; however it is left, the call is ended."""
        builder = ReportBuilder(
            target=self.target, settings=self.settings, run=self.run, started_at=self.started_at
        )
        route = await self.resolver.resolve(self.target, timeout_seconds=self.run.plan.dns_seconds)
        builder.resolved(route)
        failure = route.obstacle(self.settings.guard)
        if failure is not None:
            return unreached_call(builder.unreached(failure), self.options)
        if self.admit is not None:
            await self.admit(route.edges[:_MOST_EDGES])
        identity = self._identity()
        async with probing(route.edges[:_MOST_EDGES], identity, self.run) as probes:
            tried: list[EdgeProbe] = []
            for probe in probes:
                tried.append(probe)
                refused = await self._call_at(probe)
                if refused is not None:
                    return unreached_call(builder.unreached(refused), self.options)
                if not _fails_over(probe):
                    break
            return call_report(builder.probed(tried), self.options, self.attempts, self.left_out)

    async def _call_at(self, probe: EdgeProbe) -> Failure | None:
        """Make the attempts at one edge; returns what of our own stands in the way."""
        channel = await probe.connection.open()
        if channel is None:
            return None
        identity = CallIdentity.NUMBER if self.options.identity is None else self.options.identity
        for written in self._forms():
            try:
                attempt = await self._attempt(probe, channel, written, identity)
                if self.options.identity is None and attempt.wants_another_identity and self.options.caller:
                    self._keep(probe, attempt)
                    identity = CallIdentity.USERNAME
                    attempt = await self._attempt(probe, channel, written, identity)
            except TransportFailed as error:
                return error.failure
            self._keep(probe, attempt)
            if not attempt.wants_another_form:
                break
        return None

    def _identity(self) -> Identity:
        """Who calls whom, as a warning writes it down: in the form of the number that is tried first."""
        identity = Identity.of(self.target, self.settings, self.run.username, led=self.run.led)
        first = next(iter(self._forms()), None)
        return identity if first is None else replace(identity, number=first.text)

    async def _attempt(
        self, probe: EdgeProbe, channel: Channel, written: WrittenNumber, form: CallIdentity
    ) -> Attempt:
        """Make one call as the infrastructure writes it; where that is refused before a password was asked for, once
        more plainly: what is not refused then is kept to. Raises TransportFailed.
        """
        first = await self._make(probe, channel, written, form, self._written_as(probe))
        if self._written_as(probe) is InviteForm.PLAIN or first.result.challenged or not first.result.refused:
            return first
        plain = await self._make(probe, channel, written, form, InviteForm.PLAIN)
        if not plain.result.challenged and (plain.result.status is None or plain.result.refused):
            return first
        probe.refused_form = first.result
        return plain

    def _written_as(self, probe: EdgeProbe) -> InviteForm:
        return InviteForm.PLAIN if probe.refused_form is not None else probe.identity.call_form

    def _keep(self, probe: EdgeProbe, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        probe.invite = attempt.result

    def _forms(self) -> Sequence[WrittenNumber]:
        """The forms to try, in order; what may be an emergency in one of them is left out, and told."""
        forms = tuple(NumberFormat) if self.options.format is None else (self.options.format,)
        written = [write_number(self.options.number, form) for form in forms]
        self.left_out = [each for each in written if each.refusal is not None]
        return [each for each in written if each.refusal is None]

    async def _make(
        self,
        probe: EdgeProbe,
        channel: Channel,
        written: WrittenNumber,
        form: CallIdentity,
        call_form: InviteForm,
    ) -> Attempt:
        """Make one call, and wait until it is over. Raises TransportFailed where there are no ports for its media."""
        local = channel.local.host
        sockets = bind_media(local, self.options.ports)
        advertised = HostPort(self.options.media_address or local, sockets.local.port)
        key = new_key() if self.options.sdes else None
        stream = MediaStream(sockets=sockets, guard=self.settings.guard, key=key)
        listener = CallListener(stream, self.options, rings_only=self.options.format is None, key=key)
        offer = Offer(media=advertised, session_id=secrets.randbits(31), codecs=self.options.codecs, key=key)
        write = call_invite(probe.identity, self.options, written.text, form, offer, call_form=call_form)
        way = Way(channel, probe.edge.transport, probe.name)
        limit = self.options.ring_seconds + self.options.talk_seconds + ENDING_SECONDS
        run = replace(self.run, deadline=asyncio.get_running_loop().time() + limit)
        call = Call(
            write,
            probe.connection,
            way,
            run,
            credentials=run.proof_credentials,
            user=listener,
            most_seconds=limit,
        )
        if run.calls is None:
            raise RuntimeError("a call needs an engine that sees to its end")
        stream.open()
        try:
            run.calls.start(call)
            listener.begin(call)
            result = await call.outcome(run.deadline)
        finally:
            listener.close()
        seen_at = _seen_at(result.received_address)
        media = stream.count(address_seen=None if seen_at is None else seen_at == advertised.host)
        return _attempt(
            written, form, calling_user(probe.identity, self.options, form), call, listener, media, advertised
        )


def _attempt(
    written: WrittenNumber,
    form: CallIdentity,
    caller: str,
    call: Call,
    listener: CallListener,
    media: MediaCount,
    advertised: HostPort,
) -> Attempt:
    def since_invite(at: float | None) -> float | None:
        return None if at is None else max(0.0, at - listener.invited_at)

    return Attempt(
        written=written,
        identity=form,
        caller=caller,
        result=call.result(),
        last=call.last_answer,
        media=media,
        media_local=str(advertised),
        misfit=listener.misfit,
        encrypted=listener.key is not None,
        rings_only=listener.rings_only,
        provisional_s=since_invite(listener.provisional_at),
        ringing_s=since_invite(listener.ringing_at),
        answered_s=since_invite(listener.answered_at),
        ended_s=since_invite(listener.ended_at),
        first_packet_s=since_invite(media.first_packet_at),
        ended_by_peer=listener.ended_by_peer,
        given_up=listener.given_up,
    )


def _seen_at(received: str | None) -> str | None:
    """The host of our address as the carrier saw it."""
    return None if received is None else plain_address(received.rpartition(":")[0].strip("[]"))


def _fails_over(probe: EdgeProbe) -> bool:
    """Whether the next edge may be called: nothing was, or this one is silent or overloaded, and knows no password."""
    invite = probe.invite
    if invite is None:
        return probe.connection.failure is not None
    if invite.credentials_sent or invite.challenged or invite.provisional is not None:
        return False
    return invite.status is None or invite.status == _FAILOVER_STATUS
