"""The rooms that calls are put into, and the dispatch rules that lead there."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from livekit.protocol.models import Room
from livekit.protocol.room import DeleteRoomRequest, DeleteRoomResponse, ListRoomsRequest, ListRoomsResponse
from livekit.protocol.sip import (
    ListSIPDispatchRuleRequest,
    ListSIPDispatchRuleResponse,
    SIPDispatchRuleInfo,
)

from tests.peers.livekit.refusal import Refusal


class LiveKitRooms:
    """Rooms by name, and rules that somebody made by hand."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}
        self.dispatch_rules: list[SIPDispatchRuleInfo] = []

    def add_dispatch_rule(self, *trunk_ids: str, **fields: Any) -> None:
        """Lead the calls of these trunks somewhere, or of all."""
        rule = SIPDispatchRuleInfo(
            sip_dispatch_rule_id=f"SDR_{len(self.dispatch_rules)}", trunk_ids=trunk_ids, **fields
        )
        self.dispatch_rules.append(rule)

    def list_rooms(self, request: ListRoomsRequest) -> Message:
        found = [room for name, room in self.rooms.items() if not request.names or name in request.names]
        return ListRoomsResponse(rooms=found)

    def delete_room(self, request: DeleteRoomRequest) -> Message:
        if self.rooms.pop(request.room, None) is None:
            raise Refusal("not_found", "requested room does not exist")
        return DeleteRoomResponse()

    def list_dispatch_rules(self, _: ListSIPDispatchRuleRequest) -> Message:
        return ListSIPDispatchRuleResponse(items=self.dispatch_rules)


METHODS: dict[str, tuple[Any, Callable[[LiveKitRooms, Any], Message]]] = {
    "ListRooms": (ListRoomsRequest, LiveKitRooms.list_rooms),
    "ListSIPDispatchRule": (ListSIPDispatchRuleRequest, LiveKitRooms.list_dispatch_rules),
}
