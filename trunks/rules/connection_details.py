"""What a customer has to allow at his carrier, and where the carrier sends calls: told apart by how it is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sipcheck.errors import Unreadable
from sipcheck.message.uri import SipUri
from trunks.rules.profile import InboundAuthorization, TrunkProfile

SHARED_ADDRESSES = (
    "These addresses serve all customers of this platform: an address alone must never authorise calls at the "
    "carrier."
)
FROM_HOST = (
    "An allow-list is no authentication: whoever writes one of its entries into the host of From is let in, from "
    "anywhere."
)
CALLS_UNKNOWN = (
    "From which addresses calls come was not told or measured here; ask whoever runs this platform."
)
AT_LEAST_THESE = "Measured addresses are at least these: there may be more."

_BAN_EXEMPTIONS = {
    "freepbx": "FreePBX: enter {addresses} as trusted in its firewall, and in /etc/fail2ban/jail.local: "
    "ignoreip = 127.0.0.1/8 {addresses}",
    "fusionpbx": "FusionPBX: in /etc/fail2ban/jail.local: ignoreip = 127.0.0.1/8 {addresses}",
    "asterisk": "Asterisk: in /etc/fail2ban/jail.local: ignoreip = 127.0.0.1/8 {addresses}",
    "freeswitch": "FreeSWITCH: in /etc/fail2ban/jail.local: ignoreip = 127.0.0.1/8 {addresses}",
}
# FreePBX names itself FPBX-16.0.40(20.5.2).
_NAMES = {
    "fpbx": "freepbx",
    "freepbx": "freepbx",
    "fusionpbx": "fusionpbx",
    "asterisk": "asterisk",
    "freeswitch": "freeswitch",
}
_DEFAULT_PORTS = {"tls": 5061}
_PORT = 5060


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """`measured_at` is null for one that the operator configured."""

    address: str
    measured_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class InboundPlace:
    """Where the carrier sends calls, read from one URI."""

    uri: str
    transport: str
    port: int


def read_place(uri: str | None) -> InboundPlace | None:
    """Read the URI that calls are sent to; its transport and port are the usual ones where it says none."""
    if uri is None:
        return None
    parsed = SipUri.parse(uri)
    transport = (parsed.params.get("transport") or ("tls" if parsed.secure else "udp")).lower()
    return InboundPlace(uri, transport, parsed.port or _DEFAULT_PORTS.get(transport, _PORT))


def read_inbound_uri(text: str) -> str:
    """Judge a setting. Raises ValueError."""
    try:
        SipUri.parse(text.strip())
    except Unreadable as fault:
        raise ValueError(
            f"{text!r} is no SIP URI: {fault}; give one such as sip:sip.platform.example"
        ) from None
    return text.strip()


def ban_exemption(server: str | None, addresses: Sequence[str]) -> str | None:
    """Give the line that keeps a PBX's ban filter off our addresses; None for a peer that names itself otherwise."""
    if server is None or not addresses:
        return None
    name = next((kind for word, kind in _NAMES.items() if word in server.lower()), None)
    return None if name is None else _BAN_EXEMPTIONS[name].format(addresses=" ".join(addresses))


def number_forms(numbers: Sequence[str]) -> tuple[str, ...]:
    """Name the forms of numbers that match, as they stand in To."""
    forms: dict[str, None] = {}
    for number in numbers:
        forms[number] = None
        if number.removeprefix("+").isdigit():
            forms[f"+{number.removeprefix('+')}"] = None
            forms[number.removeprefix("+")] = None
    return tuple(forms)


def connection_warnings(
    profile: TrunkProfile, check: Sequence[KnownAddress], call: Sequence[KnownAddress]
) -> tuple[str, ...]:
    """What has to be known beside the values."""
    told = [SHARED_ADDRESSES]
    if profile.authorization is InboundAuthorization.IP:
        told.append(FROM_HOST)
    if not call:
        told.append(CALLS_UNKNOWN)
    if any(each.measured_at is not None for each in (*check, *call)):
        told.append(AT_LEAST_THESE)
    return tuple(told)
