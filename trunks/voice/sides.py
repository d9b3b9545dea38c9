"""What stands on the voice infrastructure for a trunk: an inbound and an outbound side, as values."""

from dataclasses import dataclass, field
from uuid import UUID

from sipcheck.diagnosis.inbound.numbers import normalised
from sipcheck.target import TransportName
from trunks.rules.media import Media

_PLAIN = Media()
# Where the number calls, a P-Preferred-Identity is an operator's.
NUMBER_CALLS = frozenset({"identity"})


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSide:
    """Who may call in, and to which numbers; the lists are sorted, so that equal sides compare equal.

    The fields in `left` are not ours to say: they stay as they are there.
    """

    numbers: tuple[str, ...]
    auth_username: str | None = None
    auth_password: str | None = field(default=None, repr=False)
    allowed_addresses: tuple[str, ...] = ()
    media: Media = _PLAIN
    left: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundSide:
    """Where calls go out to, `host[:port]`, and as whom.

    Through a fixed egress `address` is the egress, and the carrier is `from_host` and `destination`. `route` is a Route
    header's value: calls go where it says. `identity` is what P-Preferred-Identity says, where the user calls. The
    fields in `left` are not ours to say: they stay as they are there.
    """

    numbers: tuple[str, ...]
    address: str
    transport: TransportName | None = None
    auth_username: str | None = None
    auth_password: str | None = field(default=None, repr=False)
    from_host: str | None = None
    destination: str | None = None
    route: str | None = None
    identity: str | None = None
    media: Media = _PLAIN
    left: frozenset[str] = NUMBER_CALLS


SideContent = InboundSide | OutboundSide


def differing(wanted: SideContent, existing: SideContent) -> tuple[str, ...]:
    """Name the fields in which what exists is not what is wanted; both are of one kind.

    What the wanted side leaves as it is may be anything.
    """
    judged = [name for name in type(wanted).__dataclass_fields__ if name not in {"left", *wanted.left}]
    return tuple(name for name in judged if getattr(wanted, name) != getattr(existing, name))


@dataclass(frozen=True, slots=True)
class SideOwner:
    """Whose a side is, as it says itself, and for which of the trunk's requests it was last written."""

    trunk_id: UUID
    environment_id: UUID | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredTrunk:
    """All that is to exist for a trunk; a side that is None is not to exist."""

    trunk_id: UUID
    inbound: InboundSide | None
    outbound: OutboundSide | None
    environment_id: UUID | None = None
    revision: int = 0

    @property
    def owner(self) -> SideOwner:
        return SideOwner(self.trunk_id, self.environment_id, self.revision)

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
    """A side as it was read back; `owner` is None for one that this installation did not make."""

    id: str
    owner: SideOwner | None
    content: SideContent

    @property
    def trunk_id(self) -> UUID | None:
        return None if self.owner is None else self.owner.trunk_id

    @property
    def revision(self) -> int:
        """For which request it was last written; 0 where that is not said."""
        return 0 if self.owner is None else self.owner.revision


def plain_number(number: str) -> str:
    """Spell a number so that equal ones compare equal: a call to `4930…` and one to `+4930…` reach the same."""
    return normalised(number).removeprefix("+")
