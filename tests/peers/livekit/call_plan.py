"""What a call is to be: a request for a participant, with its trunk, made plain."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    SIPMediaConfig,
    SIPMediaEncryption,
    SIPOutboundTrunkInfo,
    SIPTransport,
)

from tests.peers.livekit.digest import Account
from tests.peers.livekit.refusal import Refusal, invalid
from tests.peers.livekit.rules import require_headers, require_host, require_media

_RING_SECONDS, _LONGEST_SECONDS = 80.0, 24 * 3600.0
_TRANSPORTS = {
    SIPTransport.SIP_TRANSPORT_AUTO: "",
    SIPTransport.SIP_TRANSPORT_UDP: "UDP",
    SIPTransport.SIP_TRANSPORT_TCP: "TCP",
    SIPTransport.SIP_TRANSPORT_TLS: "TLS",
}


@dataclass(frozen=True, slots=True)
class CallPlan:
    """A call to make; `transport` is empty for auto."""

    address: str
    transport: str
    from_host: str
    caller: str
    called: str
    account: Account
    headers: Mapping[str, str]
    media: SIPMediaConfig
    ring_seconds: float
    longest_seconds: float

    @property
    def route(self) -> str | None:
        """The value of a Route header, under whatever spelling of its name."""
        return next((value for name, value in self.headers.items() if name.lower() == "route"), None)

    @property
    def uri(self) -> str:
        """The Request-URI, which To repeats."""
        return f"sip:{self.called}@{self.address}{self.uri_parameters}"

    @property
    def uri_parameters(self) -> str:
        return f";transport={self.transport.lower()}" if self.transport else ""


def plan_call(request: CreateSIPParticipantRequest, trunk: SIPOutboundTrunkInfo | None) -> CallPlan:
    """Make the plan, with a stored trunk or the one inside the request. Raises Refusal."""
    _require(request)
    inside = request.trunk
    given = trunk or inside
    address = trunk.address if trunk else inside.hostname
    if not address:
        raise invalid("invalid request URI: address must be set")
    numbers = [request.sip_number] if request.sip_number else list(trunk.numbers) if trunk else []
    if not numbers:
        raise Refusal("failed_precondition", "no numbers on outbound trunk")
    ring = request.ringing_timeout
    longest = request.max_call_duration
    return CallPlan(
        address=address,
        transport=_TRANSPORTS[given.transport],
        from_host=given.from_host,
        caller=random.choice(numbers),
        called=request.sip_call_to,
        account=Account(given.auth_username, given.auth_password),
        headers={**(trunk.headers if trunk else {}), **request.headers},
        media=_merged(trunk, request),
        ring_seconds=ring.seconds + ring.nanos / 1e9 or _RING_SECONDS,
        longest_seconds=longest.seconds + longest.nanos / 1e9 or _LONGEST_SECONDS,
    )


def _require(request: CreateSIPParticipantRequest) -> None:
    if not (request.sip_trunk_id or request.HasField("trunk") or request.sip_number):
        raise invalid("missing sip trunk id and sip number")
    if request.HasField("trunk"):
        if not request.trunk.hostname:
            raise invalid("no outbound hostname specified")
        require_host(request.trunk.hostname, "trunk hostname")
        require_host(request.trunk.from_host, "from_host")
    if not request.sip_call_to:
        raise invalid("missing sip callee number")
    if "@" in request.sip_call_to:
        raise invalid("SipCallTo should be a phone number or SIP user, not a full SIP URI")
    if not request.room_name:
        raise invalid("missing room name")
    require_headers(request.headers)
    require_media(request.media)


def _merged(trunk: SIPOutboundTrunkInfo | None, request: CreateSIPParticipantRequest) -> SIPMediaConfig:
    """The request's codecs and encryption, or the trunk's where it has none; old fields count where new are unset."""
    media = SIPMediaConfig()
    if trunk is not None:
        _lay_over(media, trunk.media, trunk.media_encryption)
    _lay_over(media, request.media, request.media_encryption)
    return media


def _lay_over(media: SIPMediaConfig, given: SIPMediaConfig, encryption: SIPMediaEncryption) -> None:
    if given.codecs:
        del media.codecs[:]
        media.codecs.extend(given.codecs)
    if given.codecs or given.only_listed_codecs:
        media.only_listed_codecs = given.only_listed_codecs
    if given.HasField("encryption"):
        media.encryption = given.encryption
    elif encryption:
        media.encryption = encryption
