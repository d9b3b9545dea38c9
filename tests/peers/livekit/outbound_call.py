"""One call as LiveKit's SIP service makes it: INVITEs until one is taken or refused, and a BYE in the end."""

import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.peers.livekit.call_plan import CallPlan
from tests.peers.livekit.digest import answer
from tests.peers.livekit.leg import NOWHERE, Leg, Node, TlsTrust, open_leg
from tests.peers.livekit.media import codecs_of, make_offer, require_answer
from tests.peers.livekit.names import OWN_HOST, Names
from tests.peers.livekit.next_hop import next_hop
from tests.peers.livekit.refusal import Refusal
from tests.peers.livekit.sip_message import Dialog, Message, host_of, new_branch, ok, uri_of
from tests.peers.livekit.sip_status import failed, refused_by_carrier

_MOST_INVITES = 5
_RESEND_SECONDS = 0.5  # RFC 3261's T1
_POLL_SECONDS = 0.02
_TOLD_BY_BODY = frozenset({400, 404, 480, 486, 488})
_CHALLENGES = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


@dataclass(slots=True)
class OutboundCall:
    """A call to be made once; `ended` ends it from outside, also while it rings."""

    plan: CallPlan
    names: Names
    trust: TlsTrust
    node: Node = field(default_factory=Node)
    ended: threading.Event = field(default_factory=threading.Event)
    _cseq: int = 0

    def connect(self) -> "Conversation":
        """Make the call until it is taken. Raises Refusal."""
        codecs = codecs_of(self.plan.media)
        route = self.plan.route if self.node.heeds_route else None
        hop = next_hop(self.plan.address, self.plan.transport or "UDP", route)
        host, port = self.names.find(hop.host, hop.port, hop.transport) if self.node.gets_out else NOWHERE
        if port > 65535:
            raise failed(f"dial err: invalid port {port}")
        leg = open_leg(hop.transport, (host, port), hop.host.rstrip("."), self.trust, self.node.address)
        try:
            return self._invite(leg, codecs)
        except BaseException:
            leg.close()
            raise

    def _invite(self, leg: Leg, codecs: list[str]) -> "Conversation":
        encryption = self.plan.media.encryption
        offer = make_offer(OWN_HOST, codecs, encryption)
        dialog = self._dialog(leg)
        until = time.monotonic() + self.plan.ring_seconds
        credentials: list[tuple[str, str]] = []
        for _ in range(_MOST_INVITES):
            response = self._attempt(leg, dialog, offer, credentials, until)
            if response.status == 200:
                conversation = Conversation(leg, dialog, response, self._cseq, self.ended)
                try:
                    require_answer(response.body, codecs, encryption)
                except Refusal:
                    conversation.bye()
                    raise
                conversation.ack()
                return conversation
            credentials = [self._answered(response)]
        raise failed("max auth retry attempts reached for SIP invite")

    def _dialog(self, leg: Leg) -> Dialog:
        plan = self.plan
        host = plan.from_host or OWN_HOST
        caller = f'"{plan.caller}" <sip:{plan.caller}@{host}{plan.uri_parameters}>;tag={secrets.token_hex(6)}'
        contact = f"<sip:{leg.local[0]}:{leg.local[1]}{plan.uri_parameters}>"
        return Dialog(leg.local, leg.transport, secrets.token_hex(12), caller, contact)

    def _attempt(
        self, leg: Leg, dialog: Dialog, offer: str, credentials: list[tuple[str, str]], until: float
    ) -> Message:
        """Send an INVITE and give its final response, where that is 200 or a challenge. Raises Refusal."""
        self._cseq += 1
        branch, to = new_branch(), f"<{self.plan.uri}>"
        own = [("Content-Type", "application/sdp"), *credentials, *sorted(self.plan.headers.items())]
        invite = dialog.request(
            "INVITE", self.plan.uri, to=to, cseq=self._cseq, branch=branch, headers=own, body=offer
        )
        routes = [("Route", self.plan.route)] if self.plan.route is not None else []
        for response in _responses(leg, invite, self._cseq, until, self.ended):
            if response.status is None or response.status < 200:
                continue
            if response.status != 200:
                shown = response.header("To") or to
                leg.send(
                    dialog.request(
                        "ACK", self.plan.uri, to=shown, cseq=self._cseq, branch=branch, headers=routes
                    )
                )
            if response.status != 200 and response.status not in _CHALLENGES:
                raise refused_by_carrier(response.status, _told(response))
            return response
        leg.send(
            dialog.request("CANCEL", self.plan.uri, to=to, cseq=self._cseq, branch=branch, headers=routes)
        )
        raise Refusal("canceled", "sip request timed out")

    def _answered(self, response: Message) -> tuple[str, str]:
        account = self.plan.account
        if not (account.username and account.password):
            raise failed("sip server required auth, but no username or password was provided")
        asked, header = _CHALLENGES[response.status or 0]
        challenge = response.header(asked)
        if challenge is None:
            raise failed("no auth header in sip invite response")
        return header, answer(challenge, account, "INVITE", self.plan.uri)


@dataclass(slots=True)
class Conversation:
    """A call that was taken."""

    leg: Leg
    dialog: Dialog
    taken: Message
    cseq: int
    ended: threading.Event

    def ack(self) -> None:
        self._send("ACK", self.cseq)

    def bye(self) -> None:
        self._send("BYE", self.cseq + 1)

    def hold(self, seconds: float) -> None:
        """Stay in the call until it is ended from outside, by the peer, or by its time; then leave."""
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until and not self.ended.is_set():
                for text in self.leg.messages(min(until, time.monotonic() + _POLL_SECONDS)):
                    if text.startswith("BYE"):
                        self.leg.send(ok(text))
                        return
            self.bye()
        finally:
            self.leg.close()

    def _send(self, method: str, cseq: int) -> None:
        """Follow Contact, and Record-Route where there is one."""
        contact = self.taken.header("Contact") or "<sip:unknown>"
        routes = [("Route", each) for each in reversed(self.taken.headers("Record-Route"))]
        to = self.taken.header("To") or ""
        request = self.dialog.request(
            method, uri_of(contact), to=to, cseq=cseq, branch=new_branch(), headers=routes
        )
        self.leg.send(request, host_of(routes[0][1] if routes else contact))


def _responses(leg: Leg, invite: str, cseq: int, until: float, ended: threading.Event) -> Iterator[Message]:
    """Send, over UDP again and again until something comes, and give the responses to it."""
    leg.send(invite)
    wait, resend_at, heard = _RESEND_SECONDS, time.monotonic() + _RESEND_SECONDS, False
    while (now := time.monotonic()) < until and not ended.is_set():
        if leg.transport == "UDP" and not heard and now >= resend_at:
            leg.send(invite)
            wait *= 2
            resend_at = now + wait
        for text in leg.messages(min(until, now + _POLL_SECONDS)):
            message = Message(text)
            if message.status is not None and (message.header("CSeq") or "").split() == [str(cseq), "INVITE"]:
                heard = True
                yield message


def _told(response: Message) -> str:
    return response.body if response.status in _TOLD_BY_BODY and response.body else response.phrase
