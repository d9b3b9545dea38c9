"""The dialogs of a call, one for each branch of a fork that took it: acknowledged, ended, and their peers answered."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sipcheck.auth.round import CHALLENGE_STATUS
from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.errors import TransportFailed
from sipcheck.message.message import Request, Response
from sipcheck.transaction.challenge_answers import ChallengeAnswers, Fields
from sipcheck.transaction.client_transaction import Action
from sipcheck.transaction.invite.call_dialog import CallDialog
from sipcheck.transaction.invite.call_inbox import CallArrival, CallInbox
from sipcheck.transaction.invite.call_journal import CallJournal
from sipcheck.transaction.invite.dialog import Dialog
from sipcheck.transaction.invite.dialog_end import Action as DialogAction
from sipcheck.transaction.invite.dialog_end import Event
from sipcheck.transaction.invite.leg import InviteLeg, RequestLeg, Way
from sipcheck.transaction.invite.next_hop import NextHops
from sipcheck.transaction.invite.peer_asks import PeerAsks
from sipcheck.transaction.run_context import RunContext

# Branches of a fork that are seen to: a peer that lies makes us send no more than this.
MOST_DIALOGS = 16
# For the challenge of a BYE to be answered, though the run may be over meanwhile.
_BYE_SECONDS = 5.0


@dataclass(slots=True)
class CallDialogs:
    """Of one call. `left` is called with each dialog that has ended, but for those that nobody was told of."""

    run: RunContext
    inbox: CallInbox
    credentials: Credentials | None
    left: Callable[[Dialog], None]
    journal: CallJournal | None = None
    _open: list[CallDialog] = field(default_factory=list)
    _byes: dict[RequestLeg, CallDialog] = field(default_factory=dict)
    _asks: PeerAsks = field(init=False)
    _hops: NextHops = field(init=False)

    def __post_init__(self) -> None:
        self._asks = PeerAsks(self.run)
        self._hops = NextHops(self.run)

    @property
    def ended(self) -> bool:
        """Whether none is left that has to be ended."""
        return all(each.ended for each in self._open)

    @property
    def any_opened(self) -> bool:
        """Whether a 2xx has opened one, ended by now or not."""
        return bool(self._open)

    def moments(self) -> Iterator[float]:
        """When something of them is due."""
        moments = (*(leg.machine.next_at for leg in self._byes), self._asks.next_at)
        yield from (at for at in moments if at is not None)

    def on_time(self, now: float) -> None:
        for bye in tuple(self._byes):
            self._perform(bye, bye.machine.on_time(now))
        self._asks.on_time(now)

    def is_new(self, leg: InviteLeg, response: Response) -> bool:
        """Whether a 2xx opens a dialog, of which there are only so many; a copy of one that did is acknowledged.

        Some peers give both INVITEs of a call one To tag: which of them was taken shows by the CSeq.
        """
        known = next((each for each in self._open if each.is_of(leg.identity.cseq, response.to_tag)), None)
        if known is not None:
            self._do(known, known.end.on(Event.SUCCESS), leg.fields)
        return known is None and len(self._open) < MOST_DIALOGS

    async def adopt(self, dialog: Dialog, way: Way, cseq: int, realms: frozenset[str]) -> None:
        """Take over a dialog that another had opened and acknowledged, to end it; `realms` as in `open`."""
        further = await self._hops.way_to(dialog.next_hop, way)
        adopted = CallDialog(dialog, further, cseq, realms, _same_place(further, way))
        adopted.end.on(Event.SUCCESS)  # acknowledged by the other, or never any more
        self._open.append(adopted)

    async def open(
        self, leg: InviteLeg, response: Response, realms: frozenset[str], *, told: bool = True
    ) -> Dialog:
        """Take in the dialog that a 2xx opens, and acknowledge it by the way that the peer names.

        `realms` are those that the call's INVITE was answered for; `told` says that its end is told by `left`.
        """
        dialog = Dialog.of(leg.template, response)
        way = await self._hops.way_to(dialog.next_hop, leg.way)
        at_edge = _same_place(way, leg.way)
        opened = CallDialog(dialog, way, leg.identity.cseq, realms, at_edge, told)
        self._open.append(opened)
        written = self.journal is None or await self.journal.taken(leg, dialog)
        self._do(opened, opened.end.on(Event.SUCCESS), leg.fields)
        if not written:
            self.run.trace.event(
                leg.way.edge, "how it is ended could not be written down: it is ended at once"
            )
            self.hang_up(dialog)
        return dialog

    def hang_up(self, only: Dialog | None = None) -> None:
        for each in self._open:
            if only is None or each.dialog is only:
                self._do(each, each.end.on(Event.HANG_UP))

    def awaited(self, response: Response) -> RequestLeg | None:
        """The BYE that a response answers."""
        return next((each for each in self._byes if not each.identity.differences(response)), None)

    async def on_response(
        self, bye: RequestLeg, response: Response, arrival: CallArrival, now: float
    ) -> None:
        """Take in what answers a BYE."""
        if Action.DELIVER_FINAL not in bye.machine.on_response(response.status, now):
            return
        challenged = response.status in CHALLENGE_STATUS and arrival.source == bye.way.channel.remote
        fields = await self._answered(bye, response) if challenged else None
        if fields is None:
            self._bye_ended(bye)
            return
        dialog = self._byes.pop(bye)
        self._do(dialog, dialog.end.on(Event.CHALLENGED), fields)

    def on_request(self, request: Request, arrival: CallArrival, now: float) -> None:
        """Answer a request of the peer's; its BYE ends a dialog, whether ours is on its way or not."""
        ended = self._asks.take(request, arrival.way, arrival.source, self._open, now)
        if ended is not None:
            self._byes = {bye: dialog for bye, dialog in self._byes.items() if dialog is not ended}
            self._do(ended, ended.end.on(Event.PEER_BYE))

    def on_failure(self, way: Way, now: float) -> None:
        for bye in tuple(self._byes):
            if bye.way.channel is way.channel:
                self._perform(bye, bye.machine.on_transport_error(now))

    async def close(self) -> None:
        await self._hops.close()

    async def _answered(self, bye: RequestLeg, response: Response) -> Fields | None:
        headers = response.headers
        challenge = ExchangeResult(
            method="BYE",
            status=response.status,
            challenges=(headers.get_all("WWW-Authenticate"), headers.get_all("Proxy-Authenticate")),
        )
        dialog = self._byes[bye]
        run = replace(self.run, deadline=asyncio.get_running_loop().time() + _BYE_SECONDS)
        answers = ChallengeAnswers(run, dialog.may_answer(self.credentials), dialog.state)
        return await answers.to(challenge, bye.template, bye.way.channel)

    def _do(self, dialog: CallDialog, actions: Sequence[DialogAction], fields: Fields = ()) -> None:
        """Do what a dialog's table says; `fields` are credentials for its ACK or its BYE."""
        for action in actions:
            if action is DialogAction.ACKNOWLEDGE:
                dialog.acknowledge(fields, self.run.trace)
            elif action is DialogAction.ENDED:
                if dialog.told:
                    self.left(dialog.dialog)
            else:
                bye = dialog.bye(fields)
                self._byes[bye] = dialog
                self.inbox.attach(bye.way, bye.identity.branch)
                self._perform(bye, bye.machine.start(asyncio.get_running_loop().time()))

    def _perform(self, bye: RequestLeg, actions: Sequence[Action]) -> None:
        for action in actions:
            if action is Action.SEND:
                self._send(bye)
            elif action in (Action.TIMED_OUT, Action.FAILED):
                self.run.trace.event(bye.way.edge, "the BYE had no answer")
                self._bye_ended(bye)

    def _send(self, bye: RequestLeg) -> None:
        """Send a BYE; where its way has ended, so has all that could be done for the dialog."""
        try:
            bye.way.send(bye.message, self.run.trace)
        except TransportFailed as error:
            self.run.trace.event(bye.way.edge, f"BYE could not be sent: {error.failure.detail}")
            self._bye_ended(bye)

    def _bye_ended(self, bye: RequestLeg) -> None:
        dialog = self._byes.pop(bye)
        self._do(dialog, dialog.end.on(Event.BYE_ENDED))


def _same_place(way: Way, other: Way) -> bool:
    return way.channel.remote == other.channel.remote
