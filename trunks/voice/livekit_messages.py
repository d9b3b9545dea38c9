"""Between our sides and LiveKit's SIP trunks: the official messages, with our mark in their metadata."""

import json
from typing import Any
from uuid import UUID

from livekit.protocol.sip import (
    SIPCodec,
    SIPInboundTrunkInfo,
    SIPMediaEncryption,
    SIPOutboundTrunkInfo,
    SIPTransport,
)

from sipcheck.target import TransportName
from trunks.ids import read_id
from trunks.rules.media import Encryption, Media
from trunks.voice.sides import ExistingSide, InboundSide, OutboundSide, SideContent, SideOwner

DESTINATION_HEADER = "X-Trunk-Destination"
ROUTE_HEADER = "Route"
IDENTITY_HEADER = "P-Preferred-Identity"  # RFC 3325 §9.2

TrunkInfo = SIPInboundTrunkInfo | SIPOutboundTrunkInfo

_INSTALLATION, _ENVIRONMENT = "trunkd_installation", "trunkd_environment"
_TRUNK, _REVISION = "trunkd_trunk", "trunkd_revision"
# Whose P-Preferred-Identity it is: ours, where the user calls.
_CALLER, _USER = "trunkd_caller", "username"

_TRANSPORTS = {
    # LiveKit chooses then; it asks no SRV record.
    None: SIPTransport.SIP_TRANSPORT_AUTO,
    TransportName.UDP: SIPTransport.SIP_TRANSPORT_UDP,
    TransportName.TCP: SIPTransport.SIP_TRANSPORT_TCP,
    TransportName.TLS: SIPTransport.SIP_TRANSPORT_TLS,
}
_TRANSPORT_NAMES = {value: name for name, value in _TRANSPORTS.items()}

_ENCRYPTIONS = {
    Encryption.DISABLE: SIPMediaEncryption.SIP_MEDIA_ENCRYPT_DISABLE,
    Encryption.ALLOW: SIPMediaEncryption.SIP_MEDIA_ENCRYPT_ALLOW,
    Encryption.REQUIRE: SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE,
}
_ENCRYPTION_NAMES = {value: name for name, value in _ENCRYPTIONS.items()}
# Of a codec that is named without one.
_RATE = 8000


def read_side(info: TrunkInfo, mark: str) -> ExistingSide:
    """Read a trunk of LiveKit's back."""
    return ExistingSide(info.sip_trunk_id, _owner(info.metadata, mark), read_content(info))


def read_content(info: TrunkInfo) -> SideContent:
    """Read what we set on a trunk, and nothing else that it may carry."""
    both: dict[str, Any] = {
        "numbers": tuple(sorted(info.numbers)),
        "auth_username": info.auth_username or None,
        "auth_password": info.auth_password or None,
        "media": _read_media(info),
    }
    if isinstance(info, SIPInboundTrunkInfo):
        return InboundSide(**both, allowed_addresses=tuple(sorted(info.allowed_addresses)))
    return OutboundSide(
        **both,
        address=info.address,
        transport=_TRANSPORT_NAMES.get(info.transport),
        from_host=info.from_host or None,
        destination=info.headers.get(DESTINATION_HEADER),
        route=_read_header(info, ROUTE_HEADER),
        identity=_read_header(info, IDENTITY_HEADER),
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
    called_as_user = _calls_as_user(info)
    if isinstance(side, OutboundSide) and side.identity is not None:
        marks[_CALLER] = _USER
    info.metadata = json.dumps(marks)
    info.numbers[:] = side.numbers
    info.auth_username = side.auth_username or ""
    info.auth_password = side.auth_password or ""
    if "media" not in side.left:
        _write_media(info, side.media)
    if isinstance(info, SIPInboundTrunkInfo) and isinstance(side, InboundSide):
        info.allowed_addresses[:] = side.allowed_addresses
    elif isinstance(info, SIPOutboundTrunkInfo) and isinstance(side, OutboundSide):
        info.address = side.address
        info.transport = _TRANSPORTS[side.transport]
        info.from_host = side.from_host or ""
        info.headers.pop(DESTINATION_HEADER, None)
        if side.destination is not None:
            info.headers[DESTINATION_HEADER] = side.destination
        if "route" not in side.left:
            _write_header(info, ROUTE_HEADER, side.route)
        # Where the number calls, a header of that name is an operator's, unless the user called before.
        if "identity" not in side.left or called_as_user:
            _write_header(info, IDENTITY_HEADER, side.identity)


def _calls_as_user(info: TrunkInfo) -> bool:
    """Whether the side was written so that the user calls: by its mark, or by what a former version wrote, which is
    seen as long as the password is not withheld.
    """
    marks = _marks(info.metadata)
    return marks.get(_CALLER) == _USER or list(info.numbers) == [info.auth_username]


def _spellings(info: SIPOutboundTrunkInfo, header: str) -> list[str]:
    """Name the headers that are this one, however they are spelled (RFC 3261 §7.3.1)."""
    return sorted(name for name in info.headers if name.lower() == header.lower())


def _read_header(info: SIPOutboundTrunkInfo, header: str) -> str | None:
    """Read a header; several are joined, and so are none that we wrote."""
    return ", ".join(info.headers[name] for name in _spellings(info, header)) or None


def _write_header(info: SIPOutboundTrunkInfo, header: str, value: str | None) -> None:
    for name in _spellings(info, header):
        del info.headers[name]
    if value is not None:
        info.headers[header] = value


def _read_media(info: TrunkInfo) -> Media:
    media = info.media
    encryption = media.encryption if media.HasField("encryption") else info.media_encryption
    return Media(
        encryption=_ENCRYPTION_NAMES.get(encryption),
        codecs=tuple(f"{codec.name.upper()}/{codec.rate or _RATE}" for codec in media.codecs),
        only_listed=media.only_listed_codecs,
    )


def _write_media(info: TrunkInfo, media: Media) -> None:
    """Set encryption in its older field too: a version may know that alone."""
    if media.encryption is not None:
        info.media_encryption = info.media.encryption = _ENCRYPTIONS[media.encryption]
    info.media.only_listed_codecs = media.only_listed
    del info.media.codecs[:]
    for codec in media.codecs:
        name, _, rate = codec.partition("/")
        info.media.codecs.append(SIPCodec(name=name, rate=int(rate)))


def _owner(metadata: str, mark: str) -> SideOwner | None:
    """Whose it is, when this installation made it; anything else in the metadata is somebody else's."""
    marks = _marks(metadata)
    if marks.get(_INSTALLATION) != mark:
        return None
    trunk_id = _read_id(marks.get(_TRUNK))
    if trunk_id is None:
        return None
    revision = marks.get(_REVISION)
    # Earlier versions wrote none.
    return SideOwner(
        trunk_id, _read_id(marks.get(_ENVIRONMENT)), revision if isinstance(revision, int) else 0
    )


def _marks(metadata: str) -> dict[str, Any]:
    try:
        marks = json.loads(metadata)
    except ValueError:
        return {}
    return marks if isinstance(marks, dict) else {}


def _read_id(value: object) -> UUID | None:
    return read_id(value) if isinstance(value, str) else None
