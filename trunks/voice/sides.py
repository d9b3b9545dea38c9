"""What stands on the voice infrastructure for a trunk: an inbound and an outbound side, as values."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from sipcheck.target import TransportName
from trunks.rules.media import Media


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSide:
    """Who may call in, and to which numbers; the lists are sorted, so that equal sides compare equal.

    `media` None leaves the infrastructure's own as it is.
    """

    numbers: tuple[str, ...]
    auth_username: str | None = None
    auth_password: str | None = field(default=None, repr=False)
    allowed_addresses: tuple[str, ...] = ()
    media: Media | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundSide:
    """Where calls go out to, `host[:port]`, and as whom.

    Through a fixed egress `address` is the egress, and the carrier is `from_host` and `destination`. `media` None
    leaves the infrastructure's own as it is.
    """

    numbers: tuple[str, ...]
    address: str
    transport: TransportName | None = None
    auth_username: str | None = None
    auth_password: str | None = field(default=None, repr=False)
    from_host: str | None = None
    destination: str | None = None
    media: Media | None = None


SideContent = InboundSide | OutboundSide


def holds(wanted: SideContent, existing: SideContent) -> bool:
    """Tell whether what exists is what is wanted; what the wanted side leaves as it is may be anything."""
    return wanted == (existing if wanted.media is not None else replace(existing, media=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredTrunk:
    """All that is to exist for a trunk; a side that is None is not to exist."""

    trunk_id: UUID
    inbound: InboundSide | None
    outbound: OutboundSide | None

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(
            sorted({number for side in (self.inbound, self.outbound) if side for number in side.numbers})
        )


@dataclass(frozen=True, slots=True)
class SideIds:
    """The infrastructure's names of the two sides."""

    inbound: str | None = None
    outbound: str | None = None

    @property
    def known(self) -> frozenset[str]:
        return frozenset(side_id for side_id in (self.inbound, self.outbound) if side_id is not None)


@dataclass(frozen=True, slots=True)
class ExistingSide:
    """A side as it was read back; `trunk_id` is None for one that this installation did not make."""

    id: str
    trunk_id: UUID | None
    content: SideContent


def plain_number(number: str) -> str:
    """Spell a number so that equal ones compare equal: a call to `4930…` and one to `+4930…` reach the same."""
    return number.removeprefix("+")
