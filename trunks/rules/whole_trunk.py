"""What a trunk's fields decide about one another: judged of the trunk that results, whichever dialect writes it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sipcheck.target import TransportName
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTrunk:
    """A trunk as far as its fields decide about one another; `transports` are its gateways'.

    `allows_wide_lists` is the operator's to say.
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
    _refuse(_broken_by(new, None, (Rule.ALLOW_LIST, Rule.ENCRYPTION, Rule.CODECS)))


def judge_change(old: WholeTrunk, new: WholeTrunk) -> None:
    """Judge a trunk that is changed, by the rules whose fields change. Raises TrunkContradictory.

    What was entered before its rule stays as it is until its customer touches it, and stops no other change.
    """
    _refuse(_broken_by(new, old, tuple(Rule)))


def allow_list_fault(
    authorization: InboundAuthorization, addresses: tuple[str, ...], *, wide: bool = True
) -> str | None:
    """Say why nobody, or everybody, could call in by these addresses; None where calls are told by their password."""
    if authorization is not InboundAuthorization.IP:
        return None
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


_FIELDS: dict[Rule, Callable[[WholeTrunk], object]] = {
    Rule.ALLOW_LIST: lambda trunk: (trunk.authorization, trunk.allowed_addresses),
    Rule.ENCRYPTION: lambda trunk: (trunk.media_encryption, trunk.transports),
    Rule.USERNAME: lambda trunk: (trunk.authorization, trunk.has_username, trunk.has_password),
    Rule.PASSWORD: lambda trunk: (trunk.authorization, trunk.has_username, trunk.has_password),
    Rule.CODECS: lambda trunk: (trunk.allow, trunk.disallow),
}
_FAULTS: dict[Rule, Callable[[WholeTrunk], str | None]] = {
    Rule.ALLOW_LIST: lambda trunk: allow_list_fault(
        trunk.authorization, trunk.allowed_addresses, wide=trunk.allows_wide_lists
    ),
    Rule.ENCRYPTION: lambda trunk: encryption_fault(trunk.media_encryption, trunk.transports),
    Rule.USERNAME: _username_fault,
    Rule.PASSWORD: _password_fault,
    Rule.CODECS: lambda trunk: codec_fault(trunk.allow, trunk.disallow),
}


def _broken_by(new: WholeTrunk, old: WholeTrunk | None, rules: tuple[Rule, ...]) -> tuple[Broken, ...]:
    touched = [rule for rule in rules if old is None or _FIELDS[rule](old) != _FIELDS[rule](new)]
    found = ((rule, _FAULTS[rule](new)) for rule in touched)
    return tuple(Broken(rule, sentence) for rule, sentence in found if sentence is not None)


def _refuse(broken: tuple[Broken, ...]) -> None:
    if broken:
        raise TrunkContradictory(broken)
