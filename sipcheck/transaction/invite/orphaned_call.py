"""The end of a call whose maker is gone: its CANCEL, or the BYE of its dialog, by what was written down of it.

The INVITE's own answer goes to a socket that is no more, and nobody acknowledges it: the peer gives up by itself then.
Where it was taken before that was written down, a CANCEL changes nothing, and a peer whose 2xx has no ACK ends the call
(RFC 3261 §13.3.1.4).
"""

import asyncio
from dataclasses import dataclass, field

from sipcheck.credentials import Credentials
from sipcheck.dns.route import Edge
from sipcheck.errors import ParseError
from sipcheck.message.message import Response
from sipcheck.message.parser import parse
from sipcheck.transaction.driver import TransactionDriver, Transmission
from sipcheck.transaction.edge_connection import EdgeConnection
from sipcheck.transaction.invite.call_dialogs import CallDialogs
from sipcheck.transaction.invite.call_inbox import CallInbox
from sipcheck.transaction.invite.call_mark import CallMark
from sipcheck.transaction.invite.dialog import Dialog
from sipcheck.transaction.invite.leg import Way
from sipcheck.transaction.invite.within_invite import cancel
from sipcheck.transaction.matching import TransactionId
from sipcheck.transaction.run_context import RunContext
from sipcheck.transport.channel import Channel


@dataclass(slots=True)
class OrphanedCall:
    """Runs once, by `end()`, within the run's deadline. The edge is judged by the guard as it is now."""

    mark: CallMark
    run: RunContext
    credentials: Credentials | None = None
    _connection: EdgeConnection = field(init=False)

    def __post_init__(self) -> None:
        mark = self.mark
        edge = Edge(mark.host, mark.address, mark.port, mark.transport)
        self._connection = EdgeConnection(edge, mark.tls_name, self.run)

    async def end(self) -> bool:
        """Send what ends the call; whether it was answered."""
        guard = self.run.guard
        if guard is not None and guard.judge(self.mark.address, self.mark.port) is not None:
            return False
        try:
            channel = await self._connection.open()
            if channel is None:
                return False
            dialog = self.mark.opened()
            return await (self._take_back(channel) if dialog is None else self._hang_up(dialog, channel))
        finally:
            await self._connection.close()

    async def _take_back(self, channel: Channel) -> bool:
        """Send CANCEL, with the branch and the Via of the INVITE."""
        mark, template = self.mark, cancel(self.mark.invite())
        message = template.build(
            transport=mark.transport.upper(), sent_by=mark.sent_by, branch=mark.branch, cseq=mark.cseq
        )
        identity = TransactionId("CANCEL", mark.branch, mark.cseq, mark.call_id, mark.from_tag)
        result = await TransactionDriver(
            Transmission(channel, self._connection.name, identity, message), self.run
        ).run()
        return result.status is not None

    async def _hang_up(self, dialog: Dialog, channel: Channel) -> bool:
        """Send BYE, and answer its challenge once."""
        way = Way(channel, self.mark.transport, self._connection.name)
        inbox = CallInbox(self.mark.call_id.encode("utf-8", "surrogateescape"))
        dialogs = CallDialogs(self.run, inbox, self.credentials, lambda _: None)
        answered = False
        try:
            await dialogs.adopt(dialog, way, self.mark.cseq, frozenset(self.mark.realms))
            dialogs.hang_up()
            while not dialogs.ended:
                answered = await self._turn(dialogs, inbox) or answered
        except TimeoutError:
            return answered
        finally:
            inbox.detach()
            await dialogs.close()
        return answered

    async def _turn(self, dialogs: CallDialogs, inbox: CallInbox) -> bool:
        """Take what comes, or do what is due; whether it was an answer. Raises TimeoutError at the deadline."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self.run.deadline:
            raise TimeoutError
        arrival = None
        try:
            async with asyncio.timeout_at(min((*dialogs.moments(), self.run.deadline))):
                arrival = await inbox.arrivals.get()
        except TimeoutError:
            dialogs.on_time(loop.time())
        if arrival is None:
            return False
        if arrival.failure is not None:
            dialogs.on_failure(arrival.way, loop.time())
            return False
        try:
            message = parse(arrival.data)
        except ParseError:
            return False
        bye = dialogs.awaited(message) if isinstance(message, Response) else None
        if bye is None or not isinstance(message, Response):
            return False
        await dialogs.on_response(bye, message, arrival, loop.time())
        return message.status >= 200
