"""One request and its one authentication round (RFC 3261 §22, RFC 8760)."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from sipcheck.auth.authorization import read_authorization
from sipcheck.auth.challenge import Challenge
from sipcheck.auth.round import CHALLENGE_STATUS, AuthenticationRound, answer
from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.reasons import Reason
from sipcheck.report.trace import Trace
from sipcheck.transaction.driver import TransactionDriver
from sipcheck.transaction.large_requests import MAX_DATAGRAM_BYTES, LargeRequests
from sipcheck.transaction.matching import TransactionId
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transaction.result import with_round
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transaction.timers import RFC_3261, Timers
from sipcheck.transport.channel import Channel

BeforeCredentials = Callable[[str], Awaitable[Reason | None]]
Reconnect = Callable[[], Awaitable[Channel | None]]

_BRANCH_COOKIE = "z9hG4bK"  # RFC 3261 §8.1.1.7
_SECONDS_TO_SEE_AN_END = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeContext:
    """What an exchange needs besides its request: the way, the clock's end, and where to record."""

    channel: Channel
    edge: str
    transport: str
    trace: Trace
    plan: TimePlan
    deadline: float
    timers: Timers = RFC_3261
    before_credentials: BeforeCredentials | None = None
    reconnect: Reconnect | None = None
    large_requests: LargeRequests | None = None


@dataclass(frozen=True, slots=True)
class _Transmission:
    """One transaction's message, and the way it goes."""

    channel: Channel
    edge: str
    identity: TransactionId
    message: bytes


async def exchange(
    draft: RequestTemplate, context: ExchangeContext, credentials: Credentials | None = None
) -> ExchangeResult:
    """Send a request and, once, the credentials it is challenged for (once more for `stale=true`)."""
    state = AuthenticationRound()
    reconnected = False
    cseq = 1
    fields: tuple[tuple[str, str], ...] = ()
    retransmissions = 0
    usual = context.channel
    while True:
        usual = await _open_channel(usual, context)
        transmission = await _prepare(draft, context, usual, cseq, fields)
        channel = transmission.channel
        kept = channel.heard
        reply = await _transact(transmission, context)
        retransmissions += reply.retransmissions
        if kept and not reconnected and not state.sent and _was_reset(reply):
            # A connection kept from an earlier answer proves nothing by being dead: a fresh one decides.
            reconnected = True
            cseq += 1
            continue
        if reply.status not in CHALLENGE_STATUS:
            break
        state.challenged = True
        if credentials is None:
            break
        if reply.other_source is not None:
            state.leave_unanswered(reply.other_source)
            break
        challenges = state.to_answer(*reply.challenges, credentials)
        if challenges is None or not await _may_leave(challenges, channel, context, state):
            break
        fields = _answers(challenges, draft, credentials, context.trace)
        state.sent = True
        cseq += 1
    by_tcp = channel.reliable and not context.channel.reliable
    return with_round(replace(reply, retransmissions=retransmissions, by_tcp=by_tcp), state)


def _was_reset(reply: ExchangeResult) -> bool:
    return reply.failure is not None and reply.failure.reason is Reason.CONNECTION_RESET


async def _open_channel(channel: Channel, context: ExchangeContext) -> Channel:
    """Reopen what the peer has closed; where that fails, the closed one says why."""
    if channel.usable or context.reconnect is None:
        return channel
    return await context.reconnect() or channel


async def _prepare(
    draft: RequestTemplate,
    context: ExchangeContext,
    channel: Channel,
    cseq: int,
    fields: tuple[tuple[str, str], ...],
) -> _Transmission:
    """Write the request for the way it was meant for, or for TCP where it is too large for a datagram (§18.1.1)."""
    branch = _BRANCH_COOKIE + secrets.token_hex(12)
    identity = TransactionId(draft.method, branch, cseq, draft.call_id, draft.from_tag)

    def written(way: Channel, transport: str) -> bytes:
        return draft.build(
            transport=transport, sent_by=way.local, branch=branch, cseq=cseq, credentials=fields
        )

    message = written(channel, context.transport)
    large_requests = context.large_requests
    if large_requests is None or channel.reliable or len(message) <= MAX_DATAGRAM_BYTES:
        return _Transmission(channel, context.edge, identity, message)
    stream = await large_requests.channel(draft.method, len(message))
    if stream is None:
        return _Transmission(channel, context.edge, identity, message)
    return _Transmission(stream, large_requests.name, identity, written(stream, large_requests.transport))


async def _transact(transmission: _Transmission, context: ExchangeContext) -> ExchangeResult:
    pump = TransactionDriver(
        transmission.channel,
        transmission.identity,
        transmission.message,
        edge=transmission.edge,
        trace=context.trace,
        deadline=context.deadline,
        plan=context.plan,
        timers=context.timers,
    )
    return await pump.run()


async def _may_leave(
    challenges: tuple[Challenge, ...], channel: Channel, context: ExchangeContext, state: AuthenticationRound
) -> bool:
    """Ask for each realm before it is answered for the first time, and leave time for the answer to come."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(context.deadline):
            for realm in dict.fromkeys(challenge.realm for challenge in challenges):
                if context.before_credentials is None or realm in state.realms:
                    continue
                state.withheld = await context.before_credentials(realm)
                if state.withheld is not None:
                    return False
                state.realms |= {realm}
    except TimeoutError:
        state.withheld = Reason.DEADLINE_EXCEEDED
        return False
    if context.deadline - loop.time() < context.plan.last_chance_seconds:
        state.withheld = Reason.DEADLINE_EXCEEDED
        return False
    if channel.reliable:
        # A peer that hangs up behind its challenge is seen to, before credentials go down a dead connection.
        await asyncio.sleep(_SECONDS_TO_SEE_AN_END)
    return True


def _answers(
    challenges: tuple[Challenge, ...], draft: RequestTemplate, credentials: Credentials, trace: Trace
) -> tuple[tuple[str, str], ...]:
    cnonces = [secrets.token_hex(8) for _ in challenges]
    fields = answer(challenges, credentials, method=draft.method, uri=draft.request_uri, cnonces=cnonces)
    for secret in (*cnonces, *(read_authorization(value)["response"] for _, value in fields)):
        trace.conceal(secret)
    return fields
