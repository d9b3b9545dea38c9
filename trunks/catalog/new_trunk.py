"""A trunk as a customer describes it, judged already by the dialect that it came in."""

from dataclasses import dataclass, field

from sipcheck.diagnosis.evidence import Proof
from sipcheck.target import HostPort, TransportName
from trunks.rules.profile import PLAIN, TrunkProfile

FIRST_PRIORITY = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGateway:
    """`host` is a host alone; without a port RFC 3263 decides, and without a transport as well."""

    host: str
    port: int | None = None
    transport: TransportName | None = None
    priority: int = FIRST_PRIORITY


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNumber:
    """A number as it is to be shown."""

    number: str
    country_code: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrunk:
    """`outbound_proxy` is host[:port]; an interval of 0 seconds means no health checks, None the setting's."""

    name: str
    provider_name: str
    gateways: tuple[NewGateway, ...]
    username: str | None
    password: str | None = field(repr=False)
    outbound_proxy: HostPort | None = None
    auth_realm: str | None = None
    proof: Proof = Proof.AUTO
    wanted: bool = False
    health_interval_seconds: float | None = None
    profile: TrunkProfile = PLAIN
    numbers: tuple[NewNumber, ...] = ()
