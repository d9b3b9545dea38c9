"""What a worker is given when it claims a run: copied from the rows, so that no row is held while it runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.target import Target, TransportName, parse_host_port, parse_target
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.outbound_ways import KeptWay
from trunks.repositories.trunks import TrunkRow
from trunks.rules.way_evidence import OutboundWay
from trunks.secrets.secret_box import SecretBox


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedGateway:
    """A trunk's gateway as it was configured when the run was claimed, with what is the trunk's own."""

    trunk_id: UUID
    destination_id: UUID
    host: str
    port: int | None
    transport: TransportName | None
    outbound_proxy: str | None
    username: str | None
    sealed_password: bytes | None = field(repr=False)
    auth_realm: str | None

    def target(self) -> Target:
        """Where to send. Raises TargetInvalid."""
        return Target(
            domain=parse_target(self.host).domain,
            port=self.port,
            transport=self.transport,
            outbound_proxy=None if self.outbound_proxy is None else parse_host_port(self.outbound_proxy),
        )

    def credentials(self, secrets: SecretBox, learned_realms: tuple[str, ...] = ()) -> Credentials | None:
        """Open the credentials; None for a trunk without. A configured realm goes before learned ones.

        Raises SecretUnreadable.
        """
        if self.username is None or self.sealed_password is None:
            return None
        return Credentials(
            username=self.username,
            password=secrets.open(self.sealed_password, self.trunk_id),
            realms=learned_realms if self.auth_realm is None else (self.auth_realm,),
            realms_learned=self.auth_realm is None and bool(learned_realms),
        )


def claimed_gateways(
    trunk: Trunk | TrunkRow, gateways: Iterable[Gateway | TrunkRow]
) -> tuple[ClaimedGateway, ...]:
    """Copy a trunk's gateways, which are given by priority."""
    return tuple(
        ClaimedGateway(
            trunk_id=trunk.id,
            destination_id=gateway.destination_id,
            host=gateway.host,
            port=gateway.port,
            transport=gateway.transport,
            outbound_proxy=trunk.outbound_proxy,
            username=trunk.username,
            sealed_password=trunk.sealed_password,
            auth_realm=trunk.auth_realm,
        )
        for gateway in gateways
    )


def proven_at(gateways: Sequence[TrunkRow], generation: int) -> frozenset[UUID]:
    """Where a trunk's account is proven, in its configuration of this generation."""
    return frozenset(
        each.destination_id
        for each in gateways
        if each.proven_generation == generation and each.refused_at is None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedRun:
    """A run that is ours until `lease_until`: every write names `claim_id`, and a lost claim writes nothing.

    `gateways` are by priority. `request_id` is that of the HTTP request that asked; `explicit` is a run that a customer
    asked for, `on_demand` one that somebody waits for, `scheduled` a proof by schedule, `put_off` one that was to wait;
    `learned_realms` are the first gateway's, to expect where none is configured. `proven_at` are the destinations at
    which the account is proven as it is configured now; `proof_order` numbers the gateways in the order in which they
    prove the credentials, where that is not their priority. A proof by INVITE is made as `caller`, a number of the
    trunk's, or as its user with the number `stated` beside it. `way` is the one of its calls, where it is known and
    leads to one of the gateways.
    """

    verification_id: UUID
    claim_id: UUID
    environment_id: UUID
    generation: int
    claimed_at: datetime
    lease_until: datetime
    gateways: tuple[ClaimedGateway, ...]
    request_id: str | None = None
    explicit: bool = False
    scheduled: bool = False
    on_demand: bool = False
    put_off: bool = False
    learned_realms: tuple[str, ...] = ()
    proven_at: frozenset[UUID] = frozenset()
    proof_order: tuple[int, ...] = ()
    proof: Proof = Proof.AUTO
    caller: str | None = None
    stated: str | None = None
    way: KeptWay | None = None

    def way_of(self, gateway: ClaimedGateway) -> OutboundWay | None:
        """Give the way of the trunk's calls, where it leads to this gateway as it is configured now."""
        kept = self.way
        if kept is None or (kept.generation, kept.destination_id) != (
            self.generation,
            gateway.destination_id,
        ):
            return None
        return kept.way

    @property
    def first(self) -> ClaimedGateway:
        return self.gateways[0]
