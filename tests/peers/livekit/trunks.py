"""LiveKit's SIP trunks as its server keeps them (docs/design/infrastructure.md, "Trunks")."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, TypeVar
from uuid import uuid4

from google.protobuf.message import Message
from livekit.protocol.sip import (
    CreateSIPInboundTrunkRequest,
    CreateSIPOutboundTrunkRequest,
    DeleteSIPTrunkRequest,
    ListSIPInboundTrunkRequest,
    ListSIPInboundTrunkResponse,
    ListSIPOutboundTrunkRequest,
    ListSIPOutboundTrunkResponse,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
    SIPTrunkInfo,
    UpdateSIPInboundTrunkRequest,
    UpdateSIPOutboundTrunkRequest,
)

from tests.peers.livekit.conflicts import require_no_conflict
from tests.peers.livekit.numbers import normalized
from tests.peers.livekit.refusal import Refusal, invalid
from tests.peers.livekit.rules import require_inbound, require_outbound
from tests.peers.livekit.updates import updated

TrunkInfo = TypeVar("TrunkInfo", SIPInboundTrunkInfo, SIPOutboundTrunkInfo)


class Pages(StrEnum):
    """What becomes of a list's `page`."""

    ALL_AFTER = "all-after"  # as measured: `after_id` is honoured and `limit` is not
    HONOURED = "honoured"
    UNKNOWN = "unknown"  # to a server from before there were any


class LiveKitTrunks:
    """The trunks of one project; a method of the API for each request.

    `unknown_fields` are those of a trunk that this server's version has not: what comes in them is lost.
    """

    def __init__(self, *, pages: Pages = Pages.ALL_AFTER, unknown_fields: Collection[str] = ()) -> None:
        self.inbound: dict[str, SIPInboundTrunkInfo] = {}
        self.outbound: dict[str, SIPOutboundTrunkInfo] = {}
        self._pages = pages
        self._unknown_fields = frozenset(unknown_fields)

    def add_inbound(self, **fields: Any) -> str:
        """Put a trunk there that somebody made by hand."""
        info = SIPInboundTrunkInfo(sip_trunk_id=_new_id(), **fields)
        self.inbound[info.sip_trunk_id] = info
        return info.sip_trunk_id

    def create_inbound(self, request: CreateSIPInboundTrunkRequest) -> Message:
        info = self._new(request.trunk)
        require_inbound(info)
        require_no_conflict([*_listed(self.inbound, numbers=info.numbers), info])
        return _store(self.inbound, info)

    def create_outbound(self, request: CreateSIPOutboundTrunkRequest) -> Message:
        info = self._new(request.trunk)
        require_outbound(info)
        return _store(self.outbound, info)

    def update_inbound(self, request: UpdateSIPInboundTrunkRequest) -> Message:
        stored = _stored(self.inbound, request.sip_trunk_id)
        info = self._known(updated(stored, request, require_inbound))
        # Among those listed by the new numbers it is looked for by its stored ones: where they differ it is not
        # among them, and what it takes from another is seen by nobody.
        listed = _listed(self.inbound, numbers=info.numbers)
        require_no_conflict(info if each.sip_trunk_id == info.sip_trunk_id else each for each in listed)
        return _store(self.inbound, info)

    def update_outbound(self, request: UpdateSIPOutboundTrunkRequest) -> Message:
        stored = _stored(self.outbound, request.sip_trunk_id)
        info = self._known(updated(stored, request, require_outbound))
        return _store(self.outbound, info)

    def delete(self, request: DeleteSIPTrunkRequest) -> Message:
        """Take it away; that it is not there is no error."""
        if not request.sip_trunk_id:
            raise invalid("trunk ID is required")
        self.inbound.pop(request.sip_trunk_id, None)
        self.outbound.pop(request.sip_trunk_id, None)
        return SIPTrunkInfo(sip_trunk_id=request.sip_trunk_id)

    def list_inbound(self, request: ListSIPInboundTrunkRequest) -> Message:
        found = _listed(self.inbound, numbers=request.numbers)
        return ListSIPInboundTrunkResponse(items=self._page(found, request))

    def list_outbound(self, request: ListSIPOutboundTrunkRequest) -> Message:
        # Here numbers are compared as text. Every outbound trunk has some.
        asked = set(request.numbers)
        found = [each for each in _listed(self.outbound) if not asked or asked & set(each.numbers)]
        return ListSIPOutboundTrunkResponse(items=self._page(found, request))

    def _page(self, found: Iterable[TrunkInfo], request: Any) -> list[TrunkInfo]:
        if self._pages is not Pages.UNKNOWN:
            found = [each for each in found if each.sip_trunk_id > request.page.after_id]
        if self._pages is Pages.HONOURED and request.page.limit:
            found = list(found)[: request.page.limit]
        return [each for each in found if not request.trunk_ids or each.sip_trunk_id in request.trunk_ids]

    def _new(self, given: TrunkInfo) -> TrunkInfo:
        if given.sip_trunk_id:
            raise invalid("trunk id must not be set")
        return self._known(given)

    def _known(self, given: TrunkInfo) -> TrunkInfo:
        info = type(given)()
        info.CopyFrom(given)
        for field in info.DESCRIPTOR.fields:
            if field.name in self._unknown_fields:
                info.ClearField(field.name)
        return info


METHODS: dict[str, tuple[Any, Callable[[LiveKitTrunks, Any], Message]]] = {
    "CreateSIPInboundTrunk": (CreateSIPInboundTrunkRequest, LiveKitTrunks.create_inbound),
    "CreateSIPOutboundTrunk": (CreateSIPOutboundTrunkRequest, LiveKitTrunks.create_outbound),
    "UpdateSIPInboundTrunk": (UpdateSIPInboundTrunkRequest, LiveKitTrunks.update_inbound),
    "UpdateSIPOutboundTrunk": (UpdateSIPOutboundTrunkRequest, LiveKitTrunks.update_outbound),
    "ListSIPInboundTrunk": (ListSIPInboundTrunkRequest, LiveKitTrunks.list_inbound),
    "ListSIPOutboundTrunk": (ListSIPOutboundTrunkRequest, LiveKitTrunks.list_outbound),
    "DeleteSIPTrunk": (DeleteSIPTrunkRequest, LiveKitTrunks.delete),
}


def _listed(trunks: dict[str, TrunkInfo], *, numbers: Sequence[str] = ()) -> Iterator[TrunkInfo]:
    """Give the trunks by id: those with one of the numbers, in whatever form, and those without any."""
    asked = set(map(normalized, numbers))
    for _, info in sorted(trunks.items()):
        if not asked or not info.numbers or asked & set(map(normalized, info.numbers)):
            yield info


def _stored(trunks: dict[str, TrunkInfo], trunk_id: str) -> TrunkInfo:
    if not trunk_id:
        raise invalid("trunk id must be set")
    if trunk_id not in trunks:
        raise Refusal("not_found", "requested sip trunk does not exist")
    return trunks[trunk_id]


def _store(trunks: dict[str, TrunkInfo], info: TrunkInfo) -> TrunkInfo:
    if not info.sip_trunk_id:
        info.sip_trunk_id = _new_id()
    trunks[info.sip_trunk_id] = info
    return info


def _new_id() -> str:
    return f"ST_{uuid4().hex[:12]}"
