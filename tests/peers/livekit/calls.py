"""Calls that LiveKit is asked for: a participant of a room for each."""

import itertools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from google.protobuf.message import Message
from livekit.protocol.models import Room
from livekit.protocol.room import DeleteRoomRequest
from livekit.protocol.sip import CreateSIPParticipantRequest, SIPOutboundTrunkInfo, SIPParticipantInfo

from sipcheck.target import HostPort
from tests.peers.livekit.call_plan import plan_call
from tests.peers.livekit.leg import Node, TlsTrust
from tests.peers.livekit.names import Names
from tests.peers.livekit.outbound_call import Conversation, OutboundCall
from tests.peers.livekit.refusal import Refusal
from tests.peers.livekit.rooms import LiveKitRooms


class LiveKitCalls(LiveKitRooms):
    """Dial as LiveKit's SIP service does; a room that is deleted ends its calls.

    Names are asked of `nameserver`, and without one none is found; `ca_file` is what it trusts; with
    `has_tls_section` its SIP service has a `tls:` section of its own, and looks at no certificate's name.
    """

    outbound: dict[str, SIPOutboundTrunkInfo]

    def __init__(
        self,
        *,
        nameserver: HostPort | None = None,
        ca_file: Path | None = None,
        has_tls_section: bool = False,
    ) -> None:
        super().__init__()
        self._names = Names(nameserver)
        self._trust = TlsTrust(ca_file, has_tls_section)
        # Calls leave from one after the other.
        self.nodes: Sequence[Node] = [Node()]
        self._dialled = itertools.count()
        self._ends: dict[str, list[threading.Event]] = {}

    def create_participant(self, request: CreateSIPParticipantRequest) -> Message:
        """Call; with wait_until_answered the answer comes when the carrier's has. Raises Refusal."""
        node = self.nodes[next(self._dialled) % len(self.nodes)]
        call = OutboundCall(plan_call(request, self._trunk_of(request)), self._names, self._trust, node)
        room = self.rooms.setdefault(
            request.room_name, Room(sid=f"RM_{uuid4().hex[:12]}", name=request.room_name)
        )
        self._ends.setdefault(room.name, []).append(call.ended)
        if request.wait_until_answered:
            self._keep(call.connect(), call.plan.longest_seconds)
        else:
            threading.Thread(target=self._dial, args=(call,), name="livekit-call", daemon=True).start()
        return SIPParticipantInfo(
            participant_id=f"PA_{uuid4().hex[:12]}",
            participant_identity=request.participant_identity or f"sip_{request.sip_call_to}",
            room_name=room.name,
            sip_call_id=f"SCL_{uuid4().hex[:12]}",
        )

    def delete_room(self, request: DeleteRoomRequest) -> Message:
        answer = super().delete_room(request)
        self._end(request.room)
        return answer

    def end_calls(self) -> None:
        """Leave all calls."""
        for room in list(self._ends):
            self._end(room)

    def _trunk_of(self, request: CreateSIPParticipantRequest) -> SIPOutboundTrunkInfo | None:
        if not request.sip_trunk_id:
            return None
        trunk = self.outbound.get(request.sip_trunk_id)
        if trunk is None:
            raise Refusal("not_found", "requested sip trunk does not exist")
        return trunk

    def _dial(self, call: OutboundCall) -> None:
        try:
            conversation = call.connect()
        except Refusal:
            return  # nobody waits for it
        conversation.hold(call.plan.longest_seconds)

    def _keep(self, conversation: Conversation, seconds: float) -> None:
        threading.Thread(
            target=conversation.hold, args=(seconds,), name="livekit-conversation", daemon=True
        ).start()

    def _end(self, room: str) -> None:
        for ended in self._ends.pop(room, []):
            ended.set()


METHODS: dict[str, tuple[Any, Callable[[LiveKitCalls, Any], Message]]] = {
    "CreateSIPParticipant": (CreateSIPParticipantRequest, LiveKitCalls.create_participant),
    "DeleteRoom": (DeleteRoomRequest, LiveKitCalls.delete_room),
}
