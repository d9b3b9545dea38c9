"""The requests that a peer sends within a call of ours: each answered at once, and its copies likewise."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sipcheck.errors import TransportFailed
from sipcheck.message.builder import build_response
from sipcheck.message.message import Request
from sipcheck.target import HostPort, TransportName
from sipcheck.transaction.invite.call_dialog import CallDialog
from sipcheck.transaction.invite.leg import Way
from sipcheck.transaction.invite.peer_requests import answer_within
from sipcheck.transaction.invite.server_transaction import ServerTransaction
from sipcheck.transaction.run_context import RunContext
from sipcheck.transport.udp import UdpChannel

# Of one call: more than any peer has to ask of one that lasts seconds.
MOST_REQUESTS = 32


@dataclass(slots=True, eq=False)
class _Asked:
    way: Way
    response: bytes
    machine: ServerTransaction


@dataclass(slots=True)
class PeerAsks:
    """Of one call."""

    run: RunContext
    _asked: dict[tuple[str, str], _Asked] = field(default_factory=dict)

    @property
    def next_at(self) -> float | None:
        """When the next timer of a transaction fires, or None when none runs."""
        return min(
            (at for each in self._asked.values() if (at := each.machine.next_at) is not None), default=None
        )

    def take(
        self, request: Request, way: Way, source: HostPort, dialogs: Sequence[CallDialog], now: float
    ) -> CallDialog | None:
        """Answer a request; returns the dialog that it ends."""
        key = (request.vias[0].branch or "").lower(), _transaction_of(request)
        known = self._asked.get(key)
        if known is not None:
            sends = known.machine.on_ack(now) if request.method == "ACK" else known.machine.on_request(now)
            self._send(known, sends=sends)
            return None
        dialog = next((each for each in dialogs if each.dialog.has(request)), None)
        answer = answer_within(
            request, in_dialog=dialog is not None, highest_cseq=None if dialog is None else dialog.peer_cseq
        )
        back = self._way_back(way, source)
        if answer is None or back is None or len(self._asked) >= MOST_REQUESTS:
            return None
        if dialog is not None and request.method != "CANCEL":
            dialog.peer_cseq = max(request.cseq.number, dialog.peer_cseq or 0)
        response = build_response(
            request,
            status=answer.status,
            phrase=answer.phrase,
            to_tag=secrets.token_hex(4),
            source=source,
            headers=answer.headers,
        )
        machine = ServerTransaction(invite=request.method == "INVITE", reliable=way.channel.reliable)
        asked = self._asked[key] = _Asked(back, response, machine)
        self._send(asked, sends=machine.on_request(now))
        return dialog if answer.ends else None

    def on_time(self, now: float) -> None:
        for asked in self._asked.values():
            self._send(asked, sends=asked.machine.on_time(now))

    def _way_back(self, way: Way, source: HostPort) -> Way | None:
        """A response goes where the request came from (RFC 3581 §4), unless the guard forbids that."""
        if way.transport is not TransportName.UDP or source == way.channel.remote:
            return way
        guard = self.run.guard
        if not isinstance(way.channel, UdpChannel) or guard is None or source.port is None:
            return None
        if guard.judge(source.host, source.port) is not None:
            self.run.trace.event(
                way.edge, f"a request from {source}, where nothing is sent to, is not answered"
            )
            return None
        return replace(way, channel=replace(way.channel, remote=source))

    def _send(self, asked: _Asked, *, sends: bool) -> None:
        if not sends:
            return
        try:
            asked.way.send(asked.response, self.run.trace)
        except TransportFailed as error:
            self.run.trace.event(asked.way.edge, f"a response could not be sent: {error.failure.detail}")


def _transaction_of(request: Request) -> str:
    """An ACK belongs to its INVITE's transaction (§17.2.3)."""
    return "INVITE" if request.method == "ACK" else request.method
