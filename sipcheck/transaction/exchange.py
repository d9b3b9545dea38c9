"""One request and its one authentication round (RFC 3261 §22, RFC 8760)."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sipcheck.auth.round import AuthenticationRound
from sipcheck.auth.server_proof import SentCredentials
from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Copies, ExchangeResult
from sipcheck.message.builder import BRANCH_COOKIE
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Reason
from sipcheck.transaction.challenge_answers import ChallengeAnswers
from sipcheck.transaction.driver import TransactionDriver, Transmission
from sipcheck.transaction.edge_connection import EdgeConnection
from sipcheck.transaction.matching import TransactionId
from sipcheck.transaction.request_template import MAX_DATAGRAM_BYTES, RequestTemplate
from sipcheck.transaction.result import with_round
from sipcheck.transaction.run_context import RunContext
from sipcheck.transport.channel import Channel
from sipcheck.transport.udp import UdpChannel, branch_key


async def exchange(
    template: RequestTemplate,
    connection: EdgeConnection,
    channel: Channel,
    run: RunContext,
    credentials: Credentials | None = None,
    *,
    challenged: ExchangeResult | None = None,
) -> ExchangeResult:
    """Send a request and, once, the credentials it is challenged for (once more for `stale=true`).

    `channel` is the open one of the connection. With `challenged`, what the same template came to before, its challenge
    is answered, and nothing is asked anew. Every remote failure is part of the result.
    """
    at_work = _Exchange(template, connection, channel, run, credentials)
    return await (at_work.carry_out() if challenged is None else at_work.go_on_from(challenged))


@dataclass(slots=True)
class _Exchange:
    """The transactions of one exchange, one after the other: the same Call-ID and From tag, CSeq by CSeq."""

    template: RequestTemplate
    connection: EdgeConnection
    channel: Channel
    run: RunContext
    credentials: Credentials | None
    state: AuthenticationRound = field(default_factory=AuthenticationRound)
    fields: Sequence[tuple[str, str]] = ()
    cseq: int = 0
    retransmissions: int = 0
    copies: Copies = field(default_factory=Copies)
    reconnected: bool = False

    async def go_on_from(self, challenged: ExchangeResult) -> ExchangeResult:
        """Answer the challenge of an earlier request of this Call-ID, whose CSeq is the last."""
        self.cseq = challenged.cseq
        answered = await self._answer_challenge(challenged, self.channel)
        result = await self.carry_out() if answered else with_round(challenged, self.state)
        return replace(result, continued=True)

    async def carry_out(self) -> ExchangeResult:
        while True:
            transmission = await self._prepare()
            channel = transmission.channel
            kept = channel.heard
            driver = TransactionDriver(transmission, self.run)
            sent_at = asyncio.get_running_loop().time()
            result = await driver.run()
            # Where the connection died behind the challenge, and no other came about, no password has left.
            self.state.sent = self.state.sent or (driver.sent and bool(self.fields))
            self.retransmissions += result.retransmissions
            self._count_copies(transmission, result)
            if kept and self._proves_nothing(result):
                self.reconnected = True
            elif not await self._answer_challenge(result, channel):
                by_tcp = channel.reliable and not self.channel.reliable
                copies = self.copies if self.retransmissions else None
                return with_round(
                    self._cut_off(result, driver.sent, sent_at),
                    self.state,
                    retransmissions=self.retransmissions,
                    copies=copies,
                    by_tcp=by_tcp,
                    cseq=self.cseq,
                )

    def _cut_off(self, result: ExchangeResult, sent: bool, sent_at: float) -> ExchangeResult:
        """Say of a connection that broke off behind the credentials when it did so."""
        failure = result.failure
        if not (self.fields and sent) or failure is None or failure.reason is not Reason.CONNECTION_RESET:
            return result
        seconds = f"{asyncio.get_running_loop().time() - sent_at:.1f}"
        said = Sentence.of("connection.after-password", failure=failure.sentence, seconds=seconds)
        return replace(result, failure=replace(failure, sentence=said))

    def _count_copies(self, transmission: Transmission, result: ExchangeResult) -> None:
        """Take in further answers that have come, and go on listening where a request was sent more than once."""
        channel = transmission.channel
        if result.copies is not None:
            self.copies.count += result.copies.count
        if result.retransmissions and result.status is not None and isinstance(channel, UdpChannel):
            identity = transmission.identity
            self.connection.late.listen(
                channel.endpoint,
                branch_key(identity.branch),
                identity.call_id.encode("utf-8", "surrogateescape"),
                local=channel.local,
                remote=channel.remote,
                copies=self.copies,
            )

    async def _prepare(self) -> Transmission:
        """Write the request for the way it was meant for, or for TCP where it is too large for a datagram (§18.1.1)."""
        # Where what the peer has closed cannot be opened again, the closed one says why.
        self.channel = channel = await self.connection.open() or self.channel
        self.cseq += 1
        template, connection = self.template, self.connection
        branch = BRANCH_COOKIE + secrets.token_hex(12)
        identity = TransactionId(template.method, branch, self.cseq, template.call_id, template.from_tag)
        message = self._write(channel, connection.edge.transport.upper(), branch)
        large_requests = connection.large_requests
        if large_requests is not None and len(message) > MAX_DATAGRAM_BYTES:
            stream = await large_requests.channel(template.method, len(message))
            if stream is not None:
                written = self._write(stream, "TCP", branch)
                return Transmission(stream, str(large_requests.edge), identity, written, self._sent())
        return Transmission(channel, connection.name, identity, message, self._sent())

    def _sent(self) -> SentCredentials | None:
        if self.credentials is None or not self.fields:
            return None
        return SentCredentials(self.fields, self.credentials.password)

    def _write(self, channel: Channel, transport: str, branch: str) -> bytes:
        return self.template.build(
            transport=transport,
            sent_by=channel.local,
            branch=branch,
            cseq=self.cseq,
            credentials=self.fields,
        )

    def _proves_nothing(self, result: ExchangeResult) -> bool:
        """Whether it is a connection kept from an earlier answer that has died: then a fresh one decides, once."""
        was_reset = result.failure is not None and result.failure.reason is Reason.CONNECTION_RESET
        return was_reset and not self.reconnected and not self.state.sent

    async def _answer_challenge(self, result: ExchangeResult, channel: Channel) -> bool:
        """Write what answers a challenge; tell whether there is another request to send."""
        answers = ChallengeAnswers(self.run, self.credentials, self.state)
        fields = await answers.to(result, self.template, channel)
        if fields is None:
            return False
        self.fields = fields
        return True
