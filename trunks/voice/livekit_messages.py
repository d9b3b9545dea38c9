"""Between our sides and LiveKit's SIP trunks: the official messages, with our mark in their metadata."""

import json
from typing import Any
from uuid import UUID

from livekit.protocol.sip import SIPInboundTrunkInfo, SIPOutboundTrunkInfo, SIPTransport

from sipcheck.target import TransportName
from trunks.ids import read_id
from trunks.voice.sides import ExistingSide, InboundSide, OutboundSide, SideContent, SideOwner

DESTINATION_HEADER = "X-Trunk-Destination"

TrunkInfo = SIPInboundTrunkInfo | SIPOutboundTrunkInfo

_INSTALLATION, _ENVIRONMENT = "trunkd_installation", "trunkd_environment"
_TRUNK, _REVISION = "trunkd_trunk", "trunkd_revision"

_TRANSPORTS = {
    # LiveKit chooses then; it asks no SRV record.
    None: SIPTransport.SIP_TRANSPORT_AUTO,
    TransportName.UDP: SIPTransport.SIP_TRANSPORT_UDP,
    TransportName.TCP: SIPTransport.SIP_TRANSPORT_TCP,
    TransportName.TLS: SIPTransport.SIP_TRANSPORT_TLS,
}
_TRANSPORT_NAMES = {value: name for name, value in _TRANSPORTS.items()}


def read_side(info: TrunkInfo, mark: str) -> ExistingSide:
    """Read a trunk of LiveKit's back."""
    return ExistingSide(info.sip_trunk_id, _owner(info.metadata, mark), read_content(info))


def read_content(info: TrunkInfo) -> SideContent:
    """Read what we set on a trunk, and nothing else that it may carry."""
    both: dict[str, Any] = {
        "numbers": tuple(sorted(info.numbers)),
        "auth_username": info.auth_username or None,
        "auth_password": info.auth_password or None,
    }
    if isinstance(info, SIPInboundTrunkInfo):
        return InboundSide(**both, allowed_addresses=tuple(sorted(info.allowed_addresses)))
    return OutboundSide(
        **both,
        address=info.address,
        transport=_TRANSPORT_NAMES.get(info.transport),
        from_host=info.from_host or None,
        destination=info.headers.get(DESTINATION_HEADER),
    )


def write_side(info: TrunkInfo, owner: SideOwner, side: SideContent, mark: str) -> None:
    """Set our fields on a message of the side's kind; what an operator added beside them stays."""
    # Not the customer's name for it: a change of that touches nothing on the infrastructure.
    info.name = f"trunkd {owner.trunk_id}"
    marks: dict[str, str | int] = {
        _INSTALLATION: mark,
        _TRUNK: str(owner.trunk_id),
        _REVISION: owner.revision,
    }
    if owner.environment_id is not None:
        marks[_ENVIRONMENT] = str(owner.environment_id)
    info.metadata = json.dumps(marks)
    info.numbers[:] = side.numbers
    info.auth_username = side.auth_username or ""
    info.auth_password = side.auth_password or ""
    if isinstance(info, SIPInboundTrunkInfo) and isinstance(side, InboundSide):
        info.allowed_addresses[:] = side.allowed_addresses
    elif isinstance(info, SIPOutboundTrunkInfo) and isinstance(side, OutboundSide):
        info.address = side.address
        info.transport = _TRANSPORTS[side.transport]
        info.from_host = side.from_host or ""
        info.headers.pop(DESTINATION_HEADER, None)
        if side.destination is not None:
            info.headers[DESTINATION_HEADER] = side.destination


def _owner(metadata: str, mark: str) -> SideOwner | None:
    """Whose it is, when this installation made it; anything else in the metadata is somebody else's."""
    try:
        marks = json.loads(metadata)
    except ValueError:
        return None
    if not isinstance(marks, dict) or marks.get(_INSTALLATION) != mark:
        return None
    trunk_id = _read_id(marks.get(_TRUNK))
    if trunk_id is None:
        return None
    revision = marks.get(_REVISION)
    # Earlier versions wrote none.
    return SideOwner(
        trunk_id, _read_id(marks.get(_ENVIRONMENT)), revision if isinstance(revision, int) else 0
    )


def _read_id(value: object) -> UUID | None:
    return read_id(value) if isinstance(value, str) else None
