"""What a trunk's fields decide about one another: judged of the trunk that results, whichever dialect writes it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sipcheck.target import HostPort, TransportName
from trunks.errors import Refused
from trunks.rules.allow_list import AllowListInvalid, read_allow_list
from trunks.rules.media import KNOWN_CODECS, leaves_no_codec
from trunks.rules.profile import InboundAuthorization, MediaEncryption


class Rule(StrEnum):
    """What is wrong where a rule is broken; each dialect has a field of its own for it."""

    ALLOW_LIST = "allow-list"
    ENCRYPTION = "encryption"
    USERNAME = "username"
    PASSWORD = "password"  # noqa: S105 - the name of a rule
    CODECS = "codecs"
    GATEWAYS = "gateways"
    EGRESS = "egress"


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTrunk:
    """A trunk as far as its fields decide about one another; `transports` and `places` are its gateways'.

    A place has the port that is shown, the transport's own where none was given. `allows_wide_lists` is the operator's
    to say.
    """

    authorization: InboundAuthorization
    allowed_addresses: tuple[str, ...]
    media_encryption: MediaEncryption
    allow: str
    disallow: str
    transports: tuple[TransportName | None, ...]
    has_username: bool
    has_password: bool
    allows_wide_lists: bool = True
    places: tuple[HostPort, ...] = ()
    fixed_egress: bool = False
    outbound_proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a trunk would break, said to its customer."""

    rule: Rule
    sentence: str


class TrunkContradictory(Refused):
    """The trunk's fields contradict one another."""

    def __init__(self, broken: tuple[Broken, ...]) -> None:
        super().__init__(" ".join(each.sentence for each in broken))
        self.broken = broken


def judge_new(new: WholeTrunk) -> None:
    """Judge a trunk that is entered. Raises TrunkContradictory.

    Whether it may be without user and password is its dialect's to say: a file of trunks may leave them out.
    """
    _refuse(_broken_by(new, None, tuple(rule for rule in Rule if rule not in _OF_CHANGES)))


def judge_change(old: WholeTrunk, new: WholeTrunk) -> None:
    """Judge a trunk that is changed, by the rules whose fields change. Raises TrunkContradictory.

    What was entered before its rule stays as it is until its customer touches it, and stops no other change.
    """
    _refuse(_broken_by(new, old, tuple(Rule)))


def allow_list_fault(
    authorization: InboundAuthorization, addresses: tuple[str, ...], *, wide: bool = True
) -> str | None:
    """Say why nobody, or everybody, could call in by these addresses, or why nothing would look at them."""
    if authorization is not InboundAuthorization.IP:
        return _idle_list_fault(addresses)
    try:
        read_allow_list(addresses, wide=wide)
    except AllowListInvalid as fault:
        return str(fault)
    return None


def encryption_fault(encryption: MediaEncryption, transports: tuple[TransportName | None, ...]) -> str | None:
    """Say that keys would be sent in the clear."""
    if encryption is MediaEncryption.SDES and any(each is not TransportName.TLS for each in transports):
        return "sdes needs TLS as transport: the keys would be sent in the clear."
    return None


def codec_fault(allow: str, disallow: str) -> str | None:
    """Say that calls would have no codec."""
    if leaves_no_codec(allow, disallow):
        return f"These codecs leave none that calls can use; allow one of {KNOWN_CODECS}."
    return None


def gateway_fault(places: tuple[HostPort, ...]) -> str | None:
    """Say that a gateway would stand in for itself."""
    for place in places:
        if places.count(place) > 1:
            return (
                f"{place} would be a gateway of the trunk twice, and stand in for itself when it fails; give another "
                "host or port."
            )
    return None


def egress_fault(outbound_proxy: str | None, *, fixed_egress: bool) -> str | None:
    """Say that calls would be led by two ways at once."""
    if outbound_proxy is None or not fixed_egress:
        return None
    return (
        f"Calls cannot go by the outbound proxy {outbound_proxy} (talkover's outbound_proxy) and leave through the "
        "platform's fixed address (autocalls' outbound_proxy) both; take one of them away."
    )


def _idle_list_fault(addresses: tuple[str, ...]) -> str | None:
    if not addresses:
        return None
    return (
        f"Nothing would look at the allow-list ({addresses[0]}): calls are let in by user and password; leave it out, "
        "or let calls in by their addresses."
    )


def _username_fault(trunk: WholeTrunk) -> str | None:
    if trunk.authorization is InboundAuthorization.AUTH and not trunk.has_username:
        return "Without a username nobody could call in; give one, or let calls in by their addresses."
    if trunk.has_password and not trunk.has_username:
        return "A password without a username is asked for by nobody; give both."
    return None


def _password_fault(trunk: WholeTrunk) -> str | None:
    if trunk.authorization is InboundAuthorization.AUTH and not trunk.has_password:
        return "Without a password anybody could call in; give one, or let calls in by their addresses."
    if trunk.has_username and not trunk.has_password:
        return "A username without a password proves nothing; give both."
    return None


# A file of trunks may leave these out.
_OF_CHANGES = (Rule.USERNAME, Rule.PASSWORD)
_FIELDS: dict[Rule, Callable[[WholeTrunk], object]] = {
    Rule.ALLOW_LIST: lambda trunk: (trunk.authorization, trunk.allowed_addresses),
    Rule.ENCRYPTION: lambda trunk: (trunk.media_encryption, trunk.transports),
    Rule.USERNAME: lambda trunk: (trunk.authorization, trunk.has_username, trunk.has_password),
    Rule.PASSWORD: lambda trunk: (trunk.authorization, trunk.has_username, trunk.has_password),
    Rule.CODECS: lambda trunk: (trunk.allow, trunk.disallow),
    # Of which hosts there is one twice: another port or transport of such a trunk is no new fault.
    Rule.GATEWAYS: lambda trunk: {each.host for each in trunk.places if trunk.places.count(each) > 1},
    Rule.EGRESS: lambda trunk: (trunk.fixed_egress, trunk.outbound_proxy),
}
_FAULTS: dict[Rule, Callable[[WholeTrunk], str | None]] = {
    Rule.ALLOW_LIST: lambda trunk: allow_list_fault(
        trunk.authorization, trunk.allowed_addresses, wide=trunk.allows_wide_lists
    ),
    Rule.ENCRYPTION: lambda trunk: encryption_fault(trunk.media_encryption, trunk.transports),
    Rule.USERNAME: _username_fault,
    Rule.PASSWORD: _password_fault,
    Rule.CODECS: lambda trunk: codec_fault(trunk.allow, trunk.disallow),
    Rule.GATEWAYS: lambda trunk: gateway_fault(trunk.places),
    Rule.EGRESS: lambda trunk: egress_fault(trunk.outbound_proxy, fixed_egress=trunk.fixed_egress),
}


def _broken_by(new: WholeTrunk, old: WholeTrunk | None, rules: tuple[Rule, ...]) -> tuple[Broken, ...]:
    touched = [rule for rule in rules if old is None or _FIELDS[rule](old) != _FIELDS[rule](new)]
    found = ((rule, _FAULTS[rule](new)) for rule in touched)
    return tuple(Broken(rule, sentence) for rule, sentence in found if sentence is not None)


def _refuse(broken: tuple[Broken, ...]) -> None:
    if broken:
        raise TrunkContradictory(broken)
