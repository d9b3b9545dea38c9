"""What a customer has to allow at his carrier, and where the carrier sends calls: told apart by how it is known."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from sipcheck.errors import Unreadable
from sipcheck.message.uri import SipUri
from sipcheck.reasons import WarningCode
from trunks.rules.profile import InboundAuthorization, TrunkProfile

SHARED_ADDRESSES = (
    "These addresses serve all customers of this platform: an address alone must never authorise calls at the "
    "carrier."
)
FROM_HOST = (
    "An allow-list is no authentication: whoever writes one of its entries into the host of From is let in, from "
    "anywhere."
)
CALL_UNCHALLENGED = (
    "The carrier let a call of ours through without asking for a password: until it asks for one, every customer of "
    "this platform can call by your account there."
)
CALLS_UNKNOWN = (
    "From which addresses calls come was not told or measured here; ask whoever runs this platform."
)
AT_LEAST_THESE = "Measured addresses are at least these: there may be more."
CONNECTION_WARNINGS = (SHARED_ADDRESSES, FROM_HOST, CALL_UNCHALLENGED, CALLS_UNKNOWN, AT_LEAST_THESE)

# As the products' own documentation has it. fail2ban's jail.conf: ignoreip is separated by spaces, and a jail that has
# its own goes by that. FreePBX writes that file itself, from the networks of its firewall. FusionPBX, "Fail2ban" and
# "Event Guard": the latter takes whatever any of its access control lists allows.
_FAIL2BAN = "add to ignoreip in [DEFAULT] of /etc/fail2ban/jail.local: ignoreip = 127.0.0.1/8 ::1 {addresses}"
_EVENT_GUARD = (
    "; where FusionPBX's Event Guard runs, allow {networks} in an access control list of its own, and not in "
    "`providers`, whose addresses call without a password"
)
_BAN_EXEMPTIONS = {
    "freepbx": "FreePBX: enter {addresses} as Trusted in Connectivity, Firewall, Networks, and let Intrusion Detection "
    "take Trusted into its whitelist; it writes fail2ban's files itself",
    "fusionpbx": f"FusionPBX: {_FAIL2BAN}{_EVENT_GUARD}",
    "asterisk": f"Asterisk: {_FAIL2BAN}",
    # FusionPBX's switch names itself so, unless somebody changed that.
    "freeswitch": f"FreeSWITCH: {_FAIL2BAN}{_EVENT_GUARD}",
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
    if name is None:
        return None
    networks = " and ".join(str(ip_network(address)) for address in addresses)
    return _BAN_EXEMPTIONS[name].format(addresses=" ".join(addresses), networks=networks)


def number_forms(numbers: Sequence[str]) -> tuple[str, ...]:
    """Name the forms of numbers that match, as they stand in To."""
    forms: dict[str, None] = {}
    for number in numbers:
        forms[number] = None
        if number.removeprefix("+").isdigit():
            forms[f"+{number.removeprefix('+')}"] = None
            forms[number.removeprefix("+")] = None
    return tuple(forms)


def inbound_warnings(profile: TrunkProfile) -> tuple[str, ...]:
    """What has to be known of who is let in."""
    by_address = profile.inbound_enabled and profile.authorization is InboundAuthorization.IP
    return (FROM_HOST,) if by_address else ()


def connection_warnings(
    profile: TrunkProfile,
    check: Sequence[KnownAddress],
    call: Sequence[KnownAddress],
    warned: Collection[str] = (),
) -> tuple[str, ...]:
    """What has to be known beside the values; `warned` is what the trunk's last run warned of."""
    told = [SHARED_ADDRESSES]
    if WarningCode.CALL_UNCHALLENGED in warned:
        told.append(CALL_UNCHALLENGED)
    if profile.authorization is InboundAuthorization.IP:
        told.append(FROM_HOST)
    if not call:
        told.append(CALLS_UNKNOWN)
    if any(each.measured_at is not None for each in (*check, *call)):
        told.append(AT_LEAST_THESE)
    return tuple(told)
