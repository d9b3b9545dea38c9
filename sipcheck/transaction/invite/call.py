"""One call of ours: its INVITE, what takes it back, and the dialogs that it opens, until nothing of it is left.

A call is a task of its own (call_keeper.py), so that whoever asked for it may go away: `hang_up()` ends it from
anywhere, and what has to be sent for that is sent whenever it may be. It ends by CANCEL once a provisional response has
come (RFC 3261 §9.1), by ACK and BYE once it was taken, in each dialog of a fork; one that met nothing is watched until
Timer B.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from sipcheck.auth.round import CHALLENGE_STATUS
from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import RINGING, ExchangeResult
from sipcheck.errors import ParseError, TransportFailed
from sipcheck.message.message import Response
from sipcheck.message.parser import parse
from sipcheck.settings import CATCH_UP_SECONDS, STALL_SECONDS
from sipcheck.target import TransportName
from sipcheck.transaction.challenge_answers import ChallengeAnswers, Fields
from sipcheck.transaction.edge_connection import EdgeConnection
from sipcheck.transaction.invite.call_cancel import CallCancel
from sipcheck.transaction.invite.call_dialogs import CallDialogs
from sipcheck.transaction.invite.call_inbox import CallArrival, CallInbox
from sipcheck.transaction.invite.call_journal import CallJournal
from sipcheck.transaction.invite.call_outcome import CallOutcome
from sipcheck.transaction.invite.call_user import CallUser, RingNobody
from sipcheck.transaction.invite.client_transaction import Action, State
from sipcheck.transaction.invite.dialog import Dialog
from sipcheck.transaction.invite.leg import InviteLeg, Way, invite_leg, new_branch
from sipcheck.transaction.invite.within_invite import acknowledgement
from sipcheck.transaction.request_template import MAX_DATAGRAM_BYTES, RequestTemplate
from sipcheck.transaction.run_context import RunContext

# A call that its user does not end is ended then.
MOST_SECONDS = 120.0

# Writes the INVITE that leaves by this way: its Contact and its offer name our address there.
WriteInvite = Callable[[Way], RequestTemplate]


class Call:
    """Runs once, by `run()`; moments are on the event loop's clock. `way` is the open one of the connection."""

    def __init__(
        self,
        write: WriteInvite,
        connection: EdgeConnection,
        way: Way,
        run: RunContext,
        *,
        credentials: Credentials | None = None,
        user: CallUser | None = None,
        most_seconds: float = MOST_SECONDS,
    ) -> None:
        self._write = write
        self._connection = connection
        self._way = way
        self._run = run
        self._trace = run.trace
        self._credentials = credentials
        self._user = user or RingNobody()
        self._loop = asyncio.get_running_loop()
        self._most_seconds = most_seconds
        self._outcome = CallOutcome(way, run)
        first = write(way)
        self._call_id, self._from_tag = first.call_id, first.from_tag.lower()
        self._inbox = CallInbox(first.call_id.encode("utf-8", "surrogateescape"))
        self._journal = None if run.write_down is None else CallJournal(run.write_down, first.call_id)
        self._dialogs = CallDialogs(
            run, self._inbox, credentials, lambda dialog: self._user.left(self, dialog), self._journal
        )
        self._cseq = 0
        self._cancel = CallCancel(run.trace)
        # When the call ends for its user, whatever it has come to; when a better answer has had its time.
        self._ends_at: float | None = None
        self._decides_at: float | None = None
        self._ending = False
        self._told_to_end = False
        self._asking: asyncio.Task[Fields | None] | None = None
        self._settled = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._finished = False
        self._error: Exception | None = None

    def hang_up(self) -> None:
        """End the call as soon as it may be ended; no credentials leave from now on."""
        if not self._ending:
            self._ending = True
            if self._asking is not None:
                self._asking.cancel()
            self._inbox.wake()

    def leave(self, dialog: Dialog) -> None:
        """End one branch of a fork, and leave the others up; for whoever is told of it by `taken`."""
        self._dialogs.hang_up(dialog)

    async def outcome(self, deadline: float) -> ExchangeResult:
        """Wait until the call is over, or can bring nothing more, and no longer than `deadline`; then end it.

        However it is left, the call is ended; where nothing has come yet, behind the caller's back.
        """
        try:
            async with asyncio.timeout_at(deadline):
                await self._settled.wait()
        except TimeoutError:
            await self._catch_up(self._loop.time() - deadline)
        finally:
            self.hang_up()
        if self._error is not None:
            raise self._error
        return self.result()

    async def ended(self, linger_seconds: float) -> None:
        """Wait until nothing more has to be sent or awaited; where it was taken, for so much longer."""
        while not self._finished:
            await self._at_rest.wait()
            if self.taken:
                await asyncio.sleep(linger_seconds)
            if self.quiet:
                return

    def result(self) -> ExchangeResult:
        """What the INVITE has come to so far."""
        return self._outcome.result(self._inbox.keep_alives, self._loop.time(), self._cseq)

    @property
    def last_answer(self) -> ExchangeResult | None:
        """The final response to the last INVITE, once there is one; `result` may tell of its ringing instead."""
        return self._outcome.final

    @property
    def quiet(self) -> bool:
        """Whether nothing more has to be sent or awaited; copies of answers may still come, and other forks'."""
        legs = self._outcome.legs
        if not legs:
            return self._ending
        ended = legs[-1].machine.answered or legs[-1].machine.state is State.TERMINATED
        return ended and self._dialogs.ended

    @property
    def taken(self) -> bool:
        """Whether a 2xx has come, to whichever INVITE."""
        return self._dialogs.any_opened

    async def _catch_up(self, late_seconds: float) -> None:
        """Let what came while we stood still be read first."""
        if late_seconds >= STALL_SECONDS:
            if self._outcome.matcher is not None:
                self._outcome.matcher.late_seconds += late_seconds
            await asyncio.sleep(CATCH_UP_SECONDS)
        if not self.quiet:
            self._note("the call has no end yet: it is watched, and ended as soon as it may be")

    async def run(self) -> None:
        """Carry the call until nothing of it is left, its connection kept open meanwhile.

        What a hook of the caller's raises is his, by `outcome`.
        """
        self._connection.hold()
        try:
            if not self._ending:
                self._ends_at = self._loop.time() + self._most_seconds
                await self._invite(())
            await self._carry()
            await self._strike_out()
        except Exception as error:  # noqa: BLE001 - a task's border: raised again in `outcome`
            self._error = error
        finally:
            self._finished = True
            self._settled.set()
            self._at_rest.set()
            self._inbox.detach()
            if self._inbox.dropped:
                self._note(
                    f"{self._inbox.dropped} messages were left unread: more came at once than are kept"
                )
            await self._dialogs.close()
            await self._connection.release()

    async def _carry(self) -> None:
        """Go on until nothing is left of it; what has come by then is read too, since it may be a 2xx."""
        while True:
            while not self._is_over():
                await self._turn()
                await self._tell_rest()
            for arrival in self._inbox.waiting():
                await self._take(arrival, self._loop.time())
            if self._is_over():
                return

    async def _tell_rest(self) -> None:
        if self.quiet:
            self._settled.set()
            await self._strike_out()
            self._at_rest.set()
        else:
            self._at_rest.clear()

    async def _strike_out(self) -> None:
        if self._journal is not None:
            await self._journal.over()

    def _is_over(self) -> bool:
        return self.quiet and all(leg.machine.state is State.TERMINATED for leg in self._outcome.legs)

    async def _turn(self) -> None:
        arrival = await self._next_arrival()
        now = self._loop.time()
        if arrival is not None:
            await self._take(arrival, now)
            await asyncio.sleep(0)  # what waits is there at once: others have their turn between two of them
        if self._ending and not self._told_to_end:
            self._told_to_end = True
            self._end()
        self._on_time(self._loop.time())

    async def _next_arrival(self) -> CallArrival | None:
        """Return what arrived, or None when a timer is due or something is wanted of the call."""
        if self._ending and not self._told_to_end:
            return None
        try:
            async with asyncio.timeout_at(min(self._moments(), default=None)):
                return await self._inbox.arrivals.get()
        except TimeoutError:
            return None

    def _moments(self) -> Iterator[float]:
        """When something of it is due."""
        machines = [leg.machine.next_at for leg in self._outcome.legs]
        ends_at = None if self._ending else self._ends_at
        for at in (*machines, *self._cancel.moments(), ends_at, self._decides_at):
            if at is not None:
                yield at
        yield from self._dialogs.moments()

    def _on_time(self, now: float) -> None:
        for leg in self._outcome.legs:
            self._perform(leg, leg.machine.on_time(now))
        unended = self._cancel.on_time(now)
        self._dialogs.on_time(now)
        if self._decides_at is not None and now >= self._decides_at:
            self._decides_at = None
            self._settled.set()
        if self._ends_at is not None and now >= self._ends_at:
            self.hang_up()
        if unended:
            self._cancel.on_final(now)
            self._outcome.legs[-1].machine.on_transport_error(now)

    async def _invite(self, fields: Fields) -> None:
        """Send an INVITE, by TCP where it is too large for a datagram (§18.1.1)."""
        self._cseq += 1
        branch, way = new_branch(), self._way
        template = self._write(way)
        message = way.write(template, branch=branch, cseq=self._cseq, credentials=fields)
        large_requests = self._connection.large_requests
        if large_requests is not None and len(message) > MAX_DATAGRAM_BYTES:
            stream = await large_requests.channel("INVITE", len(message))
            if stream is not None:
                way = Way(stream, TransportName.TCP, str(large_requests.edge))
                template = self._write(way)
                message = way.write(template, branch=branch, cseq=self._cseq, credentials=fields)
        if self._ending:
            return
        now = self._loop.time()
        leg = invite_leg(
            way, template, branch=branch, cseq=self._cseq, fields=fields, message=message, now=now
        )
        if not await self._written_down(leg):
            return
        self._cancel.begin()
        self._outcome.begin(leg)
        self._inbox.attach(way, branch)
        self._perform(leg, leg.machine.start(now))

    async def _written_down(self, leg: InviteLeg) -> bool:
        """Let it be written down how this INVITE is ended; false where it must not leave any more."""
        if self._journal is None:
            return True
        connection = self._connection
        realms = self._outcome.state.answered if leg.fields else frozenset()
        await self._journal.invited(leg, connection.edge, connection.tls_name, realms)
        return not self._ending

    def _perform(self, leg: InviteLeg, actions: Sequence[Action]) -> None:
        """Do what the INVITE's table says, but for what is delivered."""
        for action in actions:
            if action is Action.SEND:
                self._send(leg)
            elif action is Action.ACKNOWLEDGE:
                leg.acknowledge(self._trace)

    def _send(self, leg: InviteLeg) -> None:
        try:
            leg.way.send(leg.message, self._trace)
        except TransportFailed as error:
            self._outcome.failure = error.failure
            leg.machine.on_transport_error(self._loop.time())
            return
        self._outcome.state.sent = self._outcome.state.sent or bool(leg.fields)

    async def _on_invite(self, leg: InviteLeg, response: Response, arrival: CallArrival, now: float) -> None:
        if response.status >= 300 and not leg.acknowledgement:
            template = acknowledgement(leg.template, response)
            leg.acknowledgement = leg.way.write(template, branch=leg.identity.branch, cseq=leg.identity.cseq)
        actions = leg.machine.on_response(response.status, now)
        self._perform(leg, actions)
        if leg is not self._outcome.legs[-1]:
            # Of an INVITE before: its copies are acknowledged, and a 2xx is ended. It decides nothing any more.
            if Action.DELIVER_SUCCESS in actions:
                await self._end_late_success(leg, response)
        elif Action.DELIVER_SUCCESS in actions:
            await self._on_success(leg, response, arrival, now)
        elif Action.DELIVER_PROVISIONAL in actions:
            self._on_provisional(leg, response, arrival, now)
        elif Action.DELIVER_REFUSAL in actions:
            await self._on_refusal(leg, response, arrival, now)

    def _on_provisional(self, leg: InviteLeg, response: Response, arrival: CallArrival, now: float) -> None:
        if self._outcome.matcher is not None:
            self._outcome.matcher.provisional = response.status
        self._cancel.on_provisional(leg, now)
        if response.status in RINGING:
            self._outcome.read(response, leg, arrival.source, now, self._credentials)
        if response.status > 100:
            self._user.rings(self, response)

    async def _on_success(self, leg: InviteLeg, response: Response, arrival: CallArrival, now: float) -> None:
        """Acknowledge a 2xx; one that opens a dialog is told to the user."""
        self._cancel.on_final(now)
        if not self._dialogs.is_new(leg, response):
            return
        self._outcome.taken = True
        self._outcome.read(response, leg, arrival.source, now, self._credentials)
        dialog = await self._dialogs.open(leg, response, self._outcome.answered_realms)
        self._user.taken(self, response, dialog)
        if self._told_to_end:
            self._dialogs.hang_up()

    async def _end_late_success(self, leg: InviteLeg, response: Response) -> None:
        """End the dialog of a 2xx to an INVITE that another has followed; the user is told nothing of it."""
        if not self._dialogs.is_new(leg, response):
            return
        dialog = await self._dialogs.open(leg, response, self._outcome.answered_realms, told=False)
        self._dialogs.hang_up(dialog)

    async def _on_refusal(self, leg: InviteLeg, response: Response, arrival: CallArrival, now: float) -> None:
        """Take in a final answer; a challenge is answered, unless the call is to end."""
        self._cancel.on_final(now)
        result = self._outcome.read(response, leg, arrival.source, now, self._credentials)
        if response.status not in CHALLENGE_STATUS:
            return
        if self._ending:
            self._outcome.state.challenged = True
            return
        answers = ChallengeAnswers(self._run, self._credentials, self._outcome.state)
        self._asking = asyncio.create_task(answers.to(result, leg.template, leg.way.channel))
        try:
            await asyncio.wait([self._asking])
            fields = None if self._asking.cancelled() else self._asking.result()
        finally:
            self._asking.cancel()
            self._asking = None
        if fields is not None and not self._ending:
            await self._invite(fields)

    def _end(self) -> None:
        """Do what the wish to end asks for at once."""
        legs = self._outcome.legs
        if legs:
            self._cancel.on_hang_up(legs[-1], self._loop.time())
        self._dialogs.hang_up()

    async def _take(self, arrival: CallArrival, now: float) -> None:
        """Read what came: for the INVITE, for what ends it, or of the peer's own."""
        if arrival.failure is not None:
            self._on_failure(arrival, now)
            return
        matcher = self._outcome.matcher
        try:
            if arrival.fault is not None:
                raise arrival.fault
            message = parse(arrival.data)
        except ParseError as error:
            if matcher is not None:
                matcher.note_unusable(arrival.data, arrival.source, error)
            self._decide_soon(now)
            return
        if isinstance(message, Response):
            await self._on_response(message, arrival, now)
            return
        ours = (message.from_tag or "").lower() == self._from_tag
        if matcher is not None and (ours or message.call_id != self._call_id):
            matcher.read(
                arrival.data, arrival.source
            )  # our own, sent back, or of no call of ours: not answered
            return
        self._received(arrival)
        self._dialogs.on_request(message, arrival, now)

    async def _on_response(self, response: Response, arrival: CallArrival, now: float) -> None:
        leg = next((leg for leg in self._outcome.legs if not leg.identity.differences(response)), None)
        bye = self._dialogs.awaited(response)
        cancelled = self._cancel.is_answered_by(response)
        if len(response.vias) > 1 or not (leg or bye or cancelled):
            if self._outcome.matcher is not None:
                self._outcome.matcher.read(arrival.data, arrival.source)
            self._decide_soon(now)
            return
        self._received(arrival)
        if leg is not None:
            await self._on_invite(leg, response, arrival, now)
        elif bye is not None:
            await self._dialogs.on_response(bye, response, arrival, now)
        else:
            self._cancel.on_response(response, now)

    def _decide_soon(self, now: float) -> None:
        """Where what came cannot be used, a better answer has a little more time; the call itself goes on."""
        matcher = self._outcome.matcher
        if matcher is not None and matcher.unusable is not None and self._decides_at is None:
            self._decides_at = now + self._run.plan.settle_seconds

    def _on_failure(self, arrival: CallArrival, now: float) -> None:
        """The way that failed takes along what was on it."""
        for leg in self._outcome.legs:
            if leg.way.channel is arrival.way.channel and not leg.machine.answered:
                self._outcome.failure = self._outcome.failure or arrival.failure
                leg.machine.on_transport_error(now)
        self._dialogs.on_failure(arrival.way, now)

    def _received(self, arrival: CallArrival) -> None:
        self._trace.received(arrival.way.edge, arrival.data, arrival.source, arrival.way.channel.local)

    def _note(self, text: str) -> None:
        self._trace.event(self._way.edge, text)
