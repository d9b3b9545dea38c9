"""LiveKit's SIP trunks and its rules for them, its traps included, on the official messages."""

import json
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any
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

TrunkInfo = SIPInboundTrunkInfo | SIPOutboundTrunkInfo


class Refusal(Exception):
    """An error of Twirp's, by its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LiveKitTrunks:
    """The trunks of one project; a method of the API for each request."""

    def __init__(self, *, knows_pages: bool = True) -> None:
        self.inbound: dict[str, SIPInboundTrunkInfo] = {}
        self.outbound: dict[str, SIPOutboundTrunkInfo] = {}
        self._knows_pages = knows_pages

    def add_inbound(self, **fields: Any) -> str:
        """Put a trunk there that somebody made by hand."""
        info = SIPInboundTrunkInfo(sip_trunk_id=_new_id(), **fields)
        self.inbound[info.sip_trunk_id] = info
        return info.sip_trunk_id

    def admits(self, trunk_id: str, address: str) -> bool:
        """Whether a call from this address may come in: from everywhere where the list is empty."""
        allowed = self.inbound[trunk_id].allowed_addresses
        return not allowed or any(ip_address(address) in ip_network(each, strict=False) for each in allowed)

    def create_inbound(self, request: CreateSIPInboundTrunkRequest) -> Message:
        info = _checked_inbound(request.trunk)
        self._require_no_conflict(info)
        info.sip_trunk_id = _new_id()
        self.inbound[info.sip_trunk_id] = info
        return info

    def create_outbound(self, request: CreateSIPOutboundTrunkRequest) -> Message:
        info = _checked_outbound(request.trunk)
        info.sip_trunk_id = _new_id()
        self.outbound[info.sip_trunk_id] = info
        return info

    def update_inbound(self, request: UpdateSIPInboundTrunkRequest) -> Message:
        if request.WhichOneof("action") != "replace":
            raise Refusal("unimplemented", "only a full replace is served here")
        if request.sip_trunk_id not in self.inbound:
            raise Refusal("not_found", "requested sip trunk does not exist")
        info = _checked_inbound(request.replace)
        info.sip_trunk_id = request.sip_trunk_id
        self._require_no_conflict(info)
        self.inbound[info.sip_trunk_id] = info
        return info

    def update_outbound(self, request: UpdateSIPOutboundTrunkRequest) -> Message:
        if request.WhichOneof("action") != "replace":
            raise Refusal("unimplemented", "only a full replace is served here")
        if request.sip_trunk_id not in self.outbound:
            raise Refusal("not_found", "requested sip trunk does not exist")
        info = _checked_outbound(request.replace)
        info.sip_trunk_id = request.sip_trunk_id
        self.outbound[info.sip_trunk_id] = info
        return info

    def delete(self, request: DeleteSIPTrunkRequest) -> Message:
        trunk_id = request.sip_trunk_id
        if self.inbound.pop(trunk_id, None) is None and self.outbound.pop(trunk_id, None) is None:
            raise Refusal("not_found", "requested sip trunk does not exist")
        return SIPTrunkInfo(sip_trunk_id=trunk_id)

    def list_inbound(self, request: ListSIPInboundTrunkRequest) -> Message:
        return ListSIPInboundTrunkResponse(items=list(self._listed(request, self.inbound.values())))

    def list_outbound(self, request: ListSIPOutboundTrunkRequest) -> Message:
        return ListSIPOutboundTrunkResponse(items=list(self._listed(request, self.outbound.values())))

    def _listed(self, request: Any, infos: Iterable[TrunkInfo]) -> Iterator[Any]:
        ordered = sorted(infos, key=lambda info: info.sip_trunk_id)
        if self._knows_pages and request.HasField("page"):
            ordered = [info for info in ordered if info.sip_trunk_id > request.page.after_id]
            ordered = ordered[: request.page.limit or None]
        for info in ordered:
            if request.trunk_ids and info.sip_trunk_id not in request.trunk_ids:
                continue
            # One without numbers takes all, and is listed for each.
            if request.numbers and info.numbers and not set(request.numbers) & set(info.numbers):
                continue
            yield info

    def _require_no_conflict(self, info: SIPInboundTrunkInfo) -> None:
        for other in self.inbound.values():
            if other.sip_trunk_id == info.sip_trunk_id:
                continue
            shared = set(other.numbers) & set(info.numbers)
            if (shared or not (other.numbers or info.numbers)) and not (
                other.allowed_numbers or info.allowed_numbers
            ):
                raise Refusal(
                    "invalid_argument",
                    f'Conflicting inbound SIP Trunks: "{info.sip_trunk_id or "<new>"}" and '
                    f'"{other.sip_trunk_id}", using the same number(s) {json.dumps(list(info.numbers))} '
                    "without AllowedNumbers set",
                )


METHODS: dict[str, tuple[Any, Callable[[LiveKitTrunks, Any], Message]]] = {
    "CreateSIPInboundTrunk": (CreateSIPInboundTrunkRequest, LiveKitTrunks.create_inbound),
    "CreateSIPOutboundTrunk": (CreateSIPOutboundTrunkRequest, LiveKitTrunks.create_outbound),
    "UpdateSIPInboundTrunk": (UpdateSIPInboundTrunkRequest, LiveKitTrunks.update_inbound),
    "UpdateSIPOutboundTrunk": (UpdateSIPOutboundTrunkRequest, LiveKitTrunks.update_outbound),
    "ListSIPInboundTrunk": (ListSIPInboundTrunkRequest, LiveKitTrunks.list_inbound),
    "ListSIPOutboundTrunk": (ListSIPOutboundTrunkRequest, LiveKitTrunks.list_outbound),
    "DeleteSIPTrunk": (DeleteSIPTrunkRequest, LiveKitTrunks.delete),
}


def _checked_inbound(given: SIPInboundTrunkInfo) -> SIPInboundTrunkInfo:
    info = SIPInboundTrunkInfo()
    info.CopyFrom(given)
    if not (info.auth_username or info.auth_password or info.allowed_addresses or info.numbers):
        raise Refusal(
            "invalid_argument",
            "for security, one of the fields must be set: AuthUsername+AuthPassword, AllowedAddresses or Numbers",
        )
    # What cannot be read is dropped without a word.
    info.allowed_addresses[:] = [each for each in info.allowed_addresses if _is_network(each)]
    return info


def _checked_outbound(given: SIPOutboundTrunkInfo) -> SIPOutboundTrunkInfo:
    info = SIPOutboundTrunkInfo()
    info.CopyFrom(given)
    if not info.numbers:
        raise Refusal("invalid_argument", "no trunk numbers specified")
    if not info.address:
        raise Refusal("invalid_argument", "no outbound address specified")
    if "@" in info.address or ";" in info.address or info.address.startswith(("sip:", "sips:")):
        raise Refusal("invalid_argument", "trunk address should be a hostname or IP, not SIP URI")
    return info


def _is_network(text: str) -> bool:
    """Read as Go's netip does: a prefix is a number."""
    if "/" in text and not text.rpartition("/")[2].isdigit():
        return False
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _new_id() -> str:
    return f"ST_{uuid4().hex[:12]}"
