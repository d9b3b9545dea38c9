"""Who writes down what ends a call, so that another can end it where its maker is gone."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from sipcheck.dns.route import Edge
from sipcheck.target import TransportName
from sipcheck.transaction.invite.call_mark import CallMark, mark_of
from sipcheck.transaction.invite.dialog import Dialog
from sipcheck.transaction.invite.leg import InviteLeg

# Gives the Call-ID, and all that ends the call at this moment: nothing once it is over. What it raises keeps the INVITE
# from leaving.
WriteDown = Callable[[str, tuple[CallMark, ...]], Awaitable[None]]


@dataclass(slots=True)
class CallJournal:
    """Of one call: of an INVITE that follows another, with the password, the other has had its end."""

    write_down: WriteDown
    call_id: str
    _marks: tuple[CallMark, ...] = ()

    async def invited(self, leg: InviteLeg, edge: Edge, tls_name: str, realms: frozenset[str]) -> None:
        """Write an INVITE down that is about to leave, answered for these realms. Raises what the writing does."""
        template, channel = leg.template, leg.way.channel
        by_tcp = leg.way.transport is not edge.transport
        self._marks = (
            CallMark(
                host=edge.host,
                address=channel.remote.host if by_tcp else edge.address,
                port=channel.remote.port or edge.port,
                transport=TransportName(leg.way.transport),
                tls_name=tls_name,
                sent_by=channel.local,
                branch=leg.identity.branch,
                cseq=leg.identity.cseq,
                request_uri=template.request_uri,
                from_uri=template.from_uri,
                to_uri=template.to_uri,
                call_id=template.call_id,
                from_tag=template.from_tag,
                user_agent=template.user_agent,
                route=template.route,
                realms=tuple(sorted(realms)),
            ),
        )
        await self.write_down(self.call_id, self._marks)

    async def taken(self, leg: InviteLeg, dialog: Dialog) -> bool:
        """Write a dialog down whose ACK is about to leave; of a fork there are several. False where it cannot be."""
        invite = next((mark for mark in self._marks if mark.branch == leg.identity.branch), None)
        if invite is None:
            return False
        dialogs = [mark for mark in self._marks if mark.dialog is not None]
        self._marks = (*dialogs, replace(invite, dialog=mark_of(dialog)))
        try:
            await self.write_down(self.call_id, self._marks)
        except Exception:  # noqa: BLE001 - whatever keeps it from being written: a call that is up has to be ended
            return False
        return True

    async def over(self) -> None:
        """Strike out what was written down of a call that nothing has to end any more."""
        if not self._marks:
            return
        self._marks = ()
        # Where it cannot be struck out, another ends a call that is over: its peer says that there is none.
        with suppress(Exception):
            await self.write_down(self.call_id, ())
